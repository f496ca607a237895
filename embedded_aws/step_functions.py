"""Additions to ministack's Step Functions: Personalize, identities, redrives and definitions.

A task of a state machine calls with the machine's role (Step Functions developer guide,
procedure-create-iam-role); ministack calls as the account. A redrive continues a failed execution
at the step that failed, with the same input and the same execution ARN (API reference,
RedriveExecution).
"""

from __future__ import annotations

import contextvars
import json
import threading
from typing import Any

from ministack.core.responses import error_response_json, json_response, now_iso
from ministack.services import stepfunctions
from ministack.services.cloudformation import provisioners

from embedded_aws import asl
from embedded_aws.errors import RefusedError, check_call
from embedded_aws.personalize_callers import state_machine_role
from embedded_aws.personalize_service import TARGET_PREFIX


def register() -> None:
    """Extend ministack's module."""
    stepfunctions._AWS_SDK_SERVICE_MAP["personalize"] = {
        "target_prefix": TARGET_PREFIX,
        "protocol": "json",
        "param_case": "lower-camel",
    }
    # Errors that the API's model doesn't name (developer guide, supported-services-awssdk, and what
    # users report).
    stepfunctions._AWS_SDK_ERROR_CODE_OVERRIDES["personalize"] = dict.fromkeys(
        ("AccessDeniedException", "ThrottlingException", "InternalFailure", "ServiceUnavailable"),
        "PersonalizeException",
    )
    check_call(
        stepfunctions,
        "_create_state_machine",
        lambda fields: _check_definition(fields["definition"]),
    )
    definition_in = provisioners._sfn_definition
    provisioners._sfn_definition = lambda properties: _check_definition(definition_in(properties))
    _call_with_the_role()
    _report_started_tasks()
    _answer_redrives()


def _check_definition(definition: str) -> str:
    """Return the definition, if it is one."""
    problems = asl.problems(definition)
    if problems:
        why = f"Invalid State Machine Definition: '{', '.join(problems)}'"
        raise RefusedError("InvalidDefinition", why)
    return definition


def _call_with_the_role() -> None:
    execute = stepfunctions._execute_task

    def execute_with_the_role(state: Any, raw_input: Any, execution: Any, context: Any) -> Any:
        machine = stepfunctions._state_machines.get((execution or {}).get("stateMachineArn"), {})
        if execution and "redriveDate" in execution:
            context["Execution"]["RedriveTime"] = execution["redriveDate"]
        token = state_machine_role.set(machine.get("roleArn"))
        try:
            return execute(state, raw_input, execution, context)
        finally:
            state_machine_role.reset(token)

    stepfunctions._execute_task = execute_with_the_role


def _report_started_tasks() -> None:
    """Have a task's history say that it was started, too (API reference, HistoryEvent)."""
    add_event = stepfunctions._add_event

    def add_event_and_start(
        execution: dict[str, Any], kind: str, details: dict[str, Any] | None = None
    ) -> Any:
        event = add_event(execution, kind, details)
        if kind == "TaskScheduled" and details:
            scheduled = details["taskScheduledEventDetails"]
            started = {field: scheduled[field] for field in ("resourceType", "resource")}
            add_event(execution, "TaskStarted", {"taskStartedEventDetails": started})
        return event

    stepfunctions._add_event = add_event_and_start


def _answer_redrives() -> None:
    handle = stepfunctions.handle_request

    async def handle_with_redrive(
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> Any:
        if headers.get("x-amz-target", "").endswith(".RedriveExecution"):
            return stepfunctions._finalize_response(_redrive(json.loads(body)["executionArn"]))
        return await handle(method, path, headers, body, query_params)

    stepfunctions.handle_request = handle_with_redrive


def _redrive(arn: str) -> Any:
    execution = stepfunctions._executions[arn]
    if execution["status"] != "FAILED":
        why = f"Execution is {execution['status']}"
        return error_response_json("ExecutionNotRedrivable", why, 400)
    execution.update(status="RUNNING", stopDate=None, output=None, redriveDate=now_iso())
    execution.pop("error", None)
    execution.pop("cause", None)
    run = contextvars.copy_context().run
    threading.Thread(target=run, args=(_continue, execution), daemon=True).start()
    return json_response({"redriveDate": execution["redriveDate"]})


def _continue(execution: dict[str, Any]) -> None:
    """Run the execution from the state that it last entered, in a machine that begins there."""
    machine_arn, first_input = execution["stateMachineArn"], execution["input"]
    machine = stepfunctions._state_machines[machine_arn]
    definition = json.loads(machine["definition"])
    entered = [
        event["stateEnteredEventDetails"]
        for event in execution["events"]
        if "stateEnteredEventDetails" in event
    ]
    details = [state for state in entered if state["name"] in definition["States"]][-1]
    rest = {**definition, "StartAt": details["name"]}
    stand_in = f"{machine_arn}:redrive:{execution['name']}"
    stepfunctions._state_machines[stand_in] = {**machine, "definition": json.dumps(rest)}
    execution.update(stateMachineArn=stand_in, input=details["input"])
    try:
        stepfunctions._run_execution(execution["executionArn"])
    finally:
        execution.update(stateMachineArn=machine_arn, input=first_input)
        del stepfunctions._state_machines[stand_in]
