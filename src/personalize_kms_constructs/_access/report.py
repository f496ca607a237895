"""The report on who may do what, compared with what AWS's pages ask for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .entries import Allowed, Entry, Excess, Missing, Undecided
from .model import Problem

_E = TypeVar("_E", bound=Entry)


@dataclass(frozen=True)
class AccessReport:
    """The findings on the keys and buckets that Personalize is asked to use: missing, too much, undecided or wrong."""

    missing: tuple[Missing, ...] = ()
    """Permissions that AWS's pages ask for and the policies don't give."""
    excess: tuple[Excess, ...] = ()
    """Permissions that the policies give the role and Personalize beyond that."""
    undecided: tuple[Undecided, ...] = ()
    """Permissions that can't be seen, or depend on what AWS doesn't document; ``because`` says what it is."""
    problems: tuple[Problem, ...] = ()
    """Problems that no added statement fixes: ordering, trust, limits, configuration."""
    allowed: tuple[Allowed, ...] = ()
    """Permissions that AWS's pages ask for and the policies give."""
    asked: tuple[str, ...] = ()
    """The resources that Personalize is asked to create."""
    names: Mapping[str, str] = field(default_factory=dict)
    """The names of the keys, roles and buckets, by ARN."""

    @property
    def passed(self) -> bool:
        """True if nothing is missing and there are no problems; what is undecided or too much doesn't count."""
        return not self.missing and not self.problems

    def to_json(self) -> str:
        """Return the report as JSON: the same for the same input, sorted, and without a date."""
        found: dict[str, Any] = {
            "asked": list(self.asked),
            "missing": [each.to_json() for each in self.missing],
            "excess": [each.to_json() for each in self.excess],
            "undecided": [each.to_json() for each in self.undecided],
            "problems": [
                {"kind": each.kind, "message": each.message, "where": each.where, "page": each.page}
                for each in self.problems
            ],
            "allowed": [each.to_json() for each in self.allowed],
            "names": dict(self.names),
        }
        return json.dumps(found, indent=2, ensure_ascii=False) + "\n"

    def to_text(self) -> str:
        """Return the report for a terminal, in lines of at most 100 characters; statements aren't wrapped."""
        from .text import text_report

        return text_report(self)

    def to_markdown(self) -> str:
        """Return the report for a pull request: tables, and a graph of who may do what and why."""
        from .markdown import markdown_report

        return markdown_report(self)


def merged(reports: Iterable[AccessReport]) -> AccessReport:
    """Return one report of several, each entry once."""
    found = list(reports)
    if len(found) == 1:
        return found[0]
    return AccessReport(
        missing=_union(each.missing for each in found),
        excess=_union(each.excess for each in found),
        undecided=_union(each.undecided for each in found),
        problems=in_order(problem for each in found for problem in each.problems),
        allowed=_union(each.allowed for each in found),
        asked=tuple(sorted({asked for each in found for asked in each.asked})),
        names={arn: name for each in found for arn, name in each.names.items()},
    )


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems in the order of reports, each once."""
    return tuple(sorted(set(problems), key=lambda each: (each.kind, each.where, each.message, each.declared)))


def _union(parts: Iterable[tuple[_E, ...]]) -> tuple[_E, ...]:
    entries = {(*each.sort_key(), *each.needed_by, each.because): each for part in parts for each in part}
    return tuple(entries[key] for key in sorted(entries))
