"""IAM's decision on one call: which policies have to say yes, and what each of them says.

* https://docs.aws.amazon.com/kms/latest/developerguide/determining-access.html
* https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

Service and resource control policies can't be seen in a template, nor from a member account.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from .._answers import Answer
from .._values import same
from .calls import Call, Caller, assume_role
from .causes import Cause, Reason
from .model import Bucket, Key, Role
from .policy_documents import PolicyStatement
from .statements import Match, Verdict, verdict_of

By = tuple[tuple[PolicyStatement, ...], ...]
"""Statements that say yes together: one of each group is enough."""


_UNBOUNDED = Verdict(Match(Answer.YES))


@dataclass
class Decision:
    """Allowed, denied or undecided."""

    answer: Answer
    reason: Reason
    """The statements that allow or deny, or what leaves it open."""
    by: By = ()
    """The statements that have to be there before the call, unless the answer is no.

    A boundary's aren't among them, since IAM makes no role without it. Where a boundary or a denial leaves the answer
    open, they are as if it weren't there: it only limits.
    """
    named: bool = False
    """True if the key policy allows the role the action without IAM's help."""
    further: tuple[Reason, ...] = ()
    """The reasons for which it would be denied all the same, once the first one is no more."""


class OfRole(NamedTuple):
    """The verdicts of a role's own policies on a call."""

    iam: Verdict
    boundary: Verdict


def role_by_both(call: Call, of_role: OfRole, owner: Key | Role) -> Decision:
    """Decide for a role on a key, or on a role to assume: by that one's own policy, which has to allow it, and by IAM.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-iam.html
    """
    column, policies, unseen = (
        ("key", owner.policies, owner.unseen) if isinstance(owner, Key) else ("trust", owner.trust, owner.unseen_trust)
    )
    of_owner = verdict_of(policies, call, of_resource=True)
    if unseen:
        of_owner.leave_open(Reason.of(Cause.POLICY_UNSEEN, column=column, arn=owner.arn, why=unseen), "everybody")
    iam, boundary = of_role
    denied = (of_owner.denied, iam.denied, boundary.denied)
    one_account = same(call.caller.account, owner.account)

    by_owner, by_iam = of_owner.allowed, iam.allowed

    def within(boundary: Match) -> tuple[Answer, tuple[Match, ...]]:
        """Return the answer, and what gives it."""
        # In one account each of these is enough; the first that allows most is told.
        ways: tuple[tuple[Match, ...], ...] = (
            (of_owner.caller | of_owner.everybody, boundary),
            (of_owner.session,),
            (of_owner.account, by_iam, boundary),
            (_beyond_boundary(of_owner.everybody),),
        )
        in_account, across = max(ways, key=_least), (by_owner, by_iam, boundary)
        if one_account is Answer.YES:
            return _least(in_account), in_account
        alike = _least(in_account) is _least(across) or one_account is Answer.NO
        return _least(across) if alike else Answer.MAYBE, across

    answer, parts = within(boundary.allowed)
    lacking = [Reason.of(Cause.BOUNDARY)] if answer is boundary.allowed.answer is Answer.NO else []
    if answer is Answer.NO and within(Match(Answer.YES))[0] is Answer.NO:
        is_left = by_owner.answer is Answer.YES
        if not is_left and (one_account is Answer.YES or by_owner.answer is Answer.NO):
            lacking.append(Reason.of(Cause.NO_STATEMENT, column=column))
        if by_iam.answer is Answer.NO and by_owner.answer is Answer.MAYBE:
            lacking.append(Reason(Cause.BOTH_SIDES, {"column": column}, doubts=by_owner.doubts))
        elif by_iam.answer is Answer.NO:
            lacking.append(Reason.of(Cause.LEFT_TO_IAM if is_left else Cause.NOT_IN_IAM, column=column))
    kind = "key" if isinstance(owner, Key) else "other role"
    doubts = [Reason.of(Cause.ACCOUNTS_UNKNOWN, kind=kind)] if one_account is Answer.MAYBE else []
    decision = _outcome(answer, parts, denied, lacking, doubts)
    is_limited = boundary.allowed.answer is Answer.NO
    decision.by = _together(within(Match(Answer.NO if is_limited else Answer.YES))[1])
    decision.named = one_account is Answer.YES and of_owner.itself.answer is Answer.YES
    return decision


def service_on(call: Call, owner: Key | Bucket) -> Decision:
    """Decide for Personalize itself, whom only the policy of the key or bucket can name."""
    column = "key" if isinstance(owner, Key) else "bucket"
    verdict = verdict_of(owner.policies + owner.may_have, call, of_resource=True)
    return _by_resource(verdict, column, owner.arn, owner.unseen)


def role_by_iam(of_role: OfRole) -> Decision:
    """Decide what the role's IAM policies say, whatever the resource's policy says."""
    iam, boundary = of_role
    parts = {Cause.BOUNDARY: boundary.allowed, Cause.NOT_IN_IAM: iam.allowed}
    lacking = [Reason.of(cause) for cause, found in parts.items() if found.answer is Answer.NO]
    answer, denied = _least(parts.values()), (iam.denied, boundary.denied)
    decision = _outcome(answer, (iam.allowed, boundary.allowed), denied, lacking)
    decision.by = _together([iam.allowed])
    return decision


