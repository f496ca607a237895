"""The reports on the templates of an app, and their words, for plugins of the CDK.

The construct's judge and ``personalize_kms_constructs.checks`` know this module of the check, its
public names, and no room.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._findings.decisions import decisions
from ._model.causes import Cause, Reason
from ._model.declarations import Declaration, template_of
from ._model.finding import Finding
from ._model.model import AccessModel
from ._model.report import AccessReport, merged
from ._model.requests import labels_of
from ._needs.need import CALLER, IN_BUCKET_POLICY, IN_IAM, IN_KEY_POLICY
from ._reading import Reading, read_assemblies
from ._reports.rules import CONFIGURATION, RULES, UNDECIDED, UNENCRYPTED
from ._requests.constructs import PendingPolicy
from ._shared.accepted import organization_problems
from ._shared.answers import Answer
from ._shared.values import same
from ._templates.files import noting_errors
from ._templates.given_policies import given_policies, read_files
from ._templates.manifest import ACKNOWLEDGED, Assembly, read_assembly
from ._templates.stacks import Resource

if TYPE_CHECKING:
    from ._model.policy_to_change import PolicyToChange
    from ._reports.report_lines import Line

__all__ = [
    "ACKNOWLEDGED",
    "CONFIGURATION",
    "RULES",
    "UNDECIDED",
    "UNENCRYPTED",
    "AccessReport",
    "Declaration",
    "Line",
    "ReadApp",
    "Resource",
    "less",
    "with_remedies",
]

# Not KEY_MAYBE_ABSENT: Personalize may or may not send what SourceAccountCheck.REQUIRED asks for,
# the user's choice.
_REPORTED_IF_OPEN = frozenset(
    {
        Cause.OPERATOR_UNKNOWN,
        Cause.KEY_OF_ALIASES,
        Cause.KEY_OF_ORGANIZATION,
        Cause.KEY_IF_ABSENT,
        Cause.KEY_UNKNOWN,
        Cause.TEMPLATE_CONDITION,
        Cause.ELEMENT_UNKNOWN,
    }
)
_LEFT_TO_IAM = (Cause.LEFT_TO_IAM, Cause.NOT_IN_IAM, Cause.BOTH_SIDES)
_ENVIRONMENT = frozenset({"AWS::AccountId", "AWS::Partition", "AWS::Region"})
"""The parts of values that an app without ``env`` doesn't know."""


class ReadApp:
    """All assemblies of some templates, as far as they can be read, with policies of owners.

    All of it is read at once: all requests, or only those of constructs of ours.
    """

    def __init__(
        self,
        template_paths: Iterable[str],
        policy_files: Mapping[str, str],
        organization: Any,
        *,
        only_ours: bool,
    ) -> None:
        contents, problems = read_files(policy_files)
        wrong = organization_problems(organization)
        self.wrong_context = [*problems, *wrong]
        """The reasons why files of policies, or the organization, can't be used."""
        self._organization = "" if wrong else organization or ""
        assemblies: list[Assembly] = []
        errors: list[str] = []
        for directory in dict.fromkeys(Path(path).parent for path in template_paths):
            with noting_errors(errors, directory):
                assemblies.append(read_assembly(directory))
        documents = given_policies(contents)
        self._only_ours = only_ours
        self._readings = read_assemblies(assemblies, documents=documents, only_ours=only_ours)
        self.without_key: list[Resource] = []
        self.encryptions: set[str] = set()
        """The paths of constructs of ours that aren't jobs."""
        self.used: set[str] = set()
        """The ARNs of keys and roles that constructs of ours made or were given."""
        files: set[Path] = set()
        for reading in self._readings:
            self.without_key += reading.without_key
            for construct in reading.constructs:
                if construct.ours:
                    files.add(construct.file)
                    self.used |= construct.uses
                    if construct.state is None:
                        self.encryptions.add(construct.path)
        for reading in self._readings:
            for template, reason in reading.errors:
                if not only_ours or template.path in files:
                    errors.append(reason)
        self.unreadable = list(dict.fromkeys(errors))
        """The errors of all templates, or only of those with constructs of ours."""

    def report(self) -> AccessReport:
        """Compare what was read; for constructs of ours, see ``_certain``."""
        if self._only_ours:
            return merged([_certain(reading, self._organization) for reading in self._readings])
        # Saves time, as below: a clean synth needs no report, no advice and no words.
        from ._comparison import compare
        from ._findings.undeclared import with_undeclared

        reports: list[AccessReport] = []
        for reading in self._readings:
            model = with_undeclared(reading.model)
            reports.append(compare(replace(model, organization=self._organization)))
        return merged(reports)


