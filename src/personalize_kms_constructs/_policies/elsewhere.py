"""Texts of one stack, as the templates of other stacks have to say them.

The same token means something else there: ``Aws.STACK_NAME`` is another name, and no other stack has its conditions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import jsii
from aws_cdk import Aws, IResolveContext, IStringProducer, Lazy, Stack

from .._tokens import TOKEN, is_token


def text_elsewhere(text: str, of: Stack) -> str:
    """Return a text of one stack with its pseudo parameters written out; a part that can't be stays as it is."""
    if not is_token(text):
        return text
    return TOKEN.sub(lambda token: _written_out(token[0], of) or token[0], text)


def unknown_elsewhere(text: str, of: Stack) -> list[str]:
    """Return the parts of a text that only its own stack knows: its parameters, attributes and conditions."""
    if not is_token(text):
        return []
    return [token[0] for token in TOKEN.finditer(text) if _written_out(token[0], of) is None]


def depends_on_its_stack(text: str, of: Stack) -> bool:
    """Tell if a condition or a mapping of its stack decides a text, which no reference can hand on to another."""
    return is_token(text) and _has_function(of.resolve(text), ("Fn::If", "Fn::FindInMap"))


def lazy_text_elsewhere(text: str, of: Stack) -> str:
    """Return the same as ``text_elsewhere`` in a template, with what the text's tokens are at synth."""
    return Lazy.uncached_string(cast("IStringProducer", _TextElsewhere(text, of))) if is_token(text) else text


@jsii.implements(IStringProducer)
class _TextElsewhere:
    def __init__(self, text: str, of: Stack) -> None:
        self._text = text
        self._of = of

    def produce(self, context: IResolveContext) -> str:
        """Return the text."""
        return text_elsewhere(self._text, self._of)


def _has_function(resolved: Any, names: Sequence[str]) -> bool:
    if isinstance(resolved, list):
        return any(_has_function(each, names) for each in resolved)
    return isinstance(resolved, dict) and any(
        name in names or _has_function(value, names) for name, value in resolved.items()
    )


def _written_out(token: str, of: Stack) -> str | None:
    return _as_text(of.resolve(token), of)


def _as_text(value: Any, of: Stack) -> str | None:
    """Return what a token was resolved to as a text; none for what no other stack can say."""
    if isinstance(value, (str, int)):
        return str(value)
    match value:
        case {"Ref": str(name)}:
            return _pseudo_parameter(name, of)
        case {"Fn::Join": [separator, list(parts)]}:
            texts = [_as_text(part, of) for part in parts]
            return None if None in texts else str(separator).join(cast("list[str]", texts))
    return None


def _pseudo_parameter(name: str, of: Stack) -> str | None:
    if name == "AWS::StackName":
        # That of a nested stack is chosen at deployment.
        return None if is_token(of.stack_name) else of.stack_name
    # Tokens again where the stack doesn't know its environment: such stacks refer to each other as to one environment.
    same_everywhere = {"AWS::Partition": Aws.PARTITION, "AWS::URLSuffix": Aws.URL_SUFFIX}
    return {**same_everywhere, "AWS::AccountId": of.account, "AWS::Region": of.region}.get(name)
