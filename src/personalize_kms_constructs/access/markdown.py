"""The report for a pull request or an auditor: tables, and a graph of who may do what and why."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from .entries import Allowed, Entry, Missing
from .grouping import Row, by_subject, rows, short
from .text import POLICIES, summary

if TYPE_CHECKING:
    from .report import AccessReport


def markdown_report(report: AccessReport) -> str:
    """Return the report in GitHub's Markdown."""
    lines = ["# Amazon Personalize's access", "", f"{summary(report)}.", ""]
    lines += [f"- {_plain(asked)}" for asked in report.asked] or ["Nothing is asked of Personalize."]
    lines += [
        *_table("Missing", report.missing, report.names, "needed by"),
        *_statements(report),
        *_problems(report),
        *_table("Too much", report.excess, report.names, "why"),
        *_table("Undecided", report.undecided, report.names, "why"),
        *_table("As AWS's pages ask", report.allowed, report.names, "needed by"),
        *_graph(report),
    ]
    return "\n".join(lines) + "\n"


def _table(title: str, entries: Iterable[Entry], names: Mapping[str, str], last: str) -> Iterator[str]:
    found = by_subject(entries)
    if not found:
        return
    yield from ("", f"## {title}", "", f"| on | who | what | where | {last} |", "|---|---|---|---|---|")
    for (kind, arn), own in found.items():
        for row in rows(own):
            entry = row.first
            why = ", ".join(entry.needed_by) if last == "needed by" else short(entry.because, names)
            page = f" ([AWS]({entry.page}))" if entry.page else ""
            on = f"{kind} {names.get(arn, arn)}" if kind else ", ".join(entry.needed_by)
            if isinstance(entry, Missing) and row.add is None:
                why += f" ({short(entry.because, names)})"
            cells = [on, _who(entry, names), _code(row.actions), POLICIES.get(entry.policy, ""), why]
            yield f"| {' | '.join(_cell(cell) for cell in cells)}{page} |"


def _statements(report: AccessReport) -> Iterator[str]:
    for row in _distinct(rows(report.missing)):
        entry = row.first
        if isinstance(entry, Missing) and row.add is not None:
            of = entry.principal_arn if entry.add_to == "role" else entry.policy_of
            policy = {"key": "the key policy", "role": "an IAM policy", "bucket": "the bucket policy"}[entry.add_to]
            yield from ("", f"Add to {policy} of {_plain(report.names.get(of, of))}:", "", "```json")
            yield from (json.dumps(row.add, indent=2), "```")


def _distinct(found: Iterable[Row]) -> list[Row]:
    return list({json.dumps([each.add, each.first.policy_of]): each for each in found}.values())


def _problems(report: AccessReport) -> Iterator[str]:
    if report.problems:
        yield from ("", "## Problems", "", "| kind | what |", "|---|---|")
        for problem in report.problems:
            page = f" ([AWS]({problem.page}))" if problem.page else ""
            yield f"| {problem.kind} | {_cell(short(problem.message, report.names))}{page} |"


def _graph(report: AccessReport) -> Iterator[str]:
    """Draw what is allowed as arrows, and what is missing as broken ones; the labels say why."""
    entries: list[Entry] = [*report.allowed, *report.missing]
    if not entries:
        return
    yield from ("", "## Who may do what, and why", "", "```mermaid", "graph LR")
    nodes: dict[str, str] = {}

    def node(label: str) -> str:
        if label not in nodes:
            nodes[label] = f"n{len(nodes)}"
        return nodes[label]

    edges = []
    for (kind, arn), own in by_subject(entries).items():
        grouped: dict[tuple[str, bool], list[Entry]] = {}
        for entry in own:
            grouped.setdefault((_who(entry, report.names), isinstance(entry, Allowed)), []).append(entry)
        for (who, allowed), them in grouped.items():
            target = "CloudWatch" if kind == "role" else f"{kind} {report.names.get(arn, arn)}"
            actions = ", ".join(sorted({entry.action for entry in them}))
            why = ", ".join(sorted({by for entry in them for by in entry.needed_by}))
            label = f"{'' if allowed else 'missing: '}{actions}<br/>for {why}"
            arrow = "-->" if allowed else "-.->"
            edges.append(f'  {node(who)} {arrow}|"{_mermaid(label)}"| {node(target)}')
    yield from (f'  {id}["{_mermaid(label)}"]' for label, id in nodes.items())
    yield from edges
    yield "```"


def _who(entry: Entry, names: Mapping[str, str]) -> str:
    if not entry.principal:
        return ""
    return (
        "Personalize" if entry.principal == "service" else f"role {names.get(entry.principal_arn, entry.principal_arn)}"
    )


def _code(actions: Iterable[str]) -> str:
    return ", ".join(f"`{action}`" for action in actions if action)


def _plain(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _plain(text).replace("|", "\\|")


def _mermaid(text: str) -> str:
    return _plain(text).replace('"', "#quot;")
