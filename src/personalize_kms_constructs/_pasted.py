"""Statements for the owner of a policy to paste: JSON with all known values filled in."""

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
_DYNAMIC = re.compile(r"\{\{resolve:[^}]*\}\}")


def known_values(
    here: Place, *, key_arn: str, role_arn: str, arns: Iterable[str] = ()
) -> dict[str, str]:
    """Return the values of pseudo parameters, as far as the stack or an ARN has them.

    Personalize takes only a key of its own Region and a role of its own account, and nothing
    reaches into another partition.
    """
    region = _known(here.region) or part_of(key_arn, 3)
    values = {
        ACCOUNT: _known(here.account) or part_of(role_arn, 4),
        REGION: region,
        PARTITION: _partition_in([key_arn, role_arn, *arns], region),
    }
    return {placeholder: value for placeholder, value in values.items() if value}


def _partition_in(arns: Iterable[str], region: str) -> str:
    for arn in arns:
        if partition := part_of(arn, 1):
            return partition
    return (RegionInfo.get(region).partition or "") if region else ""


def _known(text: str) -> str:
    return "" if is_token(text) else text


def part_of(arn: str, number: int) -> str:
    """Return a part of an ARN, counted from 0, or nothing where it isn't known."""
    parts = arn.split(":")
    return _known(parts[number]) if parts[0] == "arn" and len(parts) > number else ""


def readable(value: Any, stack: Stack, known: Mapping[str, str] | None = None) -> Any:
    """Return JSON with known values in place of tokens, or ``${…}`` as in ``Fn::Sub``."""
    if isinstance(value, list):
        return [readable(member, stack, known) for member in value]
    if isinstance(value, dict):
        return {key: readable(member, stack, known) for key, member in value.items()}
    text = with_placeholders(value, stack)
    filled_in = {hole: _without_punctuation(hole) for hole in _PLACEHOLDER.findall(text)}
    filled_in |= known or {}
    return _PLACEHOLDER.sub(lambda hole: filled_in[hole[0]], text)


def with_placeholders(text: str, stack: Stack) -> str:
    """Return a string with a placeholder for each token. Ids in deployed policies come from it."""
    return TOKEN.sub(lambda token: _placeholder(token[0], stack), text)


def _without_punctuation(placeholder: str) -> str:
    """Return a placeholder without JSON's punctuation, so it can stand in a JSON string."""
    words = re.sub(r'": |[][", ]+', " ", placeholder[2:-1]).split()
    return f"${{{' '.join(words)}}}"


def placeholders(text: str) -> list[str]:
    """Return the placeholders still in a text, each once."""
    return list(dict.fromkeys([*_PLACEHOLDER.findall(text), *_DYNAMIC.findall(text)]))


def _placeholder(token: str, stack: Stack) -> str:
    reference = Tokenization.reverse_string(token).first_token
    if Reference.is_reference(reference):
        target = cast("Reference", reference).target
        if Stack.of(target) is not stack:
            # Its logical id would say nothing here, and its path says in which stack it is.
            return f"${{{target.node.path}.{cast('Reference', reference).display_name}}}"
    text = ""
    for part in parts_of(stack.resolve(token)):
        text += part if isinstance(part, str) else placeholder(part)
    return text
