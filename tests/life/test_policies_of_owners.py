"""Owners' policies on keys and buckets outside of the app, whose files cdk.json names."""

import json
import re
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from personalize_kms_constructs.checks import PersonalizeAccessChecks
from tests.judge.apps import failure, new_app, told
from tests.life.conftest import GROUP, PERSONALIZE, trusted_role, warnings

KEY_ARN = "arn:aws:kms:eu-west-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"
LAKE_ARN = "arn:aws:s3:::lake"
CONTEXT = "personalize-kms-constructs:policies"
ALL = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
FOR_ACCOUNT = {**ALL, "Principal": {"AWS": "111122223333"}}
FOR_SERVICE = {**ALL, "Principal": {"Service": PERSONALIZE}}
ENV = cdk.Environment(account="111122223333", region="eu-west-1")


def of_others(
    app: cdk.App, *, exports: bool = False, own_role: bool = False, env: Any = ENV
) -> cdk.Stack:
    """A stack with the key and the bucket of other accounts."""
    stack = cdk.Stack(app, "Main", env=env)
    lake = s3.Bucket.from_bucket_name(stack, "Lake", "lake")
    resources = [
        PersonalizeResource.dataset_group(),
        PersonalizeResource.dataset_import_job(source=S3Location(lake, "in/")),
    ]
    if exports:
        target = S3Location(lake, "out/")
        resources.append(PersonalizeResource.dataset_export_job(destination=target))
    role = trusted_role(stack) if own_role else None
    PersonalizeEncryption(
        stack,
        "Encryption",
        encryption_key=kms.Key.from_key_arn(stack, "Key", KEY_ARN),
        resources=resources,
        service_role=role,
    )
    return stack


def app_with(statements: list[Any], folder: Path, **context: Any) -> cdk.App:
    """An app whose context names a file with the policy of the key."""
    file = folder / "key.json"
    file.write_text(json.dumps({"Statement": statements}))
    return new_app(folder / "app", context={CONTEXT: {KEY_ARN: str(file)}, **context})


def owners_files(app: cdk.App, folder: Path, role_arn: str = "") -> dict[str, str]:
    """Save what the synth wrote for the owners as their policies; return files by ARN."""
    files = {}
    for arn, kind in ((KEY_ARN, "key"), (LAKE_ARN, "bucket")):
        (pending,) = (Path(app.outdir) / "personalize-kms-pending").glob(f"*.{kind}.*")
        files[arn] = str(folder / pending.name)
        text = re.sub(r"\$\{ServiceRole[^}]*\}", lambda _: role_arn, pending.read_text())
        Path(files[arn]).write_text(text)
    return files


@pytest.mark.parametrize("env", [ENV, None], ids=["env", "no env"])
def test_a_synth_is_quiet_while_the_owners_policies_have_it(env: Any, tmp_path: Path) -> None:
    """And fails as soon as the app needs more, also if nobody can say its account."""
    app = new_app(tmp_path / "1")
    assert {*warnings(of_others(app))} == {"pendingKeyPolicy", "pendingBucketPolicy"}
    files = owners_files(app, tmp_path)
    app = new_app(tmp_path / "2", context={CONTEXT: files})
    assert (warnings(of_others(app, env=env)), told(app)) == ({}, [])
    assert len([*(Path(app.outdir) / "personalize-kms-pending").iterdir()]) == 2
    app = new_app(tmp_path / "3", context={CONTEXT: files})
    of_others(app, env=env, exports=True)
    message = failure(app.synth)
    lake = LAKE_ARN if env else "arn:${AWS::Partition}:s3:::lake"
    assert f"bucket policy of {lake} lacks s3:PutObject on {lake}/out/*" in message
    assert f"key policy of {KEY_ARN} lacks kms:GenerateDataKeyWithoutPlaintext" in message
    for file in files.values():
        path = f"personalize-kms-pending/{Path(file).name} in the assembly"
        assert f"Suggested fix: have its owner add the statements in {path} (https" in message


@pytest.mark.parametrize(
    ("organization", "said"),
    [
        (None, "name the organization of the accounts, as personalize-kms-constructs:organization"),
        ("o-a1b2c3d4e5", ""),
        (5, "organization is 5, expected the id of an organization"),
    ],
)
def test_the_context_has_the_organization(organization: Any, said: str, tmp_path: Path) -> None:
    """It decides conditions of owners on it, for the judge and for the plugin."""
    in_organization = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
    statements = [FOR_SERVICE, {**FOR_ACCOUNT, "Condition": in_organization}]
    context = {"personalize-kms-constructs:organization": organization}
    app = app_with(statements, tmp_path, **context)
    cdk.Validations.of(app).add_plugins(PersonalizeAccessChecks())
    of_others(app)
    failure(app.synth)
    report = (Path(app.outdir) / "validation-report.json").read_text()
    assert said in report
    assert ("aws:PrincipalOrgID" in report) is (organization != "o-a1b2c3d4e5")


