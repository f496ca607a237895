"""Findings in the CDK's terms: violations of a rule, with their constructs or resources."""

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

from .._pending_files import place_of_file, policy_files

if TYPE_CHECKING:
    from personalize_kms_check._judging import Line

ERROR, WARNING = "error", "warning"
_SET_A_KEY = (
    "set its KmsKeyArn and RoleArn before it is deployed; once deployed, you need a new group"
)
_TAKEN_OUT = (
    "let no aspect, override or expression replace what the construct writes into this policy"
)
_ALLOW = "use key and role of one PersonalizeEncryption, and allow it with encryption.allow(…)"
_ADD = "add these actions to that policy: a new RoleArn would replace the dataset group"
_GRANT = "allow the caller with encryption.grant_create(…)"
_APP = cdk.PolicyViolatingResource(construct_path="", locations=[])


def judge(context: cdk.IPolicyValidationContext) -> list[cdk.PolicyViolation]:
    """Return the certain findings, none of them pending, on what constructs of ours use.

    It never raises: the CLI takes a plugin that raises for a plugin without findings.
    """
    try:
        app, root = _read_app(context, only_ours=True), context.app_construct
        lines = [(line, _remedy(line, app, root)) for line, _ in with_remedies(app.report())]
        violations = violations_of(lines, root, in_every_synth=True)
        violations += unencrypted_groups(app.without_key, root)
        for text in app.unreadable:
            violations.append(_violation(UNDECIDED, WARNING, text))
        for text in app.wrong_context:
            violations.append(_violation(CONFIGURATION, ERROR, text))
        return violations
    except Exception as error:
        text = f"what Personalize may do could not be judged: {type(error).__name__}: {error}"
        return [_violation(UNDECIDED, WARNING, text)]


def check_everything(
    context: cdk.IPolicyValidationContext, *, is_judged: bool
) -> list[cdk.PolicyViolation]:
    """Return all findings, except the judge's."""
    app, root = _read_app(context, only_ours=False), context.app_construct.node.root
    of_judge = _read_app(context, only_ours=True).report() if is_judged else AccessReport()
    lines = with_remedies(less(app.report(), of_judge))
    violations = violations_of(lines, root, in_every_synth=False)
    wrong_context = [] if is_judged else app.wrong_context
    for text in (*app.unreadable, *wrong_context):
        violations.append(_violation(CONFIGURATION, ERROR, text))
    return violations


def _read_app(context: cdk.IPolicyValidationContext, *, only_ours: bool) -> ReadApp:
    app = context.app_construct
    organization = app.node.try_get_context("personalize-kms-constructs:organization")
    files = policy_files(app)
    return ReadApp(context.template_paths, files, organization, only_ours=only_ours)


def _remedy(line: Line, app: ReadApp, root: Any) -> str:
    if not line.policies:
        return line.fix
    policy = line.policies[0]
    if policy.file and policy.policy == "key" and policy.declared:
        return "pass the key itself instead of its ARN"
    if policy.file:
        files = [place_of_file(root, file) for file in policy.files]
        return f"have its owner add the statements in {' and '.join(files)}"
    if policy.policy == "boundary":
        return "add these actions to the permissions boundary"
    names: set[str] = set()
    roles: set[str] = set()
    for finding in line.findings:
        for request in finding.requests:
            names.add(request.name)
            roles.add(request.role_arn)
    if policy.policy == "trust":
        role = policy.declared[0].construct_path if policy.declared else ""
        if not any(role.startswith(f"{path}/") for path in names):
            return f"have the owner of the role {line.first.reason.remedy}"
    if not any(finding.ours for finding in line.findings):
        if line.first.principal == "caller":
            return _GRANT
        return _ADD if roles.isdisjoint(app.used) else _ALLOW
    if line.first.principal != "caller" and app.encryptions.isdisjoint(names):
        return "use the PersonalizeEncryption that made the dataset group"
    return _TAKEN_OUT


