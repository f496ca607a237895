"""The policies of L1s, each extended by what keeps it: a wrapper, the CDK's own way, or as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import IDependable

from .._tokens import l1_behind
from .resolved import KeyL1


def wrapper_of_key(l1: KeyL1) -> kms.IKey | None:
    """Return what ``kms.Key.from_cfn_key`` has made of an L1, and returns again; none if nobody has called it."""
    if not isinstance(l1, kms.CfnKey) or l1.node.try_find_child("@FromCfnKey") is None:
        return None
    return kms.Key.from_cfn_key(l1)


def wrapper_of_bucket(l1: s3.CfnBucket) -> s3.IBucket | None:
    """Return what ``s3.Bucket.from_cfn_bucket`` has made of an L1, and returns again; none if nobody has called it."""
    is_wrapped = l1.node.try_find_child("@FromCfnBucket") is not None
    return s3.Bucket.from_cfn_bucket(l1) if is_wrapped else None


def added_by_cdk(l1: kms.CfnKey | s3.CfnBucket, statements: Sequence[Mapping[str, Any]]) -> IDependable | None:
    """Add statements by the CDK's own way for an L1; return what has them, or none where it takes none.

    It raises where it can't read what is there, ``Fn::Sub`` in a ``Resource`` for example. Asked anew each time, since
    what it makes keeps a copy of the policy, without what others add.
    """
    added = None
    for each in statements:
        policies = cast("iam.IResourceWithPolicyV2", iam.ResourceWithPolicies.of(l1))
        try:
            result = policies.add_to_resource_policy(iam.PolicyStatement.from_json(each))
        except RuntimeError:
            return None
        if not result.statement_added:
            return None
        added = result.policy_dependable
    return added


def extended(document: Any, statements: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return a plain policy with statements at its end; none for an expression in place of it or its statements."""
    is_plain = isinstance(document, Mapping) and not any(key == "Ref" or key.startswith("Fn::") for key in document)
    found = document.get("Statement", []) if is_plain else None
    if isinstance(found, Mapping) and "Effect" in found:
        found = [found]
    return {**document, "Statement": [*found, *statements]} if isinstance(found, list) else None


def policies_of(bucket: s3.CfnBucket) -> list[s3.CfnBucketPolicy]:
    """Return the policies of the app that refer to a bucket."""
    path = bucket.node.path
    policies = [each for each in bucket.node.root.node.find_all() if isinstance(each, s3.CfnBucketPolicy)]
    owners = [(each, l1_behind(each.bucket, s3.CfnBucket)) for each in policies]
    return [each for each, owner in owners if owner is not None and owner.node.path == path]
