"""Policies that lack one thing, to see whether somebody misses it."""

import copy
from collections.abc import Iterator
from typing import Any


def with_one_thing_less(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The policy without one action of a statement, or without one of its resources, and which that is."""
    for number, statement in enumerate(document["Statement"]):
        for field in ("Action", "Resource"):
            values = statement[field] if isinstance(statement[field], list) else [statement[field]]
            for value in values:
                less = copy.deepcopy(document)
                rest = [other for other in values if other != value]
                if rest:
                    less["Statement"][number][field] = rest
                else:
                    del less["Statement"][number]
                yield f"{'/'.join(_list(statement['Action']))} without {value}", less


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
