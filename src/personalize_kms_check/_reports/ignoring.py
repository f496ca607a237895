"""Findings left out of a report, since somebody knows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from .._model.finding import Finding
from .._model.report import AccessReport
from .report_lines import lines_of
from .rules import UNENCRYPTED, rule_of


@dataclass(frozen=True)
class Ignore:
    """A rule whose findings are left out, at a construct and at those below it."""

    rule: str
    path: str = ""
    """The construct's path; by default all of the app."""
    is_option: bool = False
    """True for ``--ignore``, whose path may also be that of the policy to change."""

    def covers(self, path: str) -> bool:
        return not self.path or f"{path}/".startswith(f"{self.path}/")


def without(report: AccessReport, ignores: Iterable[Ignore]) -> tuple[AccessReport, set[Ignore]]:
    """Return a report without the findings ignored at all their constructs.

    Policies without another finding are left out, too. Return also the ignores in use: each of them
    covers a finding.
    """
    of_rule: dict[str, list[Ignore]] = {}
    for ignore in ignores:
        of_rule.setdefault(ignore.rule, []).append(ignore)
    used: set[Ignore] = set()
    findings, ignored = [], []
    for finding in report.findings:
        covering = [] if finding.kind == "allowed" else _covering(finding, of_rule)
        used.update(*covering)
        if covering and all(covering):
            ignored.append(finding)
        else:
            findings.append(finding)
    encrypted_by_aws = []
    for path in report.without_key:
        of_path = _at(path, of_rule.get(UNENCRYPTED, []))
        used.update(of_path)
        if not of_path:
            encrypted_by_aws.append(path)
    left_out = len(lines_of(report.with_findings(ignored)))
    left_out += len(report.without_key) - len(encrypted_by_aws)
    left = replace(report, without_key=tuple(encrypted_by_aws), left_out=report.left_out + left_out)
    return left.with_findings(findings), used


def _covering(finding: Finding, of_rule: Mapping[str, list[Ignore]]) -> list[list[Ignore]]:
    """A finding without a construct is covered by the ignores of its rule without a path."""
    candidates = of_rule.get(rule_of(finding), [])
    options = [ignore for ignore in candidates if ignore.is_option]
    by_policy = [_at(place.construct_path, options) for place in finding.places]
    if by_policy and all(by_policy):
        return by_policy
    by_construct = [_at(place.construct_path, candidates) for place in finding.found_at]
    return by_construct or [[ignore for ignore in candidates if not ignore.path]]


def _at(path: str, ignores: Iterable[Ignore]) -> list[Ignore]:
    return [ignore for ignore in ignores if ignore.covers(path)]
