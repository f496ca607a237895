"""The IAM policies and the permissions boundary of a role, wherever the app has them."""

from __future__ import annotations

from dataclasses import replace

from .._access.model import Role
from .._access.policy_documents import Policy, as_list
from . import physical
from .choices import Item, items_of
from .deployment import Deployment, roles_named_in
from .physical import PRINCIPALS, of_any_partition
from .policies_in_properties import (
    inline_policies_of,
    may_deny,
    not_of_the_app,
    policy_from_outside,
    policy_of,
)
from .stacks import Resource


def add_identity_policies(role: Role, resource: Resource, deployment: Deployment) -> None:
    """Add the policies that name the role, that it names, and that its properties have."""
    name = physical.role_name(resource)
    # By declarations, since both sides may name the other.
    policies: dict[object, tuple[Resource, str]] = {}
    for policy in deployment.policies_naming(name, role.account):
        policies[policy.declared] = (policy, "")
    not_known: list[str] = []
    from_outside: list[Policy] = []
    for policy_arn, (_, condition) in _managed_policy_arns(resource):
        of_app = deployment.managed_policies(policy_arn, resource)
        for policy in of_app:
            policies.setdefault(policy.declared, (policy, condition))
        if of_app:
            continue
        known = policy_from_outside(policy_arn, resource, condition)
        if known is None:
            not_known.append(str(policy_arn))
        else:
            from_outside.append(known)
    role.unseen = not_of_the_app(not_known)
    role.unseen_denials = not_of_the_app(arn for arn in not_known if may_deny(arn))
    for policy, condition in policies.values():
        role.identity.append(identity_policy(policy, role.arn, deployment, condition))
    role.identity += inline_policies_of(resource)
    role.identity += from_outside


def identity_policy(
    policy: Resource, role_arn: str, deployment: Deployment, condition: str = ""
) -> Policy:
    """Return an IAM policy of a role, with all other principals that have it."""
    arns = [deployment.role_arn(name, policy) for name in roles_named_in(policy)]
    for kind, property_name in (("user", "Users"), ("group", "Groups")):
        for name in as_list(policy.get(property_name)):
            arns.append(policy.arn("iam", f"{kind}/{name}", region=False))
    if policy.type == physical.MANAGED_POLICY:
        policy_arn = of_any_partition(physical.managed_policy_arn(policy))
        principals = deployment.find("principals by policy", policy_arn)
        arns += [_arn_of_principal(principal) for principal in principals]
    own = of_any_partition(role_arn)
    others = tuple(arn for arn in dict.fromkeys(arns) if of_any_partition(arn) != own)
    return replace(policy_of(policy, "PolicyDocument", condition), also_of=others)


def add_boundary(role: Role, resource: Resource, deployment: Deployment) -> None:
    """Add the permissions boundary of a role, where its template names it."""
    arn = resource.text("PermissionsBoundary")
    if arn is None:
        return
    of_app = deployment.managed_policies(arn, resource)
    if of_app:
        role.boundary = policy_of(of_app[0], "PolicyDocument")
    else:
        role.boundary = policy_from_outside(arn, resource)
    if role.boundary is None:
        role.unseen_boundary = not_of_the_app([arn])


def _managed_policy_arns(role: Resource) -> list[Item]:
    """Return the ARNs of a role's managed policies, first those without a condition."""
    arns = items_of(role.get("ManagedPolicyArns") or [])
    return sorted(arns, key=lambda item: item.position.condition)


def _arn_of_principal(resource: Resource) -> str:
    """Return the ARN of a role, a user or a group."""
    if resource.type == physical.ROLE:
        return physical.role_arn(resource)
    kind = PRINCIPALS[resource.type]
    name = resource.name_in(f"{kind.capitalize()}Name")
    return resource.arn("iam", f"{kind}/{name}", region=False)
