"""The account of an imported bucket: if it may differ, its owner's JSON has to let the role in.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
"""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import S3Location
from tests.life.conftest import KEY_ARN, PERSONALIZE, allowing, for_owners, importing

ROLE, SERVICE = {"AWS": "arn:aws:iam::111111111111:root"}, {"Service": PERSONALIZE}


def key_of(account: str, stack: cdk.Stack) -> kms.IKey:
    return kms.Key.from_key_arn(stack, f"Key{account}", KEY_ARN.replace("111111111111", account))


def imported(stack: cdk.Stack, **attributes: Any) -> S3Location:
    return S3Location(
        s3.Bucket.from_bucket_attributes(stack, "Data", bucket_name="ratings", **attributes),
        "import/",
    )


def with_key_of(account: str) -> Callable[[cdk.Stack], S3Location]:
    return lambda stack: S3Location(
        imported(stack).bucket, "import/", encryption_key=key_of(account, stack)
    )


@pytest.mark.parametrize(
    ("location", "principals"),
    [
        (imported, [SERVICE]),
        (with_key_of("222222222222"), [ROLE, SERVICE]),
        (
            lambda stack: imported(stack, encryption_key=key_of("222222222222", stack)),
            [ROLE, SERVICE],
        ),
        (lambda stack: imported(stack, account="222222222222"), [ROLE, SERVICE]),
        (
            lambda stack: S3Location(s3.CfnBucket.from_bucket_name(stack, "Data", "ratings"), ""),
            [ROLE, SERVICE],
        ),
    ],
    ids=[
        "the stack's, as the CDK assumes",
        "a key of another account",
        "imported with a key of another account",
        "another account",
        "a reference by name",
    ],
)
def test_the_owners_statements_let_the_role_in_unless_accounts_are_equal(
    concrete: cdk.Stack,
    location: Callable[[cdk.Stack], S3Location],
    principals: list[Any],
) -> None:
    """The owner's file has the role unless the accounts are known to be equal."""
    given = location(concrete)
    allowing(concrete, importing(given.bucket, encryption_key=given.encryption_key))
    assert [
        statement["Principal"]
        for statement in for_owners(concrete)["bucket"]
        if statement["Action"] == ["s3:GetObject"]
    ] == principals


def test_a_key_that_tells_it_later(app: cdk.App, concrete: cdk.Stack) -> None:
    """The role gets access for earlier resources, too."""
    construct = allowing(concrete, importing(imported(concrete).bucket))
    (before,) = construct.pending_statements
    construct.allow(
        importing(
            s3.Bucket.from_bucket_name(concrete, "Again", "ratings"),
            "later/",
            encryption_key=key_of("222222222222", concrete),
        )
    )
    (after,) = (pending for pending in construct.pending_statements if pending.policy == "bucket")
    assert [
        [str(statement.sid)[:-8] for statement in pending.statements] for pending in (before, after)
    ] == [
        ["PersonalizeServiceListBucket", "PersonalizeServiceReadObjects"],
        [
            "PersonalizeRoleListBucket",
            "PersonalizeRoleReadObjects",
            "PersonalizeServiceListBucket",
            "PersonalizeServiceReadObjects",
        ],
    ]
    assert {
        len(statement.resources)
        for statement in after.statements
        if str(statement.sid).find("ReadObjects") > 0
    } == {2}
