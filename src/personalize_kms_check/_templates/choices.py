"""Values chosen by an undecided condition of a template."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from .._model.policy_documents import Position, all_conditions
from .._shared.values import unknown

NO_VALUE = object()
"""The value of ``AWS::NoValue``; lists and objects drop it."""


class Either(str):
    """A hole for one of two values; as a string it is like any other hole."""

    condition: str
    then: Any
    otherwise: Any

    @staticmethod
    def of(stack_name: str, condition: str, then: Any, otherwise: Any, by: str = "") -> Either:
        name = f"Fn::If {condition} by {by}".removesuffix(" by ")
        hole = Either(unknown(name, stack_name, condition, then, otherwise))
        hole.condition, hole.then, hole.otherwise = f"{stack_name}.{condition}", then, otherwise
        return hole

    @property
    def may_be_left_out(self) -> bool:
        for value in (self.then, self.otherwise):
            if value is NO_VALUE or (isinstance(value, Either) and value.may_be_left_out):
                return True
        return False


class Item(NamedTuple):
    """An item of a list, or of one of the lists that a condition chooses."""

    value: Any
    position: Position


def left_out_by(value: Any) -> str:
    """Return the conditions under which a value may be left out, in words; nothing without one."""
    if isinstance(value, Either) and value.may_be_left_out:
        return condition_in(value)
    return ""


def items_of(value: Any, condition: str = "", number: int = 0) -> Iterator[Item]:
    """Yield the items of a list, or a value without a list, under all conditions."""
    if isinstance(value, Either):
        for choice in (value.then, value.otherwise):
            yield from items_of(choice, all_conditions(condition, value.condition), number)
    elif isinstance(value, list):
        for index, item in enumerate(value, 1):
            yield from items_of(item, condition, number or index)
    elif value is not NO_VALUE:
        yield Item(value, Position(number or 1, condition))


def condition_in(value: Any) -> str:
    """Return the conditions in a value or in a part of it, in words; nothing if there are none."""
    if isinstance(value, Either):
        return all_conditions(value.condition, condition_in([value.then, value.otherwise]))
    if isinstance(value, dict):
        value = [*value.values()]
    if not isinstance(value, list):
        return ""
    return all_conditions(*(condition_in(item) for item in value))
