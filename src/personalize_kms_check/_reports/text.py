"""The report for a terminal: a line for each finding, and a block for each policy to change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from .._model.report import AccessReport
from .line_numbers import LineNumbers
from .report_lines import Line, lines_of
from .short_names import Names
from .words import heading, left_out, sentences, summary, title


def report_of(report: AccessReport, *, quiet: bool = False) -> str:
    blocks = [*blocks_of_findings(report, quiet=quiet)]
    if not quiet:
        blocks.append([summary(report), *left_out(report)])
    return joined(blocks)


def joined(blocks: Iterable[list[str]]) -> str:
    texts = ["".join(f"{line}\n" for line in block) for block in blocks]
    return "\n".join(filter(None, texts))


def blocks_of_findings(report: AccessReport, *, quiet: bool) -> Iterator[list[str]]:
    names, numbers = Names(report.names), LineNumbers()
    lines = lines_of(report)
    texts, remedies = sentences(lines)
    if quiet:
        texts = [line.text for line in lines]
    locations = [_location(line, numbers, with_assemblies=report.apps > 1) for line in lines]
    width = max(map(len, locations), default=0)
    findings = []
    for line, location, sentence in zip(lines, locations, texts, strict=True):
        start = f"{line.mark} {location.ljust(width)}  " if width else f"{line.mark} "
        findings.append(f"{start}{sentence}")
    if quiet:
        yield findings
        return
    yield heading(report)
    yield findings
    yield remedies
    for policy in report.policies:
        end = ":" if policy.should_have else ""
        yield [
            f"{title(policy, names)}{end}",
            *(f"  {json.dumps(statement)}" for statement in policy.should_have),
        ]


def _location(line: Line, numbers: LineNumbers, *, with_assemblies: bool) -> str:
    """Return file and line, or nothing in a single app of the CDK, whose names are paths."""
    if not line.to_change:
        return ""
    declared = line.to_change[0]
    return "" if declared.is_of_cdk and not with_assemblies else numbers.place_of(declared)
