"""Buckets of an assembly: their policies, their accounts and the keys that they are encrypted with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_kms_constructs.checks import check_assembly
from tests.checks.templates import ACTIONS, complete, dataset_group, policy, write
from tests.checks.test_deployment import PARAMETER, reasons
from tests.checks.test_reading import CLEAN, check, findings


def bucket_policy(*actions: str, **more: Any) -> dict[str, Any]:
    """A bucket policy for Personalize."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "personalize.amazonaws.com"},
        "Action": list(actions),
        "Resource": ["arn:aws:s3:::ratings", "arn:aws:s3:::ratings/*"],
        "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}},
    }
    properties = {"Bucket": "ratings", "PolicyDocument": {"Statement": [statement]}}
    return {"Type": "AWS::S3::BucketPolicy", "Properties": properties, **more}


def importing(*waits: str) -> dict[str, Any]:
    """A dataset whose import job reads from a bucket."""
    job = {
        "JobName": "load",
        "DataSource": {"DataLocation": "s3://ratings/in/"},
        "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
    }
    properties = {"DatasetGroupArn": {"Ref": "Movies"}, "DatasetImportJob": job}
    return {"Type": "AWS::Personalize::Dataset", "DependsOn": ["Policy", *waits], "Properties": properties}


BUCKET: dict[str, Any] = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "ratings"}}


def test_two_policies_of_a_bucket(tmp_path: Path) -> None:
    """S3 keeps one; where a condition leaves one of them out, there may be but one."""
    one, other = bucket_policy("s3:GetObject"), bucket_policy("s3:ListBucket")

    def problems(**more: Any) -> list[tuple[str, str]]:
        template = {**complete(Data=importing("One", "Other"), One=one, Other=other, **more), **PARAMETER}
        found = check(tmp_path / str(len(list(tmp_path.iterdir()))), template).problems
        return [(each.message, each.declared[0].rpartition("/")[2]) for each in found if each.kind == "configuration"]

    both = "has 2 bucket policies, Main/One and Main/Other, but S3 keeps one: put the statements into one"
    assert problems() == [(f"arn:aws:s3:::ratings {both}", "Main.template.json#Other")]
    assert problems(Bucket=BUCKET) == [(f"Main/Bucket {both}", "Main.template.json#Other")]
    other["Condition"] = "Maybe"
    assert problems(Bucket=BUCKET) == []


