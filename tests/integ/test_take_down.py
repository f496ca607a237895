"""``make integ``, ended at each of its steps: it leaves nothing, or names it with the command."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

import integ.__main__
import integ.options
from embedded_aws import EmbeddedAws
from integ.beforehand import beforehand
from integ.take_down import LeftError, take_down
from tests.deploy.stacks import Templates
from tests.integ.conftest import AT_ONCE, RUN, at_once, left_over, recorded

COMMAND = f"this takes it away: make integ TAKE_DOWN={RUN} REGION=eu-west-1"
SUPPORT = "if a job doesn't end, ask AWS's support"

Run = Callable[..., bool]

pytestmark = pytest.mark.long


@pytest.fixture(autouse=True)
def _no_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integ.__main__, "_ask_doctor", lambda *_: None)


@contextmanager
def around(aws: EmbeddedAws, event: str, call: str, do: Callable[[], Any]) -> Iterator[None]:
    """Do something before or after the first call of an operation, or one with a number."""
    name, _, number = call.partition(" ")
    service, _, operation = name.partition(".")
    calls = []

    def once(model: Any, **_: Any) -> None:
        if model.name == operation:
            calls.append(model)
            if len(calls) == int(number or 1):
                do()

    events = aws.client(service).meta.events
    events.register(event, once)
    try:
        yield
    finally:
        events.unregister(event, once)


def interrupt() -> None:
    raise KeyboardInterrupt


def deny() -> None:
    raise ClientError({"Error": {"Code": "AccessDenied"}}, "DescribeStackEvents")


@pytest.mark.parametrize(
    "call",
    [
        "personalize.CreateDatasetImportJob 2",
        "cloudformation.CreateStack 1",
        "cloudformation.CreateStack 7",
        "cloudformation.DescribeStackEvents",
        "s3.PutObject 3",
        "personalize.CreateDatasetExportJob 4",
        "stepfunctions.StartExecution",
    ],
)
def test_nothing_is_left_after_ctrl_c(aws: EmbeddedAws, run: Run, call: str) -> None:
    """As soon as AWS has answered this call; nothing works when the first stack is deleted."""
    at_work: list[Any] = []

    def look() -> None:
        personalize, states = aws.client("personalize"), aws.client("stepfunctions")
        jobs = personalize.list_dataset_import_jobs()["datasetImportJobs"]
        jobs += personalize.list_dataset_export_jobs()["datasetExportJobs"]
        at_work.extend(job for job in jobs if job["status"] != "ACTIVE")
        for machine in states.list_state_machines()["stateMachines"]:
            listed = states.list_executions(stateMachineArn=machine["stateMachineArn"])
            at_work.extend(one for one in listed["executions"] if one["status"] == "RUNNING")

    deleted = around(aws, "before-call", "cloudformation.DeleteStack", look)
    with deleted, around(aws, "after-call", call, interrupt), pytest.raises(KeyboardInterrupt):
        run()
    assert at_work == []
    assert left_over(aws) == []


def test_a_refusal_is_an_answer(aws: EmbeddedAws, run: Run) -> None:
    """It ends the steps of its variant alone, and is told in AWS's words."""

    def refuse() -> None:
        aws.fail_next("CreateDatasetExportJob", "InvalidInputException")

    with around(aws, "before-call", "s3.PutObject 3", refuse):
        assert run()
    assert recorded("answer") == ["yes", "no", "no", "yes", "no", "yes"]
    number = recorded("status").index("REFUSED")
    assert recorded("tried")[number] == "Required: export"
    assert "as asked for" in recorded("said")[number]
    assert left_over(aws) == []


