"""Calls of KMS that Personalize made with the keys of a stack, as CloudTrail has them.

https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from integ.account import Aws, ids_of, resources_of

PERSONALIZE = "personalize.amazonaws.com"
# The other fields have ids of credentials, of requests and of the account's organization.
_FIELDS = (
    "eventTime",
    "eventName",
    "sourceIPAddress",
    "requestParameters",
    "errorCode",
    "errorMessage",
)


def kms_events(aws: Aws, stack: str, since: datetime) -> Iterator[dict[str, Any]]:
    """Return the events of Personalize, and of the roles of the stack."""
    resources = resources_of(aws, stack)
    roles = ids_of(resources, "AWS::IAM::Role")
    kms, trail = aws.client("kms"), aws.client("cloudtrail")
    for key in ids_of(resources, "AWS::KMS::Key"):
        arn = f"arn:{kms.meta.partition}:kms:{aws.region}:{aws.account}:key/{key}"
        about = [{"AttributeKey": "ResourceName", "AttributeValue": arn}]
        for page in trail.get_paginator("lookup_events").paginate(
            LookupAttributes=about, StartTime=since
        ):
            for listed in page["Events"]:
                event = json.loads(listed["CloudTrailEvent"])
                caller = _caller(event, roles)
                if caller and event.get("eventSource") == "kms.amazonaws.com":
                    yield {
                        "key": arn,
                        "caller": caller,
                        **{name: event[name] for name in _FIELDS if event.get(name)},
                    }


def _caller(event: Any, roles: list[str]) -> dict[str, str]:
    """Return who made a call, or nothing if it was neither Personalize nor one of the roles."""
    identity = event.get("userIdentity") or {}
    role = ((identity.get("sessionContext") or {}).get("sessionIssuer") or {}).get("arn", "")
    if role.rpartition("/")[2] not in roles and PERSONALIZE not in (
        identity.get("invokedBy"),
        event.get("sourceIPAddress"),
    ):
        return {}
    fields = {"type": identity.get("type"), "invokedBy": identity.get("invokedBy"), "role": role}
    return {name: value for name, value in fields.items() if value}
