"""IAM's decision on one call: which policies have to say yes, and what each of them says.

* https://docs.aws.amazon.com/kms/latest/developerguide/determining-access.html
* https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

Service and resource control policies can't be seen in a template, nor from a member account.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .answers import Answer, all_of
from .calls import Call, Caller, assume_role
from .causes import Cause, Reason, because
from .model import Bucket, Key, Role
from .statements import Found, Verdict, judge
from .values import same
from .written import Written

By = tuple[tuple[Written, ...], ...]
"""Statements that say yes together: one of each group is enough."""


@dataclass
class Decision:
    """Allowed, denied or undecided."""

    answer: Answer
    reason: Reason
    """The statements that allow or deny, or what leaves it open."""
    by: By = ()
    named: bool = False
    """True if the key policy allows the role the action without IAM's help."""


def role_on_key(call: Call, role: Role, key: Key) -> Decision:
    """Decide for the role: key policy, delegation to its account and IAM policies taken together."""
    of_key = judge(key.policies, call, of_resource=True)
    if key.unseen:
        of_key.everybody.leave_open(because(Cause.POLICY_UNSEEN, policy="key", arn=key.arn, why=key.unseen))
    iam, boundary = _of_role(role, call)
    denied = (of_key.denied, iam.denied, boundary.denied)
    if refused := _explicit(denied):
        return refused
    one_account = same(call.caller.account, key.account)
    # In one account each of these is enough; the first that allows most is told.
    ways: tuple[tuple[Found, ...], ...] = (
        (of_key.caller | of_key.everybody, boundary.allowed),
        (of_key.session,),
        (of_key.account, iam.allowed, boundary.allowed),
        (_beyond_boundary(of_key.everybody),),
    )
    within, across = max(ways, key=_least), (of_key.allowed, iam.allowed, boundary.allowed)
    parts = within if one_account is Answer.YES else across
    doubts = []
    answer = _least(parts)
    if one_account is Answer.MAYBE:
        doubts = [because(Cause.ACCOUNTS_UNKNOWN, kind="key")]
        answer = answer if answer is _least(within) else Answer.MAYBE
    if answer is not Answer.NO:
        decision = _outcome(answer, parts, denied, doubts)
    elif boundary.allowed.answer is Answer.NO:
        decision = Decision(answer, because(Cause.BOUNDARY))
    elif of_key.allowed.answer is Answer.YES and iam.allowed.answer is Answer.NO:
        decision = Decision(answer, because(Cause.LEFT_TO_IAM))
    elif of_key.allowed.answer is Answer.MAYBE:
        decision = Decision(answer, Reason(Cause.BOTH_SIDES, doubts=tuple(of_key.allowed.doubts)))
    else:
        decision = Decision(answer, because(Cause.NO_STATEMENT, policy="key"))
    decision.named = one_account is Answer.YES and of_key.itself.answer is Answer.YES
    return decision


def service_on(call: Call, owner: Key | Bucket) -> Decision:
    """Decide for Personalize itself, whom only the policy of the key or bucket can name."""
    policy = "key" if isinstance(owner, Key) else "bucket"
    return _by_resource(judge(owner.policies + owner.may_have, call, of_resource=True), policy, owner.arn, owner.unseen)


def role_by_iam(call: Call, role: Role) -> Decision:
    """Decide what the role's IAM policies say, whatever the resource's policy says."""
    iam, boundary = _of_role(role, call)
    denied = (iam.denied, boundary.denied)
    if refused := _explicit(denied):
        return refused
    answer = all_of((iam.allowed.answer, boundary.allowed.answer))
    if answer is Answer.NO:
        is_bounded = boundary.allowed.answer is Answer.NO
        return Decision(answer, because(Cause.BOUNDARY if is_bounded else Cause.NOT_IN_IAM))
    return _outcome(answer, (iam.allowed, boundary.allowed), denied)


