"""The function as things go well in the end."""

from personalize_kms_constructs._managed_key_policy import function as key_policy_function
from tests.managed_key_policy.conftest import (
    ACCOUNT,
    GONE,
    KEY,
    POLICY,
    Aws,
    Function,
    properties,
    raiser,
    refused,
    statement,
    written,
)


def test_create_adds_the_statements(function: Function, aws: Aws) -> None:
    """A single write adds to the end of the policy and keeps the rest."""
    answer = function("Create", statement("A"), statement("B"))

    assert answer == {
        "StackId": "stack",
        "RequestId": "request-0",
        "LogicalResourceId": "KeyPolicy",
        "Status": "SUCCESS",
        "PhysicalResourceId": KEY,
        "Reason": "",
    }
    assert aws.policy == written(statement("A"), statement("B"))
    assert len(aws.writes) == 1
    # The page says by how much a deployment takes longer.
    assert aws.now == 40


def test_update_replaces_the_statements(function: Function, aws: Aws) -> None:
    """A removed sid goes, a changed statement is replaced, and an equal statement stays."""
    old = properties(statement("A"), statement("B"), statement("C"))
    function("Create", statement("A"), statement("B"), statement("C"))
    answer = function(
        "Update", statement("B"), statement("C", "kms:DescribeKey"), statement("D"), old=old
    )

    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", KEY)
    assert aws.policy == written(statement("B"), statement("C", "kms:DescribeKey"), statement("D"))


def test_each_call_may_come_twice(function: Function, aws: Aws) -> None:
    """Lambda promises at least one; the second finds the work done.

    The statements come, change and go.
    """
    old = properties(statement("A"))
    for request, asked in (("Create", "A"), ("Update", "B"), ("Delete", "B")):
        for _ in range(2):
            assert function(request, statement(asked), old=old)["Status"] == "SUCCESS"
    assert aws.policy == POLICY
    assert len(aws.writes) == 3


def test_a_policy_that_comes_back_in_another_form(aws: Aws, function: Function) -> None:
    """Statements are compared by their meaning."""
    in_another_form = {**statement("A"), "Action": ["kms:Decrypt"]}
    aws.after_write = lambda: setattr(aws, "policy", written(in_another_form))
    assert function("Create", statement("A"))["Status"] == "SUCCESS"
    assert len(aws.writes) == 1
    # The page says this, too: the first look after the write sees another policy.
    assert aws.now == 80


def test_delete_succeeds_when_the_key_is_gone(function: Function) -> None:
    """Its policy went with it."""
    assert function("Delete", statement("A"), key=GONE)["Status"] == "SUCCESS"


def test_edit_between_read_and_write_is_kept(function: Function, aws: Aws) -> None:
    """The second read sees it, so that nothing is written over it."""
    aws.edit_at_read(2, {"Statement": ACCOUNT})
    assert function("Create", statement("A"))["Status"] == "SUCCESS"
    assert aws.writes == [{"Statement": [ACCOUNT, statement("A")]}]


def test_statements_that_another_call_wrote_are_looked_at_twice(
    function: Function, aws: Aws
) -> None:
    """A plan that wasn't written counts for no look."""
    aws.edit_at_read(2, written(statement("A")))
    assert function("Create", statement("A"))["Status"] == "SUCCESS"
    assert (aws.writes, aws.now) == ([], 40)


def test_two_looks_with_an_error_between_them_are_not_enough(function: Function, aws: Aws) -> None:
    """Nobody knows what was there meanwhile."""
    aws.policy = written(statement("A"))
    aws.at_read(2, raiser(refused("ThrottlingException")))
    assert function("Create", statement("A"))["Status"] == "SUCCESS"
    assert 80 < aws.now < 90


def test_write_waits_for_no_slow_read(function: Function, aws: Aws) -> None:
    """A text that was read too long ago isn't the ground of a write."""
    aws.before_read = lambda: aws.sleep(2.1)
    assert function("Create", statement("A"))["Status"] == "FAILED"
    assert aws.writes == []


def test_statements_that_are_undone_are_written_again(function: Function, aws: Aws) -> None:
    """The next look sees it.

    A random time later, else two that undid each other's work would do so for ever.
    """
    aws.edit_at_read(3, {"Statement": [ACCOUNT]})
    assert function("Create", statement("A"))["Status"] == "SUCCESS"
    assert aws.writes == [written(statement("A")), {"Statement": [ACCOUNT, statement("A")]}]
    settle = key_policy_function.SETTLE
    assert aws.random_waits == [(0, settle)]
    assert aws.now == settle + settle / 4 + settle


def test_no_statements_are_no_error(function: Function, aws: Aws) -> None:
    """The CDK leaves an empty document out."""
    assert function("Create", ResourceProperties={"KeyArn": KEY})["Status"] == "SUCCESS"
    assert aws.writes == []
