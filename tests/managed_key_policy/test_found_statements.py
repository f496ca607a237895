"""Statements of our sids that are older than the resource, and the ids that remember them."""

from typing import Any

import pytest

from personalize_kms_constructs._managed_key_policy.function import first_id
from tests.managed_key_policy.conftest import (
    ANOTHER_KEY,
    GONE,
    KEY,
    POLICY,
    Aws,
    Function,
    always,
    no_answer,
    properties,
    raiser,
    refused,
    statement,
    written,
)


def test_rolling_back_a_creation_leaves_retained_statements(function: Function, aws: Aws) -> None:
    """A was retained on purpose and goes on being used; B is of this creation."""
    function("Create", statement("A"))
    physical_id = function("Create", statement("A"), statement("B"))["PhysicalResourceId"]
    assert physical_id == f"{KEY}#A"

    function("Delete", statement("A"), statement("B"), PhysicalResourceId=physical_id)
    assert aws.policy == written(statement("A"))


def test_statements_of_another_key_are_not_found_here(function: Function, aws: Aws) -> None:
    """The id goes on with the one of before a change of keys."""
    function("Create", statement("A"), statement("B"))
    physical_id = f"{KEY}#A<another-key#B"
    function("Delete", statement("A"), statement("B"), PhysicalResourceId=physical_id)
    assert aws.policy == written(statement("A"))


def test_a_delete_under_an_id_that_is_not_ours_changes_nothing(
    function: Function, aws: Aws
) -> None:
    """CloudFormation invents the id of an unanswered Create, so older statements are unknown."""
    function("Create", statement("A"))
    answer = function("Delete", statement("A"), PhysicalResourceId="Stack-KeyPolicy-1ABCDEFGHIJKL")
    assert (answer["Status"], aws.policy) == ("SUCCESS", written(statement("A")))


def test_a_create_that_fails_leaves_retained_statements(function: Function, aws: Aws) -> None:
    """Its own clean-up takes out only B."""
    function("Create", statement("A"))
    aws.at_read(3, raiser(refused("InvalidArnException")))
    answer = function("Create", statement("A"), statement("B"))
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", f"{KEY}#A")
    assert aws.policy == written(statement("A"))


def test_a_write_whose_answer_is_lost_is_not_found(function: Function, aws: Aws) -> None:
    """The next read shows a statement that this Create wrote itself."""
    aws.after_write = raiser(no_answer())
    answer = function("Create", statement("A"))
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", KEY)


def test_a_statement_of_the_same_call_made_twice_is_not_found(function: Function, aws: Aws) -> None:
    """The function's role is new, so its write is refused; then the other call of Lambda writes."""
    aws.before_write = raiser(refused("AccessDeniedException", "PutKeyPolicy"))
    aws.edit_at_read(3, written(statement("A")))
    answer = function("Create", statement("A"))
    assert (answer["Status"], answer["PhysicalResourceId"], aws.writes) == ("SUCCESS", KEY, [])


def test_another_key_has_an_id_of_its_own_until_it_is_rolled_back(
    function: Function, aws: Aws
) -> None:
    """CloudFormation deletes the old id, or rolls back by an Update of the first id."""
    first = f"{KEY}#A"
    function("Create", statement("A"))
    here, there = properties(statement("A")), properties(statement("A"), key=ANOTHER_KEY)
    moved = function("Update", statement("A"), key=ANOTHER_KEY, old=here, PhysicalResourceId=first)
    assert moved["PhysicalResourceId"] == f"{ANOTHER_KEY}<{first}"
    assert aws.policies[ANOTHER_KEY] == aws.policy == written(statement("A"))

    back = function(
        "Update", statement("A"), old=there, PhysicalResourceId=moved["PhysicalResourceId"]
    )
    assert back["PhysicalResourceId"] == first


@pytest.mark.parametrize("first", [f"{KEY}#Retained", f"{KEY}<{ANOTHER_KEY}#Retained"])
def test_an_update_of_the_key_that_the_id_says_keeps_the_id(function: Function, first: str) -> None:
    """After a failed change of keys CloudFormation rolls back the new properties by the old id."""
    function("Create", statement("A"))
    there = properties(statement("A"), key=GONE)
    answer = function("Update", statement("A"), old=there, PhysicalResourceId=first)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", first)


