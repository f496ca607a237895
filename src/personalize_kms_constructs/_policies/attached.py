"""The number of managed policies that a role has by the app, which AWS limits."""

from __future__ import annotations

from typing import Any

from aws_cdk import Stack

from .app import AppContents
from .limits import MANAGED_POLICIES_BY_DEFAULT
from .place import Place
from .roles import RoleFacts


def number_attached(role: RoleFacts, ours: int, app: AppContents) -> int:
    """Return how many managed policies a role has, those of others included.

    Args:
        role: the role.
        ours: how many of them are the construct's.
        app: what is in the app at synth.
    """
    l1 = role.l1
    properties = {} if l1 is None else app.properties_of(l1, role.stack)
    attached = _most_of(properties.get("managedPolicyArns", []))
    if attached + len(app.managed_policies) <= MANAGED_POLICIES_BY_DEFAULT:
        return attached + ours
    own = [role.here.stack] if role.stack is None else [role.here.stack, role.stack]
    stacks = dict.fromkeys([*own, *app.stacks_of_foreign_roles])
    return attached + sum(_times_attached(role, stack, app.roles_by_stack.get(stack, [])) for stack in stacks)


def _most_of(arns: Any) -> int:
    """Return the number of ARNs in a list, or in the longer one of those that a condition chooses between."""
    if isinstance(arns, dict) and "Fn::If" in arns:
        return max(_most_of(each) for each in arns["Fn::If"][1:])
    return len(arns)


def _times_attached(role: RoleFacts, stack: Stack, roles_of_policies: list[Any]) -> int:
    """Return how many managed policies of a stack are attached to the role."""
    l1 = role.l1
    name = stack.resolve(role.role.role_name if l1 is None else l1.ref)
    if l1 is not None and Place.of(stack).path != Place.of(l1.stack).path and name == l1.stack.resolve(l1.ref):
        return 0  # no reference from this stack to the role: a role of this stack has the same logical id
    return sum(isinstance(roles, list) and name in roles for roles in roles_of_policies)
