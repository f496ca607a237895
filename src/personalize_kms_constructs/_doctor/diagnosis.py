"""The judge's report on a dataset group, with the causes that only an account shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from .._access.causes import Cause, Reason, because
from .._access.comparison import compare
from .._access.entries import Undecided
from .._access.model import Asked, labels_of
from .._access.report import AccessReport, in_order
from ..matrix import DATASET_GROUP
from .deleted_principals import without_orphaned
from .gathering import Gathered
from .groups import Group
from .tracing import traced


def diagnose(gathered: Gathered) -> AccessReport:
    """Return what is missing, wrong, undecided and right, and notes on what decides nothing."""
    model = gathered.model
    report = compare(model, with_excess=False)
    missing, orphaned = without_orphaned(model, report.missing)
    # AWS has taken what is deployed, and limits can be raised.
    problems = [each for each in report.problems if each.kind != "limit" and each.cause is not Cause.REPEATED_SID]
    undecided = sorted((*report.undecided, *_unseen(gathered)), key=lambda each: each.sort_key())
    found = replace(
        report,
        missing=tuple(traced(model, missing, gathered.group.key_arn)),
        problems=in_order((*problems, *orphaned)),
        undecided=tuple(undecided),
        deployed=gathered.group.name,
    )
    return replace(found, notes=tuple(_notes(gathered, found)))


def unseen_group(group: Group, why: str) -> AccessReport:
    """Return the report on a dataset group that can't be seen."""
    undecided = _of_group(group, because(Cause.GROUP_UNSEEN, why=why))
    return AccessReport(undecided=(undecided,), deployed=group.name)


def _unseen(gathered: Gathered) -> Iterator[Undecided]:
    jobs, model = gathered.jobs, gathered.model
    if jobs.unseen:
        yield _of_group(gathered.group, because(Cause.JOBS_UNSEEN, number=jobs.unseen))
    for role in model.roles.values():
        if role.unseen:
            asked = [each for each in model.asked if each.role_arn == role.arn]
            reason = because(Cause.MAY_BE_DENIED_UNSEEN, why=role.unseen)
            yield Undecided("", "", "", "", "role", role.arn, labels_of(asked), "", reason, asked=tuple(asked))


def _of_group(group: Group, reason: Reason) -> Undecided:
    return Undecided("", "", "", "", "", "", [f"{group.name} ({DATASET_GROUP.resource})"], "", reason)


def _notes(gathered: Gathered, report: AccessReport) -> Iterator[str]:
    group, jobs, model = gathered.group, gathered.jobs, gathered.model
    asked = gathered.asked_by
    if group.status == "CREATE FAILED":
        reason = group.failure or "it gave no reason"
        yield f"its creation failed: {reason} ({_today(asked.get(group.arn), report)})"
    elif group.key_arn is None:
        yield f"it is {group.status}, and has no key of yours: AWS's own key encrypts its data"
    else:
        yield f"it is {group.status}, and has a key and a role"
    for job in jobs.found:
        if job.failure:
            kind = job.kind.permissions.resource
            yield f"{job.name} ({kind}) failed on {job.when}: {job.failure} ({_today(asked[job.arn], report)})"
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
    for arn, bucket in model.buckets.items():
        yield from _note(f"bucket {model.label(arn)}", bucket.notes)


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
        return "whether the policies give all that it needs can't be said, see below"
    return "today the policies give all that it needs"
