"""Other resources of the app, found by one walk through each stage, since stages are synthesized one after another."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

from aws_cdk import CfnResource, Stack, Stage
from aws_cdk import aws_iam as iam
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3
from constructs import IConstruct

from .._tokens import is_token, l1_behind

_ATTRIBUTE = "_personalize_kms_constructs_contents"

_T = TypeVar("_T")


@dataclass
class AppContents:
    """L1s of a stage that have a say in whether what Personalize needs is deployed."""

    stage: IConstruct
    constructs: list[IConstruct]
    """Everything in it, the stages in it included."""
    documents: dict[str, Any] = field(default_factory=dict)
    """Finished policies of keys and buckets, resolved, by the ARN of these."""
    definitions: dict[object, Any] = field(default_factory=dict)
    """Definitions of state machines, by those that have been asked for them."""
    readers: set[object] = field(default_factory=set)
    """The constructs that have read this in the present synth."""

    def all_of(self, kind: type[_T]) -> list[_T]:
        """Return the constructs of a type, less those of the stages in this one: what is in them is deployed apart."""
        found: list[_T] = [each for each in self.constructs if isinstance(each, kind)]
        if not self._has_stages:
            return found
        return [each for each in found if _stage_of(cast("IConstruct", each)).node.path == self.stage.node.path]

    @cached_property
    def bucket_policies(self) -> list[s3.CfnBucketPolicy]:
        """Those of the stage."""
        return self.all_of(s3.CfnBucketPolicy)

    def bucket_policies_of(self, bucket: s3.CfnBucket) -> list[s3.CfnBucketPolicy]:
        """Return the policies that belong to a bucket, by a reference, an expression or its name."""
        referring, others = self._bucket_policies_by_reference
        found = [*referring.get(bucket.attr_arn, ()), *(each for each in others if _names(each, bucket))]
        return sorted(found, key=self.bucket_policies.index) if len(found) > 1 else found

    @cached_property
    def _bucket_policies_by_reference(self) -> tuple[dict[str, list[s3.CfnBucketPolicy]], list[s3.CfnBucketPolicy]]:
        """The policies that refer to a bucket, by its ARN, and those that don't."""
        referring: dict[str, list[s3.CfnBucketPolicy]] = {}
        others = []
        for policy in self.bucket_policies:
            bucket = l1_behind(policy.bucket, s3.CfnBucket)
            if bucket is None:
                others.append(policy)
            else:
                referring.setdefault(bucket.attr_arn, []).append(policy)
        return referring, others

    @cached_property
    def managed_policies(self) -> list[iam.CfnManagedPolicy]:
        """Those of the stage."""
        return self.all_of(iam.CfnManagedPolicy)

    @cached_property
    def dataset_groups(self) -> dict[Stack, dict[str, list[personalize.CfnDatasetGroup]]]:
        """Those of each stack by their names, as these are in the end."""
        found: dict[Stack, dict[str, list[personalize.CfnDatasetGroup]]] = {}
        for group in self.all_of(personalize.CfnDatasetGroup):
            name, stack = group.name, group.stack
            known = stack.resolve(name) if is_token(name) else name
            found.setdefault(stack, {}).setdefault(str(known), []).append(group)
        return found

    @cached_property
    def paths(self) -> set[str]:
        """The paths of the policies: what jsii hands over twice is two objects."""
        return {policy.node.path for policy in (*self.bucket_policies, *self.managed_policies)}

    @cached_property
    def roles_by_stack(self) -> dict[Stack, list[Any]]:
        """The roles of each managed policy, resolved in the policy's stack."""
        found: dict[Stack, list[Any]] = {}
        for policy in self.managed_policies:
            stack = Stack.of(policy)
            found.setdefault(stack, []).append(stack.resolve(policy.roles))
        return found

    @cached_property
    def _has_stages(self) -> bool:
        return any(isinstance(each, Stage) for each in self.constructs)


def contents_of(construct: IConstruct) -> AppContents:
    """Walk through the construct's stage."""
    stage, *constructs = _stage_of(construct).node.find_all()
    return AppContents(stage, constructs)


def contents_at_synth(construct: IConstruct) -> AppContents:
    """Return what one walk has found for all constructs of a stage; a construct that asks again is in the next synth.

    Stages are synthesized one after another, each with its aspects, so that a walk finds nothing final in later ones.
    """
    root = construct.node.root
    by_stage: dict[str, AppContents] = getattr(root, _ATTRIBUTE, {})
    path = _stage_of(construct).node.path
    if path not in by_stage or construct in by_stage[path].readers:
        by_stage[path] = contents_of(construct)
        setattr(root, _ATTRIBUTE, by_stage)
    by_stage[path].readers.add(construct)
    return by_stage[path]


def _stage_of(construct: IConstruct) -> IConstruct:
    stage = Stage.of(construct)
    return construct.node.root if stage is None else stage


def _names(policy: s3.CfnBucketPolicy, bucket: s3.CfnBucket) -> bool:
    """Tell if a policy gives the name of a bucket as its own, or writes it in the same way."""
    if policy.bucket == bucket.bucket_name:
        return True
    names = {_written_out(bucket, name) for name in (bucket.ref, bucket.bucket_name) if name}
    return _written_out(policy, policy.bucket) in names


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
