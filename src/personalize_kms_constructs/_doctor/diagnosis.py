"""The judge's report on a dataset group, with the causes that only an account shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from .._access.causes import Cause, Reason
from .._access.comparison import compare
from .._access.entries import Entry
from .._access.findings import Finding, findings_of
from .._access.model import Asked, Column, Problem
from .._access.needs import users_of
from .._access.policies import PolicyToChange
from .._access.problems import GROUP_PAGE
from .._access.report import AccessReport, in_order
from ..matrix import DATASET_GROUP
from .deleted_principals import deleted_principals
from .gathering import Gathered
from .groups import Group


@dataclass(frozen=True)
class GroupReport:
    """The findings on a dataset group, and notes on what decides nothing."""

    group: Group
    access: AccessReport
    notes: tuple[str, ...] = ()

    @cached_property
    def findings(self) -> list[Finding]:
        """Its findings, the worst first."""
        return sorted(findings_of(self.access), key=_urgency)

    @property
    def urgency(self) -> int:
        """Its rank: 0 if a key can't be used, 1 for another error, 2 for a doubt."""
        return min(map(_urgency, self.findings), default=3)


def diagnose(gathered: Gathered) -> GroupReport:
    """Return what is missing, wrong, undecided and right."""
    report = compare(gathered.model, with_excess=False)
    undecided = sorted((*report.undecided, *_unseen(gathered)), key=lambda entry: entry.sort_key())
    access = replace(
        report,
        problems=in_order((*report.problems, *deleted_principals(gathered.model))),
        undecided=tuple(undecided),
        policies=tuple(map(_to_add, report.policies)),
    )
    problems = in_order((*access.problems, *_failed_group(gathered, access)))
    access = replace(access, problems=problems)
    return GroupReport(gathered.group, access, tuple(_notes(gathered, access)))


def unseen_group(group: Group) -> GroupReport:
    """Return the report on a dataset group that can't be seen."""
    undecided = _of_group(group, Reason.of(Cause.GROUP_UNSEEN, why=group.unseen))
    return GroupReport(group, AccessReport(undecided=(undecided,)))


def _urgency(finding: Finding) -> int:
    reason = finding.about[0].reason
    if reason.cause is Cause.KEY_STATE:
        return 0
    return 1 if finding.level == "error" else 2


def _to_add(policy: PolicyToChange) -> PolicyToChange:
    """Return a policy with statements to add, for those alone who lack something."""
    statements = policy.should_have
    if policy.policy in ("key", "bucket"):
        lacking = {entry.principal == "service" for entry in policy.lacks}
        statements = tuple(
            statement
            for statement in statements
            if ("Service" in statement["Principal"]) in lacking
        )
    return replace(policy, should_have=statements, replaces=(), own_conditions=(), also_for=())


def _failed_group(gathered: Gathered, report: AccessReport) -> Iterator[Problem]:
    group = gathered.group
    if group.status == "CREATE FAILED":
        asked = gathered.asked_by.get(group.arn)
        reason = Reason.of(
            Cause.GROUP_FAILED,
            why=group.failure or "for no reason given",
            today=_today(asked, report),
        )
        label, asks = f"dataset group {group.name}", [] if asked is None else [asked]
        yield Problem.of("configuration", group.arn, reason, GROUP_PAGE, asks, label=label)


def _unseen(gathered: Gathered) -> Iterator[Entry]:
    jobs, model = gathered.jobs, gathered.model
    if jobs.unseen:
        yield _of_group(gathered.group, Reason.of(Cause.JOBS_UNSEEN, number=jobs.unseen))
    doubts: list[tuple[Column, str, Reason]] = []
    for role in (role for role in model.roles.values() if role.unseen):
        doubts.append(("role", role.arn, Reason.of(Cause.MAY_BE_DENIED_UNSEEN, why=role.unseen)))
    for bucket in (bucket for bucket in model.buckets.values() if bucket.unseen_region):
        doubts.append(
            ("bucket", bucket.arn, Reason.of(Cause.REGION_UNSEEN, why=bucket.unseen_region))
        )
    users = users_of(model)
    for column, arn, reason in doubts:
        yield Entry(
            kind="undecided", policy=column, policy_of=arn, reason=reason, asked=tuple(users[arn])
        )


def _of_group(group: Group, reason: Reason) -> Entry:
    return Entry(kind="undecided", name=f"{group.name} ({DATASET_GROUP.resource})", reason=reason)


def _notes(gathered: Gathered, report: AccessReport) -> Iterator[str]:
    group, jobs, model = gathered.group, gathered.jobs, gathered.model
    for job in jobs.newest:
        if job.failure:
            today = _today(gathered.asked_by.get(job.arn), report)
            yield f"{job.name} ({job.permissions.resource}) failed: {job.failure} ({today})"
    for job in gathered.of_no_role:
        label, role = f"{job.name} ({job.permissions.resource})", job.role_arn.rpartition("/")[2]
        gone = "which doesn't exist any more: what the next one needs isn't known"
        yield f"{label} had role {role}, {gone}"
    has = (
        "a key and a role" if group.key_arn else "no key of yours: AWS's own key encrypts its data"
    )
    yield f"it is {group.status}, and has {has}"
    older = f", {jobs.older} older not (--jobs)" if jobs.older else ""
    yield f"jobs and metric attributions that were looked at: {len(jobs.newest)}{older}"
    for owner in model.owners:
        yield from (f"{model.label(owner.arn)}: {note}" for note in owner.notes)


def _today(asked: Asked | None, report: AccessReport) -> str:
    """Say what the policies give today of what something that failed needs."""
    if asked is None:
        return "what it needs isn't looked at"
    told = [
        *(entry.needed_by for entry in report.missing),
        *(problem.needed_by for problem in report.problems),
    ]
    if any(asked.label in names for names in told):
        return "what it lacks is above"
    if any(asked.label in entry.needed_by for entry in report.undecided):
        return "whether the policies allow all that it needs isn't known, see above"
    return "today the policies allow all that it needs"
