"""Findings in the CDK's terms: violations, with the constructs or resources that break a rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from constructs import Node

from personalize_kms_check._judging import (
    ACKNOWLEDGED,
    CONFIGURATION,
    UNDECIDED,
    UNENCRYPTED,
    AccessReport,
    Declaration,
    ReadApp,
    Resource,
    less,
    with_remedies,
)

from .policy_files import policy_files

if TYPE_CHECKING:
    from personalize_kms_check._judging import Line

ERROR, WARNING = "error", "warning"
_SET_A_KEY = "set its KmsKeyArn and RoleArn before it is deployed; later it takes a second group"
_NOT_YOURS = (
    "if the construct writes this policy, mend the aspect or override that took its statements "
    "out, or use the construct that made the dataset group"
)
_APP = cdk.PolicyViolatingResource(construct_path="", locations=[])


def judge(context: cdk.IPolicyValidationContext) -> list[cdk.PolicyViolation]:
    """Return the certain findings, none of them pending, that constructs of ours answer for.

    It never raises: the CLI takes a plugin that raises for a plugin without findings.
    """
    try:
        app = _read_app(context)
        violations = violations_of(app.certain(), context.app_construct)
        violations += unencrypted_groups(app.without_key(), context.app_construct)
        for text in app.unreadable(only_ours=True):
            violations.append(violation_of_app(UNDECIDED, WARNING, text))
        for text in app.wrong_policies:
            violations.append(violation_of_app(CONFIGURATION, ERROR, text))
        return violations
    except Exception as error:
        text = f"what Personalize may do could not be judged: {type(error).__name__}: {error}"
        return [violation_of_app(UNDECIDED, WARNING, text)]


def check_everything(
    context: cdk.IPolicyValidationContext, *, is_judged: bool
) -> list[cdk.PolicyViolation]:
    """Return all findings, but for those that the judge reports."""
    app = _read_app(context)
    of_judge = app.certain() if is_judged else AccessReport()
    violations = violations_of(less(app.everything(), of_judge))
    wrong_policies = [] if is_judged else app.wrong_policies
    for text in (*app.unreadable(only_ours=False), *wrong_policies):
        violations.append(violation_of_app(CONFIGURATION, ERROR, text))
    return violations


def _read_app(context: cdk.IPolicyValidationContext) -> ReadApp:
    return ReadApp(context.template_paths, policy_files(context.app_construct))


def violations_of(report: AccessReport, app: Any = None) -> list[cdk.PolicyViolation]:
    """Return the findings of a report as violations.

    With an app they count in every synth of it, and acknowledged findings are left out.
    """
    violations: list[cdk.PolicyViolation] = []
    for line, fix in with_remedies(report):
        # A construct asks for what its dataset groups ask for, and the CDK prints all places apart.
        places = line.found_at
        outermost = [place for place in places if not any(map(place.is_below, places))]
        resources = _violating_resources(outermost)
        if app is not None:
            resources = _counted_resources(app, line.rule, outermost)
        if not resources:
            continue
        shown = [] if resources == [_APP] else outermost
        text = line.text + _paths_to_add(line, shown)
        if fix and line.page:
            fix = f"{fix} ({line.page})"
        if app is not None and line.policies:
            fix = f"{_NOT_YOURS}; else, {fix}"
        severity = ERROR if line.level == ERROR else WARNING
        fix = fix or line.page
        violations.append(_violation(line.rule, severity, text, resources, fix))
    return violations


def _violation(
    rule: str,
    severity: str,
    text: str,
    resources: list[cdk.PolicyViolatingResource],
    fix: str = "",
) -> cdk.PolicyViolation:
    return cdk.PolicyViolation(
        rule_name=rule,
        severity=severity,
        description=text,
        fix=fix or None,
        violating_resources=resources,
    )


def _paths_to_add(line: Line, shown: Sequence[Declaration]) -> str:
    """Return the construct paths that neither places nor text have, to put after the text."""
    paths: list[str] = []
    for declaration in line.found_at:
        path = declaration.construct_path.removesuffix("/Resource")
        if declaration not in shown and path not in line.text and path not in paths:
            paths.append(path)
    return f" (at {', '.join(paths)})" if paths else ""


def violation_of_app(rule: str, severity: str, text: str) -> cdk.PolicyViolation:
    """Return a violation that is of no construct."""
    return _violation(rule, severity, text, [_APP])


def unencrypted_groups(groups: Iterable[Resource], app: Any) -> list[cdk.PolicyViolation]:
    """Return a warning for each dataset group without a key, which may have been forgotten."""
    violations: list[cdk.PolicyViolation] = []
    for group in groups:
        resources = _counted_resources(app, UNENCRYPTED, [group.declared])
        text = f"{group.path} has no key of yours: Personalize encrypts it with its own"
        if resources:
            violations.append(_violation(UNENCRYPTED, WARNING, text, resources, _SET_A_KEY))
    return violations


def _counted_resources(
    app: Any, rule: str, declarations: Sequence[Declaration]
) -> list[cdk.PolicyViolatingResource]:
    """Return the resources that break a rule, so that they count in every synth.

    The CLI counts violations of the stacks that are selected, and a plain ``cdk synth`` selects no
    stack of a stage. Violations of the app itself always count, but the CLI looks for their
    acknowledgements at the app alone; so acknowledged ones are left out here.
    """
    left: list[Declaration] = []
    for declaration in declarations:
        if not _is_acknowledged(app.node, rule, declaration.construct_path):
            left.append(declaration)
    if declarations and not left:
        return []
    directory = Path(app.outdir).resolve()
    for declaration in left:
        if Path(declaration.template).parent.resolve() != directory:
            return [_APP]
    return _violating_resources(left)


def _is_acknowledged(node: Node, rule: str, path: str) -> bool:
    """Report whether a rule is acknowledged at a construct or above it."""
    nodes = [node]
    for name in filter(None, path.split("/")):
        child = nodes[-1].try_find_child(name)
        if child is None:
            break
        nodes.append(child.node)
    return any(_acknowledges(above, rule) for above in nodes)


def _acknowledges(node: Node, rule: str) -> bool:
    acknowledged = (entry.data or {} for entry in node.metadata if entry.type == ACKNOWLEDGED)
    return any(rule in rules for rules in acknowledged)


def _violating_resources(
    declarations: Sequence[Declaration],
) -> list[cdk.PolicyViolatingResource]:
    """Return the resources of declarations: the app, where there are no declarations."""
    return [_violating_resource(declaration) for declaration in declarations] or [_APP]


def _violating_resource(declaration: Declaration) -> cdk.PolicyViolatingResource:
    path, construct_path, logical_id = declaration
    if logical_id:
        return cdk.PolicyViolatingResource(
            resource_logical_id=logical_id, template_path=path, locations=[]
        )
    return cdk.PolicyViolatingResource(construct_path=construct_path, locations=[])


def plugin_report(violations: list[cdk.PolicyViolation]) -> cdk.PolicyValidationPluginReport:
    """Return the report that a plugin hands to the CDK."""
    success = all(violation.severity != ERROR for violation in violations)
    return cdk.PolicyValidationPluginReport(success=success, violations=violations)
