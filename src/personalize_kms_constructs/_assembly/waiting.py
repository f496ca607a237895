"""Resources that exist before a resource is created: its dependencies, and what it refers to."""

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
from .templates import Unread, noted


class Before:
    """The resources, by their declarations, that exist before another one."""

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

    Stages can't refer to each other, so what other assemblies make counts as made; so does what other templates make
    where no manifest says the order of stacks.
    """

    before: Before
    templates: frozenset[str]
    """The templates whose order counts."""

    def __contains__(self, declared: object) -> bool:
        is_of_another = isinstance(declared, Declaration) and declared.template not in self.templates
        return is_of_another or declared in self.before


class CreationOrder:
    """The order in which CloudFormation creates the resources of an assembly."""

    def __init__(self, assembly: Assembly, app: App) -> None:
        self._assembly = assembly
        self._app = app
        found = (app.of_file(template, template.file) for template in assembly.templates)
        self._tops = [each for each in found if each is not None]
        self._uses: dict[Stack, _Uses] = {}

    def there(self, stack: Stack, logical_id: str) -> There:
        """Return what is there when a resource is created that asks for something."""
        templates = self._templates if self._assembly.dependencies else _templates_of([stack.top])
        return There(self.before(stack, logical_id), templates)

    @cached_property
    def _templates(self) -> frozenset[str]:
        """The templates of the assembly, nested ones included."""
        return _templates_of(self._tops)

    def before(self, stack: Stack, logical_id: str) -> Before:
        """Return what exists before a resource."""
        found: set[Declaration] = set()
        pending = [(stack, each) for each in self._of(stack).resources[logical_id]]
        top = stack
        while top.parent is not None:
            parent, nested_id = top.parent
            pending += [(parent, each) for each in self._of(parent).resources[nested_id]]
            top = parent
        while pending:
            there, each = pending.pop()
            declared = there.resource(each).declared
            if declared in found:
                continue
            found.add(declared)
            pending += [(there, before) for before in self._of(there).resources[each]]
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
        files = self._assembly.dependencies.get(top.template.file, set())
        found = [self._app.of_file(top.template, file) for file in sorted(files)]
        for stack in top.with_nested():
            found += (each for each in self._of(stack).stacks if each is not top)
        return list(dict.fromkeys(each for each in found if each is not None))

    def note_circle_of_stacks(self, unread: list[Unread]) -> None:
        """Note that stacks wait for each other."""
        for first in self._tops[:1]:
            with noted(unread, first.template):
                _ = self._templates_before

    def _of(self, stack: Stack) -> _Uses:
        if stack not in self._uses:
            self._uses[stack] = _Uses.of(stack)
        return self._uses[stack]


def _templates_of(tops: Iterable[Stack]) -> frozenset[str]:
    return frozenset(str(stack.template.path) for top in tops for stack in top.with_nested())


class _Uses(NamedTuple):
    """The dependencies of a stack."""

    resources: Mapping[str, set[str]]
    """The resources of the stack that each of them refers to or depends on."""
    stacks: list[Stack]
    """The stacks whose outputs it reads."""

    @staticmethod
    def of(stack: Stack) -> _Uses:
        """Find them; each template is walked through once, which is a large part of the work."""
        resources = stack.template.resources
        found: dict[str, set[str]] = {}
        stacks: list[Stack] = []
        for logical_id, body in resources.items():
            names = {each for each in as_list(body.get("DependsOn")) if isinstance(each, str)}
            for function, argument in functions(body.get("Properties")):
                names.update(names_in(function, argument))
                if function == "Fn::ImportValue":
                    stacks += (exporter for exporter, _ in stack.exporters(stack.text(argument)))
                elif function == "Fn::GetStackOutput" and isinstance(argument, dict):
                    stacks += stack.app.stacks_named(str(argument.get("StackName")))
            found[logical_id] = names & resources.keys()
        return _Uses(found, stacks)
