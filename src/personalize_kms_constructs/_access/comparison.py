"""Comparison of AWS's pages with the policies: the permissions of a report."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from .._answers import Answer
from .causes import Cause, Reason
from .decision import (
    Decision,
    of_role,
    role_by_both,
    role_by_iam,
    role_in_bucket,
    service_on,
)
from .declarations import Declaration
from .entries import Entry, EntryKind
from .forms import Forms
from .model import AccessModel, Asked, Bucket, Column, Key, Problem, Role, declared_of, labels_of
from .needs import (
    IN_BUCKET_POLICY,
    IN_IAM,
    IN_KEY_POLICY,
    SERVICE,
    Need,
    alternatives_of,
    call_of,
    needs_of,
    owner_of,
    users_of,
)
from .not_as_meant import misunderstood_policies
from .policies import PolicyToChange
from .policy_documents import Policy
from .problems import AWS_MANAGED_KEY, configuration_problems, ordering_problems, trust_findings
from .report import AccessReport, in_order
from .should_have import Advice, WhichPolicy
from .too_much import too_much

_KINDS: Mapping[Answer, EntryKind] = {
    Answer.NO: "missing",
    Answer.MAYBE: "undecided",
    Answer.YES: "allowed",
}


def compare(
    model: AccessModel, *, with_excess: bool = True, with_allowed: bool = True
) -> AccessReport:
    """Return everything that differs from AWS's pages, and everything that is as they ask.

    Saves time: without the excess it takes a third less, and without allowed permissions most
    reports are short.
    """
    needs = _needs_to_decide(model)
    decisions = _decisions(model, needs)
    forms = Forms(model, decisions)
    advice = Advice(model, needs, forms)
    entries: list[Entry] = []
    missing: list[tuple[Need, Entry, list[WhichPolicy]]] = []
    told: list[tuple[Need, Decision, bool]] = []
    for need, decision in decisions.items():
        told.append((need, decision, False))
    for need, decision in _denied_in_buckets(model, needs):
        told.append((need, decision, True))
    for need, decision, in_bucket in told:
        if decision.answer is Answer.YES and not with_allowed:
            continue
        entry = _entry(need, decision, needs[need], in_bucket=in_bucket)
        if decision.answer is Answer.NO:
            reasons = forms.reasons(need, decision, in_bucket=in_bucket)
            lacking = advice.lacking(need, reasons)
            further = tuple(reasons.values())[1:]
            entry = _missing(replace(entry, further=further), needs[need], lacking)
            missing.append((need, entry, lacking))
        entries.append(entry)
    problems = [*model.problems]
    for finding in trust_findings(model):
        if isinstance(finding, Problem):
            problems.append(finding)
        else:
            entries.append(finding)
    entries += _open_questions(model)
    if with_excess:
        entries += too_much(model, needs, forms.named())
    problems += configuration_problems(model)
    problems += ordering_problems(model, needs, decisions)
    problems += misunderstood_policies(model)
    excess = _of_kind("excess", entries)
    # Without a request nothing says which statements a policy should have.
    to_narrow = [entry for entry in excess if entry.asked]
    untrusted = [problem.subject for problem in problems if problem.cause is Cause.NOT_TRUSTED]
    policies = advice.to_change(missing, to_narrow, untrusted)
    return AccessReport(
        missing=_of_kind("missing", entries),
        excess=excess,
        undecided=_of_kind("undecided", entries),
        problems=in_order(problems),
        allowed=_of_kind("allowed", entries),
        policies=tuple(policies),
        asked=tuple(labels_of(model.asked)),
        without_key=tuple(sorted(model.without_key)),
        names=_names(model, policies, excess),
        assumed=dict(sorted(model.assumed.items())),
    )


def _names(
    model: AccessModel, policies: Iterable[PolicyToChange], excess: Iterable[Entry]
) -> dict[str, str]:
    """Return the names of keys, roles and buckets, and those of others that a report has."""
    arns = {entry.policy_of for entry in excess}
    for policy in policies:
        arns.update(policy.also_for)
    names = dict(model.names)
    for arn in arns & (model.names_of_others.keys() - names.keys()):
        names[arn] = model.names_of_others[arn]
    return dict(sorted(names.items()))


def _needs_to_decide(model: AccessModel) -> dict[Need, list[Asked]]:
    """Return the needs that a policy can meet: not those of a role, key or bucket that is absent.

    That they are absent is told once.
    """
    absent = {owner.arn for owner in model.owners if not owner.exists}
    needs = {}
    for need, asked in needs_of(model).items():
        is_absent = need.role_arn in absent or need.owner in absent
        if not is_absent and not need.owner.endswith(AWS_MANAGED_KEY):
            needs[need] = asked
    return needs


def _decisions(model: AccessModel, needs: Mapping[Need, list[Asked]]) -> dict[Need, Decision]:
    """Decide whether each need is met.

    Saves time: two of three actions are decided with another action on the same resource, since
    no statement tells the two apart.
    """
    groups: dict[Need, list[Need]] = {}
    for need in needs:
        groups.setdefault(need._replace(action="", column=""), []).append(need)
    decisions: dict[Need, Decision] = {}
    for group in groups.values():
        for alike in _alike(model, group):
            decisions |= _decide(model, alike, needs)
    return {need: decisions[need] for need in needs}


def _alike(model: AccessModel, group: list[Need]) -> Collection[list[Need]]:
    """Return needs that differ in action and column alone, in groups that get one answer."""
    views = []
    for policy in _policies_on(model, group[0]) if len(group) > 1 else ():
        views += [statement.view_of for statement in policy.statements]
    groups: dict[object, list[Need]] = {}
    for need in group:
        action = need.action.lower()
        groups.setdefault(tuple([view_of(action) for view_of in views]), []).append(need)
    return groups.values()


def _policies_on(model: AccessModel, need: Need) -> list[Policy]:
    """Return the policies that decide on a need."""
    owner = owner_of(model, need)
    policies = owner.policies + owner.may_have if isinstance(owner, (Bucket, Key)) else []
    if need.role_arn:
        role = model.role(need.role_arn)
        policies += role.identity + role.may_have
        if role.boundary is not None:
            policies.append(role.boundary)
    return policies


def _decide(
    model: AccessModel, alike: list[Need], needs: Mapping[Need, list[Asked]]
) -> dict[Need, Decision]:
    """Decide whether needs of one call are met, once for each column of AWS's page."""
    call, owner = call_of(model, alike[0]), owner_of(model, alike[0])
    if alike[0].principal == SERVICE and isinstance(owner, (Bucket, Key)):
        return dict.fromkeys(alike, service_on(call, owner))
    role = model.role(alike[0].role_arn)
    own_verdicts = of_role(role, call)
    by_column: dict[str, Decision] = {}
    for need in alike:
        if need.column in by_column:
            continue
        if isinstance(owner, Role) or (isinstance(owner, Key) and need.column == IN_KEY_POLICY):
            by_column[need.column] = role_by_both(call, own_verdicts, owner)
            continue
        by_iam = role_by_iam(own_verdicts)
        if by_iam.answer is Answer.NO and _may_be_allowed_otherwise(model, need, needs[need]):
            by_iam = Decision(Answer.MAYBE, Reason.of(Cause.SOLUTION_OR_VERSION))
        by_column[need.column] = by_iam
    return {need: by_column[need.column] for need in alike}


