"""The findings of a report, one line each: entries that are alike told in one, and problems."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from .._values import shown
from ..matrix import CONFUSED_DEPUTY_PAGE, IMPORT_PAGE, KMS_PAGE
from .causes import MAY_BE_TOO_MUCH, POLICIES, Cause, Reason
from .declarations import Declaration
from .entries import Entry
from .model import Problem
from .outcome import AccessFindings
from .policies import PolicyToChange
from .short_names import Names

RULES: Mapping[str, tuple[str, str]] = {
    "Personalize::Configuration": ("Personalize can't do what is asked, or a policy isn't as it was meant.", KMS_PAGE),
    "Personalize::ExcessBucketAccess": ("A bucket policy allows more than AWS's pages ask for.", IMPORT_PAGE),
    "Personalize::ExcessKeyAccess": ("A key policy allows more than AWS's page asks for.", KMS_PAGE),
    "Personalize::ExcessRoleAccess": ("An IAM policy allows the role more than AWS's pages ask for.", KMS_PAGE),
    "Personalize::MissingBucketAccess": ("A bucket policy lacks what AWS's pages ask for.", IMPORT_PAGE),
    "Personalize::MissingKeyAccess": ("The policies of a key lack what AWS's page asks for.", KMS_PAGE),
    "Personalize::MissingRoleAccess": ("The role's IAM policies lack what AWS's pages ask for.", KMS_PAGE),
    "Personalize::Ordering": ("A resource may be created before a policy that it needs.", KMS_PAGE),
    "Personalize::Trust": ("Personalize can't assume the role, or others can.", CONFUSED_DEPUTY_PAGE),
    "Personalize::Undecided": ("The app doesn't show whether Personalize has what AWS's pages ask for.", KMS_PAGE),
    "Personalize::Unencrypted": ("Personalize encrypts a dataset group with a key of its own.", KMS_PAGE),
}
"""What each rule says, and the page of AWS's documentation."""
UNDECIDED = "Personalize::Undecided"
UNENCRYPTED = "Personalize::Unencrypted"
CONFIGURATION = "Personalize::Configuration"
# The reasons that are about all that a role may do.
_OF_ALL_POLICIES = (Cause.BOUNDARY_UNSEEN, Cause.NOT_KNOWN, Cause.POLICIES_UNSEEN)


def rule_of(found: Entry | Problem) -> str:
    """Return the name of the rule that a finding breaks."""
    if isinstance(found, Problem):
        return f"Personalize::{found.kind.capitalize()}"
    if found.kind == "excess" and found.policy == "trust":
        return "Personalize::Trust"
    if found.kind in ("missing", "excess"):
        return f"Personalize::{found.kind.capitalize()}{found.policy.capitalize()}Access"
    return UNDECIDED


@dataclass(frozen=True)
class Finding:
    """A line of a report."""

    about: tuple[Entry | Problem, ...]
    level: Literal["error", "note", "warning"]
    """``"error"`` if something is missing or wrong, ``"note"`` if it isn't needed, else ``"warning"``."""
    text: str
    """The words for what is found, and why."""
    fix: str = ""
    """The words for what to do, where no policy to change says it."""
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
        return tuple(dict.fromkeys(place for each in self.about for place in each.found_at))

    @property
    def to_change(self) -> tuple[Declaration, ...]:
        """The resources of templates that have the policies to change, or else those that it is about."""
        declared = [place for policy in self.policies for place in policy.declared]
        declared += [place for each in self.about if isinstance(each, Entry) for place in each.policies]
        return tuple(dict.fromkeys(declared)) or self.found_at


def findings_of(report: AccessFindings) -> list[Finding]:
    """Return the findings of a report, errors first, less what is allowed."""
    words = _Words(report)
    problems = [words.problem(problem) for problem in report.problems]
    return [
        *words.missing(),
        *(finding for finding in problems if finding.level == "error"),
        *words.excess(),
        *words.undecided(),
        *(finding for finding in problems if finding.level != "error"),
    ]


