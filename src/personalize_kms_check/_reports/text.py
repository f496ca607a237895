"""The report for a terminal: a line for each finding, and a block for each policy to change."""

from __future__ import annotations

import json
from collections.abc import Iterator

from .line_numbers import LineNumbers
from .outcome import AccessFindings
from .report_lines import Line, lines_of
from .short_names import Names
from .words import asks_nothing, assumed, left_out, summary, title


def text_report(report: AccessFindings, *, quiet: bool = False) -> str:
    """Return the report in lines."""
    return "\n".join(_lines(report, quiet=quiet)) + "\n"


def _lines(report: AccessFindings, *, quiet: bool) -> Iterator[str]:
    names, numbers = Names(report.names), LineNumbers()
    if report.assumed:
        yield assumed(report)
    lines = lines_of(report)
    locations = []
    for line in lines:
        locations.append(_location(line, numbers, with_assemblies=report.apps > 1))
    width = max(map(len, locations), default=0)
    for line, location in zip(lines, locations, strict=True):
        start = f"{line.mark} {location.ljust(width)}  " if width else f"{line.mark} "
        yield f"{start}{line.sentence}"
    if not quiet:
        for policy in report.policies:
            yield ""
            yield f"{title(policy, names)}{':' if policy.should_have else ''}"
            for statement in policy.should_have:
                yield f"  {json.dumps(statement)}"
    if lines and not (quiet and report.asked):
        yield ""
    if nothing := asks_nothing(report):
        yield f"{nothing}."
    yield summary(report)
    if left := left_out(report):
        yield left


def _location(line: Line, numbers: LineNumbers, *, with_assemblies: bool) -> str:
    """Return file and line of the resource to change.

    It is empty in a single app of the CDK, whose names are paths.
    """
    if not line.to_change:
        return ""
    declared = line.to_change[0]
    is_of_cdk = declared.template.endswith(".template.json")
    return "" if is_of_cdk and not with_assemblies else numbers.shown(declared)
