"""Calls of KMS that Personalize made, as CloudTrail has them.

https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from integ.account import Aws, Deployed, Patience
from integ.experiments import PERSONALIZE


class KmsCall(NamedTuple):
    """Calls that are alike."""

    who: str
    """``Personalize``, or the service role."""
    key: str
    """Which of the two keys."""
    action: str
    context: str
    """The names in its encryption context."""
    error: str


def kms_calls(aws: Aws, deployed: Deployed, since: datetime, patience: Patience) -> Counter[KmsCall]:
    """Wait for CloudTrail, and return how often Personalize made each call."""
    time.sleep(patience.for_trail)
    return Counter(
        call
        for arn, key in ((deployed.key, "the dataset group's"), (deployed.data_key, "the bucket's"))
        for call in _calls(deployed, key, _events(aws, arn, since))
    )


def _events(aws: Aws, arn: str, since: datetime) -> Iterator[Any]:
    trail = aws.client("cloudtrail")
    about = [{"AttributeKey": "ResourceName", "AttributeValue": arn}]
    for page in trail.get_paginator("lookup_events").paginate(LookupAttributes=about, StartTime=since):
        for event in page["Events"]:
            yield json.loads(event["CloudTrailEvent"])


def _calls(deployed: Deployed, key: str, events: Iterable[Any]) -> Iterator[KmsCall]:
    for event in events:
        who = _who(deployed, event.get("userIdentity") or {})
        if who and event.get("eventSource") == "kms.amazonaws.com":
            context = (event.get("requestParameters") or {}).get("encryptionContext") or {}
            yield KmsCall(who, key, event["eventName"], ", ".join(sorted(context)), event.get("errorCode") or "")


def _who(deployed: Deployed, identity: Any) -> str:
    if identity.get("type") == "AWSService" and identity.get("invokedBy") == PERSONALIZE:
        return "Personalize"
    issuer = (identity.get("sessionContext") or {}).get("sessionIssuer") or {}
    if issuer.get("arn") == deployed.role:
        by = f", by {identity['invokedBy']}" if identity.get("invokedBy") else ""
        return f"the role{by}"
    return ""
