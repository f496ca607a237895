"""Sizes of policies in bytes, without white space: exact but for what is known only at deployment."""

from __future__ import annotations

import json
import re
from collections.abc import Sized
from functools import lru_cache
from itertools import zip_longest
from typing import Any, NamedTuple, cast

from .._tokens import TOKEN, is_function

_TO_JSON = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


class Size(NamedTuple):
    """The least and the most bytes that a part of a policy can take."""

    least: int
    most: int

    def __add__(self, other: object) -> Size:
        """Return the sum of both."""
        least, most = other if isinstance(other, Size) else (cast("int", other),) * 2
        return Size(self.least + least, self.most + most)


# The shortest ARN there is, and the longest of a key, a bucket or a role without a path.
_ARN = Size(len("arn:aws:s3:::abc"), 96)
# The ARN before a folder is that of a bucket, whose name has 3 to 63 characters.
_BUCKET_ARN = Size(_ARN.least, len("arn:aws-us-gov:s3:::") + 63)
_ANYTHING = Size(1, 96)
# How templates write the ARN of a resource: of the same stack, or of another one by a strong or a weak reference
# (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-getstackoutput.html).
_FUNCTIONS_OF_ARNS = frozenset({"Fn::GetAtt", "Fn::ImportValue", "Fn::GetStackOutput"})
_PSEUDO_PARAMETERS = {
    "AWS::AccountId": Size(12, 12),
    "AWS::Partition": Size(len("aws"), len("aws-us-gov")),
    "AWS::Region": Size(len("eu-west-1"), len("us-isof-south-1")),
    "AWS::URLSuffix": Size(len("c2s.ic.gov"), len("amazonaws.com.cn")),
}


def most_of(value: Any) -> int:
    """Return the most bytes that unresolved JSON, with tokens as strings, can take.

    It is part of the contract: it decides which of the role's policies has which statements.
    """
    if isinstance(value, str):
        return _most_of_text(value)
    if isinstance(value, dict):
        return sum(most_of(key) + most_of(member) + len(":") for key, member in value.items()) + _around(value)
    return sum(map(most_of, value)) + _around(value)


@lru_cache(maxsize=1024)
def _most_of_text(text: str) -> int:
    """Return the most bytes of a string; a policy is measured anew for each location that is added to it."""
    return len(TOKEN.sub(_longest, _TO_JSON(text)).encode())


def _longest(token: re.Match[str]) -> str:
    is_of_bucket = token.string[token.end() :].startswith("/")
    default = _BUCKET_ARN if is_of_bucket else _ARN
    return "x" * _PSEUDO_PARAMETERS.get(token["hint"].replace(".", "::"), default).most


def size_of(value: Any) -> Size:
    """Return the size of resolved JSON, with CloudFormation's functions in it."""
    if isinstance(value, list):
        return _joined([size_of(member) for member in value])
    if isinstance(value, dict) and not is_function(value):
        return _joined([size_of(key) + size_of(member) + len(":") for key, member in value.items()])
    if isinstance(value, (dict, str)):
        return _size_of_text(value) + len('""')
    length = len(_TO_JSON(value))
    return Size(length, length)


def _joined(members: list[Size]) -> Size:
    """Return the size of a list or an object."""
    return sum(members, Size(0, 0)) + _around(members)


def _around(members: Sized) -> int:
    """Return the size of brackets and commas around the members of a list or an object."""
    return len("[]") + max(len(members) - 1, 0)


def _size_of_text(value: Any) -> Size:
    """Return the size of a string without its quotes."""
    if isinstance(value, str):
        length = len(_TO_JSON(value).encode()) - len('""')
        return Size(length, length)
    if not isinstance(value, dict):
        return _ANYTHING
    ((function, argument),) = value.items()
    if function == "Ref":
        return _PSEUDO_PARAMETERS.get(argument, _ANYTHING)
    if function == "Fn::Join" and isinstance(argument[1], list):
        delimiter, parts = argument
        between = len(delimiter) * max(len(parts) - 1, 0)
        sizes = [
            _BUCKET_ARN if _is_arn(part) and str(after).startswith("/") else _size_of_text(part)
            for part, after in zip_longest(parts, parts[1:])
        ]
        return sum(sizes, Size(0, 0)) + between
    return _ARN if _is_arn(value) else _ANYTHING


def _is_arn(value: Any) -> bool:
    return isinstance(value, dict) and not _FUNCTIONS_OF_ARNS.isdisjoint(value)
