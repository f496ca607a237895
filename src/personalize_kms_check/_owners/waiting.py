"""Resources created before a resource: its dependencies, and the targets of its references."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from .._model.declarations import Declaration
from .._model.policy_documents import as_list
from .._templates.app import App
from .._templates.intrinsics import functions, names_in
from .._templates.manifest import Assembly
from .._templates.stacks import Resource, Stack


@dataclass(frozen=True)
class ExistingResources:
    """The resources that exist when another resource is created, by their declarations."""

    declared: set[Declaration]
    templates: frozenset[str]
    """The templates of which all resources exist."""
    ordered: frozenset[str] | None = None
    """The templates of ordered stacks. All others count as deployed. None if all are ordered."""

    def __contains__(self, declared: object) -> bool:
        if not isinstance(declared, Declaration):
            return False
        if self.ordered is not None and declared.template not in self.ordered:
            return True
        return declared in self.declared or declared.template in self.templates


class CreationOrder:
    """The order in which CloudFormation creates the resources of an assembly."""

    def __init__(self, assembly: Assembly, app: App) -> None:
        self._assembly = assembly
        self._app = app
        self._tops = [app.stack_of(template) for template in assembly.templates]
        self._uses: dict[Stack, _Uses] = {}
        self._before_stack: dict[Stack, frozenset[str]] = {}

    def has(self, stack: Stack) -> bool:
        return stack.top in self._tops

    def there(self, stack: Stack, logical_id: str) -> ExistingResources:
        """Return the resources that exist when a resource makes its request.

        Stages can't refer to each other, so the resources of other assemblies count as made. If no
        manifest says the order of stacks, those of other templates do, too.
        """
        tops = self._tops if self._assembly.dependencies else [stack.top]
        return ExistingResources(*self._before(stack, logical_id), _templates_of(tops))

    def before(self, resource: Resource) -> Container[Declaration | None]:
        """Return the resources created before a resource; nothing if they can't be read."""
        with resource.stack.noting_errors():
            return ExistingResources(*self._before(resource.stack, resource.logical_id))
        return ()

    def _before(self, stack: Stack, logical_id: str) -> tuple[set[Declaration], frozenset[str]]:
        """Return the resources created before a resource, and the templates of whole stacks."""
        before: set[Declaration] = set()
        to_visit = self._used_by(stack, logical_id)
        top = stack
        while top.parent is not None:
            to_visit += self._used_by(*top.parent)
            top = top.parent[0]
        while to_visit:
            there, visited_id = to_visit.pop()
            declared = there.resource(visited_id).declared
            if declared in before:
                continue
            before.add(declared)
            to_visit += self._used_by(there, visited_id)
            nested = there.nested.get(visited_id)
            if nested is not None:
                to_visit += [(nested, name) for name in nested.template.resources]
        return before, self._all_before(top)

    def _used_by(self, stack: Stack, logical_id: str) -> list[tuple[Stack, str]]:
        return [(stack, name) for name in self._of(stack).resources[logical_id]]

    def _all_before(self, top: Stack) -> frozenset[str]:
        if top not in self._before_stack:
            # Stacks that wait for each other are left to CloudFormation.
            self._before_stack[top] = frozenset()
            stacks = self._stacks_before(top)
            before = _templates_of(stacks)
            for stack in stacks:
                before |= self._all_before(stack)
            self._before_stack[top] = before
        return self._before_stack[top]

    def _stacks_before(self, top: Stack) -> list[Stack]:
        """Return the stacks before a stack: by the manifest, and those whose outputs are read."""
        stacks: list[Stack] = []
        for file in sorted(self._assembly.dependencies.get(top.template.path.name, set())):
            stack = self._app.of_file(top.template, file)
            if stack is not None:
                stacks.append(stack)
        for stack in top.with_nested():
            stacks += [other for other in self._of(stack).stacks if other is not top]
        return stacks

    def _of(self, stack: Stack) -> _Uses:
        # Saves time: a template is walked through once, which is a large part of the work.
        if stack not in self._uses:
            self._uses[stack] = _uses_of(stack)
        return self._uses[stack]


def _templates_of(tops: Iterable[Stack]) -> frozenset[str]:
    templates: set[str] = set()
    for top in tops:
        for stack in top.with_nested():
            templates.add(str(stack.template.path))
    return frozenset(templates)


class _Uses(NamedTuple):
    """The dependencies of a stack."""

    resources: Mapping[str, set[str]]
    """The resources each resource of the stack refers to or depends on."""
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
                for exporter, _ in stack.app.exporters(stack.text(argument), stack):
                    stacks.append(exporter)
            elif function == "Fn::GetStackOutput" and isinstance(argument, dict):
                stacks += stack.app.stacks_named(str(argument.get("StackName")))
        by_resource[logical_id] = names & resources.keys()
    return _Uses(by_resource, stacks)
