"""The findings of both plugins in the CDK's terms: of the judge that comes with a construct, and of all checks."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from constructs import Node

from .._access.causes import Cause
from .._access.comparison import compare
from .._access.declarations import Declaration, template_of
from .._access.entries import Entry
from .._access.findings import CONFIGURATION, UNDECIDED, UNENCRYPTED, findings_of
from .._access.model import AccessModel, Problem
from .._access.needs import CALLER, IN_BUCKET_POLICY, IN_IAM
from .._access.report import AccessReport, merged
from .._access.short_names import Names
from .._access.words import what_to_do
from .._answers import Answer
from .._assembly.constructs import PendingPolicy
from .._assembly.files import AssemblyError
from .._assembly.manifest import ACKNOWLEDGED, Assembly, read_assembly
from .._assembly.reading import ReadAssembly, read_assemblies
from .._assembly.stacks import Resource
from .._assembly.templates import Unread
from .._values import same

ERROR, WARNING = "error", "warning"
APP = cdk.PolicyViolatingResource(construct_path="", locations=[])
# Not KEY_MAYBE_ABSENT: Personalize may or may not send what SourceAccountCheck.REQUIRED asks for, the user's choice.
_CONDITIONS = frozenset(
    {
        Cause.OPERATOR_UNKNOWN,
        Cause.KEY_NOT_IN_TEMPLATES,
        Cause.KEY_NOT_READ,
        Cause.KEY_OF_ORGANIZATION,
        Cause.KEY_UNDOCUMENTED,
        Cause.ONLY_IF_ABSENT,
        Cause.TEMPLATE_CONDITION,
        Cause.ELEMENT_UNKNOWN,
    }
)


def judge(context: cdk.IPolicyValidationContext) -> list[cdk.PolicyViolation]:
    """Return what is certainly wrong, and not pending, in what constructs of ours answer for.

    It never raises, since the CLI takes a plugin that does for one that has found nothing.
    """
    try:
        found = _ReadApp(context.template_paths)
        violations = [*violations_of(found.certain(), partial(_counting_places, context.app_construct))]
        violations += _unencrypted(found.without_key(), context.app_construct)
        return violations + [violation_of_app(UNDECIDED, WARNING, text) for text in found.unreadable(only_ours=True)]
    except Exception as error:
        text = f"what Personalize may do could not be judged: {type(error).__name__}: {error}"
        return [violation_of_app(UNDECIDED, WARNING, text)]


def check_everything(context: cdk.IPolicyValidationContext, *, is_judged: bool) -> list[cdk.PolicyViolation]:
    """Return all findings, less those that the judge tells of."""
    found = _ReadApp(context.template_paths)
    told = found.certain() if is_judged else AccessReport()
    violations = [*violations_of(_less(found.everything(), told))]
    return violations + [violation_of_app(CONFIGURATION, ERROR, text) for text in found.unreadable(only_ours=False)]


class _ReadApp:
    """All assemblies of some templates, as far as they can be read."""

    def __init__(self, template_paths: Iterable[str]) -> None:
        assemblies: list[Assembly] = []
        self._broken: list[str] = []
        self._unread: list[Unread] = []
        for directory in dict.fromkeys(Path(path).parent for path in template_paths):
            try:
                assemblies.append(read_assembly(directory, self._unread))
            except AssemblyError as error:
                self._broken.append(str(error))
        self._read = list(read_assemblies(assemblies, self._unread))

    def everything(self) -> AccessReport:
        """Compare all that is asked."""
        return merged([compare(each.model()) for each in self._read])

    def certain(self) -> AccessReport:
        """Compare what constructs of ours ask for, and leave out what is not certain or pending."""
        return merged([_certain(each) for each in self._read])

    def without_key(self) -> list[Resource]:
        """Return the dataset groups that Personalize encrypts with a key of its own."""
        return [group for each in self._read for group in each.without_key]

    def unreadable(self, *, only_ours: bool) -> list[str]:
        """Return what can't be read: of the templates and, once they are compared, of what is asked in them."""
        ours = {each.file for assembly in self._read for each in assembly.constructs if each.ours}
        unread = (str(each.error) for each in self._unread if not only_ours or each.template.path in ours)
        return list(dict.fromkeys([*self._broken, *unread]))


