"""Faults on demand, for tests of what callers do about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


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
