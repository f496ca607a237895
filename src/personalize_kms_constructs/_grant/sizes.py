"""Sizes of statements in bytes without white space, with the longest values of their tokens."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from .._tokens import TOKEN
from .paths import MAX_URI_LENGTH

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, in characters without
# white space.
MANAGED_POLICY_SIZE = 6144

# The longest ARN of a key, a bucket or a role without a path.
_ARN = 96
# The ARN before a folder is that of a bucket, whose name has 63 characters at most.
_BUCKET_ARN = len("arn:aws-us-gov:s3:::") + 63
# A prefix with an unknown part counts as the longest path that Personalize takes.
_OPEN_PREFIX = re.compile(r"[^/]*(?<!:key)/.*\$\{Token\[(?!AWS\.)")
_OBJECTS_ARN = len("arn:aws-us-gov:s3:::") + MAX_URI_LENGTH - len("s3://") + len("*")
_PSEUDO_PARAMETERS = {
    "AWS.AccountId": 12,
    "AWS.Partition": len("aws-us-gov"),
    "AWS.Region": len("us-isof-south-1"),
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
    "AWS.StackName": 128,
    "AWS.URLSuffix": len("amazonaws.com.cn"),
}
_TO_JSON = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def most_of(value: Any) -> int:
    """It is part of the contract, since it decides how the role's policies share the statements."""
    if isinstance(value, str):
        return _most_of_text(value)
    brackets_and_commas = len("[]") + max(len(value) - 1, 0)
    if isinstance(value, dict):
        size = brackets_and_commas
        for key, member in value.items():
            size += most_of(key) + len(":") + most_of(member)
        return size
    return sum(map(most_of, value)) + brackets_and_commas


# Saves time: each plan measures the strings of the plan before again.
@lru_cache(maxsize=1 << 14)
def _most_of_text(text: str) -> int:
    if _OPEN_PREFIX.match(text):
        return len('""') + _OBJECTS_ARN
    return len(TOKEN.sub(_longest, _TO_JSON(text)).encode())


def _longest(token: re.Match[str]) -> str:
    is_of_bucket = token.string[token.end() :].startswith("/")
    return "x" * _PSEUDO_PARAMETERS.get(token["hint"], _BUCKET_ARN if is_of_bucket else _ARN)
