"""How large a part of a policy is: at most, since tokens become longer texts at deployment."""

from __future__ import annotations

import json
import re
from typing import Any

from ._tokens import TOKEN

_PSEUDO_PARAMETERS = {
    "AWS.Partition": len("aws-us-gov"),
    "AWS.AccountId": 12,
    "AWS.Region": len("ap-southeast-1"),
}
_TO_JSON = json.JSONEncoder(separators=(",", ":")).encode
# The ARN of a role or a bucket, at its longest.
_ARN_SIZE = 96


def size_of(value: Any) -> int:
    """The size as JSON without white space, in bytes."""
    return len(TOKEN.sub(_as_long_as_it_may_become, _TO_JSON(value)))


def _as_long_as_it_may_become(token: re.Match[str]) -> str:
    return "x" * _PSEUDO_PARAMETERS.get(token["hint"], _ARN_SIZE)
