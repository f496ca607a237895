"""The report for a terminal: a mark a line, and a next step for each finding."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from .causes import MAY_BE_TOO_MUCH, policy_of_whom
from .entries import AccessFindings, Allowed, Entry, Excess, Missing, Undecided
from .grouping import Names, Row, by_subject, rows, who
from .model import Problem
from .pasting import has_placeholders, pasted

WIDTH = 100
MARKS = {Allowed: "✔", Missing: "✘", Excess: "!", Undecided: "?"}

_NOTHING = (
    "Amazon Personalize is asked for nothing that can be seen, so nothing was checked: no resource, state machine, "
    "schedule, custom resource or construct of the app asks for anything. Calls from a Lambda function or from outside "
    "of the app can't be seen: say what they create, by declare_created in the app or by --created"
)
_NOT_KNOWN = "Amazon Personalize is asked for something that can't be seen: what is undecided says where"


def text_report(report: AccessFindings, *, width: int = WIDTH, quiet: bool = False) -> str:
    """Return the report in lines.

    Args:
        report: the findings.
        width: how long a line may be; statements and addresses aren't wrapped, and no name is broken.
        quiet: whether to leave out what is as AWS's pages ask.
    """
    return "\n".join(_Text(report, width, quiet).lines()) + "\n"


class _Text:
    """A report in lines."""

    def __init__(self, report: AccessFindings, width: int, quiet: bool) -> None:
        self._report = report
        self._names = Names(report.names)
        self._width = width
        self._quiet = quiet

    def lines(self) -> Iterator[str]:
        report = self._report
        if report.deployed:
            yield from self._wrapped(f"dataset group {report.deployed}", "")
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
            yield from self._heading(kind, arn)
            told: list[str] = []
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
        if report.without_key:
            yield from self._wrapped(without_key(report), "")
        elif not report.asked:
            yield from self._wrapped(_NOT_KNOWN if report.undecided else _NOTHING, "")

    def _heading(self, kind: str, arn: str) -> Iterator[str]:
        yield from self._wrapped(f"{kind} {self._names.of(arn)}" if kind else "not known", "")
        if arn in self._names:
            yield from self._wrapped(arn, "    ")

    def _row(self, row: Row, told: list[str]) -> Iterator[str]:
        """Yield the lines of a row; a statement that was told of already isn't told again."""
        entry, names = row.first, self._names
        yield from self._wrapped(f"{MARKS[type(entry)]} {_claim(row, names)}", "  ", "      ")
        if isinstance(entry, Allowed):
            return
        yield from self._wrapped(names.short(row.because), "      ")
        if isinstance(entry, Undecided) and self._report.deployed:
            pass  # it was looked at where it is deployed
        elif isinstance(entry, Missing) and str(entry.add) in told:
            yield from self._wrapped(f"→ add to {takes(entry, names)} the statement above", "      ", "        ")
        elif isinstance(entry, Missing) and entry.add is not None:
            told.append(str(entry.add))
            add = entry.pasted(entry.add)
            yield from self._wrapped(f"→ add to {takes(entry, names)}{with_references(add)}:", "      ", "        ")
            yield from (f"        {line}" for line in _pasted(add, names))
        elif isinstance(entry, Excess):
            instead = row.pasted
            end = f"{with_references(instead)}:" if instead else ""
            yield from self._wrapped(f"→ {names.short(entry.fix)}{end}", "      ", "        ")
            yield from (f"        {line}" for each in instead for line in _pasted(each, names))
        else:
            yield from self._wrapped(f"→ {next_step(row, names)}", "      ", "        ")
        if isinstance(entry, Missing) and entry.file:
            yield from self._wrapped(f"→ or {pending(entry)}, which the synth wrote", "      ", "        ")
        if entry.principal and not isinstance(entry, Excess):
            yield from self._wrapped(f"needed by {', '.join(row.needed_by)}", "      ", "        ")
        yield from (f"    {page}" for page in row.pages)

    def _problem(self, problem: Problem) -> Iterator[str]:
        mark = "!" if problem.is_warning else "✘"
        yield from self._wrapped(f"{mark} {problem.kind}: {self._names.short(problem.message)}", "  ", "      ")
        add = pasted(problem.add, problem.origins)
        yield from (f"        {line}" for each in add for line in _pasted(each, self._names))
        if problem.needed_by:
            yield from self._wrapped(f"needed by {', '.join(problem.needed_by)}", "      ", "        ")
        yield from [f"    {problem.page}"] if problem.page else []

    def _wrapped(self, text: str, indent: str, further: str | None = None) -> list[str]:
        return wrapped(text, indent, further, self._width)


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


