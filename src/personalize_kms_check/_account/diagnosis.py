"""The judge's report on a dataset group, with the causes that only an account shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from .._causes import Cause, Column, Reason
from .._comparison import report_on
from .._evaluation.elements import is_for
from .._finding import Finding
from .._findings.decisions import decisions
from .._findings.problems import GROUP_PAGE
from .._model import AccessModel
from .._needs.need import users_of
from .._policy_to_change import PolicyToChange
from .._reports.report import AccessReport, in_order
from .._reports.report_lines import Line, lines_of
from ..matrix import DATASET_GROUP
from .gathering import Gathered
from .groups import Group

_IDS_PAGE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids"
# AWS shows an id in the place of an ARN once there is no such role or user any more.
_ID = re.compile(r"A(?:RO|ID)A[A-Z0-9]{12,}")


@dataclass(frozen=True)
class GroupReport:
    """The findings on a dataset group, and notes on what decides nothing."""

    group: Group
    access: AccessReport
    notes: tuple[str, ...] = ()

    @cached_property
    def lines(self) -> list[Line]:
        """The lines on it, the worst first."""
        return sorted(lines_of(self.access), key=_urgency)

    @property
    def urgency(self) -> int:
        """Its rank: 0 if a key can't be used, 1 for another error, 2 for a doubt."""
        return min(map(_urgency, self.lines), default=3)


def diagnose(gathered: Gathered) -> GroupReport:
    """Return what is missing, wrong, undecided and right."""
    report = report_on(decisions(gathered.model))
    findings = [
        *report.findings,
        *_unseen(gathered),
        *_unused_ids(gathered.model),
        *_failed(gathered),
    ]
    access = replace(
        report, findings=in_order(findings), policies=tuple(map(_to_add, report.policies))
    )
    return GroupReport(gathered.group, access, tuple(_notes(gathered)))


def unseen_group(group: Group) -> GroupReport:
    """Return the report on a dataset group that can't be seen."""
    undecided = _of_group(group, Reason.of(Cause.GROUP_UNSEEN, why=group.unseen))
    return GroupReport(group, AccessReport((undecided,)))


def _urgency(line: Line) -> int:
    if line.first.cause is Cause.KEY_STATE:
        return 0
    return 1 if line.level == "error" else 2


def _to_add(policy: PolicyToChange) -> PolicyToChange:
    """Return a policy with the statements to add, for those alone who lack something."""
    to_add = policy.should_have
    if policy.policy in ("key", "bucket"):
        lacking = {finding.principal_arn for finding in policy.lacks}
        to_add = tuple(statement for statement in to_add if is_for(statement, lacking))
    return replace(policy, should_have=to_add, replaces=(), own_conditions=(), also_for=())


def _unused_ids(model: AccessModel) -> Iterator[Finding]:
    """Yield a warning for each id in a policy; whose it was can't be known."""
    living = {role.unique_id for role in model.roles.values()}
    for owner in model.owners:
        for policy in owner.documents:
            bodies = [statement.body for statement in policy.statements if statement.readable]
            principals = [(body.get("Principal"), body.get("NotPrincipal")) for body in bodies]
            for id in sorted(set(_ID.findall(str(principals))) - living):
                reason = Reason.of(Cause.UNUSED_ID, column=owner.column, id=id)
                yield Finding(
                    kind="configuration",
                    subject=owner.arn,
                    label=model.label(owner.arn),
                    reason=reason,
                    page=_IDS_PAGE,
                    is_warning=True,
                )


def _failed(gathered: Gathered) -> Iterator[Finding]:
    """Yield the failures of a dataset group and of its newest jobs, in Personalize's words."""
    group = gathered.group
    if group.described.get("status") == "CREATE FAILED":
        why = group.described.get("failureReason") or "it gave no reason"
        yield Finding(
            kind="configuration",
            subject=group.arn,
            label=f"dataset group {group.name}",
            reason=Reason.of(Cause.GROUP_FAILED, why=why),
            page=GROUP_PAGE,
        )
    for job in gathered.jobs.newest:
        if job.failure and not job.is_past:
            yield Finding(
                kind="configuration",
                subject=job.label,
                reason=Reason.of(Cause.JOB_FAILED, why=job.failure),
                page=job.permissions.page,
                is_warning=True,
            )


def _unseen(gathered: Gathered) -> Iterator[Finding]:
    jobs, model = gathered.jobs, gathered.model
    if jobs.unseen:
        yield _of_group(gathered.group, Reason.of(Cause.JOBS_UNSEEN, number=jobs.unseen))
    doubts: list[tuple[Column, str, Cause, str]] = []
    for role in model.roles.values():
        doubts.append(("role", role.arn, Cause.MAY_BE_DENIED_UNSEEN, role.unseen))
    for bucket in model.buckets.values():
        doubts.append(("bucket", bucket.arn, Cause.REGION_UNSEEN, bucket.unseen_region))
    users = users_of(model)
    for column, arn, cause, why in doubts:
        if why:
            reason, asked = Reason.of(cause, why=why), tuple(users[arn])
            yield Finding(
                kind="undecided", policy=column, policy_of=arn, reason=reason, asked=asked
            )


def _of_group(group: Group, reason: Reason) -> Finding:
    name = f"{group.name} ({DATASET_GROUP.resource})"
    return Finding(kind="undecided", name=name, reason=reason)


def _notes(gathered: Gathered) -> Iterator[str]:
    jobs, model = gathered.jobs, gathered.model
    for job in jobs.newest:
        if gathered.has_no_role(job):
            gone = "which doesn't exist any more: what the next one needs isn't known"
            yield f"{job.label} had role {job.role_arn}, {gone}"
        if job.failure and job.is_past:
            yield f"{job.label} failed: {job.failure}"
    no_key = "no key of yours: AWS's own key encrypts its data"
    has = "a key and a role" if gathered.key_of_group else no_key
    yield f"it is {gathered.group.described.get('status')}, and has {has}"
    older = f", {jobs.older} older not (--jobs; none of more than 90 days)" if jobs.older else ""
    yield f"jobs and metric attributions that were looked at: {len(jobs.newest)}{older}"
    for owner in model.owners:
        yield from (f"{model.label(owner.arn)}: {note}" for note in owner.notes)
