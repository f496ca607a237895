"""Findings that a report leaves out, since somebody knows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
    """Return a report without the findings that are ignored at all their constructs.

    Return also the ignores that cover a finding.
    """
    of_rule: dict[str, list[Ignore]] = {}
    for ignore in ignores:
        of_rule.setdefault(ignore.rule, []).append(ignore)

    def is_ignored(finding: Entry | Problem) -> bool:
        return all(_covering(finding, of_rule))

    used: set[Ignore] = set()
    entries = (*report.missing, *report.excess, *report.undecided)
    findings: tuple[Entry | Problem, ...] = (*entries, *report.problems)
    for finding in findings:
        used.update(*_covering(finding, of_rule))
    encrypted_by_aws = []
    for path in report.without_key:
        covering = _at(path, of_rule.get(UNENCRYPTED, []))
        used.update(covering)
        if not covering:
            encrypted_by_aws.append(path)
    number = report.left_out + len(report.without_key) - len(encrypted_by_aws)
    report = replace(report, without_key=tuple(encrypted_by_aws), left_out=number)
    return _shorter(report, is_ignored), used


def _shorter(report: AccessReport, is_left_out: Callable[[Entry | Problem], bool]) -> AccessReport:
    """Return a report without some findings, and without the policies that only these are about."""
    left: dict[str, Any] = {}
    number = report.left_out
    for kind in ("missing", "excess", "undecided", "problems"):
        findings = getattr(report, kind)
        kept = [finding for finding in findings if not is_left_out(finding)]
        left[kind] = tuple(kept)
        number += len(findings) - len(kept)
    report = replace(report, left_out=number, **left)
    return replace(report, policies=report.policies_that_count())


def _covering(finding: Entry | Problem, of_rule: Mapping[str, list[Ignore]]) -> list[list[Ignore]]:
    """Return the ignores that cover each construct of a finding.

    A finding without a construct is covered by the ignores of its rule that have no path.
    """
    candidates = of_rule.get(rule_of(finding), [])
    by_construct = []
    for declared in finding.found_at:
        by_construct.append(_at(declared.construct_path, candidates))
    return by_construct or [[ignore for ignore in candidates if not ignore.path]]


def _at(path: str, ignores: Iterable[Ignore]) -> list[Ignore]:
    return [ignore for ignore in ignores if ignore.covers(path)]
