"""One check, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple


class Status(Enum):
    """The end of a check; the values are its names in JSON."""

    OK = "ok"
    FAILED = "failed"
    UNDECIDED = "undecided"
    WARNING = "warning"
    """Nothing that keeps Personalize from working; it counts with ``--strict``."""
    NOTE = "note"
    """It never counts."""


class Addition(NamedTuple):
    """A statement to add, or to put in place of another one."""

    to: str
    """The policy, in words."""
    statement: Any


@dataclass
class Check:
    """One line of the doctor's report, with the reason and the next step beneath it."""

    name: str
    """A stable name of what is checked: ``key-state``, ``boundary``…"""
    status: Status
    kind: str
    """The kind of thing that it is about: ``"dataset group"``, ``"key"``, ``"role"`` or ``"bucket"``."""
    of: str
    """The ARN of that."""
    title: str
    because: str = ""
    next_step: str = ""
    add: list[Addition] = field(default_factory=list)
    needed_by: list[str] = field(default_factory=list)
    page: str = ""
    principal: str = ""
    """The ARN of the role, or ``personalize.amazonaws.com``."""
    actions: list[str] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the check as JSON."""
        return {
            "check": self.name,
            "status": self.status.value,
            "kind": self.kind,
            "of": self.of,
            "title": self.title,
            "because": self.because,
            "next": self.next_step,
            "add": [{"to": each.to, "statement": each.statement} for each in self.add],
            "principal": self.principal,
            "actions": self.actions,
            "resources": self.resources,
            "needed_by": self.needed_by,
            "page": self.page,
        }
