"""``make integ``, ended at each of its steps: it leaves nothing, or names it with the command."""

import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

import integ.__main__
import integ.steps
from embedded_aws import EmbeddedAws
from integ.account import PREFIX, stacks_of
from integ.take_down import LeftError, take_down
from tests.deploy.stacks import Templates
from tests.integ.conftest import AT_ONCE, RUN, at_once, left_over, without_cli

COMMAND = f"  this takes it away: make integ TAKE_DOWN={RUN} REGION=eu-west-1"
SUPPORT = "  if a job doesn't end, ask AWS's support"

Run = Callable[..., Any]


@pytest.fixture
def run(
    aws: EmbeddedAws, templates: Templates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Run it under one name and without the CDK's CLI and the doctor."""
    monkeypatch.chdir(tmp_path)
    for module in (integ.__main__, integ.steps):
        monkeypatch.setattr(module, "cdk", without_cli(aws, templates))
    monkeypatch.setattr(integ.__main__, "_ask_doctor", lambda *_: None)
    monkeypatch.setattr("secrets.token_hex", lambda _: "0a1b2c3d")

    def start(**options: Any) -> bool:
        return integ.__main__.integrate(at_once(aws, **options), lambda _: True)

    return start


def recorded(member: str) -> list[Any]:
    """Return the values of a member in the lines of the file in the working folder."""
    lines = map(json.loads, Path(f"{RUN}.jsonl").read_text("utf-8").splitlines())
    return [line[member] for line in lines if member in line]


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


CALLS = [
    "cloudformation.DescribeStacks",
    *(f"cloudformation.CreateStack {number}" for number in range(1, 8)),
    "cloudformation.DescribeStackEvents",
    *(f"s3.PutObject {number}" for number in range(1, 5)),
    *(f"personalize.CreateDatasetImportJob {number}" for number in range(1, 4)),
    "personalize.DescribeDatasetImportJob",
    *(f"personalize.CreateDatasetExportJob {number}" for number in range(1, 5)),
    "personalize.DescribeDatasetExportJob",
    "stepfunctions.StartExecution",
    "stepfunctions.DescribeExecution",
]


@pytest.mark.parametrize("call", CALLS)
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


@pytest.mark.parametrize("call", ["cloudformation.DeleteStack 3", "s3.DeleteObject"])
def test_a_second_ctrl_c_leaves_what_it_names(aws: EmbeddedAws, run: Run, call: str) -> None:
    """Its command takes it away later."""
    with around(aws, "after-call", call, interrupt), pytest.raises(LeftError) as error:
        run()
    first, *left, command, support = str(error.value).splitlines()
    assert first == "it isn't all taken down: KeyboardInterrupt"
    assert f"  left: the stack {RUN}-Keys, CREATE_COMPLETE" in left
    assert "schedule-key-deletion" not in str(error.value)
    assert [command, support] == [COMMAND, SUPPORT]
    assert take_down(at_once(aws), RUN)
    assert left_over(aws) == []


@pytest.mark.parametrize(
    ("upload", "operation", "tried", "status", "answers"),
    [
        (2, "CreateDatasetImportJob", "Delegated: import", "REFUSED", "yes no no no yes yes"),
        (3, "CreateDatasetExportJob", "Required: export", "REFUSED", "yes no no yes no yes"),
        (4, "CreateDatasetImportJob", "Managed: import", "FAILED", "yes no no yes yes no"),
    ],
)
def test_a_refusal_is_an_answer(
    aws: EmbeddedAws, run: Run, upload: int, operation: str, tried: str, status: str, answers: str
) -> None:
    """It ends the steps of its variant alone, and is told in AWS's words."""

    def refuse() -> None:
        aws.fail_next(operation, "InvalidInputException")

    with around(aws, "before-call", f"s3.PutObject {upload}", refuse):
        assert run()
    assert recorded("answer") == answers.split()
    number = recorded("status").index(status)
    assert recorded("tried")[number] == tried
    assert "as asked for" in recorded("said")[number]
    assert left_over(aws) == []


def test_a_failure_that_says_nothing_of_personalize_ends_it(
    aws: EmbeddedAws, run: Run, templates: Templates
) -> None:
    """A quota of S3, for example; here a key whose policy nobody could change any more.

    All that the CLI has written is on the screen and in the file, also if taking down fails, and
    if CloudTrail can't be read.
    """
    resources = templates[f"{RUN}-Delegated"]["Resources"]
    resources["Refused"] = {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Statement": []}}}
    told: list[str] = []
    aws.fail_next("ScheduleKeyDeletion", "AccessDenied", times=10)

    def deny() -> None:
        denied: Any = {"Error": {"Code": "AccessDeniedException", "Message": "not you"}}
        raise ClientError(denied, "LookupEvents")

    try:
        with (
            around(aws, "before-call", "cloudtrail.LookupEvents", deny),
            pytest.raises(LeftError) as error,
        ):
            run(tell=told.append)
    finally:
        del resources["Refused"]
    assert recorded("answer") == ["yes", "no", "no"]
    why = f"cdk deploy {RUN}-Delegated failed:\nwhat the CLI has written"
    assert recorded("stopped") == [why]
    assert f"it stops: {why}" in told
    assert recorded("left") == [str(error.value)]
    assert [why.rpartition(": ")[2] for why in recorded("unread")] == ["not you"]
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


def test_keys_whose_deletion_is_denied_are_named(aws: EmbeddedAws, run: Run) -> None:
    """Nothing else is left, and they go when it is allowed."""
    aws.fail_next("ScheduleKeyDeletion", "AccessDenied", times=12)
    with pytest.raises(LeftError) as error:
        run()
    _, *left, command, support = re.sub(r"[0-9a-f-]{36}", "ID", str(error.value)).splitlines()
    key = [
        "  left: AWS::KMS::Key ID: AccessDenied: not authorized to perform: "
        "kms:ScheduleKeyDeletion",
        "    $1 a month, until somebody who may calls "
        "`aws kms schedule-key-deletion --region eu-west-1 --key-id ID`",
    ]
    own = [
        [f"  left: the stack {RUN}-{name}, DELETE_FAILED", *key] for name in ("Required", "Default")
    ]
    assert left == [*own[0], *own[1], f"  left: the stack {RUN}-Keys, DELETE_FAILED", *key * 4]
    assert [command, support] == [COMMAND, SUPPORT]
    take_down(at_once(aws), RUN)
    assert left_over(aws) == []


def test_a_stack_in_review_is_deleted(aws: EmbeddedAws) -> None:
    """``cdk deploy`` leaves one that is ended early, and nothing ends that state."""
    body = json.dumps({"Resources": {"Data": {"Type": "AWS::S3::Bucket", "Properties": {}}}})
    aws.client("cloudformation").create_change_set(
        StackName=f"{RUN}-Keys", ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=body
    )
    assert stacks_of(aws, RUN)[0]["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert take_down(at_once(aws, patience=replace(AT_ONCE, for_taking_down=60)), RUN)
    assert left_over(aws) == []


def test_expired_credentials_leave_what_is_named() -> None:
    """Nothing can be asked with them, not even what is there."""

    def refuse(_: str) -> Any:
        said: Any = {"Code": "ExpiredToken", "Message": "The security token is expired"}
        raise ClientError({"Error": said}, "DescribeStacks")

    expired: Any = SimpleNamespace(account="111111111111", region="eu-west-1", client=refuse)
    with pytest.raises(LeftError, match="is expired\n  left, as far as they were made: the stacks"):
        take_down(at_once(expired), RUN)


def test_ctrl_c_while_the_cli_deploys(
    aws: EmbeddedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The CLI is ended, and what CloudFormation has begun is taken down."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("secrets.token_hex", lambda _: "0a1b2c3d")
    # What a shell runs in its background ignores the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    us = threading.get_ident()

    def interrupt_when_it_is_there() -> None:
        while not stacks_of(aws, RUN):
            pass
        signal.pthread_kill(us, signal.SIGINT)

    other = threading.Thread(target=interrupt_when_it_is_there)
    other.start()
    context = at_once(aws, environment=aws.environment(tmp_path))
    try:
        with pytest.raises(KeyboardInterrupt):
            integ.__main__.integrate(context, lambda _: True)
    finally:
        signal.signal(signal.SIGINT, before)
    other.join()
    assert left_over(aws) == []


class Process:
    """``python -m integ`` in a process of its own."""

    def __init__(self, aws: EmbeddedAws, file: Path, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.integ.own_process", str(file), *arguments],
            env=aws.environment(file.parent) | {"PYTHONUNBUFFERED": "1"},
            cwd=Path(integ.__main__.__file__).parent.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdin is not None
        self._process.stdin.write("yes\n")
        self._process.stdin.close()

    def up_to(self, beginning: str) -> list[str]:
        """Return the lines up to one that begins so."""
        assert self._process.stdout is not None
        lines = []
        for line in self._process.stdout:
            lines.append(line.rstrip())
            if line.startswith(beginning):
                break
        return lines

    def end(self, *signals: signal.Signals) -> int:
        """Close its terminal, send it signals, and return its exit code."""
        assert self._process.stdout is not None
        self._process.stdout.close()
        for number in signals:
            self._process.send_signal(number)
        return self._process.wait()


def test_a_closed_terminal_and_a_process_that_is_killed(
    aws: EmbeddedAws, templates: Templates, tmp_path: Path
) -> None:
    """Kernel and shell both tell of a closed terminal; the next run names what is left."""
    file = tmp_path / "templates.json"
    file.write_text(json.dumps(templates), "utf-8")
    killed = Process(aws, file)
    lines = killed.up_to("▶ Managed: import")
    stack = next(line for line in lines if line.startswith("  The stack ")).split()[2]
    run = stack.removesuffix("-Keys")
    command = f"    make integ TAKE_DOWN={run} REGION=eu-west-1"
    assert command in lines
    assert killed.end(signal.SIGKILL) == -signal.SIGKILL
    assert len(stacks_of(aws, run)) == 7

    closed = Process(aws, file)
    lines = closed.up_to("▶ Required: import")
    left = f"An earlier run has left stacks {run}-…, or is at work. This takes it away:"
    assert lines[lines.index(left) + 1] == command
    assert closed.end(signal.SIGHUP, signal.SIGHUP, signal.SIGTERM) == 1
    assert stacks_of(aws, PREFIX) == stacks_of(aws, run)

    later = Process(aws, file, "--take-down", run)
    assert later.up_to("▶ taking everything down")
    assert later.end(signal.SIGHUP, signal.SIGTERM) == 0
    assert left_over(aws) == []

    nothing = Process(aws, file, "--take-down", run)
    where = "in account 111111111111, Region eu-west-1; a process `cdk` may still make one"
    assert nothing.up_to("▶ there is")[-1] == f"▶ there is no stack {run}-… {where}"
    assert nothing.end() == 1
