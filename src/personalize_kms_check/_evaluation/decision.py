"""IAM's decision on a call: which policies have to allow it, and whether they do.

* https://docs.aws.amazon.com/kms/latest/developerguide/determining-access.html
* https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

Service and resource control policies can't be seen in a template, nor from a member account.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from .._model.causes import NOT_OF_THE_APP, Cause, Reason
from .._model.hints import how_to_tell
from .._model.model import Bucket, Key, Owner, Role
from .._model.policy_documents import PolicyStatement
from .._shared.answers import Answer
from .._shared.values import PARTITION, open_parts, same
from .calls import Call
from .statements import PRINCIPALS, Match, Verdict, verdict_of

_NO_LIMIT = Match(Answer.YES)
_SPARE = (
    "change that statement so that it doesn't apply to the role and Personalize (aws:PrincipalArn, "
    "aws:PrincipalIsAWSService)"
)
_NARROW = "take that statement out, or narrow it"


class Decision(NamedTuple):
    """Allowed, denied or undecided."""

    answer: Answer
    reason: Reason
    """The statements behind a yes or no, or the reasons for an open answer."""
    further: tuple[Reason, ...] = ()
    """The reasons for which it is denied once the first reason is gone."""
    waits_for: tuple[tuple[PolicyStatement, ...], ...] = ()
    """Groups of statements. Before the call, at least one statement of each group has to be there.

    If the answer is no, ignore them. A boundary's statements aren't among them: IAM makes no role
    without its boundary. An open boundary or denial doesn't change them, since it only limits.
    """
    named: bool = False
    """True if the key policy allows the role the action without IAM's help."""

    @property
    def refusals(self) -> tuple[Reason, ...]:
        """The reasons for which it is denied, or not allowed; none if it is or may be allowed."""
        return (self.reason, *self.further) if self.answer is Answer.NO else ()


class _Sides(NamedTuple):
    """The verdicts of a key's policy, of IAM and of the role's boundary.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-iam.html
    """

    of_owner: Verdict
    by_iam: Match
    boundary: Match
    one_account: Answer
    """Yes if the owner and the role are in one account."""

    @property
    def together(self) -> tuple[Match, ...]:
        """The matches needed together: of all sides, unless one account has them all."""
        if self.one_account is Answer.YES:
            return self.in_one_account
        return self.of_owner.allowed, self.by_iam, self.boundary

    @property
    def in_one_account(self) -> tuple[Match, ...]:
        """The matches needed together in one account: of several ways, the first and best one."""
        of_owner = self.of_owner
        ways: tuple[tuple[Match, ...], ...] = (
            (of_owner.caller | of_owner.everybody, self.boundary),
            (of_owner.session,),
            (of_owner.account, self.by_iam, self.boundary),
            (_beyond_boundary(of_owner.everybody),),
        )
        return max(ways, key=_least)

    @property
    def answer(self) -> Answer:
        """The answer of all sides together, as if nothing denied it."""
        answer = _least(self.together)
        if answer is Answer.NO and self.one_account is Answer.MAYBE:
            # It is open where one account would be enough.
            return min(_least(self.in_one_account), Answer.MAYBE)
        return answer

    @property
    def unbounded(self) -> _Sides:
        return self._replace(boundary=_NO_LIMIT)

    def lacking(self) -> list[Reason]:
        """Return the policies that lack a statement; none where it is or may be allowed."""
        if self.answer is not Answer.NO:
            return []
        if self.boundary.answer is Answer.NO:
            return [Reason.of(Cause.BOUNDARY), *self.unbounded.lacking()]
        of_owner = self.of_owner.allowed
        if of_owner.answer is Answer.YES:
            return [Reason.of(Cause.LEFT_TO_IAM, column="key")]
        lacking = []
        if of_owner.answer is Answer.NO or self.one_account is Answer.YES:
            lacking.append(Reason.of(Cause.NO_STATEMENT, column="key"))
        if of_owner.answer is Answer.MAYBE:
            lacking.append(Reason(Cause.BOTH_SIDES, {"column": "key"}, doubts=of_owner.doubts))
        elif self.by_iam.answer is Answer.NO:
            lacking.append(Reason.of(Cause.NOT_IN_IAM))
        return lacking


def role_by_both(call: Call, role: Role, key: Key) -> Decision:
    of_owner, iam, boundary = _own_verdict(key, call), by_iam(role, call), by_boundary(role, call)
    one_account = same(call.caller.account, key.account)
    sides = _Sides(of_owner, iam.allowed, boundary.allowed, one_account)
    lacking = sides.lacking()
    doubts = []
    if one_account is Answer.MAYBE:
        doubts.append(_accounts_unknown(call, key))
    denied = (of_owner.denied, iam.denied, boundary.denied)
    decision = _outcome(sides.answer, sides.together, denied, lacking, doubts)
    if sides.boundary.answer is not Answer.NO:
        sides = sides.unbounded
    is_named = one_account is Answer.YES and of_owner.itself.answer is Answer.YES
    return decision._replace(waits_for=_groups(sides.together), named=is_named)


