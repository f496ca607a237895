"""Faults on demand, for tests of what callers do about them.

`EmbeddedAws.fail_next` asks for them with an operation that the real API doesn't have. Besides Personalize's calls, it
makes custom resources fail: their function never answers, or is called twice. Lambda promises at least one call, and a
function that is stopped answers nothing. CloudFormation's `ScheduleKeyDeletion` is denied, as a control policy may do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ministack.services import lambda_svc
from ministack.services.cloudformation import custom_resource, provisioners

OPERATION = "FailNext"
SCHEDULE_KEY_DELETION = "ScheduleKeyDeletion"
CUSTOM_RESOURCE = "CallCustomResource"
NEVER_ANSWERS = "NeverAnswers"  # the other code is CalledTwice


@dataclass
class Fault:
    """An error that the next calls of an operation are answered with."""

    operation: str
    code: str
    times: int
    after_the_fact: bool
    """True if the call does its work all the same, and only its answer is lost."""


_faults: list[Fault] = []


def clear() -> None:
    """Let everything work again."""
    _faults.clear()


def add(request: dict[str, Any]) -> None:
    """Ask for a fault."""
    _faults.append(Fault(**request))


def take(operation: str) -> Fault | None:
    """The fault for this call, if there is one."""
    for fault in _faults:
        if fault.operation == operation and fault.times > 0:
            fault.times -= 1
            return fault
    return None


def register() -> None:
    """Ask for a fault at each call of a function by CloudFormation, and at each deletion of a key."""
    key = provisioners._RESOURCE_HANDLERS["AWS::KMS::Key"]
    delete = key["delete"]

    def delete_or_fail(*about: Any) -> Any:
        fault = take(SCHEDULE_KEY_DELETION)
        if fault is not None:
            raise RuntimeError(f"{fault.code}: not authorized to perform: kms:ScheduleKeyDeletion")
        return delete(*about)

    key["delete"] = delete_or_fail
    # Answers go to the endpoint that functions have in their environment, as ours asks for.
    custom_resource._HOST = "127.0.0.1"
    execute = lambda_svc._execute_function_with_config_scope

    def execute_with_fault(record: Any, event: Any, *more: Any) -> Any:
        fault = take(CUSTOM_RESOURCE) if isinstance(event, dict) and "ResponseURL" in event else None
        if fault is None:
            return execute(record, event, *more)
        if fault.code == NEVER_ANSWERS:
            return None
        execute(record, event, *more)
        return execute(record, event, *more)

    lambda_svc._execute_function_with_config_scope = execute_with_fault
