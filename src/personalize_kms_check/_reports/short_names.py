"""Names of keys, roles and buckets in reports, in the place of their ARNs."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .._shared.values import DIGEST, HOLE


class Names:
    """The names of a report, by ARN."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        # An ARN may be the beginning of a longer one.
        generated = sorted(filter(HOLE.search, names), key=len, reverse=True)
        self._generated = re.compile("|".join(map(re.escape, generated)) or "(?!)")

    def of(self, arn: str) -> str:
        return self._names.get(arn, arn)

    def short(self, text: str) -> str:
        """Replace only an ARN with a generated id: a known ARN can be pasted as it is."""
        return DIGEST.sub("", self._generated.sub(lambda arn: f"${{{self._names[arn[0]]}}}", text))
