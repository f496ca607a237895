"""Requests that the function refuses to everybody: its invokers must not own the keys."""

from typing import Any

import pytest

from personalize_kms_constructs._managed_key_policy import function as key_policy_function
from tests.managed_key_policy.conftest import (
    ACTIONS,
    ANOTHER_KEY,
    KEY,
    OTHER,
    POLICY,
    Aws,
    Function,
    may_write,
    properties,
    statement,
    written,
)

ROLE = "arn:aws:iam::111111111111:role/service/personalize"
FOR_A_ROLE = {
    "Sid": "A",
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
    "Action": ACTIONS,
    "Resource": "*",
    "Condition": {"ArnEquals": {"aws:PrincipalArn": ROLE}},
}
FOR_THE_SERVICE = {
    **statement("A"),
    "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": "111111111111"}},
}


def for_principal(
    operator: str = "ArnEquals", key: str = "aws:PrincipalArn", arn: Any = ROLE
) -> dict[str, Any]:
    """Return the statement for a role, with this condition."""
    return {**FOR_A_ROLE, "Condition": {operator: {key: arn}}}


@pytest.mark.parametrize("good", [FOR_A_ROLE, FOR_THE_SERVICE], ids=["role", "service"])
def test_statements_of_the_construct_are_taken(
    function: Function, aws: Aws, good: dict[str, Any]
) -> None:
    """And goes again."""
    assert function("Create", good)["Status"] == "SUCCESS"
    assert aws.policy != POLICY
    assert function("Delete", good)["Status"] == "SUCCESS"
    assert aws.policy == POLICY


@pytest.mark.parametrize(
    "bad",
    [
        {**FOR_THE_SERVICE, "Effect": "Deny"},
        {**FOR_THE_SERVICE, "Action": "kms:*"},
        {**FOR_THE_SERVICE, "Action": ["kms:Decrypt", "kms:PutKeyPolicy"]},
        {
            "Sid": "A",
            "Effect": "Allow",
            "Principal": {"Service": "personalize.amazonaws.com"},
            "Resource": "*",
        },
        {**FOR_THE_SERVICE, "NotAction": "kms:Decrypt"},
        {**FOR_THE_SERVICE, "Resource": "arn:aws:kms:*"},
        {**FOR_THE_SERVICE, "Principal": {"Service": "lambda.amazonaws.com"}},
        {
            **FOR_THE_SERVICE,
            "Principal": {"Service": ["personalize.amazonaws.com", "lambda.amazonaws.com"]},
        },
        {
            **FOR_THE_SERVICE,
            "Principal": {"Service": "personalize.amazonaws.com", "AWS": "222222222222"},
        },
        {**FOR_THE_SERVICE, "Principal": "*"},
        {**FOR_A_ROLE, "Principal": {"AWS": "*"}},
        {**FOR_A_ROLE, "Principal": {"AWS": ROLE}},
        {**FOR_A_ROLE, "Principal": {"AWS": "arn:aws:iam::222222222222:root"}},
        {key: value for key, value in FOR_A_ROLE.items() if key != "Condition"},
        {**FOR_A_ROLE, "Condition": {}},
        for_principal("ArnLike"),
        for_principal(key="aws:SourceArn"),
        for_principal(arn=[]),
        for_principal(arn=[ROLE, f"{ROLE}2"]),
        for_principal(arn="arn:aws:iam::111111111111:role/*"),
        for_principal(arn="arn:aws:iam::111111111111:role/pers?nalize"),
        for_principal(arn="arn:aws:iam::111111111111:role/${aws:x}"),
        for_principal(arn="arn:aws:iam::222222222222:role/x"),
        for_principal(arn="arn:aws:iam::111111111111:user/x"),
        {
            **FOR_A_ROLE,
            "Condition": {"ArnEquals": {"aws:PrincipalArn": ROLE, "aws:SourceArn": ROLE}},
        },
        {
            **FOR_A_ROLE,
            "Condition": {"ArnEquals": {"aws:PrincipalArn": ROLE}, "Bool": {"aws:x": "true"}},
        },
    ],
    ids=lambda bad: ",".join(
        str(value) for key, value in bad.items() if key not in ("Sid", "Resource")
    )[:70],
)
def test_any_other_statement_is_refused(function: Function, aws: Aws, bad: dict[str, Any]) -> None:
    """Another effect, action, resource, principal or condition is refused."""
    answer = function("Create", bad)
    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == (
        f"the function may not write statement A into the policy of key {KEY}: it writes what it "
        "was deployed for, A, and in these statements what Amazon Personalize needs, under the "
        "conditions it was deployed with"
    )
    assert (aws.policy, aws.writes) == (POLICY, [])


@pytest.mark.parametrize(
    ("keys", "shown"),
    [
        ({}, "nothing for this key"),
        ({ANOTHER_KEY: {"A": 0}}, "nothing for this key"),
        ({KEY: {"C": 0, "B": 0}}, "B, C"),
    ],
    ids=["no key", "another key", "another sid"],
)
def test_keys_and_sids_that_it_was_not_deployed_for(
    function: Function, aws: Aws, keys: dict[str, dict[str, int]], shown: str
) -> None:
    """The configuration decides, not the request."""
    function.keys += [
        {"Owner": "KeyPolicy", "Arn": arn, "Sids": sids} for arn, sids in keys.items()
    ]
    answer = function.as_configured("Create", statement("A"))
    assert f"it writes what it was deployed for, {shown}, and" in answer["Reason"]
    assert aws.policy == POLICY


