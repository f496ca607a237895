"""Values of the parameters of templates: those that are told, and the defaults, which count for conditions alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._values import as_text, split_outside_of_holes
from .manifest import Assembly
from .templates import Template

_EVERY_STACK = "*"
_LISTS = ("CommaDelimitedList", "List<")
# Told, passed or by default it is the name of a parameter of Systems Manager.
_OF_SYSTEMS_MANAGER = "AWS::SSM::"


@dataclass(frozen=True)
class ParameterValues:
    """The values of the parameters of top-level stacks, by ``NAME`` or ``STACK:NAME``, as the CDK's CLI takes them."""

    told: Mapping[str, str] = field(default_factory=dict)
    with_defaults: bool = False
    """True if a parameter without a value has its default in conditions."""

    def of(self, template: Template, name: str) -> str | None:
        """Return the value that is told for a parameter, or none."""
        keys = (f"{template.name}:{name}", f"{template.stack_name}:{name}", f"{_EVERY_STACK}:{name}", name)
        return next((as_text(self.told[key]) for key in keys if key in self.told), None)


NO_VALUES = ParameterValues()
"""No parameter has a value, in conditions neither."""


def parameter_problems(told: Any, assemblies: list[Assembly]) -> Iterator[str]:
    """Yield why values of parameters can't be taken."""
    if not isinstance(told, Mapping):
        yield f"parameters is {told!r} but a mapping of names to strings is expected"
        return
    templates = [template for assembly in assemblies for template in assembly.templates]
    every = [name for template in templates for name in (template.name, template.stack_name)]
    names = sorted({name for name in every if "${" not in name})
    for key, value in told.items():
        stack, _, name = str(key).rpartition(":")
        if not isinstance(value, str):
            yield f"parameters[{key!r}] is {value!r} but a string is expected"
        if stack not in ("", _EVERY_STACK, *names):
            yield f"parameters has {key}, but the stacks are {', '.join(names)}"
            continue
        own = [each for each in templates if stack in ("", _EVERY_STACK, each.name, each.stack_name)]
        declared = [each.body["Parameters"][name] for each in own if name in each.body.get("Parameters", {})]
        if not declared:
            yield f"parameters has {key}, but no template{f' of {stack}' if stack else ''} has a parameter {name}"
        for allowed in map(_allowed, declared):
            if allowed and value not in allowed:
                yield f"parameters[{key!r}] is {value!r} but one of {', '.join(allowed)} is expected"


def _allowed(declared: Any) -> list[str]:
    """Return the values that a parameter may have, as CloudFormation compares them; none where any is allowed."""
    is_list = _type(declared).startswith(_LISTS)
    allowed = declared.get("AllowedValues") if isinstance(declared, dict) and not is_list else None
    return [str(value) for value in allowed] if isinstance(allowed, list) else []


def is_name_of_value(declared: Any) -> bool:
    """Tell if the value of a parameter is the name of another one, which has the value that ``Ref`` is."""
    return _type(declared).startswith(_OF_SYSTEMS_MANAGER)


def default_of(declared: Any) -> str | None:
    """Return the default of a parameter as CloudFormation compares it, or none."""
    default = declared.get("Default") if isinstance(declared, dict) and not is_name_of_value(declared) else None
    if isinstance(default, bool):
        return str(default).lower()
    return str(default) if isinstance(default, (str, int, float)) else None


def typed(value: Any, declared: Any) -> Any:
    """Return what ``Ref`` of a parameter is: a list, where its type is one."""
    is_list = isinstance(value, str) and _type(declared).startswith(_LISTS)
    items = split_outside_of_holes(value, ",") if is_list else None
    return value if items is None else [item.strip() for item in items]


def _type(declared: Any) -> str:
    return str(declared.get("Type")) if isinstance(declared, dict) else ""
