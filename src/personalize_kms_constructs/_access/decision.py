"""IAM's decision on one call: which policies have to say yes, and what each of them says.

* https://docs.aws.amazon.com/kms/latest/developerguide/determining-access.html
* https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

Service and resource control policies can't be seen in a template, nor from a member account.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .answers import Answer, all_of
from .calls import Call, Caller, assume_role, on_bucket, on_key
from .model import Bucket, Key, Role, Written
from .statements import Found, Judgement, judge
from .values import same

BOUNDARY = "the role's permissions boundary doesn't allow it"

By = tuple[tuple[Written, ...], ...]
"""Statements that say yes together: one of each group is enough."""


@dataclass
class Decision:
    """Allowed, denied or undecided."""

    answer: Answer
    because: str = ""
    """The statements that allow or deny, or what leaves it open."""
    by: By = ()
    final: bool = False
    """Denied by a statement or the boundary, so that no further statement helps."""
    named: bool = False
    """True if the key policy allows the role the action without IAM's help."""
    in_iam: bool = False
    """Denied since the role's IAM policies lack what the resource's policy leaves to them."""


def role_on_key(
    caller: Caller, role: Role, key: Key, action: str, *, only_if: frozenset[str] = frozenset()
) -> Decision:
    """Decide for the role: key policy, delegation to its account and IAM policies taken together."""
    call = on_key(caller, action, key)
    of_key = judge(key.policies, call, of_resource=True, only_if=only_if)
    if key.unseen:
        of_key.caller.leave_open(f"the policy of key {key.arn} can't be seen: {key.unseen}")
    one_account = same(caller.account, key.account)
    named = one_account is Answer.YES and of_key.caller.answer is Answer.YES
    if named and of_key.denied.answer is Answer.NO and not _may_take_away(role):
        return _outcome(Answer.YES, (of_key.caller,), (of_key.denied,), named=True)
    iam, boundary = _of_role(role, call, only_if)
    denied = (of_key.denied, iam.denied, boundary.denied)
    if refused := _explicit(denied):
        return refused
    by_key = (of_key.caller, boundary.allowed)
    by_account = (of_key.account, iam.allowed, boundary.allowed)
    by_both = (of_key.allowed, iam.allowed, boundary.allowed)
    parts: tuple[Found, ...]
    within, across = max(_least(by_key), _least(by_account)), _least(by_both)
    if one_account is Answer.MAYBE:
        answer = within if within is across else Answer.MAYBE
        parts, more = by_both, "whether role and key are of one account isn't known"
    else:
        answer = within if one_account is Answer.YES else across
        leaves_it = one_account is Answer.YES and _least(by_key) is not answer
        parts, more = (by_account if leaves_it else by_key if one_account is Answer.YES else by_both), ""
    if answer is Answer.NO:
        lacks_iam = not named and of_key.allowed.answer is Answer.YES and iam.allowed.answer is Answer.NO
        because = _lacking(of_key, boundary, lacks_iam)
        return Decision(answer, because, named=named, in_iam=lacks_iam, final=because == BOUNDARY)
    return _outcome(answer, parts, denied, more, named=named)


def service_on_key(caller: Caller, key: Key, action: str, *, only_if: frozenset[str] = frozenset()) -> Decision:
    """Decide for Personalize itself, whom only the key policy can name."""
    call = on_key(caller, action, key)
    return _by_resource(judge(key.policies, call, of_resource=True, only_if=only_if), "key", key.arn, key.unseen)


def service_on_bucket(
    caller: Caller, bucket: Bucket, action: str, resource: str, *, only_if: frozenset[str] = frozenset()
) -> Decision:
    """Decide for Personalize itself, whom only the bucket policy can name."""
    call = on_bucket(caller, action, resource, bucket)
    judgement = judge(bucket.policies, call, of_resource=True, only_if=only_if)
    return _by_resource(judgement, "bucket", bucket.arn, bucket.unseen)


def role_by_iam(
    caller: Caller,
    role: Role,
    action: str,
    resource: str,
    owner: Key | Bucket | None,
    *,
    only_if: frozenset[str] = frozenset(),
) -> Decision:
    """Decide what the role's IAM policies say, whatever the resource's policy says."""
    if isinstance(owner, Key):
        call = on_key(caller, action, owner)
    else:
        call = on_bucket(caller, action, resource, owner or Bucket(resource, caller.account))
    iam, boundary = _of_role(role, call, only_if)
    denied = (iam.denied, boundary.denied)
    if refused := _explicit(denied):
        return refused
    answer = all_of((iam.allowed.answer, boundary.allowed.answer))
    if answer is Answer.NO:
        lacks_boundary = iam.allowed.answer is Answer.YES
        because = BOUNDARY if lacks_boundary else "no IAM policy of the role allows it"
        return Decision(answer, because, final=lacks_boundary)
    return _outcome(answer, (iam.allowed, boundary.allowed), denied)


