"""Resources that exist before a resource is created: its dependencies, and what it refers to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any

from .._access.written import as_list
from .app import App
from .files import AssemblyError
from .manifest import Assembly
from .stacks import Stack
from .templates import Unread, noted

_SUB_VARIABLE = re.compile(r"\$\{([^!{}.]+)")


class Before:
    """The resources, by their declarations, that exist before another one."""

    def __init__(self, declared: set[str], templates: frozenset[str]) -> None:
        self._declared = declared
        self._templates = templates

    def __contains__(self, declared: object) -> bool:
        return declared in self._declared or str(declared).rpartition("#")[0] in self._templates


class CreationOrder:
    """The order in which CloudFormation creates the resources of an assembly."""

    def __init__(self, assembly: Assembly, app: App) -> None:
        self._assembly = assembly
        self._app = app
        found = (app.of_file(template, template.file) for template in assembly.templates)
        self._tops = [each for each in found if each is not None]
        self._direct: dict[Stack, dict[str, set[str]]] = {}
        self._direct_stacks: dict[Stack, list[Stack]] = {}

    def before(self, stack: Stack, logical_id: str) -> Before:
        """Return what exists before a resource."""
        found: set[str] = set()
        pending = [(stack, each) for each in self._of(stack)[logical_id]]
        top = stack
        while top.parent is not None:
            parent, nested_id = top.parent
            pending += [(parent, each) for each in self._of(parent)[nested_id]]
            top = parent
        while pending:
            there, each = pending.pop()
            declared = there.declared(each)
            if declared in found:
                continue
            found.add(declared)
            pending += [(there, before) for before in self._of(there)[each]]
            if each in there.nested:
                nested = there.nested[each]
                pending += [(nested, inner) for inner in nested.template.resources]
        return Before(found, self._templates_before[top])

    @cached_property
    def _templates_before(self) -> Mapping[Stack, frozenset[str]]:
        """The templates of all stacks that are deployed before each, nested ones included."""
        graph: dict[Stack, list[Stack]] = {}
        pending = list(self._tops)
        while pending:
            stack = pending.pop()
            if stack not in graph:
                graph[stack] = self._stacks_before(stack)
                pending += graph[stack]
        found: dict[Stack, frozenset[str]] = {}
        try:
            for stack in TopologicalSorter(graph).static_order():
                files = (str(one.template.path) for each in graph[stack] for one in each.with_nested())
                found[stack] = frozenset(files).union(*(found[each] for each in graph[stack]))
        except CycleError as error:
            path = error.args[1][0].template.path
            raise AssemblyError(f"{path}: circular reference: the stack depends on itself") from None
        return found

    def _stacks_before(self, top: Stack) -> list[Stack]:
        """The stacks that the manifest says, and those whose outputs are read."""
        if top not in self._direct_stacks:
            files = self._assembly.dependencies.get(top.template.file, set())
            found = [self._app.of_file(top.template, file) for file in sorted(files)]
            read = [each for each in _read_by(top) if each is not top]
            self._direct_stacks[top] = list(dict.fromkeys([*(each for each in found if each is not None), *read]))
        return self._direct_stacks[top]

    def note_circles(self, unread: list[Unread]) -> None:
        """Note the templates whose resources wait for each other, and stacks that do."""
        for top in self._tops:
            for stack in top.with_nested():
                with noted(unread, stack.template):
                    self._refuse_circle(stack)
        for first in self._tops[:1]:
            with noted(unread, first.template):
                _ = self._templates_before

    def _refuse_circle(self, stack: Stack) -> None:
        try:
            TopologicalSorter(self._of(stack)).prepare()
        except CycleError as error:
            # What refers comes before what it refers to.
            circle = " → ".join(reversed(error.args[1]))
            raise AssemblyError(f"{stack.template.path}: circular reference: {circle}") from None

    def _of(self, stack: Stack) -> dict[str, set[str]]:
        if stack not in self._direct:
            resources = stack.template.resources
            self._direct[stack] = {
                logical_id: {each for each in _references(body) if each in resources}
                for logical_id, body in resources.items()
            }
        return self._direct[stack]


def _references(resource: dict[str, Any]) -> set[str]:
    """Return what a resource refers to or depends on: names of resources and of other things."""
    found = {each for each in as_list(resource.get("DependsOn")) if isinstance(each, str)}
    pending: list[Any] = [resource.get("Properties")]
    while pending:
        value = pending.pop()
        if type(value) is list:
            pending += value
        elif type(value) is dict:
            if "Ref" in value:
                found.add(str(value["Ref"]))
            elif "Fn::GetAtt" in value:
                argument = value["Fn::GetAtt"]
                found.add(argument.split(".")[0] if isinstance(argument, str) else str([*as_list(argument), ""][0]))
            elif "Fn::Sub" in value:
                found.update(_SUB_VARIABLE.findall(str([*as_list(value["Fn::Sub"]), ""][0])))
            pending += value.values()
    return found


def _functions(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every function in a value, with its argument."""
    pending = [value]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending += value
        elif isinstance(value, dict):
            if len(value) == 1:
                ((name, argument),) = value.items()
                if name == "Ref" or name.startswith("Fn::"):
                    yield name, argument
            pending += value.values()


def _read_by(top: Stack) -> Iterator[Stack]:
    for stack in top.with_nested():
        if not stack.template.reads_outputs:
            continue
        for name, argument in _functions(stack.template.body.get("Resources")):
            if name == "Fn::GetStackOutput" and isinstance(argument, dict):
                yield from top.app.stacks_named(str(argument.get("StackName")))
            elif name == "Fn::ImportValue":
                yield from (exporter for exporter, _ in stack.exporters(stack.text(argument)))
