"""Comparison of AWS's pages with the policies: the permissions of a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ._advice.policy_slots import PolicySlot, policy_for
from ._advice.to_change import Advice
from ._findings.decisions import Decisions, decisions
from ._findings.too_much import too_much
from ._model.causes import Cause, Column, Reason
from ._model.declarations import Declaration
from ._model.finding import Finding, FindingKind
from ._model.model import AccessModel
from ._model.policy_to_change import PolicyToChange
from ._model.report import AccessReport, in_order
from ._model.requests import declared_of, files_for
from ._needs.decided_needs import DecidedNeed
from ._needs.need import IN_IAM, TRUST, Need
from ._shared.answers import Answer
from .matrix import CONFUSED_DEPUTY_PAGE

_KINDS: Mapping[Answer, FindingKind] = {
    Answer.NO: "missing",
    Answer.MAYBE: "undecided",
    Answer.YES: "allowed",
}


def compare(model: AccessModel) -> AccessReport:
    outcome = decisions(model)
    return report_on(outcome, too_much(model, outcome.needs, outcome.forms.named()))


def report_on(outcome: Decisions, beyond: Iterable[Finding] = ()) -> AccessReport:
    model = outcome.model
    missing = list(_missing(outcome))
    others = [decided for decided in outcome.on_needs if decided.answer is not Answer.NO]
    others += [decided for decided in outcome.on_trust if decided.answer is Answer.MAYBE]
    findings = in_order(
        [
            *outcome.problems,
            *outcome.questions,
            *map(_on_need, others),
            *(finding for _, finding, _ in missing),
            *beyond,
        ]
    )
    excess = [finding for finding in findings if finding.kind == "excess"]
    untrusted = [finding.subject for finding in findings if finding.cause is Cause.NOT_TRUSTED]
    # Without a request nothing says which statements a policy should have.
    to_narrow = [finding for finding in excess if finding.requests]
    undecided = {decided.need for decided in outcome.on_needs if decided.answer is Answer.MAYBE}
    advice = Advice(model, outcome.needs, outcome.forms, undecided)
    policies = advice.to_change(missing, to_narrow, untrusted)
    return AccessReport(
        findings,
        policies=tuple(policies),
        asked=tuple(sorted({request.entry for request in model.requests})),
        without_key=tuple(sorted(model.without_key)),
        names=_names(model, policies, excess),
        assumed=dict(sorted(model.assumed.items())),
    )


def _names(
    model: AccessModel, policies: Iterable[PolicyToChange], excess: Iterable[Finding]
) -> dict[str, str]:
    arns = {finding.policy_of for finding in excess}
    for policy in policies:
        arns.update(policy.also_for)
    names = dict(model.names)
    for arn in arns & (model.names_of_others.keys() - names.keys()):
        names[arn] = model.names_of_others[arn]
    return dict(sorted(names.items()))


def _missing(outcome: Decisions) -> Iterator[tuple[Need, Finding, list[PolicySlot]]]:
    """Yield the unmet needs, each with its finding and the policies that lack it."""
    known: dict[object, dict[Column, Reason]] = {}
    for decided in outcome.on_needs:
        if decided.answer is Answer.NO:
            need, reasons = decided.need, outcome.forms.reasons(decided)
            of_key = known.setdefault((need.caller, need.action, need.resource_arn), reasons)
            is_repeated = of_key is not reasons and reasons.keys() <= of_key.keys()
            if is_repeated and decided.column == IN_IAM:
                continue  # what mends the one mends the other
            lacking = [policy_for(outcome.model, need, column) for column in reasons if column]
            yield need, _on_need(decided, tuple(reasons.values()), lacking), lacking


def _on_need(
    decided: DecidedNeed, reasons: tuple[Reason, ...] = (), lacking: Iterable[PolicySlot] = ()
) -> Finding:
    """``reasons`` says why the need isn't met. The places are the policies that deny or lack it."""
    need, column, decision = decided
    requests = need.requests
    places: list[Declaration] = []
    for reason in reasons:
        places += declared_of([statement.policy for statement in reason.statements])
    files: list[str] = []
    for slot in lacking:
        places += slot.declared
        files += files_for(requests, slot.column, slot.owner_arn)
    if decision.answer is Answer.MAYBE:
        files += files_for(requests, column, decided.policy_of)
    page = requests[0].permissions.page_of(need.action)
    return Finding(
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
        requests=requests,
        places=tuple(dict.fromkeys(places)),
        file=next(iter(files), ""),
    )
