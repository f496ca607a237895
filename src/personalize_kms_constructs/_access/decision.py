"""IAM's decision on a call: which policies have to allow it, and whether they do.

* https://docs.aws.amazon.com/kms/latest/developerguide/determining-access.html
* https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

Service and resource control policies can't be seen in a template, nor from a member account.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    """The statements that allow or deny, or the reasons that leave it open."""
    by: By = ()
    """The statements that have to be there before the call, unless the answer is no.

    A boundary's aren't among them, since IAM makes no role without it. Where a boundary or a denial
    leaves the answer open, they are as if it weren't there: it only limits.
    """
    named: bool = False
    """True if the key policy allows the role the action without IAM's help."""
    further: tuple[Reason, ...] = ()
    """The reasons for which it is denied once the first reason is gone."""


class OfRole(NamedTuple):
    """The verdicts of a role's own policies on a call."""

    iam: Verdict
    boundary: Verdict


class _Sides(NamedTuple):
    """The verdicts of a key's or role's own policy and of IAM, and whether one account has both.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-iam.html
    """

    of_owner: Verdict
    by_iam: Match
    one_account: Answer

    def within(self, boundary: Match) -> tuple[Answer, tuple[Match, ...]]:
        """Return the answer within a boundary, and the matches that give it."""
        of_owner = self.of_owner
        across = (of_owner.allowed, self.by_iam, boundary)
        # In one account each of these is enough; reports have the first that allows most.
        ways: tuple[tuple[Match, ...], ...] = (
            (of_owner.caller | of_owner.everybody, boundary),
            (of_owner.session,),
            (of_owner.account, self.by_iam, boundary),
            (_beyond_boundary(of_owner.everybody),),
        )
        in_account = max(ways, key=_least)
        if self.one_account is Answer.YES:
            return _least(in_account), in_account
        if self.one_account is Answer.NO or _least(in_account) is _least(across):
            return _least(across), across
        return Answer.MAYBE, across

    def lacking(self, column: str) -> list[Reason]:
        """Return the policies that lack a statement, even if nothing limits the role."""
        by_owner, by_iam = self.of_owner.allowed, self.by_iam
        if self.within(Match(Answer.YES))[0] is not Answer.NO:
            return []
        lacking = []
        is_left_to_iam = by_owner.answer is Answer.YES
        is_certain = self.one_account is Answer.YES or by_owner.answer is Answer.NO
        if is_certain and not is_left_to_iam:
            lacking.append(Reason.of(Cause.NO_STATEMENT, column=column))
        if by_iam.answer is Answer.NO and by_owner.answer is Answer.MAYBE:
            lacking.append(Reason(Cause.BOTH_SIDES, {"column": column}, doubts=by_owner.doubts))
        elif by_iam.answer is Answer.NO:
            cause = Cause.LEFT_TO_IAM if is_left_to_iam else Cause.NOT_IN_IAM
            lacking.append(Reason.of(cause, column=column))
        return lacking


def role_by_both(call: Call, of_role: OfRole, owner: Key | Role) -> Decision:
    """Decide for a role on a key, or on a role to assume: by the owner's own policy and by IAM."""
    if isinstance(owner, Key):
        column, policies, unseen = "key", owner.policies, owner.unseen
    else:
        column, policies, unseen = "trust", owner.trust, owner.unseen_trust
    of_owner = verdict_of(policies, call, of_resource=True)
    if unseen:
        doubt = Reason.of(Cause.POLICY_UNSEEN, column=column, arn=owner.arn, why=unseen)
        of_owner.leave_open(doubt, "everybody")
    one_account = same(call.caller.account, owner.account)
    sides = _Sides(of_owner, of_role.iam.allowed, one_account)

    boundary = of_role.boundary.allowed
    answer, matches = sides.within(boundary)
    lacking = []
    if answer is Answer.NO:
        lacking += [Reason.of(Cause.BOUNDARY)] if boundary.answer is Answer.NO else []
        lacking += sides.lacking(column)
    doubts = []
    if one_account is Answer.MAYBE:
        kind = "key" if isinstance(owner, Key) else "other role"
        doubts.append(Reason.of(Cause.ACCOUNTS_UNKNOWN, kind=kind))
    denied = (of_owner.denied, of_role.iam.denied, of_role.boundary.denied)
    decision = _outcome(answer, matches, denied, lacking, doubts)
    certain_boundary = Match(Answer.NO if boundary.answer is Answer.NO else Answer.YES)
    decision.by = _together(sides.within(certain_boundary)[1])
    decision.named = one_account is Answer.YES and of_owner.itself.answer is Answer.YES
    return decision


def service_on(call: Call, owner: Key | Bucket) -> Decision:
    """Decide for Personalize itself, whom only the policy of the key or bucket can name."""
    column = "key" if isinstance(owner, Key) else "bucket"
    verdict = verdict_of(owner.policies + owner.may_have, call, of_resource=True)
    return _by_resource(verdict, column, owner.arn, owner.unseen)


