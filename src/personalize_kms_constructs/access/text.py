"""The report for a terminal: a mark a line, and a next step for each finding."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .entries import Allowed, Entry, Excess, Missing, Undecided
from .grouping import Row, by_subject, rows, short

if TYPE_CHECKING:
    from .report import AccessReport

WIDTH = 100
MARKS = {Allowed: "✔", Missing: "✘", Excess: "!", Undecided: "?"}
_POLICIES = {
    "key": "key policy",
    "role": "IAM policies of the role",
    "bucket": "bucket policy",
    "trust": "trust policy",
}


def text_report(report: AccessReport) -> str:
    """Return the report in lines of at most 100 characters."""
    lines = [*_wrapped(f"Amazon Personalize's access, for {_count(len(report.asked), 'request')}:", "")]
    lines += [line for asked in report.asked for line in _wrapped(asked, "  ")]
    if not report.asked:
        lines.append("  nothing: no resource, job or construct asks Personalize for anything")
    entries: list[Entry] = [*report.missing, *report.excess, *report.undecided, *report.allowed]
    for (kind, arn), found in by_subject(entries).items():
        lines += ["", *_heading(kind, arn, report)]
        for row in rows(found):
            lines += _row(row, report)
    if report.problems:
        lines += ["", "problems"]
        for problem in report.problems:
            lines += _wrapped(f"✘ {problem.kind}: {short(problem.message, report.names)}", "  ", "    ")
            if problem.page:
                lines += _wrapped(problem.page, "      ")
    lines += ["", *_wrapped(summary(report), "")]
    return "\n".join(lines) + "\n"


def summary(report: AccessReport) -> str:
    """Return the counts in one line."""
    return (
        f"{len(report.missing)} missing, {_count(len(report.problems), 'problem')}, {len(report.excess)} too much, "
        f"{len(report.undecided)} undecided, {len(report.allowed)} as AWS's pages ask"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _heading(kind: str, arn: str, report: AccessReport) -> Iterator[str]:
    if not kind:
        yield "not known"
        return
    name = report.names.get(arn)
    yield from _wrapped(f"{kind} {name or arn}", "")
    if name is not None and name != arn:
        yield from _wrapped(arn, "    ")


def _row(row: Row, report: AccessReport) -> Iterator[str]:
    entry, names = row.first, report.names
    who = f"role {names.get(entry.principal_arn, entry.principal_arn)}" if entry.principal == "role" else "Personalize"
    policy = _POLICIES.get(entry.policy, "")
    actions = ", ".join(row.actions)
    resources = short(", ".join(row.resources), names)
    mark = MARKS[type(entry)]
    if isinstance(entry, Allowed):
        yield from _wrapped(f"{mark} {who} may {actions} ({policy})", "  ", "      ")
        return
    if not entry.principal:
        yield from _wrapped(f"{mark} {', '.join(entry.needed_by)}: {short(entry.because, names)}", "  ", "      ")
        yield from _wrapped("→ look at it where it is deployed, or put it into the app", "      ", "        ")
        return
    told = {Missing: "lacks", Excess: "needs no", Undecided: "may or may not have"}[type(entry)]
    yield from _wrapped(f"{mark} {who} {told} {actions} on {resources} ({policy})", "  ", "      ")
    yield from _wrapped(short(entry.because, names), "      ")
    if not isinstance(entry, Excess):
        yield from _wrapped(f"needed by {', '.join(entry.needed_by)}", "      ", "        ")
    yield from _next_step(row, report)
    yield from _wrapped(entry.page, "      ")


def _next_step(row: Row, report: AccessReport) -> Iterator[str]:
    entry, names = row.first, report.names
    if isinstance(entry, Missing) and row.add is not None:
        of = names.get(entry.policy_of, entry.policy_of)
        where = f"an IAM policy of role {names.get(entry.principal_arn, entry.principal_arn)}"
        if entry.add_to != "role":
            where = f"the {_POLICIES[entry.add_to]} of {of}"
        yield from _wrapped(f"→ add to {where}:", "      ", "        ")
        for line in json.dumps(row.add, indent=2).splitlines():
            yield from _wrapped(short(line, names), "        ", keep_space=True)
    elif isinstance(entry, Missing):
        yield from _wrapped("→ narrow that denial: no further permission helps against it", "      ", "        ")
    elif isinstance(entry, Excess):
        yield from _wrapped(f"→ {short(entry.fix, names)}", "      ", "        ")
    else:
        yield from _wrapped(
            "→ look at the policy where it is deployed, or put what is open into the app", "      ", "        "
        )


def _wrapped(text: str, indent: str, further: str | None = None, *, keep_space: bool = False) -> list[str]:
    if keep_space:
        indent += text[: len(text) - len(text.lstrip())]
        text = text.lstrip()
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent if further is None else further,
        break_long_words=True,
        break_on_hyphens=False,
    )
