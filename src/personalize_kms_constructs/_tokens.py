"""Tokens of the CDK: strings that are known only at deployment."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar, cast

import aws_cdk as cdk
import jsii

TOKEN = re.compile(r"\$\{Token\[(?P<hint>[^]]*)\.\d+\]\}")
_OF_A_LIST = re.compile(r"#\{Token\[[^]]*\]\}")

_T = TypeVar("_T")


def is_token(text: str) -> bool:
    """Tell if the string, or a part of it, is known only at deployment; as ``Token.is_unresolved`` does."""
    return "${Token[" in text


def is_yet_to_be_looked_up(text: object) -> bool:
    """Tell if the CLI has yet to look the string up, after a synth that must not fail for what stands there instead.

    ``StringParameter.value_from_lookup`` has such a dummy.
    """
    return isinstance(text, str) and "dummy-value-for-" in text


def is_known_by_now(text: str) -> bool:
    """Tell if neither the deployment nor a look-up of the CLI has the last word, so that the string can be compared."""
    return not is_token(text) and not is_yet_to_be_looked_up(text)


def literal_part(text: str) -> str:
    """Return the string without its tokens."""
    return TOKEN.sub("", text)


def reference_in(text: str) -> Any:
    """Return the construct that the whole string is an attribute of.

    A string with something around the reference names something else: an archive beside a bucket, a
    replica of a key.
    """
    reference = _whole_reference(text)
    return None if reference is None else reference.target


def attribute_in(text: str, service: str) -> str:
    """Return the attribute of an L1 of a service that the whole string is; nothing for anything else."""
    reference = _whole_reference(text)
    if reference is None or not getattr(reference.target, "cfn_resource_type", "").startswith(
        f"AWS::{service}::"
    ):
        return ""
    return reference.display_name


def _whole_reference(text: str) -> cdk.Reference | None:
    token = cdk.Tokenization.reverse_string(text).first_token if TOKEN.fullmatch(text) else None
    return (
        cast("cdk.Reference", token)
        if token is not None and cdk.Reference.is_reference(token)
        else None
    )


def l1_behind(text: str, l1_type: type[_T]) -> _T | None:
    """Return the L1 of this app that the whole string is an attribute of."""
    target = reference_in(text)
    return target if isinstance(target, l1_type) else None


def targets_in(text: str) -> list[Any]:
    """Return the constructs that parts of the string are attributes of, parameters included."""
    tokens = cdk.Tokenization.reverse_string(text).tokens if is_token(text) else ()
    return [
        cast("cdk.Reference", token).target for token in tokens if cdk.Reference.is_reference(token)
    ]


def in_words(text: str) -> str:
    """Return a string for messages: a token is what it refers to, or the CDK's hint; its number says nothing."""
    return _OF_A_LIST.sub(
        "${an element of a list, which takes Fn.select}", TOKEN.sub(_in_words, text)
    )


def _in_words(token: re.Match[str]) -> str:
    first = cdk.Tokenization.reverse_string(token[0]).first_token
    if cdk.Reference.is_reference(first):
        reference = cast("cdk.Reference", first)
        path, attribute = reference.target.node.path, reference.display_name
        return f"${{{path}}}" if attribute == "Ref" else f"${{{path}.{attribute}}}"
    hint = token["hint"].replace("AWS.", "AWS::")
    return "${…}" if hint == "TOKEN" else f"${{{hint}}}"


def resolved_early(text: str, stack: cdk.Stack) -> Any:
    """Return what a string is in the template, with references by paths; itself if the synth decides a part of it.

    To ask a ``Lazy`` of others before freezes it, or raises.
    """
    if not is_token(text):
        return text
    resolver = _EarlyResolver()
    resolved = cdk.Tokenization.resolve(
        text, scope=stack, resolver=cast("Any", resolver), preparing=False
    )
    return text if resolver.is_early else resolved


class _EarlyResolver(cdk.DefaultTokenResolver):
    """Resolves no token but those that have their value."""

    def __init__(self) -> None:
        super().__init__(cast("cdk.IFragmentConcatenator", _Joined()))
        self.is_early = False

    def resolve_token(self, t: Any, context: Any, post_processor: Any) -> Any:
        """Return the value of a token; two stacks may have constructs of one logical id, but not of one path."""
        if isinstance(t, cdk.Reference):
            return {"Reference": [t.target.node.path, t.display_name]}
        # In the CDK ``Fn::Join`` is no intrinsic, and a ``Lazy`` but for its name.
        if isinstance(t, cdk.Intrinsic) or t.to_string().startswith("${Token[Fn::Join."):
            return super().resolve_token(cast("Any", t), context, post_processor)
        self.is_early = True
        return ""


@jsii.implements(cdk.IFragmentConcatenator)
class _Joined:
    def join(self, left: Any, right: Any) -> Any:
        """Return two parts of a string as a template has them."""
        return {"Fn::Join": ["", [left, right]]}


def late_text(produce: Callable[[cdk.IResolveContext], str]) -> str:
    """Return a string that is made anew whenever a template is written, of what the app has become by then."""
    return cdk.Lazy.uncached_string(cast("cdk.IStringProducer", _LateText(produce)))


@jsii.implements(cdk.IStringProducer)
class _LateText:
    def __init__(self, produce: Callable[[cdk.IResolveContext], str]) -> None:
        self._produce = produce

    def produce(self, context: cdk.IResolveContext) -> str:
        """Return the string."""
        return self._produce(context)
