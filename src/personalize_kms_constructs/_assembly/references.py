"""References to roles and keys that a template makes under a condition only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .._access.model import AccessModel, Reference
from .stacks import Resource, Stack


def conditional_references(model: AccessModel, resources: Iterable[Resource]) -> Iterator[Reference]:
    """Yield the references to those roles and keys of a model that are made under a condition which can't be decided.

    Args:
        model: the roles and keys that requests use.
        resources: all resources of the assembly.
    """
    judged = {each.declared for each in model.roles.values()} | {each.declared for each in model.keys.values()}
    by_stack: dict[Stack, list[Resource]] = {}
    for each in resources:
        by_stack.setdefault(each.stack, []).append(each)
    for stack, own in by_stack.items():
        for target in own:
            if target.declared in judged and target.only_if - stack.made_only_if:
                asked = tuple(each for each in model.asked if target.declared in _used_by(model, each))
                for user in own:
                    if _refers_to(user.body.get("Properties"), target.logical_id):
                        only_if = stack.implied(user.logical_id)
                        yield Reference(user.path, target.path, user.declared, only_if, target.only_if, asked)


def _used_by(model: AccessModel, asked: Any) -> set[str]:
    keys = [asked.dataset_group_key, *(each.key_arn for each in (asked.source, asked.destination) if each is not None)]
    found = {model.role(asked.role_arn).declared}
    return found | {model.key(arn).declared for arn in keys if arn is not None}


def _refers_to(value: Any, logical_id: str) -> bool:
    """Tell if an expression refers to a resource, other than by ``Fn::If``, which may see to it that it exists."""
    if isinstance(value, list):
        return any(_refers_to(each, logical_id) for each in value)
    match value:
        case {"Ref": name} | {"Fn::GetAtt": [name, _]}:
            return bool(name == logical_id)
        case {"Fn::If": _}:
            return False
    return isinstance(value, dict) and any(_refers_to(each, logical_id) for each in value.values())
