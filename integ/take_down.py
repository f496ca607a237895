"""Takes down what a run has deployed, whatever has become of it."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from integ.account import Aws, Patience, stack_status
from integ.creations import delete_group, ended


class LeftError(Exception):
    """Something is left; the message names it, and the command that takes it away."""


def take_down(aws: Aws, stack: str, patience: Patience, tell: Callable[[str], None], command: str) -> None:
    """Delete a stack when nothing works on its dataset any more, and what a run has made beside it.

    AWS deletes no dataset that is being imported
    (https://docs.aws.amazon.com/personalize/latest/dg/API_DeleteDataset.html). Only Ctrl-C ends the wait: nobody would
    see what is left in a terminal that is closed.

    Raises:
        LeftError: if that can't be.
    """
    try:
        with _ignored(signal.SIGTERM, signal.SIGHUP):
            tell("everything is taken down; Ctrl-C leaves it there")
            _take_down(aws, stack, patience, tell)
    except BaseException as error:
        why = " ".join(str(error).split()) or type(error).__name__
        raise LeftError(
            f"the stack {stack} is left, with its keys, bucket, role, state machine and dataset group: {why}\n"
            f"  this takes it away: {command}"
        ) from error


@contextmanager
def _ignored(*signals: signal.Signals) -> Iterator[None]:
    before = {each: signal.signal(each, signal.SIG_IGN) for each in signals}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _take_down(aws: Aws, stack: str, patience: Patience, tell: Callable[[str], None]) -> None:
    cloudformation = aws.client("cloudformation")
    if not stack_status(aws, stack):
        tell(f"there is no stack {stack} in {aws.region}")
    # What a call in flight has started a moment ago may keep the first deletion from its end.
    for _ in range(2):
        status = _settled(aws, stack, patience)
        _delete_other_groups(aws, stack, patience, tell)
        if not status:
            return
        found = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
        _stop(aws, _ids(found, "AWS::StepFunctions::StateMachine"))
        for arn in _jobs(aws, _ids(found, "AWS::Personalize::Dataset")):
            tell(f"waiting for {arn}")
            ended(aws, arn, patience)
        _empty(aws, _ids(found, "AWS::S3::Bucket"))
        cloudformation.delete_stack(StackName=stack)
    if _settled(aws, stack, patience):
        raise RuntimeError(_reasons(cloudformation, stack))


def _settled(aws: Aws, stack: str, patience: Patience) -> str:
    """Wait until CloudFormation does nothing with a stack, and return its status, or nothing if it is gone.

    One in review is what ``cdk deploy`` leaves behind that is ended early: nothing works on it.
    """
    while (status := stack_status(aws, stack)).endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
        time.sleep(patience.between_looks)
    return status


def _ids(resources: Any, resource_type: str) -> list[str]:
    there = [each for each in resources if each["ResourceStatus"] != "DELETE_COMPLETE" and "PhysicalResourceId" in each]
    return [each["PhysicalResourceId"] for each in there if each["ResourceType"] == resource_type]


def _stop(aws: Aws, machines: list[str]) -> None:
    states = aws.client("stepfunctions")
    for machine in machines:
        for each in states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]:
            states.stop_execution(executionArn=each["executionArn"])


def _jobs(aws: Aws, datasets: list[str]) -> Iterator[str]:
    personalize = aws.client("personalize")
    for kind in ("Import", "Export"):
        pages = personalize.get_paginator(f"list_dataset_{kind.lower()}_jobs")
        for dataset in datasets:
            for page in pages.paginate(datasetArn=dataset):
                for each in page[f"dataset{kind}Jobs"]:
                    if each["status"] not in ("ACTIVE", "CREATE FAILED"):
                        yield each[f"dataset{kind}JobArn"]


def _delete_other_groups(aws: Aws, stack: str, patience: Patience, tell: Callable[[str], None]) -> None:
    for page in aws.client("personalize").get_paginator("list_dataset_groups").paginate():
        for each in page["datasetGroups"]:
            if each["name"].startswith(f"{stack}-"):
                tell(f"deleting {each['datasetGroupArn']}")
                delete_group(aws, each["datasetGroupArn"], patience)


def _empty(aws: Aws, buckets: list[str]) -> None:
    s3 = aws.client("s3")
    for bucket in buckets:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for each in page.get("Contents", ()):
                s3.delete_object(Bucket=bucket, Key=each["Key"])


def _reasons(cloudformation: Any, stack: str) -> str:
    found = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
    failed = [each for each in found if each["ResourceStatus"] == "DELETE_FAILED"]
    return "; ".join(
        f"{each['PhysicalResourceId']} can't be deleted: {each.get('ResourceStatusReason', '')}" for each in failed
    )
