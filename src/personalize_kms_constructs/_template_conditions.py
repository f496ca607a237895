"""Conditions of templates: which resources of a stack may exist at once, or one without the other."""

from __future__ import annotations

from aws_cdk import CfnResource


def may_both_be_made(one: CfnResource, other: CfnResource) -> bool:
    """Tell if two resources may exist at once: not if each has a condition of its own, so that one may be chosen."""
    paths = _conditions(one, other)
    return None in paths or paths[0] == paths[1]


def may_be_made_without(one: CfnResource, other: CfnResource) -> bool:
    """Tell if a resource may exist without one that has a condition."""
    paths = _conditions(one, other)
    return paths[0] != paths[1]


def _conditions(*resources: CfnResource) -> list[str | None]:
    conditions = [resource.cfn_options.condition for resource in resources]
    return [None if condition is None else condition.node.path for condition in conditions]
