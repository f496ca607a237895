"""Names of keys, roles and buckets in reports, in the place of their ARNs."""

from __future__ import annotations

from collections.abc import Mapping

from .._values import HOLE


class Names:
    """The names of a report, by ARN."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._by_hole: dict[str, list[str]] = {}
        """The ARNs with holes, by their last hole. Saves time: most holes are in one ARN alone."""
        for arn in names:
            for hole in HOLE.findall(arn)[-1:]:
                self._by_hole.setdefault(hole, []).append(arn)

    def of(self, arn: str) -> str:
        return self._names.get(arn, arn)

    def short(self, text: str) -> str:
        """Replace only an ARN with a generated id: a known ARN can be pasted as it is."""
        arns: set[str] = set()
        for hole in HOLE.findall(text):
            arns.update(self._by_hole.get(hole, ()))
        # An ARN may be the beginning of a longer one.
        for arn in sorted(arns, key=len, reverse=True):
            text = text.replace(arn, f"${{{self._names[arn]}}}")
        return text
