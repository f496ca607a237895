"""Known answers of the functions that judge policy documents; no server runs here.

Those on a role, a key and a bucket without more are in ``tests/proof/test_evaluator.py``.
"""

from typing import Any

import pytest

from embedded_aws import access
from embedded_aws.access import Caller, Key, Location, Missing, Role
from embedded_aws.requirements import DATASET_IMPORT_JOB
from tests.embedded_aws.scenario import (
    ACCOUNT,
    BASE_4,
    BASE_5,
    SERVICE,
    allow,
    allow_role,
    policy,
    trust,
)

ROLE = "arn:aws:iam::111111111111:role/personalize"
KEY = "arn:aws:kms:eu-west-1:111111111111:key/one"
CALLER = Caller("arn:aws:personalize:eu-west-1:111111111111:dataset-group/movies")
IN_IAM = "IAM policies of the role"


def _role(*identity: str, boundary: str | None = None) -> Role:
    source = {
        "StringEquals": {"aws:SourceAccount": "111111111111"},
        "StringLike": {"aws:SourceArn": "arn:aws:personalize:eu-west-1:111111111111:*"},
    }
    return Role(ROLE, policy(trust(SERVICE, Condition=source)), identity, boundary)


def test_a_boundary_limits_what_iam_allows() -> None:
    """A permissions boundary without KMS takes away what the role's policies give."""
    allowed, boundary = policy(allow_role(["kms:Decrypt"], KEY)), policy(allow_role(["s3:*"], "*"))
    limited = _role(allowed, boundary=boundary)
    assert access.by_iam(_role(allowed), "kms:Decrypt", KEY, "eu-west-1")
    assert not access.by_iam(limited, "kms:Decrypt", KEY, "eu-west-1")
    for principal in (ACCOUNT, {"AWS": ROLE}):
        key = Key(KEY, policy(allow(principal, ["kms:Decrypt"])))
        assert access.on_key(limited, key, "kms:Decrypt", "eu-west-1") == IN_IAM


@pytest.mark.parametrize(
    ("principal", "condition", "allowed"),
    [
        (SERVICE, {}, True),
        (SERVICE, {"StringEquals": {"aws:SourceAccount": "111111111111"}}, True),
        (SERVICE, {"StringEquals": {"aws:SourceAccount": "222222222222"}}, False),
        (
            SERVICE,
            {"ArnLike": {"aws:SourceArn": "arn:aws:personalize:eu-west-1:111111111111:*"}},
            True,
        ),
        (
            SERVICE,
            {"ArnLike": {"aws:SourceArn": "arn:aws:personalize:us-east-1:111111111111:*"}},
            False,
        ),
        (SERVICE, {"ArnEquals": {"aws:PrincipalArn": ROLE}}, False),
        ({"Service": "forecast.amazonaws.com"}, {}, False),
        (ACCOUNT, {}, False),
        ({"AWS": ROLE}, {}, False),
    ],
)
def test_a_call_of_the_service_carries_its_source(
    principal: Any, condition: dict[str, Any], allowed: bool
) -> None:
    """And no principal ARN; neither another service nor an account or role stands for it."""
    document = policy(allow(principal, ["kms:Decrypt"], Condition=condition))
    assert access.by_service(document, "kms:Decrypt", KEY, CALLER) is allowed


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ({"Bool": {"aws:SecureTransport": "false"}}, True),
        # Buckets open only to a VPC don't work: Personalize calls from outside of it.
        ({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}, False),
    ],
)
def test_a_denial_reaches_the_service_by_its_condition(
    condition: dict[str, Any], allowed: bool
) -> None:
    """The usual denial of plain HTTP touches it not."""
    denial = {**allow("*", ["s3:*"], Condition=condition), "Effect": "Deny"}
    document = policy(allow(SERVICE, ["s3:GetObject"], "arn:aws:s3:::data/*"), denial)
    assert access.by_service(document, "s3:GetObject", "arn:aws:s3:::data/a.csv", CALLER) is allowed


@pytest.mark.parametrize(
    ("principal", "lacking"),
    [
        # "Dataset import job (only AWS KMS key policy must grant permissions)".
        ({"AWS": ROLE}, ()),
        # In the delegated form IAM carries all five actions, though the page asks for no KMS in
        # IAM.
        (
            ACCOUNT,
            tuple(Missing(ROLE, action, KEY, IN_IAM) for action in BASE_5 if action not in BASE_4),
        ),
    ],
)
def test_an_import_needs_in_iam_what_the_key_policy_leaves_to_it(
    principal: Any, lacking: tuple[Missing, ...]
) -> None:
    """With the four actions of the page there, in one of two policies."""
    key = Key(KEY, policy(allow(principal, BASE_5), allow(SERVICE, BASE_5)))
    data = Location("data", "111111111111", policy(allow(SERVICE, ["s3:*"])), ("a.csv",), key=key)
    reader = _role(
        policy(allow_role(["s3:GetObject", "s3:ListBucket"], "*")), policy(allow_role(BASE_4, KEY))
    )
    assert access.missing(DATASET_IMPORT_JOB, CALLER, reader, access.Uses(data)) == lacking
