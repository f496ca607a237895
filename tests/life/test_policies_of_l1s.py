"""Policies in L1s of the app that aren't plain documents: none at all, an expression, those of replica keys."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import ImportedKeyPolicy, PersonalizeEncryption, PersonalizeResource, S3Location
from tests.life.conftest import PERSONALIZE, account_statement, warnings
from tests.policies import resources

ACTIONS = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]
GROUP = PersonalizeResource.dataset_group()
ROLE = {
    "Sid": "PersonalizeRole",
    "Effect": "Allow",
    "Principal": {"AWS": {"Fn::GetAtt": ["EncryptionRole2D2265A5", "Arn"]}},
    "Action": ACTIONS,
    "Resource": "*",
}
SERVICE = {
    "Sid": "PersonalizeService",
    "Effect": "Allow",
    "Principal": {"Service": PERSONALIZE},
    "Action": ACTIONS,
    "Resource": "*",
    "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
}


def either(stack: cdk.Stack, one: Any, other: Any) -> Any:
    cdk.CfnCondition(stack, "Yes", expression=cdk.Fn.condition_equals(cdk.Aws.REGION, "eu-west-1"))
    return cdk.Fn.condition_if("Yes", one, other)


def test_a_key_without_a_policy_keeps_the_default_one(stack: cdk.Stack) -> None:
    """KMS gives such a key a policy that delegates to the account; ours are added to that."""
    key = kms.CfnKey(stack, "L1Key")
    encryption = PersonalizeEncryption(stack, "Encryption", encryption_key=key, resources=[GROUP])
    (l1,) = resources(stack, "AWS::KMS::Key").values()
    account = ["arn:", {"Ref": "AWS::Partition"}, ":iam::", {"Ref": "AWS::AccountId"}, ":root"]
    root = {
        "Effect": "Allow",
        "Principal": {"AWS": {"Fn::Join": ["", account]}},
        "Action": "kms:*",
        "Resource": "*",
    }
    assert l1["Properties"]["KeyPolicy"] == {"Version": "2012-10-17", "Statement": [root, ROLE, SERVICE]}
    assert encryption.pending_statements == ()
    assert warnings(stack) == {}


def test_what_is_allowed_later_reaches_a_key_without_a_policy(stack: cdk.Stack) -> None:
    """And a second construct adds its own."""
    key = kms.CfnKey(stack, "L1Key")
    encryption = PersonalizeEncryption(stack, "Encryption", encryption_key=key, resources=[GROUP])
    encryption.allow(PersonalizeResource.dataset_export_job())
    PersonalizeEncryption(stack, "Other", encryption_key=key, resources=[GROUP])
    (l1,) = resources(stack, "AWS::KMS::Key").values()
    statements = l1["Properties"]["KeyPolicy"]["Statement"]
    assert [statement.get("Sid") for statement in statements] == [
        None,
        "PersonalizeRole",
        "PersonalizeService",
        "PersonalizeRole2",
        "PersonalizeService2",
    ]
    assert statements[1]["Action"] == [*ACTIONS, "kms:GenerateDataKeyWithoutPlaintext"]


@pytest.mark.parametrize("form", ["attribute", "reference", "L1"])
def test_a_replica_key_gets_the_statements(stack: cdk.Stack, form: str) -> None:
    """Each replica of a multi-Region key has a policy of its own."""
    replica = kms.CfnReplicaKey(
        stack,
        "Replica",
        key_policy={"Version": "2012-10-17", "Statement": [account_statement()]},
        primary_key_arn="arn:aws:kms:us-east-1:111111111111:key/mrk-1234abcd12ab34cd56ef1234567890ab",
    )
    key: Any = replica if form == "L1" else kms.Key.from_key_arn(stack, "Imported", replica.attr_arn)
    if form == "reference":
        bucket = s3.Bucket(stack, "Bucket", encryption_key=key)
        job = PersonalizeResource.dataset_import_job(S3Location(bucket, "import/"))
        encryption = PersonalizeEncryption(stack, "Encryption", resources=[job])
    else:
        encryption = PersonalizeEncryption(stack, "Encryption", encryption_key=key, resources=[GROUP])
    (l1,) = resources(stack, "AWS::KMS::ReplicaKey").values()
    statements = l1["Properties"]["KeyPolicy"]["Statement"]
    assert statements[1:] == [ROLE, SERVICE]
    assert encryption.pending_statements == ()
    assert stack.resolve(encryption.encryption_key.key_arn)


@pytest.mark.parametrize("what", ["the policy", "its statements"])
@pytest.mark.parametrize("imported_key_policy", ImportedKeyPolicy)
def test_a_key_policy_that_a_condition_chooses_is_pending(
    stack: cdk.Stack, what: str, imported_key_policy: ImportedKeyPolicy
) -> None:
    """Nothing can be added to it, and nobody else manages it: the warning says which it is."""
    statements = [account_statement()]
    if what == "the policy":
        policy = either(stack, {"Statement": statements}, {"Statement": []})
    else:
        policy = {"Version": "2012-10-17", "Statement": either(stack, statements, [])}
    key = kms.CfnKey(stack, "L1Key", key_policy=policy)
    encryption = PersonalizeEncryption(
        stack, "Encryption", encryption_key=key, resources=[GROUP], imported_key_policy=imported_key_policy
    )
    (l1,) = resources(stack, "AWS::KMS::Key").values()
    assert l1["Properties"]["KeyPolicy"] == stack.resolve(policy)
    assert [pending.policy for pending in encryption.pending_statements] == ["key"]
    warning = warnings(stack)["pendingKeyPolicy"]
    assert warning.startswith(
        "the policy of key Stack/L1Key is an expression (Fn::If) to which nothing can be added, so Personalize has no "
        "access to the key until these statements are in it:\n["
    )
    assert "- add them where the policy is written, in each case of the expression" in warning
    assert "not managed by this app" not in warning
    assert "ImportedKeyPolicy" not in warning


@pytest.mark.parametrize("what", ["the policy", "its statements"])
def test_a_bucket_policy_that_a_condition_chooses_is_pending(stack: cdk.Stack, what: str) -> None:
    """The same for the policy of a bucket."""
    bucket = s3.CfnBucket(stack, "L1")
    insecure = {"Bool": {"aws:SecureTransport": "false"}}
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": bucket.attr_arn,
        "Condition": insecure,
    }
    if what == "the policy":
        policy = either(stack, {"Statement": [statement]}, {"Statement": [statement]})
    else:
        policy = {"Statement": either(stack, [statement], [statement])}
    s3.CfnBucketPolicy(stack, "Policy", bucket=bucket.ref, policy_document=policy)
    job = PersonalizeResource.dataset_import_job(S3Location(bucket, "import/"))
    encryption = PersonalizeEncryption(stack, "Encryption", resources=[job])
    assert [pending.policy for pending in encryption.pending_statements] == ["bucket"]
    (l1,) = resources(stack, "AWS::S3::BucketPolicy").values()
    assert l1["Properties"]["PolicyDocument"] == stack.resolve(policy)
    assert warnings(stack)["pendingBucketPolicy"].startswith(
        "the policy of bucket Stack/L1 is an expression (Fn::If) to which nothing can be added, so Personalize has no "
        "access to its objects until these statements are in it:\n["
    )


@pytest.mark.parametrize("policy", [{}, {"Version": "2012-10-17"}])
def test_a_key_policy_without_statements_gets_ours(stack: cdk.Stack, policy: dict[str, Any]) -> None:
    """It is a document, though KMS would refuse it without them."""
    key = kms.CfnKey(stack, "L1Key", key_policy=policy)
    PersonalizeEncryption(stack, "Encryption", encryption_key=key, resources=[GROUP])
    (l1,) = resources(stack, "AWS::KMS::Key").values()
    assert l1["Properties"]["KeyPolicy"]["Statement"] == [ROLE, SERVICE]


def test_one_statement_that_a_condition_chooses_is_left_alone(stack: cdk.Stack) -> None:
    """Statements are added behind it."""
    conditional = either(stack, account_statement(), cdk.Aws.NO_VALUE)
    key = kms.CfnKey(stack, "L1Key", key_policy={"Version": "2012-10-17", "Statement": [conditional]})
    PersonalizeEncryption(stack, "Encryption", encryption_key=key, resources=[GROUP])
    (l1,) = resources(stack, "AWS::KMS::Key").values()
    statements = l1["Properties"]["KeyPolicy"]["Statement"]
    assert statements == [stack.resolve(conditional), ROLE, SERVICE]
