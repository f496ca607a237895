"""The judge's report on a dataset group, with the causes that only an account shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from .._access.causes import Cause, Reason
from .._access.comparison import compare
from .._access.entries import Entry
from .._access.model import Asked, Column, Problem
from .._access.needs import users_of
from .._access.problems import GROUP_PAGE
from .._access.report import AccessReport, in_order
from ..matrix import DATASET_GROUP
from .deleted_principals import without_orphaned
from .gathering import Gathered
from .groups import Group

_UNUSED = "no job uses its default key, which objects have that are uploaded without naming another"


def diagnose(gathered: Gathered) -> AccessReport:
    """Return what is missing, wrong, undecided and right, and notes on what decides nothing."""
    model = gathered.model
    report = compare(model, with_excess=False)
    missing, orphaned = without_orphaned(model, report.missing)
    undecided = sorted((*report.undecided, *_unseen(gathered)), key=lambda each: each.sort_key())
    found = replace(
        report,
        missing=tuple(missing),
        problems=in_order((*report.problems, *orphaned)),
        undecided=tuple(undecided),
        deployed=gathered.group.name,
    )
    found = replace(found, policies=found.policies_that_count())
    problems = [*found.problems, *_failed_group(gathered, found)]
    return replace(found, problems=in_order(problems), notes=tuple(_notes(gathered, found)))


def unseen_group(group: Group) -> AccessReport:
    """Return the report on a dataset group that can't be seen."""
    undecided = _of_group(group, Reason.of(Cause.GROUP_UNSEEN, why=group.unseen))
    return AccessReport(undecided=(undecided,), deployed=group.name)


def _failed_group(gathered: Gathered, report: AccessReport) -> Iterator[Problem]:
    group = gathered.group
    if group.status == "CREATE FAILED":
        asked = gathered.asked_by.get(group.arn)
        reason = Reason.of(Cause.GROUP_FAILED, why=group.failure or "for no reason given", today=_today(asked, report))
        label, asks = f"dataset group {group.name}", [] if asked is None else [asked]
        yield Problem.of("configuration", group.arn, reason, GROUP_PAGE, asks, label=label)


def _unseen(gathered: Gathered) -> Iterator[Entry]:
    jobs, model = gathered.jobs, gathered.model
    if jobs.unseen:
        yield _of_group(gathered.group, Reason.of(Cause.JOBS_UNSEEN, number=jobs.unseen))
    users = users_of(model)
    for role in model.roles.values():
        if role.unseen:
            reason = Reason.of(Cause.MAY_BE_DENIED_UNSEEN, why=role.unseen)
            yield _of_owner("role", role.arn, reason, users)
    for bucket in model.buckets.values():
        if bucket.unseen_region:
            reason = Reason.of(Cause.REGION_UNSEEN, why=bucket.unseen_region)
            yield _of_owner("bucket", bucket.arn, reason, users)


def _of_owner(policy: Column, arn: str, reason: Reason, users: Mapping[str, list[Asked]]) -> Entry:
    return Entry(kind="undecided", policy=policy, policy_of=arn, reason=reason, asked=tuple(users[arn]))


def _of_group(group: Group, reason: Reason) -> Entry:
    return Entry(kind="undecided", name=f"{group.name} ({DATASET_GROUP.resource})", reason=reason)


def _notes(gathered: Gathered, report: AccessReport) -> Iterator[str]:
    group, jobs, model = gathered.group, gathered.jobs, gathered.model
    if group.key_arn is None:
        yield f"it is {group.status}, and has no key of yours: AWS's own key encrypts its data"
    else:
        yield f"it is {group.status}, and has a key and a role"
    for job in jobs.found:
        if job.failure:
            today = _today(gathered.asked_by[job.arn], report)
            yield f"{job.name} ({job.permissions.resource}) failed on {job.when}: {job.failure} ({today})"
    looked = _count(len(jobs.found), "job or metric attribution was", "jobs and metric attributions were")
    older = f", {_count(jobs.older, 'older one was', 'older ones were')} not (--jobs)" if jobs.older else ""
    yield f"{looked} looked at{older}"
    for arn, key in model.keys.items():
        yield from _note(f"key {arn}", key.notes)
    doubtful = {each.subject for each in report.problems if each.kind == "trust"}
    doubtful |= {each.policy_of for each in report.undecided if each.policy == "trust"}
    for arn, role in model.roles.items():
        trust = ("Personalize may assume it",) if role.exists and arn not in doubtful else ()
        yield from _note(f"role {model.label(arn)}", (*trust, *role.notes))
    users = users_of(model)
    for arn, bucket in model.buckets.items():
        unused = () if bucket.key_arn in (None, *users) else (_UNUSED,)
        yield from _note(f"bucket {model.label(arn)}", (*bucket.notes, *unused))


def _note(about: str, found: Iterable[str]) -> Iterator[str]:
    if text := ", ".join(found):
        yield f"{about}: {text}"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _today(asked: Asked | None, report: AccessReport) -> str:
    """Say what the policies give today of what something that failed needs."""
    label = asked.label if asked is not None else ""
    lacks = any(label in each.needed_by for each in report.missing)
    if lacks or any(label in each.needed_by for each in report.problems if not each.is_warning):
        return "what it lacks is below"
    if any(label in each.needed_by for each in report.undecided):
        return "whether the policies allow all that it needs isn't known, see below"
    return "today the policies allow all that it needs"
