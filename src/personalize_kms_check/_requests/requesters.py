"""Resources with requests to Personalize: its own, and state machines.

Resources created by others (schedules, custom resources, functions) are declared: see ``created``
and ``undeclared``.
"""

from __future__ import annotations

import json
import re
from typing import Any

from .._model.policy_documents import as_list
from .._model.requests import OpenQuestion
from .._shared.answers import Answer
from .._shared.values import unknown
from .._templates.choices import Either
from .._templates.intrinsics import functions
from .._templates.physical import DATASET
from .._templates.stacks import Resource
from .request import KINDS, TemplateRequest, call_not_known, lower_case
from .state_machines import STATE_MACHINES, of_state_machine

_PREFIX = "AWS::Personalize::"
# An integration of AWS's SDK.
_CALL = re.compile(rf"aws-sdk:personalize:(?:{'|'.join(KINDS)})\b")


def requests_of(resource: Resource) -> list[TemplateRequest | OpenQuestion]:
    """Return the requests of a resource to Personalize, with a question where there may be more."""
    requests: list[TemplateRequest | OpenQuestion]
    if resource.type.startswith(_PREFIX):
        requests = [*_of_personalize(resource)]
    elif resource.type in STATE_MACHINES:
        requests = of_state_machine(resource)
    else:
        return []
    if not any(isinstance(request, OpenQuestion) for request in requests):
        may_be_put_in = resource.is_added_to and resource.stack.template.speaks_of_personalize
        if may_be_put_in or _may_call_otherwise(resource, len(requests)):
            requests.append(call_not_known(resource, resource.path))
    if requests and "Policies" in resource.body.get("Properties", {}):
        reason = "SAM makes its role from Policies, which aren't read: set Role to a role instead"
        requests.append(OpenQuestion(resource.path, reason, resource.declared, asks=()))
    return requests


def _of_personalize(resource: Resource) -> list[TemplateRequest]:
    if resource.type == DATASET:
        return _of_dataset(resource)
    call = f"create{resource.type.removeprefix(_PREFIX).lower()}"
    if call not in KINDS:
        return []
    properties = {name: resource.get(name) for name in resource.body.get("Properties", {})}
    return [_at_deployment(resource, call, properties)]


def _of_dataset(resource: Resource) -> list[TemplateRequest]:
    job = resource.get("DatasetImportJob")
    of_dataset = {name: resource.get(name) for name in ("Name", "DatasetGroupArn")}
    if not job:
        return []
    arguments: Any = job
    if isinstance(job, dict):
        arguments = {**job, **of_dataset}
    elif not isinstance(job, Either):
        arguments = unknown(f"DatasetImportJob of {resource.path}")
    return [_at_deployment(resource, "createdatasetimportjob", arguments)]


def _at_deployment(resource: Resource, call: str, arguments: Any) -> TemplateRequest:
    lower = lower_case(arguments)
    return TemplateRequest(resource, resource.path, KINDS[call], lower, at_deployment=True)


def _may_call_otherwise(resource: Resource, number_read: int) -> bool:
    """Tell if a condition of the template may choose another call than those read."""
    properties = resource.body.get("Properties")
    text = json.dumps(properties).lower()
    if '"fn::if"' not in text or "personalize" not in text:
        return False
    if len(_CALL.findall(text)) <= number_read:
        return False
    for function, argument in functions(properties):
        if function == "Fn::If":
            for condition in as_list(argument)[:1]:
                if resource.stack.condition(str(condition)) is Answer.MAYBE:
                    return True
    return False
