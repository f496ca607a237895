"""The decisions on all requests, and further problems and open questions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .._model.causes import Cause, Reason
from .._model.finding import Finding
from .._model.model import AWS_MANAGED_KEY, AccessModel
from .._model.requests import declared_of
from .._needs.decided_needs import DecidedNeed, decide
from .._needs.forms import Forms
from .._needs.need import Need, needs_of, trust_needs_of, users_of
from .._shared.answers import Answer
from .not_as_meant import misunderstood_policies
from .problems import configuration_problems, ordering_problems, trust_problems


class Decisions(NamedTuple):
    """The decisions on all needs of a model, and further problems and open questions."""

    model: AccessModel
    needs: list[Need]
    on_needs: list[DecidedNeed]
    on_trust: list[DecidedNeed]
    """Those on Personalize's needs to become the service roles."""
    forms: Forms
    problems: list[Finding]
    questions: list[Finding]
    """The unseen parts of requests and of their keys, whatever the policies say."""

    @property
    def are_all_met(self) -> bool:
        """True if all requests are known, allowed and without a problem."""
        if self.problems or self.questions:
            return False
        return all(decided.answer is Answer.YES for decided in (*self.on_needs, *self.on_trust))


def decisions(model: AccessModel) -> Decisions:
    needs = list(filter(_can_be_met, needs_of(model)))
    on_needs, on_trust = decide(needs), decide(filter(_can_be_met, trust_needs_of(model)))
    problems = [
        *model.problems,
        *trust_problems(model, on_trust),
        *configuration_problems(model),
        *ordering_problems(model, on_needs),
        *misunderstood_policies(model),
    ]
    questions = list(_open_questions(model))
    return Decisions(model, needs, on_needs, on_trust, Forms(on_needs), problems, questions)


def _can_be_met(need: Need) -> bool:
    """Tell if a policy can meet a need: the absence of its role, key or bucket is reported once."""
    for owner in (need.owner, need.role):
        if owner is not None and not owner.exists:
            return False
    return not need.owner_arn.endswith(AWS_MANAGED_KEY)


def _open_questions(model: AccessModel) -> Iterator[Finding]:
    unseen = [key for key in model.keys.values() if key.unseen_state]
    users = users_of(model) if unseen else {}
    for key in unseen:
        if key.arn in users:
            yield Finding(
                kind="undecided",
                resource=key.arn,
                policy="key",
                policy_of=key.arn,
                reason=Reason.of(Cause.KEY_STATE_UNSEEN, why=key.unseen_state),
                requests=tuple(users[key.arn]),
            )
    # A question that is asked with several keys leaves the same open.
    for question in dict.fromkeys(model.open_questions):
        reason = Reason.of(question.cause, why=question.reason, **dict(question.values))
        yield Finding(
            kind="undecided", name=question.name, reason=reason, places=declared_of([question])
        )
    for request in model.requests:
        for location in request.locations:
            bucket = model.bucket(location.bucket_arn, request.account)
            if location.key_arn is None and bucket.unseen_encryption:
                yield Finding(
                    kind="undecided",
                    resource=bucket.arn,
                    policy="key",
                    page=request.permissions.page,
                    reason=Reason.of(Cause.ENCRYPTION_UNSEEN, why=bucket.unseen_encryption),
                    requests=(request,),
                )
