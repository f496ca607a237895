"""Faults on demand, for tests of what callers do about them.

Besides Personalize's calls, CloudFormation's `ScheduleKeyDeletion` may be denied, as a control
policy denies it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ministack.services.cloudformation import provisioners

_SCHEDULE_KEY_DELETION = "ScheduleKeyDeletion"


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
    """Let a fault stop CloudFormation from deleting a key."""
    key = provisioners._RESOURCE_HANDLERS["AWS::KMS::Key"]
    delete = key["delete"]

    def delete_or_fail(*about: Any) -> Any:
        fault = take(_SCHEDULE_KEY_DELETION)
        if fault is not None:
            raise RuntimeError(f"{fault.code}: not authorized to perform: kms:ScheduleKeyDeletion")
        return delete(*about)

    key["delete"] = delete_or_fail
