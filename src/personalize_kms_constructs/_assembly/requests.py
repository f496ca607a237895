"""The requests of an assembly: by its Personalize resources, state machines, schedules, ``AwsCustomResource``s."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .._access.model import OpenQuestion
from .._access.values import unknown
from .asked import KINDS, Request, lower_case, of_sdk_call
from .json_text import parsed
from .physical import DATASET, Resource
from .schedules import RULE, SCHEDULE, of_schedule
from .state_machines import STATE_MACHINE, of_state_machine

_PREFIX = "AWS::Personalize::"


def requests_of(resource: Resource) -> Iterator[Request | OpenQuestion]:
    """Yield what a resource of a template asks Personalize for.

    Raises:
        AssemblyError: if that can't be read.
    """
    try:
        yield from _requests_of(resource)
    except RecursionError:
        raise resource.too_deep(resource.path) from None


def _requests_of(resource: Resource) -> Iterator[Request | OpenQuestion]:
    if resource.type.startswith(_PREFIX):
        yield from _of_personalize(resource)
    elif resource.type == STATE_MACHINE:
        yield from of_state_machine(resource)
    elif resource.type in (RULE, SCHEDULE):
        yield from of_schedule(resource)
    elif resource.type.startswith("Custom::") or resource.type == "AWS::CloudFormation::CustomResource":
        yield from _of_custom_resource(resource)


def _of_personalize(resource: Resource) -> Iterator[Request]:
    if resource.type == DATASET:
        job = resource.get("DatasetImportJob")
        if isinstance(job, Mapping) and job:
            arguments = {**job, "DatasetGroupArn": resource.get("DatasetGroupArn")}
            yield _request(resource, "createdatasetimportjob", arguments)
        elif job:
            yield _request(resource, "createdatasetimportjob", unknown(f"DatasetImportJob of {resource.path}"))
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
        call = parsed(text, f"{event} of {resource.path}", resource) if isinstance(text, str) else text
        request = of_sdk_call(resource, resource.path, call, at_deployment=True)
        if request is not None:
            yield request
