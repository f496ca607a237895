"""Denied calls of KMS in CloudTrail: warnings, or notes beside the findings that explain them.

KMS records all its operations as management events, "in some scenarios" those that were denied.
"""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple

from .._causes import Cause, Reason
from .._finding import Finding
from .._model import AccessModel
from .._reports.report import in_order
from ..matrix import SERVICE_PRINCIPAL
from .asking import Account, NotAnsweredError
from .diagnosis import GroupReport

_PAGE = "https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html"
# AWS answers two look-ups a second, with 50 events each, the latest first: so many take a minute
# (https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html).
_MOST_EVENTS = 6_000
_OF_KMS = [{"AttributeKey": "EventSource", "AttributeValue": "kms.amazonaws.com"}]


class Denial(NamedTuple):
    """The last of several denied calls that are alike, in KMS's words, with its event."""

    who: str
    action: str
    says: str
    record: str

    def is_of(self, finding: Finding) -> bool:
        """Tell if a finding explains it."""
        is_alike = (self.who, self.action) == (finding.principal_arn, finding.action)
        return is_alike and finding.resource in self.record


def read_denials(account: Account) -> tuple[list[Denial], str]:
    """Read the last denied calls of KMS, and say how far back they go."""
    denials: dict[tuple[str, ...], Denial] = {}
    back_to, stopped = "now", ""
    events = account.pages("cloudtrail.LookupEvents", "Events", "*", LookupAttributes=_OF_KMS)
    try:
        for event in islice(events, _MOST_EVENTS):
            text = event.get("CloudTrailEvent") or "{}"
            record = json.loads(text)
            who, session = _caller(record)
            back_to = record.get("eventTime") or back_to
            if who and str(record.get("errorCode")).startswith("AccessDenied"):
                action = f"kms:{record.get('eventName')}"
                says = record.get("errorMessage") or f"{action} was denied to {who}"
                # Each job has a session of its own. Some messages don't name the key.
                alike = (who, action, says.replace(session, who), str(record.get("resources")))
                denials.setdefault(alike, Denial(who, action, f"{says} ({back_to})", text))
    except NotAnsweredError as error:
        stopped = f": {error}"
    read = f"CloudTrail: the last calls of KMS were looked at, back to {back_to}{stopped}"
    return list(denials.values()), read


def _caller(record: Any) -> tuple[str, str]:
    """Return the role that called and its session, or Personalize twice."""
    identity = record.get("userIdentity") or {}
    issuer = (identity.get("sessionContext") or {}).get("sessionIssuer") or {}
    by_service = SERVICE_PRINCIPAL in (identity.get("invokedBy"), record.get("sourceIPAddress"))
    who = str(issuer.get("arn") or (SERVICE_PRINCIPAL if by_service else ""))
    return who, str(identity.get("arn") or who)


def with_denials(
    report: GroupReport, model: AccessModel, denials: list[Denial], read: str
) -> GroupReport:
    """Return a report with denied calls: a note if a finding explains one, else a warning."""
    notes, findings = [*report.notes, read], [*report.access.findings]
    unmet = (*report.access.missing, *report.access.undecided)
    for denial in denials:
        is_on_key = any(key in denial.record for key in model.keys)
        of_service = denial.who == SERVICE_PRINCIPAL and is_on_key
        if any(map(denial.is_of, unmet)):
            notes.append(f"CloudTrail: {denial.says}")
        elif of_service or denial.who in model.roles:
            reason = Reason.of(Cause.CALL_DENIED, says=denial.says)
            findings.append(
                Finding(
                    kind="configuration",
                    subject=denial.who,
                    reason=reason,
                    page=_PAGE,
                    is_warning=True,
                )
            )
    access = replace(report.access, findings=in_order(findings))
    return replace(report, access=access, notes=tuple(notes))