def violations_of(
    lines: Iterable[tuple[Line, str]], root: Any, *, in_every_synth: bool
) -> list[cdk.PolicyViolation]:
    """Return findings as violations, without acknowledged ones."""
    violations: list[cdk.PolicyViolation] = []
    for line, fix in lines:
        # A construct asks for what its dataset groups ask for.
        places = line.found_at
        outermost = [place for place in places if not any(map(place.is_below, places))]
        shown = _places_to_show(root, line.rule, outermost, in_every_synth=in_every_synth)
        if shown is None:
            continue
        text = line.text + _paths_to_add(line, shown)
        page = line.first.page
        if fix and page:
            fix = f"{fix} ({page})"
        severity = ERROR if line.level == ERROR else WARNING
        resources = _violating_resources(shown)
        violations.append(_violation(line.rule, severity, text, resources, fix or page))
    return violations


def _violation(
    rule: str,
    severity: str,
    text: str,
    resources: Sequence[cdk.PolicyViolatingResource] = (_APP,),
    fix: str = "",
) -> cdk.PolicyViolation:
    return cdk.PolicyViolation(
        rule_name=rule,
        severity=severity,
        description=text,
        fix=fix or None,
        violating_resources=[*resources],
    )


def _paths_to_add(line: Line, shown: Sequence[Declaration]) -> str:
    """Return the construct paths missing in places and text, to put after the text."""
    paths: list[str] = []
    for declaration in line.found_at:
        path = declaration.path
        if declaration not in shown and path not in line.text and path not in paths:
            paths.append(path)
    return f" (at {', '.join(paths)})" if paths else ""


def unencrypted_groups(groups: Iterable[Resource], root: Any) -> list[cdk.PolicyViolation]:
    """Return a warning for each dataset group without a key, which may have been forgotten."""
    violations: list[cdk.PolicyViolation] = []
    for group in groups:
        shown = _places_to_show(root, UNENCRYPTED, [group.declared], in_every_synth=True)
        text = f"{group.path} has no key of yours: Personalize encrypts it with its own"
        if shown is not None:
            resources = _violating_resources(shown)
            violations.append(_violation(UNENCRYPTED, WARNING, text, resources, _SET_A_KEY))
    return violations


def _places_to_show(
    root: Any, rule: str, places: Sequence[Declaration], *, in_every_synth: bool
) -> Sequence[Declaration] | None:
    """Return one place where a rule isn't acknowledged, for the CDK prints all places apart.

    It is none, which is the app, for places in several stacks, and for places in stages if it has
    to count in every synth. The CLI counts violations of selected stacks, and a plain ``cdk synth``
    selects no stack of a stage. Violations of the app itself always count. But the CLI looks for
    their acknowledgements at the app alone, so acknowledged ones are left out here.
    """
    left = [place for place in places if not _is_acknowledged(root.node, rule, place)]
    if places and not left:
        # The CDK records in its report what is acknowledged.
        return None if in_every_synth else places
    directory = Path(root.outdir).resolve()
    templates = {Path(place.template) for place in left}
    is_in_stage = any(template.parent.resolve() != directory for template in templates)
    return [] if len(templates) > 1 or (in_every_synth and is_in_stage) else left[:1]


def _is_acknowledged(node: Node, rule: str, place: Declaration) -> bool:
    nodes = [node]
    for name in filter(None, place.construct_path.split("/")):
        child = nodes[-1].try_find_child(name)
        if child is None:
            break
        nodes.append(child.node)
    for above in nodes:
        for entry in above.metadata:
            if entry.type == ACKNOWLEDGED and rule in (entry.data or {}):
                return True
    return False


def _violating_resources(declarations: Sequence[Declaration]) -> list[cdk.PolicyViolatingResource]:
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
    success = all(violation.severity != ERROR for violation in violations)
    return cdk.PolicyValidationPluginReport(success=success, violations=violations)
