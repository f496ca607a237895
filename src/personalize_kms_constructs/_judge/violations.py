"""Findings in the CDK's terms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import aws_cdk as cdk

from .._access.entries import Entry, Excess, Missing
from .._access.grouping import Names, rows
from .._access.model import Problem
from .._access.report import AccessReport
from .._access.text import finding, next_step
from .._access.values import shown
from .._assembly.manifest import Assembly
from .._assembly.templates import Template

ERROR, WARNING = "error", "warning"
UNDECIDED = "Personalize::Undecided"
CONFIGURATION = "Personalize::Configuration"

_RULES: dict[tuple[type[Entry], str], str] = {
    **{(Missing, policy): f"Personalize::Missing{policy.capitalize()}Access" for policy in ("key", "role", "bucket")},
    **{(Excess, policy): f"Personalize::Excess{policy.capitalize()}Access" for policy in ("key", "role", "bucket")},
    (Excess, "trust"): "Personalize::Trust",
}
RULES = sorted(
    {
        *_RULES.values(),
        *(f"Personalize::{kind}" for kind in ("Configuration", "Limit", "Ordering", "Trust", "Undecided")),
    }
)

APP = cdk.PolicyViolatingResource(construct_path="", locations=[])


@dataclass(frozen=True)
class Declaration:
    """A resource of a template, or a construct that stands for one."""

    template: Template
    name: str
    """The logical id, or the construct's path."""

    @property
    def place(self) -> cdk.PolicyViolatingResource:
        """It in the CDK's terms."""
        if self.name in self.template.resources:
            path = str(self.template.path)
            return cdk.PolicyViolatingResource(resource_logical_id=self.name, template_path=path, locations=[])
        return cdk.PolicyViolatingResource(construct_path=self.name, locations=[])

    @property
    def construct_path(self) -> str:
        """The path of the construct."""
        return self.template.paths.get(self.name, self.name)


class Violations:
    """The findings of a report as violations, at the constructs that they concern."""

    def __init__(self, assemblies: Sequence[Assembly]) -> None:
        templates = [each for assembly in assemblies for top in assembly.templates for each in top.with_nested()]
        self._templates = {str(template.path): template for template in templates}

    def of(self, report: AccessReport) -> Iterator[cdk.PolicyViolation]:
        """Yield all that a report has."""
        names = Names(report.names)
        for entries, severity in ((report.missing, ERROR), (report.excess, WARNING), (report.undecided, WARNING)):
            for row in rows(entries):
                declared = dict.fromkeys(each for entry in row.entries for each in _declared(entry))
                rule = _RULES.get((type(row.first), row.first.policy), UNDECIDED)
                text, fix = finding(row, names), next_step(row, names)
                yield from self._violation(rule, severity, text, fix, declared, row.first.page)
        for problem in report.problems:
            yield from self._of_problem(problem, names)

    def _of_problem(self, problem: Problem, names: Names) -> Iterator[cdk.PolicyViolation]:
        severity = WARNING if problem.is_warning else ERROR
        says, fix = names.short(problem.says), names.short(problem.fix)
        text = f"{says} (needed by {', '.join(problem.needed_by)})" if problem.needed_by else says
        rule = f"Personalize::{problem.kind.capitalize()}"
        yield from self._violation(rule, severity, text, fix, _declared(problem), problem.page)

    def _violation(
        self, rule: str, severity: str, text: str, fix: str, declared: Iterable[str], page: str
    ) -> Iterator[cdk.PolicyViolation]:
        places = self.places_of(rule, [self._declaration(each) for each in declared if each])
        if places:
            yield cdk.PolicyViolation(
                rule_name=rule,
                severity=severity,
                description=shown(text),
                fix=f"{shown(fix)} ({page})" if page else shown(fix) or None,
                violating_resources=places,
            )

    def _declaration(self, declared: str) -> Declaration:
        path, _, name = declared.partition(".template.json#")
        return Declaration(self._templates[f"{path}.template.json"], name)

    def places_of(self, rule: str, found: Sequence[Declaration]) -> list[cdk.PolicyViolatingResource]:
        """Return where a rule is broken, if the violation counts; the app, where it is of no construct."""
        return [each.place for each in found] or [APP]


def _declared(of: Entry | Problem) -> Iterable[str]:
    return of.declared or list(dict.fromkeys(each.declared for each in of.asked))


def violation_of_app(rule: str, severity: str, text: str) -> cdk.PolicyViolation:
    """Return a violation that is of no construct."""
    return cdk.PolicyViolation(rule_name=rule, severity=severity, description=text, violating_resources=[APP])


def plugin_report(violations: list[cdk.PolicyViolation]) -> cdk.PolicyValidationPluginReport:
    """Return what a plugin hands to the CDK."""
    success = all(each.severity != ERROR for each in violations)
    return cdk.PolicyValidationPluginReport(success=success, violations=violations)
