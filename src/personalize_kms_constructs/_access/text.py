"""The report for a terminal: a mark a line, and a next step for each finding."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from .entries import AccessFindings, Allowed, Entry, Excess, Missing, Undecided
from .grouping import Names, Row, by_subject, rows
from .model import Problem
from .pasting import pasted
from .words import Step, asks_nothing, assumed, claim, left_out, step_of, summary

WIDTH = 100
MARKS = {Allowed: "✔", Missing: "✘", Excess: "!", Undecided: "?"}


def text_report(report: AccessFindings, *, width: int = WIDTH, quiet: bool = False) -> str:
    """Return the report in lines."""
    return "\n".join(_Text(report, width, quiet).lines()) + "\n"


class _Text:
    """A report in lines."""

    def __init__(self, report: AccessFindings, width: int, quiet: bool) -> None:
        self._report = report
        self._names = Names(report.names)
        self._wrapped = partial(wrapped, width=width)
        self._quiet = quiet

    def lines(self) -> Iterator[str]:
        report = self._report
        if report.deployed:
            yield from self._wrapped(f"dataset group {report.deployed}", "")
        yield from self._wrapped(assumed(report), "")
        body = list(self._body())
        if body:
            yield from (*self._wrapped(summary(report), ""), *body, "")
        yield from self._wrapped(summary(report), "")
        yield from self._wrapped(left_out(report), "")

    def _body(self) -> Iterator[str]:
        report = self._report
        for note in report.notes:
            yield from self._wrapped(f"· {note}", "  ", "      ")
        if report.asked or not report.deployed:
            yield from self._asked()
        entries: list[Entry] = [*report.missing, *report.excess, *report.undecided]
        for (kind, arn), found in by_subject([*entries, *(() if self._quiet else report.allowed)]).items():
            yield ""
            yield from self._wrapped(f"{kind} {self._names.of(arn)}" if kind else "not known", "")
            yield from self._wrapped(arn, "    ") if self._names.of(arn) != arn else ()
            told: list[Step] = []
            for row in rows(found):
                yield from self._row(row, told)
        if report.problems:
            yield from ("", "problems")
            for problem in report.problems:
                yield from self._problem(problem)

    def _asked(self) -> Iterator[str]:
        report = self._report
        if report.asked and self._quiet:
            return
        yield ""
        if report.asked:
            yield from self._wrapped("Amazon Personalize is asked for:", "")
            for asked in report.asked:
                yield from self._wrapped(asked, "  ")
        yield from self._wrapped(asks_nothing(report), "")

    def _row(self, row: Row, told: list[Step]) -> Iterator[str]:
        """Yield the lines of a row; a statement that was told of already isn't told again."""
        entry, names = row.first, self._names
        yield from self._wrapped(f"{MARKS[type(entry)]} {claim(row, names)}", "  ", "      ")
        if isinstance(entry, Allowed):
            return
        yield from self._wrapped(names.short(row.because), "      ")
        if not (isinstance(entry, Undecided) and self._report.deployed):  # it was looked at where it is deployed
            yield from self._step(step_of(row, names), told)
        if entry.principal and not isinstance(entry, Excess):
            yield from self._wrapped(f"needed by {', '.join(row.needed_by)}", "      ", "        ")
        yield from (f"    {page}" for page in row.pages)

    def _step(self, step: Step, told: list[Step]) -> Iterator[str]:
        is_told, statements = step in told, step.statements
        told.append(step)
        end = "" if not statements else ": as above" if is_told else ":"
        yield from self._wrapped(f"→ {step.words}{end}", "      ", "        ")
        for each in () if is_told else statements:
            yield from (f"        {line}" for line in _pasted(each, self._names))

    def _problem(self, problem: Problem) -> Iterator[str]:
        mark = "!" if problem.is_warning else "✘"
        yield from self._wrapped(f"{mark} {problem.kind}: {self._names.short(problem.message)}", "  ", "      ")
        add = pasted(problem.add, problem.origins)
        yield from (f"        {line}" for each in add for line in _pasted(each, self._names))
        if problem.needed_by:
            yield from self._wrapped(f"needed by {', '.join(problem.needed_by)}", "      ", "        ")
        yield from [f"    {problem.page}"] if problem.page else []


def _pasted(statement: Mapping[str, Any], names: Names) -> list[str]:
    """Return the lines of a statement, never wrapped: it is there to be copied."""
    return names.short(json.dumps(statement, indent=2)).splitlines()


def wrapped(text: str, indent: str, further: str | None = None, width: int = WIDTH) -> list[str]:
    """Return a text in lines, its words whole: a name that is longer than a line has one of its own."""
    further = indent if further is None else further
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=further,
        break_on_hyphens=False,
        break_long_words=False,
    )
