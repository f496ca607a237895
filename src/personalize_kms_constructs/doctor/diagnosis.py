"""The checks of one dataset group: causes of what is missing, and everything else that was looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..access.comparison import compare
from ..access.entries import Allowed, Entry, Undecided
from ..access.grouping import subject
from ..access.limits import limit_problems
from ..access.problems import AWS_MANAGED_KEY
from ..access.report import AccessReport
from ..access.text import POLICIES
from ..matrix import SERVICE_PRINCIPAL
from .causes import find_causes
from .check import Addition, Check, Status
from .facts import Facts
from .findings import Findings
from .lacking import find_lacking

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
    found += _allowed(facts, report)
    found += _of_group(facts, found)
    found += _of_keys(facts, region, found)
    found += _of_roles(facts, found)
    found += _of_buckets(facts, region)
    marks = list(Status)
    return sorted(found, key=lambda each: (_ORDER.get(each.kind, 4), each.of, _rank(each), marks.index(each.status)))


def _rank(check: Check) -> int:
    """What is told of a thing itself comes before who may do what with it, and what never counts last."""
    if check.status is Status.NOTE:
        return 2
    return 0 if check.name.endswith(("-state", "-exists", "-encryption")) or check.name == "trust" else 1


def _problems(facts: Facts, report: AccessReport, explained: set[str]) -> list[Check]:
    merged: dict[tuple[str, str, str], Check] = {}
    # AWS has taken what is deployed, and limits can be raised.
    taken = set(limit_problems(facts.model))
    for problem in report.problems:
        gone = problem.about in explained and not problem.about.endswith(AWS_MANAGED_KEY)
        if problem in taken or gone:
            continue
        about = problem.about or facts.group.arn
        kind = _kind_of(facts, about)
        title = problem.reason or problem.message
        title = f"it {title}" if title.startswith(("is ", "has ")) else title
        name = f"{kind}-state" if kind in ("key", "role") and problem.kind == "configuration" else problem.kind
        check = merged.setdefault(
            (problem.kind, about, title), Check(name, Status.FAILED, kind, about, title, page=problem.page)
        )
        check.needed_by = sorted({*check.needed_by, *([problem.where] if problem.where else [])})
        if problem.kind == "trust":
            check.add = [Addition("the trust policy", _trust(facts.group.arn))]
    for check in merged.values():
        check.title, _, check.next_step = check.title.rpartition(": ") if ": " in check.title else (check.title, "", "")
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


def _allowed(facts: Facts, report: AccessReport) -> Iterator[Check]:
    needed: dict[tuple[str, ...], set[str]] = {}
    merged: dict[tuple[str, ...], list[Allowed]] = {}
    for each in (*report.allowed, *report.missing, *report.undecided):
        about = (each.principal_arn, each.policy, *_subject(each))
        needed.setdefault(about, set()).add(each.action)
        if isinstance(each, Allowed):
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


def _of_group(facts: Facts, found: list[Check]) -> Iterator[Check]:
    group, jobs = facts.group, facts.jobs
    if group.status == "CREATE FAILED":
        title = f"its creation failed: {group.failure or 'it gave no reason'}"
        yield Check(
            "failure",
            Status.NOTE,
            "dataset group",
            group.arn,
            title,
            because=_today(found, f"{group.name} (dataset group)"),
        )
    elif group.key_arn is None:
        title = f"it is {group.status}, and has no key of yours: AWS's own key encrypts its data"
        yield Check("dataset-group-state", Status.OK, "dataset group", group.arn, title)
    else:
        title = f"it is {group.status}, and has a key and a role"
        yield Check("dataset-group-state", Status.OK, "dataset group", group.arn, title)
    for job in facts.failed:
        title = f"{job.name} ({job.kind.permissions.resource}) failed on {job.when}: {job.failure}"
        yield Check(
            "failure", Status.NOTE, "dataset group", group.arn, title, because=_today(found, facts.labels[job.arn])
        )
    if jobs.unseen:
        title = "not all of its jobs, or of their listings, can be seen"
        because = f"{jobs.unseen} answers are lacking, see the end"
        yield Check("jobs", Status.UNDECIDED, "dataset group", group.arn, title, because=because)
    looked = f"{len(jobs.found)} jobs and metric attributions were looked at"
    older = f", {jobs.older} older ones weren't (--jobs)" if jobs.older else ""
    yield Check("jobs", Status.NOTE, "dataset group", group.arn, looked + older)


def _today(found: list[Check], label: str) -> str:
    """What the policies say today of something that failed."""
    concerned = [each for each in found if label in each.needed_by]
    if any(each.status is Status.FAILED for each in concerned):
        return "what it lacks is below"
    if any(each.status is Status.UNDECIDED for each in concerned):
        return "whether the policies give all that it needs can't be said, see below"
    return "today the policies give all that it needs"


def _of_keys(facts: Facts, region: str, found: list[Check]) -> Iterator[Check]:
    bad = {each.of for each in found if each.name in ("key-state", "key-exists")}
    for arn, key in facts.keys.items():
        if key.unseen_state:
            yield Check(
                "key-state", Status.UNDECIDED, "key", arn, "its state and kind can't be seen", because=key.unseen_state
            )
        elif arn not in bad:
            title = f"it is {key.state}, {key.spec} for {key.usage}, and in {region}"
            yield Check("key-state", Status.OK, "key", arn, title)
        if not key.exists or key.is_aws_managed:
            continue
        grants = f"{key.grant_count} grants for Personalize" if key.grant_count else "no grant for Personalize"
        shown = f": {'; '.join(key.grants)}" if key.grants else ""
        title = f"grants can't be seen: {key.unseen_grants}" if key.unseen_grants else f"{grants}{shown}"
        because = "which grants it makes, and when, isn't documented, so that this decides nothing"
        yield Check("key-grants", Status.NOTE, "key", arn, title, because="" if key.unseen_grants else because)
        if key.rotates is not None:
            yield Check("key-rotation", Status.NOTE, "key", arn, f"rotation is {'on' if key.rotates else 'off'}")


def _of_roles(facts: Facts, found: list[Check]) -> Iterator[Check]:
    bad = {each.of for each in found if each.name in ("trust", "trust-policy", "role-exists")}
    for arn, role in facts.roles.items():
        if role.unseen:
            title = "not all of its IAM policies can be seen, and one that can't may deny"
            yield Check("role-policy", Status.UNDECIDED, "role", arn, title, because=role.unseen)
        if arn not in bad:
            yield Check("trust", Status.OK, "role", arn, "Personalize may assume it (trust policy)")
        if (
            role.exists
            and not role.unseen_boundary
            and not any(each.of == arn and each.name == "boundary" for each in found)
        ):
            title = f"{role.boundary[0]} leaves it what it needs" if role.boundary else "it has no permissions boundary"
            yield Check("boundary", Status.OK, "role", arn, title)


def _of_buckets(facts: Facts, region: str) -> Iterator[Check]:
    for arn, bucket in facts.buckets.items():
        if not bucket.exists:
            continue
        if bucket.region and bucket.region != region:
            yield Check(
                "bucket-state",
                Status.FAILED,
                "bucket",
                arn,
                f"it is in {bucket.region}, and Personalize works in {region}",
                next_step="use a bucket of that Region",
                page="https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-s3-access.html",
            )
        elif not facts.model.buckets[arn].unseen_encryption:
            key = facts.model.buckets[arn].key_arn
            where = f"it is in {bucket.region}, " if bucket.region else "it is "
            title = f"{where}encrypted with {key or 'a key of S3, which needs no permission'}"
            yield Check("bucket-encryption", Status.OK, "bucket", arn, title)
        if bucket.blocks_public_access is not None:
            title = "public access is blocked" if bucket.blocks_public_access else "public access isn't blocked"
            because = "" if bucket.blocks_public_access else "Personalize doesn't need it: block it if nobody else does"
            yield Check("public-access", Status.NOTE, "bucket", arn, title, because=because)
