"""From the resources chosen to the policies: the one place that knows which key and bucket plays which part."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast

from aws_cdk import CfnResource, RemovalPolicy, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.aws_iam import PolicyDocument
from constructs import Construct

from ._argument_types import not_a_resource
from ._checks import bucket_problems, key_problems, resource_problems
from ._refusal import refuse
from ._tokens import is_token
from .dependencies import Dependencies
from .limits import limit_problems
from .locations import S3Location
from .matrix import Actions, Permissions, S3Access
from .pending import PendingWarnings
from .policies import BucketPolicy, KeyPolicy, Policy
from .principals import service_principal
from .resources import PersonalizeResource
from .role_policies import RolePolicies
from .service_role import ServiceRole

_P = TypeVar("_P", bound=Policy)


class Wiring:
    """The policies that one construct writes to."""

    def __init__(
        self,
        scope: Construct,
        stack: Stack,
        *,
        encryption_key: kms.IKey,
        encryption_key_made_here: bool,
        service_role: ServiceRole,
        service_condition: Mapping[str, Any] | None,
        manage_imported_keys: bool,
        removal_policy: RemovalPolicy,
    ) -> None:
        self._scope = scope
        self._stack = stack
        self._sid = _unique_suffix(scope, stack)
        self._service = service_principal(service_condition)
        self._keys: dict[kms.IKey, KeyPolicy] = {}
        self._buckets: dict[s3.IBucket, BucketPolicy] = {}
        self._manages_imported_keys = manage_imported_keys
        self._removal_policy = removal_policy
        self._managed_keys = 0
        self.allowed: list[PersonalizeResource] = []
        # Keys and buckets that have been looked at and found to be fine.
        self._good: set[kms.IKey | s3.IBucket] = set()
        self._stacks: dict[kms.IKey | s3.IBucket, Stack | None] = {}
        if encryption_key_made_here:
            self._stacks[encryption_key] = stack
        self._warns_of_pending = False
        self.permissions = Dependencies()
        self._role = service_role
        self._role_policies = RolePolicies(scope, service_role, self.permissions)
        self._encryption_key = self._key_policy(encryption_key)
        self.encryption_key_arn = self._encryption_key.resource_arn

    def problems(self, resources: Iterable[PersonalizeResource]) -> Iterator[str]:
        """Why Personalize can't work with these resources."""
        for resource in resources:
            if not isinstance(resource, PersonalizeResource):
                yield not_a_resource(resource)
                continue
            yield from resource_problems(resource)
            for what, location in resource.locations():
                bucket, key = location.bucket, self._location_key(location)
                if bucket not in self._good:
                    found = [*bucket_problems(f"bucket of the {what}", bucket, self._stack, self._made_in(bucket))]
                    yield from self._noted(bucket, found)
                if key is not None:
                    yield from self.key_problems(f"key of the {what}", key)

    def key_problems(self, what: str, key: kms.IKey) -> Iterable[str]:
        """Why Personalize can't work with this key."""
        return () if key in self._good else self._noted(key, [*self._new_key_problems(what, key)])

    def _noted(self, resource: kms.IKey | s3.IBucket, problems: Sequence[str]) -> Sequence[str]:
        if not problems:
            self._good.add(resource)
        return problems

    def _new_key_problems(self, what: str, key: kms.IKey) -> Iterator[str]:
        made_in = self._made_in(key)
        yield from key_problems(what, self._key_policy(key), self._stack, made_in)
        yield from self._role.key_problems(what, made_in)
        if self._manages_imported_keys and made_in is None and self._role.shares_account_with(key, None) is False:
            yield (
                f"{what} belongs to account {key.env.account}, and ImportedKeyPolicy.MANAGED works in the stack's "
                "account only: use ImportedKeyPolicy.PENDING and have the key's owner add the statements"
            )

    def allow(self, resources: Sequence[PersonalizeResource]) -> None:
        """Put the statements for these resources into the policies; those that are there already stay as they are."""
        self.allowed = list(dict.fromkeys((*self.allowed, *resources)))
        for resource in resources:
            needed = resource.permissions
            self._allow_key(
                self._encryption_key, (*needed.key_policy, *needed.dataset_group_key_policy), needed.role_on_keys
            )
            for location, access in ((resource.source, needed.source), (resource.destination, needed.destination)):
                if location is not None and access is not None:
                    self._allow_location(location, access, needed)
            for actions in needed.role_on_everything:
                self._role_policies.allow(actions, "*")
        refuse(self._scope, limit_problems(self.policies))
        for policy in self.policies:
            policy.attach()
        if not self._warns_of_pending and any(policy.pending for policy in self.policies):
            self._warns_of_pending = True
            self._scope.node.add_validation(PendingWarnings(self._scope, lambda: self.policies))

    def key_arn(self, location: S3Location) -> str | None:
        """The ARN of the key that encrypts a location."""
        key = self._location_key(location)
        return None if key is None else self._key_policy(key).resource_arn

    @property
    def policies(self) -> list[Policy]:
        """Every policy once: those of keys, of the role, of buckets."""
        return list(dict.fromkeys((*self._keys.values(), *self._role_policies.policies, *self._buckets.values())))

    def _allow_location(self, location: S3Location, access: S3Access, needed: Permissions) -> None:
        bucket = self._bucket_policy(location.bucket)
        bucket.allow(access, location.prefix)
        self._role_policies.allow_location(access, bucket.resource_arn, location.prefix)
        key = self._location_key(location)
        if key is not None:
            self._allow_key(self._key_policy(key), needed.key_policy, needed.role_on_keys)
            if location.encryption_key is not None and not needed.role_on_keys:
                # Neither the bucket nor an IAM policy refers to this key, so nothing else would wait for it.
                self.permissions.add(location.encryption_key)

    def _allow_key(self, key: KeyPolicy, key_policy: Sequence[Actions], role_on_keys: Sequence[Actions]) -> None:
        key.allow(key_policy)
        for actions in key_policy if key.role_needs_iam else role_on_keys:
            self._role_policies.allow(actions, key.resource_arn)

    def _location_key(self, location: S3Location) -> kms.IKey | None:
        key = location.encryption_key or self._bucket_policy(location.bucket).encryption_key
        return cast("kms.IKey | None", key)

    def _manage(self, key_arn: str) -> PolicyDocument:
        # Imported here since few stacks manage the policy of an imported key, and Lambda's module is large.
        from ._managed_key_policy import ManagedKeyPolicy

        self._managed_keys += 1
        managed = ManagedKeyPolicy(
            self._scope,
            f"KeyPolicy{self._managed_keys}" if self._managed_keys > 1 else "KeyPolicy",
            key_arn=key_arn,
            removal_policy=self._removal_policy,
        )
        # Not on the function and its role as well, on which the custom resource depends.
        self.permissions.add(cast("CfnResource", managed.node.default_child))
        return managed.document

    def _made_in(self, resource: kms.IKey | s3.IBucket) -> Stack | None:
        """The stack of the app that makes the resource; none if it is imported."""
        if resource not in self._stacks:
            owned = isinstance(resource, (kms.Key, s3.Bucket))
            self._stacks[resource] = resource.stack if owned else None
        return self._stacks[resource]

    def _key_policy(self, key: kms.IKey) -> KeyPolicy:
        policy = self._keys.get(key)
        if policy is None:
            arn = key.key_arn
            policy = _same(self._keys.values(), arn) or KeyPolicy(
                key,
                arn,
                sid=self._sid,
                role=self._role.principal_for(key, self._made_in(key)),
                service=self._service,
                manage=self._manage if self._manages_imported_keys else None,
            )
            self._keys[key] = policy
        return policy

    def _bucket_policy(self, bucket: s3.IBucket) -> BucketPolicy:
        policy = self._buckets.get(bucket)
        if policy is None:
            arn, made_in = bucket.bucket_arn, self._made_in(bucket)
            in_one_account = self._role.shares_account_with(bucket, made_in)
            policy = _same(self._buckets.values(), arn) or BucketPolicy(
                bucket,
                arn,
                sid=self._sid,
                role=None if in_one_account else self._role.principal_for(bucket, made_in),
                service=self._service,
                permissions=self.permissions,
            )
            self._buckets[bucket] = policy
        return policy


def _unique_suffix(scope: Construct, stack: Stack) -> str:
    """What makes sids unique among the constructs that share a key or a bucket, those of other apps too.

    AWS refuses a policy that has a sid twice, and ``ImportedKeyPolicy.MANAGED`` takes statements out by their sids.
    """
    path, name = scope.to_string(), stack.stack_name
    return hashlib.sha256(f"{path}\n{'' if is_token(name) else name}".encode()).hexdigest()[:8].upper()


def _same(policies: Iterable[_P], arn: str) -> _P | None:
    """The policy of the same key or bucket, which may have been imported twice."""
    return next((policy for policy in policies if policy.resource_arn == arn), None)
