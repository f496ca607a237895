"""A string around a reference names another resource: an archive beside a bucket."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from tests.judge.apps import failure
from tests.life.conftest import GROUP, allowing, importing, key_statement, trusted_role
from tests.policies import pending_policies, resources, role_policy

ARN = {"Fn::GetAtt": ["Data", "Arn"]}
BY_NAME = ["arn:", {"Ref": "AWS::Partition"}, ":s3:::", {"Ref": "Data"}]


def joined(*parts: Any) -> dict[str, Any]:
    return {"Fn::Join": ["", list(parts)]}


@pytest.mark.parametrize(
    ("archive", "arn"),
    [
        (
            lambda stack, data: s3.CfnBucket.from_bucket_name(stack, "It", f"{data.ref}-old"),
            BY_NAME,
        ),
        (lambda stack, data: s3.Bucket.from_bucket_arn(stack, "It", f"{data.attr_arn}-old"), [ARN]),
    ],
    ids=["name", "ARN"],
)
def test_an_archive_beside_a_bucket(
    stack: cdk.Stack, archive: Callable[..., Any], arn: list[Any]
) -> None:
    """The bucket of the app isn't opened, and the role gets the archive alone."""
    bucket = archive(stack, s3.CfnBucket(stack, "Data"))
    construct = allowing(stack, importing(bucket))
    assert [
        (pending.policy, stack.resolve(pending.resource_arn))
        for pending in construct.pending_statements
    ] == [("bucket", joined(*arn, "-old"))]
    assert resources(stack, "AWS::S3::BucketPolicy") == {}
    resources_of_role = [statement["Resource"] for statement in role_policy(stack)]
    assert resources_of_role == [joined(*arn, "-old"), joined(*arn, "-old/import/*")]


HERE, ANYWHERE = cdk.Environment(account="111111111111", region="eu-west-1"), cdk.Environment()


@pytest.mark.parametrize(
    ("env", "account", "is_own"),
    [
        (HERE, "111111111111", True),
        (HERE, "222222222222", False),
        (ANYWHERE, cdk.Aws.ACCOUNT_ID, True),
        (ANYWHERE, "111111111111", False),
    ],
    ids=["its account", "another account", "the stack's account", "perhaps its account"],
)
def test_an_arn_with_the_id_of_a_key(
    app: cdk.App, env: cdk.Environment, account: str, is_own: bool
) -> None:
    """It is pending like an imported key; the check says to pass the key where this is sure."""
    stack = cdk.Stack(app, "Stack", env=env)
    region = cdk.Aws.REGION if env is ANYWHERE else "eu-west-1"
    arn = f"arn:aws:kms:{region}:{account}:key/{kms.Key(stack, 'Key').key_id}"
    key = kms.Key.from_key_arn(stack, "Imported", arn)
    construct = allowing(stack, GROUP, encryption_key=key)
    assert pending_policies(construct) == ["key"]
    assert ("pass the key itself instead of its ARN" in failure(app.synth)) is is_own


ROLE = {"Ref": "ServiceRole4288B192"}
ROLE_ARN = {"Fn::GetAtt": ["ServiceRole4288B192", "Arn"]}
PREFIX = ["arn:", {"Ref": "AWS::Partition"}, ":iam::", {"Ref": "AWS::AccountId"}, ":role/"]
AFTER_COLONS = {"Fn::Select": [5, {"Fn::Split": [":", joined(ROLE_ARN, "-copy")]}]}


@pytest.mark.parametrize(
    ("other", "name", "arn"),
    [
        (
            lambda stack, role: iam.Role.from_role_name(stack, "It", f"{role.role_name}-copy"),
            joined(ROLE, "-copy"),
            joined(*PREFIX, ROLE, "-copy"),
        ),
        (
            lambda stack, role: iam.Role.from_role_arn(stack, "It", f"{role.role_arn}-copy"),
            {"Fn::Select": [1, {"Fn::Split": ["/", AFTER_COLONS]}]},
            joined(ROLE_ARN, "-copy"),
        ),
    ],
    ids=["name", "ARN"],
)
def test_a_role_beside_one_of_the_app(
    stack: cdk.Stack, other: Callable[..., iam.IRole], name: Any, arn: Any
) -> None:
    """The given role gets the policy and the statement, and the role of the app nothing."""
    role = other(stack, trusted_role(stack))
    allowing(stack, GROUP, service_role=role)
    (policy,) = resources(stack, "AWS::IAM::ManagedPolicy").values()
    assert policy["Properties"]["Roles"] == [name]
    assert key_statement(stack, "PersonalizeRole")["Principal"] == {"AWS": arn}
