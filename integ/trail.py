"""What was deployed, and the calls of KMS on its keys, read once, at the end of a run."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError

from integ.account import Aws, Context, ids_of, outputs_of, resources_of, stacks_of
from integ.record import Record
from personalize_kms_check._account.trail import OF_KMS, calls_of_kms

_PARAMETERS = ("encryptionContext", "operations", "constraints", "granteePrincipal")


def read(context: Context, run: str, began: datetime, record: Record) -> None:
    """Record the stacks with their keys, then the calls, the latest first, those alike as one."""
    context.tell("reading CloudTrail, for a minute or two; Ctrl-C leaves it out")
    keys = []
    try:
        for stack in stacks_of(context.aws, run):
            name = stack["StackName"]
            own = ids_of(resources_of(context.aws, name, deleted=True), "AWS::KMS::Key")
            record.add(stack=name, keys=own, outputs=outputs_of(context.aws, name))
            keys += own
        for call, times in calls_on(tuple(keys), context.aws, began).items():
            record.add(kms=json.loads(call), times=times)
    except (BotoCoreError, ClientError) as error:
        record.add(unread=str(error))


def calls_on(keys: tuple[str, ...], aws: Aws, began: datetime) -> Counter[str]:
    """Return the calls on these keys as JSON; CloudTrail has them some minutes later."""
    pages = aws.client("cloudtrail").get_paginator("lookup_events")
    events = pages.paginate(LookupAttributes=OF_KMS, StartTime=began).search("Events")
    calls: Counter[str] = Counter()
    for caller, named, about in calls_of_kms(events):
        identity, parameters = about.get("userIdentity") or {}, about.get("requestParameters") or {}
        call = {"action": about.get("eventName"), "caller": caller, "type": identity.get("type")}
        call |= {"invokedBy": identity.get("invokedBy"), "error": about.get("errorCode")}
        call |= {field: parameters.get(field) for field in _PARAMETERS}
        stated = {field: value for field, value in call.items() if value}
        calls.update(json.dumps({"key": key, **stated}) for key in named if key.endswith(keys))
    return calls
