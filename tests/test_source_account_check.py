"""The condition on statements for the service principal, in key and bucket policies."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import (
    PersonalizeEncryption,
    PersonalizeResource,
    S3Location,
    SourceAccountCheck,
)
from tests.life.conftest import GROUP, allowing
from tests.policies import bucket_policy, key_policy

IF_PRESENT = {"StringEqualsIfExists": {"aws:SourceAccount": "111111111111"}}
REQUIRED = {
    "StringEquals": {"aws:SourceAccount": "111111111111"},
    "ArnLike": {
        "aws:SourceArn": {
            "Fn::Join": [
                "",
                ["arn:", {"Ref": "AWS::Partition"}, ":personalize:eu-west-1:111111111111:*"],
            ]
        }
    },
}


@pytest.mark.parametrize(
    ("options", "condition"),
    [
        ({}, IF_PRESENT),
        ({"source_account_check": SourceAccountCheck.IF_PRESENT}, IF_PRESENT),
        ({"source_account_check": SourceAccountCheck.REQUIRED}, REQUIRED),
        ({"source_account_check": SourceAccountCheck.NONE}, None),
    ],
    ids=["by default", "if present", "required", "none"],
)
def test_each_statement_of_the_service_has_it_and_none_of_the_role(
    concrete: cdk.Stack, options: dict[str, Any], condition: dict[str, Any] | None
) -> None:
    """A condition on ``aws:SourceAccount`` would exclude the role, whose calls don't carry it."""
    bucket = s3.Bucket(concrete, "Bucket", encryption_key=kms.Key(concrete, "DataKey"))
    job = PersonalizeResource.batch_inference_job(
        S3Location(bucket, "in/"), S3Location(bucket, "out/")
    )
    PersonalizeEncryption(concrete, "Encryption", resources=[job], **options)
    for key in ("EncryptionKey3A692D6E", "DataKey17AFBB84"):
        role, service = key_policy(concrete, key)
        assert "Condition" not in role
        assert service["Principal"] == {"Service": "personalize.amazonaws.com"}
        assert service.get("Condition") == condition
    statements = bucket_policy(concrete)
    assert [statement["Principal"] for statement in statements] == [
        {"Service": "personalize.amazonaws.com"}
    ] * 3
    assert [statement.get("Condition") for statement in statements] == [condition] * 3


def test_the_role_of_another_stack_is_free_of_it(app: cdk.App, concrete: cdk.Stack) -> None:
    """The condition of a role that is delegated to is on the role alone."""
    theirs = cdk.Stack(
        app, "Theirs", env=cdk.Environment(account="111111111111", region="eu-west-1")
    )
    check = SourceAccountCheck.REQUIRED
    allowing(concrete, GROUP, encryption_key=kms.Key(theirs, "Key"), source_account_check=check)
    role, _ = key_policy(theirs, "Key961B73FD")
    arn = (
        "arn:",
        {"Ref": "AWS::Partition"},
        ":iam::111111111111:role/Concrete-Encryption-26176E34-eu-west-1",
    )
    assert role["Condition"] == {"ArnEquals": {"aws:PrincipalArn": {"Fn::Join": ["", list(arn)]}}}
