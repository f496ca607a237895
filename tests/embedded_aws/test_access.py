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


@pytest.mark.parametrize(
    ("principal", "condition", "allowed"),
    [
        (SERVICE, {}, True),
        (SERVICE, {"StringEquals": {"aws:SourceAccount": "111111111111"}}, True),
        (SERVICE, {"StringEquals": {"aws:SourceAccount": "222222222222"}}, False),
        (SERVICE, {"ArnEquals": {"aws:PrincipalArn": ROLE}}, False),
        ({"Service": "forecast.amazonaws.com"}, {}, False),
        (ACCOUNT, {}, False),
    ],
)
def test_a_call_of_the_service_carries_its_source(
    principal: Any, condition: dict[str, Any], allowed: bool
) -> None:
    """And no principal ARN; neither another service nor an account or role stands for it."""
    document = policy(allow(principal, ["kms:Decrypt"], Condition=condition))
    assert access.by_service(document, "kms:Decrypt", KEY, CALLER) is allowed


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
    identity = (
        policy(allow_role(["s3:GetObject", "s3:ListBucket"], "*")),
        policy(allow_role(BASE_4, KEY)),
    )
    reader = Role(ROLE, policy(trust(SERVICE)), identity, None)
    assert access.missing(DATASET_IMPORT_JOB, CALLER, reader, access.Uses(data)) == lacking
