"""One execution of the state machine, and what it shows."""

from __future__ import annotations

import json
import time
from typing import Any

from integ.account import Aws, Deployed, Patience

# The states, in their order. The first one follows the library's own.
JSONATA, REDRIVE, RETRY, JSON_PATH, CAUGHT = "JSONata", "RedriveTime", "RetryCount", "JSONPath", "Caught"


def execute(aws: Aws, deployed: Deployed, patience: Patience) -> dict[str, str]:
    """Run the state machine, and return what was found, by what it is about."""
    states = aws.client("stepfunctions")
    arn = states.start_execution(stateMachineArn=deployed.machine)["executionArn"]
    while (ended := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
        time.sleep(patience.between_looks)
    found: dict[str, Any] = {}
    for page in states.get_paginator("get_execution_history").paginate(executionArn=arn):
        for event in page["events"]:
            if "stateExitedEventDetails" in event:
                left = event["stateExitedEventDetails"]
                found[left["name"]] = json.loads(left.get("output") or "null")
    return findings(found, f"{ended.get('error')}: {ended.get('cause')}")


def findings(found: dict[str, Any], failure: str) -> dict[str, str]:
    """Return what the outputs of the states say, or the failure where the execution didn't come so far."""
    created, retried = found.get(JSONATA), found.get(RETRY)
    return {
        "an import by the library's states, and JSONata of several steps": "works" if created else failure,
        "`CreationDateTime` of a job": f"{created['type']} `{created['value']}`" if created else failure,
        "`Execution.RedriveTime` without a redrive": found.get(REDRIVE, failure),
        "`State.RetryCount` in the `Output` of a `Catch`, after one retry": str(retried["count"])
        if retried
        else failure,
        "the error for a missing permission": retried["error"] if retried else failure,
        "the error for a missing JSONPath": f"{found[CAUGHT]}, which is caught" if CAUGHT in found else failure,
    }
