"""Jobs that state machines start through the integration of Step Functions with AWS's SDK.

https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .._access.model import OpenQuestion
from .._values import HOLE, WRITTEN, account_of, as_text, joined, unknown
from .choices import Either
from .files import read_text
from .requests import KINDS, Request, call_not_known, lower_case, role_of, role_of_task
from .stacks import Resource

STATE_MACHINES = {
    "AWS::StepFunctions::StateMachine": "RoleArn",
    # https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-statemachine.html
    "AWS::Serverless::StateMachine": "Role",
}
"""The types of state machines, with the properties that have the role."""

_FILES = frozenset({"DefinitionS3Location", "DefinitionUri"})
_SERVICE = "aws-sdk:personalize:"
_IN_YAML = (
    "its definition isn't JSON, so what it asks of Personalize isn't known: write it as JSON, or use the jobs of "
    "this library"
)
_ELSEWHERE = "its definition can't be seen, so what it asks of Personalize isn't known"
_TASK = re.compile(r"arn:(?:\$\{AWS::Partition\}|[^:]+):states:::aws-sdk:personalize:(?P<call>\w+)(?:\.\w+)?")
_INPUT = re.compile(
    r"\{%\s*\$states\.input(?:\.(?P<member>\w+))?\s*%\}|\{%\s*\$merge\(\s*\[\s*\$states\.input\b.*%\}", re.DOTALL
)


def of_state_machine(resource: Resource) -> Iterator[Request | OpenQuestion]:
    """Yield the jobs that a state machine starts."""
    definition = _definition(resource)
    if isinstance(definition, OpenQuestion):
        yield definition
    elif not isinstance(definition, Mapping) and _is_elsewhere(resource):
        yield OpenQuestion(resource.path, _ELSEWHERE, resource.declared)
    role = role_of(resource, STATE_MACHINES[resource.type])
    for states in _state_maps(definition):
        waits_for = json.dumps(states).lower()
        for name, state in states.items():
            task = _TASK.fullmatch(str(state.get("Resource"))) if isinstance(state, Mapping) else None
            call = task["call"].lower() if task else ""
            place = f"{resource.path} · {name}"
            if call in KINDS:
                arguments = _arguments(name, state, states)
                arguments = (
                    lower_case(arguments)
                    if isinstance(arguments, (Mapping, Either))
                    else unknown(f"arguments of {place}")
                )
                row, caller = KINDS[call], role_of_task(state, role, place)
                waits = f"{_SERVICE}describe{row.noun}".lower() in waits_for
                yield Request(
                    resource,
                    place,
                    row,
                    arguments,
                    at_deployment=False,
                    account=account_of(caller) if state.get("Credentials") else "",
                    describes=waits and not state.get("Credentials"),
                    state=str(name),
                    caller=caller,
                    assumed_by=role if state.get("Credentials") else "",
                )
            elif isinstance(state, Mapping) and f"{_SERVICE}$" in str(state.get("Resource")):
                yield call_not_known(resource, place)


def _definition(resource: Resource) -> Any:
    properties = resource.body.get("Properties", {})
    found = resource.get("Definition")
    if "DefinitionString" in properties and "personalize" in json.dumps(properties):
        found = resource.get("DefinitionString")
    elif _FILES & properties.keys():
        found = _from_asset(resource)
        if found is not None and not found.lstrip().startswith("{"):
            return OpenQuestion(resource.path, _IN_YAML, resource.declared) if _SERVICE in found else None
    substitutions = resource.get("DefinitionSubstitutions")
    if substitutions and isinstance(found, Mapping):
        found = json.dumps(found, ensure_ascii=False)
    if not isinstance(found, str):
        return found
    for name, value in substitutions.items() if isinstance(substitutions, Mapping) else ():
        found = joined(found.split(f"{WRITTEN}{name}}}"), str(value))
    return resource.parsed(found, f"definition of {resource.path}")


def _is_elsewhere(resource: Resource) -> bool:
    """Report whether a template that speaks of Personalize leaves the definition to a parameter or to a file."""
    properties = resource.body.get("Properties", {})
    functions = [each for each in ("Definition", "DefinitionString") if isinstance(properties.get(each), dict)]
    is_open = any(HOLE.fullmatch(each) for each in map(resource.get, functions) if isinstance(each, str))
    return (is_open or bool(_FILES & properties.keys())) and resource.stack.template.speaks_of_personalize


def _from_asset(resource: Resource) -> str | None:
    """The text of a definition that is an asset of the app, or a file beside the template, before it is packaged.

    Of a stage, the asset is above the templates.
    """
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


def _state_maps(definition: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the ``States`` of a definition and of everything in it: branches, iterators, item processors."""
    if isinstance(definition, Mapping):
        states = definition.get("States")
        if isinstance(states, Mapping):
            yield states
        for value in definition.values():
            yield from _state_maps(value)
    elif isinstance(definition, list):
        for value in definition:
            yield from _state_maps(value)


def _arguments(name: str, state: Mapping[str, Any], states: Mapping[str, Any]) -> Any:
    arguments = state.get("Arguments", state.get("Parameters"))
    if arguments is None:
        # The input is what a task without arguments sends, or what InputPath takes of it.
        arguments = "{% $states.input %}" if "InputPath" not in state else unknown(f"InputPath of {name}")
    handed_on = _INPUT.fullmatch(arguments) if isinstance(arguments, str) else None
    if handed_on is None:
        return arguments
    # The input is what the state before says, where there is one that says it.
    before = [each for each in states.values() if isinstance(each, Mapping) and each.get("Next") == name]
    if len(before) != 1 or before[0].get("Type") != "Pass":
        return arguments
    said = before[0].get("Output", before[0].get("Parameters"))
    member = handed_on["member"]
    if not isinstance(said, Mapping):
        return arguments
    return said if member is None else said.get(member, arguments)
