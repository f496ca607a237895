"""The findings on an app or an account, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .._finding import Finding
from .._policy_to_change import PolicyToChange


@dataclass(frozen=True)
class AccessFindings:
    """The findings on the keys and buckets that Personalize is asked to use."""

    findings: tuple[Finding, ...] = ()
    """All permissions and problems."""
    policies: tuple[PolicyToChange, ...] = ()
    """The policies to change, each with all statements for Personalize that it should have."""
    asked: tuple[str, ...] = ()
    """The resources that Personalize is asked to create."""
    without_key: tuple[str, ...] = ()
    """The dataset groups that Personalize encrypts with a key of its own, which asks for
    nothing."""
    names: Mapping[str, str] = field(default_factory=dict)
    """The names of the keys, roles and buckets, by ARN."""
    assumed: Mapping[str, str] = field(default_factory=dict)
    """The defaults of parameters that decide conditions, by stack and name: ``Main.Stage``."""
    left_out: int = 0
    """The number of lines that are left out, because they are acknowledged or ignored."""
    apps: int = 1
    """The number of apps that it is about, whose templates and constructs may have the same
    names."""

    @property
    def missing(self) -> tuple[Finding, ...]:
        """Permissions that AWS's pages ask for and the policies don't grant."""
        return self._of("missing")

    @property
    def excess(self) -> tuple[Finding, ...]:
        """Permissions that the policies grant beyond that."""
        return self._of("excess")

    @property
    def undecided(self) -> tuple[Finding, ...]:
        """Permissions that can't be seen or that AWS doesn't document; ``because`` says why."""
        return self._of("undecided")

    @property
    def problems(self) -> tuple[Finding, ...]:
        """Problems that no added statement fixes: ordering, trust, configuration."""
        return tuple(finding for finding in self.findings if finding.is_problem)

    @property
    def allowed(self) -> tuple[Finding, ...]:
        """Permissions that AWS's pages ask for and the policies grant."""
        return self._of("allowed")

    def _of(self, kind: str) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.kind == kind)

    @property
    def passed(self) -> bool:
        """True if nothing is missing and no problem is an error.

        Permissions that are too much or undecided don't count.
        """
        return all(finding.level != "error" for finding in self.findings)

    def policies_that_count(self) -> tuple[PolicyToChange, ...]:
        """Return the policies that the findings are about, without findings that are left out."""
        left, problems = set(self.findings), self.problems
        policies = []
        for policy in self.policies:
            lacks = tuple(finding for finding in policy.lacks if finding in left)
            too_much = tuple(finding for finding in policy.too_much if finding in left)
            if lacks or too_much or any(map(policy.mends, problems)):
                policies.append(replace(policy, lacks=lacks, too_much=too_much))
        return tuple(policies)
