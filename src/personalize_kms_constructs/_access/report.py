"""The report on the permissions that AWS's pages ask for, in all forms."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from .._values import shown
from .declarations import Declaration
from .entries import Entry, EntryKind
from .markdown import markdown_report
from .model import Problem
from .outcome import AccessFindings
from .policies import PolicyToChange
from .text import text_report


class AccessReport(AccessFindings):
    """The findings on the keys and buckets that Personalize is asked to use.

    Permissions are missing, too much, undecided or allowed; problems are everything else.
    """

    def to_json(self) -> str:
        """Return the report as JSON: the same for the same input, sorted, and without a date."""
        return shown(json.dumps(as_data(self), indent=2, ensure_ascii=False)) + "\n"

    def to_text(self, *, quiet: bool = False) -> str:
        """Return the report for a terminal: a line for each finding, then the policies to change.

        Args:
            quiet: True to leave out the policies.
        """
        return shown(text_report(self, quiet=quiet))

    def to_markdown(self, *, quiet: bool = False) -> str:
        """Return the report for a pull request: a table of findings, then the policies to change.

        Args:
            quiet: True to leave out the policies.
        """
        return shown(markdown_report(self, quiet=quiet))


def as_data(report: AccessFindings) -> dict[str, Any]:
    """Return a report as JSON has it."""
    return {
        "asked": list(report.asked),
        "missing": _json_of(report.missing),
        "excess": _json_of(report.excess),
        "undecided": _json_of(report.undecided),
        "problems": [_problem(problem) for problem in report.problems],
        "allowed": _json_of(report.allowed),
        "policies": _json_of(report.policies),
        "without_key": list(report.without_key),
        "left_out": report.left_out,
        "names": dict(report.names),
        "assumed": dict(report.assumed),
    }


def _json_of(items: Iterable[Entry | PolicyToChange]) -> list[dict[str, Any]]:
    return [item.to_json() for item in items]


def merged(reports: Iterable[AccessReport]) -> AccessReport:
    """Return a report with the entries of several reports, each once."""
    parts = list(reports)
    if len(parts) == 1:
        return parts[0]
    problems: list[Problem] = []
    policies: list[PolicyToChange] = []
    asked: set[str] = set()
    without_key: set[str] = set()
    names: dict[str, str] = {}
    assumed: dict[str, str] = {}
    left_out = 0
    for report in parts:
        left_out += report.left_out
        problems += report.problems
        policies += report.policies
        asked.update(report.asked)
        without_key.update(report.without_key)
        names |= report.names
        assumed |= report.assumed
    policies.sort(key=lambda policy: (policy.policy_of, policy.policy, policy.declared))
    return AccessReport(
        missing=_union("missing", parts),
        excess=_union("excess", parts),
        undecided=_union("undecided", parts),
        problems=in_order(problems),
        allowed=_union("allowed", parts),
        policies=tuple(policies),
        asked=tuple(sorted(asked)),
        without_key=tuple(sorted(without_key)),
        names=names,
        assumed=assumed,
        left_out=left_out,
    )


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems in the order of reports, each once."""
    by_identity = {}
    for problem in problems:
        identity = (problem.kind, problem.needed_by, problem.message, problem.declared)
        by_identity[identity] = problem
    return tuple(by_identity[identity] for identity in sorted(by_identity))


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "kind": problem.kind,
        "cause": problem.cause.id,
        "severity": "warning" if problem.is_warning else "error",
        "subject": problem.subject,
        "message": problem.message,
        "where": problem.where,
        "needed_by": list(problem.needed_by),
        "page": problem.page,
    }


def _union(kind: EntryKind, reports: Iterable[AccessReport]) -> tuple[Entry, ...]:
    """Return the entries of a kind in some reports, each once, in the order of reports."""
    entries: dict[tuple[tuple[str, ...], tuple[Declaration, ...]], Entry] = {}
    for report in reports:
        for entry in getattr(report, kind):
            words = (*entry.sort_key(), *entry.needed_by, entry.because)
            # Two apps may have constructs of the same paths.
            entries[words, entry.found_at] = entry
    return tuple(entries[identity] for identity in sorted(entries))
