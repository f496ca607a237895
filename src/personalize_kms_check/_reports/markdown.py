"""The report for a pull request or a ticket: a table of findings, and the policies to change."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from .._model.report import AccessReport
from .report_lines import Line, lines_of
from .short_names import Names
from .words import heading, left_out, sentences, summary, title

# AWS's texts may have these, which are markup in a table.
_MARKUP = re.compile(r"[|*<`]")


def report_of(report: AccessReport, *, quiet: bool = False) -> str:
    return "\n".join(_lines(report, quiet=quiet)) + "\n"


def _lines(report: AccessReport, *, quiet: bool) -> Iterator[str]:
    names, lines = Names(report.names), lines_of(report)
    texts, remedies = sentences(lines)
    yield "# Amazon Personalize's access"
    for said in (*heading(report), summary(report)):
        yield from ("", f"{_cell(said)}.")
    if lines:
        yield from ("", "| | finding | where | needed by | page |", "|---|---|---|---|---|")
    for line, sentence in zip(lines, texts, strict=True):
        yield f"| {' | '.join(_cells(line, sentence))} |"
    for remedy in remedies:
        yield from ("", _cell(remedy))
    if not quiet:
        for policy in report.policies:
            words = title(policy, names)
            titled = _cell(words[:1].upper() + words[1:])
            yield from ("", f"{titled}{':' if policy.should_have else '.'}")
            for statement in policy.should_have:
                yield from ("", "```json", json.dumps(statement, indent=2), "```")
    for said in left_out(report):
        yield from ("", f"{said}.")


def _cells(line: Line, sentence: str) -> Iterator[str]:
    yield line.mark
    yield _cell(sentence)
    places: dict[str, None] = {}
    for declared in line.to_change:
        template, name = declared.where.values()
        places[f"{_code(name)} in {_code(template)}"] = None
    yield ", ".join(places)
    needed_by: dict[str, None] = {}
    for finding in line.findings:
        needed_by |= dict.fromkeys(finding.needed_by)
    yield _cell(", ".join(needed_by))
    yield f"[AWS]({line.first.page})" if line.first.page else ""


def _code(text: str) -> str:
    return f"`{_plain(text)}`".replace("|", "\\|")


def _plain(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", _plain(text))