def test_a_failure_that_says_nothing_of_personalize_ends_it(
    aws: EmbeddedAws, run: Run, templates: Templates
) -> None:
    """A quota of S3, for example; here a key whose policy nobody could change any more.

    All that the CLI has written is on the screen and in the file, also if taking down fails, or the
    look at the stack.
    """
    resources = templates[f"{RUN}-Delegated"]["Resources"]
    resources["Refused"] = {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Statement": []}}}
    told: list[str] = []
    aws.fail_next("ScheduleKeyDeletion", "AccessDenied", times=10)
    looks = around(aws, "before-call", "cloudformation.DescribeStackEvents 6", deny)
    try:
        with looks, pytest.raises(LeftError) as error:
            run(tell=told.append)
    finally:
        del resources["Refused"]
    assert recorded("answer") == ["yes", "no", "no"]
    why = f"cdk deploy {RUN}-Delegated failed:\nwhat the CLI has written"
    assert recorded("stopped") == [why]
    assert f"it stops: {why}" in told
    assert recorded("left") == [str(error.value)]


def test_keys_whose_deletion_is_denied_are_named(
    aws: EmbeddedAws,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing else is left; the next run names it, and the command takes it away when it may."""
    aws.fail_next("ScheduleKeyDeletion", "AccessDenied", times=12)
    with pytest.raises(LeftError) as error:
        run()
    _, *left = re.sub(r"[0-9a-f-]{36}", "ID", str(error.value)).split("\n  ")
    key = [
        "left: AWS::KMS::Key ID: AccessDenied: not authorized to perform: kms:ScheduleKeyDeletion",
        "  $1 a month, until somebody who may calls "
        "`aws kms schedule-key-deletion --region eu-west-1 --key-id ID`",
    ]
    assert left == [
        *(f"left: the stack {RUN}-Required, DELETE_FAILED", *key),
        *(f"left: the stack {RUN}-Default, DELETE_FAILED", *key),
        *(f"left: the stack {RUN}-Keys, DELETE_FAILED", *key * 4),
        *(COMMAND, SUPPORT),
    ]
    next_run = beforehand(at_once(aws), "PersonalizeKmsInteg-00000000")
    assert f"An earlier run has left stacks {RUN}-…" in next_run

    monkeypatch.setattr(integ.options, "OwnAccount", lambda *_: aws)
    monkeypatch.setattr(integ.options, "Patience", lambda _: AT_ONCE)
    monkeypatch.setattr(sys, "argv", ["integ", "--take-down", RUN])
    assert integ.__main__.main() == 0
    assert left_over(aws) == []
    assert integ.__main__.main() == 1
    where = "in account 111111111111, Region eu-west-1"
    assert f"▶ there is no stack {RUN}-… {where}" in capsys.readouterr().out


def test_all_is_taken_down_though_the_file_cannot_be_written(aws: EmbeddedAws, run: Run) -> None:
    """Its disk is full, for example; and what is left is named."""

    def hinder() -> None:
        file = Path(f"{RUN}.jsonl")
        file.unlink()
        file.mkdir()

    created = around(aws, "after-call", "cloudformation.CreateStack 2", hinder)
    with created, pytest.raises(IsADirectoryError):
        run()
    assert left_over(aws) == []
    Path(f"{RUN}.jsonl").rmdir()
    aws.fail_next("ScheduleKeyDeletion", "AccessDenied", times=10)
    created = around(aws, "after-call", "cloudformation.CreateStack 2", hinder)
    with created, pytest.raises(LeftError):
        run()
    take_down(at_once(aws), RUN)
    assert left_over(aws) == []


def test_a_job_that_never_ends_has_an_end(aws: EmbeddedAws, run: Run) -> None:
    """The deadline ends the run, and another one ends the wait for what can't be deleted."""
    aws.freeze_jobs("CREATE IN_PROGRESS")
    try:
        with pytest.raises(LeftError) as error:
            run(patience=replace(AT_ONCE, for_all=10, for_taking_down=1, between_looks=0.1))
    finally:
        aws.freeze_jobs(None)
    assert recorded("stopped") == ["it took longer than 0.00278 hours"]
    # The job that never ended is the last that was begun.
    assert recorded("trying") == [*recorded("tried"), "Default: import"]
    first = str(error.value).splitlines()[0]
    assert first == "it isn't all taken down: it took longer than 0.000278 hours"
    take_down(at_once(aws), RUN)
    assert left_over(aws) == []
