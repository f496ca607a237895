"""Failures of the function: the reason given, and the policy left behind."""

import json

import pytest
from botocore.exceptions import ParamValidationError

from personalize_kms_constructs._managed_key_policy.function import RefusedError
from tests.managed_key_policy.conftest import (
    ACCOUNT,
    ANOTHER_KEY,
    GONE,
    KEY,
    OTHER,
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

INVALID = refused("InvalidArnException")
# In seconds. What is left of it after the reserve isn't enough for a second look.
TOO_SHORT = 160.0
NAMELESS = {name: value for name, value in statement("A").items() if name != "Sid"}


def test_failed_create_leaves_the_policy_as_it_was(function: Function, aws: Aws) -> None:
    """A failed look takes the statements out; the Delete of the roll-back looks again."""
    aws.at_read(3, raiser(INVALID))
    answer = function("Create", statement("A"))

    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", KEY)
    assert aws.writes == [written(statement("A")), POLICY]
    assert aws.policy == POLICY


def test_a_write_without_an_answer_is_taken_out_too(function: Function, aws: Aws) -> None:
    """It may have landed all the same."""
    aws.after_write = raiser(no_answer())
    answer = function("Create", statement("A"), seconds=TOO_SHORT)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", KEY)
    assert aws.writes == [written(statement("A")), POLICY]
    assert aws.policy == POLICY


def test_a_second_write_that_is_refused_leaves_an_id_to_delete(
    function: Function, aws: Aws
) -> None:
    """The first was undone, and may come back: the Delete of the roll-back looks again."""
    aws.after_write = lambda: setattr(aws, "before_write", always(INVALID))
    aws.edit_at_read(3, POLICY)
    answer = function("Create", statement("A"))
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", KEY)


def test_taking_out_leaves_what_somebody_put_in_our_place(function: Function, aws: Aws) -> None:
    """A Deny under our sid came after the write: the creation fails for it, and it stays."""
    denied = written({**statement("A"), "Effect": "Deny"})
    aws.edit_at_read(3, denied)
    answer = function("Create", statement("A"))
    assert "has another statement with the sid A" in answer["Reason"]
    assert aws.policy == denied


@pytest.mark.parametrize(
    "error", [no_answer(), refused("ThrottlingException"), RefusedError("no Statement")], ids=repr
)
def test_taking_out_goes_on_after_an_error(function: Function, aws: Aws, error: Exception) -> None:
    """The reason that is told stays the first one."""
    errors = raiser(INVALID, error)
    aws.after_write = lambda: setattr(aws, "before_read", errors)
    answer = function("Create", statement("A"))
    assert "InvalidArnException" in answer["Reason"]
    assert (answer["PhysicalResourceId"], aws.policy) == (KEY, POLICY)


def test_no_time_is_left(function: Function, aws: Aws) -> None:
    """A write without another look isn't a success, nor are statements seen at a single look."""
    answer = function("Create", statement("A"), seconds=TOO_SHORT)
    assert answer["Reason"] == (
        f"no time is left: something else keeps changing the policy of key {KEY}: deploy when it "
        "has ended"
    )
    assert aws.policy == POLICY

    function("Create", statement("A"))
    aws.texts.clear()
    answer = function("Create", statement("A"), seconds=TOO_SHORT)
    assert (
        answer["Reason"]
        == "no time is left: the policy of the key couldn't be looked at twice: deploy again"
    )
    assert aws.writes == []


def test_the_time_counts_from_the_call_on(function: Function, aws: Aws) -> None:
    """A look at the stack that takes long is part of it."""
    waits = iter([800])
    aws.before_status = lambda: aws.sleep(next(waits, 0))
    assert function("Create", statement("A"))["Reason"].startswith("no time is left: ")


@pytest.mark.parametrize(
    "error", [no_answer(), refused("AccessDenied", "DescribeStacks")], ids=repr
)
def test_a_stack_whose_status_cannot_be_read(
    function: Function, aws: Aws, error: Exception
) -> None:
    """The statements matter more than a cancellation that is missed."""
    aws.before_status = always(error)
    assert function("Create", statement("A"))["Status"] == "SUCCESS"
    assert aws.policy == written(statement("A"))


def test_a_roll_back_whose_status_cannot_be_read_at_first(function: Function, aws: Aws) -> None:
    """The first status that could be read says in which operation the function was called."""
    aws.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"
    aws.before_status = raiser(refused("AccessDenied", "DescribeStacks"))
    answer = function("Update", statement("A"), old=properties(statement("A")))
    assert answer["Status"] == "SUCCESS"


@pytest.mark.parametrize(
    "status", ["UPDATE_ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS", "UPDATE_COMPLETE"]
)
@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_an_operation_that_is_over(
    function: Function, aws: Aws, status: str, request_type: str
) -> None:
    """The function does no more for it, since another call may be at work."""
    statuses = iter(["UPDATE_IN_PROGRESS"])
    aws.before_status = lambda: setattr(aws, "stack_status", next(statuses, status))
    answer = function(request_type, statement("A"), old=properties(statement("A")))
    assert (answer["Status"], answer["Reason"]) == (
        "FAILED",
        "the stack operation was cancelled, or is over",
    )
    assert aws.policy == POLICY


@pytest.mark.parametrize(
    "status", ["ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS"]
)
def test_a_creation_that_comes_after_its_roll_back(
    function: Function, aws: Aws, status: str
) -> None:
    """Lambda may keep a call for minutes; nobody creates anything while a stack rolls back."""
    aws.stack_status = status
    assert function("Create", statement("A"))["Status"] == "FAILED"
    assert aws.writes == []


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
def test_the_operation_that_asks(
    function: Function, aws: Aws, status: str, request_type: str
) -> None:
    """It goes on while the function is at work."""
    aws.stack_status = status
    answer = function(request_type, statement("A"), old=properties(statement("A")))
    assert answer["Status"] == "SUCCESS"


def test_failed_update_leaves_the_rest_to_the_roll_back(function: Function, aws: Aws) -> None:
    """CloudFormation asks for the old statements again, and gets them."""
    function("Create", statement("A"))
    aws.at_read(3, raiser(INVALID))
    old, new = properties(statement("A")), properties(statement("B"))
    answer = function("Update", statement("B"), old=old)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", KEY)
    assert aws.policy == written(statement("B"))

    assert function("Update", statement("A"), old=new)["Status"] == "SUCCESS"
    assert aws.policy == written(statement("A"))


def test_failed_move_to_another_key_leaves_its_policy(function: Function, aws: Aws) -> None:
    """CloudFormation keeps the old id and doesn't know the other key, so it can't clean it up."""
    old = properties(statement("A"), key=ANOTHER_KEY)
    answer = function(
        "Update", statement("A"), old=old, PhysicalResourceId=ANOTHER_KEY, seconds=TOO_SHORT
    )
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", ANOTHER_KEY)
    assert aws.policy == POLICY


def test_too_long_a_policy_is_refused(function: Function, aws: Aws) -> None:
    """KMS takes exactly 32,768 bytes; a character beyond ASCII counts for two.

    The white space with which KMS prints a policy takes no room, that in strings does.
    """
    with_ours = json.dumps(written(statement("A")), separators=(",", ":"))
    room = 32_768 - len(with_ours) - len("  ") - len("é" * 100) * 2
    sid = f"Other  {'é' * 100}{'x' * room}"
    aws.policy = full = {**POLICY, "Statement": [ACCOUNT, {**OTHER, "Sid": sid}]}
    assert function("Create", statement("A"))["Status"] == "SUCCESS"
    assert len(aws.texts[0].encode()) == 32_768
    assert function("Delete", statement("A"))["Status"] == "SUCCESS"
    assert aws.policy == full
    aws.texts.clear()

    aws.policy = too_full = {**POLICY, "Statement": [ACCOUNT, {**OTHER, "Sid": f"{sid}x"}]}
    answer = function("Create", statement("A"))

    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", "nothing-written")
    assert answer["Reason"] == (
        f"the policy of key {KEY} would have 32769 bytes without white space, but KMS takes 32768: "
        "take out statements that nobody needs, or use another key"
    )
    assert aws.writes == []
    assert aws.policy == too_full


def test_a_policy_without_statements_is_refused(function: Function, aws: Aws) -> None:
    """There is no place to put ours in."""
    aws.policy = {"Version": "2012-10-17"}
    answer = function("Create", statement("A"))
    assert answer["Reason"] == "the key policy has no Statement: repair it"


@pytest.mark.parametrize("request_type", ["Create", "Delete"])
def test_a_policy_that_is_not_json(function: Function, aws: Aws, request_type: str) -> None:
    """KMS shows none; the function answers all the same, and writes nothing."""
    aws.printed = lambda _: "no policy"
    answer = function(request_type, statement("A"))
    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == "JSONDecodeError: Expecting value: line 1 column 1 (char 0)"
    assert aws.writes == []


def test_denied_access_says_what_the_key_policy_lacks(function: Function, aws: Aws) -> None:
    """The account's IAM policies don't count unless the key policy says so."""
    aws.before_read = always(refused("AccessDeniedException"))
    assert function("Create", statement("A"))["Reason"] == (
        "An error occurred (AccessDeniedException) when calling the GetKeyPolicy operation: no: "
        f"the policy of key {KEY} must let the account use IAM policies, by a statement for the "
        "account as principal"
    )


def test_an_explicit_deny_is_not_blamed_on_the_account(function: Function, aws: Aws) -> None:
    """No statement of the key policy would change it; AWS says in which policy it is."""
    says = "not authorized, with an explicit deny in a service control policy"
    aws.before_read = always(refused("AccessDeniedException", says=says))
    assert function("Create", statement("A"))["Reason"] == (
        f"key {KEY}: An error occurred (AccessDeniedException) when calling the GetKeyPolicy "
        f"operation: {says}"
    )


@pytest.mark.parametrize(
    "error", [INVALID, ParamValidationError(report="no ARN")], ids=["KMS", "its client"]
)
def test_lasting_errors_are_told_at_once(function: Function, aws: Aws, error: Exception) -> None:
    """The reason is KMS's own, or that of its client."""
    aws.before_read = always(error)
    assert function("Create", statement("A"))["Reason"] == f"key {KEY}: {error}"
    assert aws.now == 0


def test_delete_after_a_create_that_wrote_nothing_succeeds(function: Function, aws: Aws) -> None:
    """The failed Create's cause doesn't fail the roll-back, so the stack can be deleted."""
    aws.before_read = always(refused("AccessDeniedException"))
    physical_id = function("Create", statement("A"))["PhysicalResourceId"]
    assert function("Delete", statement("A"), PhysicalResourceId=physical_id)["Status"] == "SUCCESS"


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("before_read", "AccessDeniedException"),
        ("before_write", "MalformedPolicyDocumentException"),
    ],
)
def test_delete_that_is_refused_fails(function: Function, aws: Aws, call: str, code: str) -> None:
    """The statements are still there."""
    aws.policy = written(statement("A"))
    setattr(aws, call, always(refused(code)))
    answer = function("Delete", statement("A"))
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", KEY)


