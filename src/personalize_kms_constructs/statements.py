"""Statements of ours, as plain data for as long as possible.

A statement is IAM JSON in plain Python values (tokens included) until its policy is attached; from then on it
also has its ``iam.PolicyStatement``, and both grow together. This is what makes one crossing into jsii enough for
a whole statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aws_cdk import aws_iam as iam


@dataclass
class Statement:
    """An Allow statement, known by its sid, which grows by actions or by resources."""

    sid: str
    principal: Mapping[str, str] | None = None
    condition: Mapping[str, Any] | None = None
    actions: list[str] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)
    _attachable: iam.PolicyStatement | None = None

    def grow(self, actions: Iterable[str], resources: Iterable[str]) -> list[str]:
        """Allow these actions on these resources too, and tell which of them are new."""
        new_actions = [action for action in actions if action not in self.actions]
        new_resources = [resource for resource in resources if resource not in self.resources]
        self.actions += new_actions
        self.resources += new_resources
        if self._attachable is not None:
            if new_actions:
                self._attachable.add_actions(*new_actions)
            if new_resources:
                self._attachable.add_resources(*new_resources)
        return new_actions + new_resources

    def to_json(self) -> dict[str, Any]:
        """The statement as IAM JSON."""
        json: dict[str, Any] = {"Sid": self.sid, "Effect": "Allow"}
        if self.principal:
            json["Principal"] = dict(self.principal)
        json["Action"] = list(self.actions)
        json["Resource"] = list(self.resources)
        if self.condition:
            json["Condition"] = dict(self.condition)
        return json

    def attachable(self) -> iam.PolicyStatement:
        """The statement as the CDK takes it, always the same object."""
        if self._attachable is None:
            self._attachable = iam.PolicyStatement.from_json(self.to_json())
        return self._attachable
