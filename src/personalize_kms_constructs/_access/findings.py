"""Findings of a report, a line for each: entries that are alike together, and problems."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from .._values import shown
from .causes import MAY_BE_TOO_MUCH, POLICIES, Cause, Reason
from .declarations import Declaration
from .entries import Entry
from .model import Problem
from .outcome import AccessFindings
from .policies import PolicyToChange
from .rules import rule_of
from .short_names import Names

# The causes that are about everything that a role may do.
_OF_ALL_POLICIES = (Cause.BOUNDARY_UNSEEN, Cause.NOT_KNOWN, Cause.POLICIES_UNSEEN)


@dataclass(frozen=True)
class Finding:
    """A line of a report."""

    about: tuple[Entry | Problem, ...]
    level: Literal["error", "note", "warning"]
    """``"error"`` if something is missing or wrong, ``"note"`` if it isn't needed, else
    ``"warning"``."""
    text: str
    """The finding and its reason, in words."""
    fix: str = ""
    """The remedy in words, where no policy to change says it."""
    policies: tuple[PolicyToChange, ...] = ()
    """The policies to change."""

    @property
    def mark(self) -> str:
        """The mark of its kind in a report."""
        if self.level == "error":
            return "✘"
        is_open = isinstance(self.about[0], Entry) and self.level == "warning"
        return "?" if is_open else "!"

    @property
    def sentence(self) -> str:
        """The text, with the remedy in words."""
        return f"{self.text}: {self.fix}" if self.fix and not self.policies else self.text

    @property
    def rule(self) -> str:
        """The name of the rule that it breaks."""
        return rule_of(self.about[0])

    @property
    def page(self) -> str:
        """The page of AWS's documentation, if there is one."""
        return self.about[0].page

    @property
    def found_at(self) -> tuple[Declaration, ...]:
        """The resources of templates that it is about, each once."""
        declared: list[Declaration] = []
        for subject in self.about:
            declared += subject.found_at
        return tuple(dict.fromkeys(declared))

    @property
    def to_change(self) -> tuple[Declaration, ...]:
        """The resources of templates with the policies to change, or else those it is about.

        An excess is changed where it is, though the list may go into another policy.
        """
        if self.level == "note":
            return self.found_at
        declared: list[Declaration] = []
        for policy in self.policies:
            declared += policy.declared
        for subject in self.about:
            if isinstance(subject, Entry):
                declared += subject.policies
        return tuple(dict.fromkeys(declared)) or self.found_at


def findings_of(report: AccessFindings) -> list[Finding]:
    """Return the findings of a report, errors first, without permissions that are allowed."""
    words = _Words(report)
    errors, warnings = [], []
    for problem in report.problems:
        if problem.is_warning:
            warnings.append(words.problem(problem))
        else:
            errors.append(words.problem(problem))
    return [*words.missing(), *errors, *words.excess(), *words.undecided(), *warnings]


