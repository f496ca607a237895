"""The judge's findings on an account, with the causes that only an account shows."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import replace
from functools import partial
from operator import attrgetter

from .._comparison import report_on
from .._findings.decisions import decisions
from .._findings.problems import GROUP_PAGE
from .._model.causes import Cause, Reason
from .._model.finding import Finding
from .._model.model import AccessModel
from .._model.report import AccessReport, in_order
from .._model.requests import Request
from .._needs.need import users_of
from .groups import Group

_IDS_PAGE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids"
# AWS shows an id in the place of an ARN once there is no such role or user any more.
_ID = re.compile(r"A(?:RO|ID)A[A-Z0-9]{12,}")
_OF_NEXT_JOB = (Cause.KEY_OF_AWS, Cause.KEY_ABSENT, Cause.ROLE_ABSENT, Cause.BUCKET_ABSENT)
_NO_LINE = (
    "once its cause is gone; if nothing here says why, try --cloudtrail, and see the keys of its "
    "objects and your control policies"
)


def diagnose(groups: Iterable[Group], model: AccessModel, over: Container[Request]) -> AccessReport:
    """Return the findings; those on jobs that are over may be less than certain."""
    report = report_on(decisions(model))
    findings = [
        *_less_than_certain(report.findings, over),
        *_unseen(groups, model),
        *_unused_ids(model),
    ]
    failed = {finding.says: finding for finding in _failed(groups, model)}
    return replace(report, findings=(*in_order(findings), *failed.values()))


def notes(groups: Iterable[Group], model: AccessModel) -> Iterator[str]:
    older = 0
    for group in groups:
        older += group.older
        if group.status not in ("ACTIVE", "CREATE FAILED", ""):
            asks = "" if group.is_at_work else ", and asks for nothing"
            yield f"{group.label} is {group.status}{asks}"
        for job in group.jobs:
            if job.failure and job.is_past:
                yield f"{job.request.label} failed: {job.failure}"
    if older:
        jobs = "job" if older == 1 else "jobs"
        yield f"{older:,} older {jobs} not checked (--jobs checks more, up to 90 days back)"
    if model.buckets:
        yield (
            "objects may be encrypted with another key than the bucket's; the doctor doesn't check "
            "them: aws s3api head-object shows the key as SSEKMSKeyId"
        )
    for owner in model.owners:
        yield from (f"{model.label(owner.arn)}: {note}" for note in owner.notes)


def warning(subject: str, reason: Reason, page: str, label: str = "") -> Finding:
    """Return a problem with which Personalize may work."""
    finding = Finding(kind="configuration", subject=subject, label=label, reason=reason, page=page)
    return replace(finding, is_warning=True)


def _less_than_certain(findings: Iterable[Finding], over: Container[Request]) -> Iterator[Finding]:
    """Yield findings; those of past jobs alone are doubts, since the next job may have others."""
    for finding in findings:
        if finding.cause in _OF_NEXT_JOB:
            at_work = tuple(request for request in finding.requests if request not in over)
            finding = replace(finding, requests=at_work or finding.requests, is_warning=not at_work)
        yield finding


def _unused_ids(model: AccessModel) -> Iterator[Finding]:
    """Yield a warning for each id in a policy; whose it was can't be known."""
    living = {role.unique_id for role in model.roles.values()}
    for owner in model.owners:
        for policy in owner.policies:
            bodies = [statement.body for statement in policy.statements if statement.readable]
            principals = [(body.get("Principal"), body.get("NotPrincipal")) for body in bodies]
            for id in sorted(set(_ID.findall(str(principals))) - living):
                reason = Reason.of(Cause.UNUSED_ID, column=owner.column, id=id)
                yield warning(owner.arn, reason, _IDS_PAGE, model.label(owner.arn))


def _failed(groups: Iterable[Group], model: AccessModel) -> Iterator[Finding]:
    """Yield the dataset groups that failed, and the newest jobs that did, the last one first."""
    jobs = []
    for group in groups:
        jobs += [job for job in group.jobs if job.failure and not job.is_past]
        if group.failure:
            reason, label = Reason.of(Cause.GROUP_FAILED, why=group.failure), group.label
            yield replace(warning(group.arn, reason, GROUP_PAGE, label), is_warning=False)
    for job in sorted(jobs, key=attrgetter("created"), reverse=True):
        role, why, mend = model.role(job.request.role_arn), job.failure, _NO_LINE
        if not role.exists:
            why, mend = f"{why}; its role {role.arn} doesn't exist", "with a role that exists"
        reason = Reason.of(Cause.JOB_FAILED, why=why, mend=mend)
        yield warning(job.request.label, reason, job.request.permissions.page)


def _unseen(groups: Iterable[Group], model: AccessModel) -> Iterator[Finding]:
    undecided, users = partial(Finding, kind="undecided"), users_of(model)
    for group in groups:
        if group.unseen or group.jobs_unseen:
            cause = Cause.GROUP_UNSEEN if group.unseen else Cause.JOBS_UNSEEN
            yield undecided(name=group.label, reason=Reason.of(cause, why=group.unseen))
    for role in model.roles.values():
        if why := role.unseen:
            reason = Reason.of(Cause.MAY_BE_DENIED_UNSEEN, why=why)
            requests = tuple(users[role.arn])
            yield undecided(policy="role", policy_of=role.arn, reason=reason, requests=requests)
    for bucket in model.buckets.values():
        if why := bucket.unseen_region:
            reason, requests = Reason.of(Cause.REGION_UNSEEN, why=why), tuple(users[bucket.arn])
            yield undecided(policy="bucket", policy_of=bucket.arn, reason=reason, requests=requests)
