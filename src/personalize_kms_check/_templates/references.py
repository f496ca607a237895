"""Functions of templates, and the names of resources and parameters in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._policy_documents import as_list
from .intrinsics import VARIABLE_OF_SUB


def functions(value: Any) -> Iterator[tuple[str, Any]]:
    to_visit = [value]
    while to_visit:
        value = to_visit.pop()
        if type(value) is list:
            to_visit += value
        elif type(value) is dict:
            if len(value) == 1:
                ((name, argument),) = value.items()
                if name == "Ref" or name.startswith("Fn::"):
                    yield name, argument
            to_visit += value.values()


def names_in(function: str, argument: Any) -> list[str]:
    """Return the names of resources and parameters a function refers to."""
    first, more, *_ = [*as_list(argument), "", ""]
    if function == "Ref":
        return [str(first)]
    if function == "Fn::GetAtt":
        return [str(first).partition(".")[0]]
    if function == "Fn::Sub":
        variables: dict[str, Any] = more if isinstance(more, dict) else {}
        names: list[str] = []
        for name in VARIABLE_OF_SUB.findall(str(first)):
            if name not in variables:
                names.append(name.partition(".")[0])
        return names
    return []
