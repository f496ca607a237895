"""The findings on an app or an account, as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from .._model.finding import Finding
from .._model.policy_to_change import PolicyToChange

# So many names are in a line on an account.
_NAMED = 5


def first_of(names: Iterable[str]) -> str:
    """Return names in words; of many, the first and how many more there are."""
    each_once = list(dict.fromkeys(names))
    more = len(each_once) - _NAMED
    return ", ".join(each_once[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


@dataclass(frozen=True)
class AccessFindings:
    """The findings of a report, with the policies to change."""

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
