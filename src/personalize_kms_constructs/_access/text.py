"""The report for a terminal: a mark a line, and a next step for each finding."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from .causes import policy_of_whom
from .entries import AccessFindings, Allowed, Entry, Excess, Missing, Undecided
from .grouping import Names, Row, by_subject, rows, who

WIDTH = 100
MARKS = {Allowed: "✔", Missing: "✘", Excess: "!", Undecided: "?"}

_NOTHING = (
    "nothing that can be seen, so nothing was checked: no resource, state machine, schedule, custom resource or "
    "construct of the app asks for anything. Calls from a Lambda function or from outside of the app can't be seen: "
    "say what they create, by declare_created in the app or by --created"
)
_NOT_KNOWN = "something that can't be seen: what is undecided says where"


def text_report(report: AccessFindings) -> str:
    """Return the report in lines of at most 100 characters, but for statements and addresses."""
    names = Names(report.names)
    lines = [*wrapped(f"dataset group {report.deployed}", "")] if report.deployed else []
    lines += [line for note in report.notes for line in wrapped(f"· {note}", "  ", "      ")]
    lines += wrapped("Amazon Personalize is asked for:", "") if report.asked or not report.deployed else []
    lines += [line for asked in report.asked for line in wrapped(asked, "  ")]
    if not report.asked and not report.deployed:
        lines += wrapped(_NOT_KNOWN if report.undecided else _NOTHING, "  ")
    entries: list[Entry] = [*report.missing, *report.excess, *report.undecided, *report.allowed]
    for (kind, arn), found in by_subject(entries).items():
        lines += ["", *_heading(kind, arn, names)]
        told: list[str] = []
        for row in rows(found):
            lines += _row(row, names, told, at_synth=not report.deployed)
    if report.problems:
        lines += ["", "problems"]
        for problem in report.problems:
            mark = "!" if problem.is_warning else "✘"
            lines += wrapped(f"{mark} {problem.kind}: {names.short(problem.message)}", "  ", "      ")
            lines += (f"        {line}" for each in problem.add for line in _pasted(each, names))
            if problem.needed_by:
                lines += wrapped(f"needed by {', '.join(problem.needed_by)}", "      ", "        ")
            lines += [f"    {problem.page}"] if problem.page else []
    lines += ["", *wrapped(summary(report), "")]
    return "\n".join(lines) + "\n"


def summary(report: AccessFindings) -> str:
    """Return the counts in one line."""
    problems = _count(len(report.problems), "problem")
    warnings = sum(each.is_warning for each in report.problems)
    if warnings:
        problems += f" ({_count(warnings, 'warning')})"
    excess = "" if report.deployed else f"{len(report.excess)} too much, "
    return (
        f"{len(report.missing)} missing, {problems}, {excess}"
        f"{len(report.undecided)} undecided, {len(report.allowed)} as AWS's pages ask"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def finding(row: Row, names: Names) -> str:
    """Return what is found and why, in one sentence."""
    return f"{_claim(row, names)}: {names.short(row.first.because)}"


def _claim(row: Row, names: Names) -> str:
    entry = row.first
    if not entry.principal:
        return ", ".join(entry.needed_by)
    told = {Allowed: "may", Missing: "lacks", Excess: "may", Undecided: "may have or lack"}[type(entry)]
    on = "" if isinstance(entry, Allowed) else f" on {names.short(', '.join(row.resources))}"
    start = "too much: " if isinstance(entry, Excess) else ""
    return f"{start}{who(entry, names)} {told} {', '.join(row.actions)}{on} ({row.where})"


def next_step(row: Row, names: Names) -> str:
    """Return what to do about it, in one sentence; for what is missing, the statement follows."""
    entry = row.first
    if isinstance(entry, Missing) and entry.add is not None:
        return f"{_add_to(entry, names)}{with_references(entry.add)}: {names.short(json.dumps(entry.add))}"
    if isinstance(entry, (Missing, Excess)):
        return names.short(entry.reason.remedy)
    return "look at it where it is deployed, with personalize-kms doctor, or make it part of the app"


def with_references(statement: Mapping[str, Any]) -> str:
    """Return the words for a statement with placeholders, which no template takes as they are."""
    return ", with values in the place of ${…}" if "${" in json.dumps(statement) else ""


def _row(row: Row, names: Names, told: list[str], *, at_synth: bool) -> Iterator[str]:
    """Yield the lines of a row; a statement that was told of already isn't told again."""
    entry = row.first
    yield from wrapped(f"{MARKS[type(entry)]} {_claim(row, names)}", "  ", "      ")
    if isinstance(entry, Allowed):
        return
    yield from wrapped(names.short(entry.because), "      ")
    if isinstance(entry, Undecided) and not at_synth:
        pass  # it was looked at where it is deployed
    elif isinstance(entry, Missing) and str(entry.add) in told:
        yield from wrapped(f"→ {_add_to(entry, names)} the statement above", "      ", "        ")
    elif isinstance(entry, Missing) and entry.add is not None:
        told.append(str(entry.add))
        yield from wrapped(f"→ {_add_to(entry, names)}{with_references(entry.add)}:", "      ", "        ")
        yield from (f"        {line}" for line in _pasted(entry.add, names))
    else:
        yield from wrapped(f"→ {next_step(row, names)}", "      ", "        ")
    if entry.principal and not isinstance(entry, Excess):
        yield from wrapped(f"needed by {', '.join(row.needed_by)}", "      ", "        ")
    yield from (f"    {page}" for page in row.pages)


def _pasted(statement: Mapping[str, Any], names: Names) -> list[str]:
    """Return the lines of a statement, never wrapped: it is there to be copied."""
    return names.short(json.dumps(statement, indent=2)).splitlines()


def _add_to(entry: Missing, names: Names) -> str:
    return f"add to {policy_of_whom(entry.add_to, names.of(entry.add_to_whom))}"


def _heading(kind: str, arn: str, names: Names) -> Iterator[str]:
    yield from wrapped(f"{kind} {names.of(arn)}" if kind else "not known", "")
    if arn in names:
        yield from wrapped(arn, "    ")


def wrapped(text: str, indent: str, further: str | None = None) -> list[str]:
    """Return a text in lines of at most 100 characters, its words whole if they fit."""
    further = indent if further is None else further
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=further, break_on_hyphens=False)