def _unencrypted(groups: Iterable[Resource], app: Any) -> Iterator[cdk.PolicyViolation]:
    """Yield a warning for each dataset group without a key, which may have been forgotten."""
    for group in groups:
        if where := _counting_places(app, UNENCRYPTED, [group.declared]):
            yield cdk.PolicyViolation(
                rule_name=UNENCRYPTED,
                severity=WARNING,
                description=f"{group.path} has no key of yours: Personalize encrypts it with its own",
                fix="set its KmsKeyArn and RoleArn before it is deployed; later it takes a second group",
                violating_resources=where,
            )


def _certain(read: ReadAssembly) -> AccessReport:
    """Return what is missing or wrong for certain, and isn't pending; warnings are what Personalize may work with.

    What is undecided is told only where somebody has put a condition on the statements that were to allow it, where a
    condition of the template may leave them out, and where a construct can't be judged.
    """
    model = read.model(only_ours=True)
    report = compare(model, with_excess=False, with_allowed=False)
    pending = [each for construct in read.constructs for each in construct.pending]
    not_judged = {construct.path for construct in read.constructs if construct.ours and construct.questions}
    found = replace(
        report,
        missing=tuple(
            each for each in report.missing if not any(_is_pending(each, policy, model) for policy in pending)
        ),
        undecided=tuple(_once_a_stack(entry for entry in report.undecided if _is_told(entry, not_judged))),
        problems=tuple(each for each in report.problems if each.certain or each.is_warning),
    )
    return replace(found, policies=found.policies_that_count())


def _is_told(entry: Entry, not_judged: Container[str]) -> bool:
    return entry.name in not_judged or _has_another_condition(entry)


def _has_another_condition(entry: Entry) -> bool:
    """Tell if a condition that no statement of ours has, or one of the template, leaves a permission of ours open."""
    is_open = entry.ours and entry.cause is Cause.OPEN
    return entry.cause is Cause.CHOSEN or (is_open and any(each.cause in _CONDITIONS for each in entry.reason.doubts))


def _depends_on_template(entry: Entry) -> bool:
    """Tell if a condition of the template leaves open what is asked for, or whether a statement is there."""
    return entry.cause is Cause.CHOSEN or any(each.cause is Cause.TEMPLATE_CONDITION for each in entry.reason.doubts)


def _once_a_stack(undecided: Iterable[Entry]) -> Iterator[Entry]:
    """Yield what is undecided, and of what depends on conditions of a template the first alone, at one place."""
    told: set[str] = set()
    for entry in undecided:
        template = template_of(next(iter(entry.found_at), None))
        if not _depends_on_template(entry):
            yield entry
        elif template not in told:
            told.add(template)
            yield replace(entry, asked=entry.asked[:1])


def _is_pending(entry: Entry, pending: PendingPolicy, model: AccessModel) -> bool:
    """Tell if what is missing may be in statements that others have to add to the policies of a role or a bucket.

    Not in the policy of a key or a bucket that the templates show: there is no other, and what isn't in it is missing,
    a copy that has become too old included. No statement helps where one denies, nor where the role's boundary doesn't
    allow it.
    """
    if entry.cause in (Cause.DENIED, Cause.BOUNDARY) or entry.action not in pending.actions:
        return False
    if pending.column == CALLER:
        return entry.principal == CALLER and any(asked.name == pending.arn for asked in entry.asked)
    if entry.policy == pending.column == IN_BUCKET_POLICY:
        return not model.buckets[entry.policy_of].policies and _is_it(entry.policy_of, pending.arn, model)
    # What a key policy leaves to IAM is missing there.
    of_role = entry.policy == IN_IAM or entry.cause in (Cause.LEFT_TO_IAM, Cause.NOT_IN_IAM, Cause.BOTH_SIDES)
    return pending.column == IN_IAM and of_role and _is_it(entry.principal_arn, pending.arn, model)


