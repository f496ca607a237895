"""Statements as plain data: IAM JSON in Python values, tokens included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Statement(NamedTuple):
    """A statement, known by its sid."""

    sid: str
    principal: Mapping[str, str] | None = None
    condition: Mapping[str, Any] | None = None
    actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    effect: str = "Allow"

    def without_covered(self) -> Statement:
        """Return the statement without resources that a pattern of another resource has in it already."""
        covered, pattern = set(), None
        # What a pattern covers comes right after it.
        for each in sorted(self.resources, key=lambda each: each.removesuffix("*")):
            if pattern is not None and each.startswith(pattern):
                covered.add(each)
            elif each.endswith("*"):
                pattern = each.removesuffix("*")
        return self._replace(
            resources=tuple(each for each in self.resources if each not in covered)
        )

    def to_json(self) -> dict[str, Any]:
        """Return the statement as IAM JSON."""
        json: dict[str, Any] = {"Sid": self.sid, "Effect": self.effect}
        if self.principal:
            json["Principal"] = dict(self.principal)
        json["Action"] = list(self.actions)
        json["Resource"] = list(self.resources)
        if self.condition:
            json["Condition"] = dict(self.condition)
        return json