def role_by_iam(of_role: OfRole) -> Decision:
    """Decide by the role's IAM policies and boundary, whatever the resource's policy says."""
    iam, boundary = of_role
    lacking = []
    if boundary.allowed.answer is Answer.NO:
        lacking.append(Reason.of(Cause.BOUNDARY))
    if iam.allowed.answer is Answer.NO:
        lacking.append(Reason.of(Cause.NOT_IN_IAM))
    matches = (iam.allowed, boundary.allowed)
    decision = _outcome(_least(matches), matches, (iam.denied, boundary.denied), lacking)
    decision.by = _together([iam.allowed])
    return decision


def role_in_bucket(call: Call, bucket: Bucket) -> Decision:
    """Decide for a role by a bucket's policy; its IAM policies are another decision.

    In one account it only must not deny; across accounts it must allow.
    """
    verdict = verdict_of(bucket.policies + bucket.may_have, call, of_resource=True)
    one_account = same(call.caller.account, bucket.account)
    if one_account is Answer.NO:
        return _by_resource(verdict, "bucket", bucket.arn, bucket.unseen)
    decision = _outcome(Answer.YES, (), (verdict.denied,))
    is_enough = one_account is Answer.YES or verdict.itself.answer is Answer.YES
    if decision.answer is Answer.YES and not is_enough:
        return Decision(Answer.MAYBE, Reason.of(Cause.ACCOUNTS_UNKNOWN, kind="bucket"))
    # A policy that can't be seen is reported for Personalize itself.
    return decision


def trust(caller: Caller, role: Role) -> Decision:
    """Decide whether Personalize can become the role."""
    verdict = verdict_of(role.trust, assume_role(caller, role), of_resource=True)
    return _by_resource(verdict, "trust", role.arn, role.unseen_trust)


def _by_resource(verdict: Verdict, column: str, arn: str, unseen: str) -> Decision:
    """Decide by the policy of a resource alone: no account speaks for a service principal."""
    if unseen:
        doubt = Reason.of(Cause.POLICY_UNSEEN, column=column, arn=arn, why=unseen)
        verdict.leave_open(doubt, "everybody")
    allowed = verdict.allowed
    is_lacking = allowed.answer is Answer.NO
    lacking = [Reason.of(Cause.NO_STATEMENT, column=column)] if is_lacking else []
    decision = _outcome(allowed.answer, (allowed,), (verdict.denied,), lacking)
    decision.by = _together([allowed])
    return decision


def of_role(role: Role, call: Call) -> OfRole:
    """Return the verdicts of the role's IAM policies and of its boundary on a call."""
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
    # Of a role that exists already, reports say once that its policies can't be seen.
    return OfRole(iam, _UNBOUNDED)


def _beyond_boundary(everybody: Match) -> Match:
    """Return the match of a permission for everybody that the role's boundary doesn't give.

    IAM's guide says that a boundary doesn't limit permissions of ``*`` by ``aws:PrincipalArn``. It
    says nothing of ``*`` without it, so it isn't known whether the permission counts.
    """
    if everybody.answer is Answer.NO:
        return everybody
    doubts = list(everybody.doubts)
    for statement in everybody.by:
        doubts.append(Reason.of(Cause.BOUNDARY_OF_EVERYBODY, statement))
    doubts.append(Reason.of(Cause.BOUNDARY))
    return Match(Answer.MAYBE, doubts=tuple(doubts))


def _least(matches: Iterable[Match]) -> Answer:
    return min(match.answer for match in matches)


def _together(matches: Sequence[Match]) -> By:
    """Return the statements that say yes together; none unless all matches do."""
    if _least(matches) is not Answer.YES:
        return ()
    return tuple(tuple(dict.fromkeys(match.by)) for match in matches if match.by)


def _denials(denied: Iterable[Match]) -> list[Reason]:
    """Return the reason for which statements deny a call, if some do."""
    statements: list[PolicyStatement] = []
    since: list[Reason] = []
    for match in denied:
        if match.by:
            statements += match.by
            for doubt in match.doubts:
                if doubt.cause is Cause.NOT_SPARED:
                    since.append(Reason.of(Cause.NOT_SPARED))
    if not statements:
        return []
    return [Reason(Cause.DENIED, statements=tuple(statements), doubts=tuple(since))]


def _open_doubts(matches: Iterable[Match]) -> list[Reason]:
    """Return the doubts of the matches that are open."""
    doubts: list[Reason] = []
    for match in matches:
        if match.answer is Answer.MAYBE:
            doubts += match.doubts
    return doubts


def _outcome(
    answer: Answer,
    allowed: Sequence[Match],
    denied: Sequence[Match],
    lacking: Sequence[Reason] = (),
    more: Sequence[Reason] = (),
) -> Decision:
    """Return the decision by the permissions and denials that match a call."""
    refused = [*_denials(denied), *lacking]
    if refused:
        return Decision(Answer.NO, refused[0], further=tuple(refused[1:]))
    may_deny = _open_doubts(denied)
    if answer is Answer.YES and may_deny:
        return Decision(Answer.MAYBE, Reason(Cause.MAY_BE_DENIED, doubts=tuple(may_deny)))
    if answer is Answer.YES:
        statements: list[PolicyStatement] = []
        for match in allowed:
            statements += dict.fromkeys(match.by)
        return Decision(answer, Reason.of(Cause.ALLOWED, *statements))
    doubts = (*_open_doubts(allowed), *may_deny, *more)
    return Decision(Answer.MAYBE, Reason(Cause.OPEN, doubts=doubts))
