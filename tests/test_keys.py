"""Which key gets which statements, when there are several."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from tests.policies import key_policy, resources, role_policy

ACTIONS = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]
EXPORT_ACTIONS = [*ACTIONS, "kms:GenerateDataKeyWithoutPlaintext"]


def actions(stack: cdk.Stack, key: str) -> list[Any]:
    """The actions of a key's statements, in order: those of the role, those of the service."""
    return [statement["Action"] for statement in key_policy(stack, key)]


def test_every_key_involved_gets_statements(stack: cdk.Stack) -> None:
    """The dataset group's key, the input's and the output's each allow role and service the five actions."""
    key_in, key_out = kms.Key(stack, "KeyIn"), kms.Key(stack, "KeyOut")
    source = S3Location(s3.Bucket(stack, "In", encryption_key=key_in), "in/")
    destination = S3Location(s3.Bucket(stack, "Out", encryption_key=key_out), "out/")
    PersonalizeEncryption(stack, "Encryption", resources=[PersonalizeResource.batch_inference_job(source, destination)])
    assert actions(stack, "EncryptionKey3A692D6E") == [ACTIONS, ACTIONS]
    assert actions(stack, "KeyInE2297F48") == [ACTIONS, ACTIONS]
    assert actions(stack, "KeyOut4EE08EFF") == [ACTIONS, ACTIONS]
    (use_key,) = [statement for statement in role_policy(stack) if statement["Sid"] == "UseKey"]
    assert use_key == {
        "Sid": "UseKey",
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"],
        "Resource": [
            {"Fn::GetAtt": ["EncryptionKey3A692D6E", "Arn"]},
            {"Fn::GetAtt": ["KeyInE2297F48", "Arn"]},
            {"Fn::GetAtt": ["KeyOut4EE08EFF", "Arn"]},
        ],
    }


def test_one_key_for_everything_has_two_statements(stack: cdk.Stack) -> None:
    """A key that is the dataset group's and the bucket's is wired once."""
    key = kms.Key(stack, "Key")
    bucket = s3.Bucket(stack, "Bucket", encryption_key=key)
    PersonalizeEncryption(
        stack,
        "Encryption",
        encryption_key=key,
        resources=[
            PersonalizeResource.dataset_group(),
            PersonalizeResource.dataset_import_job(S3Location(bucket, "import/")),
            PersonalizeResource.dataset_export_job(S3Location(bucket, "export/")),
        ],
    )
    assert actions(stack, "Key961B73FD") == [EXPORT_ACTIONS, EXPORT_ACTIONS]


def test_a_bucket_without_a_key_needs_no_kms(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """The encryption key stays the only key."""
    source = S3Location(bucket, "import/")
    PersonalizeEncryption(
        stack,
        "Encryption",
        resources=[PersonalizeResource.dataset_group(), PersonalizeResource.dataset_import_job(source)],
    )
    assert list(resources(stack, "AWS::KMS::Key")) == ["EncryptionKey3A692D6E"]
    (use_key,) = [statement for statement in role_policy(stack) if statement["Sid"] == "UseKey"]
    assert use_key["Resource"] == {"Fn::GetAtt": ["EncryptionKey3A692D6E", "Arn"]}


def test_a_location_can_name_the_key_of_a_bucket_that_does_not_know_it(stack: cdk.Stack, data_key: kms.Key) -> None:
    """``S3Location(encryption_key=)`` gets the statements for a bucket that was imported by name."""
    bucket = s3.Bucket.from_bucket_name(stack, "Imported", "ratings")
    source = S3Location(bucket, "import/", encryption_key=data_key)
    PersonalizeEncryption(stack, "Encryption", resources=[PersonalizeResource.dataset_import_job(source)])
    assert actions(stack, "DataKey17AFBB84") == [ACTIONS, ACTIONS]


def test_a_location_key_comes_before_the_buckets(stack: cdk.Stack, encrypted_bucket: s3.Bucket) -> None:
    """Objects encrypted with another key than the bucket's need that key alone."""
    other = kms.Key(stack, "Other")
    source = S3Location(encrypted_bucket, "import/", encryption_key=other)
    PersonalizeEncryption(stack, "Encryption", resources=[PersonalizeResource.dataset_import_job(source)])
    assert actions(stack, "Other34654A52") == [ACTIONS, ACTIONS]
    assert actions(stack, "DataKey17AFBB84") == []


def test_a_key_whose_policy_lacks_the_account_names_the_role_for_every_action(stack: cdk.Stack) -> None:
    """Users who replace the default policy get the same statements: nothing relies on delegation to IAM."""
    admin = iam.PolicyStatement(
        sid="Admin",
        actions=["kms:PutKeyPolicy"],
        resources=["*"],
        principals=[iam.ArnPrincipal("arn:aws:iam::111111111111:role/admin")],
    )
    key = kms.Key(stack, "Key", policy=iam.PolicyDocument(statements=[admin]))
    PersonalizeEncryption(stack, "Encryption", encryption_key=key, resources=[PersonalizeResource.dataset_group()])
    policy = resources(stack, "AWS::KMS::Key")["Key961B73FD"]["Properties"]["KeyPolicy"]
    assert [(statement["Principal"], statement["Action"]) for statement in policy["Statement"]] == [
        ({"AWS": "arn:aws:iam::111111111111:role/admin"}, "kms:PutKeyPolicy"),
        ({"AWS": {"Fn::GetAtt": ["EncryptionRole2D2265A5", "Arn"]}}, ACTIONS),
        ({"Service": "personalize.amazonaws.com"}, ACTIONS),
    ]


def test_the_key_made_here_rotates_and_is_retained(stack: cdk.Stack) -> None:
    """Losing the key means losing what was encrypted with it, so only an explicit removal policy deletes it."""
    PersonalizeEncryption(stack, "Encryption")
    (key,) = resources(stack, "AWS::KMS::Key").values()
    assert key["Properties"]["Description"] == "Encrypts what Amazon Personalize stores"
    assert key["Properties"]["EnableKeyRotation"] is True
    assert (key["DeletionPolicy"], key["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_the_removal_policy_is_that_of_the_key(stack: cdk.Stack) -> None:
    """``DESTROY`` reaches the key made here."""
    PersonalizeEncryption(stack, "Encryption", removal_policy=cdk.RemovalPolicy.DESTROY)
    (key,) = resources(stack, "AWS::KMS::Key").values()
    assert (key["DeletionPolicy"], key["UpdateReplacePolicy"]) == ("Delete", "Delete")
