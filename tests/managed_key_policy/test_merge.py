"""Changes of a key policy: ours come and go, and the statements of others keep their meaning."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.managed_key_policy.conftest import (
    ACCOUNT,
    OTHER,
    Aws,
    Function,
    properties,
    statement,
    written,
)

ROOT = "arn:aws:iam::111111111111:root"
FOR_A_ROLE = {
    "Sid": "A",
    "Effect": "Allow",
    "Principal": {"AWS": ROOT},
    "Action": ["kms:Decrypt", "kms:DescribeKey"],
    "Resource": "*",
    "Condition": {"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/ours"}},
}
OLD = statement("A", "kms:ListGrants")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([OLD, ACCOUNT], [ACCOUNT, statement("A")]),
        ([ACCOUNT, OLD, OTHER], [ACCOUNT, OTHER, statement("A")]),
        (OLD, [statement("A")]),
        ([], [statement("A")]),
        ([statement("A"), OLD], [statement("A")]),
        ([statement("A"), ACCOUNT, statement("A")], [statement("A"), ACCOUNT]),
        ([{}, {}], [{}, {}, statement("A")]),
    ],
    ids=["first", "between", "single", "empty", "twice", "twice alike", "others alike"],
)
def test_a_statement_that_differs_is_replaced(
    function: Function, aws: Aws, before: Any, after: list[Any]
) -> None:
    """The old one goes wherever it is, the new one comes at the end, once.

    It's ours by its sid, now or before. The rest of the policy stays.
    """
    aws.policy = {"Id": "theirs", "Statement": before, "Version": "2012-10-17"}
    assert function("Create", statement("A"))["Status"] == "SUCCESS"
    assert aws.writes == [{"Id": "theirs", "Statement": after, "Version": "2012-10-17"}]


def test_sids_of_before_go_and_others_stay(function: Function, aws: Aws) -> None:
    """An update knows by which sids it went before."""
    aws.policy = written(statement("Old1"), statement("B"), statement("Old2"))
    old = properties(statement("Old1"), statement("Old2"))
    assert function("Update", old=old)["Status"] == "SUCCESS"
    assert aws.policy == written(statement("B"))


@pytest.mark.parametrize(
    "there",
    [
        [FOR_A_ROLE, ACCOUNT],
        FOR_A_ROLE,
        [{**FOR_A_ROLE, "Action": ["kms:DescribeKey", "kms:Decrypt"], "Resource": ["*"]}],
        [{**FOR_A_ROLE, "Principal": {"AWS": ["111111111111"]}}],
        [dict(reversed(FOR_A_ROLE.items()))],
    ],
    ids=["in front", "single", "lists", "account", "order of elements"],
)
def test_nothing_is_written_when_the_statement_is_there(
    function: Function, aws: Aws, there: Any
) -> None:
    """KMS may write a statement in another way than it was written."""
    aws.policy = {"Statement": there}
    assert function("Create", FOR_A_ROLE)["Status"] == "SUCCESS"
    assert aws.writes == []


@pytest.mark.parametrize(
    ("ours", "theirs", "is_the_same"),
    [
        ({"Bool": {"aws:x": "true"}}, {"Bool": {"aws:x": True}}, True),
        ({"StringEquals": {"aws:x": ["a", "b"]}}, {"StringEquals": {"aws:x": ["b", "a"]}}, True),
        ({"StringEquals": {"aws:x": ["a", "b"]}}, {"StringEquals": {"aws:x": ["a"]}}, False),
        ({"StringEquals": {"aws:x": "111111111111"}}, {"StringEquals": {"aws:x": ROOT}}, False),
        ({}, {"Bool": {"aws:x": "true"}}, False),
    ],
    ids=["boolean", "order", "one less", "account and root", "new"],
)
def test_a_condition_of_another_meaning_is_put_right(
    function: Function, aws: Aws, ours: Any, theirs: Any, is_the_same: bool
) -> None:
    """Somebody changed our statement. In a condition an account isn't its root."""
    asked = {**statement("A"), "Condition": ours}
    aws.policy = written({**statement("A"), "Condition": theirs})
    assert function("Create", asked)["Status"] == "SUCCESS"
    assert aws.writes == ([] if is_the_same else [written(asked)])


TEXTS = st.text(max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(TEXTS, inside, max_size=3),
    max_leaves=6,
)
SIDS = st.none() | TEXTS.filter(lambda sid: sid != "A")


@settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(others=st.lists(st.tuples(st.dictionaries(TEXTS, VALUES, max_size=3), SIDS), max_size=4))
def test_ours_come_and_go_and_the_others_keep_their_meaning(
    function: Function, aws: Aws, others: list[tuple[dict[str, Any], str | None]]
) -> None:
    """Whatever they have, also characters that KMS doesn't take as they are."""
    theirs = []
    for elements, sid in others:
        theirs.append({**elements, **({} if sid is None else {"Sid": sid})})
    aws.policy = before = {"Statement": theirs, "Version": "2012-10-17"}
    aws.texts.clear()
    assert function("Create", statement("A"))["Status"] == "SUCCESS"
    assert aws.policy == {**before, "Statement": [*theirs, statement("A")]}
    assert function("Delete", statement("A"))["Status"] == "SUCCESS"
    assert aws.policy == before
    assert max("".join(aws.texts)) <= "\xff"