class _Words:
    """Puts the entries of a report into words."""

    def __init__(self, report: AccessFindings) -> None:
        self._report = report
        self._names = Names(report.names)

    def missing(self) -> list[Finding]:
        """Return a finding for what each policy lacks, for IAM in each column, and for what each statement denies."""
        found = []
        told: set[Entry] = set()
        for policy in self._report.policies:
            told.update(policy.lacks)
            in_columns: dict[str, list[Entry]] = {}
            for entry in policy.lacks:
                in_columns.setdefault(entry.policy if policy.policy == "role" else "", []).append(entry)
            for lacks in map(tuple, in_columns.values()):
                found.append(self._finding(lacks, "error", self._lack(policy, lacks), (policy,)))
        denied = [entry for entry in self._report.missing if entry not in told or _denials(entry)]
        for entries in _grouped(denied, lambda entry: (self._why_denied(entry), entry.policy)):
            text = f"{self._who(entries)} may not {self._what(entries)}: {self._why_denied(entries[0])}"
            found.append(self._finding(entries, "error", text))
        return found

    def _why_denied(self, entry: Entry) -> str:
        return "; ".join(reason.sentence() for reason in _denials(entry) or [entry.reason])

    def _lack(self, policy: PolicyToChange, entries: tuple[Entry, ...]) -> str:
        whose = f"{self._whose(policy)} {'lack' if policy.policy == 'role' else 'lacks'}"
        if policy.policy == "role":
            text = f"{whose} {self._what(entries)}"
        else:
            what = self._what(entries) if policy.policy == "bucket" else _actions(entries)
            text = f"{whose} {what} for {self._who(entries)}"
        if policy.policy == "role" and entries[0].policy in ("key", "bucket"):
            text += f", which the {POLICIES[entries[0].policy]} leaves to IAM"
        denied = dict.fromkeys(entry.reason.denied for entry in entries if entry.reason.denied)
        return "; CloudTrail: ".join([text, *denied])

    def excess(self) -> list[Finding]:
        """Return a finding for what is too much in a statement for one reason."""
        found = []
        for entries in _grouped(self._report.excess, lambda entry: (*_statements(entry), entry.policy, _why(entry))):
            policies = [each for each in self._report.policies if any(entry in each.too_much for entry in entries)]
            fix = entries[0].reason.remedy
            found.append(self._finding(entries, "note", self._too_much(entries), tuple(policies), fix))
        return found

    def undecided(self) -> list[Finding]:
        """Return a finding for each reason that leaves something open."""
        apart: list[Entry] = []
        for entry in self._report.undecided:
            apart += [replace(entry, reason=reason) for reason in _apart(entry.reason)]
        found = []
        for entries in _grouped(apart, lambda entry: (entry.because, bool(entry.principal), entry.file)):
            first, reason, words = entries[0], entries[0].reason, entries[0].because
            fix = f"have its owner add the statements in {first.file}, which the synth wrote" if first.file else ""
            if first.cause in MAY_BE_TOO_MUCH:
                text = f"maybe too much: {self._too_much(entries)}"
            elif not first.principal:
                text = f"{self._subjects(entries)}: {words}"
            elif reason.cause in _OF_ALL_POLICIES:
                text = f"not known what {self._who(entries)} may: {words}"
            else:
                text = f"not known whether {self._who(entries)} may {self._what(entries)}: {words}"
            found.append(self._finding(entries, "warning", text, fix=fix or reason.remedy))
        return found

    def problem(self, problem: Problem) -> Finding:
        """Return the finding for a problem, with those whom it concerns."""
        names = self._names
        says, fix = names.short(problem.says), names.short(problem.fix)
        others = [name for name in problem.needed_by if name not in says]
        text = f"{says} (needed by {', '.join(others)})" if others else says
        policies = [policy for policy in self._report.policies if policy.is_of("trust", problem.subject)]
        level: Literal["error", "warning"] = "warning" if problem.is_warning else "error"
        is_trust = problem.cause is Cause.NOT_TRUSTED
        return Finding((problem,), level, shown(text), shown(fix), tuple(policies) if is_trust else ())

    def _finding(
        self,
        entries: tuple[Entry, ...],
        level: Literal["error", "note", "warning"],
        text: str,
        policies: tuple[PolicyToChange, ...] = (),
        fix: str = "",
    ) -> Finding:
        number = f" ({len(entries)})" if len(entries) > 1 else ""
        return Finding(entries, level, shown(self._names.short(f"{text}{number}")), shown(fix), policies)

    def _too_much(self, entries: tuple[Entry, ...]) -> str:
        statements = "; ".join(_statements(entries[0]))
        return f"{statements}: {self._what(entries)}: {_why(entries[0])}"

    def _whose(self, policy: PolicyToChange) -> str:
        return whose(policy.policy, self._names.of(policy.policy_of))

    def _who(self, entries: Iterable[Entry]) -> str:
        names = {self._names.of(entry.principal_arn) for entry in entries if entry.principal != "service"}
        personalize = ["Personalize"] if any(entry.principal == "service" for entry in entries) else []
        return " and ".join([*sorted(names), *personalize])

    def _subjects(self, entries: Iterable[Entry]) -> str:
        names = [entry.name or self._names.of(entry.resource or entry.policy_of) for entry in entries]
        return ", ".join(dict.fromkeys(names))

    def _what(self, entries: Iterable[Entry]) -> str:
        """Return actions, each with the resources that it is on; those on the same resources together."""
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


def whose(kind: str, name: str) -> str:
    """Return the name of a policy, or of all IAM policies of a role."""
    return f"{'IAM policies' if kind == 'role' else POLICIES[kind]} of {name}"


def _denials(entry: Entry) -> list[Reason]:
    return [reason for reason in (entry.reason, *entry.further) if reason.cause is Cause.DENIED]


def _actions(entries: Iterable[Entry]) -> str:
    return ", ".join(sorted({entry.action for entry in entries}))


def _statements(entry: Entry) -> tuple[str, ...]:
    names = []
    for statement in entry.reason.statements:
        names.append(f"{statement.name} (if {statement.condition})" if statement.condition else statement.name)
    return tuple(names)


def _why(entry: Entry) -> str:
    """Return the reason without the statements that it is about."""
    return replace(entry.reason, statements=()).sentence()


def _apart(reason: Reason) -> Iterable[Reason]:
    """Return what leaves something open one by one, each once."""
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
