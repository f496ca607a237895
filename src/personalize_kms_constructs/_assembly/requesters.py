"""Resources that ask Personalize for something: its own, state machines, schedules, ``AwsCustomResource``s."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .._access.model import OpenQuestion
from .._access.values import unknown
from .._access.written import as_list
from .choices import Either
from .physical import DATASET
from .requests import KINDS, Request, call_not_known, lower_case, may_call_otherwise, of_sdk_call
from .stacks import Resource
from .state_machines import STATE_MACHINES, of_state_machine

_PREFIX = "AWS::Personalize::"
_RULE, _SCHEDULE = "AWS::Events::Rule", "AWS::Scheduler::Schedule"
_CALL = re.compile(r".*:scheduler:::aws-sdk:personalize:(?P<call>.+)")


def requests_of(resource: Resource) -> Iterator[Request | OpenQuestion]:
    """Yield what a resource of a template asks Personalize for."""
    if resource.type.startswith(_PREFIX):
        yield from _and_others(resource, _of_personalize(resource))
    elif resource.type in STATE_MACHINES:
        yield from _and_others(resource, of_state_machine(resource))
    elif resource.type in (_RULE, _SCHEDULE):
        yield from _and_others(resource, _of_schedule(resource))
    elif resource.type.startswith("Custom::") or resource.type == "AWS::CloudFormation::CustomResource":
        yield from _and_others(resource, _of_custom_resource(resource))


def _and_others(resource: Resource, found: Iterable[Request | OpenQuestion]) -> Iterator[Request | OpenQuestion]:
    """Yield what a resource asks for, and that it may ask for more where that can't be read."""
    known = list(found)
    yield from known
    is_told = any(isinstance(each, OpenQuestion) for each in known)
    may_be_put_in = resource.is_added_to and resource.stack.template.speaks_of_personalize
    if not is_told and (may_be_put_in or may_call_otherwise(resource, len(known))):
        yield call_not_known(resource, resource.path)


def _of_personalize(resource: Resource) -> Iterator[Request]:
    if resource.type == DATASET:
        job, own = resource.get("DatasetImportJob"), {name: resource.get(name) for name in ("Name", "DatasetGroupArn")}
        if isinstance(job, dict) and job:
            yield _request(resource, "createdatasetimportjob", {**job, **own})
        elif job:
            arguments = job if isinstance(job, Either) else unknown(f"DatasetImportJob of {resource.path}")
            yield _request(resource, "createdatasetimportjob", arguments)
        return
    call = f"create{resource.type.removeprefix(_PREFIX).lower()}"
    if call in KINDS:
        properties = {name: resource.get(name) for name in resource.body.get("Properties", {})}
        yield _request(resource, call, properties)


def _request(resource: Resource, call: str, arguments: Any) -> Request:
    return Request(resource, resource.path, KINDS[call], lower_case(arguments), at_deployment=True)


def _of_custom_resource(resource: Resource) -> Iterator[Request]:
    """Yield the calls of an ``AwsCustomResource``, which are JSON in its properties.

    https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.custom_resources.AwsCustomResource.html
    """
    for event in ("Create", "Update"):
        if "personalize" not in json.dumps(resource.body.get("Properties", {}).get(event)).lower():
            continue
        text = resource.get(event)
        call = resource.parsed(text, f"{event} of {resource.path}") if isinstance(text, str) else text
        request = of_sdk_call(resource, resource.path, call, resource.get("ServiceToken"), at_deployment=True)
        if request is not None:
            yield request


def _of_schedule(resource: Resource) -> Iterator[Request | OpenQuestion]:
    """Yield what EventBridge asks for: a schedule that calls Personalize, or a function that is told what to call.

    * https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
    * https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_events_targets.AwsApi.html
    """
    for target in as_list(resource.get("Target" if resource.type == _SCHEDULE else "Targets")):
        if not isinstance(target, dict):
            continue
        given = target.get("Input")
        if found := _CALL.fullmatch(str(target.get("Arn"))):
            call = found["call"].lower()
            if call in KINDS:
                arguments = _json(given, resource)
                known = lower_case(arguments) if isinstance(arguments, dict) else unknown(f"Input of {resource.path}")
                caller = str(target.get("RoleArn") or "")
                yield Request(resource, resource.path, KINDS[call], known, at_deployment=False, caller=caller)
            elif "${" in call:
                yield call_not_known(resource, resource.path)
        elif _names_a_call(target):
            told = _json(given, resource)
            request = of_sdk_call(resource, resource.path, told, target.get("Arn"), at_deployment=False)
            yield request or call_not_known(resource, resource.path)


def _names_a_call(target: Mapping[str, Any]) -> bool:
    said = json.dumps([target.get("Input"), target.get("InputTransformer")]).lower()
    return "personalize" in said and any(call in said for call in KINDS)


def _json(text: Any, resource: Resource) -> Any:
    return resource.parsed(text, f"Input of {resource.path}") if isinstance(text, str) and "{" in text else text
