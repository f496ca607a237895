"""The resources and constructs that findings are about, in the templates of an app."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from .._access.entries import Entry
from .._access.model import Problem
from .manifest import Assembly
from .templates import Template


@dataclass(frozen=True)
class Declaration:
    """A resource of a template, or a construct that stands for one."""

    template: Template
    name: str
    """The logical id, or the construct's path."""

    @property
    def logical_id(self) -> str | None:
        """The logical id, if it is a resource."""
        return self.name if self.name in self.template.resources else None

    @property
    def construct_path(self) -> str:
        """The path of the construct."""
        return self.name if self.logical_id is None else self.template.construct_path_of(self.name)

    def where(self, directory: Path) -> dict[str, str]:
        """Return the template, relative to a directory, with the logical id and the construct's path."""
        template = Path(os.path.relpath(self.template.path, directory)).as_posix()
        logical_id = {} if self.logical_id is None else {"logical_id": self.logical_id}
        return {"template": template, **logical_id, "construct_path": self.construct_path}


class Declarations:
    """All that the templates of some assemblies declare."""

    def __init__(self, assemblies: Sequence[Assembly]) -> None:
        templates = [each for assembly in assemblies for top in assembly.templates for each in top.with_nested()]
        self._templates = {str(template.path): template for template in templates}

    def of(self, *findings: Entry | Problem) -> list[Declaration]:
        """Return those that findings are about, each once; none if they are about the app."""
        names = (found.declared or [each.declared for each in found.asked] for found in findings)
        return [self._declaration(each) for each in dict.fromkeys(chain.from_iterable(names)) if each]

    def _declaration(self, declared: str) -> Declaration:
        # A path of a file or of a construct may have this character, too.
        ends = (position for position, character in enumerate(declared) if character == "#")
        end = next(each for each in ends if declared[:each] in self._templates)
        return Declaration(self._templates[declared[:end]], declared[end + 1 :])
