"""Functions of templates, and the resources and other things that they refer to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._access.policy_documents import as_list
from .intrinsics import VARIABLE_OF_SUB


def functions(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every function in a value, with its argument."""
    pending = [value]
    while pending:
        value = pending.pop()
        if type(value) is list:
            pending += value
        elif type(value) is dict:
            if len(value) == 1:
                ((name, argument),) = value.items()
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
