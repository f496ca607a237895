"""Policies that several principals have, as templates attach them."""

from pathlib import Path
from typing import Any

import pytest

from tests.checks.templates import (
    ACCOUNT,
    IN_IAM,
    KEY,
    check,
    complete,
    dataset_group,
    managed,
    role,
)

POLICY = {"Ref": "Policy"}
USER = {"Type": "AWS::IAM::User", "Properties": {"UserName": "ada", "ManagedPolicyArns": [POLICY]}}
GROUP = {"Type": "AWS::IAM::Group", "Properties": {"ManagedPolicyArns": [POLICY]}}


@pytest.mark.parametrize(
    ("type", "given", "resources", "others"),
    [
        ("AWS::IAM::Policy", {}, {}, []),
        (
            "AWS::IAM::Policy",
            {"Roles": [{"Ref": "Role"}, {"Ref": "Etl"}]},
            {"Etl": role()},
            ["role/${Main.Etl}"],
        ),
        (
            "AWS::IAM::Policy",
            {"Roles": [{"Ref": "Role"}, "Etl"]},
            {"Etl": role(RoleName="Etl")},
            ["role/Etl"],
        ),
        (
            "AWS::IAM::Policy",
            {"Users": ["ada"], "Groups": ["staff"]},
            {},
            ["user/ada", "group/staff"],
        ),
        ("AWS::IAM::ManagedPolicy", {}, {}, []),
        (
            "AWS::IAM::ManagedPolicy",
            {},
            {"Etl": role(ManagedPolicyArns=[POLICY])},
            ["role/${Main.Etl}"],
        ),
        (
            "AWS::IAM::ManagedPolicy",
            {},
            {"Ada": USER, "Staff": GROUP},
            ["user/ada", "group/${Main.Staff}"],
        ),
    ],
)
def test_whoever_has_a_policy_is_named(
    type: str, given: dict[str, Any], resources: dict[str, Any], others: list[str], tmp_path: Path
) -> None:
    """The policy may name them, or they the policy."""
    statement = {"Effect": "Allow", "Action": [*IN_IAM, "kms:Encrypt"], "Resource": KEY}
    template = complete(Policy=managed(statement, type=type, **given), **resources)
    report = check(tmp_path, template)
    assert [entry.action for entry in report.excess] == ["kms:Encrypt"]
    (of_role,) = report.policies
    assert of_role.also_for == tuple(f"arn:aws:iam::{ACCOUNT}:{path}" for path in others)
    # A role of the template has its path.
    words = [
        {"role/${Main.Etl}": "Main/Etl", "role/Etl": "Main/Etl"}.get(
            path, f"arn:aws:iam::{ACCOUNT}:{path}"
        )
        for path in others
    ]
    assert (f"what goes also serves {', '.join(words)}" in report.to_text()) == bool(others)


def test_a_role_is_no_other_than_itself(tmp_path: Path) -> None:
    """By the text of its ARN, in a stack that doesn't know its partition."""
    named = "arn:aws:iam::111122223333:role/Named"
    template = complete(
        Role=role(RoleName="Named"),
        Policy=managed(
            {"Effect": "Allow", "Action": [*IN_IAM, "kms:Encrypt"], "Resource": KEY},
            Roles=["Named"],
        ),
        Movies=dataset_group(role=named),
    )
    report = check(tmp_path, template, region="unknown-region")
    assert [entry.action for entry in report.excess if entry.policy == "role"] == ["kms:Encrypt"]
    assert [policy.also_for for policy in report.policies if policy.policy == "role"] == [()]
