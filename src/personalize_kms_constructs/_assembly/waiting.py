"""Resources that exist before a resource: its dependencies, and the targets of its references."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from .._access.declarations import Declaration
from .._access.policy_documents import as_list
from .app import App
from .files import AssemblyError
from .manifest import Assembly
from .references import functions, names_in
from .stacks import Stack


class Before:
    """The resources, by their declarations, that exist before another resource."""

    def __init__(self, declared: set[Declaration], templates: frozenset[str]) -> None:
        self._declared = declared
        self._templates = templates

    def __contains__(self, declared: object) -> bool:
        return isinstance(declared, Declaration) and (
            declared in self._declared or declared.template in self._templates
        )


@dataclass(frozen=True)
class There:
    """The resources, by their declarations, that are there when something is asked for.

    Stages can't refer to each other, so the resources of other assemblies count as made; so do
    those of other templates where no manifest says the order of stacks.
    """

    before: Before
    templates: frozenset[str]
    """The templates whose order counts."""

    def __contains__(self, declared: object) -> bool:
        is_of_another = (
            isinstance(declared, Declaration) and declared.template not in self.templates
        )
        return is_of_another or declared in self.before


class CreationOrder:
    """The order in which CloudFormation creates the resources of an assembly."""

    def __init__(self, assembly: Assembly, app: App) -> None:
        self._assembly = assembly
        self._app = app
        self._tops: list[Stack] = []
        for template in assembly.templates:
            stack = app.of_file(template, template.file)
            if stack is not None:
                self._tops.append(stack)
        self._uses: dict[Stack, _Uses] = {}

    def there(self, stack: Stack, logical_id: str) -> There:
        """Return the resources that are there when a resource asks for something."""
        templates = self._templates if self._assembly.dependencies else _templates_of([stack.top])
        return There(self.before(stack, logical_id), templates)

    @cached_property
    def _templates(self) -> frozenset[str]:
        """The templates of the assembly, nested templates included."""
        return _templates_of(self._tops)

    def before(self, stack: Stack, logical_id: str) -> Before:
        """Return the resources that exist before a resource."""
        before: set[Declaration] = set()
        to_visit: list[tuple[Stack, str]] = []
        for name in self._of(stack).resources[logical_id]:
            to_visit.append((stack, name))
        top = stack
        while top.parent is not None:
            parent, nested_id = top.parent
            for name in self._of(parent).resources[nested_id]:
                to_visit.append((parent, name))
            top = parent
        while to_visit:
            there, visited_id = to_visit.pop()
            declared = there.resource(visited_id).declared
            if declared in before:
                continue
            before.add(declared)
            for name in self._of(there).resources[visited_id]:
                to_visit.append((there, name))
            nested = there.nested.get(visited_id)
            if nested is not None:
                for name in nested.template.resources:
                    to_visit.append((nested, name))
        return Before(before, self._templates_before[top])

    @cached_property
    def _templates_before(self) -> Mapping[Stack, frozenset[str]]:
        """The templates of all stacks deployed before each stack, nested templates included."""
        graph: dict[Stack, list[Stack]] = {}
        to_visit = list(self._tops)
        while to_visit:
            stack = to_visit.pop()
            if stack not in graph:
                graph[stack] = self._stacks_before(stack)
                to_visit += graph[stack]
        templates: dict[Stack, frozenset[str]] = {}
        try:
            for stack in TopologicalSorter(graph).static_order():
                direct = graph[stack]
                indirect = [templates[other] for other in direct]
                templates[stack] = _templates_of(direct).union(*indirect)
        except CycleError as error:
            path = error.args[1][0].template.path
            raise AssemblyError(
                f"{path}: circular reference: the stack depends on itself"
            ) from None
        return templates

    def _stacks_before(self, top: Stack) -> list[Stack]:
        """Return the stacks that the manifest names, and the stacks whose outputs are read."""
        stacks: list[Stack] = []
        for file in sorted(self._assembly.dependencies.get(top.template.file, set())):
            stack = self._app.of_file(top.template, file)
            if stack is not None:
                stacks.append(stack)
        for stack in top.with_nested():
            stacks += [other for other in self._of(stack).stacks if other is not top]
        return list(dict.fromkeys(stacks))

    def note_circle_of_stacks(self) -> None:
        """Note that stacks wait for each other."""
        for first in self._tops[:1]:
            with first.template.noting_errors():
                _ = self._templates_before

    def _of(self, stack: Stack) -> _Uses:
        # Saves time: a template is walked through once, which is a large part of the work.
        if stack not in self._uses:
            self._uses[stack] = _uses_of(stack)
        return self._uses[stack]


def _templates_of(tops: Iterable[Stack]) -> frozenset[str]:
    """Return the templates of stacks, nested templates included."""
    templates: set[str] = set()
    for top in tops:
        for stack in top.with_nested():
            templates.add(str(stack.template.path))
    return frozenset(templates)


class _Uses(NamedTuple):
    """The dependencies of a stack."""

    resources: Mapping[str, set[str]]
    """The resources of the stack that each of them refers to or depends on."""
    stacks: list[Stack]
    """The stacks whose outputs it reads."""


def _uses_of(stack: Stack) -> _Uses:
    resources = stack.template.resources
    by_resource: dict[str, set[str]] = {}
    stacks: list[Stack] = []
    for logical_id, body in resources.items():
        names = {name for name in as_list(body.get("DependsOn")) if isinstance(name, str)}
        for function, argument in functions(body.get("Properties")):
            names.update(names_in(function, argument))
            if function == "Fn::ImportValue":
                for exporter, _ in stack.exporters(stack.text(argument)):
                    stacks.append(exporter)
            elif function == "Fn::GetStackOutput" and isinstance(argument, dict):
                stacks += stack.app.stacks_named(str(argument.get("StackName")))
        by_resource[logical_id] = names & resources.keys()
    return _Uses(by_resource, stacks)
