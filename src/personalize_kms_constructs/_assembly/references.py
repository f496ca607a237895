"""References in templates: what refers to what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._access.written import as_list
from .intrinsics import VARIABLE_OF_SUB


def functions(value: Any, *, but: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every function in a value, with its argument, but for one function and all that is in it."""
    pending = [value]
    while pending:
        value = pending.pop()
        if type(value) is list:
            pending += value
        elif type(value) is dict:
            if len(value) == 1:
                ((name, argument),) = value.items()
                if name == but:
                    continue
                if name == "Ref" or name.startswith("Fn::"):
                    yield name, argument
            pending += value.values()


def names_in(function: str, argument: Any) -> list[str]:
    """Return the names that a function refers to, of resources and of other things."""
    first, more, *_ = [*as_list(argument), "", ""]
    if function == "Ref":
        return [str(first)]
    if function == "Fn::GetAtt":
        return [str(first).partition(".")[0]]
    if function == "Fn::Sub":
        given: dict[str, Any] = more if isinstance(more, dict) else {}
        return [each.partition(".")[0] for each in VARIABLE_OF_SUB.findall(str(first)) if each not in given]
    return []


def refers_to(value: Any, logical_id: str) -> bool:
    """Tell if an expression refers to a resource, other than by ``Fn::If``, which may see to it that it exists."""
    return any(logical_id in names_in(name, argument) for name, argument in functions(value, but="Fn::If"))
