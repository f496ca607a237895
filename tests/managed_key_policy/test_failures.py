"""Failures of the function, against the KMS of an embedded AWS: the reason given, and what is left behind."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from personalize_kms_constructs._managed_key_policy import function as key_policy_function
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


def test_a_write_without_an_answer_is_taken_out_too(
    function: Function, key_arn: str, policy: Policy, spy: Spy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have landed all the same."""
    write, answers = spy.put_key_policy, iter([ReadTimeoutError(endpoint_url="https://kms.invalid/")])

    def write_and_lose_the_answer(**request: Any) -> Any:
        written = write(**request)
        for error in answers:
            raise error
        return written

    monkeypatch.setattr(spy, "put_key_policy", write_and_lose_the_answer)
    answer = function("Create", key_arn, statement("A"), seconds=0.04)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", key_arn)
    assert [len(text) for text in spy.writes] == [len(written(statement("A"))), len(POLICY)]
    assert policy() == POLICY


def test_failed_create_leaves_the_policy_as_it_was(function: Function, key_arn: str, policy: Policy, spy: Spy) -> None:
    """The statements are taken out when the look at them fails; the Delete of the roll-back looks again."""
    reads = iter(range(100))

    def fail_third_read() -> None:
        if next(reads) == 2:
            raise refused("InvalidArnException")

    spy.before_read = fail_third_read
    answer = function("Create", key_arn, statement("A"))

    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", key_arn)
    assert [len(text) for text in spy.writes] == [len(written(statement("A"))), len(POLICY)]
    assert policy() == POLICY


def test_taking_out_leaves_what_somebody_put_in_our_place(
    function: Function, key_arn: str, kms: Any, policy: Policy, spy: Spy
) -> None:
    """A Deny under our sid came after the write: the creation fails for it, and it stays."""
    denied = written({**statement("A"), "Effect": "Deny"})
    reads = iter(range(100))

    def deny_before_third_read() -> None:
        if next(reads) == 2:
            kms.put_key_policy(KeyId=key_arn, PolicyName="default", Policy=denied)

    spy.before_read = deny_before_third_read
    answer = function("Create", key_arn, statement("A"))
    assert "has another statement with the sid A" in answer["Reason"]
    assert policy() == denied


@pytest.mark.parametrize(
    "error", [ReadTimeoutError(endpoint_url="https://kms.invalid/"), refused("ThrottlingException")], ids=repr
)
def test_taking_out_goes_on_after_an_error(
    function: Function, key_arn: str, policy: Policy, spy: Spy, error: Exception
) -> None:
    """The reason that is told stays the first one."""
    reads = iter(range(100))

    def fail_two_reads() -> None:
        number = next(reads)
        if number == 2:
            raise refused("InvalidArnException")
        if number == 3:
            raise error

    spy.before_read = fail_two_reads
    answer = function("Create", key_arn, statement("A"))
    assert "InvalidArnException" in answer["Reason"]
    assert (answer["PhysicalResourceId"], policy()) == (key_arn, POLICY)


def test_no_time_is_left_for_a_second_look(function: Function, key_arn: str, kms: Any, spy: Spy) -> None:
    """All is in the policy, perhaps: the first look may have been late."""
    kms.put_key_policy(KeyId=key_arn, PolicyName="default", Policy=written(statement("A")))
    answer = function("Create", key_arn, statement("A"), seconds=0.01)
    assert answer["Reason"] == ("no time is left: the policy of the key couldn't be looked at twice: deploy again")
    assert spy.writes == []


