"""Strings of one stack, as the templates of other stacks have to say them.

The same token means something else there: ``Aws.STACK_NAME`` is another name, and no other stack
has its conditions.
"""

from __future__ import annotations

from typing import cast

from aws_cdk import Aws, Stack

from .._expressions import parts_of
from .._tokens import TOKEN, is_token, resolved_early


def text_elsewhere(text: str, of: Stack) -> str:
    """Return a string of one stack with its pseudo parameters written out; a part that can't be stays as it is."""
    return TOKEN.sub(lambda token: _written_out(of.resolve(token[0]), of) or token[0], text)


def is_unknown_elsewhere(text: str, of: Stack, *, early: bool = False) -> bool:
    """Tell if only its own stack knows a part of a string, an attribute for example; ``early`` resolves no ``Lazy``."""
    resolved = (
        resolved_early(token[0], of) if early else of.resolve(token[0])
        for token in TOKEN.finditer(text)
    )
    return any(_written_out(each, of) is None for each in resolved)


def _written_out(resolved: object, of: Stack) -> str | None:
    """Return what a resolved token is elsewhere, or none for what no other stack can say."""
    parts = [
        part if isinstance(part, str) else _pseudo_parameter(part, of)
        for part in parts_of(resolved)
    ]
    return None if None in parts else "".join(cast("list[str]", parts))


def _pseudo_parameter(function: dict[str, object], of: Stack) -> str | None:
    match function:
        case {"Ref": "AWS::StackName"}:
            # That of a nested stack is chosen at deployment.
            return None if is_token(of.stack_name) else of.stack_name
        # Tokens again where the stack doesn't know its environment: such stacks refer to each other
        # as to one environment.
        case {"Ref": "AWS::AccountId"}:
            return of.account
        case {"Ref": "AWS::Region"}:
            return of.region
        case {"Ref": "AWS::Partition"}:
            return Aws.PARTITION
        case {"Ref": "AWS::URLSuffix"}:
            return Aws.URL_SUFFIX
    return None