def left_out(report: AccessFindings) -> str:
    """Return the words for the findings that the counts leave out."""
    if not report.left_out:
        return ""
    return f"{_count(report.left_out, 'finding')} left out, acknowledged in the app or ignored"


def without_key(report: AccessFindings) -> str:
    """Return the words for the dataset groups that ask for nothing."""
    have, them = ("has", "it") if len(report.without_key) == 1 else ("have", "them")
    groups = ", ".join(report.without_key)
    return f"{groups} {have} no key of yours: Personalize encrypts {them} with its own, and asks for nothing"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def finding(row: Row, names: Names) -> str:
    """Return what is found and why, in one sentence."""
    return f"{_claim(row, names)}: {names.short(row.because)}"


def _claim(row: Row, names: Names) -> str:
    entry = row.first
    if not entry.principal:
        return ", ".join(row.needed_by)
    is_allowed = isinstance(entry, Allowed)
    what = []
    for actions, resources in row.actions_on:
        on = names.short(", ".join(filter(None, row.within(resources) if is_allowed else resources)))
        what.append(f"{', '.join(actions)}{f' on {on}' if on else ''}")
    told = {Allowed: "may", Missing: "lacks", Excess: "may", Undecided: "may have or lack"}[type(entry)]
    if entry.cause in MAY_BE_TOO_MUCH:
        told = "may have without need"
    start = "too much: " if isinstance(entry, Excess) else ""
    return f"{start}{who(entry, names)} {told} {', '.join(what)} ({row.where})"


def next_step(row: Row, names: Names) -> str:
    """Return what to do about it, in one sentence; for what is missing, the statement follows."""
    entry = row.first
    if isinstance(entry, Missing) and entry.add is not None:
        add = entry.pasted(entry.add)
        return f"add to {takes(entry, names)}{with_references(add)}: {names.short(json.dumps(add))}"
    if isinstance(entry, Excess):
        statements = "; ".join(json.dumps(each) for each in row.pasted)
        return names.short(f"{entry.fix}: {statements}" if statements else entry.fix)
    if isinstance(entry, Missing):
        return names.short(entry.reason.remedy)
    return look(entry)


def look(entry: Entry) -> str:
    """Return what to do about something that is undecided."""
    if entry.file:
        return f"{pending(entry)}, then look at it where it is deployed, with personalize-kms doctor"
    if entry.reason.remedy:
        return entry.reason.remedy
    return "look at it where it is deployed, with personalize-kms doctor, or make it part of the app"


def pending(entry: Entry) -> str:
    """Say where the statements are that somebody else has to add."""
    return f"have its owner add the statements in {entry.file}"


def with_references(statement: Any) -> str:
    """Return the words for a statement with placeholders, which no template takes as they are."""
    return ", with values in the place of ${…}" if has_placeholders(statement) else ""


def _pasted(statement: Mapping[str, Any], names: Names) -> list[str]:
    """Return the lines of a statement, never wrapped: it is there to be copied."""
    return names.short(json.dumps(statement, indent=2)).splitlines()


def takes(entry: Entry, names: Names) -> str:
    """Say which policy takes the statement of an entry, or which resource has to be made for it."""
    kind, whom = (entry.add_to, entry.add_to_whom) if isinstance(entry, Missing) else (entry.policy, entry.policy_of)
    made = f", an {entry.make} that has to be made" if entry.make else ""
    return f"{policy_of_whom(kind, names.of(whom))}{made}"


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
