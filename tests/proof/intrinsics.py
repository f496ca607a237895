"""CloudFormation's intrinsic functions, as far as the CDK emits them."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from tests.proof.model import UnresolvableError

NO_VALUE = object()
"""The value of ``AWS::NoValue``; lists and objects drop it."""

_VARIABLE = re.compile(r"\$\{([^}]*)\}")


class Scope(ABC):
    """The targets of a template's functions."""

    @abstractmethod
    def ref(self, name: str, place: str) -> Any:
        """A parameter, pseudo parameter or resource."""

    @abstractmethod
    def get_att(self, logical_id: str, attribute: str, place: str) -> Any:
        """An attribute of a resource."""

    @abstractmethod
    def import_value(self, name: str, place: str) -> Any:
        """An export of another stack."""

    @abstractmethod
    def stack_output(self, arguments: dict[str, Any], place: str) -> Any:
        """An output of another stack, exported or not."""

    @abstractmethod
    def condition(self, name: str, place: str) -> bool:
        """A condition of the template."""

    @abstractmethod
    def mapping(self, name: str, place: str) -> dict[str, Any]:
        """A mapping of the template."""

    def value(self, expression: Any, place: str) -> Any:
        """The expression with every function resolved."""
        if isinstance(expression, list):
            items = (self.value(item, f"{place}[{index}]") for index, item in enumerate(expression))
            return [item for item in items if item is not NO_VALUE]
        if not isinstance(expression, dict):
            return expression
        if len(expression) == 1:
            ((name, argument),) = expression.items()
            if name == "Ref":
                return self.ref(argument, place)
            if name.startswith("Fn::"):
                function = _FUNCTIONS.get(name)
                if function is None:
                    raise UnresolvableError(place, f"{name} is not modelled")
                return function(self, argument, f"{place}.{name}")
        values = {name: self.value(item, f"{place}.{name}") for name, item in expression.items()}
        return {name: item for name, item in values.items() if item is not NO_VALUE}

    def text(self, expression: Any, place: str) -> str:
        """The expression as text, which it has to be."""
        found = self.value(expression, place)
        if isinstance(found, bool) or not isinstance(found, (str, int)):
            raise UnresolvableError(place, f"{found!r} is no text")
        return str(found)

    def truth(self, expression: Any, place: str) -> bool:
        """The outcome of a condition."""
        if isinstance(expression, dict) and len(expression) == 1:
            ((name, argument),) = expression.items()
            if name == "Condition":
                return self.condition(argument, place)
            if name in ("Fn::And", "Fn::Or"):
                outcomes = [self.truth(item, f"{place}.{name}") for item in argument]
                return all(outcomes) if name == "Fn::And" else any(outcomes)
            if name == "Fn::Not":
                return not self.truth(argument[0], f"{place}.{name}")
            if name == "Fn::Equals":
                one, other = (self.text(item, f"{place}.{name}") for item in argument)
                return one == other
        raise UnresolvableError(place, f"{expression!r} is no condition that is modelled")


def _list(scope: Scope, expression: Any, place: str) -> list[Any]:
    found = scope.value(expression, place)
    if not isinstance(found, list):
        raise UnresolvableError(place, f"{found!r} is no list")
    return found


def _join(scope: Scope, argument: Any, place: str) -> str:
    separator, items = argument
    return str(separator).join(scope.text(item, place) for item in _list(scope, items, place))


def _select(scope: Scope, argument: Any, place: str) -> Any:
    index, items = int(scope.text(argument[0], place)), _list(scope, argument[1], place)
    if index >= len(items):
        raise UnresolvableError(place, f"no item {index} in {items!r}")
    return items[index]


def _split(scope: Scope, argument: Any, place: str) -> list[str]:
    return scope.text(argument[1], place).split(str(argument[0]))


def _sub(scope: Scope, argument: Any, place: str) -> str:
    text, variables = (argument, {}) if isinstance(argument, str) else argument

    def replace(match: re.Match[str]) -> str:
        name = match[1].strip()
        if name.startswith("!"):
            return f"${{{name[1:]}}}"
        if name in variables:
            return scope.text(variables[name], place)
        logical_id, dot, attribute = name.partition(".")
        reference = {"Fn::GetAtt": [logical_id, attribute]} if dot else {"Ref": name}
        return scope.text(reference, place)

    return _VARIABLE.sub(replace, text)


def _get_att(scope: Scope, argument: Any, place: str) -> Any:
    logical_id, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
    return scope.get_att(logical_id, scope.text(attribute, place), place)


def _if(scope: Scope, argument: Any, place: str) -> Any:
    condition, then, otherwise = argument
    return scope.value(then if scope.condition(condition, place) else otherwise, place)


def _find_in_map(scope: Scope, argument: Any, place: str) -> Any:
    name, *path = (scope.text(item, place) for item in argument)
    found: Any = scope.mapping(name, place)
    for step in path:
        if step not in found:
            raise UnresolvableError(place, f"mapping {name} has no {step!r}")
        found = found[step]
    return found


_FUNCTIONS: dict[str, Callable[[Scope, Any, str], Any]] = {
    "Fn::FindInMap": _find_in_map,
    "Fn::GetAtt": _get_att,
    "Fn::GetStackOutput": lambda scope, argument, place: scope.stack_output(scope.value(argument, place), place),
    "Fn::If": _if,
    "Fn::ImportValue": lambda scope, argument, place: scope.import_value(scope.text(argument, place), place),
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::Sub": _sub,
}
