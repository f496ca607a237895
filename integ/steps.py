"""What is tried with each variant, and what AWS says to it."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from demo.cdk_cli import CdkError, cdk
from integ.account import Context, outputs_of, stack_status
from integ.waiting import ended

# An import takes 1,000 at least (https://docs.aws.amazon.com/personalize/latest/dg/limits.html).
INTERACTIONS = 2000
DATA = "USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP\n" + "".join(
    f"u{number % 50},i{number},rating,{1_700_000_000 + number}\n" for number in range(INTERACTIONS)
)

# A failure of these types of resources is an answer.
_TRIED = ("AWS::Personalize::", "Custom::")

Outcome = tuple[str, str]
"""``ACTIVE`` or another status, ``REFUSED`` if the call failed; and AWS's reason in its words."""


def deploy(context: Context, stack: str, assembly: str) -> Outcome:
    """Deploy a stack; raise ``CdkError`` if it fails by more than what is tried."""
    options = ("--app", assembly, "--exclusively", "--require-approval", "never")
    try:
        cdk("deploy", stack, *options, environment=context.environment, quiet=True)
    except CdkError:
        with suppress(ClientError):  # what the CLI says tells more than a look that fails
            if reasons := _failures(context, stack):
                return stack_status(context.aws, stack), "\n".join(reasons)
        raise
    return "ACTIVE", ""


def import_data(context: Context, stack: str) -> Outcome:
    """Import interactions, by the stack's state machine if it has one."""
    deployed = outputs_of(context.aws, stack)
    bucket = deployed["BucketName"]
    context.aws.client("s3").put_object(Bucket=bucket, Key="import/data.csv", Body=DATA.encode())
    if "MachineArn" in deployed:
        return _execution(context, deployed["MachineArn"])
    source = {"dataLocation": f"s3://{bucket}/import/"}
    return _job(context, stack, "import", dataSource=source)


def export_data(context: Context, stack: str) -> Outcome:
    """Export what was imported."""
    deployed = outputs_of(context.aws, stack)
    path = f"s3://{deployed['BucketName']}/export/"
    output = {"s3DataDestination": {"path": path, "kmsKeyArn": deployed["KeyArn"]}}
    return _job(context, stack, "export", jobOutput=output, ingestionMode="ALL")


def _job(context: Context, stack: str, kind: str, **options: Any) -> Outcome:
    deployed = outputs_of(context.aws, stack)
    create = getattr(context.aws.client("personalize"), f"create_dataset_{kind}_job")
    options |= {"datasetArn": deployed["DatasetArn"], "roleArn": deployed["RoleArn"]}
    try:
        created = create(jobName=stack, **options)
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvalidInputException":
            raise
        return "REFUSED", str(error.response["Error"]["Message"])
    job = ended(context.aws, created[f"dataset{kind.capitalize()}JobArn"], context.patience)
    return job["status"], str(job.get("failureReason") or "")


def _execution(context: Context, machine: str) -> Outcome:
    states = context.aws.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=machine)["executionArn"]
    while (end := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        time.sleep(context.patience.between_looks)
    if end["status"] == "SUCCEEDED":
        return "ACTIVE", ""
    return end["status"], f"{end.get('error')}: {end.get('cause')}"


def _failures(context: Context, stack: str) -> list[str]:
    """Return CloudFormation's reasons, the first first."""
    events = context.aws.client("cloudformation").describe_stack_events(StackName=stack)
    reasons = []
    for event in reversed(events["StackEvents"]):
        reason = event.get("ResourceStatusReason", "")
        is_tried = event["ResourceType"].startswith(_TRIED) and "cancelled" not in reason
        if is_tried and event["ResourceStatus"].endswith("FAILED"):
            reasons.append(f"{event['LogicalResourceId']}: {reason}")
    return reasons