class _Words:
    """Puts the entries of a report into words."""

    def __init__(self, report: AccessFindings) -> None:
        self._report = report
        self._names = Names(report.names)

    def missing(self) -> list[Finding]:
        """Return the findings on missing permissions, by policy or by the statements that deny."""
        findings = []
        told: set[Entry] = set()
        for policy in self._report.policies:
            told.update(policy.lacks)
            for lacks in _lacks_of(policy):
                text = self._lack(policy, lacks)
                findings.append(self._finding(lacks, "error", text, (policy,)))
        denied = []
        for entry in self._report.missing:
            if entry not in told or _denials(entry):
                denied.append(entry)
        for entries in _grouped(denied, lambda entry: (self._why_denied(entry), entry.policy)):
            why = self._why_denied(entries[0])
            text = f"{self._who(entries)} may not {self._what(entries)}: {why}"
            denials = _denials(entries[0])
            fix = denials[0].remedy if denials else ""
            findings.append(self._finding(entries, "error", text, fix=fix))
        return findings

    def _why_denied(self, entry: Entry) -> str:
        reasons = _denials(entry) or [entry.reason]
        return "; ".join([reason.sentence() + _condition_of(reason) for reason in reasons])

    def _lack(self, policy: PolicyToChange, entries: tuple[Entry, ...]) -> str:
        of = whose(policy.policy, self._names.of(policy.policy_of))
        if policy.policy == "role":
            text = f"{of} lack {self._what(entries)}"
            if all(entry.cause is Cause.LEFT_TO_IAM for entry in entries):
                text += f", which the {POLICIES[entries[0].policy]} leaves to IAM"
        else:
            say = self._what if policy.policy == "bucket" else _actions
            text = f"{of} lacks {self._for_whom(entries, say)}"
        return text

    def _for_whom(self, entries: Iterable[Entry], say: Callable[[Iterable[Entry]], str]) -> str:
        """Return words for entries with their principals, of which those alike are together."""
        by_lack: dict[str, list[Entry]] = {}
        for of_principal in _grouped(entries, lambda entry: entry.principal_arn):
            by_lack.setdefault(say(of_principal), []).extend(of_principal)
        parts = [f"{lacking} for {self._who(alike)}" for lacking, alike in by_lack.items()]
        return ", and ".join(parts)

    def excess(self) -> list[Finding]:
        """Return a finding for the excess of a statement for a reason."""
        findings = []
        groups = _grouped(
            self._report.excess, lambda entry: (*_statements(entry), entry.policy, _why(entry))
        )
        for entries in groups:
            policies = []
            for policy in self._report.policies:
                if not set(entries).isdisjoint(policy.too_much):
                    policies.append(policy)
            text, fix = self._too_much(entries), entries[0].reason.remedy
            findings.append(self._finding(entries, "note", text, tuple(policies), fix))
        return findings

    def undecided(self) -> list[Finding]:
        """Return a finding for each reason that leaves something open."""
        apart: list[Entry] = []
        for entry in self._report.undecided:
            for reason in _apart(entry.reason):
                apart.append(replace(entry, reason=reason))
        findings = []
        groups = _grouped(apart, lambda entry: (entry.because, bool(entry.principal), entry.file))
        for entries in groups:
            first, fix = entries[0], entries[0].reason.remedy
            if first.file:
                fix = f"have its owner add the statements in {first.file}, which the synth wrote"
            text = self._undecided(entries)
            findings.append(self._finding(entries, "warning", text, fix=fix))
        return findings

    def _undecided(self, entries: tuple[Entry, ...]) -> str:
        first, reason = entries[0], entries[0].because
        if first.cause in MAY_BE_TOO_MUCH:
            return f"maybe too much: {self._too_much(entries)}"
        if not first.principal:
            return f"{self._subjects(entries)}: {reason}"
        if first.cause in _OF_ALL_POLICIES:
            return f"not known what {self._who(entries)} may: {reason}"
        return f"not known whether {self._who(entries)} may {self._what(entries)}: {reason}"

    def problem(self, problem: Problem) -> Finding:
        """Return the finding for a problem, with the requests that it concerns."""
        text, fix = self._names.short(problem.says), self._names.short(problem.fix)
        for doubt in problem.reason.doubts:
            if doubt.cause is Cause.DENIED:
                text += _condition_of(doubt)
        others = [name for name in problem.needed_by if name not in text]
        if others:
            text += f" (needed by {', '.join(others)})"
        policies = [policy for policy in self._report.policies if policy.mends(problem)]
        level: Literal["error", "warning"] = "warning" if problem.is_warning else "error"
        return Finding((problem,), level, shown(text), shown(fix), tuple(policies))

    def _finding(
        self,
        entries: tuple[Entry, ...],
        level: Literal["error", "note", "warning"],
        text: str,
        policies: tuple[PolicyToChange, ...] = (),
        fix: str = "",
    ) -> Finding:
        number = f" ({len(entries)})" if len(entries) > 1 else ""
        short = self._names.short(f"{text}{number}")
        return Finding(entries, level, shown(short), shown(fix), policies)

    def _too_much(self, entries: tuple[Entry, ...]) -> str:
        statements = "; ".join(_statements(entries[0]))
        return f"{statements}: {self._what(entries)}: {_why(entries[0])}"

    def _who(self, entries: Iterable[Entry]) -> str:
        names, personalize = set(), []
        for entry in entries:
            if entry.principal == "service":
                personalize = ["Personalize"]
            else:
                names.add(self._names.of(entry.principal_arn))
        return " and ".join([*sorted(names), *personalize])

    def _subjects(self, entries: Iterable[Entry]) -> str:
        names = []
        for entry in entries:
            names.append(entry.name or self._names.of(entry.resource or entry.policy_of))
        return ", ".join(dict.fromkeys(names))

    def _what(self, entries: Iterable[Entry]) -> str:
        """Return actions with their resources; those on the same resources together."""
        on: dict[str, set[str]] = {}
        for entry in entries:
            on.setdefault(entry.resource, set()).add(entry.action)
        by_actions: dict[tuple[str, ...], list[str]] = {}
        for resource, actions in sorted(on.items()):
            by_actions.setdefault(tuple(sorted(actions)), []).append(self._names.of(resource))
        parts = []
        for actions_on, resources in by_actions.items():
            parts.append(f"{', '.join(actions_on)} on {', '.join(resources)}")
        return "; ".join(parts)


def whose(column: str, name: str) -> str:
    """Return the name of a policy, or of all IAM policies of a role."""
    return f"{'IAM policies' if column == 'role' else POLICIES[column]} of {name}"


def _lacks_of(policy: PolicyToChange) -> list[tuple[Entry, ...]]:
    """Return the entries that a policy lacks; those of IAM apart, by column of AWS's pages."""
    if policy.policy == "role":
        return _grouped(policy.lacks, lambda entry: entry.policy)
    return [policy.lacks] if policy.lacks else []


def _denials(entry: Entry) -> list[Reason]:
    return [reason for reason in (entry.reason, *entry.further) if reason.cause is Cause.DENIED]


def _condition_of(reason: Reason) -> str:
    """Return the conditions of the statements that deny, as their policies have them."""
    conditions = []
    for statement in reason.statements:
        condition = statement.body.get("Condition") if statement.readable else None
        if condition:
            conditions.append(json.dumps(condition))
    return f" (on condition {'; '.join(conditions)})" if conditions else ""


def _actions(entries: Iterable[Entry]) -> str:
    return ", ".join(sorted({entry.action for entry in entries}))


def _statements(entry: Entry) -> tuple[str, ...]:
    names = []
    for statement in entry.reason.statements:
        condition = f" (if {statement.condition})" if statement.condition else ""
        names.append(f"{statement.name}{condition}")
    return tuple(names)


def _why(entry: Entry) -> str:
    """Return the reason without the statements that it is about."""
    return replace(entry.reason, statements=()).sentence()


def _apart(reason: Reason) -> Iterable[Reason]:
    """Return a reason for each doubt that leaves something open, each once."""
    reasons = {}
    for doubt in reason.doubts:
        is_alone = reason.cause is Cause.OPEN or doubt.cause is Cause.NOT_KNOWN
        reasons[doubt.sentence()] = doubt if is_alone else replace(reason, doubts=(doubt,))
    return reasons.values() or [reason]


def _grouped(entries: Iterable[Entry], alike: Callable[[Entry], object]) -> list[tuple[Entry, ...]]:
    """Return entries in groups that are alike, in their order."""
    groups: dict[object, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(alike(entry), []).append(entry)
    return [tuple(group) for group in groups.values()]
