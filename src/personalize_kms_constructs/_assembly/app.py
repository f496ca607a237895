"""The stacks of an app together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from .._access.answers import Answer
from . import physical
from .parameters import NO_VALUES, ParameterValues
from .stacks import Resource, Stack, Surroundings
from .templates import Template, Unread, noted

_READER = "Custom::CrossRegionExportReader"


class App(Surroundings):
    """All stacks that can refer to each other."""

    def __init__(
        self, templates: list[Template], unread: list[Unread], parameters: ParameterValues = NO_VALUES
    ) -> None:
        self.parameters = parameters
        self.top = [Stack(self, template) for template in templates]
        self.stacks = [each for stack in self.top for each in stack.with_nested()]
        self._by_file = {stack.template.path: stack for stack in self.stacks}
        self._unread = unread
        self._exports: dict[str, list[tuple[Stack, str]]] | None = None

    def of_file(self, beside: Template, file: str) -> Stack | None:
        """Return the stack whose template has this name, in the directory of another template."""
        return self._by_file.get(beside.path.parent / file)

    def exported_as(self, name: str) -> Sequence[tuple[Stack, str]]:
        """Return the outputs that are exported under a name."""
        if self._exports is None:
            # A name that is an import itself can't be known.
            self._exports = {}
            self._read_exports(self._exports)
        return self._exports.get(name, ())

    def _read_exports(self, found: dict[str, list[tuple[Stack, str]]]) -> None:
        for stack in self.stacks:
            for output, declared in stack.template.body.get("Outputs", {}).items():
                export = declared.get("Export") if isinstance(declared, dict) else None
                if isinstance(export, dict) and "Name" in export:
                    with noted(self._unread, stack.template):
                        found.setdefault(stack.text(export["Name"]), []).append((stack, output))

    def stacks_named(self, name: str) -> Sequence[Stack]:
        """Return the top-level stacks of a name."""
        return [each for each in self.top if each.template.stack_name == name]

    def ref(self, resource: Resource) -> str:
        """Return what ``Ref`` of a resource is."""
        return physical.ref(resource)

    def attribute(self, resource: Resource, name: str) -> Any:
        """Return what ``Fn::GetAtt`` of a resource is."""
        read = self._cross_region(resource.stack, name) if resource.type == _READER else None
        return read or physical.attribute(resource, name)

    def _cross_region(self, reader: Stack, name: str) -> Any:
        """Return what a stack of another Region writes for the account and Region of a stack, or none.

        A custom resource of the one stack writes into parameters of Systems Manager in the Region of the other, and
        one of the other stack reads them:
        https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib-readme.html#accessing-resources-in-a-different-stack-and-region
        """
        where = (reader.template.account, reader.template.region, name)
        for stack, writer, value in self._written.get(where, ()):
            if stack.exists(writer) is not Answer.NO:
                return stack.value(value)
        return None

    @cached_property
    def _written(self) -> Mapping[tuple[str, str, str], list[tuple[Stack, str, Any]]]:
        """The parameters that stacks write, unresolved, since values and conditions may depend on parameters."""
        found: dict[tuple[str, str, str], list[tuple[Stack, str, Any]]] = {}
        for stack in self.stacks:
            for writer, resource in stack.template.resources.items():
                match resource:
                    case {
                        "Type": "Custom::CrossRegionExportWriter",
                        "Properties": {"WriterProps": {"region": str(region), "exports": dict(exports)}},
                    }:
                        for name, value in exports.items():
                            where = (stack.template.account, region, name)
                            found.setdefault(where, []).append((stack, writer, value))
        return found
