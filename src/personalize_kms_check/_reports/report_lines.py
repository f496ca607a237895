"""The lines of a report: permissions, similar ones together, and problems."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from .._model.causes import MAY_BE_TOO_MUCH, POLICIES, Cause, Reason
from .._model.declarations import Declaration
from .._model.finding import Finding, Level
from .._model.policy_to_change import PolicyToChange
from .._model.report import AccessReport
from .._shared.values import unmark
from .rules import rule_of
from .short_names import Names

# The causes that are about everything that a role may do.
_OF_ALL_POLICIES = (Cause.BOUNDARY_UNSEEN, Cause.NOT_KNOWN, Cause.POLICIES_UNSEEN)
# What the file with the statements for an owner settles.
_UNSEEN = (Cause.POLICY_UNSEEN, Cause.POLICIES_UNSEEN)
# The causes whose remedies are about templates; an account has them, too.
_OF_TEMPLATES = (Cause.ENCRYPTION_UNSEEN, Cause.PATTERN_UNKNOWN, Cause.CONDITION_VALUE_UNKNOWN)


@dataclass(frozen=True)
class Line:
    """A line of a report, with one or several findings."""

    findings: tuple[Finding, ...]
    text: str
    """The findings and their reason, in words."""
    fix: str = ""
    """The remedy in words; empty where policies to change say it."""
    policies: tuple[PolicyToChange, ...] = ()
    """The policies to change."""

    @property
    def first(self) -> Finding:
        """The finding whose kind, page and places stand for all."""
        return self.findings[0]

    @property
    def level(self) -> Level:
        return self.first.level

    @property
    def mark(self) -> str:
        if self.level == "error":
            return "✘"
        return "?" if self.first.kind == "undecided" else "!"

    @property
    def rule(self) -> str:
        return rule_of(self.first)

    @property
    def found_at(self) -> tuple[Declaration, ...]:
        places: list[Declaration] = []
        for finding in self.findings:
            places += finding.found_at
        return tuple(dict.fromkeys(places))

    @property
    def to_change(self) -> tuple[Declaration, ...]:
        """The resources of templates with the policies to change, or else those it is about.

        An excess is changed where it is, though the list may go into another policy.
        """
        if self.level == "note":
            return self.found_at
        places: list[Declaration] = []
        for policy in self.policies:
            places += policy.declared
        for finding in self.findings:
            places += finding.places
        return tuple(dict.fromkeys(places)) or self.found_at


# Data may be lost, or nothing else can be mended before.
_URGENT = (Cause.KEY_STATE, Cause.KEY_ABSENT, Cause.ALIAS_ABSENT, Cause.UNUSED_ID)


def lines_of(report: AccessReport) -> list[Line]:
    """Return the lines of a report: what comes before all else, then errors, then the rest."""
    words = _Words(report)
    urgent, errors, warnings = [], [], []
    for problem in report.problems:
        if problem.cause in _URGENT:
            urgent.append(words.problem(problem))
        elif problem.is_warning:
            warnings.append(words.problem(problem))
        else:
            errors.append(words.problem(problem))
    return [*urgent, *words.missing(), *errors, *words.excess(), *words.undecided(), *warnings]


class _Words:
    """Puts the findings of a report into words."""

    def __init__(self, report: AccessReport) -> None:
        self._report = report
        self._names = Names(report.names)

    def missing(self) -> list[Line]:
        """Return the lines on missing permissions, by policy or by the denying statements."""
        lines = []
        in_policies: set[Finding] = set()
        for policy in self._report.policies:
            in_policies.update(policy.lacks)
            for lacks in self._lacks_of(policy):
                lines.append(self._line(lacks, self._lack(policy, lacks), (policy,)))
        denied = []
        for finding in self._report.missing:
            if finding not in in_policies or _denials(finding):
                denied.append(finding)
        for alike in _grouped(denied, self._why_denied):
            text = f"{self._who_may(alike, 'may not', self._what)}: {self._why_denied(alike[0])}"
            denials = _denials(alike[0])
            fix = denials[0].remedy if denials else ""
            lines.append(self._line(alike, text, fix=fix))
        return lines

    def _lacks_of(self, policy: PolicyToChange) -> list[tuple[Finding, ...]]:
        """Return the findings that a policy lacks; those of IAM apart, by column of AWS's pages.

        In an account those of principals that lack something else are apart, since each line says
        who needs it.
        """
        if policy.policy == "role":
            return _grouped(policy.lacks, lambda finding: finding.policy)
        if not self._report.account:
            return [policy.lacks] if policy.lacks else []
        lacked: dict[str, set[tuple[str, str]]] = {}
        for finding in policy.lacks:
            permission = (finding.action, finding.resource)
            lacked.setdefault(finding.principal_arn, set()).add(permission)
        return _grouped(policy.lacks, lambda finding: frozenset(lacked[finding.principal_arn]))

    def _why_denied(self, finding: Finding) -> str:
        reasons = _denials(finding) or [finding.reason]
        return "; ".join([reason.sentence() + _condition_of(reason) for reason in reasons])

    def _lack(self, policy: PolicyToChange, lacks: tuple[Finding, ...]) -> str:
        of = whose(policy.policy, self._names.of(policy.policy_of))
        if policy.policy == "role":
            text = f"{of} lack {self._what(lacks)}"
            if all(finding.cause is Cause.LEFT_TO_IAM for finding in lacks):
                text += f", which the {POLICIES[lacks[0].policy]} leaves to IAM"
        elif policy.policy == "boundary":
            text = f"{of} lacks {_actions(lacks)}"
        else:
            say = self._what if policy.policy == "bucket" else _actions
            parts = [f"{say(alike)} for {self._who(alike)}" for alike in _by_principals(lacks)]
            text = f"{of} lacks {', and '.join(parts)}"
        return text

    def _who_may(
        self, findings: Iterable[Finding], may: str, say: Callable[[Iterable[Finding]], str]
    ) -> str:
        parts = [f"{self._who(alike)} {may} {say(alike)}" for alike in _by_principals(findings)]
        return ", and ".join(parts)

    def excess(self) -> list[Line]:
        lines = []
        groups = _grouped(
            self._report.excess,
            lambda finding: (*_statements(finding), finding.policy, _why(finding)),
        )
        for alike in groups:
            every, group = self._report.policies, set(alike)
            policies = tuple([policy for policy in every if not group.isdisjoint(policy.too_much)])
            text, fix = self._too_much(alike), alike[0].reason.remedy
            given = [one for one in alike[0].reason.statements if one.policy.is_given]
            if given and not (policies or fix):
                fix = "have its owner name the role in a statement of its own instead"
            lines.append(self._line(alike, text, policies, fix))
        return lines

    def undecided(self) -> list[Line]:
        apart: list[Finding] = []
        for finding in self._report.undecided:
            for reason in _apart(finding.reason):
                is_in_file = reason.cause is Cause.KEY_IF_ABSENT
                is_in_file = is_in_file or not _causes(reason).isdisjoint(_UNSEEN)
                file = finding.file if is_in_file else ""
                apart.append(replace(finding, reason=reason, file=file))
        lines = []
        groups = _grouped(
            apart, lambda finding: (finding.because, bool(finding.principal), finding.file)
        )
        for alike in groups:
            first, fix = alike[0], alike[0].reason.remedy
            if self._report.account and not _causes(first.reason).isdisjoint(_OF_TEMPLATES):
                fix = ""
            if first.file:
                then = f", then {fix}" if fix and first.cause is not Cause.KEY_IF_ABSENT else ""
                fix = f"have its owner add the statements in {path_of(first.file, alike)}{then}"
            lines.append(self._line(alike, self._undecided(alike), fix=fix))
        return lines

    def _undecided(self, findings: tuple[Finding, ...]) -> str:
        first, reason = findings[0], findings[0].because
        if first.cause in MAY_BE_TOO_MUCH:
            return f"maybe too much, {self._too_much(findings)}"
        if not first.principal:
            subjects = self._subjects(findings)
            if "{subject}" in first.cause.says:
                return first.reason.sentence(subjects)
            return f"{subjects}: {reason}"
        if first.cause in _OF_ALL_POLICIES:
            return f"not known what {self._who(findings)} may do, since {reason}"
        # The reason names the key or the bucket.
        say = _actions if first.cause is Cause.POLICY_UNSEEN else self._what
        return f"not known whether {self._who_may(findings, 'may', say)}, since {reason}"

    def problem(self, problem: Finding) -> Line:
        text, fix = self._names.short(problem.says), self._names.short(problem.reason.remedy)
        for doubt in problem.reason.doubts:
            if doubt.cause is Cause.DENIED:
                text += _condition_of(doubt)
        if problem.cause is Cause.KEY_STATE:  # it can't wait for a list of who needs the key
            text, fix = with_remedy(text, fix), ""
        text += self._needed_by([name for name in problem.needed_by if name not in text])
        policies = [policy for policy in self._report.policies if policy.mends(problem)]
        return Line((problem,), unmark(text), "" if policies else unmark(fix), tuple(policies))

    def _line(
        self,
        findings: tuple[Finding, ...],
        text: str,
        policies: tuple[PolicyToChange, ...] = (),
        fix: str = "",
    ) -> Line:
        is_counted = len(findings) > 1 and findings[0].principal
        if is_counted:
            text += f" ({len(findings)} permissions)"
        if self._report.account:
            names = [name for finding in findings for name in finding.needed_by]
            text += self._needed_by([name for name in names if name not in text])
        short = self._names.short(text)
        return Line(findings, unmark(short), "" if policies else unmark(fix), policies)

    def _needed_by(self, names: Iterable[str]) -> str:
        listed = self._report.listed(names)
        return f" (needed by {listed})" if listed else ""

    def _too_much(self, findings: tuple[Finding, ...]) -> str:
        first = findings[0]
        statements, why = " and ".join(_statements(first)), _why(first)
        if "{statements}" in first.cause.says:
            return f"{statements}{why}"
        # The names of other policies don't say what they are about.
        say = _actions if first.policy in ("key", "trust") else self._what
        allows = "allows" if len(first.reason.statements) == 1 else "allow"
        return f"{statements} {allows} {say(findings)}: {why}"

    def _who(self, findings: Iterable[Finding]) -> str:
        names, personalize = set(), []
        for finding in findings:
            if finding.principal == "service":
                personalize = ["Personalize"]
            else:
                names.add(self._names.of(finding.principal_arn))
        roles = [self._report.listed(sorted(names))] if self._report.account else sorted(names)
        return " and ".join(filter(None, [*roles, *personalize]))

    def _subjects(self, findings: Iterable[Finding]) -> str:
        names = []
        for finding in findings:
            names.append(finding.name or self._names.of(finding.resource or finding.policy_of))
        return self._report.listed(names)

    def _what(self, findings: Iterable[Finding]) -> str:
        """Return actions with their resources; those on the same resources together."""
        on: dict[str, set[str]] = {}
        for finding in findings:
            on.setdefault(finding.resource, set()).add(finding.action)
        by_actions: dict[tuple[str, ...], list[str]] = {}
        for resource, actions in sorted(on.items()):
            by_actions.setdefault(tuple(sorted(actions)), []).append(self._names.of(resource))
        parts = []
        for actions_on, resources in by_actions.items():
            parts.append(f"{', '.join(actions_on)} on {', '.join(resources)}")
        return "; ".join(parts)


def _by_principals(findings: Iterable[Finding]) -> Iterable[list[Finding]]:
    """Return findings of each set of principals, with each permission once for all of them."""
    by_principals: dict[frozenset[str], list[Finding]] = {}
    for alike in _grouped(findings, lambda finding: (finding.action, finding.resource)):
        principals = frozenset(finding.principal_arn for finding in alike)
        by_principals.setdefault(principals, []).extend(alike)
    return by_principals.values()


def path_of(file: str, findings: Iterable[Finding]) -> str:
    """Return the path of a file beside the templates of findings."""
    for finding in findings:
        for declared in finding.found_at:
            # A stage has a folder of its own, which the path has, too.
            beside = Path(declared.template).parent.joinpath(*Path(file).parts[-2:])
            return os.path.relpath(beside)
    return file


def with_remedy(text: str, fix: str) -> str:
    """Return a text with its remedy, in a sentence with one colon."""
    if not fix:
        return text
    return f"{text}; {fix}" if ": " in text else f"{text}: {fix}"


def whose(column: str, name: str) -> str:
    return f"{'IAM policies' if column == 'role' else POLICIES[column]} of {name}"


def _denials(finding: Finding) -> list[Reason]:
    return [reason for reason in (finding.reason, *finding.further) if reason.cause is Cause.DENIED]


def _causes(reason: Reason) -> set[Cause]:
    return {reason.cause, *(doubt.cause for doubt in reason.doubts)}


def _condition_of(reason: Reason) -> str:
    conditions = []
    for statement in reason.statements:
        condition = statement.body.get("Condition") if statement.readable else None
        if condition:
            conditions.append(json.dumps(condition))
    return f" (on condition {'; '.join(conditions)})" if conditions else ""


def _actions(findings: Iterable[Finding]) -> str:
    return ", ".join(sorted({finding.action for finding in findings}))


def _statements(finding: Finding) -> tuple[str, ...]:
    names = []
    for statement in finding.reason.statements:
        condition = f" (if {statement.condition})" if statement.condition else ""
        names.append(f"{statement.name}{condition}")
    return tuple(names)


def _why(finding: Finding) -> str:
    return replace(finding.reason, statements=()).sentence()


def _apart(reason: Reason) -> Iterable[Reason]:
    """Return a reason for each doubt behind an open finding, each once."""
    reasons = {}
    for doubt in reason.doubts:
        is_alone = reason.cause is Cause.OPEN or doubt.cause is Cause.NOT_KNOWN
        reasons[doubt.sentence()] = doubt if is_alone else replace(reason, doubts=(doubt,))
    return reasons.values() or [reason]


def _grouped(
    findings: Iterable[Finding], alike: Callable[[Finding], object]
) -> list[tuple[Finding, ...]]:
    groups: dict[object, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(alike(finding), []).append(finding)
    return [tuple(group) for group in groups.values()]