@pytest.mark.parametrize(
    ("deployed", "asked"),
    [
        (FOR_A_ROLE, for_principal(arn=f"{ROLE}2")),
        (FOR_THE_SERVICE, statement("A")),
        (
            FOR_THE_SERVICE,
            {
                **statement("A"),
                "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": "2" * 12}},
            },
        ),
        (FOR_A_ROLE, FOR_THE_SERVICE),
        (FOR_THE_SERVICE, FOR_A_ROLE),
        (statement("A"), FOR_A_ROLE),
    ],
    ids=[
        "another role",
        "no account",
        "another account",
        "service for role",
        "role for service",
        "role for anybody",
    ],
)
def test_conditions_that_it_was_not_deployed_with(
    function: Function, aws: Aws, deployed: dict[str, Any], asked: dict[str, Any]
) -> None:
    """Whoever invokes it can neither choose the role nor leave out the account."""
    function.conditions += [{"Bool": {"aws:Other": "true"}}, deployed.get("Condition", {})]
    function.keys.append({"Owner": "KeyPolicy", "Arn": KEY, "Sids": {"A": 2, "B": 1}})
    assert function.as_configured("Create", deployed)["Status"] == "SUCCESS"
    before = aws.policy
    answer = function.as_configured("Update", asked, old=properties(deployed))
    assert answer["Reason"].startswith("the function may not write statement A into the policy")
    assert aws.policy == before


def test_one_construct_that_reaches_a_key_twice(function: Function, aws: Aws) -> None:
    """Two resources of one construct for a key would undo each other's statements of equal sids."""
    function.keys[:] = [
        {"Owner": owner, "Arn": KEY, "Sids": {"A": 0, "B": 0}} for owner in ("First", "Second")
    ]
    function.keys.append({"Owner": "Another", "Arn": KEY, "Sids": {"C": 0}})
    for owner in ("First", "Second"):
        answer = function.as_configured("Create", statement("A"), LogicalResourceId=owner)
        assert answer["Reason"] == (
            f"key {KEY} is managed twice, by First and Second: one construct got it under two "
            "names, as an ARN and a parameter for example; give it one, or use a construct for each"
        )
    assert aws.policy == POLICY
    answer = function.as_configured("Create", statement("C"), LogicalResourceId="Another")
    assert answer["Reason"] == ""


def test_removal_works_when_the_configuration_has_the_key_no_longer(
    function: Function, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In CloudFormation's clean-up the function has its new configuration already."""
    function("Create", statement("A"))
    monkeypatch.setattr(key_policy_function, "MAY_WRITE", may_write())
    assert function("Delete", statement("A"))["Status"] == "SUCCESS"
    assert aws.policy == POLICY


def test_removal_leaves_statements_of_another_form(function: Function, aws: Aws) -> None:
    """A request can name any sid, those of the key's owner included."""
    before = aws.policy
    answer = function("Delete", {**statement("Account")}, {**statement("Other")})
    assert (answer["Status"], aws.policy) == ("SUCCESS", before)

    owners = written({**statement("A"), "Effect": "Deny"})
    aws.policy = owners
    assert function("Delete", statement("A"))["Status"] == "SUCCESS"
    assert aws.policy == owners


@pytest.mark.parametrize("ours_is_last", [True, False])
def test_two_statements_of_one_sid(function: Function, aws: Aws, ours_is_last: bool) -> None:
    """KMS's pages don't say that a sid is unique: somebody's Deny stays, and ours goes alone."""
    deny = {**statement("A"), "Effect": "Deny"}
    both = [deny, statement("A")] if ours_is_last else [statement("A"), deny]
    aws.policy = written(*both)
    answer = function("Update", statement("A"), old=properties(statement("A", "kms:ListGrants")))
    assert "has another statement with the sid A" in answer["Reason"]
    assert aws.writes == []

    assert function("Delete", statement("A"))["Status"] == "SUCCESS"
    assert aws.writes == [written(deny)]


def test_statements_of_any_form_may_be_there(function: Function, aws: Aws) -> None:
    """With the negated elements, without a sid."""
    theirs = [
        {
            "Effect": "Deny",
            "NotPrincipal": {"AWS": "111111111111"},
            "NotAction": "kms:Decrypt",
            "NotResource": "*",
        },
        {
            "Effect": "Allow",
            "Principal": "*",
            "Action": ["kms:*"],
            "Resource": "*",
            "Condition": {},
        },
    ]
    aws.policy = written(*theirs)
    assert function("Create", statement("A"))["Status"] == "SUCCESS"
    assert function("Delete", statement("A"))["Status"] == "SUCCESS"
    assert aws.writes == [written(*theirs, statement("A")), written(*theirs)]


@pytest.mark.parametrize(
    ("shown", "sent"),
    [("\u20ac", "\\u20ac"), ("\U0001f511", "\\ud83d\\udd11"), ("\u00e9", "\u00e9")],
)
def test_characters_that_kms_does_not_take_are_escaped(
    function: Function, aws: Aws, shown: str, sent: str
) -> None:
    """It takes those up to U+00FF, and may show another that was written as an escape."""
    aws.policy = {"Statement": [{**OTHER, "Sid": shown}]}
    function("Create", statement("A"))
    assert f'"Sid":"{sent}"' in aws.texts[0]