def role_by_iam(call: Call, role: Role) -> Decision:
    """Decide by the role's IAM policies and boundary, whatever the resource's policy says."""
    iam, boundary = by_iam(role, call), by_boundary(role, call)
    lacking = []
    if boundary.allowed.answer is Answer.NO:
        lacking.append(Reason.of(Cause.BOUNDARY))
    if iam.allowed.answer is Answer.NO:
        lacking.append(Reason.of(Cause.NOT_IN_IAM))
    matches = (iam.allowed, boundary.allowed)
    decision = _outcome(_least(matches), matches, (iam.denied, boundary.denied), lacking)
    return decision._replace(waits_for=_groups([iam.allowed]))


def role_in_bucket(call: Call, bucket: Bucket) -> Decision:
    """Decide by the policy: in one account it must not deny, across accounts it must allow."""
    one_account = same(call.caller.account, bucket.account)
    if one_account is Answer.NO:
        # Personalize itself needs the same policy, and waits for it.
        return by_owner(call, bucket)._replace(waits_for=())
    # A policy that can't be seen is reported for Personalize itself.
    verdict = _own_verdict(bucket, call)
    decision = _outcome(Answer.YES, (), (verdict.denied,))
    is_enough = one_account is Answer.YES or verdict.itself.answer is Answer.YES
    if decision.answer is Answer.YES and not is_enough:
        return Decision(Answer.MAYBE, _accounts_unknown(call, bucket))
    return decision


def _accounts_unknown(call: Call, owner: Key | Bucket) -> Reason:
    parts = tuple(open_parts(call.caller.account + owner.account))
    return Reason.of(Cause.ACCOUNTS_UNKNOWN, kind=owner.column, parts=parts)


def by_owner(call: Call, owner: Owner) -> Decision:
    """Decide by the own policy of a key, bucket or role alone.

    No account speaks for Personalize itself, whom only these policies can name.
    """
    verdict = _own_verdict(owner, call)
    allowed, lacking = verdict.allowed, []
    if allowed.answer is Answer.NO:
        lacking.append(Reason.of(Cause.NO_STATEMENT, column=owner.column))
    decision = _outcome(allowed.answer, (allowed,), (verdict.denied,), lacking)
    return decision._replace(waits_for=_groups([allowed]))


def _own_verdict(owner: Owner, call: Call) -> Verdict:
    unseen = owner.unseen_trust if isinstance(owner, Role) else owner.unseen
    verdict = verdict_of(owner.policies, call, of_resource=True)
    if not unseen:
        return verdict
    arn = owner.arn.replace(PARTITION, "aws")
    mend = how_to_tell(tuple(open_parts(arn)))
    if unseen == NOT_OF_THE_APP and not isinstance(owner, Role):
        mend = mend or f"pass what it says with --policy {arn}=FILE, for a synth in cdk.json"
    values = {"column": owner.column, "arn": owner.arn, "why": unseen, "mend": mend}
    doubt = Reason(Cause.POLICY_UNSEEN, values)
    return verdict._replace(everybody=verdict.everybody | Match.unseen(doubt))


def by_iam(role: Role, call: Call) -> Verdict:
    verdict = verdict_of(role.identity, call, of_resource=False)
    if role.unseen:
        cause = Cause.NOT_KNOWN if role.declared else Cause.POLICIES_UNSEEN
        parts = () if role.declared else tuple(open_parts(role.arn))
        doubt = Reason.of(cause, arn=role.arn, why=role.unseen, parts=parts)
        verdict = verdict._replace(caller=verdict.caller | Match.unseen(doubt))
    if role.unseen_denials:
        doubt = Reason.of(Cause.NOT_KNOWN, why=role.unseen_denials)
        verdict = verdict._replace(denied=verdict.denied | Match.unseen(doubt))
    return verdict


def by_boundary(role: Role, call: Call) -> Verdict:
    if role.boundary is not None:
        # Whoever wrote it may well mean the app's own by a parameter.
        call = replace(call, is_on_own=False)
        return verdict_of([role.boundary], call, of_resource=False)
    # Of a role that exists already, reports say once that its policies can't be seen.
    if role.unseen_boundary and (role.declared or not role.unseen):
        doubt = Reason.of(Cause.BOUNDARY_UNSEEN, arn=role.arn, why=role.unseen_boundary)
        return Verdict(Match.unseen(doubt))
    return Verdict(_NO_LIMIT)


def _beyond_boundary(everybody: Match) -> Match:
    """Return the match of a permission for everybody beyond the role's boundary.

    IAM's guide says of permissions of ``*`` by ``aws:PrincipalArn``: a boundary doesn't limit them.
    It says nothing of ``*`` without it, so it isn't known whether the permission counts.
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


def _groups(matches: Sequence[Match]) -> tuple[tuple[PolicyStatement, ...], ...]:
    """Return the statements of each match; none unless all matches allow it."""
    if _least(matches) is not Answer.YES:
        return ()
    return tuple(tuple(dict.fromkeys(match.by)) for match in matches if match.by)


def _denials(denied: Iterable[Match]) -> list[Reason]:
    statements: list[PolicyStatement] = []
    for match in denied:
        statements += match.by
    mends = {_NARROW if PRINCIPALS.isdisjoint(each.body) else _SPARE for each in statements}
    mend = "; ".join(sorted(mends))
    return [Reason.of(Cause.DENIED, *statements, mend=mend)] if statements else []


def _open_doubts(matches: Iterable[Match]) -> list[Reason]:
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
    refused = [*_denials(denied), *lacking]
    if refused:
        return Decision(Answer.NO, refused[0], tuple(refused[1:]))
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
