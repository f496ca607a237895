"""Values of the parameters of templates: given values, and defaults, which count in conditions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._shared.values import as_text, split_outside_of_holes
from .manifest import Assembly
from .template import Template

_EVERY_STACK = "*"
_LISTS = ("CommaDelimitedList", "List<")
# The value is the name of a parameter of Systems Manager.
_OF_SYSTEMS_MANAGER = "AWS::SSM::"
PARTITION_NAME = "AWS::Partition"
# The fields of templates whose stacks don't say their environment.
_ENVIRONMENT = {"AWS::AccountId": "account", "AWS::Region": "region", PARTITION_NAME: "region"}


@dataclass(frozen=True)
class ParameterValues:
    """The values of the parameters of top-level stacks, as the CDK's CLI takes them."""

    values: Mapping[str, str] = field(default_factory=dict)
    """By ``NAME`` or ``STACK:NAME``."""
    with_defaults: bool = False
    """True if a parameter without a value has its default in conditions."""

    def of(self, template: Template, name: str) -> str | None:
        for stack in (template.name, template.stack_name, _EVERY_STACK):
            if f"{stack}:{name}" in self.values:
                return as_text(self.values[f"{stack}:{name}"])
        return as_text(self.values[name]) if name in self.values else None

    def environment(self, template: Template, name: str) -> str:
        """Return a stack's account or Region, as given where its assembly doesn't say it."""
        own = str(getattr(template, _ENVIRONMENT[name]))
        return self.values.get(name, own) if is_open(template, name) else own


NO_VALUES = ParameterValues()
"""No parameter has a value, in conditions neither."""


def parameter_problems(values: Any, assemblies: list[Assembly]) -> list[str]:
    if not isinstance(values, Mapping):
        return [f"parameters is {values!r}, expected a mapping of names to strings"]
    templates: list[Template] = []
    for assembly in assemblies:
        templates += assembly.templates
    stacks: set[str] = set()
    for template in templates:
        for name in (template.name, template.stack_name):
            if "${" not in name:
                stacks.add(name)
    names = sorted(stacks)
    problems: list[str] = []
    for key, value in values.items():
        stack, _, name = str(key).rpartition(":")
        if not isinstance(value, str):
            problems.append(f"parameters[{key!r}] is {value!r}, expected a string")
        if key in _ENVIRONMENT and any(is_open(template, key) for template in templates):
            continue
        if str(key).startswith("AWS::"):
            problems.append(f"parameters has {key}, which the env of a stack sets: set it there")
        elif stack not in ("", _EVERY_STACK, *names):
            problems.append(f"parameters has {key}, but the stacks are {', '.join(names)}")
            continue
        declarations = _declarations(templates, stack, name)
        if not declarations:
            of_stack = f" of {stack}" if stack else ""
            problems.append(
                f"parameters has {key}, but no template{of_stack} has a parameter {name}"
            )
        for declared in declarations:
            allowed = _allowed_values(declared)
            if allowed and value not in allowed:
                problems.append(
                    f"parameters[{key!r}] is {value!r}, expected one of {', '.join(allowed)}"
                )
    return problems


def is_open(template: Template, name: str) -> bool:
    """Tell if nothing says a part of a stack's environment, by its pseudo parameter."""
    return str(getattr(template, _ENVIRONMENT[name])).startswith("${")


def _declarations(templates: Iterable[Template], stack: str, name: str) -> list[Any]:
    """Return the declarations of a parameter in the templates of a stack, or of every stack."""
    declarations: list[Any] = []
    for template in templates:
        if stack in ("", _EVERY_STACK, template.name, template.stack_name):
            parameters = template.body.get("Parameters", {})
            if name in parameters:
                declarations.append(parameters[name])
    return declarations


def _allowed_values(declared: Any) -> list[str]:
    if not isinstance(declared, dict) or _type(declared).startswith(_LISTS):
        return []
    allowed = declared.get("AllowedValues")
    return [str(value) for value in allowed] if isinstance(allowed, list) else []


def is_name_of_value(declared: Any) -> bool:
    """Tell if the value of a parameter is the name of another, whose value ``Ref`` is."""
    return _type(declared).startswith(_OF_SYSTEMS_MANAGER)


def default_of(declared: Any) -> str | None:
    """Return the default of a parameter as CloudFormation compares it, or none."""
    if not isinstance(declared, dict) or is_name_of_value(declared):
        return None
    default = declared.get("Default")
    if isinstance(default, bool):
        return str(default).lower()
    return str(default) if isinstance(default, (str, int, float)) else None


def typed(value: Any, declared: Any) -> Any:
    """Return the value of ``Ref`` of a parameter: a list, where its type is a list."""
    if not isinstance(value, str) or not _type(declared).startswith(_LISTS):
        return value
    items = split_outside_of_holes(value, ",")
    return value if items is None else [item.strip() for item in items]


def _type(declared: Any) -> str:
    return str(declared.get("Type")) if isinstance(declared, dict) else ""
