"""Takes down what a run has deployed, whatever has become of it."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

from botocore.exceptions import BotoCoreError, ClientError

from integ.account import Aws, Context, ids_of, resources_of, stack_status, stacks_of
from integ.waiting import ENDED, ended, ends_after


class LeftError(Exception):
    """Something is left; the message names it, and the command that takes it away."""


def take_down_command(context: Context, run: str) -> str:
    """Return the command that takes down what a run of this name has left."""
    profile = context.environment.get("AWS_PROFILE", "")
    command = f"make integ TAKE_DOWN={run} REGION={context.aws.region}"
    return command + (profile and f" PROFILE={profile}")


def take_down(context: Context, run: str) -> bool:
    """Delete the stacks of a run, each when nothing works on its dataset any more.

    AWS deletes no dataset that is being imported
    (https://docs.aws.amazon.com/personalize/latest/dg/API_DeleteDataset.html). Only Ctrl-C and its
    own deadline end the wait: nobody would see what is left in a terminal that is closed. It
    returns false if there is no such stack, as in another account or Region.

    Raises:
        LeftError: if that can't be.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    try:
        with ends_after(context.patience.for_taking_down):
            context.tell("taking everything down; Ctrl-C leaves it there")
            is_there = bool(stacks_of(context.aws, run))
            _take_down(context, run)
        where = f"account {context.aws.account}, Region {context.aws.region}"
        missing = f"there is no stack {run}-… in {where}; a process `cdk` may still make one"
        gone = "nothing of it is left; KMS deletes the keys after 30 days"
        context.tell(gone if is_there else missing)
        return is_there
    except BaseException as error:
        why = " ".join(str(error).split()) or type(error).__name__
        lines = [f"it isn't all taken down: {why}", *_left(context.aws, run)]
        lines.append(f"this takes it away: {take_down_command(context, run)}")
        lines.append("if a job doesn't end, ask AWS's support")
        raise LeftError("\n  ".join(lines)) from error


def _take_down(context: Context, run: str) -> None:
    # What a call in flight has started a moment ago may keep the first deletion from its end.
    for _ in range(2):
        for stack in stacks_of(context.aws, run):
            _delete(context, stack["StackName"])
    if stacks_of(context.aws, run):
        raise LeftError("CloudFormation doesn't delete all")


def _delete(context: Context, stack: str) -> None:
    aws = context.aws
    if not _settled(context, stack):
        return
    resources = resources_of(aws, stack)
    # Before the look at the jobs: an execution may start one.
    _stop(aws, ids_of(resources, "AWS::StepFunctions::StateMachine"))
    for arn in _jobs(aws, ids_of(resources, "AWS::Personalize::Dataset")):
        context.tell(f"waiting for {arn}")
        ended(aws, arn, context.patience)
    _empty(aws, ids_of(resources, "AWS::S3::Bucket"))
    context.tell(f"deleting {stack}")
    aws.client("cloudformation").delete_stack(StackName=stack)
    _settled(context, stack)


def _settled(context: Context, stack: str) -> str:
    """Wait until nothing happens to a stack, and return its status, or nothing if it is gone."""
    while True:
        status = stack_status(context.aws, stack)
        # One in review is left by a `cdk deploy` that was ended early: nothing works on it.
        if not status.endswith("_IN_PROGRESS") or status == "REVIEW_IN_PROGRESS":
            return status
        time.sleep(context.patience.between_looks)


def _stop(aws: Aws, machines: list[str]) -> None:
    states = aws.client("stepfunctions")
    for machine in machines:
        running = states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")
        for execution in running["executions"]:
            states.stop_execution(executionArn=execution["executionArn"])


def _jobs(aws: Aws, datasets: list[str]) -> Iterator[str]:
    personalize = aws.client("personalize")
    for kind in ("Import", "Export"):
        pages = personalize.get_paginator(f"list_dataset_{kind.lower()}_jobs")
        for dataset in datasets:
            for page in pages.paginate(datasetArn=dataset):
                for job in page[f"dataset{kind}Jobs"]:
                    if job["status"] not in ENDED:
                        yield job[f"dataset{kind}JobArn"]


def _empty(aws: Aws, buckets: list[str]) -> None:
    s3 = aws.client("s3")
    for bucket in buckets:
        for listed in s3.list_objects_v2(Bucket=bucket).get("Contents", ()):
            s3.delete_object(Bucket=bucket, Key=listed["Key"])


def _left(aws: Aws, run: str) -> Iterator[str]:
    """Name what is left, with CloudFormation's reasons."""
    try:
        for stack in stacks_of(aws, run):
            yield f"left: the stack {stack['StackName']}, {stack['StackStatus']}"
            for resource in resources_of(aws, stack["StackName"]):
                reason = resource.get("ResourceStatusReason", "")
                name = resource.get("PhysicalResourceId", resource["LogicalResourceId"])
                kind, status = resource["ResourceType"], resource["ResourceStatus"]
                yield f"left: {kind} {name}{reason and f': {reason}'}"
                if (kind, status) == ("AWS::KMS::Key", "DELETE_FAILED"):
                    schedule = f"schedule-key-deletion --region {aws.region} --key-id {name}"
                    yield f"  $1 a month, until somebody who may calls `aws kms {schedule}`"
    except (BotoCoreError, ClientError):
        yield f"left, as far as they were made: the stacks {run}-…"
