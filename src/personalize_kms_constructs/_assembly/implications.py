"""Conditions of a template that hold, or don't, wherever some others do, or don't.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/conditions-section-structure.html
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import Any

Known = tuple[str, bool]
"""The name of a condition, and whether it holds."""


def with_implied(
    known: Iterable[Known],
    conditions: Mapping[str, Any],
    parameters: Mapping[str, Any],
    differ: Callable[[Any, Any], bool],
) -> set[Known]:
    """Return what is known of conditions, with all that it implies: both of one where it can't be so.

    ``differ`` tells if two values that conditions compare differ for certain.
    """
    found: set[Known] = set()
    pending = [*known]
    while pending:
        each = pending.pop()
        if each not in found:
            found.add(each)
            pending += _implied_by(*each, conditions, differ)
        if not pending:
            pending += (left for left in _left_by_values(found, conditions, parameters) if left not in found)
    return found


def said_by(name: str, conditions: Mapping[str, Any]) -> list[str]:
    """Return the conditions of which a condition is made, itself among them unless it says no more than they do."""
    found: dict[str, bool] = {}
    pending = [name]
    while pending:
        each = pending.pop()
        if each not in found:
            body = conditions.get(each) or {}
            parts = _parts(body, "Fn::And")
            found[each] = not parts or len(parts) < len(body.get("Fn::And", ()))
            pending += parts
    return [each for each, says_more in found.items() if says_more]


def _implied_by(
    name: str, holds: bool, conditions: Mapping[str, Any], differ: Callable[[Any, Any], bool]
) -> Iterator[Known]:
    of_parts, of_wholes = ("Fn::And", "Fn::Or") if holds else ("Fn::Or", "Fn::And")
    yield from ((part, holds) for part in _parts(conditions.get(name), of_parts))
    for other, body in conditions.items():
        if name in _parts(body, of_wholes):
            yield other, holds
        if _is_opposite(conditions, name, other) or _is_opposite(conditions, other, name):
            yield other, not holds
        match holds, conditions.get(name), body:
            case True, {"Fn::Equals": [value, first]}, {"Fn::Equals": [same_value, second]} if value == same_value:
                if differ(first, second):
                    yield other, False


def _left_by_values(
    found: Container[Known], conditions: Mapping[str, Any], parameters: Mapping[str, Any]
) -> Iterator[Known]:
    """Yield the conditions of the last values that parameters may have, where those of all others don't hold."""
    named: dict[tuple[str, str], str] = {}
    for name, condition in conditions.items():
        match condition:
            case {"Fn::Equals": [{"Ref": str(parameter)}, value]}:
                named[parameter, str(value)] = name
    for parameter, declared in parameters.items():
        match declared:
            # Those of a parameter of Systems Manager are names of such parameters.
            case {"AllowedValues": list(allowed), "Type": str(kind)} if not kind.startswith("AWS::SSM"):
                of_values = [named.get((parameter, str(each)), "") for each in allowed]
                left = [each for each in of_values if not each or (each, False) not in found]
                yield from ((each, True) for each in (left or of_values)[:1] if each and len(left) < 2)


def _parts(condition: Any, function: str) -> list[str]:
    """Return the names of the conditions that a function joins in another one, which may be one of them alone."""
    match condition:
        case {"Condition": str(name)}:
            return [name]
        case dict() if isinstance(parts := condition.get(function), list):
            return [name for each in parts for name in _parts(each, "")]
    return []


def _is_opposite(conditions: Mapping[str, Any], one: str, other: str) -> bool:
    """Tell if a condition says that another, by its name or its body, doesn't hold."""
    match conditions.get(one):
        case {"Fn::Not": [inner]}:
            return inner in ({"Condition": other}, conditions.get(other))
    return False
