"""Statements as plain data: IAM JSON in Python values, tokens included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Statement(NamedTuple):
    sid: str
    principal: Mapping[str, str] | None = None
    condition: Mapping[str, Any] | None = None
    actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()

    def without_covered(self) -> Statement:
        """Return the statement without resources covered by the pattern of another resource."""
        covered, pattern = set(), None
        # In this order, a pattern comes right before the resources that it covers.
        for resource in sorted(self.resources, key=_without_star):
            if pattern is not None and resource.startswith(pattern):
                covered.add(resource)
            elif resource.endswith("*"):
                pattern = _without_star(resource)
        left = tuple(resource for resource in self.resources if resource not in covered)
        return self._replace(resources=left)

    def to_json(self) -> dict[str, Any]:
        json: dict[str, Any] = {"Sid": self.sid, "Effect": "Allow"}
        if self.principal:
            json["Principal"] = dict(self.principal)
        json["Action"] = list(self.actions)
        json["Resource"] = list(self.resources)
        if self.condition:
            json["Condition"] = dict(self.condition)
        return json


def joined(statements: Sequence[Statement]) -> Statement:
    """Return a statement with the actions and resources of several with the same sid."""
    actions: dict[str, None] = {}
    resources: dict[str, None] = {}
    for statement in statements:
        actions.update(dict.fromkeys(statement.actions))
        resources.update(dict.fromkeys(statement.resources))
    return statements[0]._replace(actions=tuple(actions), resources=tuple(resources))


def _without_star(resource: str) -> str:
    return resource.removesuffix("*")
