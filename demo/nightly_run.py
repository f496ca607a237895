"""One night of the example app: its state machine runs against the embedded AWS."""

from __future__ import annotations

import json
import time
from typing import Any

from embedded_aws import EmbeddedAws

_INPUT = "".join(json.dumps({"userId": str(user)}) + "\n" for user in (196, 186, 22))


class NightFailedError(RuntimeError):
    """The execution did not succeed; its cause says why."""


def nightly_run(aws: EmbeddedAws, bucket: str) -> list[str]:
    """Run the state machine once; a line for each state that was entered, and for what it left in the bucket.

    Raises:
        NightFailedError: if the execution fails.
    """
    personalize, states = aws.client("personalize"), aws.client("stepfunctions")
    (solution,) = personalize.list_solutions()["solutions"]
    personalize.create_solution_version(solutionArn=solution["solutionArn"])  # what training would do
    aws.client("s3").put_object(Bucket=bucket, Key="batch/in/users.json", Body=_INPUT.encode())
    (machine,) = states.list_state_machines()["stateMachines"]
    execution = states.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    described: dict[str, Any] = states.describe_execution(executionArn=execution)
    while described["status"] == "RUNNING":
        time.sleep(0.2)
        described = states.describe_execution(executionArn=execution)
    history = states.get_execution_history(executionArn=execution, maxResults=1000)["events"]
    entered = [event["stateEnteredEventDetails"]["name"] for event in history if "stateEnteredEventDetails" in event]
    if described["status"] != "SUCCEEDED":
        raise NightFailedError(
            f"the nightly state machine {described['status']} after {entered}: "
            f"{described.get('error')}: {described.get('cause')}"
        )
    written = aws.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])
    return [
        *dict.fromkeys(entered),
        *(
            f"s3://{bucket}/{each['Key']}, {each['Size']:,} bytes"
            for each in written
            if each["Key"].startswith(("batch/out/", "export/"))
        ),
    ]
