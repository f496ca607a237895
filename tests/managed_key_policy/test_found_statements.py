"""Statements of our sids that the function finds in the policy of a key when the resource is new."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from tests.managed_key_policy.conftest import (
    POLICY,
    Function,
    Spy,
    properties,
    raiser,
    refused,
    statement,
    written,
)

Policy = Callable[[], str]


def test_rolling_back_a_creation_leaves_retained_statements(function: Function, key_arn: str, policy: Policy) -> None:
    """A was retained on purpose and goes on being used; B is of this creation."""
    function("Create", key_arn, statement("A"))
    physical_id = function("Create", key_arn, statement("A"), statement("B"))["PhysicalResourceId"]
    assert physical_id == f"{key_arn}#A"

    function("Delete", key_arn, statement("A"), statement("B"), PhysicalResourceId=physical_id)
    assert policy() == written(statement("A"))


def test_a_delete_under_an_id_that_is_not_ours_changes_nothing(
    function: Function, key_arn: str, policy: Policy
) -> None:
    """CloudFormation makes one up for a Create that never answered; nobody knows what that had found."""
    function("Create", key_arn, statement("A"))
    answer = function("Delete", key_arn, statement("A"), PhysicalResourceId="Stack-KeyPolicy-1ABCDEFGHIJKL")
    assert (answer["Status"], policy()) == ("SUCCESS", written(statement("A")))


def test_a_create_that_fails_leaves_retained_statements(
    function: Function, key_arn: str, policy: Policy, spy: Spy
) -> None:
    """Its own clean-up takes out only B."""
    function("Create", key_arn, statement("A"))
    reads = iter(range(100))

    def fail_third_read() -> None:
        if next(reads) == 2:
            raise refused("InvalidArnException")

    spy.before_read = fail_third_read
    answer = function("Create", key_arn, statement("A"), statement("B"))
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", f"{key_arn}#A")
    assert policy() == written(statement("A"))


def test_a_write_whose_answer_is_lost_is_not_found(
    function: Function, key_arn: str, spy: Spy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next read shows a statement that this Create wrote itself."""
    write, errors = spy.put_key_policy, iter([ReadTimeoutError(endpoint_url="https://kms.invalid/")])

    def write_and_lose_the_answer(**request: Any) -> Any:
        answer = write(**request)
        for error in errors:
            raise error
        return answer

    monkeypatch.setattr(spy, "put_key_policy", write_and_lose_the_answer)
    answer = function("Create", key_arn, statement("A"))
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", key_arn)


def test_updates_return_the_id_unchanged(function: Function, key_arn: str) -> None:
    """Another id would be another resource, and the Delete of this one follows."""
    old, physical_id = properties(key_arn, statement("A")), f"{key_arn}#A"
    answer = function("Update", key_arn, statement("B"), old=old, PhysicalResourceId=physical_id)
    assert answer["PhysicalResourceId"] == physical_id


def test_going_back_to_the_key_of_before_gives_its_id_back(function: Function, key_arn: str, kms: Any) -> None:
    """CloudFormation rolls a change of keys back by an Update, and knows the resource by its first id."""
    other = kms.create_key(Policy=POLICY)["KeyMetadata"]["Arn"]
    first = f"{key_arn}#A"
    function("Create", key_arn, statement("A"))
    here, there = properties(key_arn, statement("A")), properties(other, statement("A"))
    moved = function("Update", other, statement("A"), old=here, PhysicalResourceId=first)["PhysicalResourceId"]
    assert moved == f"{other}<{first}"

    back = function("Update", key_arn, statement("A"), old=there, PhysicalResourceId=moved)
    assert back["PhysicalResourceId"] == first


def test_an_update_of_the_key_that_the_id_says_keeps_the_id(function: Function, key_arn: str) -> None:
    """A change of keys has failed: CloudFormation has the old id still, and rolls back from the new properties."""
    here, there = properties(key_arn, statement("A")), properties(f"{key_arn[:-4]}0000", statement("A"))
    function("Create", key_arn, statement("A"))
    first = f"{key_arn}#Retained"
    answer = function("Update", key_arn, *here["PolicyDocument"]["Statement"], old=there, PhysicalResourceId=first)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", first)


def test_ids_of_several_changes_of_keys(function: Function, key_arn: str, kms: Any) -> None:
    """Each can be rolled back to the very id of before; what makes an id too long is forgotten."""
    keys = [kms.create_key(Policy=POLICY)["KeyMetadata"]["Arn"] for _ in range(2)]
    old, second = properties(keys[0], statement("A")), f"{keys[0]}#B<{key_arn}#A"
    third = function("Update", keys[1], statement("A"), old=old, PhysicalResourceId=second)["PhysicalResourceId"]
    assert third == f"{keys[1]}<{second}"
    old = properties(keys[1], statement("A"))
    back = function("Update", keys[0], statement("A"), old=old, PhysicalResourceId=third)["PhysicalResourceId"]
    assert back == second

    long = "<".join([keys[0], *[key_arn] * 30])
    cut = function("Update", keys[1], statement("A"), old=old, PhysicalResourceId=long)["PhysicalResourceId"]
    assert cut.startswith(f"{keys[1]}#A<{keys[0]}<{key_arn}<")
    assert 900 < len(cut) <= 1000
    assert cut.endswith(key_arn)


