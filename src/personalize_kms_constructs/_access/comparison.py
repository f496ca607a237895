"""Compare what is asked with what the policies say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from .._answers import Answer
from . import decision
from .causes import Cause, Reason
from .decision import Decision
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


def compare(model: AccessModel, *, with_excess: bool = True, with_allowed: bool = True) -> AccessReport:
    """Return everything that differs from AWS's pages, and what is as they ask.

    What is too much is a third of the work, and what is as they ask most of the report where all is well.
    """
    # No policy helps where a role, a key or a bucket doesn't exist, which is told once.
    absent = {owner.arn for owner in model.owners if not owner.exists}
    needs = {}
    for need, asked in needs_of(model).items():
        if need.role_arn not in absent and need.owner not in absent and not need.owner.endswith(AWS_MANAGED_KEY):
            needs[need] = asked
    decisions = _decisions(model, needs)
    forms = Forms(model, decisions)
    advice = Advice(model, needs, forms)
    entries: list[Entry] = []
    missing: list[tuple[Need, Entry, list[WhichPolicy]]] = []
    for need, found, in_bucket in (
        *((need, found, False) for need, found in decisions.items()),
        *((need, found, True) for need, found in _denied_in_buckets(model, needs)),
    ):
        if not with_allowed and found.answer is Answer.YES:
            continue
        entry = _entry(need, found, needs[need], in_bucket=in_bucket)
        if found.answer is Answer.NO:
            reasons = forms.reasons(need, found, in_bucket=in_bucket)
            places = advice.lacking(need, reasons)
            entry = _missing(replace(entry, further=tuple(reasons.values())[1:]), needs[need], places)
            missing.append((need, entry, places))
        entries.append(entry)
    trust = list(trust_findings(model))
    entries += (finding for finding in trust if isinstance(finding, Entry))
    entries += _open_questions(model)
    if with_excess:
        entries += too_much(model, needs, forms.named())
    problems = [
        *model.problems,
        *(finding for finding in trust if isinstance(finding, Problem)),
        *configuration_problems(model),
        *ordering_problems(model, needs, decisions),
        *misunderstood_policies(model),
    ]
    excess = _of_kind("excess", entries)
    untrusted = [problem.subject for problem in problems if problem.cause is Cause.NOT_TRUSTED]
    # Without a request nothing says what a policy should have.
    policies = advice.to_change(missing, [entry for entry in excess if entry.asked], untrusted)
    others = {name for policy in policies for name in policy.also_for} | {entry.policy_of for entry in excess}
    names = {arn: name for arn, name in model.names_of_others.items() if arn in others} | model.names
    return AccessReport(
        missing=_of_kind("missing", entries),
        excess=excess,
        undecided=_of_kind("undecided", entries),
        problems=in_order(problems),
        allowed=_of_kind("allowed", entries),
        policies=tuple(policies),
        asked=tuple(labels_of(model.asked)),
        without_key=tuple(sorted(model.without_key)),
        names=dict(sorted(names.items())),
        assumed=dict(sorted(model.assumed.items())),
    )


def _decisions(model: AccessModel, needs: Mapping[Need, list[Asked]]) -> dict[Need, Decision]:
    """Decide whether each need is met: once for actions on one thing that no statement tells apart, two of three."""
    groups: dict[Need, list[Need]] = {}
    for need in needs:
        groups.setdefault(need._replace(action="", column=""), []).append(need)
    found: dict[Need, Decision] = {}
    for group in groups.values():
        policies = _policies_on(model, group[0]) if len(group) > 1 else []
        views = [each.view_of for policy in policies for each in policy.statements]
        alike: dict[object, list[Need]] = {}
        for need in group:
            action = need.action.lower()
            alike.setdefault(tuple([view_of(action) for view_of in views]), []).append(need)
        for each in alike.values():
            found |= _decide(model, each, needs)
    return {need: found[need] for need in needs}


def _policies_on(model: AccessModel, need: Need) -> list[Policy]:
    """Return the policies that decide on a need."""
    owner = owner_of(model, need)
    found = owner.policies + owner.may_have if isinstance(owner, (Bucket, Key)) else []
    if need.role_arn:
        role = model.role(need.role_arn)
        found += role.identity + role.may_have
        found += [] if role.boundary is None else [role.boundary]
    return found


def _decide(model: AccessModel, alike: list[Need], asked: Mapping[Need, list[Asked]]) -> dict[Need, Decision]:
    """Decide whether needs of one call are met, once for each column of AWS's page."""
    call, owner = call_of(model, alike[0]), owner_of(model, alike[0])
    if alike[0].principal == SERVICE and isinstance(owner, (Bucket, Key)):
        return dict.fromkeys(alike, decision.service_on(call, owner))
    role = model.role(alike[0].role_arn)
    of_role = decision.of_role(role, call)
    columns: dict[str, Decision] = {}
    for need in alike:
        if need.column in columns:
            continue
        if isinstance(owner, Role) or (need.column == IN_KEY_POLICY and isinstance(owner, Key)):
            columns[need.column] = decision.role_by_both(call, of_role, owner)
            continue
        columns[need.column] = found = decision.role_by_iam(of_role)
        if found.answer is Answer.NO:
            calls = [call_of(model, each) for each in alternatives_of(need, asked[need])]
            others = [decision.role_by_iam(decision.of_role(role, each)) for each in calls]
            if any(each.answer is not Answer.NO for each in others):
                columns[need.column] = Decision(Answer.MAYBE, Reason.of(Cause.SOLUTION_OR_VERSION))
    return {need: columns[need.column] for need in alike}


