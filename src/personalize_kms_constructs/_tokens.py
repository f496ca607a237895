"""Tokens of the CDK: strings that are known only at deployment."""

from __future__ import annotations

import re
from typing import Any, TypeVar, cast

from aws_cdk import Reference, Tokenization

TOKEN = re.compile(r"\$\{Token\[(?P<hint>[^]]*)\.\d+\]\}")

_T = TypeVar("_T")


def is_token(text: str) -> bool:
    """Tell if the string, or a part of it, is known only at deployment; as ``Token.is_unresolved`` does."""
    return "${Token[" in text


def literal_part(text: str) -> str:
    """Return the string without its tokens."""
    return TOKEN.sub("", text)


def reference_in(text: str) -> Any:
    """Return the construct that the string is an attribute of, if it is one token of that kind."""
    if not TOKEN.fullmatch(text):
        return None
    token = Tokenization.reverse_string(text).first_token
    return cast("Reference", token).target if Reference.is_reference(token) else None


def l1_behind(text: str, l1_type: type[_T]) -> _T | None:
    """Return the L1 of this app whose attribute the string is, if there is one."""
    target = reference_in(text)
    return target if isinstance(target, l1_type) else None


def names_a_resource(text: str) -> bool:
    """Tell if a part of the string is an attribute of a construct, which other stacks have to import."""
    return is_token(text) and any(Reference.is_reference(token) for token in Tokenization.reverse_string(text).tokens)
