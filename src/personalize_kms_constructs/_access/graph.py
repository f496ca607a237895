"""Who may do what, and why, as a graph.

https://mermaid.js.org/syntax/flowchart.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..matrix import ROWS
from .entries import Allowed, Entry
from .grouping import by_subject, who
from .names import Names

if TYPE_CHECKING:
    from .report import AccessReport

_EVERYTHING = {action: group.everything for row in ROWS for group in row.role_on_everything for action in group.actions}
"""What ``*`` stands for, by the action."""


def graph(report: AccessReport, names: Names) -> Iterator[str]:
    """Draw what is allowed as arrows, and what is missing as broken ones; the labels say what needs it."""
    entries: list[Entry] = [*report.allowed, *report.missing]
    if not entries:
        return
    nodes: dict[str, str] = {}
    edges = []
    for (kind, arn), own in by_subject(entries).items():
        callers: dict[tuple[str, str], list[Entry]] = {}
        for entry in own:
            target = f"{kind} {names.of(arn)}" if kind != "role" else _EVERYTHING.get(entry.action, entry.resource)
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
    yield from ("", "## Who may do what, and why", "", "```mermaid", "graph LR")
    yield from (f'  {id}["{_escaped(label)}"]' for label, id in nodes.items())
    yield from edges
    yield "```"


def _label(entries: Iterable[Entry]) -> str:
    entries = list(entries)
    actions = ", ".join(sorted({each.action for each in entries}))
    why = ", ".join(sorted({by for each in entries for by in each.needed_by}))
    return f"{_escaped(actions)}<br/>for {_escaped(why)}"


def _escaped(text: str) -> str:
    return " ".join(text.split()).replace('"', "#quot;").replace("<", "#lt;")
