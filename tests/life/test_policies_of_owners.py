"""Owners' policies on keys and buckets outside of the app, whose files cdk.json names."""

import json
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from tests.judge.apps import failure, new_app, told
from tests.life.conftest import warnings

KEY_ARN = "arn:aws:kms:eu-west-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"
LAKE_ARN = "arn:aws:s3:::lake"
CONTEXT = "personalize-kms-constructs:policies"


def of_others(app: cdk.App, *, exports: bool = False) -> cdk.Stack:
    """A stack with the key and the bucket of other accounts."""
    env = cdk.Environment(account="111122223333", region="eu-west-1")
    stack = cdk.Stack(app, "Main", env=env)
    lake = s3.Bucket.from_bucket_name(stack, "Lake", "lake")
    resources = [
        PersonalizeResource.dataset_group(),
        PersonalizeResource.dataset_import_job(source=S3Location(lake, "in/")),
    ]
    if exports:
        target = S3Location(lake, "out/")
        resources.append(PersonalizeResource.dataset_export_job(destination=target))
    PersonalizeEncryption(
        stack,
        "Encryption",
        encryption_key=kms.Key.from_key_arn(stack, "Key", KEY_ARN),
        resources=resources,
    )
    return stack


def pending_files(app: cdk.App) -> dict[str, str]:
    """Return the files that the synth wrote for the owners, by the ARNs that they are for."""
    folder = Path(app.outdir) / "personalize-kms-pending"
    (of_key,) = folder.glob("*.key.*")
    (of_bucket,) = folder.glob("*.bucket.*")
    return {KEY_ARN: str(of_key), LAKE_ARN: str(of_bucket)}


def test_a_synth_is_quiet_while_the_owners_policies_have_it(tmp_path: Path) -> None:
    """And fails as soon as the app needs more than the files have."""
    app = new_app(tmp_path / "1")
    assert {*warnings(of_others(app))} == {"pendingKeyPolicy", "pendingBucketPolicy"}
    files = pending_files(app)
    app = new_app(tmp_path / "2", context={CONTEXT: files})
    assert (warnings(of_others(app)), told(app)) == ({}, [])
    assert [*pending_files(app)] == [*files]
    app = new_app(tmp_path / "3", context={CONTEXT: files})
    of_others(app, exports=True)
    message = failure(app.synth)
    assert f"bucket policy of {LAKE_ARN} lacks s3:PutObject on {LAKE_ARN}/out/*" in message
    assert f"key policy of {KEY_ARN} lacks kms:GenerateDataKeyWithoutPlaintext" in message
    for file in files.values():
        path = f"personalize-kms-pending/{Path(file).name} in the assembly"
        assert f"Suggested fix: have its owner add the statements in {path} (https" in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "policy.json: no such file"),
        ("{", "can't be read as JSON"),
        (json.dumps({"Keys": []}), "not the document of a policy, with statements"),
    ],
)
def test_a_file_that_is_no_policy_fails_the_synth(
    text: str | None, said: str, tmp_path: Path
) -> None:
    """Also where the app doesn't use it: a file is there for a reason."""
    file = tmp_path / "policy.json"
    if text is not None:
        file.write_text(text)
    app = new_app(tmp_path, context={CONTEXT: {LAKE_ARN: str(file)}})
    stack = cdk.Stack(app, "Main")
    PersonalizeEncryption(stack, "Encryption", resources=[PersonalizeResource.dataset_group()])
    assert f"policy {LAKE_ARN}: " in (message := failure(app.synth))
    assert said in message
    assert told(app) == [("Configuration", "error", "")]


def test_a_context_that_names_no_files_fails_the_synth(tmp_path: Path) -> None:
    app = new_app(tmp_path, context={CONTEXT: "key.json"})
    PersonalizeEncryption(
        cdk.Stack(app, "Main"), "Encryption", resources=[PersonalizeResource.dataset_group()]
    )
    assert "policies is 'key.json', expected files by the names or ARNs" in failure(app.synth)


def test_a_policy_that_an_app_does_not_use_is_ignored(tmp_path: Path) -> None:
    """One cdk.json serves several stages."""
    file = tmp_path / "policy.json"
    file.write_text(json.dumps({"Version": "2012-10-17", "Statement": []}))
    app = new_app(tmp_path, context={CONTEXT: {LAKE_ARN: str(file), "boundary": str(file)}})
    stack = cdk.Stack(app, "Main")
    PersonalizeEncryption(stack, "Encryption", resources=[PersonalizeResource.dataset_group()])
    app.synth()
    assert told(app) == []
