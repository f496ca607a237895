"""The checks as a validation plugin of the CDK."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import aws_cdk as cdk
import jsii

from .._access.entries import Entry, Excess, Missing
from .._access.grouping import Names, rows
from .._access.model import Problem
from .._access.report import AccessReport
from .._access.text import finding, next_step
from .._assembly.assembly import Assembly, read_assembly
from ._checking import check_assemblies

_ERROR, _WARNING = "error", "warning"
_RULES: dict[tuple[type[Entry], str], str] = {
    **{(Missing, policy): f"Missing{policy.capitalize()}Access" for policy in ("key", "role", "bucket")},
    **{(Excess, policy): f"Excess{policy.capitalize()}Access" for policy in ("key", "role", "bucket")},
}
_PROBLEMS = ("Configuration", "Limit", "Ordering", "Trust")
_UNDECIDED = "Undecided"


@jsii.implements(cdk.IPolicyValidationPlugin)
class PersonalizeAccessChecks:
    """Fails the synth of an app in which Personalize lacks access, at the construct that needs it.

    Add it to the app:

        Validations.of(app).add_plugins(PersonalizeAccessChecks())

    What is missing, and what no statement mends, is an error; what is too much or can't be decided is a warning. A
    finding is acknowledged by the name of its rule, on the construct or on one above it:

        Validations.of(encryption).acknowledge(Acknowledgment(id="Personalize::Undecided", reason="…"))

    The rules are ``Personalize::MissingKeyAccess``, ``MissingRoleAccess``, ``MissingBucketAccess``,
    ``ExcessKeyAccess``, ``ExcessRoleAccess``, ``ExcessBucketAccess``, ``Undecided``, ``Ordering``, ``Trust``,
    ``Limit`` and ``Configuration``.

    https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html
    """

    @property
    def name(self) -> str:
        """The plugin's name, the first part of its rules' names."""
        return "Personalize"

    @property
    def version(self) -> str:
        """The version of this library; ``0.0.0`` where it isn't installed as a package."""
        try:
            return version("personalize-kms-constructs")
        except PackageNotFoundError:
            return "0.0.0"

    @property
    def rule_ids(self) -> list[str]:
        """The rules."""
        return sorted(_rule(each) for each in (*_RULES.values(), *_PROBLEMS, _UNDECIDED))

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Return what is wrong in the templates of the app, or of the stage that the plugin was added to."""
        directories = dict.fromkeys(Path(path).parent for path in context.template_paths)
        assemblies = [read_assembly(directory, stages=False) for directory in directories]
        report = check_assemblies(assemblies)
        return cdk.PolicyValidationPluginReport(
            success=report.passed,
            violations=list(_Violations(report, assemblies).all()),
            plugin_version=self.version,
        )


def _rule(name: str) -> str:
    return f"Personalize::{name}"


class _Violations:
    """The findings of a report in the CDK's terms."""

    def __init__(self, report: AccessReport, assemblies: Sequence[Assembly]) -> None:
        self._report = report
        templates = [each for assembly in assemblies for top in assembly.templates for each in top.with_nested()]
        self._templates = {str(template.path): template for template in templates}

    def all(self) -> Iterator[cdk.PolicyViolation]:
        report = self._report
        names = Names(report.names)
        for entries, severity in ((report.missing, _ERROR), (report.excess, _WARNING), (report.undecided, _WARNING)):
            for row in rows(entries):
                declared = dict.fromkeys(each for entry in row.entries for each in entry.declared)
                yield self._violation(
                    _rule(_RULES.get((type(row.first), row.first.policy), _UNDECIDED)),
                    severity,
                    finding(row, names),
                    next_step(row, names),
                    declared,
                    row.first,
                )
        for problem in report.problems:
            severity = _WARNING if problem.is_warning else _ERROR
            says, fix = names.short(problem.says), names.short(problem.fix)
            text = f"{says} (needed by {', '.join(problem.needed_by)})" if problem.needed_by else says
            yield self._violation(_rule(problem.kind.capitalize()), severity, text, fix, problem.declared, problem)

    def _violation(
        self, rule: str, severity: str, text: str, fix: str, declared: Iterable[str], of: Entry | Problem
    ) -> cdk.PolicyViolation:
        return cdk.PolicyViolation(
            rule_name=rule,
            severity=severity,
            description=text,
            fix=f"{fix} ({of.page})" if of.page and of.page not in fix else fix or None,
            violating_resources=[self._resource(each) for each in declared if each],
        )

    def _resource(self, declared: str) -> cdk.PolicyViolatingResource:
        path, _, name = declared.partition(".template.json#")
        template = self._templates[f"{path}.template.json"]
        if name in template.resources:
            return cdk.PolicyViolatingResource(resource_logical_id=name, template_path=str(template.path), locations=[])
        return cdk.PolicyViolatingResource(construct_path=name, locations=[])
