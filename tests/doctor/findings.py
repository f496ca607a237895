"""Findings of a report as data, alike ones as one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Finding:
    """Entries that have one cause, and belong to one key, role or bucket."""

    status: str
    """``failed``, ``warning`` or ``undecided``."""
    cause: str
    of: str
    """The ARN of the owner of the policy to change, or the subject of a problem."""
    says: list[str] = field(default_factory=list)
    principals: list[str] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)
    needed_by: list[str] = field(default_factory=list)

    def take(self, says: str, entry: dict[str, Any]) -> None:
        """Add what an entry says."""
        for values, value in (
            (self.says, says),
            (self.principals, entry.get("principal_arn")),
            (self.actions, entry.get("action")),
            (self.resources, entry.get("resource")),
            *((self.needed_by, need) for need in entry["needed_by"]),
        ):
            if value and value not in values:
                values[:] = sorted([*values, value])


def findings(report: dict[str, Any]) -> list[Finding]:
    """Return all that isn't as it should be."""
    by_name: dict[tuple[str, str, str], Finding] = {}

    def take(status: str, of: str, says: str, entry: dict[str, Any]) -> None:
        name = (status, entry["cause"], of)
        by_name.setdefault(name, Finding(*name)).take(says, entry)

    for entry in report["missing"]:
        is_in_role = entry["cause"] in ("boundary", "both-sides")
        take(
            "failed", entry["principal_arn" if is_in_role else "policy_of"], entry["because"], entry
        )
    for problem in report["problems"]:
        status = "warning" if problem["severity"] == "warning" else "failed"
        take(status, problem["subject"], problem["message"], problem)
    for entry in report["undecided"]:
        take("undecided", entry["policy_of"], entry["because"], entry)
    return list(by_name.values())


def should_have(report: dict[str, Any]) -> dict[tuple[str, str], list[Any]]:
    """Return the statements that policies should have, by kind and owner of the policy."""
    policies = {
        (policy["policy"], policy["policy_of"]): policy["should_have"]
        for policy in report["policies"]
    }
    assert len(policies) == len(report["policies"])
    return policies


def bad(report: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return cause, status and subject of all that isn't as it should be."""
    return [(finding.cause, finding.status, finding.of) for finding in findings(report)]
