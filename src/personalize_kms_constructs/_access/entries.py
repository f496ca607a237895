"""The lines of a report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class Entry:
    """One permission: who, what, on what, in which policy, and what it is for."""

    principal: str
    """``"role"`` or ``"service"``."""
    principal_arn: str
    """The ARN of the role, or ``personalize.amazonaws.com``."""
    action: str
    resource: str
    policy: str
    """``"key"``, ``"role"`` or ``"bucket"``: the column of AWS's pages."""
    policy_of: str
    """The ARN of the key, role or bucket whose policy it is."""
    needed_by: list[str]
    """The resources, jobs and constructs that need it, in words."""
    page: str
    """The page of AWS's documentation."""
    because: str = ""
    """The reason, in words."""
    declared: tuple[str, ...] = field(default=(), repr=False, compare=False)
    """The resources of templates that it is about."""

    def sort_key(self) -> tuple[str, ...]:
        """Return the values by which reports are sorted."""
        return (self.policy_of, self.policy, self.principal, self.principal_arn, self.action, self.resource)

    def to_json(self) -> Json:
        """Return the entry as JSON."""
        return {
            "principal": self.principal,
            "principal_arn": self.principal_arn,
            "action": self.action,
            "resource": self.resource,
            "policy": self.policy,
            "policy_of": self.policy_of,
            "needed_by": self.needed_by,
            "page": self.page,
            "because": self.because,
        }


@dataclass
class Allowed(Entry):
    """A permission that is needed and there."""


@dataclass
class Missing(Entry):
    """A permission that is needed and not there."""

    add: Json | None = None
    """The statement to add, with everything that the policy lacks for this principal; none where a statement or a
    boundary denies the action, so that no other statement helps."""
    add_to: str = ""
    """The policy that the statement belongs in: ``"key"``, ``"role"`` or ``"bucket"``. It differs from ``policy`` where
    the key policy already leaves the decision to IAM."""

    def to_json(self) -> Json:
        """Return the entry as JSON."""
        return {**super().to_json(), "add": self.add, "add_to": self.add_to}


@dataclass
class Excess(Entry):
    """A permission that is there and not needed."""

    fix: str = ""
    """The remedy, in words."""

    def to_json(self) -> Json:
        """Return the entry as JSON."""
        return {**super().to_json(), "fix": self.fix}


@dataclass
class Undecided(Entry):
    """A permission that is needed, and can't be seen to be there."""
