"""Other resources of the app, found by one walk through its tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from aws_cdk import CfnResource, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from constructs import IConstruct

from .._tokens import l1_behind

_ATTRIBUTE = "_personalize_kms_constructs_contents"


@dataclass
class AppContents:
    """L1s of the app that have a say in whether what Personalize needs is deployed."""

    bucket_policies: list[s3.CfnBucketPolicy] = field(default_factory=list)
    """Those that no ``s3.BucketPolicy`` made."""
    managed_policies: list[iam.CfnManagedPolicy] = field(default_factory=list)
    state_machines: list[sfn.CfnStateMachine] = field(default_factory=list)
    definitions: dict[sfn.CfnStateMachine, Any] = field(default_factory=dict)
    """What state machines do, by those that have been asked for it."""
    documents: dict[str, Any] = field(default_factory=dict)
    """Finished policies of keys and buckets, resolved, by the ARN of these."""
    readers: set[object] = field(default_factory=set)
    """The constructs that have read this in the present synth."""

    @cached_property
    def roles_by_stack(self) -> dict[Stack, list[Any]]:
        """The roles of each managed policy, resolved in the policy's stack."""
        found: dict[Stack, list[Any]] = {}
        for policy in self.managed_policies:
            stack = Stack.of(policy)
            found.setdefault(stack, []).append(stack.resolve(policy.roles))
        return found


def contents_of(construct: IConstruct) -> AppContents:
    """Walk through the whole app."""
    contents = AppContents()
    parent: object = None
    for each in construct.node.root.node.find_all():
        if isinstance(each, iam.CfnManagedPolicy):
            contents.managed_policies.append(each)
        # A parent stands before its children.
        elif isinstance(each, s3.CfnBucketPolicy) and not isinstance(parent, s3.BucketPolicy):
            contents.bucket_policies.append(each)
        elif isinstance(each, sfn.CfnStateMachine):
            contents.state_machines.append(each)
        parent = each
    return contents


def contents_at_synth(construct: IConstruct) -> AppContents:
    """Return what one walk has found for all constructs of a synth; a construct that asks again is in the next one."""
    root = construct.node.root
    contents: AppContents | None = getattr(root, _ATTRIBUTE, None)
    if contents is None or construct in contents.readers:
        contents = contents_of(construct)
        setattr(root, _ATTRIBUTE, contents)
    contents.readers.add(construct)
    return contents


def bucket_policies_of(bucket: s3.CfnBucket, policies: list[s3.CfnBucketPolicy]) -> Iterator[s3.CfnBucketPolicy]:
    """Yield the policies that belong to a bucket, by a reference, an expression or its name."""
    name = _written_out(bucket, bucket.ref) if policies else ""
    for policy in policies:
        of = l1_behind(policy.bucket, s3.CfnBucket)
        if of is not None:
            is_its = of.attr_arn == bucket.attr_arn
        else:
            is_its = policy.bucket == bucket.bucket_name or _written_out(policy, policy.bucket) == name
        if is_its:
            yield policy


def _written_out(l1: CfnResource, name: str) -> str:
    """Return a name in the notation of ``Fn::Sub``, behind the path of the stack that it is written in."""
    stack = Stack.of(l1)
    return f"{stack.node.path}: {_as_sub(stack.resolve(name))}"


def _as_sub(value: Any) -> str:
    if not isinstance(value, dict) or len(value) != 1:
        return str(value)
    ((function, argument),) = value.items()
    if function == "Ref":
        return f"${{{argument}}}"
    if function == "Fn::Join" and isinstance(argument[1], list):
        return str(argument[0]).join(_as_sub(part) for part in argument[1])
    return argument if function == "Fn::Sub" and isinstance(argument, str) else str(value)
