"""Statements of our sids that are in the policy of a key before the resource is, and the ids that remember them."""

import json
from typing import Any

import pytest

from tests.managed_key_policy.conftest import (
    POLICY,
    Function,
    Policy,
    Spy,
    no_answer,
    properties,
    raiser,
    refused,
    statement,
    written,
)


def test_rolling_back_a_creation_leaves_retained_statements(function: Function, key_arn: str, policy: Policy) -> None:
    """A was retained on purpose and goes on being used; B is of this creation."""
    function("Create", key_arn, statement("A"))
    physical_id = function("Create", key_arn, statement("A"), statement("B"))["PhysicalResourceId"]
    assert physical_id == f"{key_arn}#A"

    function("Delete", key_arn, statement("A"), statement("B"), PhysicalResourceId=physical_id)
    assert policy() == written(statement("A"))


def test_what_another_key_had_is_not_found_here(function: Function, key_arn: str, policy: Policy) -> None:
    """The id goes on with the one of before a change of keys."""
    function("Create", key_arn, statement("A"), statement("B"))
    physical_id = f"{key_arn}#A<another-key#B"
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
    spy.at_read(3, raiser(refused("InvalidArnException")))
    answer = function("Create", key_arn, statement("A"), statement("B"))
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", f"{key_arn}#A")
    assert policy() == written(statement("A"))


def test_a_write_whose_answer_is_lost_is_not_found(function: Function, key_arn: str, spy: Spy) -> None:
    """The next read shows a statement that this Create wrote itself."""
    spy.after_write = raiser(no_answer())
    answer = function("Create", key_arn, statement("A"))
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", key_arn)


def test_updates_return_the_id_unchanged(function: Function, key_arn: str) -> None:
    """Another id would be another resource, and the Delete of this one follows."""
    old, physical_id = properties(key_arn, statement("A")), f"{key_arn}#A"
    answer = function("Update", key_arn, statement("B"), old=old, PhysicalResourceId=physical_id)
    assert answer["PhysicalResourceId"] == physical_id


def test_another_key_has_an_id_of_its_own_until_it_is_rolled_back(
    function: Function, key_arn: str, kms: Any, policy: Policy
) -> None:
    """CloudFormation deletes what has the old id, or rolls back by an Update and knows the resource by its first id."""
    other = kms.create_key(Policy=POLICY)["KeyMetadata"]["Arn"]
    first = f"{key_arn}#A"
    function("Create", key_arn, statement("A"))
    here, there = properties(key_arn, statement("A")), properties(other, statement("A"))
    moved = function("Update", other, statement("A"), old=here, PhysicalResourceId=first)["PhysicalResourceId"]
    assert moved == f"{other}<{first}"
    assert kms.get_key_policy(KeyId=other, PolicyName="default")["Policy"] == written(statement("A"))
    assert policy() == written(statement("A"))

    back = function("Update", key_arn, statement("A"), old=there, PhysicalResourceId=moved)
    assert back["PhysicalResourceId"] == first


def test_an_update_of_the_key_that_the_id_says_keeps_the_id(function: Function, key_arn: str, gone: str) -> None:
    """A change of keys has failed: CloudFormation has the old id still, and rolls back from the new properties."""
    function("Create", key_arn, statement("A"))
    first, there = f"{key_arn}#Retained", properties(gone, statement("A"))
    answer = function("Update", key_arn, statement("A"), old=there, PhysicalResourceId=first)
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


def test_the_same_key_under_another_name(function: Function, key_arn: str, policy: Policy) -> None:
    """To CloudFormation that is another resource: it makes the new one, and then deletes the old one."""
    function("Create", key_arn, statement("A"), statement("B"), LogicalResourceId="Old")
    function.keys[:] = []
    function("Create", key_arn, statement("A"), LogicalResourceId="New")
    function.as_configured("Delete", key_arn, statement("A"), statement("B"), LogicalResourceId="Old")
    assert policy() == written(statement("A"))


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_a_foreign_statement_of_our_sid_is_refused(
    function: Function, key_arn: str, kms: Any, spy: Spy, request_type: str
) -> None:
    """A Deny, for example, would be lost."""
    deny = {**statement("A"), "Effect": "Deny"}
    kms.put_key_policy(KeyId=key_arn, PolicyName="default", Policy=written(deny))
    old = properties(key_arn, statement("A", "kms:ListGrants"))
    answer = function(request_type, key_arn, statement("A"), old=old)
    expected_id = "nothing-written" if request_type == "Create" else key_arn
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", expected_id)
    assert answer["Reason"] == (
        f"the policy of key {key_arn} has another statement with the sid A: take it out, or give it another sid, if "
        "nobody needs it as it is"
    )
    assert spy.writes == []


def is_for(sid: str, id: str) -> str:
    """Return what is said of a statement for somebody who was deleted."""
    return f"; statement {sid} is for {id}, the id of a deleted role or user: have it taken out of the key policy"


ROLE_ID, USER_ID = "AROAEXAMPLEEXAMPLE123", "AIDAEXAMPLEEXAMPLE123"


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        ([], ""),
        ([{"Sid": "Other", "Principal": {"AWS": ["*", ROLE_ID]}}], is_for("Other", ROLE_ID)),
        ([{"Principal": {"AWS": USER_ID}}], is_for("without sid", USER_ID)),
        ({"Sid": "Other", "Principal": {"AWS": USER_ID}}, is_for("Other", USER_ID)),
        (
            [
                {"Sid": "Everybody", "Principal": "*"},
                {"Sid": "Service", "Principal": {"Service": "s3.amazonaws.com"}},
                {"Sid": "Other", "Principal": {"AWS": USER_ID}},
            ],
            is_for("Other", USER_ID),
        ),
        (
            [{"Sid": "Other", "Principal": {"AWS": [ROLE_ID, USER_ID]}}],
            is_for("Other", ROLE_ID) + is_for("Other", USER_ID),
        ),
    ],
    ids=["none", "in a list", "without sid", "a single statement", "among others", "two"],
)
def test_orphans_that_block_the_write_are_named(
    function: Function, key_arn: str, spy: Spy, theirs: list[dict[str, Any]] | dict[str, Any], said: str
) -> None:
    """KMS itself says neither which statement nor which principal."""
    spy.texts = [json.dumps({"Statement": theirs})]
    spy.before_write = raiser(refused("MalformedPolicyDocumentException", "PutKeyPolicy"))
    answer = function("Create", key_arn, statement("A"))
    assert answer["Reason"] == (
        f"key {key_arn}: An error occurred (MalformedPolicyDocumentException) when calling the PutKeyPolicy operation: "
        f"no{said}"
    )
    assert answer["PhysicalResourceId"] == "nothing-written"