@pytest.mark.parametrize(
    "error",
    [refused("ThrottlingException"), refused("KMSInternalException", status=500), no_answer()],
    ids=["throttled", "KMS failed", "no answer"],
)
@pytest.mark.parametrize(
    ("call", "seconds"),
    [("before_read", 40 / 6 + 40 / 6 + 40), ("before_write", 40 + 10 + 40 + 10 + 40)],
)
def test_a_temporary_failure_is_waited_out(
    function: Function, aws: Aws, call: str, seconds: float, error: Exception
) -> None:
    """Another time KMS answers.

    A write that got no answer may land still, so the next look waits for it.
    """
    setattr(aws, call, raiser(error, error))
    assert function("Create", statement("A"))["Status"] == "SUCCESS"
    assert aws.policy == written(statement("A"))
    assert aws.now == pytest.approx(seconds)


@pytest.mark.parametrize(
    "code",
    [
        "AccessDeniedException",
        "MalformedPolicyDocumentException",
        "NotFoundException",
        "KMSInvalidStateException",
    ],
)
def test_passing_errors_are_waited_for_and_then_told(
    function: Function, aws: Aws, code: str
) -> None:
    """The function waits for new roles, its own or in the statements, and for a key's state."""
    error = refused(code, "PutKeyPolicy")
    aws.before_write = always(error)
    assert code in function("Create", statement("A"))["Reason"]
    assert aws.policy == POLICY
    # It is asked again for a minute, every 17 seconds, random ones among them.
    assert 60 <= aws.now < 67

    aws.before_write = raiser(*[error] * 4)
    assert function("Create", statement("A"))["Status"] == "SUCCESS"


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_a_key_that_is_not_there_is_told(function: Function, request_type: str) -> None:
    """Only a removal succeeds when the key is gone."""
    answer = function(
        request_type, statement("A"), old=properties(statement("B"), key=GONE), key=GONE
    )
    assert answer["Status"] == "FAILED"
    assert "NotFoundException" in answer["Reason"]


def test_a_statement_without_sid_that_the_owner_wrote_is_kept(function: Function, aws: Aws) -> None:
    """In a roll-back from a statement without one, too."""
    aws.policy = written(NAMELESS)
    function("Create", statement("A"))
    both = aws.policy
    assert function("Update", NAMELESS, old=properties(statement("A")))["Status"] == "FAILED"
    assert function("Update", statement("A"), old=properties(NAMELESS))["Status"] == "SUCCESS"
    assert aws.policy == both


def test_a_statement_without_sid_is_refused(function: Function, aws: Aws) -> None:
    """It could never be taken out. The roll-back doesn't fail for the same reason."""
    answer = function("Create", NAMELESS)
    assert (
        answer["Reason"] == "a statement has no sid, by which it would be found again: give it one"
    )
    assert aws.policy == POLICY
    physical_id = answer["PhysicalResourceId"]
    assert function("Delete", NAMELESS, PhysicalResourceId=physical_id)["Status"] == "SUCCESS"

    function("Create", statement("A"))
    assert function("Update", NAMELESS, old=properties(statement("A")))["Status"] == "FAILED"
    assert function("Update", statement("A"), old=properties(NAMELESS))["Status"] == "SUCCESS"
    assert aws.policy == written(statement("A"))
