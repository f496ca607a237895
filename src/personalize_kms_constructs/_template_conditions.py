"""Conditions of templates: which resources of a stack may exist at once, and which refer to one that may not exist."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from aws_cdk import CfnCondition, CfnResource, Stack

from ._policies.app import AppContents


def may_both_be_made(one: CfnResource, other: CfnResource) -> bool:
    """Tell if two resources may exist at once: not if each has a condition of its own, so that one may be chosen."""
    conditions = [each.cfn_options.condition for each in (one, other)]
    paths = [None if condition is None else condition.node.path for condition in conditions]
    return None in paths or paths[0] == paths[1]


def conditional_reference_warnings(
    needed: Iterable[tuple[str, CfnResource]], users: Collection[CfnResource], app: AppContents
) -> Iterator[tuple[str, str]]:
    """Explain that resources refer to one that may not be made where they are.

    Args:
        needed: what they may refer to, each with the words for it.
        users: resources of the same stack.
        app: what is in the app at synth.
    """
    for what, l1 in needed:
        condition = l1.cfn_options.condition
        if condition is None:
            continue
        logical_id = Stack.of(l1).resolve(l1.logical_id)
        for user in users:
            if _refers_to(app.properties_of(user), logical_id) and not _implies(user.cfn_options.condition, condition):
                yield (
                    "conditionalReference",
                    f"{what} is made only if {condition.node.id} holds, and {user.node.path}, which refers to it, also "
                    "if not, so that CloudFormation refuses the template then: set the same cfn_options.condition on "
                    "both, or have the app decide what it makes",
                )


def _refers_to(value: Any, logical_id: str) -> bool:
    """Tell if resolved JSON refers to a resource, other than by ``Fn::If``, which may see to it that it exists."""
    if isinstance(value, list):
        return any(_refers_to(each, logical_id) for each in value)
    match value:
        case {"Ref": name} | {"Fn::GetAtt": [name, _]}:
            return bool(name == logical_id)
        case {"Fn::If": _}:
            return False
    return isinstance(value, dict) and any(_refers_to(each, logical_id) for each in value.values())


def _implies(one: CfnCondition | None, other: CfnCondition) -> bool:
    """Tell if a condition holds only where another one does: it is the same, or that one and more."""
    if one is None or one.node.path == other.node.path:
        return one is not None
    stack = Stack.of(one)
    match stack.resolve(one.expression):
        case {"Fn::And": list(parts)}:
            return {"Condition": stack.resolve(other.logical_id)} in parts
    return False
