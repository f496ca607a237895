"""The policies of L1s, extended through a wrapper, by the CDK's own way, or as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, cast

from aws_cdk import ConstructSelector, IConstructSelector, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from .._tokens import resolved_early
from .place import Place
from .resolved import KeyL1, ResolvedBucket


def wrapper_of_key(l1: KeyL1) -> kms.IKey | None:
    """Return the result of ``kms.Key.from_cfn_key`` for an L1, or none if nobody has called it."""
    if not isinstance(l1, kms.CfnKey) or l1.node.try_find_child("@FromCfnKey") is None:
        return None
    return kms.Key.from_cfn_key(l1)


def wrapper_of_bucket(l1: s3.CfnBucket) -> s3.IBucket | None:
    """Return the result of ``s3.Bucket.from_cfn_bucket``, or none if nobody has called it."""
    is_wrapped = l1.node.try_find_child("@FromCfnBucket") is not None
    return s3.Bucket.from_cfn_bucket(l1) if is_wrapped else None


def add_by_cdk(
    l1: kms.CfnKey, document: Mapping[str, Any], statements: Sequence[Mapping[str, Any]]
) -> bool:
    """Add statements as the CDK's ``KeyGrants`` do for an L1.

    Return False if they take none. The CDK keeps a copy of the policy and writes all of it with
    each statement, so statements added beside it are lost. It drops ``Id`` and ``Version``, and
    can't read ``Fn::Sub`` in a ``Resource``, so use it only for a policy that it may have written.
    """
    rest = {element: value for element, value in document.items() if element != "Statement"}
    if rest != {"Version": "2012-10-17"}:
        return False
    adapter = cast("iam.IResourceWithPolicyV2", iam.ResourceWithPolicies.of(l1))
    results = []
    try:
        for statement in statements:
            added = adapter.add_to_resource_policy(iam.PolicyStatement.from_json(statement))
            results.append(added.statement_added)
    except RuntimeError:
        return False
    return all(results)


def extended(document: Any, statements: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return none if an expression stands for the policy or its statements."""
    if not isinstance(document, Mapping):
        return None
    if any(key == "Ref" or key.startswith("Fn::") for key in document):
        return None
    before = document.get("Statement", [])
    if isinstance(before, Mapping) and "Effect" in before:
        before = [before]
    if not isinstance(before, list):
        return None
    return {**document, "Statement": [*before, *statements]}


class BucketPolicies:
    """The bucket policies of stacks, as they are at the first question about them."""

    def __init__(self, here: Stack) -> None:
        self._here = here
        self._of_stacks: dict[Stack, dict[str, s3.CfnBucketPolicy]] = {}

    def find_or_make(self, bucket: ResolvedBucket) -> s3.BucketPolicy | s3.CfnBucketPolicy:
        """Look in the app, too: an L2 doesn't know a policy made beside it."""
        l1 = bucket.l1
        l2 = bucket.l2 if l1 is None else wrapper_of_bucket(l1)
        known = None if l2 is None else l2.policy
        return known or self._beside(bucket, l2) or _make(l1, l2)

    def _beside(self, bucket: ResolvedBucket, l2: s3.IBucket | None) -> s3.CfnBucketPolicy | None:
        """Return the policy that refers to a bucket or has its name, in its stack or this stack."""
        stack = cast("Stack", bucket.stack)
        named = self._in(stack) if stack is self._here else self._in(stack) | self._in(self._here)
        if not named:
            return None
        l1 = cast("s3.CfnBucket", bucket.made_by)
        # All references to a bucket's name are the same token, but an L2 has its own.
        if l1.ref in named:
            return named[l1.ref]
        if l2 is not None and l2.bucket_name in named:
            return named[l2.bucket_name]
        # Saves time: a name that an L2 was given is the same string in the policy.
        if bucket.l2 is not None and l1.bucket_name not in named:
            return None
        return _of_one_name(l1, stack, named)

    def _in(self, stack: Stack) -> dict[str, s3.CfnBucketPolicy]:
        """Return the bucket policies of a stack by their property ``Bucket``."""
        if stack not in self._of_stacks:
            self._of_stacks[stack] = _bucket_policies_in(stack)
        return self._of_stacks[stack]


def _bucket_policies_in(stack: Stack) -> dict[str, s3.CfnBucketPolicy]:
    # Saves time: each name is a call into jsii.
    names = Place.of(stack).bucket_names
    policies = {}
    for policy in _all_bucket_policies().select(stack):
        if not isinstance(policy, s3.CfnBucketPolicy):
            continue
        # jsii returns a new object each time, with the same reference.
        handle: object = getattr(getattr(policy, "__jsii_ref__", None), "ref", policy)
        if handle not in names:
            names[handle] = policy.bucket
        policies[names[handle]] = policy
    return policies


@cache
def _all_bucket_policies() -> IConstructSelector:
    return ConstructSelector.resources_of_type("AWS::S3::BucketPolicy")


def _of_one_name(
    l1: s3.CfnBucket, stack: Stack, named: Mapping[str, s3.CfnBucketPolicy]
) -> s3.CfnBucketPolicy | None:
    """Compare the names as they are written: in another stack the same may be another name."""
    name = l1.bucket_name and resolved_early(l1.bucket_name, stack)
    if not name:
        return None
    condition = l1.cfn_options.condition
    for text, policy in named.items():
        is_beside = policy.stack is stack and policy.cfn_options.condition is condition
        if is_beside and resolved_early(text, stack) == name:
            return policy
    return None


def _make(l1: s3.CfnBucket | None, l2: s3.IBucket | None) -> s3.BucketPolicy | s3.CfnBucketPolicy:
    """Make the policy of a bucket where the CDK makes it, so the CDK finds it again."""
    if l2 is None:
        bucket = cast("s3.CfnBucket", l1)
        return s3.CfnBucketPolicy(
            bucket, "S3BucketPolicy", bucket=bucket.ref, policy_document=iam.PolicyDocument()
        )
    policy = s3.BucketPolicy(cast("s3.Bucket", l2), "Policy", bucket=l2)
    cast("s3.Bucket", l2).policy = policy
    return policy
