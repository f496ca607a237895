"""Calls of KMS that Personalize made, as CloudTrail has them.

https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from integ.account import Aws, Deployed, Patience
from integ.experiments import DATA_KEY, GROUP_KEY, PERSONALIZE


class KmsCall(NamedTuple):
    """Calls that are alike."""

    who: str
    """``Personalize``, or the service role."""
    key: str
    """Which of the two keys."""
    action: str
    about: str
    """The names in its encryption context, or what a grant allows."""
    error: str


def kms_calls(aws: Aws, deployed: Deployed, since: datetime, patience: Patience) -> list[tuple[datetime, KmsCall]]:
    """Wait for CloudTrail, and return when Personalize made each call."""
    time.sleep(patience.for_trail)
    return [
        call
        for arn, key in ((deployed.key, GROUP_KEY), (deployed.data_key, DATA_KEY))
        for call in _calls(deployed, key, _events(aws, arn, since))
    ]


def _events(aws: Aws, arn: str, since: datetime) -> Iterator[Any]:
    trail = aws.client("cloudtrail")
    about = [{"AttributeKey": "ResourceName", "AttributeValue": arn}]
    for page in trail.get_paginator("lookup_events").paginate(LookupAttributes=about, StartTime=since):
        for event in page["Events"]:
            yield json.loads(event["CloudTrailEvent"])


def _calls(deployed: Deployed, key: str, events: Iterable[Any]) -> Iterator[tuple[datetime, KmsCall]]:
    for event in events:
        who = _who(deployed, event.get("userIdentity") or {})
        if who and event.get("eventSource") == "kms.amazonaws.com":
            parameters = event.get("requestParameters") or {}
            names = ", ".join(sorted(parameters.get("encryptionContext") or {}))
            about = _grant(parameters) if "granteePrincipal" in parameters else names
            call = KmsCall(who, key, event["eventName"], about, event.get("errorCode") or "")
            yield datetime.fromisoformat(event["eventTime"]), call


def _grant(parameters: Any) -> str:
    """Return grantee, operations and the names in constraints, as CreateGrant has them."""
    operations = ", ".join(parameters.get("operations") or ())
    constraints = (parameters.get("constraints") or {}).items()
    under = "".join(f"; {kind}: {', '.join(sorted(context))}" for kind, context in constraints)
    return f"{parameters['granteePrincipal']} may {operations}{under}"


def _who(deployed: Deployed, identity: Any) -> str:
    if identity.get("type") == "AWSService" and identity.get("invokedBy") == PERSONALIZE:
        return "Personalize"
    issuer = (identity.get("sessionContext") or {}).get("sessionIssuer") or {}
    if issuer.get("arn") == deployed.role:
        by = f", by {identity['invokedBy']}" if identity.get("invokedBy") else ""
        return f"the role{by}"
    return ""