def role_in_bucket(
    caller: Caller, bucket: Bucket, action: str, resource: str, *, only_if: frozenset[str] = frozenset()
) -> Decision:
    """Decide what a bucket's policy says to the role, whose IAM policies are judged apart.

    In one account it only must not deny; across accounts it must allow.
    """
    call = on_bucket(caller, action, resource, bucket)
    judgement = judge(bucket.policies, call, of_resource=True, only_if=only_if)
    one_account = same(caller.account, bucket.account)
    if one_account is Answer.NO or judgement.denied.answer is Answer.YES:
        return _by_resource(judgement, "bucket", bucket.arn, bucket.unseen)
    if judgement.denied.answer is Answer.MAYBE:
        return Decision(Answer.MAYBE, f"may be denied: {_joined(judgement.denied.because)}")
    if one_account is Answer.YES or judgement.caller.answer is Answer.YES:
        # A policy that can't be seen is reported for Personalize itself.
        return Decision(Answer.YES)
    return Decision(Answer.MAYBE, "whether role and bucket are of one account isn't known")


def trust(caller: Caller, role: Role, *, only_if: frozenset[str] = frozenset()) -> Decision:
    """Decide whether Personalize can become the role."""
    judgement = judge(role.trust, assume_role(caller, role), of_resource=True, only_if=only_if)
    return _by_resource(judgement, "role", role.arn, role.unseen_trust, "the trust policy")


def _by_resource(judgement: Judgement, kind: str, arn: str, unseen: str, what: str = "the policy") -> Decision:
    if unseen:
        judgement.caller.leave_open(f"{what} of {kind} {arn} can't be seen: {unseen}")
    if refused := _explicit((judgement.denied,)):
        return refused
    # Nobody but the caller itself: no account speaks for a service principal.
    if judgement.allowed.answer is Answer.NO:
        return Decision(Answer.NO, f"{what} has no statement that allows it")
    return _outcome(judgement.allowed.answer, (judgement.allowed,), (judgement.denied,))


def _of_role(role: Role, call: Call, only_if: frozenset[str]) -> tuple[Judgement, Judgement]:
    """Judge a call by the role's IAM policies and by its boundary."""
    iam = judge(role.identity, call, of_resource=False, only_if=only_if)
    if role.unseen:
        iam.caller.leave_open(f"not all policies of role {role.arn} can be seen: {role.unseen}")
    if role.unseen_denials:
        iam.denied.leave_open(role.unseen_denials)
    if role.boundary is not None:
        return iam, judge([role.boundary], call, of_resource=False, only_if=only_if)
    boundary = Judgement()
    if role.unseen_boundary and not role.unseen:
        reason = f"the permissions boundary of role {role.arn} can't be seen: {role.unseen_boundary}"
        boundary.caller.leave_open(reason)
    else:
        # What can't be seen of a role that exists already is said once, with its policies.
        boundary.caller.answer = Answer.YES
    return iam, boundary


def _least(parts: Iterable[Found]) -> Answer:
    return min(part.answer for part in parts)


def _explicit(denials: Iterable[Found]) -> Decision | None:
    sids = [statement.name for denied in denials for statement in denied.by]
    return Decision(Answer.NO, f"denied by {_joined(sids)}", final=True) if sids else None


def _may_take_away(role: Role) -> bool:
    """Tell if the role's boundary or a denial in its IAM policies has a say where the key policy names the role."""
    return bool(role.boundary or role.unseen_boundary or role.unseen_denials) or any(
        policy.may_deny for policy in role.identity
    )


def _outcome(
    answer: Answer, allowed: Iterable[Found], denied: Iterable[Found], more: str = "", *, named: bool = False
) -> Decision:
    allowed, denied = list(allowed), list(denied)
    doubts = [reason for found in denied if found.answer is Answer.MAYBE for reason in found.because]
    if answer is Answer.YES and doubts:
        return Decision(Answer.MAYBE, f"may be denied: {_joined(doubts)}", named=named)
    if answer is Answer.YES:
        by = tuple(tuple(dict.fromkeys(found.by)) for found in allowed if found.by)
        return Decision(answer, _joined(each.name for found in allowed for each in found.by), by=by, named=named)
    open_parts = [reason for found in allowed if found.answer is Answer.MAYBE for reason in found.because]
    return Decision(Answer.MAYBE, _joined([*open_parts, *doubts, *([more] if more else [])]), named=named)


def _lacking(of_key: Judgement, boundary: Judgement, lacks_iam: bool) -> str:
    if lacks_iam:
        return "the key policy leaves it to the role's IAM policies, which don't allow it"
    if of_key.allowed.answer is Answer.YES and boundary.allowed.answer is Answer.NO:
        return BOUNDARY
    return "the key policy has no statement that allows it"


def _joined(reasons: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(reasons))
