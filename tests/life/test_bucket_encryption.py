"""The key of a bucket, as its object, its L1, an alias or an included template names it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import cloudformation_include as cfn_include

from personalize_kms_check._model.causes import Cause
from personalize_kms_constructs.checks import check_assembly
from tests.life.conftest import (
    KEY_ARN,
    KEY_SIDS,
    allowing,
    change,
    encrypted_by,
    importing,
    judged,
    key_sids,
    l1_key,
    logical_id,
    warnings,
)

ALIAS_ARN = "arn:aws:kms:eu-west-1:111111111111:alias/data"


def encrypted_l1(scope: cdk.Stack, key_id: str | None, algorithm: str = "aws:kms") -> s3.CfnBucket:
    return s3.CfnBucket(scope, "L1", bucket_encryption=encrypted_by(key_id, algorithm))


def with_changed_l1(stack: cdk.Stack) -> s3.Bucket:
    bucket = s3.Bucket(stack, "Bucket")
    l1: Any = bucket.node.default_child
    l1.bucket_encryption = encrypted_by(None)
    return bucket


def by_imported_alias(stack: cdk.Stack) -> s3.Bucket:
    alias = kms.Alias.from_alias_name(stack, "Alias", "alias/data")
    return s3.Bucket(stack, "Aliased", encryption_key=alias)


WITH_A_KEY_OF_AWS = (
    "is encrypted by aws:kms with aws/s3, a key of AWS whose policy nobody can change, so "
    "Personalize can't use it: encrypt the bucket with a key of your own, or pass the key of the "
    "objects, as S3Location(…, encryption_key=…)"
)
NO_ARN = (
    "is encrypted with {}, which isn't the ARN of a key: pass the key that it stands for, as "
    "S3Location(…, encryption_key=kms.Key.from_key_arn(…))"
)
REFUSED: dict[str, tuple[Callable[[cdk.Stack], Any], str]] = {
    "L2 with the key of AWS": (
        lambda stack: s3.Bucket(stack, "Managed", encryption=s3.BucketEncryption.KMS_MANAGED),
        WITH_A_KEY_OF_AWS,
    ),
    "L2 with the key of AWS, twice": (
        lambda stack: s3.Bucket(stack, "Managed", encryption=s3.BucketEncryption.DSSE_MANAGED),
        WITH_A_KEY_OF_AWS.replace("aws:kms", "aws:kms:dsse"),
    ),
    "L2 whose L1 was changed": (with_changed_l1, WITH_A_KEY_OF_AWS),
    "alias": (lambda stack: encrypted_l1(stack, ALIAS_ARN), NO_ARN.format(repr(ALIAS_ARN))),
    "parameter": (
        lambda stack: encrypted_l1(stack, cdk.CfnParameter(stack, "KeyArn").value_as_string),
        NO_ARN.format("a value that is known only at deployment"),
    ),
    "alias that was imported by its name": (
        by_imported_alias,
        "is encrypted by an alias, alias/data, which no policy can name: pass the key that it "
        "stands for, as S3Location(…, encryption_key=kms.Key.from_key_arn(…))",
    ),
}


@pytest.mark.parametrize(("make", "problem"), REFUSED.values(), ids=REFUSED)
def test_a_key_that_no_policy_can_name_is_refused(
    stack: cdk.Stack, make: Callable[[cdk.Stack], Any], problem: str
) -> None:
    """The message is about the bucket, and its advice works."""
    bucket = make(stack)
    with pytest.raises(ValueError, match=r"^Stack/Encryption: ") as error:
        allowing(stack, importing(bucket))
    told = str(error.value)
    assert told == f"Stack/Encryption: bucket of the source of dataset import job {problem}"
    allowing(stack, importing(bucket, encryption_key=kms.Key(stack, "Own")))


def by_alias(stack: cdk.Stack, key: kms.Key) -> s3.Bucket:
    return s3.Bucket(stack, "Aliased", encryption_key=key.add_alias("data"))


def imported_with_alias(stack: cdk.Stack, key: kms.Key) -> s3.IBucket:
    alias = key.add_alias("data")
    made = s3.Bucket(stack, "Aliased", encryption_key=alias)
    return s3.Bucket.from_bucket_attributes(
        stack, "Same", bucket_arn=made.bucket_arn, encryption_key=alias
    )


def imported_with(stack: cdk.Stack, key: kms.Key, arn: str) -> s3.IBucket:
    return s3.Bucket.from_bucket_attributes(stack, "Imported", bucket_arn=arn, encryption_key=key)


WITH_THE_KEY: dict[str, Callable[[cdk.Stack, kms.Key], Any]] = {
    "L1 with its ARN": lambda stack, key: encrypted_l1(stack, key.key_arn),
    "L1 with its id": lambda stack, key: encrypted_l1(stack, key.key_id),
    "by an alias": by_alias,
    "L1 by an alias": lambda stack, key: by_alias(stack, key).node.default_child,
    "imported with an alias": imported_with_alias,
    # What a bucket was imported with counts, whatever it encrypts by default.
    "L2 imported with it": lambda stack, key: imported_with(
        stack, key, s3.Bucket(stack, "Made").bucket_arn
    ),
    "L1 imported with it": lambda stack, key: imported_with(
        stack, key, s3.CfnBucket(stack, "Made").attr_arn
    ),
}


@pytest.mark.parametrize("make", WITH_THE_KEY.values(), ids=WITH_THE_KEY)
def test_a_key_of_the_app(
    app: cdk.App, stack: cdk.Stack, data_key: kms.Key, make: Callable[[cdk.Stack, kms.Key], Any]
) -> None:
    """Every reference leads to it, and the check finds the statements on that key."""
    allowing(stack, importing(make(stack, data_key)))
    assert key_sids(stack, logical_id(data_key)) == KEY_SIDS
    report = check_assembly(app.synth())
    assert (report.missing, report.problems, report.undecided) == ((), (), ())


def test_an_imported_key(stack: cdk.Stack) -> None:
    """It is a key that somebody else has to open, also where the bucket has it by an alias."""
    key = kms.Key.from_key_arn(stack, "Imported", KEY_ARN)
    alias = kms.Alias.from_alias_attributes(
        stack, "Alias", alias_name="alias/data", alias_target_key=key
    )
    bucket = s3.Bucket(stack, "Aliased", encryption_key=alias)
    encryption = allowing(stack, importing(bucket))
    assert [
        (pending.policy, pending.resource_arn) for pending in encryption.pending_statements
    ] == [("key", KEY_ARN)]


def test_a_wrapper_of_an_l1_bucket_says_no_key_of_its_own(app: cdk.App, stack: cdk.Stack) -> None:
    """``from_cfn_bucket`` reads the key of the L1, which may change until the end."""
    bucket = encrypted_l1(stack, l1_key(stack).attr_arn)
    allowing(stack, importing(s3.Bucket.from_cfn_bucket(bucket)))
    bucket.bucket_encryption = encrypted_by(kms.Key(stack, "Other").key_arn)
    assert ("MissingKeyAccess", "Stack/Encryption") in judged(app)


def test_an_alias_that_gets_another_key_later(
    app: cdk.App, stack: cdk.Stack, data_key: kms.Key
) -> None:
    """The statements would stay on the old key, so the synth fails."""
    allowing(stack, importing(by_alias(stack, data_key)))
    other = kms.Key(stack, "Other").key_arn
    change(app, kms.CfnAlias, lambda alias: setattr(alias, "target_key_id", other))
    assert judged(app) == {("MissingKeyAccess", "Stack/Encryption")}


KMS = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]}}
OF_KMS = {"ServerSideEncryptionByDefault": KMS}
AES = {"SSEAlgorithm": "AES256"}
NO_VALUE = {"Ref": "AWS::NoValue"}


def either(one: Any, other: Any) -> dict[str, Any]:
    return {"Fn::If": ["IsEncrypted", one, other]}


def by_default(default: Any) -> dict[str, Any]:
    return {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": default}]}


CONDITIONAL: dict[str, dict[str, Any]] = {
    "the property": either(by_default(KMS), NO_VALUE),
    "the rules": {"ServerSideEncryptionConfiguration": either([OF_KMS], NO_VALUE)},
    "the default": by_default(either(KMS, AES)),
    "the algorithm": by_default({**KMS, "SSEAlgorithm": either("aws:kms", "AES256")}),
    "a parameter": by_default({"SSEAlgorithm": {"Ref": "Algorithm"}}),
}


def included(stack: cdk.Stack, folder: Path, encryption: dict[str, Any]) -> cfn_include.CfnInclude:
    account = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
    root = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "kms:*", "Resource": "*"}
    template = {
        "Parameters": {"Algorithm": {"Type": "String"}},
        "Conditions": {"IsEncrypted": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]}},
        "Resources": {
            "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Statement": [root]}}},
            "Data": {"Type": "AWS::S3::Bucket", "Properties": {"BucketEncryption": encryption}},
        },
    }
    (folder / "old.json").write_text(json.dumps(template))
    return cfn_include.CfnInclude(stack, "Old", template_file=str(folder / "old.json"))


@pytest.mark.parametrize("encryption", CONDITIONAL.values(), ids=CONDITIONAL)
def test_a_conditional_encryption_is_warned_of(
    app: cdk.App, stack: cdk.Stack, tmp_path: Path, encryption: dict[str, Any]
) -> None:
    """It isn't known whose policy needs the statements; it fails no synth, and is left open."""
    bucket = included(stack, tmp_path, encryption).get_resource("Data")
    allowing(stack, importing(bucket))
    (entry,) = check_assembly(app.synth().directory).undecided
    assert entry.cause is Cause.ENCRYPTION_UNSEEN
    is_condition = encryption != CONDITIONAL["a parameter"]
    assert is_condition is ("it depends on the condition Stack.IsEncrypted" in entry.because)
    assert warnings(stack)["unknownBucketEncryption"].endswith(
        "Old/Data depends on a condition or a parameter, so its key isn't known at synth: pass the "
        "key that it may have, as S3Location(…, encryption_key=…)"
    )


