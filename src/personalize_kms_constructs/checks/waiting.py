"""What exists before a resource of a template is created: what it depends on, directly and by references."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from ..access.lists import as_list
from .assembly import Assembly
from .errors import AssemblyError
from .stacks import App, Stack

_SUB_VARIABLE = re.compile(r"\$\{([^!{}.]+)")


class Before:
    """The resources, by their declarations, that exist before another one."""

    def __init__(self, declared: set[str], templates: set[str]) -> None:
        self._declared = declared
        self._templates = templates

    def __contains__(self, declared: object) -> bool:
        return declared in self._declared or str(declared).rpartition("#")[0] in self._templates


class Dependencies:
    """The order in which CloudFormation creates the resources of an assembly."""

    def __init__(self, assembly: Assembly, app: App, stacks: Iterable[Stack]) -> None:
        self._assembly = assembly
        self._app = app
        self._stacks = list(dict.fromkeys(stacks))
        self._direct: dict[Stack, dict[str, set[str]]] = {}
        self._stacks_before: dict[Stack, list[Stack]] = {}

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
        templates = {str(one.template.path) for each in self._earlier(top) for one in each.with_nested()}
        return Before(found, templates)

    def _earlier(self, top: Stack) -> list[Stack]:
        """The stacks that are deployed before: those that the manifest says, and those whose outputs are read."""
        if top not in self._stacks_before:
            files = self._assembly.dependencies.get(top.template.file, set())
            found = [self._app.of_file(top.template, file) for file in files]
            self._stacks_before[top] = [*(each for each in found if each is not None), *_read_by(top)]
        return self._stacks_before[top]

    def refuse_circles(self) -> None:
        """Refuse templates whose resources wait for each other.

        Raises:
            AssemblyError: if there is one.
        """
        for stack in self._stacks:
            _refuse_circle(stack, self._of(stack))

    def _of(self, stack: Stack) -> dict[str, set[str]]:
        if stack not in self._direct:
            resources = stack.template.resources
            self._direct[stack] = {
                logical_id: {each for each in _references(body) if each in resources and each != logical_id}
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
                yield from (exporter for exporter, _ in top.app.exports.get(stack.text(argument), ()))


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
