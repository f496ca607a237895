"""CloudFormation's intrinsic functions: resolved as far as a template tells, and the names in them.

A value unknown in the template (a parameter, an attribute outside of the model, an import from
another app) is a hole: see ``_shared.values``.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from .._model.policy_documents import as_list
from .._shared.answers import Answer, all_of, any_of
from .._shared.values import (
    MARK,
    WRITTEN,
    has_unknown,
    open_parts,
    same,
    split_outside_of_holes,
    unknown,
)
from .choices import NO_VALUE, Either

_REF = re.compile(r'"Ref": "([^"]+)"')
_VARIABLE_OF_SUB = re.compile(rf"\${MARK}\{{\s*([^{{}}]*?)\s*\}}")


class Targets(Protocol):
    """The targets of the functions of a template: see ``Stack``."""

    name: str
    """The name of the stack: equal expressions in two stacks may differ in value."""

    def get_att(self, logical_id: str, attribute: str) -> Any: ...
    def import_value(self, name: str) -> Any: ...
    def stack_output(self, arguments: Mapping[str, Any]) -> Any: ...
    def condition(self, name: str) -> Answer: ...
    def section(self, name: str) -> Any: ...
    def string(self, text: str) -> str: ...


class Scope:
    """Resolves the functions of a template."""

    def __init__(self, stack: Targets, ref: Callable[[str], Any], origins: dict[str, Any]) -> None:
        self.stack = stack
        self.ref = ref
        """Returns the value of ``Ref``."""
        self._origins = origins
        """The resolved functions, by their values with holes."""

    def value(self, expression: Any) -> Any:
        """Return the expression with every function resolved."""
        # Saves time: most of a template is strings without a dynamic reference, which stay.
        kind = type(expression)
        if kind is str:
            return self.stack.string(expression) if "{{" in expression else expression
        if kind is list:
            return [value for value in map(self.value, expression) if value is not NO_VALUE]
        if kind is not dict:
            return expression
        if len(expression) == 1:
            ((name, argument),) = expression.items()
            if name == "Ref" or name.startswith("Fn::"):
                value = self._function(name, argument)
                if isinstance(value, str) and "${" in value:
                    self._origins.setdefault(value, expression)
                return value
        return self._object(expression)

    def _object(self, items: dict[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, item in items.items():
            value = self.value(item)
            if value is not NO_VALUE:
                values[name] = value
        statements, left = items.get("Statement"), values.get("Statement")
        if isinstance(statements, list) and isinstance(left, list) and len(left) < len(statements):
            # Reports name statements by number: ``{}`` stands for those left out.
            all_statements = map(self.value, statements)
            values["Statement"] = [{} if one is NO_VALUE else one for one in all_statements]
        return values

    def text(self, expression: Any) -> str:
        """Return the expression as a string; a hole where it is no string."""
        value = self.value(expression)
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, (str, int, float)):
            return str(value)
        return unknown(_shown(expression), value)

    def truth(self, expression: Any) -> Answer:
        if not isinstance(expression, dict) or len(expression) != 1:
            return Answer.MAYBE
        match expression:
            case {"Condition": str(name)}:
                return self.stack.condition(name)
            case {"Fn::And": list(conditions)}:
                return all_of([self.truth(condition) for condition in conditions])
            case {"Fn::Or": list(conditions)}:
                return any_of([self.truth(condition) for condition in conditions])
            case {"Fn::Not": [condition, *_]}:
                return ~self.truth(condition)
            case {"Fn::Equals": [one, other]}:
                return same(self.text(one), self.text(other))
        return Answer.MAYBE

    def _function(self, name: str, argument: Any) -> Any:
        if name == "Ref" and isinstance(argument, str):
            return self.ref(argument)
        function = _FUNCTIONS.get(name)
        if function is None:
            return self._not_known(name, argument)
        try:
            return function(self, argument)
        except (TypeError, ValueError, KeyError, IndexError):
            # Not an argument that CloudFormation takes.
            return self._not_known(name, argument)

    def _not_known(self, function: str, argument: Any) -> str:
        return unknown(f"{function} {_shown(argument)}", self.stack.name, argument)


def _shown(expression: Any) -> str:
    text = json.dumps(expression, sort_keys=True, default=str, ensure_ascii=False)
    return re.sub(r'[{}"\[\]$]', "", text)[:60]


def _join(scope: Scope, argument: Any) -> str:
    separator, items = argument
    items = scope.value(items)
    if not isinstance(items, list):
        return unknown(f"Fn::Join of {items}", separator, items)
    texts = [scope.text(item) for item in items]
    return scope.stack.string(str(separator).join(texts))


def _select(scope: Scope, argument: Any) -> Any:
    index, items = int(scope.text(argument[0])), scope.value(argument[1])
    if isinstance(items, list) and 0 <= index < len(items):
        return items[index]
    return unknown(f"item {index} of {items}", index, items)


def _split(scope: Scope, argument: Any) -> Any:
    text = scope.text(argument[1])
    separator = str(argument[0])
    parts = split_outside_of_holes(text, separator)
    return unknown(f"parts of {text}", separator, text) if parts is None else parts


def _sub(scope: Scope, argument: Any) -> str:
    text, variables = (argument, {}) if isinstance(argument, str) else argument

    parts: list[str] = []
    # Texts and names in turn.
    for number, part in enumerate(_VARIABLE_OF_SUB.split(text)):
        parts.append(_variable(scope, part, variables) if number % 2 else part)
    return scope.stack.string("".join(parts))


def _variable(scope: Scope, name: str, variables: Mapping[str, Any]) -> str:
    if name.startswith("!"):
        return f"{WRITTEN}{name[1:]}}}"
    if name in variables:
        return scope.text(variables[name])
    logical_id, dot, attribute = name.partition(".")
    return scope.text({"Fn::GetAtt": [logical_id, attribute]} if dot else {"Ref": name})


def _get_att(scope: Scope, argument: Any) -> Any:
    logical_id, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
    return scope.stack.get_att(scope.text(logical_id), scope.text(attribute))


def _if(scope: Scope, argument: Any) -> Any:
    name, then, otherwise = argument
    answer = scope.stack.condition(name)
    if answer is not Answer.MAYBE:
        return scope.value(then if answer is Answer.YES else otherwise)
    one, other = scope.value(then), scope.value(otherwise)
    if one is not NO_VALUE and one == other:
        return one
    compared = _REF.findall(json.dumps(scope.stack.section("Conditions").get(name)))
    parts = open_parts("".join(str(scope.ref(parameter)) for parameter in compared))
    return Either.of(scope.stack.name, name, one, other, " and ".join(parts))


def _find_in_map(scope: Scope, argument: Any) -> Any:
    name, top, second = (scope.text(item) for item in argument[:3])
    if has_unknown(top) or has_unknown(second):
        by = " and ".join(open_parts(top + second))
        return unknown(f"Fn::FindInMap {name} by {by}", scope.stack.name, argument)
    return scope.value(scope.stack.section("Mappings")[name][top][second])


# A part of an argument may be a hole, a string like any other: has_unknown tells.
_FUNCTIONS: dict[str, Callable[[Scope, Any], Any]] = {
    "Fn::FindInMap": _find_in_map,
    "Fn::GetAtt": _get_att,
    "Fn::GetStackOutput": lambda scope, argument: scope.stack.stack_output(scope.value(argument)),
    "Fn::If": _if,
    "Fn::ImportValue": lambda scope, argument: scope.stack.import_value(scope.text(argument)),
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::Sub": _sub,
    "Fn::ToJsonString": lambda scope, argument: json.dumps(scope.value(argument)),
}


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
        for name in _VARIABLE_OF_SUB.findall(str(first)):
            if name not in variables:
                names.append(name.partition(".")[0])
        return names
    return []
