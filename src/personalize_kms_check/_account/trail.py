"""Denied calls of KMS in CloudTrail that no finding explains.

KMS records all its operations as management events, "in some scenarios" those that were denied.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from .._model.causes import Cause, Reason
from .._model.finding import Finding
from .._model.model import AccessModel
from .._model.report import AccessReport
from ..matrix import SERVICE_PRINCIPAL
from .asking import Account, NotAnsweredError, Progress, member_of
from .diagnosis import warning

_PAGE = "https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html"
# AWS answers two look-ups a second, with 50 events each, the latest first: so many take a minute
# (https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html).
_MOST_EVENTS = 6_000
OF_KMS = [{"AttributeKey": "EventSource", "AttributeValue": "kms.amazonaws.com"}]
_KEY = re.compile(r"arn:[\w-]+:kms:[\w:/-]+")


def denied_calls(
    account: Account, model: AccessModel, report: AccessReport
) -> tuple[list[Finding], str]:
    """Return warnings of the last denied calls, those that are alike as one, and where they end."""
    unmet = (*report.missing, *report.undecided)
    explained = {(finding.principal_arn, finding.action, finding.resource) for finding in unmet}
    warnings: dict[object, Finding] = {}
    back_to, stopped, progress = "now", "", Progress()
    events = account.pages("cloudtrail.LookupEvents", "Events", "*", LookupAttributes=OF_KMS)
    try:
        for number, (who, keys, record) in enumerate(calls_of_kms(events), 1):
            back_to = record.get("eventTime") or back_to
            progress.tell(f"{number:,} calls of KMS read in CloudTrail, back to {back_to}")
            action = f"kms:{record.get('eventName')}"
            is_on_key = not keys.isdisjoint(model.keys)
            is_ours = who in model.roles or (who == SERVICE_PRINCIPAL and is_on_key)
            is_denied = str(record.get("errorCode")).startswith("AccessDenied")
            if is_ours and is_denied and explained.isdisjoint((who, action, key) for key in keys):
                says = record.get("errorMessage") or f"{action} was denied to {who}"
                reason = Reason.of(Cause.CALL_DENIED, says=f"{says} ({back_to})")
                warnings.setdefault((who, action, keys), warning(who, reason, _PAGE))
    except NotAnsweredError as error:
        stopped = f": {error}"
    read = f"CloudTrail: the last calls of KMS were looked at, back to {back_to}{stopped}"
    if stopped and back_to == "now":
        read = f"CloudTrail wasn't read{stopped}"
    return list(warnings.values()), read


def calls_of_kms(events: Iterable[Any]) -> Iterator[tuple[str, frozenset[str], Any]]:
    """Yield the role that called, or Personalize, or nothing; the keys; and the record."""
    for event in islice(events, _MOST_EVENTS):
        text = event.get("CloudTrailEvent") or "{}"
        record = json.loads(text)
        sources = (member_of(record, "userIdentity.invokedBy"), record.get("sourceIPAddress"))
        service = SERVICE_PRINCIPAL if SERVICE_PRINCIPAL in sources else ""
        role = member_of(record, "userIdentity.sessionContext.sessionIssuer.arn")
        yield str(role or service), frozenset(_KEY.findall(text)), record