def test_a_stack_whose_status_cannot_be_read(
    function: Function, key_arn: str, policy: Policy, spy: Spy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The statements matter more than a cancellation that is missed."""
    asked: list[str] = []

    def deny(StackName: str) -> None:  # noqa: N803
        asked.append(StackName)
        raise refused("AccessDenied", "DescribeStacks")

    monkeypatch.setattr(spy, "describe_stacks", deny)
    assert function("Create", key_arn, statement("A"))["Status"] == "SUCCESS"
    assert policy() == written(statement("A"))
    assert set(asked) == {"stack"}


def test_no_time_is_left(function: Function, key_arn: str, policy: Policy) -> None:
    """A write that can't be looked at again isn't a success."""
    answer = function("Create", key_arn, statement("A"), seconds=0.04)
    assert answer["Reason"] == (
        f"no time is left: something else keeps changing the policy of key {key_arn}: deploy when it has ended"
    )
    assert policy() == POLICY


def test_the_time_counts_from_the_call_on(
    function: Function, key_arn: str, spy: Spy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look at the stack that takes long is part of it."""
    waits = iter([0.3])

    def describe_slowly(**_: Any) -> Any:
        time.sleep(next(waits, 0))
        return {"Stacks": [{"StackStatus": "CREATE_IN_PROGRESS"}]}

    monkeypatch.setattr(spy, "describe_stacks", describe_slowly)
    assert function("Create", key_arn, statement("A"), seconds=0.3)["Reason"].startswith("no time is left: ")


@pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS", "UPDATE_COMPLETE"])
@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_an_operation_that_is_over(
    function: Function,
    key_arn: str,
    policy: Policy,
    spy: Spy,
    monkeypatch: pytest.MonkeyPatch,
    status: str,
    request_type: str,
) -> None:
    """The function does no more for it, since another call may be at work."""
    old = properties(key_arn, statement("A")) if request_type == "Update" else None
    statuses = iter(["UPDATE_IN_PROGRESS"])
    monkeypatch.setattr(spy, "describe_stacks", lambda **_: {"Stacks": [{"StackStatus": next(statuses, status)}]})
    answer = function(request_type, key_arn, statement("A"), old=old)
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
    old = properties(key_arn, statement("A")) if request_type == "Update" else None
    assert function(request_type, key_arn, statement("A"), old=old)["Status"] == "SUCCESS"


def test_failed_update_leaves_the_rest_to_the_roll_back(
    function: Function, key_arn: str, policy: Policy, spy: Spy
) -> None:
    """CloudFormation asks for the old statements again, and gets them."""
    function("Create", key_arn, statement("A"))
    reads = iter(range(100))

    def fail_third_read() -> None:
        if next(reads) == 2:
            raise refused("InvalidArnException")

    spy.before_read = fail_third_read
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
    """KMS takes 32,768 bytes, and every one of them."""
    room = 32_768 - len(written(statement("A")).encode())
    full = POLICY.replace('"Other"', f'"Other{"x" * room}"')
    kms.put_key_policy(KeyId=key_arn, PolicyName="default", Policy=full)
    assert function("Create", key_arn, statement("A"))["Status"] == "SUCCESS"
    function("Delete", key_arn, statement("A"))
    spy.writes.clear()

    too_full = full.replace('"Otherx', '"Otherxx')
    kms.put_key_policy(KeyId=key_arn, PolicyName="default", Policy=too_full)
    answer = function("Create", key_arn, statement("A"))

    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", "nothing-written")
    assert answer["Reason"] == (
        f"the policy of key {key_arn} would have 32769 bytes, but KMS takes 32768: take out statements that nobody "
        "needs, or use another key"
    )
    assert spy.writes == []
    assert policy() == too_full


def test_length_is_counted_in_bytes(function: Function, key_arn: str, kms: Any) -> None:
    """Characters beyond ASCII, which somebody else's statements may have, count for two."""
    kms.put_key_policy(KeyId=key_arn, PolicyName="default", Policy=POLICY.replace('"Other"', f'"{"é" * 16_200}"'))
    answer = function("Create", key_arn, statement("A"))
    assert re.search(r"would have \d{5} bytes, but KMS takes 32768", answer["Reason"])


def test_what_kms_refuses_is_passed_on(function: Function, key_arn: str, policy: Policy, spy: Spy) -> None:
    """The reason is KMS's own."""
    spy.before_write = raiser(refused("MalformedPolicyDocumentException", "PutKeyPolicy"))
    answer = function("Create", key_arn, statement("A"))
    assert answer["Reason"] == (
        f"key {key_arn}: An error occurred (MalformedPolicyDocumentException) when calling the PutKeyPolicy operation: "
        "no"
    )
    assert answer["PhysicalResourceId"] == "nothing-written"
    assert policy() == POLICY


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
    [
        refused("ThrottlingException"),
        refused("KMSInternalException", status=500),
        ReadTimeoutError(endpoint_url="https://kms.invalid/"),
    ],
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


@pytest.mark.parametrize("code", ["AccessDeniedException", "MalformedPolicyDocumentException", "NotFoundException"])
def test_what_kms_does_not_see_yet_is_waited_for(
    function: Function, key_arn: str, spy: Spy, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """A role that was made a moment ago, the function's own or one in the statements, or a key."""
    monkeypatch.setattr(key_policy_function, "PATIENCE", 5.0)
    spy.before_write = raiser(refused(code, "PutKeyPolicy"), refused(code, "PutKeyPolicy"))
    assert function("Create", key_arn, statement("A"))["Status"] == "SUCCESS"


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_a_key_that_is_not_there_is_told(function: Function, key_arn: str, request_type: str) -> None:
    """Only what is to be taken out is gone with its key."""
    gone = key_arn[:-12] + "0" * 12
    old = properties(gone, statement("A", "kms:ListGrants")) if request_type == "Update" else None
    answer = function(request_type, gone, statement("A"), old=old)
    assert answer["Status"] == "FAILED"
    assert "NotFoundException" in answer["Reason"]


def test_a_statement_without_sid_is_refused(function: Function, key_arn: str, policy: Policy) -> None:
    """It could never be taken out."""
    nameless = {name: value for name, value in statement("A").items() if name != "Sid"}
    answer = function("Create", key_arn, nameless)
    assert answer["Reason"] == "a statement has no sid, by which it would be found again: give it one"
    assert policy() == POLICY
    physical_id = answer["PhysicalResourceId"]
    assert function("Delete", key_arn, nameless, PhysicalResourceId=physical_id)["Status"] == "SUCCESS"


def test_rolling_back_from_a_statement_without_sid(function: Function, key_arn: str, policy: Policy) -> None:
    """The roll-back must not fail for the reason that the update failed."""
    nameless = {name: value for name, value in statement("A").items() if name != "Sid"}
    function("Create", key_arn, statement("A"))
    assert function("Update", key_arn, nameless, old=properties(key_arn, statement("A")))["Status"] == "FAILED"
    assert function("Update", key_arn, statement("A"), old=properties(key_arn, nameless))["Status"] == "SUCCESS"
    assert policy() == written(statement("A"))


def test_an_unforeseen_failure_is_answered(function: Function, key_arn: str) -> None:
    """CloudFormation would wait for an hour."""
    answer = function("Create", key_arn, ResourceProperties={})
    assert (answer["Status"], answer["Reason"]) == ("FAILED", "KeyError: 'KeyArn'")
