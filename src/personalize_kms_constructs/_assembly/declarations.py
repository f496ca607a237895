"""The resources and constructs that findings are about, in the templates of an app."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from .._access.entries import Entry
from .._access.model import Problem, declared_of
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


class Declarations:
    """All that the templates of some assemblies declare."""

    def __init__(self, assemblies: Sequence[Assembly]) -> None:
        templates = [each for assembly in assemblies for top in assembly.templates for each in top.with_nested()]
        self._templates = {str(template.path): template for template in templates}

    def of(self, *findings: Entry | Problem) -> list[Declaration]:
        """Return those that findings are about, each once; none if they are about the app."""
        return self._declarations(found.declared or declared_of(found.asked) for found in findings)

    def paths_of(self, finding: Entry | Problem) -> list[str]:
        """Return the paths of the constructs that a finding is about."""
        return [each.construct_path for each in self.of(finding)]

    def places_of(self, *findings: Entry | Problem) -> list[tuple[Path, str | None, str]]:
        """Return the template, the logical id and the construct path of the policies to change, or of what asks."""
        changed = (found.policies if isinstance(found, Entry) else () for found in findings)
        places = self._declarations(changed) or self.of(*findings)
        return [(each.template.path, each.logical_id, each.construct_path) for each in places]

    def _declarations(self, declared: Iterable[tuple[str, ...]]) -> list[Declaration]:
        return [self._declaration(each) for each in dict.fromkeys(chain.from_iterable(declared))]

    def _declaration(self, declared: str) -> Declaration:
        # A path of a file or of a construct may have this character, too.
        ends = (position for position, character in enumerate(declared) if character == "#")
        end = next(each for each in ends if declared[:each] in self._templates)
        return Declaration(self._templates[declared[:end]], declared[end + 1 :])
