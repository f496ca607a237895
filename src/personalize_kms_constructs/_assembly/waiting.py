"""Resources that exist before a resource is created: its dependencies, and what it refers to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .._access.written import as_list
from .app import App
from .assembly import Assembly
from .errors import AssemblyError
from .stacks import Stack

_SUB_VARIABLE = re.compile(r"\$\{([^!{}.]+)")


class Before:
    """The resources, by their declarations, that exist before another one."""

    def __init__(self, declared: set[str], templates: frozenset[str]) -> None:
        self._declared = declared
        self._templates = templates

    def __contains__(self, declared: object) -> bool:
        return declared in self._declared or str(declared).rpartition("#")[0] in self._templates


class Dependencies:
    """The order in which CloudFormation creates the resources of an assembly."""

    def __init__(self, assembly: Assembly, app: App) -> None:
        self._assembly = assembly
        self._app = app
        tops = [app.of_file(template, template.file) for template in assembly.templates]
        self._stacks = [stack for top in tops if top is not None for stack in top.with_nested()]
        self._direct: dict[Stack, dict[str, set[str]]] = {}
        self._direct_stacks: dict[Stack, list[Stack]] = {}
        self._templates: dict[Stack, frozenset[str]] = {}

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
        return Before(found, self._templates_before(top))

    def _templates_before(self, top: Stack) -> frozenset[str]:
        """The templates of all stacks that are deployed before, nested ones included."""
        path: list[Stack] = [top]
        while path:
            stack = path[-1]
            direct = self._stacks_before(stack)
            unknown = [each for each in direct if each not in self._templates]
            if not unknown:
                self._templates[stack] = frozenset().union(
                    *(self._templates[each] for each in direct),
                    (str(one.template.path) for each in direct for one in each.with_nested()),
                )
                path.pop()
            elif unknown[0] in path:
                raise AssemblyError(f"{stack.template.path}: circular reference: the stack depends on itself")
            else:
                path.append(unknown[0])
        return self._templates[top]

    def _stacks_before(self, top: Stack) -> list[Stack]:
        """The stacks that the manifest says, and those whose outputs are read."""
        if top not in self._direct_stacks:
            files = self._assembly.dependencies.get(top.template.file, set())
            found = [self._app.of_file(top.template, file) for file in sorted(files)]
            read = [each for each in _read_by(top) if each is not top]
            self._direct_stacks[top] = list(dict.fromkeys([*(each for each in found if each is not None), *read]))
        return self._direct_stacks[top]

    def refuse_circles(self) -> None:
        """Refuse templates whose resources wait for each other.

        Raises:
            AssemblyError: if there is one.
        """
        for stack in self._stacks:
            _refuse_circle(stack, self._of(stack))
            if stack.parent is None:
                self._templates_before(stack)

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
                yield from top.app.by_stack_name.get(str(argument.get("StackName")), ())
            elif name == "Fn::ImportValue":
                yield from (exporter for exporter, _ in stack.exporters(stack.text(argument)))


def _refuse_circle(stack: Stack, direct: dict[str, set[str]]) -> None:
    done: set[str] = set()
    for start in direct:
        path: list[str] = []
        on_path: set[str] = set()
        pending: list[tuple[str, bool]] = [(start, False)]
        while pending:
            each, leaving = pending.pop()
            if leaving:
                done.add(path.pop())
                on_path.discard(each)
            elif each in on_path:
                circle = " → ".join([*path[path.index(each) :], each])
                raise AssemblyError(f"{stack.template.path}: circular reference: {circle}")
            elif each not in done:
                path.append(each)
                on_path.add(each)
                pending.append((each, True))
                pending += [(before, False) for before in sorted(direct[each])]
