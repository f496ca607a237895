"""Failures of the function, against the KMS of an embedded AWS: the reason given, and what is left behind."""

import time
from typing import Any

import pytest

from personalize_kms_constructs._managed_key_policy import function as key_policy_function
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

INVALID = refused("InvalidArnException")
NAMELESS = {name: value for name, value in statement("A").items() if name != "Sid"}


def test_failed_create_leaves_the_policy_as_it_was(function: Function, key_arn: str, policy: Policy, spy: Spy) -> None:
    """The statements are taken out when the look at them fails; the Delete of the roll-back looks again."""
    spy.at_read(3, raiser(INVALID))
    answer = function("Create", key_arn, statement("A"))

    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", key_arn)
    assert spy.writes == [written(statement("A")), POLICY]
    assert policy() == POLICY


def test_a_write_without_an_answer_is_taken_out_too(function: Function, key_arn: str, policy: Policy, spy: Spy) -> None:
    """It may have landed all the same."""
    spy.after_write = raiser(no_answer())
    answer = function("Create", key_arn, statement("A"), seconds=0.04)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", key_arn)
    assert spy.writes == [written(statement("A")), POLICY]
    assert policy() == POLICY


def test_taking_out_leaves_what_somebody_put_in_our_place(
    function: Function, key_arn: str, kms: Any, policy: Policy, spy: Spy
) -> None:
    """A Deny under our sid came after the write: the creation fails for it, and it stays."""
    denied = written({**statement("A"), "Effect": "Deny"})
    spy.at_read(3, lambda: kms.put_key_policy(KeyId=key_arn, PolicyName="default", Policy=denied))
    answer = function("Create", key_arn, statement("A"))
    assert "has another statement with the sid A" in answer["Reason"]
    assert policy() == denied


@pytest.mark.parametrize("error", [no_answer(), refused("ThrottlingException")], ids=repr)
def test_taking_out_goes_on_after_an_error(
    function: Function, key_arn: str, policy: Policy, spy: Spy, error: Exception
) -> None:
    """The reason that is told stays the first one."""
    errors = raiser(INVALID, error)
    spy.after_write = lambda: setattr(spy, "before_read", errors)
    answer = function("Create", key_arn, statement("A"))
    assert "InvalidArnException" in answer["Reason"]
    assert (answer["PhysicalResourceId"], policy()) == (key_arn, POLICY)


def test_no_time_is_left(function: Function, key_arn: str, policy: Policy, spy: Spy) -> None:
    """A write that can't be looked at again isn't a success, nor are statements that are there at a single look."""
    answer = function("Create", key_arn, statement("A"), seconds=0.04)
    assert answer["Reason"] == (
        f"no time is left: something else keeps changing the policy of key {key_arn}: deploy when it has ended"
    )
    assert policy() == POLICY

    function("Create", key_arn, statement("A"))
    spy.writes.clear()
    answer = function("Create", key_arn, statement("A"), seconds=0.01)
    assert answer["Reason"] == "no time is left: the policy of the key couldn't be looked at twice: deploy again"
    assert spy.writes == []


def test_the_time_counts_from_the_call_on(function: Function, key_arn: str, spy: Spy) -> None:
    """A look at the stack that takes long is part of it."""
    waits = iter([0.3])
    spy.before_status = lambda: time.sleep(next(waits, 0))
    assert function("Create", key_arn, statement("A"), seconds=0.3)["Reason"].startswith("no time is left: ")


@pytest.mark.parametrize("error", [no_answer(), refused("AccessDenied", "DescribeStacks")], ids=repr)
def test_a_stack_whose_status_cannot_be_read(
    function: Function, key_arn: str, policy: Policy, spy: Spy, error: Exception
) -> None:
    """The statements matter more than a cancellation that is missed."""
    spy.before_status = raiser(*[error] * 99)
    assert function("Create", key_arn, statement("A"))["Status"] == "SUCCESS"
    assert policy() == written(statement("A"))


