"""The report for a pull request or an auditor: tables, statements, and a graph.

https://mermaid.js.org/syntax/flowchart.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from ..matrix import ROWS
from .causes import policy_of_whom
from .entries import AccessFindings, Allowed, Entry, Excess, Missing, Undecided
from .grouping import Names, Row, by_subject, rows, who
from .model import Problem
from .pasting import pasted
from .values import split_arn
from .words import asks_nothing, assumed, left_out, step_of, summary

_EVERYTHING = {action: group.everything for row in ROWS for group in row.role_on_everything for action in group.actions}
"""What ``*`` stands for, by the action."""
# GitHub has Mermaid's defaults, and draws nothing beyond them
# (https://mermaid.js.org/config/schema-docs/config-properties-maxtextsize.html and config-properties-maxedges.html).
_MAX_CHARACTERS, _MAX_EDGES = 50_000, 500
_HEAD = "| on | who | what | where | why | needed by | page |"

# What a text of AWS's may hold and would be markup.
_MARKUP = re.compile(r"[|*<`]")


def markdown_report(report: AccessFindings, *, quiet: bool = False) -> str:
    """Return the report in GitHub's Markdown."""
    names = Names(report.names)
    title = f"Dataset group {_plain(report.deployed)}" if report.deployed else "Amazon Personalize's access"
    lines = [f"# {title}", "", *([f"{_cell(assumed(report))}.", ""] if report.assumed else []), f"{summary(report)}."]
    if report.asked and not quiet:
        lines += ["", *(f"- {_plain(asked)}" for asked in report.asked)]
    if (nothing := asks_nothing(report)) and not (quiet and report.asked):
        lines += ["", f"{_cell(nothing)}."]
    lines += ["", "Notes:", "", *(f"- {_cell(note)}" for note in report.notes)] if report.notes else []
    lines += [
        *_table("Missing", report.missing, names),
        *_statements(report.missing, names),
        *_problems(report, names),
        *_table("Too much", report.excess, names),
        *_statements(report.excess, names),
        *_table("Undecided", report.undecided, names, is_deployed=bool(report.deployed)),
        *([] if quiet else [*_table("As AWS's pages ask", report.allowed, names), *_graph(report, names)]),
    ]
    lines += ["", f"{left_out(report)}."] if report.left_out else []
    return "\n".join(lines) + "\n"


def _table(title: str, entries: Iterable[Entry], names: Names, *, is_deployed: bool = False) -> Iterator[str]:
    found = by_subject(entries)
    if found:
        yield from ("", f"## {title}", "", _HEAD, f"|{'---|' * _HEAD.count(' | ')}---|")
    for (kind, arn), own in found.items():
        for row in rows(own):
            entry = row.first
            cells = [
                _cell(f"{kind} {names.of(arn)}" if kind else ""),
                _cell(who(entry, names)),
                ", ".join(_what(row, names)),
                ", ".join(filter(None, [row.where, *([] if isinstance(entry, Allowed) else _places(row.entries))])),
                _cell(_why(row, names, is_deployed=is_deployed)),
                _cell(", ".join(row.needed_by)),
                ", ".join(map(_link, row.pages)),
            ]
            yield f"| {' | '.join(cells)} |"


def _why(row: Row, names: Names, *, is_deployed: bool) -> str:
    """Return the reason, and what to do where no statement to add follows."""
    entry, because = row.first, names.short(row.because)
    if isinstance(entry, Allowed) or (is_deployed and isinstance(entry, Undecided)):
        return because
    step = step_of(row, names)
    return because if isinstance(entry, Missing) and step.statements else f"{because}: {step.words}"


def _places(found: Iterable[Entry | Problem]) -> Iterator[str]:
    """Yield where findings are in templates, each once."""
    for name, template in dict.fromkeys(tuple(reversed(place.values())) for each in found for place in each.where):
        yield f"{_code(name)} in {_code(template)}"


def _what(row: Row, names: Names) -> Iterator[str]:
    """Yield the actions of a row on each part of the bucket, or on what else it is about."""
    for actions, resources in row.actions_on:
        shown = ", ".join(_code(action) for action in actions if action)
        on = [each if each.startswith("the ") else _code(names.short(each)) for each in row.within(resources) if each]
        yield f"{shown} on {', '.join(on)}" if on and shown else shown


