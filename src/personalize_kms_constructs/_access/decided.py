"""Needs with the decisions of the policies on them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .._answers import Answer
from .causes import Cause, Reason
from .decision import Decision, by_owner, of_role, role_by_both, role_by_iam, role_in_bucket
from .model import AccessModel, Asked, Bucket, Column, Key
from .needs import (
    IN_BUCKET_POLICY,
    IN_IAM,
    IN_KEY_POLICY,
    SERVICE,
    Need,
    Needs,
    alternatives_of,
    call_of,
    owner_of,
)
from .policy_documents import Policy


class Decided(NamedTuple):
    """A need, and the decision on it in a column of AWS's pages.

    The column isn't always the need's: a bucket's policy may deny a role what IAM has to allow.
    """

    need: Need
    column: Column
    decision: Decision

    @property
    def policy_of(self) -> str:
        """The ARN of the key, role or bucket whose policy decides."""
        return self.need.role_arn if self.column == IN_IAM else self.need.owner


def decide(model: AccessModel, needs: Needs) -> list[Decided]:
    """Decide whether each need is met, and for needs of IAM if a bucket's policy objects."""
    decisions: dict[Need, Decision] = {}
    for alike in _alike(model, needs):
        decision = _decision(model, alike[0], needs[alike[0]])
        decisions |= dict.fromkeys(alike, decision)
    decided = []
    for need in needs:
        decided.append(Decided(need, need.column, decisions[need]))
        owner = owner_of(model, need)
        if need.column == IN_IAM and isinstance(owner, Bucket):
            in_bucket = role_in_bucket(call_of(model, need), owner)
            if in_bucket.answer is not Answer.YES:
                decided.append(Decided(need, IN_BUCKET_POLICY, in_bucket))
    return decided


def _alike(model: AccessModel, needs: Iterable[Need]) -> Iterable[list[Need]]:
    """Return needs in groups with one decision, since no statement tells their actions apart.

    Saves time: one by one, the judge of an app of 100 stacks takes half as long again.
    """
    groups: dict[object, list[Need]] = {}
    for need in needs:
        action, views = need.action.lower(), []
        for policy in _policies_on(model, need):
            for statement in policy.statements:
                views.append(statement.view_of(action))
        groups.setdefault((need._replace(action=""), *views), []).append(need)
    return groups.values()


def _policies_on(model: AccessModel, need: Need) -> list[Policy]:
    """Return the policies that decide on a need."""
    owner = owner_of(model, need)
    policies = [] if owner is None else [*owner.documents]
    if need.role_arn:
        role = model.role(need.role_arn)
        policies += role.identity
        if role.boundary is not None:
            policies.append(role.boundary)
    return policies


def _decision(model: AccessModel, need: Need, asked: Iterable[Asked]) -> Decision:
    call, owner = call_of(model, need), owner_of(model, need)
    if owner is not None and need.principal == SERVICE:
        return by_owner(call, owner)
    own = of_role(model.role(need.role_arn), call)
    if isinstance(owner, Key) and need.column == IN_KEY_POLICY:
        return role_by_both(call, own, owner)
    decision = role_by_iam(own)
    if decision.answer is Answer.NO and _may_be_allowed_otherwise(model, need, asked):
        return Decision(Answer.MAYBE, Reason.of(Cause.SOLUTION_OR_VERSION))
    return decision


def _may_be_allowed_otherwise(model: AccessModel, need: Need, asked: Iterable[Asked]) -> bool:
    """Tell if a role may be allowed the same on the resource that AWS may look at instead."""
    role = model.role(need.role_arn)
    for alternative in alternatives_of(need, asked):
        own = of_role(role, call_of(model, alternative))
        if role_by_iam(own).answer is not Answer.NO:
            return True
    return False
