"""The function against the KMS of an embedded AWS, as things go well in the end."""

from typing import Any

import pytest

from embedded_aws import EmbeddedAws
from personalize_kms_constructs._managed_key_policy import function as key_policy_function
from tests.managed_key_policy.conftest import ACCOUNT, POLICY, Function, Policy, Spy, properties, statement, written


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


def test_update_replaces_the_statements(function: Function, key_arn: str, policy: Policy) -> None:
    """A sid that is no longer wanted goes, a changed statement is replaced, and an equal one stays."""
    old = properties(key_arn, statement("A"), statement("B"), statement("C"))
    function("Create", key_arn, statement("A"), statement("B"), statement("C"))
    answer = function("Update", key_arn, statement("B"), statement("C", "kms:DescribeKey"), statement("D"), old=old)

    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", key_arn)
    assert policy() == written(statement("B"), statement("C", "kms:DescribeKey"), statement("D"))


def test_each_call_may_come_twice(function: Function, key_arn: str, policy: Policy, spy: Spy) -> None:
    """Lambda promises at least one; the second finds the work done. The statements come, change and go."""
    old = properties(key_arn, statement("A"))
    for request, asked in (("Create", "A"), ("Update", "B"), ("Delete", "B")):
        for _ in range(2):
            assert function(request, key_arn, statement(asked), old=old)["Status"] == "SUCCESS"
    assert policy() == POLICY
    assert len(spy.writes) == 3


def test_a_policy_that_comes_back_in_another_print(
    aws: EmbeddedAws, function: Function, key_arn: str, policy: Policy, spy: Spy
) -> None:
    """What a statement says counts, not how KMS writes it."""
    aws.fail_next("ReprintKeyPolicy", "")
    assert function("Create", key_arn, statement("A"))["Status"] == "SUCCESS"
    assert '"Sid" : "A"' in policy()
    assert len(spy.writes) == 1


def test_delete_succeeds_when_the_key_is_gone(function: Function, gone: str) -> None:
    """Its policy went with it."""
    assert function("Delete", gone, statement("A"))["Status"] == "SUCCESS"


def test_edit_between_read_and_write_is_kept(
    function: Function, key_arn: str, kms: Any, policy: Policy, spy: Spy
) -> None:
    """The second read sees it, so that nothing is written over it."""
    edited = f'{{"Statement": {ACCOUNT}}}'
    spy.at_read(2, lambda: kms.put_key_policy(KeyId=key_arn, PolicyName="default", Policy=edited))
    assert function("Create", key_arn, statement("A"))["Status"] == "SUCCESS"
    assert policy().startswith(f'{{"Statement": [{ACCOUNT},{{"Action":')
    assert len(spy.writes) == 1


def test_write_waits_for_no_slow_read(
    function: Function, key_arn: str, spy: Spy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text that was read too long ago isn't the ground of a write."""
    monkeypatch.setattr(key_policy_function, "WRITE_WITHIN", 0.0)
    assert function("Create", key_arn, statement("A"), seconds=0.2)["Status"] == "FAILED"
    assert spy.writes == []


def test_statements_that_are_undone_are_written_again(
    function: Function, key_arn: str, kms: Any, policy: Policy, spy: Spy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next look sees it. A random time later, else two that undid each other's work would do so for ever."""
    waits: list[tuple[float, float]] = []

    def wait(shortest: float, longest: float) -> float:
        waits.append((shortest, longest))
        return 0

    monkeypatch.setattr("random.uniform", wait)
    undone = f'{{"Statement": [{ACCOUNT}]}}'
    spy.at_read(3, lambda: kms.put_key_policy(KeyId=key_arn, PolicyName="default", Policy=undone))
    assert function("Create", key_arn, statement("A"))["Status"] == "SUCCESS"
    assert policy().startswith(f'{{"Statement": [{ACCOUNT},{{"Action":')
    assert len(spy.writes) == 2
    assert waits == [(0, key_policy_function.SETTLE)]


def test_no_statements_are_no_error(function: Function, key_arn: str, spy: Spy) -> None:
    """The CDK leaves an empty document out."""
    assert function("Create", key_arn, ResourceProperties={"KeyArn": key_arn})["Status"] == "SUCCESS"
    assert spy.writes == []
