"""Comparison of AWS's pages with the policies: the permissions of a report."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from .._answers import Answer
from ..matrix import CONFUSED_DEPUTY_PAGE
from .advice import Advice
from .causes import Cause, Reason
from .decided import Decided, decide
from .declarations import Declaration
from .entries import Entry, EntryKind
from .forms import Forms
from .model import AccessModel, Asked, declared_of, labels_of
from .needs import TRUST, Need, Needs, needs_of, trust_needs_of, users_of
from .not_as_meant import misunderstood_policies
from .policies import PolicyToChange
from .problems import (
    AWS_MANAGED_KEY,
    configuration_problems,
    ordering_problems,
    trust_problems,
)
from .report import AccessReport, in_order
from .too_much import too_much
from .which_policy import WhichPolicy

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
    needs = _that_can_be_met(model, needs_of(model))
    trust_needs = _that_can_be_met(model, trust_needs_of(model))
    decisions, trust_decisions = decide(model, needs), decide(model, trust_needs)
    forms = Forms(model, decisions)
    advice = Advice(model, needs, forms)

    missing = list(_missing(needs, decisions, forms, advice))
    told = (Answer.MAYBE, Answer.YES) if with_allowed else (Answer.MAYBE,)
    entries = [
        *_open_questions(model),
        *_entries(trust_needs, trust_decisions, (Answer.MAYBE,)),
        *_entries(needs, decisions, told),
    ]
    if with_excess:
        entries += too_much(model, needs, forms.named())

    problems = [
        *model.problems,
        *trust_problems(model, trust_needs, trust_decisions),
        *configuration_problems(model),
        *ordering_problems(model, needs, decisions),
        *misunderstood_policies(model),
    ]

    excess = _of_kind("excess", entries)
    # Without a request nothing says which statements a policy should have.
    to_narrow = [entry for entry in excess if entry.asked]
    untrusted = [problem.subject for problem in problems if problem.cause is Cause.NOT_TRUSTED]
    policies = advice.to_change(missing, to_narrow, untrusted)
    return AccessReport(
        missing=_of_kind("missing", [entry for _, entry, _ in missing]),
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


def _that_can_be_met(model: AccessModel, needs: Needs) -> Needs:
    """Return the needs that a policy can meet: not those of a role, key or bucket that is absent.

    That they are absent is told once.
    """
    absent = {owner.arn for owner in model.owners if not owner.exists}
    can_be_met = {}
    for need, asked in needs.items():
        is_absent = need.role_arn in absent or need.owner in absent
        if not is_absent and not need.owner.endswith(AWS_MANAGED_KEY):
            can_be_met[need] = asked
    return can_be_met


def _missing(
    needs: Needs, decisions: Iterable[Decided], forms: Forms, advice: Advice
) -> Iterator[tuple[Need, Entry, list[WhichPolicy]]]:
    """Yield the needs that aren't met, each with its entry and the policies that lack it."""
    for decided in decisions:
        if decided.decision.answer is Answer.NO:
            reasons = forms.reasons(decided)
            lacking = advice.lacking(decided.need, reasons)
            entry = _entry(decided, needs[decided.need], tuple(reasons.values()), lacking)
            yield decided.need, entry, lacking


def _entries(
    needs: Needs, decisions: Iterable[Decided], answers: Collection[Answer]
) -> Iterator[Entry]:
    """Yield the entries of the needs with some answers."""
    for decided in decisions:
        if decided.decision.answer in answers:
            yield _entry(decided, needs[decided.need])


def _entry(
    decided: Decided,
    asked: list[Asked],
    reasons: tuple[Reason, ...] = (),
    lacking: Iterable[WhichPolicy] = (),
) -> Entry:
    """Return the entry of a need.

    If it isn't met, ``reasons`` says why, and the entry has the policies that deny it or lack it.
    """
    need, column, decision = decided
    declared: list[Declaration] = []
    for reason in reasons:
        declared += declared_of([statement.policy for statement in reason.statements])
    files = []
    for which in lacking:
        declared += which.declared
        files.append(_file(asked, which.column, which.owner))
    if decision.answer is not Answer.YES:
        files.append(_file(asked, column, decided.policy_of))
    page = asked[0].permissions.page_of(need.action)
    return Entry(
        kind=_KINDS[decision.answer],
        principal=need.principal,
        principal_arn=need.principal_arn,
        action=need.action,
        resource=need.resource_arn,
        policy=column,
        policy_of=decided.policy_of,
        page=CONFUSED_DEPUTY_PAGE if column == TRUST else page,
        reason=decision.reason,
        further=reasons[1:],
        asked=tuple(asked),
        policies=tuple(dict.fromkeys(declared)),
        file=next(filter(None, files), ""),
    )


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
