"""The report on the permissions required by AWS's pages, and its findings as data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any, Self

from .._shared.values import unmark
from .finding import Finding
from .policy_to_change import PolicyToChange

# So many names are in a line on an account.
_NAMED = 5


def first_of(names: Iterable[str]) -> str:
    """Return names in words; of many, the first and how many more there are."""
    each_once = list(dict.fromkeys(names))
    more = len(each_once) - _NAMED
    return ", ".join(each_once[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


@dataclass(frozen=True)
class AccessReport:
    """The findings on the keys and buckets in requests to Personalize.

    Permissions are missing, too much, undecided or allowed; problems are everything else.
    """

    findings: tuple[Finding, ...] = ()
    """All permissions and problems."""
    policies: tuple[PolicyToChange, ...] = ()
    """The policies to change, each with all the statements it should have for Personalize."""
    asked: tuple[str, ...] = ()
    """The resources to be created by Personalize."""
    without_key: tuple[str, ...] = ()
    """The dataset groups encrypted with a key of Personalize's own. They need no permissions."""
    names: Mapping[str, str] = field(default_factory=dict)
    """The names of the keys, roles and buckets, by ARN."""
    assumed: Mapping[str, str] = field(default_factory=dict)
    """The parameters' defaults used in conditions, by stack and name: ``Main.Stage``."""
    left_out: int = 0
    """The number of lines left out, because they are acknowledged or ignored."""
    apps: int = 1
    """The number of apps in it. Their templates and constructs may have the same names."""
    account: str = ""
    """The account and Region in words; empty for apps."""

    @property
    def missing(self) -> tuple[Finding, ...]:
        """Permissions required by AWS's pages and not granted by the policies."""
        return self._of("missing")

    @property
    def excess(self) -> tuple[Finding, ...]:
        """Permissions granted by the policies beyond AWS's pages."""
        return self._of("excess")

    @property
    def undecided(self) -> tuple[Finding, ...]:
        """Permissions that can't be seen or aren't documented by AWS. ``because`` says why."""
        return self._of("undecided")

    @property
    def problems(self) -> tuple[Finding, ...]:
        """Problems that no added statement fixes: ordering, trust, configuration."""
        return tuple(finding for finding in self.findings if finding.is_problem)

    @property
    def allowed(self) -> tuple[Finding, ...]:
        """Permissions required by AWS's pages and granted by the policies."""
        return self._of("allowed")

    def _of(self, kind: str) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.kind == kind)

    @property
    def passed(self) -> bool:
        """True if nothing is missing and no problem is an error.

        Excessive and undecided permissions don't count.
        """
        return all(finding.level != "error" for finding in self.findings)

    def listed(self, names: Iterable[str]) -> str:
        """Return names in words; an account may have hundreds, of which the first are named."""
        return first_of(names) if self.account else ", ".join(dict.fromkeys(names))

    def with_findings(self, findings: Iterable[Finding]) -> Self:
        """Return the report with these of its findings alone, and the policies with them."""
        report = replace(self, findings=tuple(findings))
        left, problems = {finding: finding for finding in report.findings}, report.problems
        policies = []
        for policy in self.policies:
            lacks = tuple(left[finding] for finding in policy.lacks if finding in left)
            too_much = tuple(left[finding] for finding in policy.too_much if finding in left)
            if lacks or too_much or any(map(policy.mends, problems)):
                policies.append(replace(policy, lacks=lacks, too_much=too_much))
        return replace(report, policies=tuple(policies))

    def to_json(self) -> str:
        """Return the report as JSON: the same for the same input, sorted, and without a date."""
        return unmark(json.dumps(as_data(self), indent=2, ensure_ascii=False)) + "\n"

    def to_text(self, *, quiet: bool = False) -> str:
        """Return the report for a terminal: a line for each finding, then the policies to change.

        Args:
            quiet: True to leave out the policies.
        """
        return self._in_form("text", quiet)

    def to_markdown(self, *, quiet: bool = False) -> str:
        """Return the report for a pull request: a table of findings, then the policies to change.

        Args:
            quiet: True to leave out the policies.
        """
        return self._in_form("markdown", quiet)

    def _in_form(self, form: str, quiet: bool) -> str:
        # Forms know the data. A clean synth shows no report, so it loads none of them.
        forms = import_module(f".._reports.{form}", __package__)
        return unmark(forms.report_of(self, quiet=quiet))


def as_data(report: AccessReport) -> dict[str, Any]:
    """Return a report as JSON has it."""
    return {
        "asked": list(report.asked),
        "missing": _json_of(report.missing),
        "excess": _json_of(report.excess),
        "undecided": _json_of(report.undecided),
        "problems": _json_of(report.problems),
        "allowed": _json_of(report.allowed),
        "policies": _json_of(report.policies),
        "without_key": list(report.without_key),
        "left_out": report.left_out,
        "names": dict(report.names),
        "assumed": dict(report.assumed),
    }


def _json_of(items: Iterable[Finding | PolicyToChange]) -> list[dict[str, Any]]:
    return [item.to_json() for item in items]


def merged(reports: Iterable[AccessReport]) -> AccessReport:
    """Return a report with the findings of several reports, each once."""
    parts = list(reports)
    if len(parts) == 1:
        return parts[0]
    policies: list[PolicyToChange] = []
    names: dict[str, str] = {}
    assumed: dict[str, str] = {}
    for report in parts:
        policies += report.policies
        names |= report.names
        assumed |= report.assumed
    policies.sort(key=lambda policy: (policy.policy_of, policy.policy, policy.declared))
    return AccessReport(
        in_order(_each_once(parts)),
        policies=tuple(policies),
        asked=tuple(sorted(set().union(*(report.asked for report in parts)))),
        without_key=tuple(sorted(set().union(*(report.without_key for report in parts)))),
        names=names,
        assumed=assumed,
        left_out=sum(report.left_out for report in parts),
    )


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings in the order of reports, and problems with the same text once."""
    permissions, problems = [], {}
    for finding in findings:
        if finding.is_problem:
            words = (finding.kind, tuple(finding.needed_by), finding.message)
            problems[words, finding.found_at] = finding
        else:
            permissions.append(finding)
    permissions.sort(key=Finding.sort_key)
    return (*permissions, *(problems[identity] for identity in sorted(problems)))


def _each_once(reports: Iterable[AccessReport]) -> list[Finding]:
    by_identity: dict[Any, Finding] = {}
    for report in reports:
        for finding in report.findings:
            words = (*finding.sort_key(), *finding.needed_by, finding.message)
            # Two apps may have constructs of the same paths.
            identity = words, finding.found_at, finding.kind
            if finding.kind == "excess":
                # A given policy is the same one, whichever stage uses it.
                identity = (*finding.sort_key(), finding.message), finding.places, finding.kind
                others = by_identity.get(identity, finding).requests
                requests = tuple(dict.fromkeys([*others, *finding.requests]))
                finding = replace(finding, requests=requests)
            by_identity[identity] = finding
    return [by_identity[identity] for identity in sorted(by_identity)]
