"""How much AWS takes in one policy, and what is refused for being more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from weakref import WeakKeyDictionary

from .policies import Policy

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, in characters without white space.
_MANAGED_POLICY_SIZE = 6144
_MANAGED_POLICIES_OF_A_ROLE = 10
# https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html, in bytes.
_KEY_POLICY_SIZE = 32_768
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html, in bytes.
_BUCKET_POLICY_SIZE = 20 * 1024

_WAYS_OUT = {
    "key": "use one construct for several of the dataset groups, or another key for some of the constructs",
    "bucket": "give fewer, wider prefixes, as 'import/' instead of many folders in it, or use several buckets",
    "role": "give fewer, wider prefixes, or another construct with a role of its own for some of the resources",
}

# Several constructs may share a key, a bucket or a role: what each of them has to say in its policies, in bytes.
_sizes: WeakKeyDictionary[Any, dict[Policy, int]] = WeakKeyDictionary()


def fits_managed_policy(size: int) -> bool:
    """Whether a managed policy may have this size."""
    return size <= _MANAGED_POLICY_SIZE


def limit_problems(policies: Iterable[Policy]) -> Iterator[str]:
    """Policies that AWS would refuse for their size or number, those of other constructs on the resource included."""
    for policy in policies:
        sizes = _sizes.setdefault(policy.resource, {})
        sizes[policy] = policy.size
        if policy.kind == "role":
            got, limit, unit = len(sizes), _MANAGED_POLICIES_OF_A_ROLE, "managed policies"
        else:
            got = sum(sizes.values())
            limit, unit = (_KEY_POLICY_SIZE if policy.kind == "key" else _BUCKET_POLICY_SIZE), "bytes of policy"
        if got > limit:
            yield (
                f"what Personalize needs on {policy.kind} {policy.resource.node.path} takes {got:,} {unit} but AWS "
                f"takes {limit:,}: {_WAYS_OUT[policy.kind]}"
            )