def test_the_organization_is_all_that_is_told_where_the_account_is_open_too(tmp_path: Path) -> None:
    """Nobody can say the account of an app without env at synth."""
    in_organization = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
    app = app_with([FOR_SERVICE, {**FOR_ACCOUNT, "Condition": in_organization}], tmp_path)
    of_others(app, env=None)
    app.synth()
    assert len(told(app)) == 1
    assert "aws:PrincipalOrgID" in (Path(app.outdir) / "validation-report.json").read_text()


def test_a_statement_for_another_account_leaves_it_to_the_file(tmp_path: Path) -> None:
    """Personalize may work with it, if it sends no account."""
    other = {"StringEqualsIfExists": {"aws:SourceAccount": "777788889999"}}
    app = app_with([{**FOR_SERVICE, "Condition": other}, FOR_ACCOUNT], tmp_path)
    of_others(app)
    app.synth()
    assert len(told(app)) == 1
    (file,) = (Path(app.outdir) / "personalize-kms-pending").glob("*.key.*")
    report = (Path(app.outdir) / "validation-report.json").read_text()
    assert "holds only if Personalize doesn't send the key" in report
    assert f"{file.name} (https" in report


def test_the_remedy_names_the_files_of_all_constructs(tmp_path: Path) -> None:
    """Each has the statements of one construct, and the key's owner needs them all."""
    app = app_with([], tmp_path)
    stack = cdk.Stack(app, "Main", env=ENV)
    key = kms.Key.from_key_arn(stack, "Key", KEY_ARN)
    for id in ("A", "B"):
        PersonalizeEncryption(stack, id, encryption_key=key, resources=[GROUP])
    message = failure(app.synth)
    paths = [*(Path(app.outdir) / "personalize-kms-pending").iterdir()]
    assert [path.name in message for path in paths] == [True, True]


def test_a_role_with_a_generated_name_may_be_the_one_that_its_owner_named(tmp_path: Path) -> None:
    """It fails no synth: nobody knows the name before the deployment."""
    app = new_app(tmp_path / "1")
    warnings(of_others(app, own_role=True))
    deployed = "arn:aws:iam::111122223333:role/Main-R38D8ECC3-1A2B3C4D5E6F"
    app = new_app(tmp_path / "2", context={CONTEXT: owners_files(app, tmp_path, deployed)})
    assert warnings(of_others(app, own_role=True)) == {}
    assert {(rule, severity) for rule, severity, _ in told(app)} == {("Undecided", "warning")}


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


@pytest.mark.parametrize(
    ("context", "said"),
    [
        ("key.json", "policies is 'key.json', expected files by the names or ARNs"),
        ({KEY_ARN: {"Statement": []}}, "no such file"),
        ({KEY_ARN: "cdk.out/personalize-kms-pending/x.json"}, "is what it should have, pass what"),
    ],
    ids=["no mapping", "a document", "the pending file"],
)
def test_a_context_that_names_no_owners_file_fails_the_synth(
    context: Any, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pending file has what the app needs, whatever that is."""
    monkeypatch.chdir(tmp_path)
    pending = Path("cdk.out/personalize-kms-pending")
    pending.mkdir(parents=True)
    (pending / "x.json").write_text(json.dumps({"Statement": []}))
    app = new_app(tmp_path / "app", context={CONTEXT: context})
    of_others(app)
    assert said in failure(app.synth)


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Deny", "Condition": {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}},
        {"Effect": "Allow", "Principal": {"AWS": "AROAEXAMPLEID"}},
    ],
    ids=["a denial", "a role that was deleted"],
)
def test_what_an_owners_policy_leaves_open_is_a_warning(statement: Any, tmp_path: Path) -> None:
    """Since the construct doesn't warn of a key whose policy is given."""
    statements = [FOR_SERVICE, {**ALL, "Principal": "*", **statement}]
    if statement["Effect"] == "Deny":
        statements.append(FOR_ACCOUNT)
    app = app_with(statements, tmp_path)
    of_others(app)
    app.synth()
    assert {(rule, severity) for rule, severity, _ in told(app)} == {("Undecided", "warning")}


def test_a_policy_that_an_app_does_not_use_is_ignored(tmp_path: Path) -> None:
    """One cdk.json serves several stages."""
    file = tmp_path / "policy.json"
    file.write_text(json.dumps({"Version": "2012-10-17", "Statement": []}))
    app = new_app(tmp_path, context={CONTEXT: {LAKE_ARN: str(file), "boundary": str(file)}})
    stack = cdk.Stack(app, "Main")
    PersonalizeEncryption(stack, "Encryption", resources=[PersonalizeResource.dataset_group()])
    app.synth()
    assert told(app) == []