def _code(text: str) -> str:
    return f"`{_plain(text)}`".replace("|", "\\|")


def _statements(entries: Iterable[Entry], names: Names) -> Iterator[str]:
    told: set[str] = set()
    for row in rows(entries):
        entry, step = row.first, step_of(row, names)
        head = _plain(step.words[:1].upper() + step.words[1:])
        if isinstance(entry, Excess):
            whose = _plain(policy_of_whom(entry.policy, names.of(entry.policy_of)))
            head += f", for {', '.join(map(_code, row.actions))} in {whose}"
        for statement in step.statements:
            text = json.dumps(statement, indent=2)
            if f"{head}{text}" not in told:
                told.add(f"{head}{text}")
                yield from ("", f"{head}:", "", "```json", text, "```")


def _problems(report: AccessFindings, names: Names) -> Iterator[str]:
    if report.problems:
        yield from ("", "## Problems", "", "| kind | what | where | needed by | page |", "|---|---|---|---|---|")
        for problem in report.problems:
            kind = f"{problem.kind} (warning)" if problem.is_warning else problem.kind
            message = _cell(names.short(problem.message))
            cells = [
                kind,
                message,
                ", ".join(_places([problem])),
                _cell(", ".join(problem.needed_by)),
                _link(problem.page),
            ]
            yield f"| {' | '.join(cells)} |"
        for problem in report.problems:
            for statement in problem.add:
                yield from ("", f"{_plain(names.short(problem.fix))}:", "", "```json")
                yield from (json.dumps(pasted(statement, problem.origins), indent=2), "```")


def _link(page: str) -> str:
    return f"[AWS]({page})" if page else ""


def _plain(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", _plain(text))


def _graph(report: AccessFindings, names: Names) -> Iterator[str]:
    """Draw what is allowed as arrows, and what is missing as broken ones; the labels say what needs it."""
    entries: list[Entry] = [*report.allowed, *report.missing]
    if not entries:
        return
    nodes: dict[str, str] = {}
    edges = []
    for (kind, arn), own in by_subject(entries).items():
        callers: dict[tuple[str, str], list[Entry]] = {}
        for entry in own:
            target = _target(entry, names) if kind == "role" else f"{kind} {names.of(arn)}"
            callers.setdefault((who(entry, names), target), []).append(entry)
        for (caller, target), theirs in callers.items():
            # An action that one policy gives and another lacks isn't allowed.
            missing = [each for each in theirs if not isinstance(each, Allowed)]
            lacking = {each.action for each in missing}
            for arrow, prefix, shown in (
                ("-->", "", [each for each in theirs if each.action not in lacking]),
                ("-.->", "missing: ", missing),
            ):
                if shown:
                    ends = [nodes.setdefault(label, f"n{len(nodes)}") for label in (caller, target)]
                    edges.append(f'  {ends[0]} {arrow}|"{prefix}{_label(shown)}"| {ends[1]}')
    graph = ["graph LR", *(f'  {id}["{_escaped(label)}"]' for label, id in nodes.items()), *edges]
    yield from ("", "## Who may do what, and why", "")
    if len(edges) > _MAX_EDGES or len("\n".join(graph)) > _MAX_CHARACTERS:
        yield "The graph is left out: it is larger than GitHub draws."
    else:
        yield from ("```mermaid", *graph, "```")


def _target(entry: Entry, names: Names) -> str:
    """Return what a role's own policy is about: a role that is passed, or whatever else."""
    parts = split_arn(entry.resource)
    if parts is not None and parts[5].startswith("role/"):
        return f"role {names.of(entry.resource)}"
    return _EVERYTHING.get(entry.action, entry.resource)


def _label(entries: Iterable[Entry]) -> str:
    entries = list(entries)
    actions = ", ".join(sorted({each.action for each in entries}))
    why = ", ".join(sorted({by for each in entries for by in each.needed_by}))
    return f"{_escaped(actions)}<br/>for {_escaped(why)}"


def _escaped(text: str) -> str:
    return " ".join(text.split()).replace('"', "#quot;").replace("<", "#lt;")
