"""The report for a pull request or an auditor: tables, statements, and a graph."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from .entries import Entry, Excess, Missing
from .graph import graph
from .grouping import Row, by_subject, rows, who
from .names import Names
from .text import POLICIES, summary

if TYPE_CHECKING:
    from .report import AccessReport

_HEAD = "| on | who | what | where | why | needed by | page |"

_NOTHING = "Nothing that can be seen is asked of Personalize, so nothing was checked."


def markdown_report(report: AccessReport) -> str:
    """Return the report in GitHub's Markdown."""
    names = Names(report.names)
    lines = ["# Amazon Personalize's access", "", f"{summary(report)}.", ""]
    lines += [f"- {_plain(asked)}" for asked in report.asked] or [_NOTHING]
    lines += [
        *_table("Missing", report.missing, names),
        *_statements(report, names),
        *_problems(report, names),
        *_table("Too much", report.excess, names),
        *_table("Undecided", report.undecided, names),
        *_table("As AWS's pages ask", report.allowed, names),
        *graph(report, names),
    ]
    return "\n".join(lines) + "\n"


def _table(title: str, entries: Iterable[Entry], names: Names) -> Iterator[str]:
    found = by_subject(entries)
    if found:
        yield from ("", f"## {title}", "", _HEAD, f"|{'---|' * _HEAD.count(' | ')}---|")
    for (kind, arn), own in found.items():
        for row in rows(own):
            entry = row.first
            cells = [
                f"{kind} {names.of(arn)}" if kind else "",
                who(entry, names),
                ", ".join(f"`{action}`" for action in row.actions if action),
                POLICIES.get(entry.policy, ""),
                names.short(f"{entry.because}: {entry.fix}" if isinstance(entry, Excess) else entry.because),
                ", ".join(row.needed_by),
            ]
            yield f"| {' | '.join(_cell(cell) for cell in cells)} | {_link(entry.page)} |"


def _statements(report: AccessReport, names: Names) -> Iterator[str]:
    for row in _distinct(rows(report.missing)):
        entry = row.first
        if isinstance(entry, Missing) and entry.add is not None:
            of = entry.principal_arn if entry.add_to == "role" else entry.policy_of
            policy = {"key": "the key policy", "role": "an IAM policy", "bucket": "the bucket policy"}[entry.add_to]
            yield from ("", f"Add to {policy} of {_plain(names.of(of))}:", "", "```json")
            yield from (json.dumps(entry.add, indent=2), "```")


def _distinct(found: Iterable[Row]) -> list[Row]:
    return list({json.dumps([each.add, each.first.policy_of]): each for each in found}.values())


def _problems(report: AccessReport, names: Names) -> Iterator[str]:
    if report.problems:
        yield from ("", "## Problems", "", "| kind | what | page |", "|---|---|---|")
        for problem in report.problems:
            yield f"| {problem.kind} | {_cell(names.short(problem.message))} | {_link(problem.page)} |"


def _link(page: str) -> str:
    return f"[AWS]({page})" if page else ""


def _plain(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _plain(text).replace("|", "\\|")
