"""The report on the permissions required by AWS's pages, in all forms."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from .._model.finding import Finding
from .._model.policy_to_change import PolicyToChange
from .._shared.values import shown
from .outcome import AccessFindings


class AccessReport(AccessFindings):
    """The findings on the keys and buckets in requests to Personalize.

    Permissions are missing, too much, undecided or allowed; problems are everything else.
    """

    def to_json(self) -> str:
        """Return the report as JSON: the same for the same input, sorted, and without a date."""
        return shown(json.dumps(as_data(self), indent=2, ensure_ascii=False)) + "\n"

    def to_text(self, *, quiet: bool = False) -> str:
        """Return the report for a terminal: a line for each finding, then the policies to change.

        Args:
            quiet: True to leave out the policies.
        """
        # Saves time: a clean synth shows no report.
        from .text import text_report

        return shown(text_report(self, quiet=quiet))

    def to_markdown(self, *, quiet: bool = False) -> str:
        """Return the report for a pull request: a table of findings, then the policies to change.

        Args:
            quiet: True to leave out the policies.
        """
        # Saves time: a clean synth shows no report.
        from .markdown import markdown_report

        return shown(markdown_report(self, quiet=quiet))


def as_data(report: AccessFindings) -> dict[str, Any]:
    """Return a report as JSON has it."""
    return {
        "asked": list(report.asked),
        "missing": _json_of(report.missing),
        "excess": _json_of(report.excess),
        "undecided": _json_of(report.undecided),
        "problems": _json_of(report.problems),
        "allowed": _json_of(report.allowed),
        "policies": _json_of(report.policies),
        "without_key": list(report.without_key),
        "left_out": report.left_out,
        "names": dict(report.names),
        "assumed": dict(report.assumed),
    }


def _json_of(items: Iterable[Finding | PolicyToChange]) -> list[dict[str, Any]]:
    return [item.to_json() for item in items]


def merged(reports: Iterable[AccessReport]) -> AccessReport:
    """Return a report with the findings of several reports, each once."""
    parts = list(reports)
    if len(parts) == 1:
        return parts[0]
    policies: list[PolicyToChange] = []
    asked: set[str] = set()
    without_key: set[str] = set()
    names: dict[str, str] = {}
    assumed: dict[str, str] = {}
    left_out = 0
    for report in parts:
        left_out += report.left_out
        policies += report.policies
        asked.update(report.asked)
        without_key.update(report.without_key)
        names |= report.names
        assumed |= report.assumed
    policies.sort(key=lambda policy: (policy.policy_of, policy.policy, policy.declared))
    return AccessReport(
        in_order(_each_once(parts)),
        policies=tuple(policies),
        asked=tuple(sorted(asked)),
        without_key=tuple(sorted(without_key)),
        names=names,
        assumed=assumed,
        left_out=left_out,
    )


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings in the order of reports, and problems with the same text once."""
    permissions, problems = [], {}
    for finding in findings:
        if finding.is_problem:
            words = (finding.kind, tuple(finding.needed_by), finding.message)
            problems[words, finding.found_at] = finding
        else:
            permissions.append(finding)
    permissions.sort(key=Finding.sort_key)
    return (*permissions, *(problems[identity] for identity in sorted(problems)))


def _each_once(reports: Iterable[AccessReport]) -> list[Finding]:
    by_identity = {}
    for report in reports:
        for finding in report.findings:
            words = (*finding.sort_key(), *finding.needed_by, finding.message)
            # Two apps may have constructs of the same paths.
            by_identity[words, finding.found_at, finding.kind] = finding
    return [by_identity[identity] for identity in sorted(by_identity)]
