"""The entries of a report: permissions that are missing, too much, undecided, or as AWS's pages ask."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from .causes import Cause, Reason
from .declarations import Declaration
from .model import Asked, Column, PrincipalKind, declared_of, labels_of
from .policy_documents import PolicyStatement

Json = dict[str, Any]
EntryKind = Literal["missing", "excess", "undecided", "allowed"]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One permission: who, what, on what, in which policy, and what it is for; what isn't known of it is empty."""

    kind: EntryKind
    """``"missing"``: needed and not there, whatever unknown values turn out to be; ``"excess"``: there and not needed;
    ``"undecided"``: not known; ``"allowed"``: needed and there."""
    principal: PrincipalKind = ""
    """``"role"``, ``"service"``, ``"caller"`` or ``"account"``: the service role, Personalize itself, a role that calls
    it, or somebody whom a trust policy lets in."""
    principal_arn: str = ""
    """The ARN of the role, or ``personalize.amazonaws.com``."""
    action: str = ""
    resource: str = ""
    policy: Column = ""
    """``"key"``, ``"role"``, ``"bucket"`` or ``"trust"``: the column of AWS's pages, or the role's trust policy."""
    policy_of: str = ""
    """The ARN of the key, role or bucket whose policy it is."""
    name: str = ""
    """The subject in words, where it is no single permission."""
    page: str = ""
    """The page of AWS's documentation."""
    reason: Reason = field(repr=False, compare=False)
    """The cause, with all that its words need."""
    further: tuple[Reason, ...] = field(default=(), repr=False, compare=False)
    """The reasons for which it would be missing all the same, once the first one is no more."""
    declared: tuple[Declaration, ...] = field(default=(), repr=False, compare=False)
    """The resources of templates that it is about, if not those that ask for what needs it."""
    asked: tuple[Asked, ...] = field(default=(), repr=False, compare=False)
    """The requests that need it."""
    policies: tuple[Declaration, ...] = field(default=(), repr=False, compare=False)
    """The resources of templates that have the policies to change."""
    file: str = field(default="", repr=False, compare=False)
    """The file of the assembly that has the statements for the policy's owner, if they are pending."""

    @property
    def needed_by(self) -> list[str]:
        """The resources, jobs and constructs that need it, in words."""
        return [self.name] if self.name else labels_of(self.asked)

    @property
    def ours(self) -> bool:
        """True if a construct of this library answers for a request that needs it."""
        return any(asked.ours for asked in self.asked)

    @property
    def cause(self) -> Cause:
        """The cause that allows it, leaves it open, makes it missing or too much."""
        return self.reason.cause

    @property
    def because(self) -> str:
        """The reasons, in words."""
        return "; ".join(dict.fromkeys(reason.sentence() for reason in (self.reason, *self.further)))

    @property
    def found_at(self) -> tuple[Declaration, ...]:
        """The resources of templates that it is about, or that ask for what needs it."""
        return self.declared or declared_of(self.asked)

    @property
    def where(self) -> list[dict[str, str]]:
        """The statements that it is about, or the policies to change, or else the resources, as reports have them."""
        if self.kind == "excess" or self.cause is Cause.DENIED:
            places = [_place_of(statement) for statement in self.reason.statements]
            if written := [place for place in places if place]:
                return written
        return [declaration.where for declaration in self.policies or self.found_at]

    def with_statements(self, statements: tuple[PolicyStatement, ...]) -> Entry:
        """Return the same of other statements."""
        declared = declared_of([statement.policy for statement in statements])
        return replace(self, reason=replace(self.reason, statements=statements), declared=declared)

    def sort_key(self) -> tuple[str, ...]:
        """Return the values by which reports are sorted."""
        return (self.policy_of, self.policy, self.principal, self.principal_arn, self.action, self.resource)

    def to_json(self) -> Json:
        """Return the entry as JSON."""
        found: Json = {
            "principal": self.principal,
            "principal_arn": self.principal_arn,
            "action": self.action,
            "resource": self.resource,
            "policy": self.policy,
            "policy_of": self.policy_of,
            "needed_by": self.needed_by,
            "page": self.page,
            "where": self.where,
            "cause": self.cause.id,
            "because": self.because,
        }
        return found | ({"file": self.file} if self.file else {})


def _place_of(statement: PolicyStatement) -> dict[str, str]:
    """Return the place of a statement as reports have it; empty where no template has its policy."""
    policy = statement.policy
    if policy.declared is None:
        return {}
    if policy.of_aws:
        return policy.declared.where
    named = {"policy_name": policy.inline} if policy.inline else {}
    return {**policy.declared.where, **named, "statement": statement.label}
