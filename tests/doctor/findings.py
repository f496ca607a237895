"""Findings of a report as data, alike ones as one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# Nothing else is ever to be added to a policy.
ACTIONS = {
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ListGrants",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:PutObject",
    "cloudwatch:PutMetricData",
    "sts:AssumeRole",
}


@dataclass
class Finding:
    """Entries that have one cause, and belong to one key, role or bucket."""

    status: str
    """``failed``, ``warning`` or ``undecided``."""
    cause: str
    of: str
    """The ARN of the key, role or bucket whose policy is to be changed, or the subject of a problem."""
    says: list[str] = field(default_factory=list)
    principals: list[str] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)
    needed_by: list[str] = field(default_factory=list)
    add: list[tuple[str, Any]] = field(default_factory=list)
    """The statements to add, each once, and the kind of policy that they belong in."""

    @property
    def statements(self) -> list[Any]:
        """The statements to add."""
        return [statement for _, statement in self.add]

    def take(self, says: str, add: list[tuple[str, Any]], entry: dict[str, Any]) -> None:
        """Add what an entry says."""
        for values, value in (
            (self.says, says),
            (self.principals, entry.get("principal_arn")),
            (self.actions, entry.get("action")),
            (self.resources, entry.get("resource")),
            *((self.needed_by, each) for each in entry["needed_by"]),
        ):
            if value and value not in values:
                values[:] = sorted([*values, value])
        self.add += [each for each in add if each not in self.add]


def findings(report: dict[str, Any]) -> list[Finding]:
    """Return all that isn't as it should be."""
    found: dict[tuple[str, str, str], Finding] = {}

    def take(status: str, of: str, says: str, add: list[tuple[str, Any]], entry: dict[str, Any]) -> None:
        name = (status, entry["cause"], of)
        found.setdefault(name, Finding(*name)).take(says, add, entry)

    for each in report["missing"]:
        of = each["principal_arn"] if each["add_to"] in ("role", "boundary") else each["policy_of"]
        take("failed", of, each["because"], [(each["add_to"], each["add"])] if each["add"] else [], each)
    for each in report["problems"]:
        status = "warning" if each["severity"] == "warning" else "failed"
        take(status, each["subject"], each["message"], [("", statement) for statement in each["add"]], each)
    for each in report["undecided"]:
        take("undecided", each["policy_of"], each["because"], [], each)
    for _, statement in (added for finding in found.values() for added in finding.add):
        actions = statement["Action"]
        assert ACTIONS.issuperset([actions] if isinstance(actions, str) else actions), statement
    return list(found.values())


def bad(report: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return cause, status and subject of all that isn't as it should be."""
    return [(each.cause, each.status, each.of) for each in findings(report)]


def failed(report: dict[str, Any]) -> list[Finding]:
    """Return what is missing or wrong."""
    return [each for each in findings(report) if each.status == "failed"]
