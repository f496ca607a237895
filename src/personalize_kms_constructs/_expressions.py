"""Strings of a template, read in parts: text, and CloudFormation functions without a value yet."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")

Json = Any


def parts_of(resolved: Json) -> Iterator[str | dict[str, Any]]:
    """``Fn::Join`` and ``Fn::Sub`` are read; any other function is a part as it stands."""
    match resolved:
        case None:
            pass
        case bool():
            yield str(resolved).lower()
        case str() | int() | float():
            yield str(resolved)
        case {"Fn::Join": [str(separator), list(items)]}:
            for number, item in enumerate(items):
                if number and separator:
                    yield separator
                yield from parts_of(item)
        case {"Fn::Sub": str(text)}:
            yield from _parts_of_sub(text, {})
        case {"Fn::Sub": [str(text), dict(values)]}:
            yield from _parts_of_sub(text, values)
        case dict():
            yield resolved
        case _:
            yield {"a value that is no string": json.dumps(resolved)}


def placeholder(function: dict[str, Any]) -> str:
    """Return a function in the notation of ``Fn::Sub``, or its JSON if the notation has no way."""
    match function:
        case {"Ref": str(name)} if len(function) == 1:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [str(name), str(attribute)]} if len(function) == 1:
            return f"${{{name}.{attribute}}}"
    return f"${{{re.sub(r'[{}$]', '', json.dumps(function))}}}"


def _parts_of_sub(text: str, values: dict[str, Json]) -> Iterator[str | dict[str, Any]]:
    start = 0
    for variable in _VARIABLE.finditer(text):
        if text[start : variable.start()]:
            yield text[start : variable.start()]
        name, start = variable[1], variable.end()
        if name in values:
            yield from parts_of(values[name])
        elif name.startswith("!"):
            yield f"${{{name[1:]}}}"
        else:
            logical_id, dot, attribute = name.partition(".")
            yield {"Fn::GetAtt": [logical_id, attribute]} if dot else {"Ref": name}
    if text[start:]:
        yield text[start:]
