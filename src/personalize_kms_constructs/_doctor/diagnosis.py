"""The checks of one dataset group: causes of what is missing, and everything else that was looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._access.causes import Cause
from .._access.comparison import compare
from .._access.entries import Allowed, Entry, Undecided
from .._access.grouping import subject
from .._access.problems import AWS_MANAGED_KEY
from .._access.report import AccessReport
from .._access.words import POLICIES, sentence
from ..matrix import SERVICE_PRINCIPAL
from .causes import find_causes
from .check import Addition, Check, Status
from .facts import Facts
from .findings import Findings
from .lacking import find_lacking
from .things import of_buckets, of_group, of_keys, of_roles

_ORDER = {"dataset group": 0, "key": 1, "role": 2, "bucket": 3}


def diagnose(facts: Facts, region: str) -> list[Check]:
    """Return all checks of a dataset group, in the order of the report."""
    report = compare(facts.model)
    findings = Findings(facts, list(report.missing))
    find_causes(findings)
    find_lacking(findings)
    found = findings.checks
    found += _problems(facts, report, findings.explained)
    found += _undecided(facts, report, findings.explained)
    found += _allowed(facts, report, findings.explained)
    found += of_group(facts, found)
    found += of_keys(facts, region, found)
    found += of_roles(facts, found)
    found += of_buckets(facts, region)
    marks = list(Status)
    return sorted(found, key=lambda each: (_ORDER.get(each.kind, 4), each.of, _rank(each), marks.index(each.status)))


def _rank(check: Check) -> int:
    """Return the place of a check: a thing itself, then who may do what with it, last what never counts."""
    if check.status is Status.NOTE:
        return 2
    return 0 if check.name.endswith(("-state", "-exists", "-encryption")) or check.name == "trust" else 1


def _problems(facts: Facts, report: AccessReport, explained: set[str]) -> list[Check]:
    merged: dict[tuple[str, str, str], Check] = {}
    for problem in report.problems:
        gone = problem.subject in explained and not problem.subject.endswith(AWS_MANAGED_KEY)
        # AWS has taken what is deployed, and limits can be raised.
        if problem.kind == "limit" or problem.cause is Cause.REPEATED_SID or gone:
            continue
        kind = _kind_of(facts, problem.subject)
        about = facts.group.arn if kind == "dataset group" else problem.subject
        title = problem.says if kind == "dataset group" else sentence(problem.reason)
        name = f"{kind}-state" if kind in ("key", "role") and problem.kind == "configuration" else problem.kind
        check = merged.setdefault(
            (problem.kind, about, title), Check(name, Status.FAILED, kind, about, title, page=problem.page)
        )
        check.needed_by = sorted({*check.needed_by, *problem.needed_by})
        check.next_step = problem.fix
        if problem.cause is Cause.NOT_TRUSTED:
            check.add = [Addition("the trust policy", _trust(facts.group.arn))]
            check.next_step = f"{problem.fix}:"
    return list(merged.values())


def _trust(group_arn: str) -> dict[str, Any]:
    """Return the statement of a trust policy, as AWS's page on confused deputies has it."""
    _, partition, _, region, account, _ = group_arn.split(":", 5)
    return {
        "Effect": "Allow",
        "Principal": {"Service": SERVICE_PRINCIPAL},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": account},
            "ArnLike": {"aws:SourceArn": f"arn:{partition}:personalize:{region}:{account}:*"},
        },
    }


def _undecided(facts: Facts, report: AccessReport, explained: set[str]) -> list[Check]:
    merged: dict[tuple[str, ...], list[Undecided]] = {}
    for each in report.undecided:
        if explained.isdisjoint((each.principal_arn, each.policy_of, each.resource)):
            merged.setdefault((each.principal_arn, each.policy, each.policy_of, each.because), []).append(each)
    return [_of_entries(facts, entries, Status.UNDECIDED) for entries in merged.values()]


def _allowed(facts: Facts, report: AccessReport, explained: set[str]) -> Iterator[Check]:
    needed: dict[tuple[str, ...], set[str]] = {}
    merged: dict[tuple[str, ...], list[Allowed]] = {}
    for each in (*report.allowed, *report.missing, *report.undecided):
        about = (each.principal_arn, each.policy, *_subject(each))
        needed.setdefault(about, set()).add(each.action)
        if isinstance(each, Allowed) and explained.isdisjoint((each.principal_arn, each.policy_of, each.resource)):
            merged.setdefault(about, []).append(each)
    for name, entries in merged.items():
        check = _of_entries(facts, entries, Status.OK)
        all_of_them = set(check.actions) == needed[name]
        much = "all that is needed" if all_of_them else f"{len(check.actions)} of {len(needed[name])} needed actions"
        check.title = f"{check.title} may do {much} ({POLICIES.get(entries[0].policy, '')})"
        yield check


def _subject(entry: Entry) -> tuple[str, str]:
    return subject(entry) if entry.policy != "role" else ("role", entry.principal_arn)


def _of_entries(facts: Facts, entries: list[Allowed] | list[Undecided], status: Status) -> Check:
    first: Entry = entries[0]
    kind, of = _subject(first)
    actions = sorted({each.action for each in entries if each.action})
    label = facts.model.label
    who = "Personalize" if first.principal == "service" else f"role {label(first.principal_arn)}"
    where = POLICIES.get(first.policy, first.policy)
    if status is Status.OK:
        title = "it" if kind == "role" and of == first.principal_arn else who
    elif first.principal:
        title = f"{who} may have or lack {', '.join(actions)} ({where})"
    else:
        title = ", ".join(sorted({by for each in entries for by in each.needed_by}))
    return Check(
        f"{first.policy}-policy" if first.policy else "unseen",
        status,
        kind or "dataset group",
        of or facts.group.arn,
        title,
        because=first.because if status is Status.UNDECIDED else "",
        next_step="allow yourself what is listed at the end, or have somebody look who may"
        if status is Status.UNDECIDED and "isn't allowed to you" in first.because
        else "",
        needed_by=sorted({by for each in entries for by in each.needed_by}),
        page=first.page,
        principal=first.principal_arn,
        actions=actions,
        resources=sorted({each.resource for each in entries if each.resource}),
    )


def _kind_of(facts: Facts, arn: str) -> str:
    for kind, known in (("key", facts.model.keys), ("role", facts.model.roles), ("bucket", facts.model.buckets)):
        if arn in known:
            return kind
    return "dataset group"
