"""Findings that a report leaves out, since somebody knows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from .entries import Entry
from .model import Problem
from .report import AccessReport
from .rules import rule_of

_F = TypeVar("_F", bound=Entry | Problem)


@dataclass(frozen=True)
class Ignore:
    """A rule whose findings are left out, at a construct and at those below it."""

    rule: str
    path: str = ""
    """The construct's path; by default all of the app."""

    def covers(self, path: str) -> bool:
        """Tell if a path is that of the construct, or below it."""
        return not self.path or f"{path}/".startswith(f"{self.path}/")


def without(report: AccessReport, ignores: Iterable[Ignore]) -> tuple[AccessReport, set[Ignore]]:
    """Return a report without the findings that are ignored at all their constructs, and what has ignored something.

    One that is about no construct is ignored by its rule alone.
    """
    of_rule: dict[str, list[Ignore]] = {}
    for each in ignores:
        of_rule.setdefault(each.rule, []).append(each)
    used: set[Ignore] = set()

    def is_ignored(found: Entry | Problem) -> bool:
        candidates = of_rule.get(rule_of(found), [])
        by_path = [[each for each in candidates if each.covers(place.construct_path)] for place in found.found_at]
        by_path = by_path or [[each for each in candidates if not each.path]]
        used.update(each for covering in by_path for each in covering)
        return all(by_path)

    return _shorter(report, is_ignored), used


def of_causes(report: AccessReport, only: tuple[str, ...], ignored: tuple[str, ...]) -> AccessReport:
    """Return a report with findings of some causes alone, or of all causes but some, by their names in JSON."""
    return _shorter(report, lambda found: found.cause.id in ignored or (bool(only) and found.cause.id not in only))


def _shorter(report: AccessReport, is_left_out: Callable[[Entry | Problem], bool]) -> AccessReport:
    def left(findings: Iterable[_F]) -> tuple[_F, ...]:
        return tuple(each for each in findings if not is_left_out(each))

    shorter = replace(
        report,
        missing=left(report.missing),
        excess=left(report.excess),
        undecided=left(report.undecided),
        problems=left(report.problems),
    )
    return replace(shorter, left_out=report.left_out + _number(report) - _number(shorter))


def _number(report: AccessReport) -> int:
    return len(report.missing) + len(report.excess) + len(report.undecided) + len(report.problems)
