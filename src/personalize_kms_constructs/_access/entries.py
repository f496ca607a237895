"""Entries of a report: permissions that are missing, too much, undecided or allowed."""

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
    """A permission: who may do what, on which resource, by which policy, and for which requests.

    Fields that aren't known are empty.
    """

    kind: EntryKind
    """``"missing"``: needed and not there, whatever the unknown values are; ``"excess"``: there and
    not needed; ``"undecided"``: not known; ``"allowed"``: needed and there."""
    principal: PrincipalKind = ""
    """``"role"``, ``"service"``, ``"caller"`` or ``"account"``: the service role, Personalize
    itself, a role that calls it, or somebody whom a trust policy lets in."""
    principal_arn: str = ""
    """The ARN of the role, or ``personalize.amazonaws.com``."""
    action: str = ""
    resource: str = ""
    policy: Column = ""
    """``"key"``, ``"role"``, ``"bucket"`` or ``"trust"``: the column of AWS's pages, or the role's
    trust policy."""
    policy_of: str = ""
    """The ARN of the key, role or bucket whose policy it is."""
    name: str = ""
    """The subject in words, where it is no single permission."""
    page: str = ""
    """The page of AWS's documentation."""
    reason: Reason = field(repr=False, compare=False)
    """The cause, with the values of its words."""
    further: tuple[Reason, ...] = field(default=(), repr=False, compare=False)
    """The reasons for which it is missing once the first reason is gone."""
    declared: tuple[Declaration, ...] = field(default=(), repr=False, compare=False)
    """The resources of templates that it is about, if these aren't the requests that need it."""
    asked: tuple[Asked, ...] = field(default=(), repr=False, compare=False)
    """The requests that need it."""
    policies: tuple[Declaration, ...] = field(default=(), repr=False, compare=False)
    """The resources of templates that have the policies to change."""
    file: str = field(default="", repr=False, compare=False)
    """The file of the assembly that has the statements for the policy's owner, if they are
    pending."""

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
        """The cause that makes it allowed, undecided, missing or too much."""
        return self.reason.cause

    @property
    def because(self) -> str:
        """The reasons, in words."""
        sentences = [reason.sentence() for reason in (self.reason, *self.further)]
        return "; ".join(dict.fromkeys(sentences))

    @property
    def found_at(self) -> tuple[Declaration, ...]:
        """The resources of templates that it is about, or the requests that need it."""
        return self.declared or declared_of(self.asked)

    @property
    def where(self) -> list[dict[str, str]]:
        """The statements that it is about, or else policies or resources, as in reports."""
        if self.kind == "excess" or self.cause is Cause.DENIED:
            statements = list(filter(None, map(_where, self.reason.statements)))
            if statements:
                return statements
        return [declared.where for declared in self.policies or self.found_at]

    def with_statements(self, statements: tuple[PolicyStatement, ...]) -> Entry:
        """Return the same entry for other statements."""
        declared = declared_of([statement.policy for statement in statements])
        return replace(self, reason=replace(self.reason, statements=statements), declared=declared)

    def sort_key(self) -> tuple[str, ...]:
        """Return the values by which reports are sorted."""
        policy, principal = (self.policy_of, self.policy), (self.principal, self.principal_arn)
        return (*policy, *principal, self.action, self.resource)

    def to_json(self) -> Json:
        """Return the entry as JSON."""
        data: Json = {
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
        if self.file:
            data["file"] = self.file
        return data


def _where(statement: PolicyStatement) -> dict[str, str]:
    """Return the place of a statement in a report; empty where no template has its policy."""
    policy = statement.policy
    if policy.declared is None:
        return {}
    where = dict(policy.declared.where)
    if policy.of_aws:
        return where
    if policy.inline:
        where["policy_name"] = policy.inline
    return {**where, "statement": statement.label}
