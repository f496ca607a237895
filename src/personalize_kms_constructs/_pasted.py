"""Statements as the owner of a policy can paste them: JSON, with all that is known by the synth filled in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from aws_cdk import Reference, Stack, Tokenization
from aws_cdk.region_info import RegionInfo

from ._expressions import parts_of, placeholder
from ._grant.place import Place
from ._tokens import TOKEN, is_token

ACCOUNT, PARTITION, REGION = "${AWS::AccountId}", "${AWS::Partition}", "${AWS::Region}"
_PLACEHOLDER = re.compile(r"\$\{[^}]+\}")
_MEANINGS = {
    ACCOUNT: "the account of the stack",
    PARTITION: "aws, or the partition of the stack",
    REGION: "the Region of the stack",
}


def known_values(
    here: Place, *, key_arn: str, role_arn: str, arns: Iterable[str] = ()
) -> dict[str, str]:
    """Return the values of pseudo parameters, as far as the stack or an ARN tells them.

    Personalize takes no key of another Region and no role of another account than its resources
    have, and nothing reaches into another partition.
    """
    known = {
        ACCOUNT: _known(here.account) or part_of(role_arn, 4),
        REGION: _known(here.region) or part_of(key_arn, 3),
    }
    region = known[REGION]
    partitions = [part_of(arn, 1) for arn in (key_arn, role_arn, *arns)]
    known[PARTITION] = (
        next(filter(None, partitions), "") or (region and RegionInfo.get(region).partition) or ""
    )
    return {placeholder: value for placeholder, value in known.items() if value}


def _known(text: str) -> str:
    return "" if is_token(text) else text


def part_of(arn: str, number: int) -> str:
    """Return a part of an ARN, counted from 0, or nothing where it isn't known."""
    parts = arn.split(":")
    return _known(parts[number]) if parts[0] == "arn" and len(parts) > number else ""


def readable(value: Any, stack: Stack, known: Mapping[str, str] | None = None) -> Any:
    """Return JSON with tokens as ``${…}``, in the notation of ``Fn::Sub``, or as the values that are known of these."""
    if isinstance(value, list):
        return [readable(item, stack, known) for item in value]
    if isinstance(value, dict):
        return {key: readable(item, stack, known) for key, item in value.items()}
    text = with_placeholders(value, stack)
    return _PLACEHOLDER.sub(lambda found: (known or {}).get(found[0], _in_words(found[0])), text)


def with_placeholders(text: str, stack: Stack) -> str:
    """Return a string with a placeholder for each token; ids in deployed policies are made of it."""
    return TOKEN.sub(lambda token: _placeholder(token[0], stack), text)


def _in_words(placeholder: str) -> str:
    """Return a placeholder without the punctuation of JSON: what is left names a function, and can stand in JSON."""
    words = re.sub(r'": |[][", ]+', " ", placeholder[2:-1]).split()
    return f"${{{' '.join(words)}}}"


def replacements(text: str) -> str:
    """Explain the placeholders that a text still has; nothing if it has none."""
    left = dict.fromkeys(_PLACEHOLDER.findall(text))
    return ", ".join(
        f"{each} by {_MEANINGS.get(each, 'what it is in the deployed stack')}" for each in left
    )


def _placeholder(token: str, stack: Stack) -> str:
    reference = Tokenization.reverse_string(token).first_token
    if Reference.is_reference(reference):
        target = cast("Reference", reference).target
        if Stack.of(target) is not stack:
            # Its logical id would say nothing here, and its path says in which stack it is.
            return f"${{{target.node.path}.{cast('Reference', reference).display_name}}}"
    return "".join(
        part if isinstance(part, str) else placeholder(part)
        for part in parts_of(stack.resolve(token))
    )
