"""The report on who may do what, compared with what AWS's pages ask for."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from .._values import shown
from .entries import Entry
from .markdown import markdown_report
from .model import Problem
from .outcome import AccessFindings
from .text import text_report


class AccessReport(AccessFindings):
    """The findings on the keys and buckets that Personalize is asked to use: missing, too much, undecided or wrong."""

    def to_json(self) -> str:
        """Return the report as JSON: the same for the same input, sorted, and without a date."""
        return shown(json.dumps(as_data(self), indent=2, ensure_ascii=False)) + "\n"

    def to_text(self, *, quiet: bool = False) -> str:
        """Return the report for a terminal: one line a finding, then a block for each policy to change.

        Args:
            quiet: whether to leave out the policies.
        """
        return shown(text_report(self, quiet=quiet))

    def to_markdown(self, *, quiet: bool = False) -> str:
        """Return the report for a pull request: a table of findings, then the policies to change.

        Args:
            quiet: whether to leave out the policies.
        """
        return shown(markdown_report(self, quiet=quiet))


def as_data(report: AccessFindings) -> dict[str, Any]:
    """Return a report as JSON has it."""
    return {
        "asked": list(report.asked),
        "missing": [entry.to_json() for entry in report.missing],
        "excess": [entry.to_json() for entry in report.excess],
        "undecided": [entry.to_json() for entry in report.undecided],
        "problems": [_problem(problem) for problem in report.problems],
        "allowed": [entry.to_json() for entry in report.allowed],
        "policies": [policy.to_json() for policy in report.policies],
        "without_key": list(report.without_key),
        "left_out": report.left_out,
        "names": dict(report.names),
        "assumed": dict(report.assumed),
    }


def merged(reports: Iterable[AccessReport]) -> AccessReport:
    """Return one report of several, each entry once."""
    found = list(reports)
    if len(found) == 1:
        return found[0]
    policies = [policy for report in found for policy in report.policies]
    return AccessReport(
        missing=_union(report.missing for report in found),
        excess=_union(report.excess for report in found),
        undecided=_union(report.undecided for report in found),
        problems=in_order(problem for report in found for problem in report.problems),
        allowed=_union(report.allowed for report in found),
        policies=tuple(sorted(policies, key=lambda policy: (policy.policy_of, policy.policy, policy.declared))),
        asked=tuple(sorted({asked for report in found for asked in report.asked})),
        without_key=tuple(sorted({label for report in found for label in report.without_key})),
        names={arn: name for report in found for arn, name in report.names.items()},
        assumed={name: value for report in found for name, value in report.assumed.items()},
        left_out=sum(report.left_out for report in found),
    )


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems in the order of reports, each once."""
    found = {(each.kind, each.needed_by, each.message, each.declared): each for each in problems}
    return tuple(found[key] for key in sorted(found))


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


def _union(parts: Iterable[tuple[Entry, ...]]) -> tuple[Entry, ...]:
    entries = {}
    for part in parts:
        for entry in part:
            key = (*entry.sort_key(), *entry.needed_by, entry.because)
            # Two apps may have constructs of the same paths.
            entries[key, entry.found_at] = entry
    return tuple(entries[key] for key in sorted(entries))
