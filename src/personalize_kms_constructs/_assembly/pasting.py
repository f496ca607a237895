"""Statements as a template takes them, with its own functions for its resources and parameters.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-sub.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .._access.declarations import Declaration, template_of
from .._access.model import AccessModel
from .._access.policy_documents import with_text_variables
from .._values import WRITTEN

_PSEUDO_PARAMETER = re.compile(r"\$\{AWS::\w+\}")

Origins = Mapping[str, Any]
"""Functions of a template, by their values with holes."""


class Pasting:
    """Writes statements as the templates of a model take them."""

    def __init__(self, model: AccessModel, origins: Mapping[str, Origins]) -> None:
        self._model = model
        self._origins: dict[str, dict[str, Any]] = {}
        for template, functions in origins.items():
            self._origins[template] = dict(functions)
        for owner in model.owners:
            if owner.declared is not None and owner.declared.template in self._origins:
                function = {"Fn::GetAtt": [owner.declared.logical_id, "Arn"]}
                self._origins[owner.declared.template][owner.arn] = function

    def pasted(self, statement: Any, declared: tuple[Declaration, ...]) -> Any:
        """Return a statement as the template of the first of some resources takes it.

        It refers to no role that waits for that resource.
        """
        first = next(iter(declared), None)
        template = template_of(first)
        origins: Origins = self._origins.get(template, {})
        later: list[str] = []
        for role in self._model.roles.values():
            if role.declared is None or role.declared.template != template:
                continue
            if first in role.waits_for:
                later.append(role.declared.logical_id)
        return pasted(statement, _without_references(origins, later) if later else origins)


def _without_references(origins: Origins, logical_ids: list[str]) -> Origins:
    """Return the functions that refer to none of some resources."""
    pattern = "|".join(re.escape(logical_id) for logical_id in logical_ids)
    reference = re.compile(rf'["{{]({pattern})["}}.]')
    rest: dict[str, Any] = {}
    for value, function in origins.items():
        if not reference.search(json.dumps(function)):
            rest[value] = function
    return rest


def pasted(value: Any, origins: Origins) -> Any:
    """Return JSON with functions for holes; a hole that comes from elsewhere stays."""
    if isinstance(value, dict):
        return {name: pasted(item, origins) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [pasted(item, origins) for item in value]
    if not isinstance(value, str):
        return value
    # Variables of policies are text in a template.
    value = with_text_variables(value)
    if _PSEUDO_PARAMETER.fullmatch(value):
        return {"Ref": value[2:-1]}
    return origins[value] if value in origins else _as_sub(value, origins)


def _as_sub(text: str, origins: Origins) -> Any:
    """Return a string with holes as ``Fn::Sub``; as it is, if the template knows no hole of it."""
    parts: list[str] = []
    variables: dict[str, Any] = {}
    is_known = False
    for part in _parts(text, origins):
        expression = origins.get(part)
        if _PSEUDO_PARAMETER.fullmatch(part):
            parts.append(part)
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


def _parts(text: str, origins: Origins) -> list[str]:
    """Cut a string into values of functions, the longest first, pseudo parameters, and the rest."""
    values = [value for value in origins if value in text]
    patterns: list[str] = []
    for value in sorted(values, key=len, reverse=True):
        # A name that is text may be the beginning of another name.
        end = "" if value.endswith("}") else "(?![^/])"
        patterns.append(re.escape(value) + end)
    pattern = "|".join([*patterns, _PSEUDO_PARAMETER.pattern])
    return [part for part in re.split(f"({pattern})", text) if part]


def _variable_of(expression: Any) -> str:
    """Return the name in ``Fn::Sub`` of the value of ``Ref`` and ``Fn::GetAtt``."""
    match expression:
        case {"Ref": str(name)}:
            return name
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"{name}.{attribute}"
        case {"Fn::GetAtt": str(name)}:
            return name
    return ""
