"""Jobs that EventBridge starts: by a schedule that calls Personalize, or by a function that is told what to call.

* https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
* https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_events_targets.AwsApi.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .._access.model import OpenQuestion
from .._access.values import unknown
from .._access.written import as_list
from .asked import KINDS, Request, call_not_known, lower_case, of_sdk_call
from .json_text import parsed
from .physical import Resource

RULE, SCHEDULE = "AWS::Events::Rule", "AWS::Scheduler::Schedule"

_CALL = re.compile(r".*:scheduler:::aws-sdk:personalize:(?P<call>.+)")


def of_schedule(resource: Resource) -> Iterator[Request | OpenQuestion]:
    """Yield what the targets of a rule or a schedule ask Personalize for."""
    for target in as_list(resource.get("Target" if resource.type == SCHEDULE else "Targets")):
        if not isinstance(target, Mapping):
            continue
        given = target.get("Input")
        if found := _CALL.fullmatch(str(target.get("Arn"))):
            call = found["call"].lower()
            if call in KINDS:
                arguments = _json(given, resource)
                known = (
                    lower_case(arguments) if isinstance(arguments, Mapping) else unknown(f"Input of {resource.path}")
                )
                yield Request(resource, resource.path, KINDS[call], known, at_deployment=False)
            elif "${" in call:
                yield call_not_known(resource, resource.path)
        elif _names_a_call(target):
            told = _json(given, resource)
            request = of_sdk_call(resource, resource.path, told, at_deployment=False)
            yield request or call_not_known(resource, resource.path)


def _names_a_call(target: Mapping[str, Any]) -> bool:
    said = json.dumps([target.get("Input"), target.get("InputTransformer")]).lower()
    return "personalize" in said and any(call in said for call in KINDS)


def _json(text: Any, resource: Resource) -> Any:
    return parsed(text, f"Input of {resource.path}", resource) if isinstance(text, str) and "{" in text else text
