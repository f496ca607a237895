"""Compare what is asked with what the policies say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from .answers import Answer
from .callers import Callers
from .decider import Decider
from .decision import Decision
from .entries import Allowed, Entry, Missing, Undecided
from .excess import excess
from .limits import limit_problems
from .model import AccessModel, Asked, Problem
from .needs import IN_BUCKET_POLICY, IN_IAM, IN_KEY_POLICY, Need, needs_of
from .ordering import ordering_problems
from .problems import configuration_problems, trust_findings
from .remedies import statements_for
from .report import AccessReport, in_order
from .values import same
from .written import allow_statements, names_principal

_E = TypeVar("_E", bound=Entry)


def compare(model: AccessModel) -> AccessReport:
    """Return everything that differs from AWS's pages, and what is as they ask."""
    needs = needs_of(model)
    callers = Callers(model)
    decider = Decider(model, callers)
    decisions = decider.decide(needs)
    denied = dict(decider.denied_in_buckets(needs))
    entries = [*_entries(model, needs, decisions), *_entries(model, needs, denied, in_bucket=True)]
    trust = list(trust_findings(model))
    undecided = [
        *(each for each in entries if isinstance(each, Undecided)),
        *(each for each in trust if isinstance(each, Undecided)),
        *_open_questions(model),
    ]
    problems = [
        *model.problems,
        *(each for each in trust if isinstance(each, Problem)),
        *configuration_problems(model),
        *ordering_problems(needs, decisions),
        *limit_problems(model),
    ]
    return AccessReport(
        missing=_sorted(each for each in entries if isinstance(each, Missing)),
        excess=_sorted(excess(model, needs, decisions, callers)),
        undecided=_sorted(undecided),
        problems=in_order(problems),
        allowed=_sorted(each for each in entries if isinstance(each, Allowed)),
        asked=tuple(sorted({str(asked) for asked in model.asked})),
        names=dict(sorted(model.names.items())),
    )


def _entries(
    model: AccessModel, needs: dict[Need, list[Asked]], decisions: dict[Need, Decision], *, in_bucket: bool = False
) -> Iterator[Entry]:
    groups: dict[tuple[str, ...], list[Need]] = {}
    for need, found in decisions.items():
        if found.answer is Answer.NO and not found.final:
            add_to = _add_to(model, need, found, in_bucket=in_bucket)
            groups.setdefault((need.principal_arn, need.account, need.owner, add_to), []).append(need)
    statements = {need: each for (*_, add_to), group in groups.items() for need, each in statements_for(group, add_to)}
    for need, found in decisions.items():
        policy = IN_BUCKET_POLICY if in_bucket else need.policy
        common: dict[str, Any] = {
            "principal": need.principal,
            "principal_arn": need.principal_arn,
            "action": need.action,
            "resource": need.resource,
            "policy": policy,
            "policy_of": need.owner if in_bucket else need.policy_of,
            "needed_by": sorted({asked.label for asked in needs[need]}),
            "page": needs[need][0].permissions.page_of(need.action),
            "because": found.because,
            "declared": tuple(dict.fromkeys(asked.declared for asked in needs[need] if asked.declared)),
        }
        if found.answer is Answer.YES:
            yield Allowed(**common)
        elif found.answer is Answer.MAYBE:
            yield Undecided(**common)
        elif found.final:
            yield Missing(**common)
        else:
            yield Missing(**common, add=statements[need], add_to=_add_to(model, need, found, in_bucket=in_bucket))


def _add_to(model: AccessModel, need: Need, found: Decision, *, in_bucket: bool) -> str:
    """Return whose policy should take what is missing.

    What a key policy leaves to IAM goes into IAM where the key policy can't name the role: for a key of another
    account or stack, and one whose policy speaks of the role by a condition already.
    """
    if in_bucket:
        return IN_BUCKET_POLICY
    if not found.in_iam:
        return need.policy
    key, role = model.key(need.owner), model.role(need.role_arn)
    in_two_stacks = key.declared.rpartition("#")[0] != role.declared.rpartition("#")[0]
    by_condition = any(names_principal(each.body, role.arn) for each in allow_statements(key.policies))
    across = same(key.account, role.account) is not Answer.YES
    return IN_IAM if across or by_condition or in_two_stacks else IN_KEY_POLICY


def _open_questions(model: AccessModel) -> Iterator[Undecided]:
    for question in model.open_questions:
        declared = (question.declared,) if question.declared else ()
        yield Undecided("", "", "", "", "", "", [question.name], "", question.because, declared)
    for asked in model.asked:
        for location in (asked.source, asked.destination):
            if location is not None and location.key_arn is None:
                bucket = model.bucket(location.bucket_arn, asked.account)
                if bucket.unseen_encryption:
                    because = (
                        f"a key that encrypts the bucket needs permissions too, and it can't be seen whether there is "
                        f"one: {bucket.unseen_encryption}"
                    )
                    declared = (asked.declared,) if asked.declared else ()
                    yield Undecided(
                        "", "", "", bucket.arn, "key", "", [str(asked)], asked.permissions.page, because, declared
                    )


def _sorted(entries: Iterable[_E]) -> tuple[_E, ...]:
    return tuple(sorted(entries, key=lambda entry: entry.sort_key()))
