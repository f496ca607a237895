"""Policies that several principals have, as templates attach them."""

from pathlib import Path
from typing import Any

import pytest

from tests.checks.templates import (
    ACCOUNT,
    IN_IAM,
    KEY,
    Json,
    check,
    complete,
    dataset_group,
    managed,
    role,
)

POLICY, ROLE = {"Ref": "Policy"}, {"Ref": "Role"}
USER = {"Type": "AWS::IAM::User", "Properties": {"UserName": "ada", "ManagedPolicyArns": [POLICY]}}
GROUP = {"Type": "AWS::IAM::Group", "Properties": {"ManagedPolicyArns": [POLICY]}}


STATEMENT = {"Effect": "Allow", "Action": [*IN_IAM, "kms:Encrypt"], "Resource": KEY}


def naming(**principals: list[Any]) -> Json:
    """The inline policy of the role, and of these."""
    return managed(STATEMENT, type="AWS::IAM::Policy", **principals)


@pytest.mark.parametrize(
    ("policy", "resources", "others"),
    [
        (naming(), {}, []),
        (naming(Roles=[ROLE, {"Ref": "Etl"}]), {"Etl": role()}, ["role/${Main.Etl}"]),
        (naming(Roles=[ROLE, "Etl"]), {"Etl": role(RoleName="Etl")}, ["role/Etl"]),
        (naming(Users=["ada"], Groups=["staff"]), {}, ["user/ada", "group/staff"]),
        (managed(STATEMENT), {}, []),
        (managed(STATEMENT), {"Etl": role(ManagedPolicyArns=[POLICY])}, ["role/${Main.Etl}"]),
        (managed(STATEMENT), {"Ada": USER, "Staff": GROUP}, ["user/ada", "group/${Main.Staff}"]),
    ],
)
def test_whoever_has_a_policy_is_named(
    policy: Json, resources: dict[str, Json], others: list[str], tmp_path: Path
) -> None:
    """The policy may name them, or they the policy."""
    report = check(tmp_path, complete(Policy=policy, **resources))
    assert [entry.action for entry in report.excess] == ["kms:Encrypt"]
    (of_role,) = report.policies
    assert of_role.also_for == tuple(f"arn:aws:iam::{ACCOUNT}:{path}" for path in others)
    # A role of the template has its path.
    words = ["Main/Etl" if "Etl" in path else f"arn:aws:iam::{ACCOUNT}:{path}" for path in others]
    assert (f"others use it too: {', '.join(words)}" in report.to_text()) == bool(others)


def test_a_role_is_no_other_than_itself(tmp_path: Path) -> None:
    """By the text of its ARN, in a stack that doesn't know its partition."""
    named = "arn:aws:iam::111122223333:role/Named"
    policy, movies = managed(STATEMENT, Roles=["Named"]), dataset_group(role=named)
    template = complete(Role=role(RoleName="Named"), Policy=policy, Movies=movies)
    report = check(tmp_path, template, region="unknown-region")
    assert [entry.action for entry in report.excess if entry.policy == "role"] == ["kms:Encrypt"]
    assert [policy.also_for for policy in report.policies if policy.policy == "role"] == [()]
