"""The findings of a report: on permissions, and on what no added statement fixes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from .causes import MAY_BE_TOO_MUCH, Cause, Column, Reason
from .declarations import Declaration
from .policy_documents import PolicyStatement
from .requests import PrincipalKind, Request, declared_of, labels_of

Json = dict[str, Any]
FindingKind = Literal[
    "missing", "excess", "undecided", "allowed", "ordering", "trust", "configuration"
]
"""A kind that is about no permission is a problem: it is in ``is_problem``, and has a rule."""
Level = Literal["error", "note", "warning"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A permission with who may do what, on which resource, by which policy; or else a problem.

    Unknown fields are empty.
    """

    kind: FindingKind
    """``"missing"``: a permission is needed and not there, whatever the unknown values are;
    ``"excess"``: it is there and not needed; ``"undecided"``: it isn't known; ``"allowed"``: it is
    needed and there. ``"ordering"``, ``"trust"`` or ``"configuration"``: a problem."""
    principal: PrincipalKind = ""
    """``"role"``, ``"service"``, ``"caller"`` or ``"account"``: the service role, Personalize
    itself, a role calling it, or somebody named in a trust policy."""
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
    """The request it is about, in words, where the request can't be read in full."""
    subject: str = ""
    """The ARN of the key, role or bucket with the problem, or the name of the policy or
    requester."""
    page: str = ""
    """The page of AWS's documentation."""
    reason: Reason = field(repr=False, compare=False)
    """The cause, with the values of its words."""
    further: tuple[Reason, ...] = field(default=(), repr=False, compare=False)
    """The reasons for which it is missing once the first reason is gone."""
    label: str = field(default="", repr=False, compare=False)
    """The name of the subject in reports, where it has one."""
    is_warning: bool = field(default=False, repr=False, compare=False)
    """True if Personalize may work in spite of the problem: it is reported, and fails nothing."""
    requests: tuple[Request, ...] = field(default=(), repr=False, compare=False)
    """The requests with this need or problem."""
    places: tuple[Declaration, ...] = field(default=(), repr=False, compare=False)
    """The resources of templates where it is, if these aren't the requests."""
    waits_for: tuple[Declaration, ...] = field(default=(), repr=False, compare=False)
    """The policy to create before the subject, if their order is the problem."""
    file: str = field(default="", repr=False, compare=False)
    """The file of the assembly with the statements for the policy's owner, if they are pending."""

    @property
    def is_problem(self) -> bool:
        """True if no added statement fixes it."""
        return self.kind in ("ordering", "trust", "configuration")

    @property
    def level(self) -> Level:
        """An error if something is missing or wrong, a note if it isn't needed, else a warning."""
        if self.kind == "excess":
            return "note"
        is_error = self.kind == "missing" or (self.is_problem and not self.is_warning)
        return "error" if is_error else "warning"

    @property
    def needed_by(self) -> list[str]:
        """The resources, jobs and constructs with this need or problem, in words."""
        return [self.name] if self.name else labels_of(self.requests)

    @property
    def ours(self) -> bool:
        """True if a construct of this library answers for one of its requests."""
        return any(request.ours for request in self.requests)

    @property
    def cause(self) -> Cause:
        """The cause that makes it allowed, undecided, missing, too much or a problem."""
        return self.reason.cause

    @property
    def because(self) -> str:
        """The reasons, in words."""
        sentences = [reason.sentence() for reason in (self.reason, *self.further)]
        return "; ".join(dict.fromkeys(sentences))

    @property
    def says(self) -> str:
        """The problem in words."""
        return self.reason.sentence(self.label or self.subject)

    @property
    def message(self) -> str:
        """A problem and its remedy in words, or the reasons for anything else."""
        return f"{self.says}: {self.reason.remedy}" if self.is_problem else self.because

    @property
    def found_at(self) -> tuple[Declaration, ...]:
        """The requests, or the places of problems and of what is too much."""
        if self.is_problem or self.kind == "excess" or self.cause in MAY_BE_TOO_MUCH:
            return self.places or declared_of(self.requests)
        return declared_of(self.requests) or self.places

    @property
    def where(self) -> list[dict[str, str]]:
        """Its statements, or else policies or resources, as in reports."""
        if self.kind == "excess" or self.cause is Cause.DENIED:
            statements = list(filter(None, map(_where, self.reason.statements)))
            if statements:
                return statements
        return [place.where for place in self.places or self.found_at]

    def sort_key(self) -> tuple[str, ...]:
        """Return the values by which reports are sorted."""
        policy, principal = (self.policy_of, self.policy), (self.principal, self.principal_arn)
        return (*policy, *principal, self.action, self.resource)

    def to_json(self) -> Json:
        """Return the finding as JSON."""
        if self.is_problem:
            return self._problem_to_json()
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

    def _problem_to_json(self) -> Json:
        data: Json = {
            "kind": self.kind,
            "cause": self.cause.id,
            "severity": self.level,
            "subject": self.subject,
            "message": self.message,
            "where": self.where,
            "needed_by": self.needed_by,
            "page": self.page,
        }
        if self.waits_for:
            data["waits_for"] = [place.where for place in self.waits_for]
        return data


def _where(statement: PolicyStatement) -> dict[str, str]:
    policy = statement.policy
    if policy.declared is None:
        return {}
    where = dict(policy.declared.where)
    if policy.of_aws:
        return where
    if policy.inline:
        where["policy_name"] = policy.inline
    return {**where, "statement": statement.label}
