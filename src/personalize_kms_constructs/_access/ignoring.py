"""Findings that a report leaves out, since somebody knows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from .entries import Entry
from .findings import UNENCRYPTED, rule_of
from .model import Problem
from .report import AccessReport


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

    encrypted_by_aws = []
    for path in report.without_key:
        covering = [ignore for ignore in of_rule.get(UNENCRYPTED, []) if ignore.covers(path)]
        used.update(covering)
        encrypted_by_aws += [] if covering else [path]
    number = report.left_out + len(report.without_key) - len(encrypted_by_aws)
    report = replace(report, without_key=tuple(encrypted_by_aws), left_out=number)
    return _shorter(report, is_ignored), used


def _shorter(report: AccessReport, is_left_out: Callable[[Entry | Problem], bool]) -> AccessReport:
    left: dict[str, Any] = {}
    number = report.left_out
    for kind in ("missing", "excess", "undecided", "problems"):
        findings = getattr(report, kind)
        left[kind] = tuple(finding for finding in findings if not is_left_out(finding))
        number += len(findings) - len(left[kind])
    report = replace(report, left_out=number, **left)
    return replace(report, policies=report.policies_that_count())
