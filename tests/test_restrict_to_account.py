"""Conditions on the statements for the service principal, an explicit choice."""

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from tests.policies import bucket_policy, key_policy

FOR_THIS_ACCOUNT = {
    "StringEquals": {"aws:SourceAccount": "111111111111"},
    "ArnLike": {
        "aws:SourceArn": {
            "Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":personalize:eu-west-1:111111111111:*"]]
        }
    },
}


def test_service_statements_are_restricted_and_role_statements_are_not(app: cdk.App) -> None:
    """A condition on ``aws:SourceAccount`` would shut the role out, whose calls don't carry the key."""
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(account="111111111111", region="eu-west-1"))
    bucket = s3.Bucket(stack, "Bucket")
    job = PersonalizeResource.batch_inference_job(S3Location(bucket, "in/"), S3Location(bucket, "out/"))
    PersonalizeEncryption(stack, "Encryption", restrict_to_account=True, resources=[job])
    role, service = key_policy(stack, "EncryptionKey3A692D6E")
    assert "Condition" not in role
    assert service["Condition"] == FOR_THIS_ACCOUNT
    assert [statement["Condition"] for statement in bucket_policy(stack)] == [FOR_THIS_ACCOUNT] * 3


def test_there_is_no_condition_unless_asked_for(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """Whether Personalize sends these keys on its KMS and S3 calls is not documented."""
    job = PersonalizeResource.dataset_import_job(S3Location(bucket, "in/"))
    PersonalizeEncryption(stack, "Encryption", resources=[job])
    statements = [*key_policy(stack, "EncryptionKey3A692D6E"), *bucket_policy(stack)]
    assert [statement for statement in statements if "Condition" in statement] == []
