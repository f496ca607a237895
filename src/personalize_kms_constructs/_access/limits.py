"""AWS's limits of policies.

A hole counts as little as what it stands for can, so that a policy is only said to be too long if it is.

* https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
* https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
* https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping

from .causes import Cause, Reason, because
from .model import AccessModel, Asked, Problem, Role
from .needs import Need, conditions_of, labels_of
from .values import HOLE
from .written import Policy

IAM_PAGE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
KMS_PAGE = "https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html"
S3_PAGE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html"

KEY_POLICY_BYTES = 32_768
BUCKET_POLICY_BYTES = 20 * 1024
MANAGED_POLICY_CHARACTERS = 6_144
INLINE_POLICIES_CHARACTERS = 10_240
TRUST_POLICY_CHARACTERS = 2_048
MANAGED_POLICIES_BY_DEFAULT, MANAGED_POLICIES_AT_MOST = 10, 20

_SHORTEST = {"${AWS::AccountId}": 12, "${AWS::Region}": len("us-east-1"), "${AWS::Partition}": len("aws")}
_KEY_ID = 36


def limit_problems(model: AccessModel, needs: Mapping[Need, list[Asked]]) -> Iterator[Problem]:
    """Yield the policies that AWS refuses for their size or number, or for a sid that is there twice."""
    users = _users(model, needs)
    for key in model.keys.values():
        for policy in key.policies:
            yield from _too_long(policy, KEY_POLICY_BYTES, "bytes", KMS_PAGE, users.get(key.arn, []))
    for bucket in model.buckets.values():
        for policy in bucket.policies:
            asks = users.get(bucket.arn, [])
            yield from _too_long(policy, BUCKET_POLICY_BYTES, "bytes", S3_PAGE, asks)
            yield from _repeated_sids(policy, asks)
    identity: dict[Policy, list[Asked]] = {}
    for role in model.roles.values():
        asks = users.get(role.arn, [])
        for policy in role.trust:
            yield from _too_long(policy, TRUST_POLICY_CHARACTERS, "characters", IAM_PAGE, asks, Cause.TRUST_TOO_LONG)
        for policy in role.identity:
            identity.setdefault(policy, []).extend(asks)
        yield from _of_role(model, role, asks)
    for policy, asks in identity.items():
        if not policy.inline:
            yield from _too_long(policy, MANAGED_POLICY_CHARACTERS, "characters", IAM_PAGE, asks)
        yield from _repeated_sids(policy, asks)


def _users(model: AccessModel, needs: Mapping[Need, list[Asked]]) -> dict[str, list[Asked]]:
    """Return what uses each role, key and bucket."""
    found: dict[str, dict[Asked, None]] = {}
    for asked in model.asked:
        found.setdefault(asked.role_arn, {})[asked] = None
    for need, asks in needs.items():
        found.setdefault(need.owner, {}).update(dict.fromkeys(asks))
    return {owner: list(asks) for owner, asks in found.items()}


def _of_role(model: AccessModel, role: Role, asks: list[Asked]) -> Iterator[Problem]:
    """Yield what IAM refuses of all policies of a role together, those left out that may not be there."""
    label = model.label(role.arn)
    size = sum(size_of(policy) for policy in role.identity if policy.inline and policy.only_if <= role.only_if)
    if size > INLINE_POLICIES_CHARACTERS:
        reason = because(Cause.INLINE_POLICIES_TOO_LONG, size=size, limit=INLINE_POLICIES_CHARACTERS)
        yield _problem("limit", role.arn, reason, IAM_PAGE, asks, role.declared, label=label)
    number = role.managed_policies
    if number > MANAGED_POLICIES_AT_MOST:
        reason = because(Cause.TOO_MANY_MANAGED_POLICIES, number=number)
        yield _problem("limit", role.arn, reason, IAM_PAGE, asks, role.declared, label=label)
    elif number > MANAGED_POLICIES_BY_DEFAULT:
        reason = because(Cause.MANY_MANAGED_POLICIES, number=number)
        yield _problem("limit", role.arn, reason, IAM_PAGE, asks, role.declared, label=label, is_warning=True)


def _too_long(
    policy: Policy, limit: int, unit: str, page: str, asks: list[Asked], cause: Cause = Cause.POLICY_TOO_LONG
) -> Iterator[Problem]:
    if (size := size_of(policy)) > limit:
        reason = because(cause, size=size, unit=unit, limit=limit)
        yield _problem("limit", policy.name, reason, page, asks, policy.declared, certain=_is_there(policy, asks))


def size_of(policy: Policy) -> int:
    """Return the least size that the policy can have, without white space."""
    text = json.dumps(policy.document, separators=(",", ":"), ensure_ascii=False)
    if "${" in text:
        text = HOLE.sub(lambda hole: "x" * _least(hole[0], text[max(0, hole.start() - 5) : hole.start()]), text)
    return len(text.encode())


def _least(hole: str, before: str) -> int:
    return _SHORTEST.get(hole) or (_KEY_ID if before.endswith(":key/") else 1)


def _repeated_sids(policy: Policy, asks: list[Asked]) -> Iterator[Problem]:
    sids = Counter(
        statement.body["Sid"]
        for statement in policy.statements
        if statement.readable and isinstance(statement.body.get("Sid"), str)
    )
    for sid, times in sids.items():
        if times > 1:
            reason = because(Cause.REPEATED_SID, sid=sid, times=times)
            there = _is_there(policy, asks)
            yield _problem("configuration", policy.name, reason, "", asks, policy.declared, certain=there)


def _is_there(policy: Policy, asks: list[Asked]) -> bool:
    """Tell if a policy exists whenever something is asked that uses it."""
    return not policy.only_if or (bool(asks) and policy.only_if <= conditions_of(asks))


def _problem(
    kind: str,
    subject: str,
    reason: Reason,
    page: str,
    asks: list[Asked],
    declared: str,
    *,
    label: str = "",
    is_warning: bool = False,
    certain: bool = True,
) -> Problem:
    return Problem(
        kind,
        subject,
        reason,
        label,
        page,
        needed_by=tuple(labels_of(asks)),
        declared=(declared,) if declared else (),
        asked=tuple(asks),
        is_warning=is_warning,
        certain=certain,
    )
