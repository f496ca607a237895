"""Resources found by ARNs and names that more than one may have."""

from __future__ import annotations

from .._access.values import split, split_arn
from .physical import Resource

_ALIAS = "alias/"


def nearest(found: list[Resource], beside: Resource) -> Resource:
    """Return the one that is deployed with another resource.

    Stacks that don't say their account and Region may have resources of one name, since they needn't be of one.
    """
    return next((each for each in found if each.stack.top is beside.stack.top), found[0])


def alias_in(arn: str) -> str:
    """Return the name of the alias in an ARN, or nothing."""
    parts = split_arn(arn)
    return parts[5] if parts and parts[5].startswith(_ALIAS) else ""


def of_any_partition(arn: str) -> str:
    """Return the ARN without its partition, by which stacks that know theirs find those of stacks that don't."""
    parts = split(arn, ":", 2)
    return parts[2] if len(parts) == 3 and parts[0] == "arn" else arn
