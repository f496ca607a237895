"""Findings in the CDK's terms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import aws_cdk as cdk

from .._access.grouping import Names, rows
from .._access.model import Problem
from .._access.report import AccessReport
from .._access.rules import rule_of
from .._access.text import finding, next_step
from .._assembly.declarations import Declaration, Declarations
from .._assembly.manifest import Assembly

ERROR, WARNING = "error", "warning"
APP = cdk.PolicyViolatingResource(construct_path="", locations=[])


class Violations:
    """The findings of a report as violations, at the constructs that they concern."""

    def __init__(self, assemblies: Sequence[Assembly]) -> None:
        self._declarations = Declarations(assemblies)

    def of(self, report: AccessReport) -> Iterator[cdk.PolicyViolation]:
        """Yield all that a report has."""
        names = Names(report.names)
        for entries, severity in ((report.missing, ERROR), (report.excess, WARNING), (report.undecided, WARNING)):
            for row in rows(entries):
                declared = self._declarations.of(*row.entries)
                text, fix = finding(row, names), next_step(row, names)
                yield from self._violation(rule_of(row.first), severity, text, fix, declared, row.first.page)
        for problem in report.problems:
            yield from self._of_problem(problem, names)

    def _of_problem(self, problem: Problem, names: Names) -> Iterator[cdk.PolicyViolation]:
        severity = WARNING if problem.is_warning else ERROR
        says, fix = names.short(problem.says), names.short(problem.fix)
        text = f"{says} (needed by {', '.join(problem.needed_by)})" if problem.needed_by else says
        declared = self._declarations.of(problem)
        yield from self._violation(rule_of(problem), severity, text, fix, declared, problem.page)

    def _violation(
        self, rule: str, severity: str, text: str, fix: str, declared: list[Declaration], page: str
    ) -> Iterator[cdk.PolicyViolation]:
        places = self.places_of(rule, declared)
        if places:
            yield cdk.PolicyViolation(
                rule_name=rule,
                severity=severity,
                description=text,
                fix=f"{fix} ({page})" if page else fix or None,
                violating_resources=places,
            )

    def places_of(self, rule: str, found: Sequence[Declaration]) -> list[cdk.PolicyViolatingResource]:
        """Return where a rule is broken, if the violation counts; the app, where it is of no construct."""
        return [_place(each) for each in found] or [APP]


def _place(declaration: Declaration) -> cdk.PolicyViolatingResource:
    if declaration.logical_id is None:
        return cdk.PolicyViolatingResource(construct_path=declaration.name, locations=[])
    path = str(declaration.template.path)
    return cdk.PolicyViolatingResource(resource_logical_id=declaration.logical_id, template_path=path, locations=[])


def violation_of_app(rule: str, severity: str, text: str) -> cdk.PolicyViolation:
    """Return a violation that is of no construct."""
    return cdk.PolicyViolation(rule_name=rule, severity=severity, description=text, violating_resources=[APP])


def plugin_report(violations: list[cdk.PolicyViolation]) -> cdk.PolicyValidationPluginReport:
    """Return what a plugin hands to the CDK."""
    success = all(each.severity != ERROR for each in violations)
    return cdk.PolicyValidationPluginReport(success=success, violations=violations)
