"""Limits of AWS: the size of one policy, and the number of policies of one role."""

from __future__ import annotations

from .policy import Policy, PolicyKind
from .sizes import Size

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, in characters without white space.
MANAGED_POLICY_SIZE = 6144
# Ten managed policies a role is a quota; up to twenty are given on request.
MANAGED_POLICIES_BY_DEFAULT = 10
MANAGED_POLICIES_AT_MOST = 20
# In bytes: https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html and
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
POLICY_SIZES: dict[PolicyKind, int] = {"key": 32_768, "bucket": 20 * 1024, "role": MANAGED_POLICY_SIZE}
WAYS_OUT: dict[PolicyKind, str] = {
    "key": "use one construct for several of the dataset groups, or another key for some of the constructs",
    "bucket": "give fewer, wider prefixes, such as 'import/' instead of many folders in it, or use several buckets",
    "role": "give fewer, wider prefixes, or another construct with a role of its own for some of the resources",
}


def size_problem(policy: Policy, size: Size) -> str | None:
    """Explain that AWS refuses a policy for its size, whatever is known only at deployment."""
    kind, limit = policy.kind, POLICY_SIZES[policy.kind]
    if size.least <= limit:
        return None
    return (
        f"the policy of {kind} {policy.name} has {size.least:,} bytes or more but AWS takes {limit:,}: {WAYS_OUT[kind]}"
    )


def size_warning(policy: Policy, size: Size) -> str | None:
    """Explain that AWS may refuse a policy, depending on what is known only at deployment."""
    kind, limit = policy.kind, POLICY_SIZES[policy.kind]
    if not size.least <= limit < size.most:
        return None
    return (
        f"the policy of {kind} {policy.name} has {size.least:,} to {size.most:,} bytes, depending on what is known "
        f"only at deployment, but AWS takes {limit:,}: {WAYS_OUT[kind]}"
    )


def too_many_policies(role: object, number: int, *, ours: int) -> str:
    """Explain that a role has more managed policies than AWS ever takes, of which so many are the construct's."""
    most = MANAGED_POLICIES_AT_MOST
    way_out = WAYS_OUT["role"]
    others = number - ours
    if others >= most:
        way_out = f"{others} of them aren't the construct's, so detach some, or have another role for Personalize"
    return f"role {role} has {number} managed policies but AWS takes {most} at most: {way_out}"


def number_warning(role: object, number: int, way_out: str = WAYS_OUT["role"]) -> str | None:
    """Explain that a role has more managed policies than AWS takes by default."""
    if not MANAGED_POLICIES_BY_DEFAULT < number <= MANAGED_POLICIES_AT_MOST:
        return None
    return (
        f"role {role} has {number} managed policies but the quota is {MANAGED_POLICIES_BY_DEFAULT} by default: have it "
        f"raised, to {MANAGED_POLICIES_AT_MOST} at most, or {way_out}"
    )
