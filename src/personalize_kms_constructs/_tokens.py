"""Tokens of the CDK: strings known only at deployment."""

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
    """Tell if a part of the string is known only at deployment, as ``Token.is_unresolved`` does."""
    return "${Token[" in text


def is_yet_to_be_looked_up(text: object) -> bool:
    """Tell if it is the dummy of a ``value_from_lookup``: the first synth must not fail."""
    return isinstance(text, str) and "dummy-value-for-" in text


def is_replaced_later(text: object) -> bool:
    """Tell if the string has the dummy of a look-up, or a dynamic reference of CloudFormation."""
    return is_yet_to_be_looked_up(text) or (isinstance(text, str) and "{{resolve" in text)


def is_known_by_now(text: str) -> bool:
    """Tell if the string can be compared: nothing in it is a token or is replaced later."""
    return not is_token(text) and not is_replaced_later(text)


def literal_part(text: str) -> str:
    return TOKEN.sub("", text)


def reference_in(text: str) -> Any:
    """Return the construct of which the whole string is an attribute.

    A string with more than the reference names something else, for example an archive bucket or the
    replica of a key.
    """
    reference = whole_reference(text)
    return None if reference is None else reference.target


def attribute_in(text: str, service: str) -> str:
    """Return the attribute's name if the whole string is one of a service's L1, or nothing."""
    reference = whole_reference(text)
    if reference is None:
        return ""
    resource_type: str = getattr(reference.target, "cfn_resource_type", "")
    return reference.display_name if resource_type.startswith(f"AWS::{service}::") else ""


def whole_reference(text: str) -> cdk.Reference | None:
    if not TOKEN.fullmatch(text):
        return None
    token = cdk.Tokenization.reverse_string(text).first_token
    return cast("cdk.Reference", token) if cdk.Reference.is_reference(token) else None


def l1_behind(text: str, l1_type: type[_T]) -> _T | None:
    """Return the L1 of this app of which the whole string is an attribute."""
    target = reference_in(text)
    return target if isinstance(target, l1_type) else None


def targets_in(text: str) -> list[Any]:
    """Return the constructs with attributes in the string, parameters included."""
    if not is_token(text):
        return []
    targets = []
    for token in cdk.Tokenization.reverse_string(text).tokens:
        if cdk.Reference.is_reference(token):
            targets.append(cast("cdk.Reference", token).target)
    return targets


def in_words(text: str) -> str:
    """Return a string for messages, in which a token shows its target or the CDK's hint."""
    without_lists = _OF_A_LIST.sub("${an element of a list, which takes Fn.select}", text)
    return TOKEN.sub(lambda token: f"${{{_target_or_hint(token)}}}", without_lists)


def to_hash(text: str) -> str:
    """Return a string for a hash in a name, with targets and hints instead of tokens.

    It is part of the contract: an import job of another name runs again, and replaces its data.
    """
    return TOKEN.sub(lambda token: f"${{{_target_or_hint(token)}}}", text)


def _target_or_hint(token: re.Match[str]) -> str:
    """Return the path of a reference's target with the attribute, or what the CDK calls it."""
    first = cdk.Tokenization.reverse_string(token[0]).first_token
    if cdk.Reference.is_reference(first):
        reference = cast("cdk.Reference", first)
        path, attribute = reference.target.node.path, reference.display_name
        return path if attribute == "Ref" else f"{path}.{attribute}"
    hint = token["hint"].replace("AWS.", "AWS::")
    return "…" if hint == "TOKEN" else hint


def resolved_early(text: str, stack: cdk.Stack) -> Any:
    """Return a string as the template has it, with references by their paths.

    Return the string itself if it has a ``Lazy``: resolving it now would freeze it, or raise.
    """
    if not is_token(text):
        return text
    resolver = _EarlyResolver()
    resolved = cdk.Tokenization.resolve(
        text, scope=stack, resolver=cast("Any", resolver), preparing=False
    )
    return text if resolver.is_early else resolved


class _EarlyResolver(cdk.DefaultTokenResolver):
    """Resolves only tokens that have their values already."""

    def __init__(self) -> None:
        super().__init__(cast("cdk.IFragmentConcatenator", _Concatenator()))
        self.is_early = False

    def resolve_token(self, t: Any, context: Any, post_processor: Any) -> Any:
        """Return the value of a token. A path is unique in the app, and a logical id isn't."""
        if isinstance(t, cdk.Reference):
            return {"Reference": [t.target.node.path, t.display_name]}
        # The CDK's ``Fn::Join`` is no intrinsic, and only its name tells it from a ``Lazy``.
        if isinstance(t, cdk.Intrinsic) or t.to_string().startswith("${Token[Fn::Join."):
            return super().resolve_token(cast("Any", t), context, post_processor)
        self.is_early = True
        return ""


@jsii.implements(cdk.IFragmentConcatenator)
class _Concatenator:
    def join(self, left: Any, right: Any) -> Any:
        return {"Fn::Join": ["", [left, right]]}


def late_text(produce: Callable[[cdk.IResolveContext], str]) -> str:
    """Return a string, produced anew whenever a template is written."""
    return cdk.Lazy.uncached_string(cast("cdk.IStringProducer", Producer(produce)))


@jsii.implements(cdk.IAnyProducer, cdk.IListProducer, cdk.IStringProducer)
class Producer:
    """Produces the value of an uncached ``Lazy``."""

    def __init__(self, produce: Callable[[cdk.IResolveContext], Any]) -> None:
        self._produce = produce

    def produce(self, context: cdk.IResolveContext) -> Any:
        return self._produce(context)
