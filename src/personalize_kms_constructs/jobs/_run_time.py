"""Values evaluated in each execution: JSONata and JsonPath expressions, and their parts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from aws_cdk import aws_stepfunctions as sfn

from .._refusals.arguments import has
from .._tokens import TOKEN

_SEVERAL = re.compile(r"%\}.*\{%", re.DOTALL)
_JSONATA = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|.)""", re.DOTALL)
# Operators that bind less than "&", or as much from left to right, and the beginning of a regular
# expression.
_OTHER_OPERATORS = frozenset("?:=<>!~^|@#;,+-*/%")
_WORDS = re.compile(r"(?<![\w.$])(and|or|in)(?!\w)")
_INTRINSIC = re.compile(r"'(?:[^'\\]|\\.)*'|.", re.DOTALL)


def is_jsonata(value: object) -> bool:
    """Tell if Step Functions evaluates the value in a JSONata state."""
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}")


def is_json_path(value: object) -> bool:
    """Tell if the value is or contains a result of ``sfn.JsonPath``."""
    if isinstance(value, str):
        # One by one: the CDK refuses a token that has text beside it.
        return any(_has_paths(token[0]) for token in TOKEN.finditer(value))
    if isinstance(value, (Mapping, list)):
        return any(is_json_path(leaf) for leaf in leaves(value))
    return _has_paths(value)


def is_known(value: object) -> bool:
    """Tell if all executions have the same value; it may be a token of CloudFormation."""
    return not is_jsonata(value) and not is_json_path(value)


def text_problems(subject: str, value: object) -> Iterator[str]:
    """Step Functions evaluates neither several expressions, nor text around an expression."""
    if not isinstance(value, str):
        return
    if is_jsonata(value):
        if _SEVERAL.search(value):
            yield (
                f"{subject} is {value!r}, which is not one expression: write one between '{{%' and "
                "'%}', for example {% 'day-' & $states.input.day %}"
            )
    elif "{%" in value or (not TOKEN.fullmatch(value) and is_json_path(value)):
        yield (
            f"{subject} is {value!r}, an expression inside of other text, but Step Functions "
            "evaluates whole values only: write one expression, for example {% 'day-' & "
            "$states.input.day %} or sfn.JsonPath.format('day-{}', sfn.JsonPath.string_at('$.day'))"
        )


def jsonata_source(expression: str) -> str:
    return expression[2:-2].strip()


def jsonata_string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def json_path_source(value: str) -> str:
    """Return a result of ``sfn.JsonPath`` as in a state: a path, or an intrinsic function."""
    rendered = cast("dict[str, str]", sfn.FieldUtils.render_object({"value": value}))
    return rendered["value.$"]


def jsonata_operands(source: str) -> list[str]:
    """Return the operands of an outermost ``&``, or the whole expression if it has none."""
    parts, outer, depth = [""], "", 0
    for token in _JSONATA.findall(source):
        depth += (token in "([{") - (token in ")]}")
        if depth == 0 and token == "&":
            parts.append("")
            continue
        parts[-1] += token
        outer += token if depth == 0 and len(token) == 1 else " "
        if token == "/":
            return [source]
    stripped = [part.strip() for part in parts]
    if depth or not all(stripped) or _OTHER_OPERATORS.intersection(outer) or _WORDS.search(outer):
        return [source]
    return stripped


def json_path_parts(path: str) -> list[str]:
    """Return the JSONPaths in a path, which may be a ``States.Format``."""
    if not path.startswith("States."):
        return [path] if path.startswith("$") else []
    function, _, rest = path.partition("(")
    arguments, depth = [""], 0
    for token in _INTRINSIC.findall(rest.removesuffix(")")):
        depth += (token == "(") - (token == ")")
        if depth == 0 and token == ",":
            arguments.append("")
        else:
            arguments[-1] += token
    if function != "States.Format":
        return []
    parts = []
    for argument in arguments:
        parts += json_path_parts(argument.strip())
    return parts


def leaves(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if not isinstance(value, list):
        return [value]
    nested: list[Any] = []
    for entry in value:
        nested += leaves(entry)
    return nested


def is_of_state(value: object) -> bool:
    """Tell if a state can have this as a value. ``jsii`` raises for other objects."""
    return isinstance(value, (str, int, float)) or has(value, "resolve")


def _has_paths(value: object) -> bool:
    # An intrinsic function may have no path, for example ``States.UUID()``.
    rendered = sfn.FieldUtils.render_object({"value": value}) if is_of_state(value) else None
    return "value.$" in (rendered or {})
