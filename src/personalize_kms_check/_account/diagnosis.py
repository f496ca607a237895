"""The judge's findings on an account, with the causes that only an account shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

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
from .gathering import Gathered

_IDS_PAGE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids"
# AWS shows an id in the place of an ARN once there is no such role or user any more.
_ID = re.compile(r"A(?:RO|ID)A[A-Z0-9]{12,}")


def diagnose(gathered: Gathered) -> AccessReport:
    report = report_on(decisions(gathered.model))
    findings = [
        *_less_than_certain(report.findings, gathered),
        *_unseen(gathered.model),
        *_unused_ids(gathered.model),
        *_failed(gathered),
    ]
    return replace(
        report, findings=in_order(findings), policies=tuple(map(_to_add, report.policies))
    )


def notes(gathered: Gathered, report: AccessReport) -> Iterator[str]:
    by_role: dict[str, list[str]] = {}
    for job in gathered.retired:
        by_role.setdefault(job.asked.role_arn, []).append(job.label)
    for role_arn, labels in by_role.items():
        gone = "which doesn't exist any more: what the next one needs isn't known"
        yield f"{report.listed(labels)} had role {role_arn}, {gone}"
    older = 0
    for group in gathered.groups:
        older += group.older
        if group.status not in ("ACTIVE", "CREATE FAILED", ""):
            asks = "" if group.is_at_work else ", and asks for nothing"
            yield f"{group.label} is {group.status}{asks}"
        for job in group.jobs:
            if job.failure and job.is_past:
                yield f"{job.label} failed: {job.failure}"
    if older:
        yield f"older jobs that weren't looked at: {older:,} (--jobs; none of more than 90 days)"
    if gathered.model.buckets:
        how = "aws s3api head-object shows it as SSEKMSKeyId"
        yield f"an object may have another key than its bucket, which wasn't looked at: {how}"
    for owner in gathered.model.owners:
        yield from (f"{gathered.model.label(owner.arn)}: {note}" for note in owner.notes)


def warning(subject: str, reason: Reason, page: str, label: str = "") -> Finding:
    """Return a problem with which Personalize may work."""
    told = Finding(kind="configuration", subject=subject, label=label, reason=reason, page=page)
    return replace(told, is_warning=True)


def _to_add(policy: PolicyToChange) -> PolicyToChange:
    """Return a policy with the statements to add, for those alone who lack something."""
    to_add = policy.should_have
    if policy.policy in ("key", "bucket"):
        lacking = {finding.principal_arn for finding in policy.lacks}
        to_add = tuple(statement for statement in to_add if is_for(statement, lacking))
    return replace(policy, should_have=to_add, replaces=(), own_conditions=(), also_for=())


def _less_than_certain(findings: Iterable[Finding], gathered: Gathered) -> Iterator[Finding]:
    """Yield findings; a key of AWS with which a job has worked is a doubt for that job."""
    for finding in findings:
        if finding.cause is Cause.KEY_OF_AWS:
            for has_worked in (False, True):
                asked = [asks for asks in finding.asked if (asks in gathered.worked) is has_worked]
                if asked:
                    yield replace(finding, asked=tuple(asked), is_warning=has_worked)
        else:
            yield finding


def _unused_ids(model: AccessModel) -> Iterator[Finding]:
    """Yield a warning for each id in a policy; whose it was can't be known."""
    living = {role.unique_id for role in model.roles.values()}
    for owner in model.owners:
        for policy in owner.documents:
            bodies = [statement.body for statement in policy.statements if statement.readable]
            principals = [(body.get("Principal"), body.get("NotPrincipal")) for body in bodies]
            for id in sorted(set(_ID.findall(str(principals))) - living):
                reason = Reason.of(Cause.UNUSED_ID, column=owner.column, id=id)
                yield warning(owner.arn, reason, _IDS_PAGE, model.label(owner.arn))


def _failed(gathered: Gathered) -> Iterator[Finding]:
    for group in gathered.groups:
        if group.failure:
            reason, label = Reason.of(Cause.GROUP_FAILED, why=group.failure), group.label
            yield replace(warning(group.arn, reason, GROUP_PAGE, label), is_warning=False)
        for job in group.jobs:
            if job.failure and not job.is_past:
                reason = Reason.of(Cause.JOB_FAILED, why=job.failure)
                yield warning(job.label, reason, job.asked.permissions.page)


def _unseen(model: AccessModel) -> Iterator[Finding]:
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