def _may_be_allowed_otherwise(model: AccessModel, need: Need, asked: list[Asked]) -> bool:
    """Tell if a role may be allowed the same on the resource that AWS may look at instead."""
    role = model.role(need.role_arn)
    for alternative in alternatives_of(need, asked):
        own_verdicts = of_role(role, call_of(model, alternative))
        if role_by_iam(own_verdicts).answer is not Answer.NO:
            return True
    return False


def _denied_in_buckets(
    model: AccessModel, needs: Mapping[Need, list[Asked]]
) -> Iterator[tuple[Need, Decision]]:
    """Yield the needs that a bucket's policy denies the role, though IAM may allow them."""
    for need in needs:
        if need.column == IN_IAM and need.action.startswith("s3:"):
            bucket = model.bucket(need.owner, need.account)
            in_bucket = role_in_bucket(call_of(model, need), bucket)
            if in_bucket.answer is not Answer.YES:
                yield need, in_bucket


def _entry(need: Need, decision: Decision, asked: list[Asked], *, in_bucket: bool) -> Entry:
    column: Column = IN_BUCKET_POLICY if in_bucket else need.column
    policy_of = need.owner if in_bucket else need.policy_of
    return Entry(
        kind=_KINDS[decision.answer],
        principal=need.principal,
        principal_arn=need.principal_arn,
        action=need.action,
        resource=need.resource_arn,
        policy=column,
        policy_of=policy_of,
        page=asked[0].permissions.page_of(need.action),
        reason=decision.reason,
        asked=tuple(asked),
        file="" if decision.answer is Answer.YES else _file(asked, column, policy_of),
    )


def _missing(entry: Entry, asked: list[Asked], lacking: list[WhichPolicy]) -> Entry:
    """Return an entry with the policies that deny it, and those that lack it."""
    declared: list[Declaration] = []
    for reason in (entry.reason, *entry.further):
        declared += declared_of([statement.policy for statement in reason.statements])
    file = ""
    for policy in lacking:
        declared += policy.declared
        file = file or _file(asked, policy.column, policy.owner)
    return replace(entry, policies=tuple(dict.fromkeys(declared)), file=file or entry.file)


def _file(asked: Iterable[Asked], column: str, owner: str) -> str:
    """Return the file with the statements for a policy's owner: those of all constructs."""
    for request in asked:
        if (column, owner) in request.files:
            return request.files[column, owner]
    return ""


def _open_questions(model: AccessModel) -> Iterator[Entry]:
    """Yield an entry for everything that can't be seen, whatever the policies say."""
    unseen = [key for key in model.keys.values() if key.unseen_state]
    users = users_of(model) if unseen else {}
    for key in unseen:
        if key.arn in users:
            yield Entry(
                kind="undecided",
                resource=key.arn,
                policy="key",
                policy_of=key.arn,
                reason=Reason.of(Cause.KEY_STATE_UNSEEN, why=key.unseen_state),
                asked=tuple(users[key.arn]),
            )
    # A question that is asked with several keys leaves the same open.
    for question in dict.fromkeys(model.open_questions):
        reason = Reason.of(question.cause, why=question.reason, **dict(question.values))
        yield Entry(
            kind="undecided", name=question.name, reason=reason, declared=declared_of([question])
        )
    for asked in model.asked:
        for location in asked.locations:
            bucket = model.bucket(location.bucket_arn, asked.account)
            if location.key_arn is None and bucket.unseen_encryption:
                yield Entry(
                    kind="undecided",
                    resource=bucket.arn,
                    policy="key",
                    page=asked.permissions.page,
                    reason=Reason.of(Cause.ENCRYPTION_UNSEEN, why=bucket.unseen_encryption),
                    asked=(asked,),
                )


def _of_kind(kind: EntryKind, entries: Iterable[Entry]) -> tuple[Entry, ...]:
    of_kind = [entry for entry in entries if entry.kind == kind]
    return tuple(sorted(of_kind, key=Entry.sort_key))
