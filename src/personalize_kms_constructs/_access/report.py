"""The report on who may do what, compared with what AWS's pages ask for."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TypeVar

from .entries import AccessFindings, Entry
from .markdown import markdown_report
from .model import Problem
from .pasting import pasted
from .text import WIDTH, text_report
from .values import shown

_E = TypeVar("_E", bound=Entry)


class AccessReport(AccessFindings):
    """The findings on the keys and buckets that Personalize is asked to use: missing, too much, undecided or wrong."""

    def to_json(self) -> str:
        """Return the report as JSON: the same for the same input, sorted, and without a date."""
        return shown(json.dumps(as_data(self), indent=2, ensure_ascii=False)) + "\n"

    def to_text(self, *, width: int = WIDTH, quiet: bool = False) -> str:
        """Return the report for a terminal.

        Args:
            width: the length of a line; statements and addresses aren't wrapped, and no ARN, action or path is broken.
            quiet: whether to leave out what is as AWS's pages ask.
        """
        return shown(text_report(self, width=width, quiet=quiet))

    def to_markdown(self, *, quiet: bool = False) -> str:
        """Return the report for a pull request: tables, and a graph of who may do what and why.

        Args:
            quiet: whether to leave out what is as AWS's pages ask, and the graph.
        """
        return shown(markdown_report(self, quiet=quiet))


def as_data(report: AccessFindings) -> dict[str, Any]:
    """Return a report as JSON has it."""
    return {
        "asked": list(report.asked),
        "missing": [each.to_json() for each in report.missing],
        "excess": [each.to_json() for each in report.excess],
        "undecided": [each.to_json() for each in report.undecided],
        "problems": [_problem(each) for each in report.problems],
        "allowed": [each.to_json() for each in report.allowed],
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
    return AccessReport(
        missing=_union(each.missing for each in found),
        excess=_union(each.excess for each in found),
        undecided=_union(each.undecided for each in found),
        problems=in_order(problem for each in found for problem in each.problems),
        allowed=_union(each.allowed for each in found),
        asked=tuple(sorted({asked for each in found for asked in each.asked})),
        without_key=tuple(sorted({label for each in found for label in each.without_key})),
        names={arn: name for each in found for arn, name in each.names.items()},
        assumed={name: value for each in found for name, value in each.assumed.items()},
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
        "add": [pasted(each, problem.origins) for each in problem.add],
    }


def _union(parts: Iterable[tuple[_E, ...]]) -> tuple[_E, ...]:
    entries = {(*each.sort_key(), *each.needed_by, each.because): each for part in parts for each in part}
    return tuple(entries[key] for key in sorted(entries))
