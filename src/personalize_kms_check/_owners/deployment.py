"""The resources of an assembly by the names and ARNs that refer to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Literal, get_args

from .._model.policy_documents import as_list
from .._shared.answers import Answer
from .._shared.values import PARTITION, has_unknown, of_any_partition, same, split_arn, without_case
from .._templates import physical
from .._templates.physical import ALIAS_PREFIX, alias_in, nearest
from .._templates.stacks import Resource
from . import shared_names
from .policies_in_properties import IDENTITY_POLICIES

_MERGED_KEY_POLICY = "Custom::PersonalizeKeyPolicy"

Index = Literal[
    "keys",
    "merged key policies",
    "aliases",
    "roles",
    "roles by name",
    "policies of roles",
    "managed policies",
    "principals by policy",
    "buckets",
    "bucket policies",
]
"""Keys, roles, managed policies and merged key policies are found by ARN, without its partition.

Aliases and buckets are found by name, policies by the name of the role or the bucket, "roles by
name" by account and name, and "principals by policy" by the managed policy that they name. A name
has several resources under conditions, and in stacks that don't say their environments.
"""


class Deployment:
    """The resources of an assembly by names and ARNs, with those of the rest of the app beside."""

    def __init__(self, resources: Iterable[Resource], beside: Deployment | None = None) -> None:
        self._beside = beside
        """The whole app, for an assembly that is one of its stages."""
        self.own: dict[Index, dict[str, list[Resource]]] = {index: {} for index in get_args(Index)}
        """The resources of the assembly alone."""
        for resource in resources:
            with resource.stack.noting_errors():
                self._take(resource)

    def _take(self, resource: Resource) -> None:
        type = resource.type
        if type in physical.KEYS:
            self._put("keys", of_any_partition(physical.key_arn(resource)), resource)
        elif type == physical.ALIAS:
            self._put("aliases", physical.alias_name(resource), resource)
        elif type == _MERGED_KEY_POLICY:
            key_arn = of_any_partition(resource.text("KeyArn") or "")
            self._put("merged key policies", key_arn, resource)
        elif type == physical.ROLE:
            self._put("roles", of_any_partition(physical.role_arn(resource)), resource)
            self._put("roles by name", shared_names.name_in_account(resource), resource)
        elif type == physical.BUCKET:
            self._put("buckets", physical.bucket_name(resource), resource)
        elif type == physical.BUCKET_POLICY:
            self._put("bucket policies", resource.text("Bucket") or "", resource)
        elif type == physical.MANAGED_POLICY:
            policy_arn = of_any_partition(physical.managed_policy_arn(resource))
            self._put("managed policies", policy_arn, resource)
        if type in physical.PRINCIPALS:
            for arn in as_list(resource.get("ManagedPolicyArns")):
                self._put("principals by policy", of_any_partition(str(arn)), resource)
        if type in IDENTITY_POLICIES:
            for role_name in roles_named_in(resource):
                self._put("policies of roles", role_name, resource)

    def _put(self, index: Index, name: str, resource: Resource) -> None:
        self.own[index].setdefault(name, []).append(resource)

    def find(self, index: Index, name: str) -> list[Resource]:
        """Return the resources of a name here, or else in the rest of the app."""
        resources = self.own[index].get(name, [])
        if resources or self._beside is None:
            return resources
        return self._beside.find(index, name)

    def role_arns(self) -> set[str]:
        """Return the ARNs of all roles of the app, without their partitions."""
        arns = {*self.own["roles"]}
        return arns if self._beside is None else arns | self._beside.role_arns()

    def of_bucket(self, index: Index, arn: str) -> list[Resource]:
        """Return the resources of a bucket's name, which is unique in a partition."""
        _, partition, *_, name = split_arn(arn) or ("", PARTITION, arn)
        alike = self.find(index, name)
        return [one for one in alike if same(one.stack.partition, partition) is not Answer.NO]

    def key_arn(self, key: str, resource: Resource) -> str:
        """Return the ARN of a key named by id, ARN or alias; the alias's if its key isn't known."""
        arn = key
        if split_arn(key) is None:
            if has_unknown(key):
                return key
            arn = resource.arn("kms", key if key.startswith(ALIAS_PREFIX) else f"key/{key}")
        name = alias_in(arn)
        aliases = self.find("aliases", name) if name else []
        if not aliases:
            return arn
        alias = nearest(aliases, resource.stack)
        target = alias.text("TargetKeyId")
        return arn if target is None else self.key_arn(target, alias)

    def role_arn(self, role: str, resource: Resource) -> str:
        if split_arn(role):
            return role
        account = resource.stack.account
        roles = self.find("roles by name", f"{account}/{without_case(role)}")
        if roles:
            return physical.role_arn(roles[0])
        if has_unknown(role):
            return role
        return resource.arn("iam", f"role/{role}", region=False)

    def managed_policies(self, arn: Any, role: Resource) -> list[Resource]:
        """Return the policy with an ARN: several where conditions say which of a name is made."""
        resources = self.find("managed policies", of_any_partition(str(arn)))
        if not resources:
            return []
        top = nearest(resources, role.stack).stack.top
        return [resource for resource in resources if resource.stack.top is top]

    def policies_naming(self, role_name: str, account: str) -> list[Resource]:
        resources = self.find("policies of roles", role_name)
        return [resource for resource in resources if may_be_in(account, resource)]

    @cached_property
    def unclaimed_role_policies(self) -> Mapping[str, list[Resource]]:
        """The policies of roles outside of the assembly, by the roles' names."""
        role_names: set[str] = set()
        for roles in self.own["roles"].values():
            role_names.update(without_case(physical.role_name(role)) for role in roles)
        resources = self.own["policies of roles"]
        return {name: resources[name] for name in resources if without_case(name) not in role_names}

    @cached_property
    def unclaimed_bucket_policies(self) -> Mapping[str, list[Resource]]:
        """The policies of buckets outside of the assembly, by the buckets' names."""
        resources = self.own["bucket policies"]
        return {name: resources[name] for name in resources if name not in self.own["buckets"]}


def roles_named_in(resource: Resource) -> list[str]:
    names = as_list(resource.get("Roles")) + as_list(resource.get("RoleName"))
    return [str(name) for name in names]


def may_be_in(account: str, resource: Resource) -> bool:
    return same(resource.stack.account, account) is not Answer.NO
