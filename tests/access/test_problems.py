"""Problems that no statement mends: limits, unusable keys, untrusted roles, missing waits."""

from typing import Any

import pytest

from personalize_kms_check._comparison import compare
from personalize_kms_check._model.causes import Cause
from personalize_kms_check._model.model import Role
from personalize_kms_check._model.policy_documents import Policy
from personalize_kms_check._model.requests import Request
from tests.access.models import (
    ACCOUNT,
    ANOTHER_ACCOUNT,
    IAM_ACTIONS,
    IMPORT_JOB,
    KEY,
    ON_KEY,
    REGION,
    ROLE,
    TRUST,
    Statement,
    asked,
    iam,
    in_main,
    location,
    model_of,
    policy,
    report_of,
)

AWS_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/aws/s3"
CLEAN: dict[str, Any] = {"key": ON_KEY, "iam": [iam(IAM_ACTIONS)]}


def problems(*requests: Request, **more: Any) -> list[tuple[str, str]]:
    return [
        (problem.kind, problem.message)
        for problem in report_of(*requests, **{**CLEAN, **more}).problems
    ]


def source(operator: str, arn: str) -> Statement:
    """A trust policy's statement for some resources of Personalize."""
    return {**TRUST, "Condition": {operator: {"aws:SourceArn": f"arn:aws:personalize:{arn}"}}}


