"""Buckets whose encryption isn't what their object seems to say."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from tests.life.conftest import KEY_ARN, judged, l1_key
from tests.policies import resources

ALIAS_ARN = "arn:aws:kms:eu-west-1:111111111111:alias/data"


def importing(bucket: Any, **props: Any) -> PersonalizeResource:
    return PersonalizeResource.dataset_import_job(S3Location(bucket, "import/", **props))


def encrypted_l1(scope: cdk.Stack, key_id: str | None, algorithm: str = "aws:kms") -> s3.CfnBucket:
    return s3.CfnBucket(scope, "L1", bucket_encryption=encryption(key_id, algorithm))


def encryption(key_id: str | None, algorithm: str = "aws:kms") -> s3.CfnBucket.BucketEncryptionProperty:
    default = s3.CfnBucket.ServerSideEncryptionByDefaultProperty(sse_algorithm=algorithm, kms_master_key_id=key_id)
    rule = s3.CfnBucket.ServerSideEncryptionRuleProperty(server_side_encryption_by_default=default)
    return s3.CfnBucket.BucketEncryptionProperty(server_side_encryption_configuration=[rule])


def statements_of(stack: cdk.Stack, key: kms.Key) -> list[Any]:
    l1: Any = key.node.default_child
    policy = resources(stack, "AWS::KMS::Key")[stack.resolve(l1.logical_id)]["Properties"]["KeyPolicy"]
    return list(policy["Statement"])


def refusal(stack: cdk.Stack, bucket: Any) -> str:
    with pytest.raises(ValueError, match=r"^Stack/Encryption: ") as error:
        PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
    return str(error.value)


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [(s3.BucketEncryption.KMS_MANAGED, "aws:kms"), (s3.BucketEncryption.DSSE_MANAGED, "aws:kms:dsse")],
)
def test_an_l2_with_the_key_of_aws(stack: cdk.Stack, kind: s3.BucketEncryption, algorithm: str) -> None:
    """Nobody can change the policy of aws/s3."""
    message = refusal(stack, s3.Bucket(stack, "Managed", encryption=kind))
    assert message.endswith(
        f"bucket of the source of dataset import job is encrypted by {algorithm} with aws/s3, a key of AWS whose "
        "policy nobody can change, so Personalize can't use it: encrypt the bucket with a key of your own, or "
        "give the key of the objects, as S3Location(…, encryption_key=…)"
    )


def test_an_l1_with_the_key_of_aws(stack: cdk.Stack) -> None:
    """The same for an L1 without a key."""
    assert "is encrypted by aws:kms with aws/s3" in refusal(stack, encrypted_l1(stack, None))


def test_an_l2_whose_l1_was_changed(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """The encryption that an escape hatch wrote is the one that is deployed."""
    l1: Any = bucket.node.default_child
    l1.bucket_encryption = encryption(None)
    assert "is encrypted by aws:kms with aws/s3" in refusal(stack, bucket)


def test_the_key_of_the_objects_may_be_another(stack: cdk.Stack, data_key: kms.Key) -> None:
    """The advice of the message works."""
    bucket = s3.Bucket(stack, "Managed", encryption=s3.BucketEncryption.KMS_MANAGED)
    PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket, encryption_key=data_key)])


@pytest.mark.parametrize("algorithm", ["AES256", "aws:kms"])
def test_an_l1_with_a_key_of_the_app(stack: cdk.Stack, data_key: kms.Key, algorithm: str) -> None:
    """A reference leads to the key; SSE-S3 has none."""
    bucket = encrypted_l1(stack, data_key.key_arn if algorithm == "aws:kms" else None, algorithm)
    PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
    statements = statements_of(stack, data_key)
    assert len(statements) == (3 if algorithm == "aws:kms" else 1)


def test_an_l1_with_the_id_of_a_key_of_the_app(stack: cdk.Stack, data_key: kms.Key) -> None:
    """``Ref`` of a key leads to it as well."""
    PersonalizeEncryption(stack, "Encryption", resources=[importing(encrypted_l1(stack, data_key.key_id))])
    statements = statements_of(stack, data_key)
    assert len(statements) == 3


def test_an_l1_with_the_arn_of_an_imported_key(stack: cdk.Stack) -> None:
    """It is a key that somebody else has to open."""
    encryption = PersonalizeEncryption(stack, "Encryption", resources=[importing(encrypted_l1(stack, KEY_ARN))])
    assert [(pending.policy, pending.resource_arn) for pending in encryption.pending_statements] == [("key", KEY_ARN)]


@pytest.mark.parametrize("key_id", ["alias/data", ALIAS_ARN, "1234abcd-12ab-34cd-56ef-1234567890ab"])
def test_an_l1_with_what_no_policy_can_name(stack: cdk.Stack, key_id: str) -> None:
    """The message is about the bucket, and says what to give."""
    message = refusal(stack, encrypted_l1(stack, key_id))
    assert (
        f"bucket of the source of dataset import job is encrypted with {key_id!r}, which is no ARN of a key" in message
    )
    assert "S3Location(…, encryption_key=kms.Key.from_key_arn(…))" in message


def test_an_l1_with_a_parameter(stack: cdk.Stack) -> None:
    """No policy can be written for a key that is known only at deployment."""
    parameter = cdk.CfnParameter(stack, "KeyArn").value_as_string
    assert "is encrypted with a value that is known only at deployment" in refusal(
        stack, encrypted_l1(stack, parameter)
    )


def test_an_encryption_that_stays_is_fine(app: cdk.App, stack: cdk.Stack, encrypted_bucket: s3.Bucket) -> None:
    """Nothing is said of a bucket that nobody has changed, nor of one that was told apart."""
    job = importing(encrypted_bucket, encryption_key=kms.Key(stack, "Other"))
    PersonalizeEncryption(stack, "Encryption", resources=[importing(encrypted_bucket), job])
    app.synth()


@pytest.mark.parametrize("kind", [s3.Bucket, s3.CfnBucket])
def test_the_key_that_a_bucket_of_the_app_was_imported_with(
    app: cdk.App, stack: cdk.Stack, data_key: kms.Key, kind: type
) -> None:
    """It is said as by ``S3Location(encryption_key=)``, whatever the bucket encrypts by default."""
    made: Any = kind(stack, "Made")
    arn = made.bucket_arn if kind is s3.Bucket else made.attr_arn
    imported = s3.Bucket.from_bucket_attributes(stack, "Imported", bucket_arn=arn, encryption_key=data_key)
    PersonalizeEncryption(stack, "Encryption", resources=[importing(imported)])
    assert [statement.get("Sid") for statement in statements_of(stack, data_key)] == [
        None,
        "PersonalizeRole",
        "PersonalizeService",
    ]
    app.synth()


def test_one_bucket_given_with_and_without_a_key(stack: cdk.Stack, data_key: kms.Key) -> None:
    """Each location has the key that its own object says."""
    made = s3.Bucket(stack, "Made", encryption_key=kms.Key(stack, "Default"))
    imported = s3.Bucket.from_bucket_attributes(stack, "Imported", bucket_arn=made.bucket_arn, encryption_key=data_key)
    PersonalizeEncryption(stack, "Encryption", resources=[importing(made), importing(imported)])
    assert len(statements_of(stack, data_key)) == 3
    default: Any = stack.node.find_child("Default")
    assert len(statements_of(stack, default)) == 3


def test_a_wrapper_of_an_l1_bucket_says_no_key_of_its_own(app: cdk.App, stack: cdk.Stack) -> None:
    """``from_cfn_bucket`` reads the key of the L1, which may change until the end."""
    bucket = encrypted_l1(stack, l1_key(stack).attr_arn)
    PersonalizeEncryption(stack, "Encryption", resources=[importing(s3.Bucket.from_cfn_bucket(bucket))])
    bucket.bucket_encryption = encryption(kms.Key(stack, "Other").key_arn)
    assert ("MissingKeyAccess", "Stack/Encryption") in judged(app)
