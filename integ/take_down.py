"""Takes down what a run has deployed, whatever has become of it."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from integ.account import Aws, Context, ids_of, resources_of, stack_status
from integ.waiting import delete_group, ended, ends_after


class LeftError(Exception):
    """Something is left; the message names it, and the command that takes it away."""


def take_down_command(context: Context, stack: str) -> str:
    """Return the command that takes down what a run of this name has left."""
    profile = context.environment.get("AWS_PROFILE", "")
    command = f"make integ TAKE_DOWN={stack} REGION={context.aws.region}"
    return command + (profile and f" PROFILE={profile}")


def take_down(context: Context, stack: str) -> bool:
    """Delete a stack when nothing works on its dataset any more, and what a run has made beside it.

    AWS deletes no dataset that is being imported
    (https://docs.aws.amazon.com/personalize/latest/dg/API_DeleteDataset.html), and nothing says
    that it deletes a dataset group without its key. Only Ctrl-C and its own deadline end the wait:
    nobody would see what is left in a terminal that is closed. It returns false if there is no
    such stack, as in another account or Region.

    Raises:
        LeftError: if that can't be.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    try:
        with ends_after(context.patience.for_taking_down):
            context.tell("taking everything down; Ctrl-C leaves it there")
            is_there = bool(stack_status(context.aws, stack))
            _take_down(context, stack)
        if is_there:
            context.tell("nothing of it is left; KMS deletes the keys after seven days")
        else:
            where = f"account {context.aws.account}, Region {context.aws.region}"
            context.tell(f"there is no stack {stack} in {where}; a process `cdk` may still make it")
        return is_there
    except BaseException as error:
        why = " ".join(str(error).split()) or type(error).__name__
        left = "\n  ".join(_left(context.aws, stack))
        command = f"this takes it away: {take_down_command(context, stack)}"
        support = "if a job doesn't end, ask AWS's support"
        message = f"it isn't all taken down: {why}\n  {left}\n  {command}\n  {support}"
        raise LeftError(message) from error


def _take_down(context: Context, stack: str) -> None:
    aws = context.aws
    # What a call in flight has started a moment ago may keep the first deletion from its end.
    for _ in range(2):
        status = _settled(context, stack)
        for arn in _other_groups(aws, stack):
            context.tell(f"deleting {arn}")
            delete_group(aws, arn, context.patience)
        if not status:
            return
        resources = _there(aws, stack)
        for arn in _jobs(aws, ids_of(resources, "AWS::Personalize::Dataset")):
            context.tell(f"waiting for {arn}")
            ended(aws, arn, context.patience)
        _empty(aws, ids_of(resources, "AWS::S3::Bucket"))
        aws.client("cloudformation").delete_stack(StackName=stack)
    if _settled(context, stack):
        raise RuntimeError(f"CloudFormation doesn't delete the stack {stack}")


def _settled(context: Context, stack: str) -> str:
    """Wait until nothing happens to a stack, and return its status, or nothing if it is gone.

    One in review is what ``cdk deploy`` leaves behind that is ended early: nothing works on it.
    """
    while True:
        status = stack_status(context.aws, stack)
        if not status.endswith("_IN_PROGRESS") or status == "REVIEW_IN_PROGRESS":
            return status
        time.sleep(context.patience.between_looks)


def _there(aws: Aws, stack: str) -> list[Any]:
    resources = resources_of(aws, stack)
    return [made for made in resources if made["ResourceStatus"] != "DELETE_COMPLETE"]


def _jobs(aws: Aws, datasets: list[str]) -> Iterator[str]:
    personalize = aws.client("personalize")
    for kind in ("Import", "Export"):
        pages = personalize.get_paginator(f"list_dataset_{kind.lower()}_jobs")
        for dataset in datasets:
            for page in pages.paginate(datasetArn=dataset):
                for job in page[f"dataset{kind}Jobs"]:
                    if job["status"] not in ("ACTIVE", "CREATE FAILED"):
                        yield job[f"dataset{kind}JobArn"]


def _other_groups(aws: Aws, stack: str) -> list[str]:
    arns = []
    for page in aws.client("personalize").get_paginator("list_dataset_groups").paginate():
        for group in page["datasetGroups"]:
            if group["name"].startswith(f"{stack}-"):
                arns.append(group["datasetGroupArn"])
    return arns


def _empty(aws: Aws, buckets: list[str]) -> None:
    s3 = aws.client("s3")
    for bucket in buckets:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for listed in page.get("Contents", ()):
                s3.delete_object(Bucket=bucket, Key=listed["Key"])


def _left(aws: Aws, stack: str) -> Iterator[str]:
    """Name what is left, with CloudFormation's reasons."""
    try:
        for arn in _other_groups(aws, stack):
            yield f"left: dataset group {arn}"
        status = stack_status(aws, stack)
        if status:
            yield f"left: the stack {stack}, {status}"
            for resource in _there(aws, stack):
                reason = resource.get("ResourceStatusReason", "")
                name = resource.get("PhysicalResourceId", resource["LogicalResourceId"])
                yield f"left: {resource['ResourceType']} {name}{reason and f': {reason}'}"
                status = resource["ResourceStatus"]
                if (resource["ResourceType"], status) == ("AWS::KMS::Key", "DELETE_FAILED"):
                    options = f"--pending-window-in-days 7 --region {aws.region} --key-id {name}"
                    schedule = f"aws kms schedule-key-deletion {options}"
                    yield f"  $1 a month, until somebody who may calls `{schedule}`"
    except (BotoCoreError, ClientError):
        yield f"left, as far as they were made: the stack {stack}, dataset groups named {stack}-…"