def _certain(reading: Reading, organization: str) -> AccessReport:
    """Return the certain findings, with warnings. None of them is pending.

    Undecided findings are among them in four cases. Somebody has put a condition on our statements
    for a need. A condition of the template may leave these out. The given policy of an owner is
    open. A construct can't be judged.
    """
    model = replace(reading.model, organization=organization)
    outcome = decisions(model)
    if outcome.are_all_met:
        return AccessReport()
    from ._comparison import report_on

    report = report_on(outcome)
    # A key policy that names the role, or can't be seen, may be enough for resources of others.
    by_key: set[tuple[str, str, str]] = set()
    for need, column, decision in outcome.on_needs:
        if column == IN_KEY_POLICY and decision.answer is not Answer.NO:
            by_key.add((need.principal_arn, need.action, need.resource_arn))
    pending: list[PendingPolicy] = []
    not_judged: set[str] = set()
    for construct in reading.constructs:
        pending += construct.pending
        if construct.ours and construct.questions:
            not_judged.add(construct.path)
    findings: list[Finding] = []
    for finding in report.findings:
        if finding.kind == "missing":
            is_reported = not any(_is_pending(finding, policy, model) for policy in pending)
            if finding.policy == IN_IAM and not finding.ours:
                permission = (finding.principal_arn, finding.action, finding.resource)
                is_reported = is_reported and permission not in by_key
        elif finding.kind == "undecided":
            is_reported = finding.name in not_judged or _has_another_condition(finding)
            is_reported = is_reported or _is_open_in_given_policy(finding, model)
        else:
            # Personalize may not need an inline policy that is lost.
            is_reported = finding.cause is not Cause.INLINE_NAME_TAKEN
        if is_reported:
            finding = _without_environment(finding)
            is_of_others = finding.kind == "ordering" and not finding.ours
            findings.append(replace(finding, is_warning=finding.is_warning or is_of_others))
    return report.with_findings(_once_a_stack(findings))


def _has_another_condition(finding: Finding) -> bool:
    """Tell if somebody else's condition leaves a permission of ours open."""
    if finding.cause is Cause.CHOSEN:
        return True
    if not finding.ours or finding.cause is not Cause.OPEN:
        return False
    return any(reason.cause in _REPORTED_IF_OPEN for reason in finding.reason.doubts)


def _is_open_in_given_policy(finding: Finding, model: AccessModel) -> bool:
    """Tell if the policy of an owner outside of the app, which is given, leaves it open.

    Nobody can say more where only the account or the Region of an app without ``env`` isn't known.
    """
    owner = model.keys.get(finding.policy_of) or model.buckets.get(finding.policy_of)
    if owner is None or not any(policy.is_given for policy in owner.policies):
        return False
    doubts = finding.reason.doubts or (finding.reason,)
    open_doubts = [doubt for doubt in doubts if doubt.cause is not Cause.KEY_MAYBE_ABSENT]
    return not all(map(_is_of_environment, open_doubts))


def _is_of_environment(doubt: Reason) -> bool:
    parts = doubt.values.get("parts")
    return isinstance(parts, tuple) and bool(parts) and {*parts} <= _ENVIRONMENT


def _without_environment(finding: Finding) -> Finding:
    """Return a finding without the doubts that end with the others, or that nobody can end."""
    doubts = [doubt for doubt in finding.reason.doubts if not _is_of_environment(doubt)]
    if not doubts:
        return finding
    return replace(finding, reason=replace(finding.reason, doubts=tuple(doubts)))


