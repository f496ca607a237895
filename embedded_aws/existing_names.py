"""Names that a stack can't take, since IAM or KMS has them already.

ministack takes over what has the name, and deletes it in the rollback. AWS makes nothing, so what
is there stays: "already exists". Buckets are refused by ministack itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.core.responses import new_uuid
from ministack.services import iam, kms
from ministack.services.cloudformation import provisioners

from embedded_aws.personalize_store import Fields

_POLICY = "AWS::IAM::ManagedPolicy"


def register() -> None:
    """Refuse existing names before anything is made."""
    create_policy = provisioners._RESOURCE_HANDLERS[_POLICY]["create"]
    provisioners._RESOURCE_HANDLERS[_POLICY]["create"] = _with_random_name(create_policy)
    _refuse_existing(_POLICY, "ManagedPolicyName", _is_policy)
    _refuse_existing("AWS::IAM::Role", "RoleName", _is_role)
    _refuse_existing("AWS::KMS::Alias", "AliasName", _is_alias)


def _with_random_name(create: Callable[..., Any]) -> Callable[..., Any]:
    """A policy without a name gets another one each time, so one that was retained stays."""

    def create_with_random_name(*about: Any) -> Any:
        seed = provisioners._NAME_SEED.set(new_uuid()[:8])
        try:
            return create(*about)
        finally:
            provisioners._NAME_SEED.reset(seed)

    return create_with_random_name


def _refuse_existing(resource_type: str, name_property: str, exists: Callable[[str], bool]) -> None:
    handlers = provisioners._RESOURCE_HANDLERS[resource_type]
    create = handlers["create"]

    def create_new(logical_id: str, properties: Fields, stack_name: str) -> Any:
        name = properties.get(name_property)
        if name and exists(name):
            raise ValueError(f"Resource of type '{resource_type}' with name {name} already exists.")
        return create(logical_id, properties, stack_name)

    handlers["create"] = create_new


def _is_role(name: str) -> bool:
    """Tell if a role has the name, in upper or lower case."""
    return name.lower() in map(str.lower, iam._roles)


def _is_policy(name: str) -> bool:
    return any(policy["PolicyName"].lower() == name.lower() for policy in iam._policies.values())


def _is_alias(name: str) -> bool:
    return kms._alias_arn(name) in kms._aliases
