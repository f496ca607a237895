"""Tokens of the CDK: strings that are known only at deployment."""

from __future__ import annotations

import re
from typing import Any, TypeVar, cast

from aws_cdk import Reference, Stack, Tokenization

TOKEN = re.compile(r"\$\{Token\[(?P<hint>[^]]*)\.\d+\]\}")

_T = TypeVar("_T")


def is_token(text: str) -> bool:
    """Tell if the string, or a part of it, is known only at deployment; as ``Token.is_unresolved`` does."""
    return "${Token[" in text


def is_yet_to_be_looked_up(text: object) -> bool:
    """Tell if the CLI has yet to look the string up, after a synth that must not fail for what stands there instead.

    ``StringParameter.value_from_lookup`` has such a dummy.
    """
    return isinstance(text, str) and "dummy-value-for-" in text


def literal_part(text: str) -> str:
    """Return the string without its tokens."""
    return TOKEN.sub("", text)


def shortest(text: str) -> str:
    """Return the string with a letter in place of each token, the least that it can turn out to be."""
    return TOKEN.sub("x", text)


def written_out(text: str, stack: Stack) -> str:
    """Return the string with what is literal in its tokens in the end."""

    def in_the_end(token: re.Match[str]) -> str:
        match stack.resolve(token[0]):
            case str(value):
                return value
            case {"Fn::Join": ["", list(parts)]}:
                return "".join(part if isinstance(part, str) else token[0] for part in parts)
        return token[0]

    return TOKEN.sub(in_the_end, text)


def reference_in(text: str) -> Any:
    """Return the construct that the string is an attribute of, if it is one token of that kind."""
    if not TOKEN.fullmatch(text):
        return None
    token = Tokenization.reverse_string(text).first_token
    return cast("Reference", token).target if Reference.is_reference(token) else None


def targets_in(text: str) -> list[Any]:
    """Return the constructs that parts of the string are attributes of, parameters included."""
    tokens = Tokenization.reverse_string(text).tokens if is_token(text) else ()
    return [cast("Reference", token).target for token in tokens if Reference.is_reference(token)]


def l1_behind(text: str, l1_type: type[_T]) -> _T | None:
    """Return the L1 of this app that an ARN or a name belongs to, by the only reference to such an L1 in it."""
    found = [target for target in targets_in(text) if isinstance(target, l1_type)]
    return found[0] if len(found) == 1 else None


def names_a_resource(text: str) -> bool:
    """Tell if a part of the string is an attribute of a construct, which other stacks have to import."""
    return is_token(text) and any(Reference.is_reference(token) for token in Tokenization.reverse_string(text).tokens)


def is_function(resolved: object) -> bool:
    """Tell if resolved JSON is a function of CloudFormation, whose value is known only at deployment."""
    return (
        isinstance(resolved, dict)
        and len(resolved) == 1
        and all(name == "Ref" or name.startswith("Fn::") for name in resolved)
    )
