"""Needs with the decisions of the policies on them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .._evaluation.calls import Call
from .._evaluation.decision import Decision, by_owner, role_by_both, role_by_iam, role_in_bucket
from .._model.causes import Cause, Column, Reason
from .._model.model import Bucket, Key
from .._shared.answers import Answer
from .need import IN_BUCKET_POLICY, IN_IAM, IN_KEY_POLICY, Need, alternatives_of


class DecidedNeed(NamedTuple):
    """A need, and the decision on it in a column of AWS's pages.

    The column isn't always the need's: a bucket's policy may deny a role what IAM has to allow.
    """

    need: Need
    column: Column
    decision: Decision

    @property
    def answer(self) -> Answer:
        return self.decision.answer

    @property
    def policy_of(self) -> str:
        return self.need.principal_arn if self.column == IN_IAM else self.need.owner_arn


def decide(needs: Iterable[Need]) -> list[DecidedNeed]:
    """Decide whether each need is met, and for needs of IAM if a bucket's policy objects."""
    decided_needs = []
    for need in needs:
        call = need.call()
        decided_needs.append(DecidedNeed(need, need.column, _decision(need, call)))
        if need.column == IN_IAM and isinstance(need.owner, Bucket):
            in_bucket = role_in_bucket(call, need.owner)
            if in_bucket.answer is not Answer.YES:
                decided_needs.append(DecidedNeed(need, IN_BUCKET_POLICY, in_bucket))
    return decided_needs


def _decision(need: Need, call: Call) -> Decision:
    owner, role = need.owner, need.role
    if role is None:
        assert owner is not None
        return by_owner(call, owner)
    if isinstance(owner, Key) and need.column == IN_KEY_POLICY:
        return role_by_both(call, role, owner)
    decision = role_by_iam(call, role)
    if decision.answer is Answer.NO:
        # AWS may look at another resource instead.
        for alternative in alternatives_of(need, call):
            if role_by_iam(alternative, role).answer is not Answer.NO:
                return Decision(Answer.MAYBE, Reason.of(Cause.SOLUTION_OR_VERSION))
    return decision