def _once_a_stack(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield all findings, but only the first of those left open by a template's conditions.

    It is shown at one of its requests.
    """
    templates: set[str] = set()
    for finding in findings:
        is_open = any(doubt.cause is Cause.TEMPLATE_CONDITION for doubt in finding.reason.doubts)
        is_open = is_open or finding.cause is Cause.CHOSEN
        if finding.kind != "undecided" or not is_open:
            yield finding
            continue
        template = template_of(next(iter(finding.found_at), None))
        if template not in templates:
            templates.add(template)
            yield replace(finding, requests=finding.requests[:1])


def _is_pending(finding: Finding, pending: PendingPolicy, model: AccessModel) -> bool:
    """Tell if others may have to add a missing permission to the policies of an owner.

    Only to the policies of a role, or of a bucket without a policy in the templates. If a template
    has the policy of the key or bucket, a permission not in it is missing, also from an outdated
    copy. No statement helps against a denial or a boundary.
    """
    if finding.cause in (Cause.DENIED, Cause.BOUNDARY) or finding.action not in pending.actions:
        return False
    if pending.column == CALLER:
        is_of_job = any(request.name == pending.arn for request in finding.requests)
        return finding.principal == CALLER and is_of_job
    if pending.column == IN_BUCKET_POLICY and finding.policy == IN_BUCKET_POLICY:
        has_policy = bool(model.buckets[finding.policy_of].policies)
        return not has_policy and _is_same_owner(finding.policy_of, pending.arn, model)
    is_in_iam = finding.policy == IN_IAM or finding.cause in _LEFT_TO_IAM
    if pending.column == IN_IAM and is_in_iam:
        return _is_same_owner(finding.principal_arn, pending.arn, model)
    return False


def _is_same_owner(arn: str, pending_arn: str, model: AccessModel) -> bool:
    """Tell if a pending policy may be an owner's; for certain, if a template makes it."""
    answer = same(arn, pending_arn)
    owner = model.buckets.get(arn) or model.roles.get(arn)
    if owner is not None and owner.declared:
        return answer is Answer.YES
    return answer is not Answer.NO


def less(report: AccessReport, of_judge: AccessReport) -> AccessReport:
    """Return a report without the findings of the judge's."""
    known: dict[object, set[str]] = {}
    for finding in of_judge.findings:
        known.setdefault(_identity(finding), set()).update(labels_of(finding.requests))
    return report.with_findings(_others(report.findings, known))


def _others(findings: Iterable[Finding], known: Mapping[object, set[str]]) -> Iterator[Finding]:
    """Yield new findings, and known missing permissions with their new requests."""
    for finding in findings:
        of_judge = known.get(_identity(finding))
        if of_judge is None:
            yield finding
        elif finding.kind == "missing":
            others = [request for request in finding.requests if request.label not in of_judge]
            if others:
                yield replace(finding, requests=tuple(others))


def _identity(finding: Finding) -> tuple[object, ...]:
    """Return what tells findings of two reports apart, of problems without their words."""
    if finding.is_problem:
        return finding.kind, finding.level, finding.cause, finding.subject
    return finding.kind, finding.name, *finding.sort_key()


def with_remedies(report: AccessReport) -> list[tuple[Line, str]]:
    """Return each line with what to do; the first line about a policy has its statements."""
    if not (report.missing or report.excess or report.undecided or report.problems):
        return []
    from ._reports.report_lines import lines_of, whose
    from ._reports.short_names import Names
    from ._reports.words import what_to_do

    names = Names(report.names)
    above: list[PolicyToChange] = []
    lines: list[tuple[Line, str]] = []
    for line in lines_of(report):
        new = tuple([policy for policy in line.policies if policy not in above])
        parts = [what_to_do(replace(line, policies=new), names)]
        for policy in line.policies:
            if policy in above:
                parts.append(f"{whose(policy.policy, names.of(policy.policy_of))}, as above")
        above += new
        lines.append((line, "; ".join(filter(None, parts))))
    return lines