def test_ids_of_several_changes_of_keys(function: Function, aws: Aws) -> None:
    """Each can be rolled back to the very id of before; what makes an id too long is forgotten."""

    def go_to(key: str, physical_id: str) -> str:
        answer = function("Update", statement("A"), key=key, old={}, PhysicalResourceId=physical_id)
        return str(answer["PhysicalResourceId"])

    third_key = f"{KEY}-3"
    aws.policies[third_key] = POLICY
    second = f"{ANOTHER_KEY}#B<{KEY}#A"
    third = go_to(third_key, second)
    assert third == f"{third_key}<{second}"
    assert go_to(ANOTHER_KEY, third) == second

    cut = go_to(third_key, "<".join([ANOTHER_KEY, *[KEY] * 30]))
    assert cut.startswith(f"{third_key}#A<{ANOTHER_KEY}<{KEY}<")
    assert 900 < len(cut) <= 1000
    assert cut.endswith(KEY)


def test_an_id_of_the_longest_that_is_taken() -> None:
    """Of 1,000 characters it forgets nothing."""
    before = "k" * (1000 - len(f"{KEY}<"))
    assert first_id(KEY, set(), before) == f"{KEY}<{before}"
    assert first_id(KEY, set(), f"{before}k") == KEY


def test_an_id_forgets_no_statement(function: Function) -> None:
    """CloudFormation refuses a long id, so that no Delete takes out retained statements."""
    many = [statement(f"A{number:050}") for number in range(20)]
    function("Create", *many)
    answer = function("Create", *many)
    expected = "#".join([KEY, *(retained["Sid"] for retained in many)])
    assert answer["PhysicalResourceId"] == expected


def test_retained_statements_of_before_a_change_are_replaced(function: Function, aws: Aws) -> None:
    """The stack was deleted, allows more now, and is created again."""
    function("Create", statement("A"))
    answer = function("Create", statement("A", "kms:GenerateDataKeyWithoutPlaintext"))
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", f"{KEY}#A")
    assert aws.policy == written(statement("A", "kms:GenerateDataKeyWithoutPlaintext"))


def test_the_same_key_under_another_name(function: Function, aws: Aws) -> None:
    """CloudFormation takes another name for another resource, makes it, and deletes the old."""
    function("Create", statement("A"), statement("B"), LogicalResourceId="Old")
    function.keys[:] = []
    function("Create", statement("A"), LogicalResourceId="New")
    function.as_configured("Delete", statement("A"), statement("B"), LogicalResourceId="Old")
    assert aws.policy == written(statement("A"))


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_a_foreign_statement_of_our_sid_is_refused(
    function: Function, aws: Aws, request_type: str
) -> None:
    """A Deny, for example, would be lost."""
    deny = {**statement("A"), "Effect": "Deny"}
    aws.policy = written(deny)
    old = properties(statement("A", "kms:ListGrants"))
    answer = function(request_type, statement("A"), old=old)
    expected_id = "nothing-written" if request_type == "Create" else KEY
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", expected_id)
    assert answer["Reason"] == (
        f"the policy of key {KEY} has another statement with the sid A: take it out, or give it "
        "another sid, if nobody needs it as it is"
    )
    assert aws.writes == []


def is_for(sid: str, id: str) -> str:
    """Return the message about a statement for a deleted principal."""
    return (
        f"; statement {sid} is for {id}, the id of a deleted role or user: "
        "have it taken out of the key policy"
    )


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
    function: Function, aws: Aws, theirs: list[dict[str, Any]] | dict[str, Any], said: str
) -> None:
    """KMS itself says neither which statement nor which principal."""
    aws.policy = {"Statement": theirs}
    aws.before_write = always(refused("MalformedPolicyDocumentException", "PutKeyPolicy"))
    answer = function("Create", statement("A"))
    assert answer["Reason"] == (
        f"key {KEY}: An error occurred (MalformedPolicyDocumentException) when calling the "
        f"PutKeyPolicy operation: no{said}"
    )
    assert answer["PhysicalResourceId"] == "nothing-written"
