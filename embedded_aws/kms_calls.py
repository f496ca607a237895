"""Records of Personalize's calls to KMS, as CloudTrail shows them.

AWS doesn't document which calls Personalize makes: here it makes each call on the page once, when
a resource is created, as the service and with the role. The records have the fields of
CloudTrail's record contents and of KMS's developer guide (logging-using-cloudtrail).
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable
from typing import Any

from ministack.services import cloudtrail

from embedded_aws import deployed
from embedded_aws.requirements import PERSONALIZE


def record(actions: Iterable[str], key_arn: str, role_arn: str) -> None:
    """Keep events of calls that were allowed."""
    issuer = {"type": "Role", "arn": role_arn, "accountId": deployed.caller_account()}
    service = {"type": "AWSService", "invokedBy": PERSONALIZE}
    role = {
        "type": "AssumedRole",
        "invokedBy": PERSONALIZE,
        "sessionContext": {"sessionIssuer": issuer},
    }
    for action in actions:
        for identity in (service, role):
            _keep(action.partition(":")[2], key_arn, identity)


def _keep(name: str, key_arn: str, identity: dict[str, Any]) -> None:
    now = time.time()
    event = {
        "userIdentity": identity,
        "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
        "eventSource": "kms.amazonaws.com",
        "eventName": name,
        "sourceIPAddress": PERSONALIZE,
        "resources": [{"type": "AWS::KMS::Key", "ARN": key_arn}],
    }
    listed: dict[str, Any] = {"EventId": str(uuid.uuid4()), "EventName": name, "EventTime": now}
    listed["EventSource"] = event["eventSource"]
    listed["CloudTrailEvent"] = json.dumps(event)
    cloudtrail._get_event_queue().append(listed)