def role_in_bucket(call: Call, bucket: Bucket) -> Decision:
    """Decide what a bucket's policy says to the role, whose IAM policies are judged apart.

    In one account it only must not deny; across accounts it must allow.
    """
    verdict = judge(bucket.policies + bucket.may_have, call, of_resource=True)
    one_account = same(call.caller.account, bucket.account)
    if one_account is Answer.NO or verdict.denied.answer is Answer.YES:
        return _by_resource(verdict, "bucket", bucket.arn, bucket.unseen)
    if verdict.denied.answer is Answer.MAYBE:
        return Decision(Answer.MAYBE, Reason(Cause.MAY_BE_DENIED, doubts=tuple(verdict.denied.doubts)))
    if one_account is Answer.YES or verdict.itself.answer is Answer.YES:
        # A policy that can't be seen is reported for Personalize itself.
        return Decision(Answer.YES, because(Cause.ALLOWED))
    return Decision(Answer.MAYBE, because(Cause.ACCOUNTS_UNKNOWN, kind="bucket"))


def trust(caller: Caller, role: Role) -> Decision:
    """Decide whether Personalize can become the role."""
    verdict = judge(role.trust, assume_role(caller, role), of_resource=True)
    return _by_resource(verdict, "trust", role.arn, role.unseen_trust)


def _by_resource(verdict: Verdict, policy: str, arn: str, unseen: str) -> Decision:
    if unseen:
        verdict.everybody.leave_open(because(Cause.POLICY_UNSEEN, policy=policy, arn=arn, why=unseen))
    if refused := _explicit((verdict.denied,)):
        return refused
    # Nobody but the caller itself: no account speaks for a service principal.
    if verdict.allowed.answer is Answer.NO:
        return Decision(Answer.NO, because(Cause.NO_STATEMENT, policy=policy))
    return _outcome(verdict.allowed.answer, (verdict.allowed,), (verdict.denied,))


def _of_role(role: Role, call: Call) -> tuple[Verdict, Verdict]:
    """Judge a call by the role's IAM policies and by its boundary."""
    iam = judge(role.identity + role.may_have, call, of_resource=False)
    if role.unseen:
        iam.caller.leave_open(because(Cause.POLICIES_UNSEEN, arn=role.arn, why=role.unseen))
    if role.unseen_denials:
        iam.denied.leave_open(because(Cause.NOT_KNOWN, why=role.unseen_denials))
    if role.boundary is not None:
        return iam, judge([role.boundary], call, of_resource=False)
    boundary = Verdict()
    if role.unseen_boundary and not role.unseen:
        boundary.caller.leave_open(because(Cause.BOUNDARY_UNSEEN, arn=role.arn, why=role.unseen_boundary))
    else:
        # What can't be seen of a role that exists already is said once, with its policies.
        boundary.caller.answer = Answer.YES
    return iam, boundary


def _beyond_boundary(everybody: Found) -> Found:
    """Return what a key policy allows everybody where the role's boundary doesn't: whether it counts isn't known.

    IAM's guide says that a boundary doesn't limit what is allowed to ``*`` by ``aws:PrincipalArn``, and nothing of
    ``*`` without it.
    """
    if everybody.answer is Answer.NO:
        return everybody
    of_everybody = [because(Cause.BOUNDARY_OF_EVERYBODY, each) for each in everybody.by]
    return Found(Answer.MAYBE, doubts=[*everybody.doubts, *of_everybody, because(Cause.BOUNDARY)])


def _least(parts: Iterable[Found]) -> Answer:
    return min(part.answer for part in parts)


def _explicit(denials: Iterable[Found]) -> Decision | None:
    statements = tuple(statement for denied in denials for statement in denied.by)
    return Decision(Answer.NO, because(Cause.DENIED, *statements)) if statements else None


def _outcome(
    answer: Answer, allowed: Iterable[Found], denied: Iterable[Found], more: Iterable[Reason] = ()
) -> Decision:
    allowed = list(allowed)
    may_deny = [doubt for found in denied if found.answer is Answer.MAYBE for doubt in found.doubts]
    if answer is Answer.YES and may_deny:
        return Decision(Answer.MAYBE, Reason(Cause.MAY_BE_DENIED, doubts=tuple(may_deny)))
    if answer is Answer.YES:
        by = tuple(tuple(dict.fromkeys(found.by)) for found in allowed if found.by)
        return Decision(answer, because(Cause.ALLOWED, *(each for found in by for each in found)), by)
    doubts = [doubt for found in allowed if found.answer is Answer.MAYBE for doubt in found.doubts]
    return Decision(Answer.MAYBE, Reason(Cause.OPEN, doubts=(*doubts, *may_deny, *more)))
