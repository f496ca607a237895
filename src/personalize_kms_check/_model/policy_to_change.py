"""Policies to change, as a report has them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .causes import Cause, Column
from .declarations import Declaration
from .finding import Finding, Json


@dataclass(frozen=True, kw_only=True)
class PolicyToChange:
    """A policy with missing or excessive permissions, and the statements it should have."""

    policy: Column
    """``"key"``, ``"role"``, ``"bucket"``, ``"trust"`` or ``"boundary"``."""
    policy_of: str
    """The ARN of the key, role or bucket whose policy it is."""
    declared: tuple[Declaration, ...] = field(default=(), repr=False)
    """The resources that have the policy; if it is to be made, a resource of its template."""
    lacks: tuple[Finding, ...] = ()
    too_much: tuple[Finding, ...] = ()
    should_have: tuple[Json, ...] = ()
    """All statements it should have for Personalize, as the template takes them, and what others
    had by those it replaces. Only for those who lack something, if it was given; for callers, and
    for roles with nothing too much, only those for missing permissions."""
    replaces: tuple[str, ...] = ()
    """The statements of a key, bucket or trust policy that the list replaces, by sid or number."""
    own_conditions: tuple[str, ...] = ()
    """The condition keys of replaced statements, so nobody loses their own condition unseen."""
    also_for: tuple[str, ...] = ()
    """The others who use a role, or whom no listed statement serves: they may lose permissions."""
    unnamed_roles: tuple[str, ...] = ()
    """The ARNs of roles that need a name first, without which the list has nothing for them."""
    files: tuple[str, ...] = ()
    """The files of the assembly with the statements for the policy's owner, if they are pending."""
    make: str = ""
    """The type of the resource to make, where no policy can take the statements."""
    waiting: tuple[Declaration, ...] = field(default=(), repr=False)
    """The resources of the template that have to depend on the new policy."""

    def mends(self, problem: Finding) -> bool:
        """Tell if it is the trust policy of the role in a problem."""
        is_own = (self.policy, self.policy_of) == ("trust", problem.subject)
        return is_own and problem.cause is Cause.NOT_TRUSTED

    @property
    def file(self) -> str:
        """The first of the files."""
        return next(iter(self.files), "")

    @property
    def where(self) -> list[dict[str, str]]:
        """The resources that have the policy, or a resource of its template, as in reports."""
        return [declaration.where for declaration in self.declared]

    def to_json(self) -> Json:
        """Return the policy as JSON."""
        data: Json = {
            "policy": self.policy,
            "policy_of": self.policy_of,
            "where": self.where,
            "lacks": _in_short(self.lacks),
            "too_much": _in_short(self.too_much),
            "should_have": list(self.should_have),
        }
        for name in ("replaces", "own_conditions", "also_for", "unnamed_roles"):
            if getattr(self, name):
                data[name] = list(getattr(self, name))
        for name in ("file", "make"):
            if getattr(self, name):
                data[name] = getattr(self, name)
        if self.waiting:
            data["waiting"] = [declaration.where for declaration in self.waiting]
        return data


def _in_short(entries: Iterable[Finding]) -> list[Json]:
    """Return permissions, each once: one may be too much for several reasons."""
    names = ("principal_arn", "action", "resource")
    permissions = dict.fromkeys((one.principal_arn, one.action, one.resource) for one in entries)
    return [dict(zip(names, permission, strict=True)) for permission in permissions]
