"""Compare what is asked with what the policies say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from . import decision
from .answers import Answer
from .causes import Cause, because
from .decision import Decision
from .entries import Allowed, Entry, Excess, Missing, Undecided
from .excess import excess
from .limits import limit_problems
from .model import AccessModel, Asked, Bucket, Key, Problem, Role, declared_of, labels_of
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
from .problems import (
    AWS_MANAGED_KEY,
    configuration_problems,
    ordering_problems,
    replaced_default_policies,
    trust_findings,
)
from .remedies import remedies_of
from .report import AccessReport, in_order
from .written import Policy

_E = TypeVar("_E", bound=Entry)


def compare(model: AccessModel, *, with_excess: bool = True, with_allowed: bool = True) -> AccessReport:
    """Return everything that differs from AWS's pages, and what is as they ask.

    What is too much is a third of the work, and what is as they ask most of the report where all is well.
    """
    # No policy helps where a role, a key or a bucket doesn't exist, which is told once.
    absent = {each.arn for each in model.owners if not each.exists}
    needs = {
        need: asked
        for need, asked in needs_of(model).items()
        if need.role_arn not in absent and need.owner not in absent and not need.owner.endswith(AWS_MANAGED_KEY)
    }
    decisions = _decisions(model, needs)
    denied = dict(_denied_in_buckets(model, needs))
    told = {need: each for need, each in decisions.items() if with_allowed or each.answer is not Answer.YES}
    entries = [*_entries(model, needs, told), *_entries(model, needs, denied, in_bucket=True)]
    missing = _sorted(each for each in entries if isinstance(each, Missing))
    trust = list(trust_findings(model))
    too_much = list(excess(model, needs, decisions, denied.values())) if with_excess else []
    undecided = [
        *(each for each in (*entries, *too_much) if isinstance(each, Undecided)),
        *(each for each in trust if isinstance(each, Undecided)),
        *_open_questions(model),
    ]
    others = {arn for each in too_much if isinstance(each, Excess) for arn in each.also_for}
    names = {arn: name for arn, name in model.names_of_others.items() if arn in others} | model.names
    problems = [
        *model.problems,
        *(each for each in trust if isinstance(each, Problem)),
        *configuration_problems(model),
        *ordering_problems(model, needs, decisions),
        *limit_problems(model),
        *replaced_default_policies(model, missing),
    ]
    return AccessReport(
        missing=missing,
        excess=_sorted(each for each in too_much if isinstance(each, Excess)),
        undecided=_sorted(undecided),
        problems=in_order(problems),
        allowed=_sorted(each for each in entries if isinstance(each, Allowed)),
        asked=tuple(labels_of(model.asked)),
        without_key=tuple(sorted(model.without_key)),
        names=dict(sorted(names.items())),
        assumed=dict(sorted(model.assumed.items())),
    )


def _decisions(model: AccessModel, needs: Mapping[Need, list[Asked]]) -> dict[Need, Decision]:
    """Decide whether each need is met: once for actions on one thing that no statement tells apart, two of three."""
    groups: dict[Need, list[Need]] = {}
    for need in needs:
        groups.setdefault(need._replace(action="", policy=""), []).append(need)
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
        if need.policy in columns:
            continue
        if isinstance(owner, Role) or (need.policy == IN_KEY_POLICY and isinstance(owner, Key)):
            columns[need.policy] = decision.role_by_both(call, of_role, owner)
            continue
        columns[need.policy] = found = decision.role_by_iam(of_role)
        if found.answer is Answer.NO:
            calls = [call_of(model, each) for each in alternatives_of(need, asked[need])]
            others = [decision.role_by_iam(decision.of_role(role, each)) for each in calls]
            if any(each.answer is not Answer.NO for each in others):
                columns[need.policy] = Decision(Answer.MAYBE, because(Cause.SOLUTION_OR_VERSION))
    return {need: columns[need.policy] for need in alike}


def _denied_in_buckets(model: AccessModel, needs: Mapping[Need, list[Asked]]) -> Iterator[tuple[Need, Decision]]:
    """Yield what a bucket's policy keeps from the role, though its IAM policies may allow it."""
    for need in needs:
        if need.policy == IN_IAM and need.action.startswith("s3:"):
            bucket = model.bucket(need.owner, need.account)
            found = decision.role_in_bucket(call_of(model, need), bucket)
            if found.answer is not Answer.YES:
                yield need, found


def _entries(
    model: AccessModel, needs: dict[Need, list[Asked]], decisions: dict[Need, Decision], *, in_bucket: bool = False
) -> Iterator[Entry]:
    remedies = remedies_of(model, needs, decisions, in_bucket=in_bucket)
    for need, found in decisions.items():
        policy = IN_BUCKET_POLICY if in_bucket else need.policy
        common: dict[str, Any] = {
            "principal": need.principal,
            "principal_arn": need.principal_arn,
            "action": need.action,
            "resource": need.resource,
            "policy": policy,
            "policy_of": need.owner if in_bucket else need.policy_of,
            "page": needs[need][0].permissions.page_of(need.action),
            "asked": tuple(needs[need]),
        }
        file = _file(needs[need], policy, common["policy_of"])
        if found.answer is Answer.YES:
            yield Allowed(**common, reason=found.reason)
        elif found.answer is Answer.MAYBE:
            yield Undecided(**common, reason=found.reason, file=file)
        for remedy in remedies.get(need, ()):
            of_policy = _file(needs[need], IN_IAM, need.role_arn) if remedy["add_to"] == IN_IAM else file
            yield Missing(**common, **remedy, file=of_policy)


def _file(asked: Iterable[Asked], policy: str, owner: str) -> str:
    """Return a file with the statements for the owner of a policy: that of one of the constructs has what all need."""
    return next((each.files[policy, owner] for each in asked if (policy, owner) in each.files), "")


def _open_questions(model: AccessModel) -> Iterator[Undecided]:
    unseen = [key for key in model.keys.values() if key.unseen_state]
    users = users_of(model) if unseen else {}
    for key in unseen:
        if key.arn in users:
            reason, asks = because(Cause.KEY_STATE_UNSEEN, why=key.unseen_state), tuple(users[key.arn])
            yield Undecided(resource=key.arn, policy="key", policy_of=key.arn, reason=reason, asked=asks)
    # One that is asked with several keys leaves the same open.
    for question in dict.fromkeys(model.open_questions):
        reason = because(question.cause, why=question.because)
        yield Undecided(name=question.name, reason=reason, declared=declared_of([question]))
    for asked in model.asked:
        for location in asked.locations:
            if location.key_arn is None:
                bucket = model.bucket(location.bucket_arn, asked.account)
                if bucket.unseen_encryption:
                    reason = because(Cause.ENCRYPTION_UNSEEN, why=bucket.unseen_encryption)
                    page = asked.permissions.page
                    yield Undecided(resource=bucket.arn, policy="key", page=page, reason=reason, asked=(asked,))


def _sorted(entries: Iterable[_E]) -> tuple[_E, ...]:
    return tuple(sorted(entries, key=lambda entry: entry.sort_key()))
