"""Statements as a template takes them: what it makes itself, or gets, is a function of that very template.

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
        self._origins = {template: dict(found) for template, found in origins.items()}
        for owner in model.owners:
            if owner.declared is not None and owner.declared.template in self._origins:
                function = {"Fn::GetAtt": [owner.declared.logical_id, "Arn"]}
                self._origins[owner.declared.template][owner.arn] = function

    def pasted(self, statement: Any, declared: tuple[Declaration, ...]) -> Any:
        """Return a statement as the template of the first of some resources takes it.

        It refers to no role that waits for that resource.
        """
        first = next(iter(declared), None)
        found = self._origins.get(template_of(first), {})
        later = []
        for role in self._model.roles.values():
            if role.declared and first in role.waits_for and role.declared.template == template_of(first):
                later.append(re.escape(role.declared.logical_id))
        refers = re.compile(rf'["{{]({"|".join(later)})["}}.]')
        if later:
            found = {value: each for value, each in found.items() if not refers.search(json.dumps(each))}
        return pasted(statement, found)


def pasted(value: Any, origins: Origins) -> Any:
    """Return JSON in which holes are the functions that they come from; those that come from elsewhere stay."""
    if isinstance(value, dict):
        return {name: pasted(each, origins) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [pasted(each, origins) for each in value]
    if not isinstance(value, str):
        return value
    # Variables of policies are text in a template.
    value = with_text_variables(value)
    if _PSEUDO_PARAMETER.fullmatch(value):
        return {"Ref": value[2:-1]}
    return origins[value] if value in origins else _sub(value, origins)


def _sub(text: str, origins: Origins) -> Any:
    """Return a string with holes as ``Fn::Sub``; as it is, if the template knows none of them."""
    found, known = "", False
    variables: dict[str, Any] = {}
    for part in _parts(text, origins):
        expression = origins.get(part)
        if _PSEUDO_PARAMETER.fullmatch(part):
            found, known = found + part, True
        elif expression is None:
            found += part.replace("${", "${!").replace(WRITTEN, f"{WRITTEN}!")
        else:
            name = _name(expression) or f"Part{len(variables) + 1}"
            if not _name(expression):
                variables[name] = expression
            found, known = f"{found}${{{name}}}", True
    if not known:
        return text
    return {"Fn::Sub": [found, variables] if variables else found}


def _parts(text: str, origins: Origins) -> list[str]:
    """Cut a string into values of functions, the longest first, pseudo parameters, and what is between them."""
    values = sorted((each for each in origins if each in text), key=len, reverse=True)
    # A name that is text may be the beginning of another one.
    patterns = [re.escape(each) + ("" if each.endswith("}") else "(?![^/])") for each in values]
    pattern = "|".join([*patterns, _PSEUDO_PARAMETER.pattern])
    return [each for each in re.split(f"({pattern})", text) if each]


def _name(expression: Any) -> str:
    """Return what ``Fn::Sub`` calls the value of ``Ref`` and ``Fn::GetAtt``."""
    match expression:
        case {"Ref": str(name)}:
            return name
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"{name}.{attribute}"
        case {"Fn::GetAtt": str(name)}:
            return name
    return ""