@pytest.mark.parametrize(
    ("statement", "answer"),
    [
        # The page's trust policy, with or without its conditions, which are documented here.
        ({**TRUST, "Condition": {}}, "yes"),
        ({**TRUST, "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}}, "yes"),
        (
            {
                **TRUST,
                "Principal": {"Service": ["lambda.amazonaws.com", "personalize.amazonaws.com"]},
            },
            "yes",
        ),
        ({**TRUST, "Action": ["sts:AssumeRole", "sts:TagSession"]}, "yes"),
        ({**TRUST, "Action": "sts:*"}, "yes"),
        (source("ArnEquals", f"*:{ACCOUNT}:*"), "yes"),
        # Another service, another action, another account or Region; a wildcard in a comparison
        # that knows none.
        ({**TRUST, "Principal": {"Service": "lambda.amazonaws.com"}}, "no"),
        ({**TRUST, "Condition": {"StringEquals": {"sts:ExternalId": "secret"}}}, "no"),
        ({**TRUST, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}, "no"),
        ({**TRUST, "Action": "sts:AssumeRoleWithSAML"}, "no"),
        ({**TRUST, "Condition": {"StringEquals": {"aws:SourceAccount": ANOTHER_ACCOUNT}}}, "no"),
        (source("ArnLike", f"us-east-1:{ACCOUNT}:*"), "no"),
        (source("StringEquals", f"eu-west-1:{ACCOUNT}:*"), "no"),
        # Which ARN Personalize sends isn't documented in such detail.
        (source("ArnEquals", f"eu-west-1:{ACCOUNT}:dataset-group/movies"), "open"),
    ],
)
def test_roles_that_personalize_can_assume(statement: Statement, answer: str) -> None:
    """A role that doesn't trust Personalize is a problem, with the statement to add."""
    report = report_of(trust=[statement], **CLEAN)
    assert [(entry.action, entry.policy, entry.resource) for entry in report.undecided] == [
        ("sts:AssumeRole", "trust", ROLE)
    ] * (answer == "open")
    assert [(problem.kind, problem.message) for problem in report.problems] == [
        (
            "trust",
            f"{ROLE} doesn't trust Personalize, which has to assume it (the trust policy has no "
            "statement that allows it): allow personalize.amazonaws.com sts:AssumeRole in its "
            "trust policy",
        )
    ] * (answer == "no")
    is_to_change = answer == "no" or len(report.excess) > 0
    assert [change.should_have for change in report.policies] == [(TRUST,)] * is_to_change


def test_a_role_whose_trust_policy_denies() -> None:
    """The denial has to go: one more statement that allows it doesn't help."""
    report = report_of(trust=[TRUST, {**TRUST, "Sid": "DenyAll", "Effect": "Deny"}], **CLEAN)
    (problem,) = report.problems
    assert report.policies == ()
    assert problem.message == (
        f"{ROLE} doesn't trust Personalize, which has to assume it (denied by statement DenyAll of "
        "trust policy): remove the denial from its trust policy, or exempt "
        "personalize.amazonaws.com"
    )
    # Without it, a statement is missing.
    report = report_of(trust=[{**TRUST, "Effect": "Deny"}], **CLEAN)
    assert [problem.cause for problem in report.problems] == [Cause.TRUST_DENIED]


@pytest.mark.parametrize(
    ("arn", "says"),
    [
        (
            f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/movies",
            "is an alias, and Personalize takes only the ARN of a key",
        ),
        (
            "1234abcd-12ab-34cd-56ef-1234567890ab",
            "isn't an ARN, and Personalize takes nothing else",
        ),
        (
            f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234",
            "is in us-east-1, and Personalize works in eu-west-1",
        ),
        (AWS_KEY, "is AWS's own key aws/s3"),
    ],
)
def test_arns_that_personalize_does_not_take(arn: str, says: str) -> None:
    """An alias, an id, a key of another Region, and the key whose policy nobody can change."""
    ((_, message),) = problems(asked(dataset_group_key=arn))
    assert says in message


def test_a_role_of_another_account() -> None:
    """AWS says: cross-account pass role is not allowed."""
    arn = f"arn:aws:iam::{ANOTHER_ACCOUNT}:role/theirs"
    model = model_of(asked(role_arn=arn), **CLEAN)
    model.roles[arn] = Role(arn, [policy("trust policy", [{**TRUST, "Condition": {}}])])
    (problem,) = compare(model).problems
    assert (problem.kind, problem.message) == (
        "configuration",
        f"{arn} is a role in another account, which Personalize doesn't take: use a role in "
        "account 111122223333",
    )


def test_what_is_not_waited_for() -> None:
    """Each resource and policy is one problem; a policy that exists already is none."""
    model = model_of(asked(waits_for=frozenset({in_main("Key")})), **CLEAN)
    model.keys[KEY].policies = [
        Policy(model.keys[KEY].policies[0].document, "key policy", declared=in_main("Key"))
    ]
    assert compare(model).problems == ()
    document = model.roles[ROLE].identity[0].document
    model.roles[ROLE].identity = [
        Policy(document, "policy Main/Policy", declared=in_main("Policy"))
    ]
    (problem,) = compare(model).problems
    assert problem.kind == "ordering"
    assert problem.message == (
        "movies (dataset group) may be created before policy Main/Policy, which allows "
        "kms:Decrypt, kms:DescribeKey, kms:GenerateDataKey, kms:ListGrants: add a DependsOn on "
        "that policy"
    )
    assert not problem.is_warning
    # What can't be seen of a key's policy may allow it as well.
    model.keys[KEY].unseen = "it is pending"
    (problem,) = compare(model).problems
    assert problem.is_warning
    # Another policy that says the same is there in time.
    model.roles[ROLE].identity.append(
        Policy(document, "policy Main/Other", declared=in_main("Key"))
    )
    assert compare(model).problems == ()


MANY = policy("boundary Main/Boundary", [iam(["*"], "*")], declared=in_main("Boundary"))
DENIES = iam(
    ["kms:Decrypt"],
    Effect="Deny",
    Condition={"StringEquals": {"aws:RequestedRegion": "${region?}"}},
)


@pytest.mark.parametrize(
    ("more", "statements", "open_actions"),
    [
        ({"boundary": MANY}, [], set()),
        ({"unseen_boundary": "it isn't part of the app"}, [], {*IAM_ACTIONS, "kms:CreateGrant"}),
        (
            {"unseen_denials": "managed policy Baseline isn't part of the app"},
            [],
            {*IAM_ACTIONS, "kms:CreateGrant"},
        ),
        ({}, [DENIES], {"kms:Decrypt"}),
    ],
)
def test_what_only_limits_has_no_say_in_the_order(
    more: dict[str, Any], statements: list[Statement], open_actions: set[str]
) -> None:
    """Policies that allow have to be there, whatever a boundary or a denial may take away."""
    model = model_of(asked(waits_for=frozenset()), **CLEAN)
    model.roles[ROLE] = Role(ROLE, trust=model.roles[ROLE].trust, **more)
    model.roles[ROLE].identity = [
        policy("policy Main/Policy", [iam(IAM_ACTIONS), *statements], declared=in_main("Policy"))
    ]
    report = compare(model)
    assert {entry.action for entry in report.undecided} == open_actions
    assert [
        (problem.cause, problem.is_warning, problem.reason.values["before"])
        for problem in report.problems
    ] == [(Cause.NOT_WAITED_FOR, False, "policy Main/Policy")]
    assert report.problems[0].reason.values["actions"] == (
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:GenerateDataKey",
        "kms:ListGrants",
    )


def test_what_is_denied_waits_for_nothing() -> None:
    """It is missing, and no order helps."""
    model = model_of(asked(waits_for=frozenset()), **CLEAN)
    statements = [iam(IAM_ACTIONS), iam(IAM_ACTIONS, Effect="Deny")]
    model.roles[ROLE].identity = [policy("IAM policy", statements, declared=in_main("Policy"))]
    assert compare(model).problems == ()


def test_entries_and_problems_have_the_requests_behind_them() -> None:
    """And tell whether a construct of this library answers for one of them."""
    ours, theirs = (
        asked(name="ours", ours=True),
        asked(IMPORT_JOB, name="theirs", source=location()),
    )
    model = model_of(ours, theirs, key=[], iam=[])
    model.keys[KEY].state = "Disabled"
    report = compare(model)
    on_bucket = [entry for entry in report.missing if entry.policy == "bucket"]
    assert {(entry.requests, entry.ours) for entry in on_bucket} == {((theirs,), False)}
    create = next(entry for entry in report.missing if entry.action == "kms:CreateGrant")
    assert (create.requests, create.ours) == ((ours, theirs), True)
    (problem,) = report.problems
    assert (problem.requests, problem.ours) == ((ours, theirs), True)
    assert problem.needed_by == ["ours (dataset group)", "theirs (dataset import job)"]
