"""Statements that are about some of the actions on a key, however they say so: each action is judged by itself."""

from __future__ import annotations

import random
from fnmatch import fnmatchcase

import pytest

from tests.access.models import (
    ACCOUNT_STATEMENT,
    IAM_ACTIONS,
    KEY,
    KEY_POLICY_ACTIONS,
    ON_KEY,
    Line,
    Statement,
    iam,
    lines,
    report,
    service,
)

PATTERNS = (
    *("*", "kms:*", "s3:*", "iam:*", "logs:Put*", "kms:D*", "kms:List*", "kms:?ecrypt", "kms:*Grant*", "kms:Encrypt"),
    *("kms:Decrypt", "KMS:decrypt", "kms:DescribeKey", "kms:GenerateDataKey*", "kms:ListGrants", "kms:CreateGrant"),
)


def by_iam(*actions: str) -> set[Line]:
    return {("role", "role", action, KEY) for action in actions}


@pytest.mark.parametrize("another", ["s3:*", "S3:*", "s3:Get*", "s3:GetObject"])
def test_a_statement_that_allows_one_action_beside_those_of_another_service(another: str) -> None:
    """It says nothing of the other actions on the key."""
    found = report(key=ON_KEY, iam=[iam(["kms:Decrypt", another], KEY)])
    assert lines(found.missing) == by_iam("kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants")


@pytest.mark.parametrize("another", ["iam:*", "iam:Pass*", "iam:PassRole"])
def test_a_statement_that_denies_one_action_beside_those_of_another_service(another: str) -> None:
    """What denies one action beside a whole other service denies that one."""
    allowed = iam(IAM_ACTIONS, KEY)
    found = report(key=ON_KEY, iam=[allowed, iam(["kms:ListGrants", another], "*", Effect="Deny")])
    assert ("role", "role", "kms:ListGrants", KEY) in lines(found.missing)
    assert ("role", "role", "kms:Decrypt", KEY) not in lines(found.missing)


def test_a_denial_in_the_key_policy_beside_another_service() -> None:
    """It is about everybody, Personalize included."""
    denial = {"Effect": "Deny", "Principal": "*", "Action": ["kms:ListGrants", "secretsmanager:*"], "Resource": "*"}
    found = report(key=[*ON_KEY, denial], iam=[iam(IAM_ACTIONS, KEY)])
    assert {line for line in lines(found.missing) if line[1] == "key"} == {
        ("role", "key", "kms:ListGrants", KEY),
        ("service", "key", "kms:ListGrants", KEY),
    }


def random_statements(draw: random.Random) -> list[Statement]:
    effects = ["Allow", "Allow", "Allow", "Deny"]
    return [
        iam(draw.sample(PATTERNS, draw.randint(1, 3)), "*", Effect=draw.choice(effects))
        for _ in range(draw.randint(1, 3))
    ]


def allowed_by(statements: list[Statement], action: str) -> bool:
    """IAM's rule, by the pattern matching of Python's standard library."""
    effects = {
        each["Effect"]
        for each in statements
        if any(fnmatchcase(action.lower(), pattern.lower()) for pattern in each["Action"])
    }
    return effects == {"Allow"}


def test_random_statements_are_judged_action_by_action() -> None:
    """The role by its IAM policies, to which the key policy leaves it, and Personalize by the key policy."""
    draw = random.Random(7)
    for _ in range(1000):
        of_role, of_service = random_statements(draw), random_statements(draw)
        of_service = [each for each in of_service if each["Effect"] == "Allow"]
        found = report(
            key=[ACCOUNT_STATEMENT, *(service(each["Action"]) for each in of_service)],
            iam=of_role,
        )
        expected = {("role", "role", action, KEY) for action in IAM_ACTIONS if not allowed_by(of_role, action)}
        expected |= {("role", "key", action, KEY) for action in KEY_POLICY_ACTIONS if not allowed_by(of_role, action)}
        expected |= {
            ("service", "key", action, KEY) for action in KEY_POLICY_ACTIONS if not allowed_by(of_service, action)
        }
        assert lines(found.missing) == expected, (of_role, of_service)