def test_a_roll_back_whose_status_cannot_be_read_at_first(function: Function, key_arn: str, spy: Spy) -> None:
    """The first status that could be read says in which operation the function was called."""
    spy.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"
    spy.before_status = raiser(refused("AccessDenied", "DescribeStacks"))
    answer = function("Update", key_arn, statement("A"), old=properties(key_arn, statement("A")))
    assert answer["Status"] == "SUCCESS"


@pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS", "UPDATE_COMPLETE"])
@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_an_operation_that_is_over(
    function: Function, key_arn: str, policy: Policy, spy: Spy, status: str, request_type: str
) -> None:
    """The function does no more for it, since another call may be at work."""
    statuses = iter(["UPDATE_IN_PROGRESS"])
    spy.before_status = lambda: setattr(spy, "stack_status", next(statuses, status))
    answer = function(request_type, key_arn, statement("A"), old=properties(key_arn, statement("A")))
    assert (answer["Status"], answer["Reason"]) == ("FAILED", "the stack operation was cancelled, or is over")
    assert policy() == POLICY


@pytest.mark.parametrize(
    ("request_type", "status"),
    [
        ("Update", "UPDATE_ROLLBACK_IN_PROGRESS"),
        ("Delete", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"),
        ("Delete", "ROLLBACK_IN_PROGRESS"),
        ("Delete", "DELETE_IN_PROGRESS"),
        ("Delete", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
        ("Delete", "UPDATE_COMPLETE"),
    ],
)
def test_the_operation_that_asks(function: Function, key_arn: str, spy: Spy, status: str, request_type: str) -> None:
    """It goes on while the function is at work."""
    spy.stack_status = status
    answer = function(request_type, key_arn, statement("A"), old=properties(key_arn, statement("A")))
    assert answer["Status"] == "SUCCESS"


def test_failed_update_leaves_the_rest_to_the_roll_back(
    function: Function, key_arn: str, policy: Policy, spy: Spy
) -> None:
    """CloudFormation asks for the old statements again, and gets them."""
    function("Create", key_arn, statement("A"))
    spy.at_read(3, raiser(INVALID))
    old, new = properties(key_arn, statement("A")), properties(key_arn, statement("B"))
    answer = function("Update", key_arn, statement("B"), old=old)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", key_arn)
    assert policy() == written(statement("B"))

    assert function("Update", key_arn, statement("A"), old=new)["Status"] == "SUCCESS"
    assert policy() == written(statement("A"))


def test_failed_move_to_another_key_leaves_its_policy(function: Function, key_arn: str, policy: Policy) -> None:
    """CloudFormation keeps the old id, and knows nothing of the other key that it could clean up."""
    old = properties("arn:aws:kms:eu-west-1:111111111111:key/old", statement("A"))
    answer = function("Update", key_arn, statement("A"), old=old, PhysicalResourceId=old["KeyArn"], seconds=0.04)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", old["KeyArn"])
    assert policy() == POLICY


def test_too_long_a_policy_is_refused(function: Function, key_arn: str, kms: Any, policy: Policy, spy: Spy) -> None:
    """KMS takes 32,768 bytes, and every one of them; characters beyond ASCII, as others may have, count for two."""
    room = 32_768 - len(written(statement("A")).encode())
    full = POLICY.replace('"Other"', f'"Other{"é" * 100}{"x" * (room - 200)}"')
    kms.put_key_policy(KeyId=key_arn, PolicyName="default", Policy=full)
    assert function("Create", key_arn, statement("A"))["Status"] == "SUCCESS"
    function("Delete", key_arn, statement("A"))
    spy.writes.clear()

    too_full = full.replace('"Otheré', '"Otheréx')
    kms.put_key_policy(KeyId=key_arn, PolicyName="default", Policy=too_full)
    answer = function("Create", key_arn, statement("A"))

    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", "nothing-written")
    assert answer["Reason"] == (
        f"the policy of key {key_arn} would have 32769 bytes, but KMS takes 32768: take out statements that nobody "
        "needs, or use another key"
    )
    assert spy.writes == []
    assert policy() == too_full


def test_denied_access_says_what_the_key_policy_lacks(function: Function, key_arn: str, spy: Spy) -> None:
    """The account's IAM policies don't count unless the key policy says so."""
    spy.before_read = raiser(refused("AccessDeniedException"))
    assert function("Create", key_arn, statement("A"))["Reason"] == (
        "An error occurred (AccessDeniedException) when calling the GetKeyPolicy operation: no: the policy of key "
        f"{key_arn} must let the account use IAM policies, by a statement for the account as principal"
    )


def test_delete_after_a_create_that_wrote_nothing_succeeds(function: Function, key_arn: str, spy: Spy) -> None:
    """The cause of a failed Create would make the roll-back fail too, and leave a stack that can't be deleted."""
    spy.before_read = raiser(refused("AccessDeniedException"), refused("AccessDeniedException"))
    physical_id = function("Create", key_arn, statement("A"))["PhysicalResourceId"]
    assert function("Delete", key_arn, statement("A"), PhysicalResourceId=physical_id)["Status"] == "SUCCESS"


def test_delete_that_is_denied_fails(function: Function, key_arn: str, spy: Spy) -> None:
    """The statements are still there."""
    spy.before_read = raiser(refused("AccessDeniedException"))
    answer = function("Delete", key_arn, statement("A"))
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", key_arn)


@pytest.mark.parametrize(
    "error",
    [refused("ThrottlingException"), refused("KMSInternalException", status=500), no_answer()],
    ids=["throttled", "KMS failed", "no answer"],
)
@pytest.mark.parametrize("call", ["before_read", "before_write"])
def test_a_temporary_failure_is_waited_out(
    function: Function, key_arn: str, policy: Policy, spy: Spy, call: str, error: Exception
) -> None:
    """Another time KMS answers."""
    setattr(spy, call, raiser(error, error))
    assert function("Create", key_arn, statement("A"))["Status"] == "SUCCESS"
    assert policy() == written(statement("A"))


@pytest.mark.parametrize(
    "code",
    ["AccessDeniedException", "MalformedPolicyDocumentException", "NotFoundException", "KMSInvalidStateException"],
)
def test_what_may_pass_is_waited_for_and_then_told(
    function: Function, key_arn: str, policy: Policy, spy: Spy, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """A role that was made a moment ago, the function's own or one in the statements, or a key and its state."""
    error = refused(code, "PutKeyPolicy")
    spy.before_write = raiser(error)
    assert code in function("Create", key_arn, statement("A"))["Reason"]
    assert policy() == POLICY

    monkeypatch.setattr(key_policy_function, "PATIENCE", 5.0)
    spy.before_write = raiser(error, error)
    assert function("Create", key_arn, statement("A"))["Status"] == "SUCCESS"


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_a_key_that_is_not_there_is_told(function: Function, gone: str, request_type: str) -> None:
    """Only what is to be taken out is gone with its key."""
    answer = function(request_type, gone, statement("A"), old=properties(gone, statement("A", "kms:ListGrants")))
    assert answer["Status"] == "FAILED"
    assert "NotFoundException" in answer["Reason"]


def test_a_statement_without_sid_is_refused(function: Function, key_arn: str, policy: Policy) -> None:
    """It could never be taken out. The roll-back doesn't fail for the same reason."""
    answer = function("Create", key_arn, NAMELESS)
    assert answer["Reason"] == "a statement has no sid, by which it would be found again: give it one"
    assert policy() == POLICY
    physical_id = answer["PhysicalResourceId"]
    assert function("Delete", key_arn, NAMELESS, PhysicalResourceId=physical_id)["Status"] == "SUCCESS"

    function("Create", key_arn, statement("A"))
    assert function("Update", key_arn, NAMELESS, old=properties(key_arn, statement("A")))["Status"] == "FAILED"
    assert function("Update", key_arn, statement("A"), old=properties(key_arn, NAMELESS))["Status"] == "SUCCESS"
    assert policy() == written(statement("A"))
