"""Other resources of the app, found by one walk through each stage, since stages are synthesized one after another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

from aws_cdk import CfnResource, Stack, Stage, TreeInspector
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3
from constructs import IConstruct

from .._tokens import is_token, l1_behind
from .place import Place
from .properties import resolved_properties

_ATTRIBUTE = "_personalize_kms_constructs_contents"

_WATCHED = (kms.CfnKey, kms.CfnReplicaKey, iam.CfnRole, iam.CfnManagedPolicy, s3.CfnBucketPolicy)

_T = TypeVar("_T")


@dataclass
class AppContents:
    """L1s of a stage that have a say in whether what Personalize needs is deployed."""

    stage: IConstruct
    constructs: list[IConstruct]
    """Everything in it, the stages in it included."""
    definitions: dict[object, Any] = field(default_factory=dict)
    """Definitions of state machines, by those that have been asked for them."""
    role_names: dict[tuple[str, str], CfnResource] = field(default_factory=dict)
    """Roles that constructs have made, by the path of their stack and their name."""
    _last_reader: int = -1
    _ids: dict[CfnResource, str] = field(default_factory=dict)
    _properties: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def follows(self, reader: IConstruct) -> bool:
        """Tell if a construct comes after all that have read this, in the order in which a synth asks them."""
        return self._numbers.get(reader, -1) > self._last_reader

    def read_by(self, reader: IConstruct) -> AppContents:
        """Note who has read this last."""
        self._last_reader = self._numbers.get(reader, -1)
        return self

    @cached_property
    def _numbers(self) -> dict[IConstruct, int]:
        return {each: number for number, each in enumerate(self.constructs)}

    def __contains__(self, l1: CfnResource) -> bool:
        """Tell if a key, a role or a policy is still in the app."""
        return self.id_of(l1) in self._watched

    def id_of(self, l1: CfnResource) -> str:
        """Return the token of the logical id, since what jsii hands over twice is two objects."""
        if l1 not in self._ids:
            self._ids[l1] = l1.logical_id
        return self._ids[l1]

    def properties_of(self, l1: CfnResource, stack: Stack | None = None) -> Mapping[str, Any]:
        """Return the resolved properties of an L1 as they are in the end, with the stack of the L1 where it is known.

        Constructs that share a key, a bucket or a role share them too.
        """
        id = self.id_of(l1)
        if id not in self._properties:
            self._properties[id] = resolved_properties(l1, self._inspector, stack)
        return self._properties[id]

    @cached_property
    def _inspector(self) -> TreeInspector:
        return TreeInspector()

    def all_of(self, kind: type[_T]) -> list[_T]:
        """Return the constructs of a type, less those of the stages in this one: what is in them is deployed apart."""
        found: list[_T] = [each for each in self.constructs if isinstance(each, kind)]
        if not self._has_stages:
            return found
        own = self.stage.node.path
        return [each for each in found if Place.of(Stack.of(cast("IConstruct", each))).stage_path == own]

    @cached_property
    def bucket_policies(self) -> list[s3.CfnBucketPolicy]:
        """Those of the stage."""
        return self.all_of(s3.CfnBucketPolicy)

    @property
    def bucket_policies_by_name(self) -> list[s3.CfnBucketPolicy]:
        """Those that don't refer to a bucket of the app."""
        return self._bucket_policies_by_reference[1]

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
    def dataset_groups(self) -> dict[str, list[tuple[Any, personalize.CfnDatasetGroup]]]:
        """Those of each stack, by its path, with their names as these are in the end."""
        found: dict[str, list[tuple[Any, personalize.CfnDatasetGroup]]] = {}
        for group in self.all_of(personalize.CfnDatasetGroup):
            name, stack = group.name, group.stack
            known = stack.resolve(name) if is_token(name) else name
            found.setdefault(Place.of(stack).path, []).append((known, group))
        return found

    @cached_property
    def _watched(self) -> set[str]:
        return {self.id_of(each) for each in self.constructs if isinstance(each, _WATCHED)}

    @cached_property
    def roles_by_stack(self) -> dict[Stack, list[Any]]:
        """The roles of each managed policy, resolved in the policy's stack."""
        found: dict[Stack, list[Any]] = {}
        for policy in self.managed_policies:
            stack = policy.stack
            found.setdefault(stack, []).append(self.properties_of(policy, stack).get("roles"))
        return found

    @cached_property
    def stacks_of_foreign_roles(self) -> list[Stack]:
        """The stacks with managed policies for roles that may not be their own; nested ones have them by parameters."""
        return [
            stack
            for stack, roles in self.roles_by_stack.items()
            if Place.of(stack).parent is not None or not all(map(_are_of_one_stack, roles))
        ]

    @cached_property
    def _has_stages(self) -> bool:
        return any(isinstance(each, Stage) for each in self.constructs)


def contents_of(place: Place) -> AppContents:
    """Walk through the stage."""
    stage, *constructs = place.stage.node.find_all()
    return AppContents(stage, constructs)


def contents_at_synth(place: Place, reader: IConstruct) -> AppContents:
    """Return what one walk has found for all constructs of a stage that read it in one synth.

    A synth asks them in the order of the tree. One that reads out of order, or isn't in the tree that was walked, is in
    another synth, or was asked by hand. Stages are synthesized one after another, each with its aspects, so that a walk
    finds nothing final in later ones.
    """
    by_stage: dict[str, AppContents] = getattr(place.root, _ATTRIBUTE, {})
    path = place.stage_path
    if path not in by_stage or not by_stage[path].follows(reader):
        by_stage[path] = contents_of(place)
        setattr(place.root, _ATTRIBUTE, by_stage)
    return by_stage[path].read_by(reader)


def _are_of_one_stack(roles: Any) -> bool:
    """Tell if managed policies name their roles by references within the stack."""
    return isinstance(roles, list) and all(isinstance(role, dict) and list(role) == ["Ref"] for role in roles)


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
