"""Findings of validation plugins, read from the report that the CDK writes beside the templates."""

import json
from pathlib import Path

import aws_cdk as cdk

# Errors would otherwise end the synth with an exception that has them as text.
REPORT_ONLY = {"@aws-cdk/core:failSynthOnValidationErrors": False}


def findings(app: cdk.App, plugin: str) -> list[tuple[str, str, str]]:
    """The severity, rule and construct path of all that the plugin finds in the app."""
    report = json.loads((Path(app.synth().directory) / "validation-report.json").read_text())
    # A plugin that found nothing isn't in the report.
    reports = [report for report in report["pluginReports"] if report["pluginName"] == plugin]
    all_findings = []
    for report in reports:
        if "error" in report.get("metadata", {}):
            raise AssertionError(report["metadata"]["error"])
        for violation in report["violations"]:
            start = violation["severity"], violation["ruleName"]
            for construct in violation["violatingConstructs"]:
                all_findings.append((*start, construct["constructPath"]))
    return all_findings
