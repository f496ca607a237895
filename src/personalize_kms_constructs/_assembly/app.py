"""The stacks of an app together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from .assembly import Template
from .cross_region import Parameters
from .stacks import Stack


class App:
    """All stacks that can refer to each other."""

    def __init__(self, templates: list[Template]) -> None:
        self.top = [Stack(self, template) for template in templates]
        self.stacks = [each for stack in self.top for each in stack.with_nested()]
        self._by_file = {stack.template.path: stack for stack in self.stacks}

    def of_file(self, beside: Template, file: str) -> Stack | None:
        """Return the stack whose template has this name, in the directory of another template."""
        return self._by_file.get(beside.path.parent / file)

    @cached_property
    def exports(self) -> Mapping[str, list[tuple[Stack, str]]]:
        """The outputs of each exported name."""
        # A name that is an import itself can't be known.
        found = self.__dict__["exports"] = dict[str, list[tuple[Stack, str]]]()
        for stack in self.stacks:
            for output, declared in stack.template.body.get("Outputs", {}).items():
                export = declared.get("Export") if isinstance(declared, dict) else None
                if isinstance(export, dict) and "Name" in export:
                    found.setdefault(stack.text(export["Name"]), []).append((stack, output))
        return found

    @cached_property
    def parameters(self) -> Parameters:
        """The parameters that stacks of other Regions read."""
        return Parameters(self.stacks)

    @cached_property
    def by_stack_name(self) -> Mapping[str, list[Stack]]:
        """The top-level stacks of each name."""
        found: dict[str, list[Stack]] = {}
        for stack in self.top:
            found.setdefault(stack.template.stack_name, []).append(stack)
        return found
