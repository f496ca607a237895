"""IAM's way of writing one or many."""

from __future__ import annotations

from typing import Any


def as_list(value: Any) -> list[Any]:
    """Return a list that isn't to be changed, whether one value, many or none is written."""
    if type(value) is list:
        return value
    if isinstance(value, (list, tuple)):
        return list(value)
    return [] if value is None else [value]