def _is_it(arn: str, pending: str, model: AccessModel) -> bool:
    """Tell if a policy may be the pending one; what the templates make is so only for certain."""
    answer = same(arn, pending)
    owner = model.buckets.get(arn) or model.roles.get(arn)
    is_made = owner is not None and bool(owner.declared)
    return answer is Answer.YES if is_made else answer is not Answer.NO


def _less(report: AccessReport, told: AccessReport) -> AccessReport:
    """Return a report without what is told of elsewhere."""
    of_ours = {each.sort_key() for each in told.missing}
    missing = tuple(_of_others(report.missing, of_ours))
    policies = tuple(replace(policy, lacks=tuple(_of_others(policy.lacks, of_ours))) for policy in report.policies)
    problems = {_identity(each) for each in told.problems}
    left = tuple(each for each in report.problems if _identity(each) not in problems)
    open_already = {(each.name, *each.sort_key()) for each in told.undecided}
    undecided = tuple(each for each in report.undecided if (each.name, *each.sort_key()) not in open_already)
    found = replace(report, missing=missing, undecided=undecided, problems=left, policies=policies)
    return replace(found, policies=found.policies_that_count())


def _of_others(entries: Iterable[Entry], of_ours: Container[tuple[str, ...]]) -> Iterator[Entry]:
    """Yield what is missing, for the requests alone of which the judge doesn't tell it."""
    for entry in entries:
        others = tuple(asked for asked in entry.asked if not asked.ours)
        if entry.sort_key() not in of_ours:
            yield entry
        elif others:
            yield replace(entry, asked=others)


def _identity(problem: Problem) -> tuple[object, ...]:
    return problem.kind, problem.cause, problem.subject


def _counting_places(app: Any, rule: str, found: Sequence[Declaration]) -> list[cdk.PolicyViolatingResource]:
    """Return where a rule is broken, so that it counts in every synth: of stages too, and less what is acknowledged.

    The CLI counts violations of the stacks that are selected, and a plain ``cdk synth`` selects none of a stage; those
    of the app itself always count, and a violation is told for each place. Acknowledgements of these it looks for at
    the app alone.
    """
    left = [each for each in found if not _is_acknowledged(app.node, rule, each.construct_path)]
    main = Path(app.outdir).resolve()
    if any(Path(each.template).parent.resolve() != main for each in left):
        return [APP]
    return places_of(rule, left) if left or not found else []


def _is_acknowledged(node: Node, rule: str, path: str) -> bool:
    for name in ["", *path.split("/")]:
        if name:
            child = node.try_find_child(name)
            if child is None:
                return False
            node = child.node
        if any(entry.type == ACKNOWLEDGED and rule in (entry.data or {}) for entry in node.metadata):
            return True
    return False


def places_of(rule: str, found: Sequence[Declaration]) -> list[cdk.PolicyViolatingResource]:
    """Return where a rule is broken: the app, where it is of no construct."""
    return [_place(each) for each in found] or [APP]


def violations_of(
    report: AccessReport,
    places: Callable[[str, Sequence[Declaration]], list[cdk.PolicyViolatingResource]] = places_of,
) -> Iterator[cdk.PolicyViolation]:
    """Yield the findings of a report as violations, at the constructs that they concern; less those of no place."""
    names = Names(report.names)
    for found in findings_of(report):
        if where := places(found.rule, found.found_at):
            fix = what_to_do(found, names)
            paths = dict.fromkeys(each.construct_path.removesuffix("/Resource") for each in found.found_at)
            untold = ", ".join(path for path in paths if path not in found.text)
            yield cdk.PolicyViolation(
                rule_name=found.rule,
                severity=ERROR if found.level == ERROR else WARNING,
                description=f"{found.text} (at {untold})" if where == [APP] and untold else found.text,
                fix=(f"{fix} ({found.page})" if fix and found.page else fix or found.page) or None,
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