def test_retained_statements_of_before_a_change_are_replaced(function: Function, key_arn: str, policy: Policy) -> None:
    """The stack was deleted, allows more now, and is created again."""
    function("Create", key_arn, statement("A"))
    answer = function("Create", key_arn, statement("A", "kms:GenerateDataKeyWithoutPlaintext"))
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", f"{key_arn}#A")
    assert policy() == written(statement("A", "kms:GenerateDataKeyWithoutPlaintext"))


def test_a_statement_that_needs_less_than_before_is_replaced(function: Function, key_arn: str, policy: Policy) -> None:
    """An export job was removed from the app; the function must know the statement that was written for it."""
    more = {**statement("A"), "Action": ["kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext"]}
    function("Create", key_arn, more)
    answer = function("Update", key_arn, statement("A"), old=properties(key_arn, more))
    assert (answer["Status"], policy()) == ("SUCCESS", written(statement("A")))


def test_the_same_key_under_another_name(function: Function, key_arn: str, policy: Policy) -> None:
    """To CloudFormation that is another resource: it makes the new one, and then deletes the old one."""
    function("Create", key_arn, statement("A"), statement("B"), LogicalResourceId="Old")
    function.keys[:] = []
    function("Create", key_arn, statement("A"), LogicalResourceId="New")
    function.keys[:] = [{"Owner": "New", "Arn": key_arn, "Sids": {"A": 0}}]
    function.as_configured("Delete", key_arn, statement("A"), statement("B"), LogicalResourceId="Old")
    assert policy() == written(statement("A"))


def test_a_foreign_statement_of_our_sid_is_refused(function: Function, key_arn: str, kms: Any, spy: Spy) -> None:
    """A Deny, for example, would be lost."""
    deny = {**statement("A"), "Effect": "Deny"}
    kms.put_key_policy(KeyId=key_arn, PolicyName="default", Policy=written(deny))
    answer = function("Create", key_arn, statement("A"))
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", "nothing-written")
    assert answer["Reason"] == (
        f"the policy of key {key_arn} has another statement with the sid A: take it out, or give it another sid, if "
        "nobody needs it as it is"
    )
    assert spy.writes == []


ROLE_ID, USER_ID = "AROAEXAMPLEEXAMPLE123", "AIDAEXAMPLEEXAMPLE123"


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        ([{"Sid": "Other", "Principal": {"AWS": ["*", ROLE_ID]}}], f"; statement Other is for {ROLE_ID}, the id of"),
        ([{"Sid": "Other", "Principal": {"AWS": USER_ID}}], f"; statement Other is for {USER_ID}, the id of"),
        ([{"Principal": {"AWS": ROLE_ID}}], f"; statement without sid is for {ROLE_ID}, the id of"),
        (
            [
                {"Sid": "Everybody", "Principal": "*"},
                {"Sid": "Service", "Principal": {"Service": "s3.amazonaws.com"}},
                {"Sid": "Other", "Principal": {"AWS": USER_ID}},
            ],
            f"; statement Other is for {USER_ID}, the id of",
        ),
    ],
    ids=["in a list", "alone", "without sid", "among others"],
)
def test_an_orphan_that_blocks_the_write_is_named(
    function: Function,
    key_arn: str,
    spy: Spy,
    monkeypatch: pytest.MonkeyPatch,
    statements: list[dict[str, Any]],
    said: str,
) -> None:
    """KMS itself says neither which statement nor which principal."""
    monkeypatch.setattr(spy, "get_key_policy", lambda **_: {"Policy": json.dumps({"Statement": statements})})
    spy.before_write = raiser(refused("MalformedPolicyDocumentException", "PutKeyPolicy"))
    reason = function("Create", key_arn, statement("A"))["Reason"]
    assert reason.endswith(f"operation: no{said} a deleted role or user: have it taken out of the key policy")


def test_every_orphan_is_named(function: Function, key_arn: str, spy: Spy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taking out one of two would not help."""
    both = {"Statement": {"Sid": "Other", "Principal": {"AWS": [ROLE_ID, USER_ID]}}}
    monkeypatch.setattr(spy, "get_key_policy", lambda **_: {"Policy": json.dumps(both)})
    spy.before_write = raiser(refused("MalformedPolicyDocumentException", "PutKeyPolicy"))
    reason = function("Create", key_arn, statement("A"))["Reason"]
    assert reason.endswith(
        f"operation: no; statement Other is for {ROLE_ID}, the id of a deleted role or user: have it taken out of the "
        f"key policy; statement Other is for {USER_ID}, the id of a deleted role or user: have it taken out of the key "
        "policy"
    )
