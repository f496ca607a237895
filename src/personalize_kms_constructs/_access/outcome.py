"""The findings on an app or an account, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .entries import Entry
from .model import Problem
from .policies import PolicyToChange


@dataclass(frozen=True)
class AccessFindings:
    """The findings on the keys and buckets that Personalize is asked to use."""

    missing: tuple[Entry, ...] = ()
    """Permissions that AWS's pages ask for and the policies don't grant."""
    excess: tuple[Entry, ...] = ()
    """Permissions that the policies grant beyond that."""
    undecided: tuple[Entry, ...] = ()
    """Permissions that can't be seen or that AWS doesn't document; ``because`` says why."""
    problems: tuple[Problem, ...] = ()
    """Problems that no added statement fixes: ordering, trust, configuration."""
    allowed: tuple[Entry, ...] = ()
    """Permissions that AWS's pages ask for and the policies grant."""
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
    """The number of findings that are left out, because they are acknowledged or ignored."""
    apps: int = 1
    """The number of apps that it is about, whose templates and constructs may have the same
    names."""

    @property
    def passed(self) -> bool:
        """True if nothing is missing and no problem is an error.

        Permissions that are too much or undecided don't count.
        """
        return not self.missing and all(problem.is_warning for problem in self.problems)

    def policies_that_count(self) -> tuple[PolicyToChange, ...]:
        """Return the policies that the findings are about, without entries that are left out."""
        missing, excess = set(self.missing), set(self.excess)
        policies = []
        for policy in self.policies:
            lacks = tuple(entry for entry in policy.lacks if entry in missing)
            too_much = tuple(entry for entry in policy.too_much if entry in excess)
            if lacks or too_much or any(map(policy.mends, self.problems)):
                policies.append(replace(policy, lacks=lacks, too_much=too_much))
        return tuple(policies)
