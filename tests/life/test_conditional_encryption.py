"""Buckets whose encryption a condition or a parameter decides, given as an L1 or included from a template."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import cloudformation_include as cfn_include

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from personalize_kms_constructs.checks import check_assembly
from tests.life.conftest import warnings
from tests.policies import resources

Property = dict[str, Any]

KEY = {"Fn::GetAtt": ["Key", "Arn"]}
NO_VALUE = {"Ref": "AWS::NoValue"}
KMS = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
AES = {"SSEAlgorithm": "AES256"}
UNKNOWN = (
    "has an encryption that is known only at deployment, by a condition or a parameter, so it isn't known which key "
    "has to let Personalize in: give the key that it may have, as S3Location(…, encryption_key=…)"
)


def either(one: Any, other: Any) -> Property:
    return {"Fn::If": ["IsEncrypted", one, other]}


def by_default(default: Any) -> Property:
    return {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": default}]}


CONDITIONAL: dict[str, Property] = {
    "the property": either(by_default(KMS), NO_VALUE),
    "the rules": {"ServerSideEncryptionConfiguration": either([{"ServerSideEncryptionByDefault": KMS}], NO_VALUE)},
    "the rule": {"ServerSideEncryptionConfiguration": [either({"ServerSideEncryptionByDefault": KMS}, NO_VALUE)]},
    "the default": by_default(either(KMS, AES)),
    "the algorithm": by_default({**KMS, "SSEAlgorithm": either("aws:kms", "AES256")}),
    "a parameter": by_default({"SSEAlgorithm": {"Ref": "Algorithm"}}),
}
WITHOUT_KMS: dict[str, Property] = {
    "the property": either(by_default(AES), NO_VALUE),
    "the rule": {"ServerSideEncryptionConfiguration": [either({"ServerSideEncryptionByDefault": AES}, NO_VALUE)]},
    "the algorithm": by_default({"SSEAlgorithm": either("AES256", "AES256")}),
}


def template(encryption: Property) -> Property:
    account = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
    root = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "kms:*", "Resource": "*"}
    return {
        "Parameters": {"Algorithm": {"Type": "String"}},
        "Conditions": {"IsEncrypted": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]}},
        "Resources": {
            "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Statement": [root]}}},
            "Data": {"Type": "AWS::S3::Bucket", "Properties": {"BucketEncryption": encryption}},
        },
    }


def included(stack: cdk.Stack, folder: Path, encryption: Property) -> cfn_include.CfnInclude:
    file = folder / "old.json"
    file.write_text(json.dumps(template(encryption)))
    return cfn_include.CfnInclude(stack, "Old", template_file=str(file))


def importing(bucket: Any, **props: Any) -> PersonalizeResource:
    return PersonalizeResource.dataset_import_job(S3Location(bucket, "import/", **props))


@pytest.mark.parametrize("encryption", CONDITIONAL.values(), ids=CONDITIONAL)
def test_a_conditional_encryption_is_warned_of(stack: cdk.Stack, tmp_path: Path, encryption: Property) -> None:
    """It isn't known whose policy needs the statements."""
    bucket = included(stack, tmp_path, encryption).get_resource("Data")
    PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
    assert UNKNOWN in warnings(stack)["unknownBucketEncryption"]


@pytest.mark.parametrize("encryption", CONDITIONAL.values(), ids=CONDITIONAL)
def test_the_key_of_a_conditional_encryption_can_be_given(
    app: cdk.App, stack: cdk.Stack, tmp_path: Path, encryption: Property
) -> None:
    """The advice of the message works, and the check of the assembly decides nothing that it can't know."""
    template = included(stack, tmp_path, encryption)
    job = importing(template.get_resource("Data"), encryption_key=template.get_resource("Key"))
    PersonalizeEncryption(stack, "Encryption", resources=[job])
    key = resources(stack, "AWS::KMS::Key")["Key"]
    assert [statement.get("Sid") for statement in key["Properties"]["KeyPolicy"]["Statement"]] == [
        None,
        "PersonalizeRole",
        "PersonalizeService",
    ]
    report = check_assembly(app.synth().directory)
    assert (report.missing, report.problems) == ((), ())


@pytest.mark.parametrize("encryption", WITHOUT_KMS.values(), ids=WITHOUT_KMS)
def test_a_condition_without_kms_is_no_key(
    app: cdk.App, stack: cdk.Stack, tmp_path: Path, encryption: Property
) -> None:
    """Whatever the condition turns out to be, there is no key to give."""
    bucket = included(stack, tmp_path, encryption).get_resource("Data")
    PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
    app.synth()


def test_an_included_bucket_with_a_key_is_read(stack: cdk.Stack, tmp_path: Path) -> None:
    """The plain form of an included template leads to its key, also where Python has read the property before."""
    template = included(stack, tmp_path, by_default(KMS))
    bucket: Any = template.get_resource("Data")
    assert bucket.bucket_encryption is not None
    PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
    key = resources(stack, "AWS::KMS::Key")["Key"]
    assert len(key["Properties"]["KeyPolicy"]["Statement"]) == 3


def test_what_jsii_fails_with_leaves_no_construct(stack: cdk.Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever catches it can make the construct anew."""
    bucket = s3.Bucket(stack, "Bucket")

    def fail(*args: object, **props: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(kms.Key, "__init__", fail)
        with pytest.raises(RuntimeError):
            PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
    PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
