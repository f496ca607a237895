"""Jobs started by state machines through the integration of Step Functions with AWS's SDK.

https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .._model.requests import OpenQuestion
from .._shared.values import HOLE, WRITTEN, account_of, as_text, unknown
from .._templates.choices import Either
from .._templates.files import read_text
from .._templates.stacks import Resource
from ..matrix import Permissions
from .request import KINDS, TemplateRequest, call_not_known, lower_case

STATE_MACHINES = {
    "AWS::StepFunctions::StateMachine": "RoleArn",
    # https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-statemachine.html
    "AWS::Serverless::StateMachine": "Role",
}
"""The types of state machines, with the properties that have the role."""

_FILES = frozenset({"DefinitionS3Location", "DefinitionUri"})
_SERVICE = "aws-sdk:personalize:"
_IN_YAML = (
    "its definition isn't JSON, so what it asks of Personalize isn't known: write it as JSON, or "
    "use the jobs of this library"
)
_ELSEWHERE = "its definition can't be seen, so what it asks of Personalize isn't known"
_TASK = re.compile(
    r"arn:(?:\$\{AWS::Partition\}|[^:]+):states:::aws-sdk:personalize:(?P<call>\w+)(?:\.\w+)?"
)
_INPUT = re.compile(
    r"\{%\s*\$states\.input(?:\.(?P<member>\w+))?\s*%\}"
    r"|\{%\s*\$merge\(\s*\[\s*\$states\.input\b.*%\}",
    re.DOTALL,
)


def of_state_machine(resource: Resource) -> list[TemplateRequest | OpenQuestion]:
    requests: list[TemplateRequest | OpenQuestion] = []
    definition = _definition(resource)
    if isinstance(definition, OpenQuestion):
        requests.append(definition)
    elif not isinstance(definition, Mapping) and _is_elsewhere(resource):
        requests.append(OpenQuestion(resource.path, _ELSEWHERE, resource.declared))
    role = resource.text(STATE_MACHINES[resource.type]) or ""
    for states, type in _state_maps(definition, resource.get("StateMachineType")):
        for name, state in states.items():
            task_resource = str(state.get("Resource")) if isinstance(state, Mapping) else ""
            task = _TASK.fullmatch(task_resource)
            row = KINDS.get(task["call"].lower()) if task else None
            if row is not None:
                request = _request_of_state(resource, row, role, name, states)
                requests.append(request._replace(is_express=type == "EXPRESS"))
            elif f"{_SERVICE}$" in task_resource:
                requests.append(call_not_known(resource, f"{resource.path} · {name}"))
    return requests


def _request_of_state(
    resource: Resource, row: Permissions, role_of_machine: str, name: str, states: Mapping[str, Any]
) -> TemplateRequest:
    """Return the request of a state; the states are those of its ``States`` object."""
    state = states[name]
    label = f"{resource.path} · {name}"
    arguments: Any = unknown(f"arguments of {label}")
    value = _arguments(name, state, states)
    if isinstance(value, (Mapping, Either)):
        arguments = lower_case(value)
    caller, account = role_of_machine, ""
    credentials = state.get("Credentials")
    if credentials:
        # Another role calls, which isn't checked, in its own account
        # (https://docs.aws.amazon.com/step-functions/latest/dg/concepts-access-cross-acct-resources.html).
        arn = credentials.get("RoleArn") if isinstance(credentials, dict) else None
        caller, account = "", account_of(str(arn or unknown(f"role of {label}")))
    describes = f"{_SERVICE}describe{row.noun}".lower() in json.dumps(states).lower()
    return TemplateRequest(
        resource,
        label,
        row,
        arguments,
        at_deployment=False,
        account=account,
        describes=describes,
        state=name,
        caller=caller,
    )


def _definition(resource: Resource) -> Any:
    """Return the definition as JSON, none, or the question where it can't be read."""
    properties = resource.body.get("Properties", {})
    definition = resource.get("Definition")
    if "DefinitionString" in properties and "personalize" in json.dumps(properties):
        definition = resource.get("DefinitionString")
    elif _FILES & properties.keys():
        definition = _from_asset(resource)
        if definition is not None and not definition.lstrip().startswith("{"):
            if _SERVICE not in definition:
                return None
            return OpenQuestion(resource.path, _IN_YAML, resource.declared)
    substitutions = resource.get("DefinitionSubstitutions")
    if substitutions and isinstance(definition, Mapping):
        definition = json.dumps(definition, ensure_ascii=False)
    if not isinstance(definition, str):
        return definition
    if isinstance(substitutions, Mapping):
        for name, value in substitutions.items():
            definition = definition.replace(f"{WRITTEN}{name}}}", str(value))
    return resource.parsed(definition, f"definition of {resource.path}")


def _is_elsewhere(resource: Resource) -> bool:
    """Tell if the definition is a parameter or a file, in a template about Personalize."""
    properties = resource.body.get("Properties", {})
    is_elsewhere = bool(_FILES & properties.keys())
    for name in ("Definition", "DefinitionString"):
        if isinstance(properties.get(name), dict):
            value = resource.get(name)
            if isinstance(value, str) and HOLE.fullmatch(value):
                is_elsewhere = True
    return is_elsewhere and resource.stack.template.speaks_of_personalize


def _from_asset(resource: Resource) -> str | None:
    """Return the text of a definition in an asset of the app, or in a file beside the template."""
    location = resource.get("DefinitionS3Location") or resource.get("DefinitionUri")
    template = resource.stack.template
    if isinstance(location, str):
        file = location
    elif isinstance(location, Mapping) and isinstance(location.get("Key"), str):
        name = location["Key"].rpartition("/")[2]
        file = template.assets.get(name.partition(".")[0], f"asset.{name}")
    else:
        return None
    path = template.path.parent / file
    return as_text(read_text(path)) if os.path.isfile(path) else None


def _state_maps(definition: Any, type: Any) -> Iterator[tuple[Mapping[str, Any], Any]]:
    """Yield the ``States`` of a definition and its parts, with the type of their executions."""
    if isinstance(definition, Mapping):
        config = definition.get("ProcessorConfig")
        if isinstance(config, Mapping):
            type = config.get("ExecutionType", type)
        states = definition.get("States")
        if isinstance(states, Mapping):
            yield states, type
        for value in definition.values():
            yield from _state_maps(value, type)
    elif isinstance(definition, list):
        for value in definition:
            yield from _state_maps(value, type)


def _arguments(name: str, state: Mapping[str, Any], states: Mapping[str, Any]) -> Any:
    """Return the arguments of a task; where it passes its input on, those of the state before."""
    arguments = state.get("Arguments", state.get("Parameters"))
    if arguments is None and "InputPath" in state:
        return unknown(f"InputPath of {name}")
    if arguments is None:
        # A task without arguments sends its input.
        arguments = "{% $states.input %}"
    passed_on = _INPUT.fullmatch(arguments) if isinstance(arguments, str) else None
    if passed_on is None:
        return arguments
    before: list[Mapping[str, Any]] = []
    for other in states.values():
        if isinstance(other, Mapping) and other.get("Next") == name:
            before.append(other)
    if len(before) != 1 or before[0].get("Type") != "Pass":
        return arguments
    output = before[0].get("Output", before[0].get("Parameters"))
    if not isinstance(output, Mapping):
        return arguments
    member = passed_on["member"]
    return output if member is None else output.get(member, arguments)
