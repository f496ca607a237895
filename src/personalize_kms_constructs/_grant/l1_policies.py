"""The policies of L1s, each extended by what keeps it: a wrapper, the CDK's own way, or as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, cast

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import IConstruct

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


def added_by_cdk(l1: kms.CfnKey, policy: Mapping[str, Any], statements: Sequence[Mapping[str, Any]]) -> bool:
    """Add statements by the CDK's own way for an L1, which ``KeyGrants`` use; return False where it takes none.

    It keeps a copy of the policy and writes it whole with each statement, so what is added beside it is lost. It can't
    read ``Fn::Sub`` in a ``Resource``, for example, and drops ``Id`` and ``Version``, so only a policy that it may have
    written is left to it.
    """
    if {key: policy[key] for key in policy if key != "Statement"} != {"Version": "2012-10-17"}:
        return False
    policies = cast("iam.IResourceWithPolicyV2", iam.ResourceWithPolicies.of(l1))
    try:
        added = [policies.add_to_resource_policy(iam.PolicyStatement.from_json(each)) for each in statements]
    except RuntimeError:
        return False
    return all(each.statement_added for each in added)


def extended(document: Any, statements: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return a plain policy with statements at its end; none for an expression in place of it or its statements."""
    is_plain = isinstance(document, Mapping) and not any(key == "Ref" or key.startswith("Fn::") for key in document)
    found = document.get("Statement", []) if is_plain else None
    if isinstance(found, Mapping) and "Effect" in found:
        found = [found]
    return {**document, "Statement": [*found, *statements]} if isinstance(found, list) else None


class BucketPolicies:
    """The bucket policies that an app has when the first one is asked for; to find them takes a look at all of it."""

    def __init__(self, root: IConstruct) -> None:
        self._root = root

    def of(self, bucket: s3.CfnBucket) -> s3.CfnBucketPolicy | None:
        """Return the policy that refers to a bucket; one that names it may be of another deployment."""
        return self._by_bucket.get(bucket.ref)

    @cached_property
    def _by_bucket(self) -> dict[str, s3.CfnBucketPolicy]:
        # All references to the name of one bucket are the same token.
        return {each.bucket: each for each in self._root.node.find_all() if isinstance(each, s3.CfnBucketPolicy)}
