"""The report on who may do what, compared with what AWS's pages ask for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .causes import Cause
from .entries import Entry
from .model import Problem
from .should_have import PolicyToChange
from .values import shown


@dataclass(frozen=True)
class AccessReport:
    """The findings on the keys and buckets that Personalize is asked to use: missing, too much, undecided or wrong."""

    missing: tuple[Entry, ...] = ()
    """Permissions that AWS's pages ask for and the policies don't grant."""
    excess: tuple[Entry, ...] = ()
    """Permissions that the policies grant beyond that."""
    undecided: tuple[Entry, ...] = ()
    """Permissions that can't be seen, or depend on what AWS doesn't document; ``because`` says on what."""
    problems: tuple[Problem, ...] = ()
    """Problems that no added statement fixes: ordering, trust, configuration."""
    allowed: tuple[Entry, ...] = ()
    """Permissions that AWS's pages ask for and the policies grant."""
    policies: tuple[PolicyToChange, ...] = ()
    """The policies to change, each with all statements for Personalize that it should have."""
    asked: tuple[str, ...] = ()
    """The resources that Personalize is asked to create."""
    without_key: tuple[str, ...] = ()
    """The dataset groups that Personalize encrypts with a key of its own, which asks for nothing."""
    names: Mapping[str, str] = field(default_factory=dict)
    """The names of the keys, roles and buckets, by ARN."""
    left_out: int = 0
    """The number of findings that are left out, because they are acknowledged or ignored."""
    deployed: str = ""
    """The dataset group of an account that it is about; nothing too much was looked for there."""
    notes: tuple[str, ...] = ()
    """Facts that decide nothing."""

    @property
    def passed(self) -> bool:
        """True if nothing is missing and no problem is an error; undecided and too much don't count."""
        return not self.missing and all(problem.is_warning for problem in self.problems)

    def to_json(self) -> str:
        """Return the report as JSON: the same for the same input, sorted, and without a date."""
        return shown(json.dumps(as_data(self), indent=2, ensure_ascii=False)) + "\n"

    def to_text(self, *, quiet: bool = False) -> str:
        """Return the report for a terminal: one line a finding, then a block for each policy to change.

        Args:
            quiet: whether to leave out the policies.
        """
        from .text import text_report

        return shown(text_report(self, quiet=quiet))

    def to_markdown(self, *, quiet: bool = False) -> str:
        """Return the report for a pull request: a table of findings, then the policies to change.

        Args:
            quiet: whether to leave out the policies.
        """
        from .markdown import markdown_report

        return shown(markdown_report(self, quiet=quiet))


def as_data(report: AccessReport) -> dict[str, Any]:
    """Return a report as JSON has it."""
    return {
        "asked": list(report.asked),
        "missing": [entry.to_json() for entry in report.missing],
        "excess": [entry.to_json() for entry in report.excess],
        "undecided": [entry.to_json() for entry in report.undecided],
        "problems": [_problem(problem) for problem in report.problems],
        "allowed": [entry.to_json() for entry in report.allowed],
        "policies": [policy.to_json() for policy in report.policies],
        "without_key": list(report.without_key),
        "left_out": report.left_out,
        "names": dict(report.names),
    }


def merged(reports: Iterable[AccessReport]) -> AccessReport:
    """Return one report of several, each entry once."""
    found = list(reports)
    if len(found) == 1:
        return found[0]
    policies = [policy for report in found for policy in report.policies]
    return AccessReport(
        missing=_union(report.missing for report in found),
        excess=_union(report.excess for report in found),
        undecided=_union(report.undecided for report in found),
        problems=in_order(problem for report in found for problem in report.problems),
        allowed=_union(report.allowed for report in found),
        policies=tuple(sorted(policies, key=lambda policy: (policy.policy_of, policy.policy, policy.declared))),
        asked=tuple(sorted({asked for report in found for asked in report.asked})),
        without_key=tuple(sorted({label for report in found for label in report.without_key})),
        names={arn: name for report in found for arn, name in report.names.items()},
    )


def policies_that_count(report: AccessReport) -> tuple[PolicyToChange, ...]:
    """Return the policies of a report that its findings are about, less what it leaves out."""
    missing, excess = set(report.missing), set(report.excess)
    untrusted = {problem.subject for problem in report.problems if problem.cause is Cause.NOT_TRUSTED}
    found = []
    for policy in report.policies:
        lacks = tuple(entry for entry in policy.lacks if entry in missing)
        too_much = tuple(entry for entry in policy.too_much if entry in excess)
        if lacks or too_much or (policy.policy == "trust" and policy.policy_of in untrusted):
            found.append(replace(policy, lacks=lacks, too_much=too_much))
    return tuple(found)


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems in the order of reports, each once."""
    found = {(each.kind, each.needed_by, each.message, each.declared): each for each in problems}
    return tuple(found[key] for key in sorted(found))


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "kind": problem.kind,
        "cause": problem.cause.id,
        "severity": "warning" if problem.is_warning else "error",
        "subject": problem.subject,
        "message": problem.message,
        "where": problem.where,
        "needed_by": list(problem.needed_by),
        "page": problem.page,
    }


def _union(parts: Iterable[tuple[Entry, ...]]) -> tuple[Entry, ...]:
    entries = {}
    for part in parts:
        for entry in part:
            entries[(*entry.sort_key(), *entry.needed_by, entry.because)] = entry
    return tuple(entries[key] for key in sorted(entries))
