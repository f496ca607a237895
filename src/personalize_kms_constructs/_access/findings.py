"""Findings one by one, as the plugin and SARIF tell of them: one for one reason, with its rule and its words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..matrix import CONFUSED_DEPUTY_PAGE, IMPORT_PAGE, KMS_PAGE
from .declarations import Declaration
from .entries import AccessFindings, Entry, Excess, Missing
from .grouping import Names, rows
from .model import Problem
from .values import shown
from .words import claim, step_of

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
}
"""What each rule says, and the page of AWS's documentation."""
UNDECIDED = "Personalize::Undecided"
CONFIGURATION = "Personalize::Configuration"


def rule_of(found: Entry | Problem) -> str:
    """Return the name of the rule that a finding breaks."""
    if isinstance(found, Problem):
        return f"Personalize::{found.kind.capitalize()}"
    if found.policy == "trust" and isinstance(found, Excess):
        return "Personalize::Trust"
    kind = "Missing" if isinstance(found, Missing) else "Excess" if isinstance(found, Excess) else ""
    return f"Personalize::{kind}{found.policy.capitalize()}Access" if kind else UNDECIDED


@dataclass(frozen=True)
class Finding:
    """One finding, of one or of several entries of a report."""

    about: tuple[Entry | Problem, ...]
    level: str
    """``"error"`` if something is missing or wrong, ``"note"`` if it isn't needed, else ``"warning"``."""
    text: str
    """The words for what is found, and why."""
    fix: str
    """The words for what to do, if there are any."""
    page: str
    """The page of AWS's documentation, if there is one."""

    @property
    def rule(self) -> str:
        """The name of the rule that it breaks."""
        return rule_of(self.about[0])

    @property
    def found_at(self) -> tuple[Declaration, ...]:
        """The resources of templates that it is about, each once."""
        return tuple(dict.fromkeys(place for each in self.about for place in each.found_at))

    @property
    def to_change(self) -> tuple[Declaration, ...]:
        """The resources of templates that have the policies to change, or else those that it is about."""
        policies = (place for each in self.about if isinstance(each, Entry) for place in each.policies)
        return tuple(dict.fromkeys(policies)) or self.found_at


def findings_of(report: AccessFindings) -> Iterator[Finding]:
    """Yield the findings of a report, less what is allowed."""
    names = Names(report.names)
    for entries, level in ((report.missing, "error"), (report.excess, "note"), (report.undecided, "warning")):
        for row in rows(entries):
            text, step = f"{claim(row, names)}: {names.short(row.because)}", step_of(row, names)
            statements = names.short("; ".join(map(json.dumps, step.statements)))
            fix = f"{step.words}: {statements}" if statements else step.words
            yield Finding(row.entries, level, shown(text), shown(fix), row.first.page)
    for problem in report.problems:
        says, fix = names.short(problem.says), names.short(problem.fix)
        others = [each for each in problem.needed_by if each not in says]
        text = f"{says} (needed by {', '.join(others)})" if others else says
        yield Finding((problem,), "warning" if problem.is_warning else "error", shown(text), shown(fix), problem.page)
