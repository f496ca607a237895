"""The role and the service, as principals in the policies of keys and buckets.

Each has its own statements: only the service's calls carry ``aws:SourceAccount`` and
``aws:SourceArn``, so a condition on these keys would shut the role out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from personalize_kms_check.matrix import SERVICE_PRINCIPAL

from ..options import SourceAccountCheck
from .place import Place
from .resolved import ResolvedBucket, ResolvedKey
from .role import ServiceRole
from .statement import Statement


class PolicyPrincipal(NamedTuple):
    """The role or the service, in the policy of one resource."""

    name: Literal["Role", "Service"]
    """Part of the sids."""
    principal: Mapping[str, str]
    condition: Mapping[str, Any] | None = None
    needs_iam: bool = False
    """True if the resource's policy alone allows nothing, so IAM must allow every action too."""

    def statement(self, end_of_sid: str, actions: tuple[str, ...], resource: str) -> Statement:
        sid = f"Personalize{self.name}{end_of_sid}"
        return Statement(sid, self.principal, self.condition, actions, (resource,))


def service_principal(check: SourceAccountCheck, here: Place) -> PolicyPrincipal:
    return PolicyPrincipal(
        "Service", {"Service": SERVICE_PRINCIPAL}, _source_condition(check, here)
    )


def role_principal(role: ServiceRole, resource: ResolvedKey | ResolvedBucket) -> PolicyPrincipal:
    """Return the role in its *named* or its *delegated* form; only this function decides.

    *Named*, as on AWS's page: one stack makes role and resource, or the role exists already and
    this app makes the resource.

    *Delegated* everywhere else. There the role's ARN would make a cycle of stacks, AWS refuses a
    role that doesn't exist yet, and a policy that outlives the role would keep its dead id, which
    blocks every later change. So the statement allows the role's account, on condition of the
    role's ARN, and IAM must allow every action.
    """
    is_in_one_stack = resource.stack is not None and resource.stack is role.stack
    if is_in_one_stack or (resource.stack is not None and role.stack is None):
        needs_iam = not is_in_one_stack and not role.is_of_account(resource.account)
        return PolicyPrincipal("Role", {"AWS": role.arn}, needs_iam=needs_iam)
    condition = {"ArnEquals": {"aws:PrincipalArn": role.arn_elsewhere(resource.stack)}}
    return PolicyPrincipal("Role", {"AWS": role.account_root}, condition, needs_iam=True)


def for_this_account(here: Place) -> dict[str, Any]:
    """Return the condition on calls for Personalize's resources of this account and Region.

    https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html
    """
    any_arn = f"arn:{here.partition}:personalize:{here.region}:{here.account}:*"
    return {
        "StringEquals": {"aws:SourceAccount": here.account},
        "ArnLike": {"aws:SourceArn": any_arn},
    }


def _source_condition(check: SourceAccountCheck, here: Place) -> dict[str, Any] | None:
    if check is SourceAccountCheck.REQUIRED:
        return for_this_account(here)
    if check is SourceAccountCheck.IF_PRESENT:
        return {"StringEqualsIfExists": {"aws:SourceAccount": here.account}}
    return None
