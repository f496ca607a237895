"""Others for whom a statement, a policy or a role is too: what is taken out of it is taken from them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from personalize_kms_constructs import matrix
from personalize_kms_constructs._access.causes import Cause
from personalize_kms_constructs._access.comparison import compare
from personalize_kms_constructs._access.model import Role
from tests.access.models import (
    ACCOUNT,
    ANOTHER_ACCOUNT,
    BUCKET,
    IAM_ACTIONS,
    IMPORT_JOB,
    ON_BUCKET,
    ON_KEY,
    READ,
    ROLE,
    ROOT,
    SERVICE,
    TRUST,
    Statement,
    asked,
    iam,
    location,
    model,
    policy,
    report,
    role,
    service,
)

IMPORT = asked(IMPORT_JOB, name="import", source=location())
ETL, JANITOR = f"arn:aws:iam::{ACCOUNT}:role/Etl", f"arn:aws:iam::{ACCOUNT}:role/Janitor"
SECOND_ROLE = f"{ROLE}2"
RIGHT: dict[str, list[Statement]] = {
    "key": ON_KEY,
    "iam": [iam(IAM_ACTIONS), *READ],
    "bucket": ON_BUCKET,
    "trust": [TRUST],
}
BY_ARN = {"ArnEquals": {"aws:PrincipalArn": [ROLE, ETL]}}
OF_ACCOUNT = {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}
ALL_OBJECTS = f"{BUCKET}/*"

OF_ANY_PARTITION = ROLE.replace("arn:aws:", "arn:${AWS::Partition}:")


@pytest.mark.parametrize(
    ("statements", "others"),
    [
        # Nobody else.
        ({"key": [role(["kms:Encrypt"])]}, {}),
        ({"key": [role(["kms:Encrypt"], Principal={"AWS": ROLE, "Service": SERVICE})]}, {}),
        (
            {
                "key": [
                    role(["kms:Encrypt"], Principal={"AWS": ROOT}, Condition={"ArnEquals": {"aws:PrincipalArn": ROLE}})
                ]
            },
            {},
        ),
        # By another spelling of its name.
        ({"key": [role(["kms:Encrypt"], Principal={"AWS": OF_ANY_PARTITION})]}, {}),
        (
            {
                "key": [
                    role(
                        ["kms:Encrypt"],
                        Principal={"AWS": ROOT},
                        Condition={"ArnEquals": {"aws:PrincipalArn": OF_ANY_PARTITION}},
                    )
                ]
            },
            {},
        ),
        ({"iam": [iam(["kms:Encrypt"])]}, {}),
        # Other principals of the statement.
        (
            {
                "key": [
                    role(["kms:Encrypt"], Principal={"AWS": [ROLE, ETL], "Service": [SERVICE, "logs.amazonaws.com"]})
                ]
            },
            {ETL: "statement", "logs.amazonaws.com": "statement"},
        ),
        ({"key": [role(["kms:Encrypt"], Principal={"AWS": [ROLE, ROOT]})]}, {ROOT: "statement"}),
        ({"key": [role(["kms:Encrypt"], Principal={"AWS": ROOT}, Condition=BY_ARN)]}, {ETL: "statement"}),
        ({"key": [role(["kms:Encrypt"], Principal="*", Condition=BY_ARN)]}, {ETL: "statement"}),
        (
            {
                "bucket": [
                    service(
                        ["s3:PutObject"],
                        Resource=ALL_OBJECTS,
                        Principal={"Service": [SERVICE, "forecast.amazonaws.com"]},
                    )
                ]
            },
            {"forecast.amazonaws.com": "statement"},
        ),
        (
            {
                "bucket": [
                    service(
                        ["s3:PutObject"], Resource=ALL_OBJECTS, Principal={"Service": SERVICE, "CanonicalUser": "79a5"}
                    )
                ]
            },
            {"79a5": "statement"},
        ),
        ({"key": [role(["kms:Encrypt"], Principal="*", Condition=OF_ACCOUNT)]}, {"*": "statement"}),
        # A statement without what it says is for everybody names no others.
        ({"key": [service(["kms:Decrypt"], Principal="*", Condition={})]}, {}),
        # Those of a trust policy, who use the role whatever allows it something.
        (
            {"trust": [{**TRUST, "Principal": {"Service": [SERVICE, "sagemaker.amazonaws.com"]}, "Condition": {}}]},
            {"sagemaker.amazonaws.com": "statement"},
        ),
        (
            {
                "trust": [TRUST, {**TRUST, "Principal": {"Service": "sagemaker.amazonaws.com"}, "Condition": {}}],
                "iam": [iam(["kms:Encrypt"])],
            },
            {"sagemaker.amazonaws.com": "role"},
        ),
        (
            {
                "trust": [
                    TRUST,
                    {**TRUST, "Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Condition": {}},
                ],
                "key": [role(["kms:Encrypt"], Principal={"AWS": [ROLE, ETL]})],
            },
            {"cognito-identity.amazonaws.com": "role", ETL: "statement"},
        ),
        # A principal of another account is taken out alone.
        ({"trust": [TRUST, {**TRUST, "Principal": {"AWS": [ANOTHER_ACCOUNT, ETL]}, "Condition": {}}]}, {}),
    ],
)
def test_whom_a_finding_concerns_besides(statements: dict[str, Any], others: dict[str, str]) -> None:
    """Each with what it should have of its own."""
    given = {kind: [*(RIGHT[kind] if kind != "trust" else []), *statements.get(kind, [])] for kind in RIGHT}
    given["trust"] = given["trust"] or [TRUST]
    found = report(asked(), IMPORT, **given)
    assert found.missing == ()
    assert found.excess
    assert [each.also_for for each in found.excess] == [others] * len(found.excess)


def test_an_account_without_quotes_is_named() -> None:
    """As YAML has it, a number."""
    statement = role(["kms:Encrypt"], Principal={"AWS": [ROLE, int(ANOTHER_ACCOUNT)]})
    found = report(asked(), key=[*ON_KEY, statement], iam=[iam(IAM_ACTIONS)])
    assert [each.also_for for each in found.excess] == [{ANOTHER_ACCOUNT: "statement"}]


def test_a_policy_of_several_roles() -> None:
    """Those that Personalize has are asked what they need; of others nobody knows, who call Personalize or don't."""
    found = model(
        asked(), asked(name="books", role_arn=SECOND_ROLE, caller_arn=JANITOR), key=[role([], Principal="*"), *ON_KEY]
    )
    shared = policy("shared", [iam([*IAM_ACTIONS, "kms:*"])], also_of=(JANITOR, SECOND_ROLE))
    found.roles[ROLE].identity = [shared]
    found.roles[SECOND_ROLE] = Role(
        SECOND_ROLE, trust=[policy("trust", [TRUST])], identity=[replace(shared, also_of=(JANITOR, ROLE))]
    )
    (of_first, of_second) = [each for each in compare(found).excess if each.action == "kms:*"]
    assert of_first.also_for == of_second.also_for == {JANITOR: "policy"}
    assert of_first.fix == (f"the policy also serves {JANITOR}: add a policy of their own for them, then remove it")


