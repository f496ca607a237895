"""The state machine that a job became part of, found at synth: the CDK doesn't tell a state its machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast
from zlib import crc32

import jsii
from aws_cdk import Stack
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct, IValidation

from .._grant.place import Place
from .._policies.app import contents_at_synth
from ._states import Json, State


@jsii.implements(IValidation)
class MachineCheck:
    """Fails the synth for a job in a state machine that can't run it."""

    def __init__(self, job: Construct, state: State) -> None:
        self._job = job
        self._state = state

    def validate(self) -> list[str]:
        """Return the problems."""
        contents = contents_at_synth(Place.of(Stack.of(self._job)), self._job)
        ours = _parsed(self._state, {self._state.state_id: self._state.to_state_json()})
        found: list[str] = []
        for machine in contents.all_of(sfn.CfnStateMachine):
            if machine not in contents.definitions:
                contents.definitions[machine] = _definition(machine)
            found += self._machine_problems(machine, contents.definitions[machine], ours)
        return found

    def _machine_problems(self, machine: sfn.CfnStateMachine, definition: Json, ours: Json) -> Iterator[str]:
        for processors in _ways_to(ours, definition):
            executions = [each.get("ProcessorConfig", {}).get("ExecutionType") for each in processors]
            if machine.state_machine_type == "EXPRESS":
                yield (
                    f"the job is in the state machine {machine.node.path} of type EXPRESS, which ends after five "
                    "minutes, before most jobs do: use StateMachineType.STANDARD"
                )
            elif "EXPRESS" in executions:
                yield (
                    f"the job is in a distributed Map of {machine.node.path} with executions of type EXPRESS, each of "
                    "which ends after five minutes, before most jobs do: use StateMachineType.STANDARD as its "
                    "map_execution_type"
                )
            of_machine = {language.get("QueryLanguage") for language in (definition, *processors)}
            if self._state.query_language == "JSONPath" and "JSONata" in of_machine:
                yield (
                    f"parameters are JsonPath expressions but the query language of {machine.node.path} is JSONata: "
                    "write all of them as JSONata, for example {% $states.input.arn %}"
                )


def _definition(machine: sfn.CfnStateMachine) -> Json:
    """Return the definition of a state machine; an empty one if there is none that can be read now."""
    text = machine.definition_string
    try:
        return _as_json(Stack.of(machine).resolve(text)) if text else {}
    except (RuntimeError, ValueError):  # the synth says why
        return {}


def _parsed(state: State, value: Json) -> Json:
    stack = Stack.of(state)
    return _as_json(stack.resolve(stack.to_json_string(value)))


def _as_json(text: Any) -> Json:
    """Read JSON in which tokens stand as intrinsic functions, within strings and alone: as a number, each its own."""
    parts = text["Fn::Join"][1] if isinstance(text, dict) and "Fn::Join" in text else [text]
    written = [part if isinstance(part, str) else str(crc32(json.dumps(part).encode())) for part in parts]
    return cast("Json", json.loads("".join(written)))


def _ways_to(wanted: Json, container: Json, above: tuple[Json, ...] = ()) -> Iterator[tuple[Json, ...]]:
    """Yield the branches and processors around each state that is this one."""
    for name, state in container.get("States", {}).items():
        if wanted == {name: state}:
            yield above
        processors = [state[field] for field in ("ItemProcessor", "Iterator") if field in state]
        for inner in (*state.get("Branches", []), *processors):
            yield from _ways_to(wanted, inner, (*above, inner))
