"""Strings of one stack, written for the templates of other stacks.

The same token has another value there: ``Aws.STACK_NAME`` is another name, and conditions don't
exist in other stacks.
"""

from __future__ import annotations

from aws_cdk import Aws, Stack

from .._expressions import parts_of
from .._tokens import TOKEN, is_token, resolved_early


def text_elsewhere(text: str, of: Stack) -> str:
    """Return a string of a stack with its pseudo parameters written out, as far as they can be."""
    return TOKEN.sub(lambda token: _written_out(of.resolve(token[0]), of) or token[0], text)


def is_unknown_elsewhere(text: str, of: Stack, *, early: bool = False) -> bool:
    """Tell if only its own stack knows a part of it. With ``early``, no ``Lazy`` is resolved."""
    for token in TOKEN.finditer(text):
        value = resolved_early(token[0], of) if early else of.resolve(token[0])
        if _written_out(value, of) is None:
            return True
    return False


def _written_out(resolved: object, of: Stack) -> str | None:
    """Return a resolved token for other stacks, or none if no other stack can know it."""
    text = ""
    for part in parts_of(resolved):
        value = part if isinstance(part, str) else _pseudo_parameter(part, of)
        if value is None:
            return None
        text += value
    return text


def _pseudo_parameter(function: dict[str, object], of: Stack) -> str | None:
    match function:
        case {"Ref": "AWS::StackName"}:
            # CloudFormation chooses the name of a nested stack.
            return None if is_token(of.stack_name) else of.stack_name
        # Tokens again if the stack doesn't know its environment. The CDK takes all such stacks to
        # be in the same environment.
        case {"Ref": "AWS::AccountId"}:
            return of.account
        case {"Ref": "AWS::Region"}:
            return of.region
        case {"Ref": "AWS::Partition"}:
            return Aws.PARTITION
        case {"Ref": "AWS::URLSuffix"}:
            return Aws.URL_SUFFIX
    return None