@pytest.mark.parametrize(
    "encryption", [CONDITIONAL["the default"], by_default(KMS)], ids=["conditional", "plain"]
)
def test_the_key_of_an_included_bucket(
    app: cdk.App, stack: cdk.Stack, tmp_path: Path, encryption: dict[str, Any]
) -> None:
    """A conditional key can be passed, and a plain one is read, even if Python read it before."""
    template = included(stack, tmp_path, encryption)
    bucket: Any = template.get_resource("Data")
    key: Any = template.get_resource("Key")
    if encryption == by_default(KMS):
        assert bucket.bucket_encryption is not None
        key = None
    allowing(stack, importing(bucket, encryption_key=key))
    assert key_sids(stack, "Key") == KEY_SIDS
    report = check_assembly(app.synth().directory)
    assert (report.missing, report.problems) == ((), ())


def test_the_key_that_a_bucket_was_imported_with_is_judged(
    app: cdk.App, stack: cdk.Stack, data_key: kms.Key
) -> None:
    """The template doesn't say it with the bucket, so the judge learns of it from the construct."""
    bucket = imported_with(stack, data_key, s3.Bucket(stack, "Made").bucket_arn)
    allowing(stack, importing(bucket))
    l1: Any = data_key.node.default_child
    l1.key_policy = {"Version": "2012-10-17", "Statement": []}
    assert judged(app) == {("MissingKeyAccess", "Stack/Encryption")}
