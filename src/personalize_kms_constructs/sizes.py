"""How large a part of a policy is: at most, since tokens become longer texts at deployment."""

from __future__ import annotations

import json
from typing import Any

from .tokens import TOKEN

_PSEUDO_PARAMETERS = {
    "AWS.Partition": len("aws-us-gov"),
    "AWS.AccountId": 12,
    "AWS.Region": len("ap-southeast-1"),
}
# The ARN of a role or a bucket, at its longest.
_ARN_SIZE = 96


def size_of(value: Any) -> int:
    """The size as JSON without white space, in bytes."""
    text = json.dumps(value, separators=(",", ":"))
    return len(TOKEN.sub(lambda token: "x" * _PSEUDO_PARAMETERS.get(token["hint"], _ARN_SIZE), text))
