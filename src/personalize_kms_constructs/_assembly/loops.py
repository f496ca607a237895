"""``Fn::ForEach`` and ``Fn::Transform``: parts of a template that CloudFormation puts in when it is deployed.

* https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html
* https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-transform.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from .._access.values import WRITTEN

FOR_EACH = "Fn::ForEach"
"""The type of what stands for the resources of a loop whose values a template doesn't have."""
TRANSFORM = "Fn::Transform"
"""The type of what stands for the resources that a macro puts among the others."""


def expanded(section: dict[str, Any]) -> dict[str, Any]:
    """Return a section of a template with its loops written out."""
    found: dict[str, Any] = {}
    for name, entry in section.items():
        if name == TRANSFORM:
            found[name] = {"Type": TRANSFORM, "Properties": {TRANSFORM: entry}}
            continue
        if not name.startswith(f"{FOR_EACH}::"):
            found[name] = entry
            continue
        parts: list[Any] = [None]
        match entry:
            case [str(identifier), list(values), dict(part)] if all(isinstance(each, str) for each in values):
                parts = [_with_value(part, identifier, value) for value in values]
        if all(isinstance(each, dict) for each in parts):
            for each in parts:
                found |= expanded(each)
        else:
            found[name] = {"Type": FOR_EACH, "Properties": {FOR_EACH: entry}}
    return found


def _with_value(part: dict[str, Any], identifier: str, value: str) -> Any:
    """Return a part of a template with a value in the place of an identifier."""
    text = json.dumps(part, ensure_ascii=False)
    text = text.replace(json.dumps({"Ref": identifier}), json.dumps(value))
    alphanumeric = re.sub(r"[^A-Za-z0-9]", "", value)
    for variable, one in ((f"{WRITTEN}{identifier}}}", value), (f"&{{{identifier}}}", alphanumeric)):
        text = text.replace(variable, json.dumps(one)[1:-1])
    return json.loads(text)
