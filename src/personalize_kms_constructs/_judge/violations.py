"""Findings in the CDK's terms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import aws_cdk as cdk

from .._access.declarations import Declaration
from .._access.findings import findings_of
from .._access.report import AccessReport

ERROR, WARNING = "error", "warning"
APP = cdk.PolicyViolatingResource(construct_path="", locations=[])


def places_of(rule: str, found: Sequence[Declaration]) -> list[cdk.PolicyViolatingResource]:
    """Return where a rule is broken: the app, where it is of no construct."""
    return [_place(each) for each in found] or [APP]


def violations_of(
    report: AccessReport,
    places: Callable[[str, Sequence[Declaration]], list[cdk.PolicyViolatingResource]] = places_of,
) -> Iterator[cdk.PolicyViolation]:
    """Yield the findings of a report as violations, at the constructs that they concern; less those of no place."""
    for found in findings_of(report):
        if where := places(found.rule, found.found_at):
            paths = dict.fromkeys(each.construct_path.removesuffix("/Resource") for each in found.found_at)
            untold = ", ".join(path for path in paths if path not in found.text)
            yield cdk.PolicyViolation(
                rule_name=found.rule,
                severity=ERROR if found.level == ERROR else WARNING,
                description=f"{found.text} (at {untold})" if where == [APP] and untold else found.text,
                fix=f"{found.fix} ({found.page})" if found.page else found.fix or None,
                violating_resources=where,
            )


def _place(declaration: Declaration) -> cdk.PolicyViolatingResource:
    path, construct_path, logical_id = declaration
    if logical_id:
        return cdk.PolicyViolatingResource(resource_logical_id=logical_id, template_path=path, locations=[])
    return cdk.PolicyViolatingResource(construct_path=construct_path, locations=[])


def violation_of_app(rule: str, severity: str, text: str) -> cdk.PolicyViolation:
    """Return a violation that is of no construct."""
    return cdk.PolicyViolation(rule_name=rule, severity=severity, description=text, violating_resources=[APP])


def plugin_report(violations: list[cdk.PolicyViolation]) -> cdk.PolicyValidationPluginReport:
    """Return what a plugin hands to the CDK."""
    success = all(each.severity != ERROR for each in violations)
    return cdk.PolicyValidationPluginReport(success=success, violations=violations)
