"""AWS's limits of policies.

A hole counts as little as what it stands for can, so that a policy is only said to be too long if it is.

* https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
* https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
* https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from .model import AccessModel, Policy, Problem, Role
from .values import HOLE

IAM_PAGE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
KMS_PAGE = "https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html"
S3_PAGE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html"

KEY_POLICY_BYTES = 32_768
BUCKET_POLICY_BYTES = 20 * 1024
MANAGED_POLICY_CHARACTERS = 6_144
INLINE_POLICIES_CHARACTERS = 10_240
TRUST_POLICY_CHARACTERS = 2_048
MANAGED_POLICIES_OF_A_ROLE = 10

_SHORTEST = {"${AWS::AccountId}": 12, "${AWS::Region}": len("us-east-1"), "${AWS::Partition}": len("aws")}
_KEY_ID = 36


def limit_problems(model: AccessModel) -> Iterator[Problem]:
    """Yield the policies that AWS refuses for their size or number, or for a sid that is there twice."""
    for key in model.keys.values():
        for policy in key.policies:
            yield from _too_long(policy, KEY_POLICY_BYTES, "bytes", KMS_PAGE)
    for bucket in model.buckets.values():
        for policy in bucket.policies:
            yield from _too_long(policy, BUCKET_POLICY_BYTES, "bytes", S3_PAGE)
            yield from _repeated_sids(policy)
    identity: dict[int, Policy] = {}
    for role in model.roles.values():
        for policy in role.trust:
            yield from _too_long(policy, TRUST_POLICY_CHARACTERS, "characters", IAM_PAGE, ", 4,096 on request")
        identity |= {id(policy): policy for policy in role.identity}
        yield from _inline_too_long(model, role)
        if role.managed_policies > MANAGED_POLICIES_OF_A_ROLE:
            yield Problem(
                "limit",
                f"{model.label(role.arn)} has {role.managed_policies} managed policies but AWS takes "
                f"{MANAGED_POLICIES_OF_A_ROLE}, up to 20 on request: merge some of them",
                page=IAM_PAGE,
                declared=role.declared,
            )
    for policy in identity.values():
        if not policy.inline:
            yield from _too_long(policy, MANAGED_POLICY_CHARACTERS, "characters", IAM_PAGE)
        yield from _repeated_sids(policy)


def _inline_too_long(model: AccessModel, role: Role) -> Iterator[Problem]:
    size = sum(size_of(policy) for policy in role.identity if policy.inline)
    if size > INLINE_POLICIES_CHARACTERS:
        message = (
            f"the inline policies of {model.label(role.arn)} have at least {size:,} characters together but AWS takes "
            f"{INLINE_POLICIES_CHARACTERS:,}: write them shorter, or use managed policies"
        )
        yield Problem("limit", message, page=IAM_PAGE, declared=role.declared)


def _too_long(policy: Policy, limit: int, unit: str, page: str, more: str = "") -> Iterator[Problem]:
    if (size := size_of(policy)) > limit:
        message = (
            f"{policy.name} has at least {size:,} {unit} but AWS takes {limit:,}{more}: write it shorter, or split it"
        )
        yield Problem("limit", message, page=page, declared=policy.declared)


def size_of(policy: Policy) -> int:
    """Return the least size that the policy can have, without white space."""
    text = json.dumps(policy.document, separators=(",", ":"), ensure_ascii=False)
    if "${" in text:
        text = HOLE.sub(lambda hole: "x" * _least(hole[0], text[max(0, hole.start() - 5) : hole.start()]), text)
    return len(text.encode())


def _least(hole: str, before: str) -> int:
    return _SHORTEST.get(hole) or (_KEY_ID if before.endswith(":key/") else 1)


def _repeated_sids(policy: Policy) -> Iterator[Problem]:
    sids = Counter(
        statement.body["Sid"]
        for statement in policy.statements
        if statement.readable and isinstance(statement.body.get("Sid"), str)
    )
    for sid, times in sids.items():
        if times > 1:
            message = f"{policy.name} has the sid {sid} {times} times, which AWS refuses: name each statement once"
            yield Problem("configuration", message, declared=policy.declared)
