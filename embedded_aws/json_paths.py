"""JSONPath as Step Functions has it: a path that finds nothing fails the execution.

ministack goes on with `None`. Step Functions' error is `States.Runtime`, whose cause names path and
input; "a retry or catch on States.ALL won't catch States.Runtime errors" (developer guide,
concepts-error-handling). Users report these causes, word for word.
Nobody reports `States.ParameterPathFailure`, of which the same page says nearly the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ministack.services import stepfunctions

_RUNTIME = "States.Runtime"


def register() -> None:
    """Extend ministack's module."""
    resolve = stepfunctions._resolve_params_obj
    matches = stepfunctions._error_matches
    call = stepfunctions._exec_intrinsic

    def resolve_what_is_there(template: Any, data: Any, context: Any = None) -> Any:
        for key, value in template.items() if isinstance(template, dict) else ():
            if key.endswith(".$") and isinstance(value, str):
                _require(key, value, data, context)
        return resolve(template, data, context)

    def call_with_text(node: Any, data: Any, context: Any) -> Any:
        """Let ``States.Format`` write values as JSON does, and read escapes in strings."""
        kind, name, arguments = node
        if name == "States.Format":
            template, *rest = arguments
            texts = [
                _text(argument, stepfunctions._eval_intrinsic_arg(argument, data, context))
                for argument in rest
            ]
            node = (kind, name, [template, *(("str", text) for text in texts)])
        return call(node, data, context)

    stepfunctions._resolve_params_obj = resolve_what_is_there
    stepfunctions._error_matches = lambda names, error: error != _RUNTIME and matches(names, error)
    stepfunctions._exec_intrinsic = call_with_text


def _text(argument: Any, value: Any) -> str:
    """An argument of ``States.Format`` as it is put into the text."""
    if argument[0] == "str":
        return re.sub(r"\\(.)", r"\1", str(value))
    return value if isinstance(value, str) else json.dumps(value)


def _require(field: str, value: str, data: Any, context: Any) -> None:
    if not value.startswith("States."):
        if not _is_there(value, data, context):
            raise _not_found(f"The JSONPath '{value}' specified for the field '{field}'", data)
        return
    node, _ = stepfunctions._parse_intrinsic_call(value, 0)
    for path in _paths(node):
        if not _is_there(path, data, context):
            argument = f"The JsonPath argument for the field '{path}'"
            raise _not_found(f"The function '{value}' had the following error: {argument}", data)


def _not_found(what: str, data: Any) -> Exception:
    error: Exception = stepfunctions._ExecutionError(
        _RUNTIME,
        f"{what} could not be found in the input '{json.dumps(data, separators=(',', ':'))}'",
    )
    return error


def _paths(node: Any) -> Iterator[str]:
    """The paths among the arguments of a function, and of the functions within."""
    _, _, arguments = node
    for argument in arguments:
        if argument[0] == "path":
            yield argument[1]
        elif argument[0] == "call":
            yield from _paths(argument)


def _is_there(path: str, data: Any, context: Any) -> bool:
    """Tell if a path finds something, `null` included."""
    in_context = path.startswith("$$")
    value = (context or {}) if in_context else data
    for kind, name in stepfunctions._parse_jsonpath_tokens(path[1:] if in_context else path) or ():
        if kind == "wildcard":
            return True
        container = dict if kind == "field" else list
        if not isinstance(value, container):
            return False
        if not (name in value if kind == "field" else name < len(value)):
            return False
        value = value[name]
    return True
