"""Runs the state machines of the example app against the embedded AWS: a night, a deletion."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from embedded_aws import EmbeddedAws

_INPUT = "".join(json.dumps({"userId": str(user)}) + "\n" for user in (196, 186, 22))
_FORGOTTEN = "USER_ID\n22\n"


class NightFailedError(RuntimeError):
    """An execution did not succeed; its cause says why."""


def nightly_run(aws: EmbeddedAws, bucket: str, document: dict[str, Any] | None = None) -> list[str]:
    """Run the nightly state machine once; return a line for each state entered and object written.

    Raises:
        NightFailedError: if the execution fails.
    """
    personalize, storage = aws.client("personalize"), aws.client("s3")
    (solution,) = personalize.list_solutions()["solutions"]
    # The night waits for its training.
    personalize.create_solution_version(solutionArn=solution["solutionArn"])
    now = datetime.now(UTC)
    # The execution may begin after midnight.
    for day in {now.date(), (now + timedelta(minutes=5)).date()}:
        storage.put_object(Bucket=bucket, Key=f"batch/in/{day}/users.json", Body=_INPUT.encode())
    entered, _ = run(aws, "NightlyMachine", document or {})
    written = storage.list_objects_v2(Bucket=bucket).get("Contents", [])
    lines = list(dict.fromkeys(entered))
    for file in written:
        if file["Key"].startswith(("batch/out/", "export/")):
            lines.append(f"s3://{bucket}/{file['Key']}, {file['Size']:,} bytes")
    return lines


def deletion_run(aws: EmbeddedAws, bucket: str) -> list[str]:
    """Run the state machine that deletes users; return its states and the count of records.

    Raises:
        NightFailedError: if the execution fails.
    """
    aws.client("s3").put_object(Bucket=bucket, Key="deletion/today.csv", Body=_FORGOTTEN.encode())
    entered, job = run(aws, "DeletionMachine", {"file": "today.csv"})
    return [*dict.fromkeys(entered), f"{job['NumDeleted']} records deleted"]


def run(aws: EmbeddedAws, output: str, document: dict[str, Any]) -> tuple[Sequence[str], Any]:
    """Run the state machine that an output of the stack names; return its states and its output.

    Raises:
        NightFailedError: if the execution fails.
    """
    states = aws.client("stepfunctions")
    machine = stack_output(aws, "Recommendations", output)
    execution = states.start_execution(stateMachineArn=machine, input=json.dumps(document))[
        "executionArn"
    ]
    described: dict[str, Any] = states.describe_execution(executionArn=execution)
    while described["status"] == "RUNNING":
        time.sleep(0.2)
        described = states.describe_execution(executionArn=execution)
    history = states.get_execution_history(executionArn=execution, maxResults=1000)["events"]
    entered = [
        event["stateEnteredEventDetails"]["name"]
        for event in history
        if "stateEnteredEventDetails" in event
    ]
    if described["status"] != "SUCCEEDED":
        raise NightFailedError(
            f"{output} {described['status']} after {entered}: {described.get('error')}: "
            f"{described.get('cause')}"
        )
    return entered, json.loads(described["output"])


def bucket_name(aws: EmbeddedAws) -> str:
    """Return the name of the bucket."""
    return stack_output(aws, "Data", "BucketName")


def stack_output(aws: EmbeddedAws, stack: str, name: str) -> str:
    """Return the value of an output."""
    (description,) = aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return next(
        str(output["OutputValue"])
        for output in description["Outputs"]
        if output["OutputKey"] == name
    )
