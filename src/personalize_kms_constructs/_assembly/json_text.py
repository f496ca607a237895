"""JSON in the properties of resources."""

from __future__ import annotations

import json
from typing import Any

from .._access.values import HOLE
from .errors import AssemblyError
from .physical import Resource


def parsed(text: str, what: str, resource: Resource) -> Any:
    """Parse JSON that may have holes, in strings and in the places of numbers.

    Raises:
        AssemblyError: if it is no JSON.
    """
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return json.loads(HOLE.sub(lambda hole: hole[0] if _in_string(text, hole.start()) else "0", text))
    except (ValueError, RecursionError) as error:
        message = " ".join(str(error).split())
        raise AssemblyError(f"{resource.stack.template.path}: {what} is no JSON: {message}") from None


def _in_string(text: str, position: int) -> bool:
    quotes = text[:position].replace("\\\\", "").replace('\\"', "").count('"')
    return quotes % 2 == 1
