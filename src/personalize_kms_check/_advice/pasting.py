"""Statements as a template takes them, with its own functions for its resources and parameters.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-sub.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from .._model.declarations import Declaration, template_of
from .._model.model import AccessModel, Functions
from .._model.policy_documents import with_text_variables
from .._shared.values import WRITTEN

_PSEUDO_PARAMETER = re.compile(r"\$\{AWS::\w+\}")


def pasted_for(model: AccessModel, value: Any, declared: tuple[Declaration, ...]) -> Any:
    """Return JSON in the form for the template of the first resource, if there is one.

    A role waiting for this resource is named by a string, without a reference.
    """
    first = next(iter(declared), None)
    if first is None or not model.functions:
        return value
    template = template_of(first)
    functions = model.functions.get(template, {})
    later: list[str] = []
    for role in model.roles.values():
        if role.declared is None or role.declared.template != template:
            continue
        if first in role.waits_for:
            later.append(role.declared.logical_id)
    return pasted(value, _without_references(functions, later) if later else functions)


def _without_references(functions: Functions, logical_ids: list[str]) -> Functions:
    pattern = "|".join(re.escape(logical_id) for logical_id in logical_ids)
    reference = re.compile(rf'["{{]({pattern})["}}.]')
    rest: dict[str, Any] = {}
    for value, function in functions.items():
        if not reference.search(json.dumps(function)):
            rest[value] = function
    return rest


def pasted(value: Any, functions: Functions) -> Any:
    """Return JSON with functions for holes; holes from elsewhere stay."""
    if isinstance(value, dict):
        return {name: pasted(item, functions) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [pasted(item, functions) for item in value]
    if not isinstance(value, str):
        return value
    # Variables of policies are text in a template.
    value = with_text_variables(value)
    if _PSEUDO_PARAMETER.fullmatch(value):
        return {"Ref": value[2:-1]}
    return functions[value] if value in functions else _as_sub(value, functions)


def _as_sub(text: str, functions: Functions) -> Any:
    """Return a string with holes as ``Fn::Sub``; as it is, if the template knows no hole of it."""
    parts: list[str] = []
    variables: dict[str, Any] = {}
    is_known = False
    for part in _parts(text, functions):
        expression = functions.get(part)
        if _PSEUDO_PARAMETER.fullmatch(part):
            parts.append(part)
            is_known = True
        elif isinstance(expression, str):  # a dynamic reference
            parts.append(expression)
            is_known = True
        elif expression is None:
            parts.append(part.replace("${", "${!").replace(WRITTEN, f"{WRITTEN}!"))
        else:
            name = _variable_of(expression)
            if not name:
                name = f"Part{len(variables) + 1}"
                variables[name] = expression
            parts.append(f"${{{name}}}")
            is_known = True
    if not is_known:
        return text
    template = "".join(parts)
    return {"Fn::Sub": [template, variables] if variables else template}


def _parts(text: str, functions: Functions) -> list[str]:
    """Cut a string into values of functions, the longest first, pseudo parameters, and the rest."""
    values = [value for value in functions if value in text]
    patterns: list[str] = []
    for value in sorted(values, key=len, reverse=True):
        # A name that is text may be the beginning of another name.
        end = "" if value.endswith("}") else "(?![^/])"
        patterns.append(re.escape(value) + end)
    pattern = "|".join([*patterns, _PSEUDO_PARAMETER.pattern])
    return [part for part in re.split(f"({pattern})", text) if part]


def _variable_of(expression: Any) -> str:
    match expression:
        case {"Ref": str(name)}:
            return name
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"{name}.{attribute}"
        case {"Fn::GetAtt": str(name)}:
            return name
    return ""
