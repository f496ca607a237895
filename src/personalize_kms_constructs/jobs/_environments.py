"""References between a stack of a known environment and one for any: the CDK makes none, and names no job."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from aws_cdk import Reference, Stack, Tokenization

from .._tokens import is_token
from ..encryption import PersonalizeEncryption
from ._encryption import key_arn, service_role
from ._expressions import leaves
from ._places import Place


def environment_problems(
    stack: Stack, encryption: PersonalizeEncryption, places: Sequence[Place], arguments: Mapping[str, Any]
) -> Iterator[str]:
    """Explain that a job, or the policies that it needs, would refer to what has no name in another environment."""
    there = Stack.of(encryption)
    if stack.environment == there.environment:
        return
    located = [
        (place.part, value) for place in places for value in (place.location.uri, key_arn(encryption, place.location))
    ]
    role = service_role(encryption)
    role_arns = [] if role.has_name else [("service role", role.arn)]
    named = {value for _, value in located} | {place.uri for place in places}
    others = [("a parameter", leaf) for leaf in leaves(arguments) if leaf not in named and leaf != role.arn]
    for what, value, user in (
        *((what, value, stack) for what, value in (*located, *role_arns, *others)),
        *((what, value, there) for what, value in located),
    ):
        for owner in _unreachable(value, user):
            yield (
                f"{what} refers to stack {owner.node.path}, which is for {_shown(owner)}, but stack {user.node.path} "
                f"is for {_shown(user)}: give both the same env, or what it refers to a fixed name"
            )


def _unreachable(value: object, user: Stack) -> Iterable[Stack]:
    """Yield the stacks of other environments that a string refers to other than by a fixed name."""
    if not isinstance(value, str) or not is_token(value):
        return
    for token in Tokenization.reverse_string(value).tokens:
        owner = Stack.of(cast("Reference", token).target) if Reference.is_reference(token) else user
        if owner.environment != user.environment and not _is_by_name(token, user):
            yield owner


def _is_by_name(token: Any, user: Stack) -> bool:
    """Tell if a reference becomes a text in the stack: that of an L2 with a physical name does."""
    try:
        resolved = json.dumps(user.resolve(token))
    except RuntimeError:
        return False
    return "Fn::GetAtt" not in resolved and '"Ref": "' not in resolved.replace('"Ref": "AWS::', "")


def _shown(stack: Stack) -> str:
    """Return the environment of a stack, for people."""
    if is_token(stack.account) and is_token(stack.region):
        return "any account and Region"
    account = "any account" if is_token(stack.account) else stack.account
    return f"{account} in {'any Region' if is_token(stack.region) else stack.region}"
