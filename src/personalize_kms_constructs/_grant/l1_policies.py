"""The policies of L1s, each extended by what keeps it: a wrapper, the CDK's own way, or as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from aws_cdk import ConstructSelector, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from .._tokens import resolved_early
from .place import Place
from .resolved import KeyL1, ResolvedBucket


def wrapper_of_key(l1: KeyL1) -> kms.IKey | None:
    """Return what ``kms.Key.from_cfn_key`` has made of an L1, and returns again; none if nobody has called it."""
    if not isinstance(l1, kms.CfnKey) or l1.node.try_find_child("@FromCfnKey") is None:
        return None
    return kms.Key.from_cfn_key(l1)


def wrapper_of_bucket(l1: s3.CfnBucket) -> s3.IBucket | None:
    """Return what ``s3.Bucket.from_cfn_bucket`` has made of an L1, and returns again; none if nobody has called it."""
    is_wrapped = l1.node.try_find_child("@FromCfnBucket") is not None
    return s3.Bucket.from_cfn_bucket(l1) if is_wrapped else None


def added_by_cdk(
    l1: kms.CfnKey, policy: Mapping[str, Any], statements: Sequence[Mapping[str, Any]]
) -> bool:
    """Add statements by the CDK's own way for an L1, which ``KeyGrants`` use; return False where it takes none.

    It keeps a copy of the policy and writes it whole with each statement, so what is added beside
    it is lost. It can't read ``Fn::Sub`` in a ``Resource``, for example, and drops ``Id`` and
    ``Version``, so only a policy that it may have written is left to it.
    """
    if {key: policy[key] for key in policy if key != "Statement"} != {"Version": "2012-10-17"}:
        return False
    policies = cast("iam.IResourceWithPolicyV2", iam.ResourceWithPolicies.of(l1))
    try:
        added = [
            policies.add_to_resource_policy(iam.PolicyStatement.from_json(each))
            for each in statements
        ]
    except RuntimeError:
        return False
    return all(each.statement_added for each in added)


def extended(document: Any, statements: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return a plain policy with statements at its end; none for an expression in place of it or its statements."""
    is_plain = isinstance(document, Mapping) and not any(
        key == "Ref" or key.startswith("Fn::") for key in document
    )
    found = document.get("Statement", []) if is_plain else None
    if isinstance(found, Mapping) and "Effect" in found:
        found = [found]
    return {**document, "Statement": [*found, *statements]} if isinstance(found, list) else None


class BucketPolicies:
    """The bucket policies of stacks, as they are when the first one is asked for."""

    def __init__(self, here: Stack) -> None:
        self._here = here
        self._of_stacks: dict[Stack, dict[str, s3.CfnBucketPolicy]] = {}

    def of(self, bucket: ResolvedBucket) -> s3.BucketPolicy | s3.CfnBucketPolicy:
        """Return the policy of a bucket of this app, which is made if there is none.

        As the CDK does, it looks in the app for the policy of an L1 only: an L2 knows its own.
        """
        l1 = bucket.l1
        l2 = bucket.l2 if l1 is None else wrapper_of_bucket(l1)
        known = None if l2 is None else l2.policy
        return known or (None if l1 is None else self._found(l1, l2)) or _made(l1, l2)

    def _found(self, l1: s3.CfnBucket, wrapper: s3.IBucket | None) -> s3.CfnBucketPolicy | None:
        """Return the policy that refers to a bucket, in its stack or in this one, or one with its name."""
        stack = l1.stack
        named = self._in(stack) if stack is self._here else self._in(stack) | self._in(self._here)
        if not named:
            return None
        # All references to the name of a bucket are one token, but a wrapper has its own.
        references = [l1.ref, *([] if wrapper is None else [wrapper.bucket_name])]
        return next((named[each] for each in references if each in named), None) or _of_one_name(
            l1, stack, named
        )

    def _in(self, stack: Stack) -> dict[str, s3.CfnBucketPolicy]:
        if stack not in self._of_stacks:
            found = ConstructSelector.resources_of_type(
                s3.CfnBucketPolicy.CFN_RESOURCE_TYPE_NAME
            ).select(stack)
            names = Place.of(stack).bucket_names
            policies = {
                _handle(each): each for each in found if isinstance(each, s3.CfnBucketPolicy)
            }
            names |= {
                handle: each.bucket for handle, each in policies.items() if handle not in names
            }
            self._of_stacks[stack] = {names[handle]: each for handle, each in policies.items()}
        return self._of_stacks[stack]


def _handle(policy: s3.CfnBucketPolicy) -> object:
    """Return what is the same for all objects that jsii hands out for a policy: it makes a new one each time."""
    return getattr(getattr(policy, "__jsii_ref__", None), "ref", policy)


def _of_one_name(
    l1: s3.CfnBucket, stack: Stack, named: Mapping[str, s3.CfnBucketPolicy]
) -> s3.CfnBucketPolicy | None:
    """Return the policy that has the name of a bucket in the same words; in another stack they may say another name."""
    name = l1.bucket_name and resolved_early(l1.bucket_name, stack)
    for text, policy in named.items() if name else ():
        is_beside = (
            policy.stack is stack and policy.cfn_options.condition is l1.cfn_options.condition
        )
        if is_beside and resolved_early(text, stack) == name:
            return policy
    return None


def _made(l1: s3.CfnBucket | None, l2: s3.IBucket | None) -> s3.BucketPolicy | s3.CfnBucketPolicy:
    """Make the policy of a bucket as the CDK makes it, and finds it again: that of an L2, a wrapper, or an L1."""
    if l2 is None:
        bucket = cast("s3.CfnBucket", l1)
        return s3.CfnBucketPolicy(
            bucket, "S3BucketPolicy", bucket=bucket.ref, policy_document=iam.PolicyDocument()
        )
    made = s3.BucketPolicy(cast("s3.Bucket", l2), "Policy", bucket=l2)
    cast("s3.Bucket", l2).policy = made
    return made
