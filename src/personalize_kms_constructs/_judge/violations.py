"""Findings in the CDK's terms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import aws_cdk as cdk

from .._access.findings import findings_of
from .._access.report import AccessReport
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
        for found in findings_of(report):
            places = self.places_of(found.rule, self._declarations.of(*found.about))
            if places:
                yield cdk.PolicyViolation(
                    rule_name=found.rule,
                    severity=ERROR if found.is_error else WARNING,
                    description=found.text,
                    fix=f"{found.fix} ({found.page})" if found.page else found.fix or None,
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
