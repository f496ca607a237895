"""The report for a terminal: a line for each finding, and a block for each policy to change."""

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
    names, lines = Names(report.names), Lines()
    if report.assumed:
        yield assumed(report)
    findings = findings_of(report)
    locations = []
    for finding in findings:
        locations.append(_location(finding, lines, with_assemblies=report.apps > 1))
    width = max(map(len, locations), default=0)
    for finding, location in zip(findings, locations, strict=True):
        start = f"{finding.mark} {location.ljust(width)}  " if width else f"{finding.mark} "
        yield f"{start}{finding.sentence}"
    if not quiet:
        for policy in report.policies:
            yield ""
            yield f"{title(policy, names)}{':' if policy.should_have else ''}"
            for statement in policy.should_have:
                yield f"  {json.dumps(statement)}"
    if findings and not (quiet and report.asked):
        yield ""
    if nothing := asks_nothing(report):
        yield f"{nothing}."
    yield summary(report)
    if left := left_out(report):
        yield left


def _location(finding: Finding, lines: Lines, *, with_assemblies: bool) -> str:
    """Return file and line of the resource to change.

    It is empty in a single app of the CDK, whose names are paths.
    """
    if not finding.to_change:
        return ""
    declared = finding.to_change[0]
    is_of_cdk = declared.template.endswith(".template.json")
    return "" if is_of_cdk and not with_assemblies else lines.shown(declared)
