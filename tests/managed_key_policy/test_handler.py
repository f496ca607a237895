"""The function against the KMS of an embedded AWS, as things go well in the end."""

from collections.abc import Callable
from typing import Any

import pytest

from personalize_kms_constructs._managed_key_policy import function as key_policy_function
from tests.managed_key_policy.conftest import (
    ACCOUNT,
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


def test_create_adds_the_statements(function: Function, key_arn: str, policy: Policy, spy: Spy) -> None:
    """One write, at the end of the policy, and all that was there stays byte for byte."""
    answer = function("Create", key_arn, statement("A"), statement("B"))

    assert answer == {
        "StackId": "stack",
        "RequestId": "request-0",
        "LogicalResourceId": "KeyPolicy",
        "Status": "SUCCESS",
        "PhysicalResourceId": key_arn,
        "Reason": "",
    }
    assert policy() == written(statement("A"), statement("B"))
    assert len(spy.writes) == 1


def test_create_twice_writes_once(function: Function, key_arn: str, spy: Spy) -> None:
    """Lambda may call a function more than once for one request."""
    for _ in range(2):
        assert function("Create", key_arn, statement("A"))["Status"] == "SUCCESS"
    assert len(spy.writes) == 1


def test_update_replaces_the_statements(function: Function, key_arn: str, policy: Policy) -> None:
    """A sid that is no longer wanted goes, a changed statement is replaced, and an equal one stays."""
    old = properties(key_arn, statement("A"), statement("B"), statement("C"))
    function("Create", key_arn, statement("A"), statement("B"), statement("C"))
    answer = function("Update", key_arn, statement("B"), statement("C", "kms:DescribeKey"), statement("D"), old=old)

    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", key_arn)
    assert policy() == written(statement("B"), statement("C", "kms:DescribeKey"), statement("D"))


def test_delete_takes_the_statements_out(function: Function, key_arn: str, policy: Policy) -> None:
    """The policy is again what it was."""
    function("Create", key_arn, statement("A"), statement("B"))
    assert function("Delete", key_arn, statement("A"), statement("B"))["Status"] == "SUCCESS"
    assert policy() == POLICY


def test_delete_of_what_is_not_there_writes_nothing(function: Function, key_arn: str, spy: Spy) -> None:
    """Somebody took the statements out already."""
    assert function("Delete", key_arn, statement("A"))["Status"] == "SUCCESS"
    assert spy.writes == []


def test_delete_waits_for_a_key_in_an_invalid_state(
    function: Function, key_arn: str, policy: Policy, spy: Spy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a state passes. One that doesn't is told, since the statements are still there."""
    error = refused("KMSInvalidStateException", "PutKeyPolicy")
    function("Create", key_arn, statement("A"))
    spy.before_write = raiser(error)
    answer = function("Delete", key_arn, statement("A"))
    assert (answer["Status"], policy()) == ("FAILED", written(statement("A")))

    monkeypatch.setattr(key_policy_function, "PATIENCE", 5.0)
    spy.before_write = raiser(error, error)
    assert function("Delete", key_arn, statement("A"))["Status"] == "SUCCESS"
    assert policy() == POLICY


def test_delete_works_while_the_deletion_of_the_key_is_pending(
    function: Function, key_arn: str, kms: Any, policy: Policy
) -> None:
    """KMS's table of key states allows PutKeyPolicy then."""
    function("Create", key_arn, statement("A"))
    kms.schedule_key_deletion(KeyId=key_arn)
    assert function("Delete", key_arn, statement("A"))["Status"] == "SUCCESS"
    assert policy() == POLICY


def test_delete_succeeds_when_the_key_is_gone(function: Function, key_arn: str) -> None:
    """Its policy went with it."""
    gone = key_arn[:-12] + "0" * 12
    assert function("Delete", gone, statement("A"))["Status"] == "SUCCESS"


def test_another_key_gets_the_statements_and_a_new_id(
    function: Function, key_arn: str, kms: Any, policy: Policy
) -> None:
    """CloudFormation then deletes what has the old id: the statements in the old key's policy."""
    function("Create", key_arn, statement("A"))
    other = kms.create_key(Policy=POLICY)["KeyMetadata"]["Arn"]
    old = properties(key_arn, statement("A"))
    answer = function("Update", other, statement("A"), old=old, PhysicalResourceId=key_arn)

    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", f"{other}<{key_arn}")
    assert kms.get_key_policy(KeyId=other, PolicyName="default")["Policy"] == written(statement("A"))
    assert policy() == written(statement("A"))


def test_edit_between_read_and_write_is_kept(
    function: Function, key_arn: str, kms: Any, policy: Policy, spy: Spy
) -> None:
    """The second read sees it, so that nothing is written over it."""
    reads = iter(range(100))

    def edit_before_second_read() -> None:
        if next(reads) == 1:
            kms.put_key_policy(KeyId=key_arn, PolicyName="default", Policy=f'{{"Statement": {ACCOUNT}}}')

    spy.before_read = edit_before_second_read
    assert function("Create", key_arn, statement("A"))["Status"] == "SUCCESS"
    assert policy().startswith(f'{{"Statement": [{ACCOUNT},{{"Action":')
    assert len(spy.writes) == 1


def test_write_waits_for_no_slow_read(
    function: Function, key_arn: str, spy: Spy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text that was read too long ago isn't the ground of a write."""
    monkeypatch.setattr(key_policy_function, "WRITE_WITHIN", 0.0)
    answer = function("Create", key_arn, statement("A"), seconds=0.5)
    assert answer["Status"] == "FAILED"
    assert spy.writes == []


def test_statements_that_are_undone_are_written_again(
    function: Function, key_arn: str, kms: Any, policy: Policy, spy: Spy
) -> None:
    """Somebody wrote over ours what they had read before; the next look sees it."""
    reads = iter(range(100))

    def undo_before_third_read() -> None:
        if next(reads) == 2:
            kms.put_key_policy(KeyId=key_arn, PolicyName="default", Policy=f'{{"Statement": [{ACCOUNT}]}}')

    spy.before_read = undo_before_third_read
    assert function("Create", key_arn, statement("A"))["Status"] == "SUCCESS"
    assert policy().startswith(f'{{"Statement": [{ACCOUNT},{{"Action":')
    assert len(spy.writes) == 2


def test_statements_are_written_again_after_a_random_time(
    function: Function, key_arn: str, kms: Any, spy: Spy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that undid each other's statements would otherwise do so again, and for ever."""
    reads = iter(range(100))
    waits: list[tuple[float, float]] = []

    def undo_before_third_read() -> None:
        if next(reads) == 2:
            kms.put_key_policy(KeyId=key_arn, PolicyName="default", Policy=POLICY)

    def wait(shortest: float, longest: float) -> float:
        waits.append((shortest, longest))
        return 0

    spy.before_read = undo_before_third_read
    monkeypatch.setattr("random.uniform", wait)
    function("Create", key_arn, statement("A"))
    assert waits == [(0, 0.05)]


def test_no_statements_are_no_error(function: Function, key_arn: str, spy: Spy) -> None:
    """The CDK leaves an empty document out."""
    properties_of_none = {"KeyArn": key_arn, "FunctionRoleArn": ""}
    answer = function("Create", key_arn, ResourceProperties=properties_of_none)
    assert answer["Status"] == "SUCCESS"
    assert spy.writes == []