def _denied_in_buckets(model: AccessModel, needs: Mapping[Need, list[Asked]]) -> Iterator[tuple[Need, Decision]]:
    """Yield what a bucket's policy keeps from the role, though its IAM policies may allow it."""
    for need in needs:
        if need.column == IN_IAM and need.action.startswith("s3:"):
            bucket = model.bucket(need.owner, need.account)
            found = decision.role_in_bucket(call_of(model, need), bucket)
            if found.answer is not Answer.YES:
                yield need, found


def _entry(need: Need, found: Decision, asked: list[Asked], *, in_bucket: bool) -> Entry:
    column: Column = IN_BUCKET_POLICY if in_bucket else need.column
    policy_of = need.owner if in_bucket else need.policy_of
    return Entry(
        kind=_KINDS[found.answer],
        principal=need.principal,
        principal_arn=need.principal_arn,
        action=need.action,
        resource=need.resource_arn,
        policy=column,
        policy_of=policy_of,
        page=asked[0].permissions.page_of(need.action),
        reason=found.reason,
        asked=tuple(asked),
        file=_file(asked, column, policy_of) if found.answer is not Answer.YES else "",
    )


def _missing(entry: Entry, asked: list[Asked], places: list[WhichPolicy]) -> Entry:
    """Return an entry with the policies that lack it, or else those that deny it."""
    declared = [declaration for place in places for declaration in place.declared]
    statements = [statement for reason in (entry.reason, *entry.further) for statement in reason.statements]
    denials = declared_of([statement.policy for statement in statements])
    files = [_file(asked, place.column, place.owner) for place in places]
    file = next(filter(None, files), entry.file)
    return replace(entry, policies=tuple(dict.fromkeys([*denials, *declared])), file=file)


def _file(asked: Iterable[Asked], column: str, owner: str) -> str:
    """Return a file with the statements for the owner of a policy: that of one of the constructs has what all need."""
    return next((each.files[column, owner] for each in asked if (column, owner) in each.files), "")


def _open_questions(model: AccessModel) -> Iterator[Entry]:
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
    # One that is asked with several keys leaves the same open.
    for question in dict.fromkeys(model.open_questions):
        reason = Reason.of(question.cause, why=question.reason, **dict(question.values))
        yield Entry(kind="undecided", name=question.name, reason=reason, declared=declared_of([question]))
    for asked in model.asked:
        for location in asked.locations:
            if location.key_arn is None:
                bucket = model.bucket(location.bucket_arn, asked.account)
                if bucket.unseen_encryption:
                    yield Entry(
                        kind="undecided",
                        resource=bucket.arn,
                        policy="key",
                        page=asked.permissions.page,
                        reason=Reason.of(Cause.ENCRYPTION_UNSEEN, why=bucket.unseen_encryption),
                        asked=(asked,),
                    )


def _of_kind(kind: EntryKind, entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted((entry for entry in entries if entry.kind == kind), key=lambda entry: entry.sort_key()))
