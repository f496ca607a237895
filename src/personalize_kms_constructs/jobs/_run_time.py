"""The values that each execution evaluates: JSONata expressions and JsonPath expressions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from aws_cdk import aws_stepfunctions as sfn

from .._tokens import TOKEN

_SEVERAL = re.compile(r"%\}.*\{%", re.DOTALL)


def is_jsonata(value: object) -> bool:
    """Tell if Step Functions evaluates the value in a JSONata state."""
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}")


def is_json_path(value: object) -> bool:
    """Tell if the value is, or has in it, what ``sfn.JsonPath`` returns."""
    if isinstance(value, str):
        # One by one: the CDK refuses a text that has other text beside it.
        return any(_has_paths(token[0]) for token in TOKEN.finditer(value))
    if isinstance(value, (Mapping, Sequence)):
        return any(is_json_path(leaf) for leaf in leaves(value))
    return _has_paths(value)


def is_known(value: object) -> bool:
    """Tell if the value is the same in every execution; it may be a token that CloudFormation resolves."""
    return not is_jsonata(value) and not is_json_path(value)


def has_expression(value: object) -> bool:
    """Tell if an execution evaluates the value, or would if it were written as one expression."""
    return isinstance(value, str) and ("{%" in value or is_json_path(value))


def text_problems(what: str, value: object) -> Iterator[str]:
    """Explain that an expression stands inside of other text, where Step Functions evaluates none, or is none."""
    if not isinstance(value, str):
        return
    if is_jsonata(value):
        if not jsonata_source(value) or _SEVERAL.search(value):
            yield (
                f"{what} is {value!r}, which is not one expression: write one between '{{%' and '%}}', for example "
                "{% 'day-' & $states.input.day %}"
            )
    elif "{%" in value or (not TOKEN.fullmatch(value) and is_json_path(value)):
        yield (
            f"{what} is {value!r}, an expression inside of other text, but Step Functions evaluates whole values only: "
            "write one expression, for example {% 'day-' & $states.input.day %} or "
            "sfn.JsonPath.format('day-{}', sfn.JsonPath.string_at('$.day'))"
        )


def jsonata_source(expression: str) -> str:
    """Return what stands between the delimiters of an expression."""
    return expression[2:-2].strip()


def jsonata_string(text: str) -> str:
    """Return JSONata for a string, tokens included."""
    return json.dumps(text, ensure_ascii=False)


def json_path_source(value: str) -> str:
    """Return what stands in a state for what ``sfn.JsonPath`` returned: a path, or an intrinsic function."""
    rendered = cast("dict[str, str]", sfn.FieldUtils.render_object({"value": value}))
    return rendered["value.$"]


def leaves(value: Any) -> list[Any]:
    """Return the values in nested mappings and lists."""
    if isinstance(value, Mapping):
        return [leaf for entry in value.values() for leaf in leaves(entry)]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [leaf for entry in value for leaf in leaves(entry)]
    return [value]


def _has_paths(value: object) -> bool:
    return bool(sfn.FieldUtils.find_referenced_paths({"value": value}))
