"""Policies to change, as a report has them."""

from __future__ import annotations

from dataclasses import dataclass, field

from .declarations import Declaration
from .entries import Entry, Json
from .model import Column


@dataclass(frozen=True, kw_only=True)
class PolicyToChange:
    """A policy that lacks something or has too much, with all that it should have for Personalize."""

    policy: Column
    """``"key"``, ``"role"``, ``"bucket"``, ``"trust"`` or ``"boundary"``."""
    policy_of: str
    """The ARN of the key, role or bucket whose policy it is."""
    declared: tuple[Declaration, ...] = field(default=(), repr=False)
    """The resources that have the policy, or in whose template it has to be made."""
    lacks: tuple[Entry, ...] = ()
    too_much: tuple[Entry, ...] = ()
    should_have: tuple[Json, ...] = ()
    """All statements for Personalize that it should have, as the template takes them; for callers, and for roles of
    which nothing is too much, only those for what is missing."""
    replaces: tuple[str, ...] = ()
    """The statements, by sid or number, whose place the list takes, in the policy of a key or bucket or in a trust
    policy."""
    own_conditions: tuple[str, ...] = ()
    """The condition keys in the statements that go, so that nobody loses a condition of their own unseen."""
    also_for: tuple[str, ...] = ()
    """The others whom the policy or a statement that goes serves, and who lose what they don't have elsewhere."""
    unnamed_roles: tuple[str, ...] = ()
    """The ARNs of roles that need a name first, since the policy can only name them by a string."""
    file: str = ""
    """The file of the assembly that has the statements for the policy's owner, if they are pending."""
    make: str = ""
    """The type of the resource to make, where no policy can take the statements."""
    waiting: tuple[Declaration, ...] = field(default=(), repr=False)
    """The resources of that template that have to depend on the one to make."""

    def is_of(self, column: str, owner: str) -> bool:
        """Tell if it is the policy of a column and of an owner."""
        return (self.policy, self.policy_of) == (column, owner)

    @property
    def where(self) -> list[dict[str, str]]:
        """The resources that have the policy, or in whose template it has to be made, as reports have them."""
        return [declaration.where for declaration in self.declared]

    def to_json(self) -> Json:
        """Return the policy as JSON."""
        found: Json = {
            "policy": self.policy,
            "policy_of": self.policy_of,
            "where": self.where,
            "lacks": [_in_short(entry) for entry in self.lacks],
            "too_much": [_in_short(entry) for entry in self.too_much],
            "should_have": list(self.should_have),
        }
        for name in ("replaces", "own_conditions", "also_for", "unnamed_roles", "file", "make"):
            if value := getattr(self, name):
                found[name] = value if isinstance(value, str) else list(value)
        return found | ({"waiting": [each.where for each in self.waiting]} if self.waiting else {})


def _in_short(entry: Entry) -> Json:
    return {"principal_arn": entry.principal_arn, "action": entry.action, "resource": entry.resource}