def role_in_bucket(call: Call, bucket: Bucket) -> Decision:
    """Decide what a bucket's policy says to the role, whose IAM policies are judged apart.

    In one account it only must not deny; across accounts it must allow.
    """
    verdict = verdict_of(bucket.policies + bucket.may_have, call, of_resource=True)
    one_account = same(call.caller.account, bucket.account)
    if one_account is Answer.NO:
        return _by_resource(verdict, "bucket", bucket.arn, bucket.unseen)
    found = _outcome(Answer.YES, (), (verdict.denied,))
    if found.answer is Answer.YES and one_account is not Answer.YES and verdict.itself.answer is not Answer.YES:
        return Decision(Answer.MAYBE, Reason.of(Cause.ACCOUNTS_UNKNOWN, kind="bucket"))
    # A policy that can't be seen is reported for Personalize itself.
    return found


def trust(caller: Caller, role: Role) -> Decision:
    """Decide whether Personalize can become the role."""
    verdict = verdict_of(role.trust, assume_role(caller, role), of_resource=True)
    return _by_resource(verdict, "trust", role.arn, role.unseen_trust)


def _by_resource(verdict: Verdict, column: str, arn: str, unseen: str) -> Decision:
    if unseen:
        verdict.leave_open(Reason.of(Cause.POLICY_UNSEEN, column=column, arn=arn, why=unseen), "everybody")
    # Nobody but the caller itself: no account speaks for a service principal.
    allowed = verdict.allowed
    lacking = [Reason.of(Cause.NO_STATEMENT, column=column)] if allowed.answer is Answer.NO else []
    decision = _outcome(allowed.answer, (allowed,), (verdict.denied,), lacking)
    decision.by = _together([allowed])
    return decision


def of_role(role: Role, call: Call) -> OfRole:
    """Judge a call by the role's IAM policies and by its boundary."""
    iam = verdict_of(role.identity + role.may_have, call, of_resource=False)
    if role.unseen:
        cause = Cause.NOT_KNOWN if role.declared else Cause.POLICIES_UNSEEN
        iam.leave_open(Reason.of(cause, arn=role.arn, why=role.unseen), "caller")
    if role.unseen_denials:
        iam.leave_open(Reason.of(Cause.NOT_KNOWN, why=role.unseen_denials), "denied")
    if role.boundary is not None:
        return OfRole(iam, verdict_of([role.boundary], call, of_resource=False))
    if role.unseen_boundary and (role.declared or not role.unseen):
        doubt = Reason.of(Cause.BOUNDARY_UNSEEN, arn=role.arn, why=role.unseen_boundary)
        return OfRole(iam, Verdict(Match(Answer.MAYBE, doubts=(doubt,))))
    # What can't be seen of a role that exists already is said once, with its policies.
    return OfRole(iam, _UNBOUNDED)


def _beyond_boundary(everybody: Match) -> Match:
    """Return what an owner's policy allows everybody where the role's boundary doesn't: whether it counts isn't known.

    IAM's guide says that a boundary doesn't limit what is allowed to ``*`` by ``aws:PrincipalArn``, and nothing of
    ``*`` without it.
    """
    if everybody.answer is Answer.NO:
        return everybody
    of_everybody = (Reason.of(Cause.BOUNDARY_OF_EVERYBODY, each) for each in everybody.by)
    return Match(Answer.MAYBE, doubts=(*everybody.doubts, *of_everybody, Reason.of(Cause.BOUNDARY)))


def _least(parts: Iterable[Match]) -> Answer:
    return min(part.answer for part in parts)


def _together(parts: Iterable[Match]) -> By:
    """Return the statements that say yes together; none where one part doesn't."""
    found = list(parts)
    is_certain = _least(found) is Answer.YES
    return tuple(tuple(dict.fromkeys(part.by)) for part in found if part.by) if is_certain else ()


def _denials(denied: Iterable[Match]) -> list[Reason]:
    """Return the reason for which statements deny a call, if some do."""
    found = [each for each in denied if each.by]
    statements = tuple(statement for each in found for statement in each.by)
    since = [Reason.of(Cause.NOT_SPARED) for each in found for doubt in each.doubts if doubt.cause is Cause.NOT_SPARED]
    return [Reason(Cause.DENIED, statements=statements, doubts=tuple(since))] if statements else []


def _outcome(
    answer: Answer,
    allowed: Iterable[Match],
    denied: Iterable[Match],
    lacking: Iterable[Reason] = (),
    more: Iterable[Reason] = (),
) -> Decision:
    allowed = list(allowed)
    if refused := [*_denials(denied), *lacking]:
        return Decision(Answer.NO, refused[0], further=tuple(refused[1:]))
    may_deny = [doubt for found in denied if found.answer is Answer.MAYBE for doubt in found.doubts]
    if answer is Answer.YES and may_deny:
        return Decision(Answer.MAYBE, Reason(Cause.MAY_BE_DENIED, doubts=tuple(may_deny)))
    if answer is Answer.YES:
        statements = [statement for found in allowed for statement in dict.fromkeys(found.by)]
        return Decision(answer, Reason.of(Cause.ALLOWED, *statements))
    doubts = [doubt for found in allowed if found.answer is Answer.MAYBE for doubt in found.doubts]
    return Decision(Answer.MAYBE, Reason(Cause.OPEN, doubts=(*doubts, *may_deny, *more)))
