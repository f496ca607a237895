"""The stacks of an app, which refer to each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

from .._shared.answers import Answer
from . import physical
from .given_policies import GivenPolicies
from .manifest import Assembly
from .parameter_values import NO_VALUES, ParameterValues
from .stacks import Resource, Stack, Surroundings
from .template import Template


class App(Surroundings):
    """All stacks that can refer to each other."""

    def __init__(
        self,
        templates: Iterable[Template],
        parameters: ParameterValues = NO_VALUES,
        documents: GivenPolicies | None = None,
    ) -> None:
        self.parameters, self.documents = parameters, documents or {}
        self.top = [Stack(self, template) for template in templates]
        self.stacks = [*chain.from_iterable(top.with_nested() for top in self.top)]
        self._by_template = {stack.template: stack for stack in self.stacks}
        self._by_file = {stack.template.path: stack for stack in self.stacks}
        self._exports: dict[str, list[tuple[Stack, str]]] = {}
        self._has_read_exports = False

    def stacks_of(self, assembly: Assembly) -> list[Stack]:
        tops = map(self.stack_of, assembly.templates)
        return [*chain.from_iterable(top.with_nested() for top in tops)]

    def resources_of(self, assembly: Assembly) -> list[Resource]:
        return [*chain.from_iterable(stack.resources() for stack in self.stacks_of(assembly))]

    def stack_of(self, template: Template) -> Stack:
        return self._by_template[template]

    def of_file(self, beside: Template, file: str) -> Stack | None:
        """Return the stack whose template has this name, in the directory of another template."""
        return self._by_file.get(beside.path.parent / file)

    def value_of(self, resource: Resource, attribute: str) -> str:
        return physical.attribute(resource, attribute)

    def stacks_named(self, name: str) -> Sequence[Stack]:
        """Return the top-level stacks of a name."""
        return [stack for stack in self.top if stack.template.stack_name == name]

    def exporters(self, name: str, to: Stack) -> list[tuple[Stack, str]]:
        """Return the stacks that export a name to a stack, with the output."""
        every = self._exported_as(name)
        exporters = [exporter for exporter in every if exporter[0].is_in(to.account, to.region)]
        # Stages may be deployed side by side: the export of the same assembly counts.
        folder = to.top.template.path.parent
        own = [exporter for exporter in exporters if exporter[0].top.template.path.parent == folder]
        return own or exporters

    def _exported_as(self, name: str) -> Sequence[tuple[Stack, str]]:
        if not self._has_read_exports:
            # A name that is an import itself can't be known: while names are read, there is none.
            self._has_read_exports = True
            for stack in self.stacks:
                self._read_exports(stack)
        return self._exports.get(name, ())

    def _read_exports(self, stack: Stack) -> None:
        for output, declared in stack.template.body.get("Outputs", {}).items():
            export = declared.get("Export") if isinstance(declared, dict) else None
            if not isinstance(export, dict) or "Name" not in export:
                continue
            with stack.noting_errors():
                if stack.has_output(output) is not Answer.NO:
                    name = stack.text(export["Name"])
                    self._exports.setdefault(name, []).append((stack, output))