def test_what_only_the_other_role_of_a_policy_needs() -> None:
    """The same statement in its place would be too much again: the other gets a policy of its own."""
    shared = policy("shared", READ[1:], also_of=(SECOND_ROLE,))
    attribution = asked(
        matrix.METRIC_ATTRIBUTION, name="metrics", role_arn=SECOND_ROLE, destination=location("metrics/")
    )
    found = model(asked(), IMPORT, attribution, key=ON_KEY, bucket=ON_BUCKET)
    found.roles[ROLE].identity.append(policy("reads", READ[:1]))
    second = Role(SECOND_ROLE, trust=[policy("trust", [TRUST])], identity=[replace(shared, also_of=(ROLE,))])
    found.roles |= {SECOND_ROLE: second}
    found.roles[ROLE].identity.append(shared)
    (entry,) = [each for each in compare(found).excess if each.action == "s3:ListBucket"]
    assert (entry.policy_of, entry.also_for, entry.make_for) == (SECOND_ROLE, {}, ROLE)
    assert entry.fix == f"remove it, and put what is needed into a new AWS::IAM::Policy of role {ROLE}"
    assert entry.instead == (iam(["s3:ListBucket"], BUCKET),)


def test_a_role_of_personalize_that_uses_another_key() -> None:
    """What it does with this one isn't known."""
    statement = role(["kms:Encrypt"], Principal={"AWS": [ROLE, SECOND_ROLE]})
    found = model(asked(), asked(name="books", role_arn=SECOND_ROLE, dataset_group_key=None), key=[*ON_KEY, statement])
    assert [each.also_for for each in compare(found).excess] == [{SECOND_ROLE: "statement"}]


def test_every_form_says_for_whom_a_statement_is() -> None:
    """With the names that reports have."""
    principal = {"AWS": [ROLE, ETL], "Service": "logs.amazonaws.com"}
    trust = [TRUST, {**TRUST, "Principal": {"Service": "sagemaker.amazonaws.com"}, "Condition": {}}]
    in_key = [*ON_KEY, role(["kms:Encrypt"], Principal=principal)]
    found = report(key=in_key, iam=[iam(IAM_ACTIONS)], trust=trust)
    words = (
        "the role also serves sagemaker.amazonaws.com: add a role of their own for them; the statement also serves "
        f"{ETL}, logs.amazonaws.com: add a statement of their own for them, then remove it"
    )
    assert f"→ {words}" in " ".join(found.to_text().split())
    assert f"AWS's pages don't ask for it: {words} |" in found.to_markdown()
    (entry,) = json.loads(found.to_json())["excess"]
    assert entry["fix"] == words
    assert entry["also_for"] == {
        "sagemaker.amazonaws.com": "role",
        ETL: "statement",
        "logs.amazonaws.com": "statement",
    }
    assert Cause.NOT_ASKED.id == entry["cause"]
