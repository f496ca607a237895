"""AWS's limits of policies.

A hole counts as little as what it stands for can, so that a policy is only said to be too long if it is.

* https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
* https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
* https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .causes import Cause, because
from .documents import document_problems, inline_name_problems, locks_out, of_policy
from .model import AccessModel, Asked, Bucket, Key, Problem, Role, declared_of
from .needs import users_of
from .remedies import default_statements
from .values import HOLE, shown
from .written import Policy

IAM_PAGE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
KMS_PAGE = "https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html"
CREATE_KEY_PAGE = "https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html"
S3_PAGE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html"

KEY_POLICY_BYTES = 32_768
BUCKET_POLICY_BYTES = 20 * 1024
MANAGED_POLICY_CHARACTERS = 6_144
INLINE_POLICIES_CHARACTERS = 10_240
# By default, and on request at most: AWS has raised these before, so that the higher ones are the newest known.
TRUST_POLICY_CHARACTERS, TRUST_POLICY_AT_MOST = 2_048, 8_192
MANAGED_POLICIES_BY_DEFAULT, MANAGED_POLICIES_AT_MOST = 10, 25

_LEAST = {"${AWS::AccountId}": 12, "${AWS::Region}": len("us-east-1"), "${AWS::Partition}": len("aws")}
_KEY_ID = re.compile(f":key/{HOLE.pattern}")


def limit_problems(model: AccessModel) -> Iterator[Problem]:
    """Yield the policies that AWS refuses for their size or number, or for what is in them."""
    users = users_of(model)
    owners: list[Key | Bucket] = [*model.keys.values(), *model.buckets.values()]
    for owner in owners:
        is_key = isinstance(owner, Key)
        limit, page = (KEY_POLICY_BYTES, KMS_PAGE) if is_key else (BUCKET_POLICY_BYTES, S3_PAGE)
        for policy in owner.policies:
            asks = users.get(owner.arn, [])
            yield from _too_long(policy, limit, "bytes", page, asks)
            yield from document_problems(policy, "key" if is_key else "bucket", asks)
            if isinstance(owner, Key) and owner.has_lockout_check and locks_out(policy):
                add = {"add": default_statements(owner), "origins": model.origins_in(declared_of([policy]))}
                yield of_policy("configuration", policy, because(Cause.LOCKED_OUT), CREATE_KEY_PAGE, asks, **add)
    identity: dict[Policy, list[Asked]] = {}
    for role in model.roles.values():
        asks = users.get(role.arn, [])
        for policy in role.trust:
            yield from _too_long(policy, TRUST_POLICY_CHARACTERS, "characters", IAM_PAGE, asks, TRUST_POLICY_AT_MOST)
            yield from document_problems(policy, "trust", asks)
        for policy in (*role.identity, *([role.boundary] if role.boundary else [])):
            identity.setdefault(policy, []).extend(asks)
        yield from inline_name_problems(role, model.label(role.arn), asks)
        yield from _of_role(model, role, asks)
    for policy, asks in identity.items():
        if not policy.inline:
            yield from _too_long(policy, MANAGED_POLICY_CHARACTERS, "characters", IAM_PAGE, asks)
        yield from document_problems(policy, "role", asks)


def _of_role(model: AccessModel, role: Role, asks: list[Asked]) -> Iterator[Problem]:
    """Yield what IAM refuses of all policies of a role together, those left out that may not be there."""
    size = sum(least_size(policy) for policy in role.identity if policy.inline and not policy.condition)
    number = role.managed_policies
    reasons = []
    if size > INLINE_POLICIES_CHARACTERS:
        reasons.append(because(Cause.INLINE_POLICIES_TOO_LONG, size=size, limit=INLINE_POLICIES_CHARACTERS))
    if number > MANAGED_POLICIES_AT_MOST:
        reasons.append(because(Cause.TOO_MANY_MANAGED_POLICIES, number=number))
    elif number > MANAGED_POLICIES_BY_DEFAULT:
        reasons.append(because(Cause.MANY_MANAGED_POLICIES, number=number))
    for reason in reasons:
        yield Problem.of(
            "limit",
            role.arn,
            reason,
            IAM_PAGE,
            asks,
            label=model.label(role.arn),
            declared=declared_of([role]),
            is_warning=reason.cause is Cause.MANY_MANAGED_POLICIES,
        )


def _too_long(
    policy: Policy, limit: int, unit: str, page: str, asks: list[Asked], on_request: int = 0
) -> Iterator[Problem]:
    is_known = not any(statement.condition for statement in policy.statements)
    if is_known and (size := least_size(policy, unit)) > limit:
        can_be_asked_for = size <= on_request
        cause = Cause.LONG_POLICY if can_be_asked_for else Cause.POLICY_TOO_LONG
        reason = because(cause, size=size, unit=unit, limit=max(limit, on_request), by_default=limit)
        yield of_policy("limit", policy, reason, page, asks, is_warning=can_be_asked_for)


def least_size(policy: Policy, unit: str = "characters") -> int:
    """Return the least size that the policy can have in characters or bytes, without white space."""
    text = policy.text
    if "${" in text:
        for hole, least in _LEAST.items():
            text = text.replace(hole, "x" * least)
        text = HOLE.sub("x", _KEY_ID.sub(f":key/{'x' * 36}", text))
    text = shown(text)
    return len(text.encode()) if unit == "bytes" else len(text)
