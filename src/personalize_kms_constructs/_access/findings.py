"""Findings one by one, as the plugin and SARIF tell of them: one for one reason, with its rule and its words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from .declarations import Declaration
from .entries import AccessFindings, Entry
from .grouping import Names, rows
from .model import Problem
from .rules import rule_of
from .values import shown
from .words import claim, step_of


@dataclass(frozen=True)
class Finding:
    """One finding, of one or of several entries of a report."""

    about: tuple[Entry | Problem, ...]
    level: str
    """``"error"`` if something is missing or wrong, ``"note"`` if it isn't needed, else ``"warning"``."""
    text: str
    """The words for what is found, and why."""
    fix: str
    """The words for what to do; none where nobody knows."""
    page: str
    """The page of AWS's documentation; none where there is none."""

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
        text = f"{says} (needed by {', '.join(problem.needed_by)})" if problem.needed_by else says
        yield Finding((problem,), "warning" if problem.is_warning else "error", shown(text), shown(fix), problem.page)
