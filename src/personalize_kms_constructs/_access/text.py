"""The report for a terminal: one line a finding, and a block for each policy to change."""

from __future__ import annotations

import json
from collections.abc import Iterator

from .findings import Finding, findings_of
from .lines import Lines
from .outcome import AccessFindings
from .short_names import Names
from .words import asks_nothing, assumed, left_out, summary, title


def text_report(report: AccessFindings, *, quiet: bool = False) -> str:
    """Return the report in lines."""
    return "\n".join(_lines(report, quiet=quiet)) + "\n"


def _lines(report: AccessFindings, *, quiet: bool) -> Iterator[str]:
    names, places = Names(report.names), Lines()
    if report.assumed:
        yield assumed(report)
    findings = findings_of(report)
    places_of = [_place(finding, places, with_assemblies=report.apps > 1) for finding in findings]
    width = max(map(len, places_of), default=0)
    for finding, place in zip(findings, places_of, strict=True):
        start = f"{finding.mark} {place.ljust(width)}  " if width else f"{finding.mark} "
        fix = f": {finding.fix}" if finding.fix and not finding.policies else ""
        yield f"{start}{finding.text}{fix}"
    for policy in () if quiet else report.policies:
        yield ""
        yield f"{title(policy, names)}{':' if policy.should_have else ''}"
        yield from (f"  {json.dumps(statement)}" for statement in policy.should_have)
    if findings and not (quiet and report.asked):
        yield ""
    if nothing := asks_nothing(report):
        yield f"{nothing}."
    yield summary(report)
    if left := left_out(report):
        yield left


def _place(finding: Finding, lines: Lines, *, with_assemblies: bool) -> str:
    """Return file and line of what has to change; nothing in a single app of the CDK, whose names are paths."""
    declared = next(iter(finding.to_change), None)
    if declared is None or (declared.template.endswith(".template.json") and not with_assemblies):
        return ""
    return lines.shown(declared)