def test_the_policy_of_an_imported_bucket(tmp_path: Path) -> None:
    """A bucket has one policy: where the app makes it, all of it is known, but not the bucket's encryption."""
    role = policy()
    objects = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::ratings/in/*"}
    listing = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::ratings"}
    role["Properties"]["PolicyDocument"]["Statement"] += [objects, listing]
    one = bucket_policy("s3:GetObject", "s3:ListBucket")
    report = check(tmp_path / "imported", complete(Data=importing("One"), One=one, Policy=role))
    assert (report.missing, report.problems) == ((), ())
    assert reasons(report) == {
        "a key that encrypts the bucket needs permissions too, and it can't be seen whether there is one: it isn't "
        "part of the app"
    }
    less = bucket_policy("s3:GetObject")
    missing = check(tmp_path / "less", complete(Data=importing("One"), One=less, Policy=role)).missing
    assert [(each.principal, each.action) for each in missing] == [("service", "s3:ListBucket")]
    report = check(tmp_path / "made", complete(Data=importing("One"), One=one, Policy=role, Bucket=BUCKET))
    assert findings(report) == CLEAN
    assert report.names["arn:aws:s3:::ratings"] == "Main/Bucket"
    report = check(tmp_path / "alone", complete(Data=importing(), Policy=role))
    assert "the bucket policy of arn:aws:s3:::ratings can't be seen: it isn't part of the app" in reasons(report)


def test_a_bucket_beside_a_stage(tmp_path: Path) -> None:
    """A stage names by strings what the app has beside it."""
    stage = tmp_path / "assembly-Prod"
    template = complete(Data=importing())
    write(stage, {"Main": template})
    whole = bucket_policy("s3:GetObject", "s3:ListBucket")
    directory = write(tmp_path, {"Data": {"Resources": {"Bucket": BUCKET, "One": whole}}})
    manifest = json.loads((directory / "manifest.json").read_text("utf-8"))
    nested = {"type": "cdk:cloud-assembly", "properties": {"directoryName": stage.name, "displayName": "Prod"}}
    manifest["artifacts"]["assembly-Prod"] = nested
    (directory / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    report = check_assembly(directory)
    assert report.undecided == ()
    assert {(each.principal, each.action) for each in report.allowed if each.policy == "bucket"} == {
        ("service", "s3:GetObject"),
        ("service", "s3:ListBucket"),
    }


def test_a_bucket_of_a_stack_in_another_account(tmp_path: Path) -> None:
    """Across accounts its policy has to allow the role, too."""
    main = complete(Data=importing())
    data = {"Resources": {"Bucket": BUCKET, "One": bucket_policy("s3:GetObject", "s3:ListBucket")}}
    directory = write(tmp_path, {"Main": main, "Data": data})
    manifest = json.loads((directory / "manifest.json").read_text("utf-8"))
    manifest["artifacts"]["Data"]["environment"] = "aws://444455556666/eu-west-1"
    (directory / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    missing = [each for each in check_assembly(directory).missing if each.policy == "bucket"]
    assert [(each.principal, each.action) for each in missing] == [("role", "s3:GetObject"), ("role", "s3:ListBucket")]


def encrypted_with(reference: Any, **more: Any) -> dict[str, Any]:
    """A template in which a job reads from a bucket, and the dataset group has no key."""
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": reference}
    rules = {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": default}]}
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {**BUCKET["Properties"], "BucketEncryption": rules}}
    group = dataset_group()
    del group["Properties"]["KmsKeyArn"], group["Properties"]["RoleArn"]
    return complete(Data=importing("One"), One=bucket_policy("s3:*"), Bucket=bucket, Movies=group, **more)


def test_the_key_of_a_bucket_is_a_parameter(tmp_path: Path) -> None:
    """It may be an id, an ARN or an alias."""
    report = check(tmp_path, {**encrypted_with({"Ref": "Stage"}), **PARAMETER})
    assert {each.resource for each in report.undecided if each.action.startswith("kms:")} == {"${Main.Stage?}"}


@pytest.mark.parametrize(
    "reference",
    [
        "alias/ratings",
        {"Fn::Sub": "arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:alias/ratings"},
        {"Ref": "Alias"},
        {"Ref": "Key"},
    ],
)
@pytest.mark.parametrize(("account", "region"), [("111122223333", "eu-west-1"), ("unknown-account", "unknown-region")])
def test_the_key_of_a_bucket_by_another_name(reference: Any, account: str, region: str, tmp_path: Path) -> None:
    """An alias of the app, by its name or its ARN, and the key's id."""
    alias = {
        "Type": "AWS::KMS::Alias",
        "Properties": {"AliasName": "alias/ratings", "TargetKeyId": {"Fn::GetAtt": ["Key", "Arn"]}},
    }
    template = encrypted_with(reference, Alias=alias)
    template["Resources"]["Key"]["Properties"]["KeyPolicy"]["Statement"].pop()
    report = check(tmp_path, template, account=account, region=region)
    missing = {(each.action, each.policy_of) for each in report.missing if each.principal == "service"}
    assert {action for action, _ in missing} == set(ACTIONS)
    assert {report.names[arn] for _, arn in missing} == {"Main/Key"}


def test_the_algorithm_of_a_bucket_is_a_parameter(tmp_path: Path) -> None:
    """It may be KMS, with the key or with that of S3."""
    template = {**encrypted_with({"Ref": "Key"}), **PARAMETER}
    (rule,) = template["Resources"]["Bucket"]["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] = {"Ref": "Stage"}
    assert reasons(check(tmp_path, template)) == {
        "a key that encrypts the bucket needs permissions too, and it can't be seen whether there is one: its "
        "encryption isn't known before deployment"
    }
