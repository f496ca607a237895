"""The IAM policies and the permissions boundary of a role, wherever the app has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .._model.model import Role
from .._model.policy_documents import Policy, as_list
from .._shared.values import account_of, of_any_partition
from .._templates import physical
from .._templates.choices import items_of
from .._templates.physical import PRINCIPALS
from .._templates.stacks import Resource
from .aws_managed_policies import policies_of_aws_named
from .deployment import Deployment, roles_named_in
from .policies_in_properties import (
    inline_policies_of,
    may_deny,
    not_of_the_app,
    policy_from_outside,
    policy_in,
    policy_of,
)


def identity_policies(
    resource: Resource, arn: str, deployment: Deployment
) -> tuple[list[Policy], str, str]:
    """Return the policies of a role, and why there may be other policies, and other denials."""
    # By declarations, since both sides may name the other.
    resources: dict[object, tuple[Resource, str]] = {}
    for attached in deployment.policies_naming(physical.role_name(resource), account_of(arn)):
        resources[attached.declared] = (attached, "")
    not_known: list[str] = []
    from_outside: list[Policy] = []
    arns = items_of(resource.get("ManagedPolicyArns") or [])
    # Those without a condition come first.
    for policy_arn, (_, condition) in sorted(arns, key=lambda item: item.position.condition):
        of_app = deployment.managed_policies(policy_arn, resource)
        for attached in of_app:
            resources.setdefault(attached.declared, (attached, condition))
        if of_app:
            continue
        known = policy_from_outside(policy_arn, resource, condition)
        if known is None:
            not_known.append(str(policy_arn))
        else:
            from_outside.append(known)
    of_resources: list[Policy] = []
    for attached, condition in resources.values():
        of_resources.append(identity_policy(attached, arn, deployment, condition))
    own = [*of_resources, *inline_policies_of(resource), *from_outside]
    denying = [arn for arn in not_known if may_deny(arn)]
    return own, not_of_the_app(not_known), not_of_the_app(denying)


def identity_policy(
    resource: Resource, role_arn: str, deployment: Deployment, condition: str = ""
) -> Policy:
    """Return an IAM policy of a role, with all its other principals."""
    arns = [deployment.role_arn(name, resource) for name in roles_named_in(resource)]
    for kind, property_name in (("user", "Users"), ("group", "Groups")):
        for name in as_list(resource.get(property_name)):
            arns.append(resource.arn("iam", f"{kind}/{name}", region=False))
    if resource.type == physical.MANAGED_POLICY:
        policy_arn = of_any_partition(physical.managed_policy_arn(resource))
        principals = deployment.find("principals by policy", policy_arn)
        arns += [_arn_of_principal(principal) for principal in principals]
    own = of_any_partition(role_arn)
    others = tuple(arn for arn in dict.fromkeys(arns) if of_any_partition(arn) != own)
    return replace(policy_of(resource, "PolicyDocument", condition), also_of=others)


def role_made_by_sam(function: Resource) -> Role | None:
    """Return the role that SAM makes of a function's policies, unless the function names one.

    https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
    """
    if function.type != "AWS::Serverless::Function" or function.get("Role") is not None:
        return None
    identity: list[Policy] = []
    for document, _ in items_of(function.get("Policies")):
        if isinstance(document, Mapping):
            identity.append(policy_in(document, function, function.path))
        elif isinstance(document, str):
            identity += policies_of_aws_named(document, function.path)
    return Role(function.arn("iam", function.generated_id, region=False), identity=identity)


def boundary_of(resource: Resource, deployment: Deployment) -> tuple[Policy | None, str]:
    arn = resource.text("PermissionsBoundary")
    if arn is None:
        return None, ""
    of_app = deployment.managed_policies(arn, resource)
    if of_app:
        return policy_of(of_app[0], "PolicyDocument"), ""
    boundary = policy_from_outside(arn, resource)
    return boundary, "" if boundary else not_of_the_app([arn])


def _arn_of_principal(resource: Resource) -> str:
    if resource.type == physical.ROLE:
        return physical.role_arn(resource)
    kind = PRINCIPALS[resource.type]
    name = resource.name_in(f"{kind.capitalize()}Name")
    return resource.arn("iam", f"{kind}/{name}", region=False)
