"""``make integ``, ended at each of its steps: nothing is left, or it is named with what takes it away."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aws_cdk as cdk
import pytest
from botocore.exceptions import ClientError

import integ.__main__
from demo.cdk_cli import CdkError
from embedded_aws import EmbeddedAws
from integ.account import PREFIX, stack_status
from integ.app import IntegStack
from integ.creations import delete_group
from integ.experiments import BASELINE, BUCKET, DATA_KEY, NO_STATEMENT, Experiment
from integ.take_down import LeftError, _ids, take_down
from personalize_kms_constructs._doctor.asking import Account
from tests.deploy.stacks import deploy
from tests.integ.conftest import AT_ONCE, left_over
from tests.integ.own_process import NAME as STACK
from tests.policies import template

COMMAND = f"make integ TAKE_DOWN={STACK} REGION=eu-west-1"
LEFT = f"the stack {STACK} is left, with its keys, bucket, role, state machine and dataset group: "
FEW = (BASELINE, Experiment(DATA_KEY, NO_STATEMENT), Experiment(BUCKET, NO_STATEMENT))

THEIRS = {"Resources": {"Theirs": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "theirs"}}}}

Run = Callable[..., Any]


@pytest.fixture
def run(aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run it under one name and without the CDK's CLI, with few experiments and no doctor."""
    body = template(IntegStack(cdk.App(), STACK))

    def deploy_quickly(verb: str, *_: str, **__: Any) -> None:
        assert verb == "synth" or deploy(aws, {STACK: body}) == []

    for module in (integ.__main__, integ.experiments):
        monkeypatch.setattr(module, "EXPERIMENTS", FEW)
    monkeypatch.setattr(integ.__main__, "cdk", deploy_quickly)
    monkeypatch.setattr(integ.__main__, "_doctor", lambda *_: None)
    monkeypatch.setattr("secrets.token_hex", lambda _: "0a1b2c3d")
    return lambda tell=lambda _: None: integ.__main__.integrate(aws, {}, AT_ONCE, lambda _: True, tell)


@contextmanager
def around(aws: EmbeddedAws, event: str, call: str, do: Callable[[], Any]) -> Iterator[None]:
    """Do something before or after the first call of an operation."""
    service, _, operation = call.partition(".")
    left = [do]

    def once(model: Any, **_: Any) -> None:
        if model.name == operation and left:
            left.pop()()

    events = aws.client(service).meta.events
    events.register(event, once)
    try:
        yield
    finally:
        events.unregister(event, once)


def interrupt() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "call",
    [
        "cloudformation.DescribeStacks",
        "s3.PutObject",
        "personalize.CreateDatasetGroup",
        "personalize.DeleteDatasetGroup",
        "personalize.CreateDatasetImportJob",
        "personalize.DescribeDatasetImportJob",
        "personalize.CreateDatasetExportJob",
        "kms.PutKeyPolicy",
        "s3.PutBucketPolicy",
        "stepfunctions.StartExecution",
        "stepfunctions.GetExecutionHistory",
        "cloudtrail.LookupEvents",
    ],
)
def test_nothing_is_left_after_ctrl_c(aws: EmbeddedAws, run: Run, call: str) -> None:
    """As soon as AWS has answered this call; when the stack is deleted, nothing works and the bucket is empty."""
    found: list[Any] = []

    def look() -> None:
        personalize, states = aws.client("personalize"), aws.client("stepfunctions")
        jobs = personalize.list_dataset_import_jobs()["datasetImportJobs"]
        jobs += personalize.list_dataset_export_jobs()["datasetExportJobs"]
        (machine,) = states.list_state_machines()["stateMachines"]
        jobs += states.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
        found.extend(each["status"] for each in jobs)
        found.extend(aws.client("s3").list_objects_v2(Bucket=bucket_of(aws)).get("Contents", ()))

    deleted = around(aws, "before-call", "cloudformation.DeleteStack", look)
    with deleted, around(aws, "after-call", call, interrupt), pytest.raises(KeyboardInterrupt):
        run()
    assert set(found) <= {"ACTIVE", "CREATE FAILED", "FAILED", "ABORTED"}
    assert left_over(aws) == []


def bucket_of(aws: EmbeddedAws) -> str:
    """Return the name of the bucket that isn't the CDK's."""
    names = [str(each["Name"]) for each in aws.client("s3").list_buckets()["Buckets"]]
    return next(name for name in names if not name.startswith("cdk-"))


def test_a_second_ctrl_c_leaves_what_it_names(aws: EmbeddedAws, run: Run) -> None:
    """Here as the job doesn't end; later the command takes it away."""
    aws.freeze_jobs("CREATE IN_PROGRESS")

    def stop_waiting(line: str) -> None:
        if line.startswith("waiting for"):
            interrupt()

    try:
        created = around(aws, "after-call", "personalize.CreateDatasetImportJob", interrupt)
        with created, pytest.raises(LeftError) as error:
            run(stop_waiting)
    finally:
        aws.freeze_jobs(None)
    assert str(error.value) == f"{LEFT}KeyboardInterrupt\n  this takes it away: {COMMAND}"
    assert stack_status(aws, STACK) == "CREATE_COMPLETE"
    take_down(aws, STACK, AT_ONCE, lambda _: None, COMMAND)
    assert left_over(aws) == []


@pytest.mark.parametrize("goes_meanwhile", [False, True])
def test_what_can_not_be_deleted_is_named(aws: EmbeddedAws, run: Run, goes_meanwhile: bool) -> None:
    """Somebody else has made a solution in the dataset group. If it goes, the second attempt deletes the rest."""
    personalize = aws.client("personalize")
    arn = "arn:aws:personalize:eu-west-1:111111111111:"

    def create_solution() -> None:
        (group,) = personalize.list_dataset_groups()["datasetGroups"]
        personalize.create_solution(name="theirs", datasetGroupArn=group["datasetGroupArn"])

    def delete_solution() -> None:
        personalize.delete_solution(solutionArn=f"{arn}solution/theirs")

    with ExitStack() as stack:
        stack.enter_context(around(aws, "after-call", "s3.PutObject", create_solution))
        if goes_meanwhile:
            gone = around(aws, "before-call", "cloudformation.DescribeStackResources", delete_solution)
            at_second = around(aws, "after-call", "cloudformation.DeleteStack", lambda: stack.enter_context(gone))
            stack.enter_context(at_second)
        else:
            stack.enter_context(pytest.raises(LeftError, match=rf"is in use by {arn}solution/theirs"))
        run()
    if not goes_meanwhile:
        delete_solution()
        take_down(aws, STACK, AT_ONCE, lambda _: None, COMMAND)
    assert left_over(aws) == []


@pytest.mark.parametrize(
    ("calls", "rows"),
    [
        (["personalize.CreateDatasetExportJob"], 2),
        (["stepfunctions.StartExecution"], 5),
        (["cloudtrail.LookupEvents"], 5),
        (["cloudtrail.LookupEvents", "cloudformation.DescribeStackResources"], 5),
        (["cloudformation.DescribeStackResources"], 5),
    ],
)
def test_what_was_found_is_told_before_anything_is_taken_down(
    aws: EmbeddedAws, run: Run, calls: list[str], rows: int
) -> None:
    """Whatever is interrupted; a second Ctrl-C leaves the stack, which the command then takes away."""
    told: list[str] = []
    with ExitStack() as stack:
        for call in calls:
            stack.enter_context(around(aws, "after-call", call, interrupt))
        stack.enter_context(pytest.raises((KeyboardInterrupt, LeftError)))
        run(told.append)
    found = next(number for number, each in enumerate(told) if each.startswith("for docs/documented.md"))
    assert len([each for each in told[found].splitlines() if "as the library" in each or ": no stat" in each]) == rows
    assert told[found + 1] == "everything is taken down; Ctrl-C leaves it there"
    take_down(aws, STACK, AT_ONCE, lambda _: None, COMMAND)
    assert left_over(aws) == []


@pytest.mark.parametrize("there", [True, False])
def test_dataset_groups_are_deleted_without_their_stack(aws: EmbeddedAws, there: bool) -> None:
    """It may be gone already; and one that isn't there is told, as after a wrong name or Region."""
    personalize = aws.client("personalize")
    names = (f"{STACK}-1", f"{STACK}-12", "theirs") if there else ("theirs",)
    arns = [personalize.create_dataset_group(name=name)["datasetGroupArn"] for name in names]
    told: list[str] = []
    take_down(aws, STACK, AT_ONCE, told.append, COMMAND)
    assert told[1] == f"there is no stack {STACK} in eu-west-1"
    assert set(told[2:]) == {f"deleting {arn}" for arn in arns[:-1]}
    assert left_over(aws) == arns[-1:]
    delete_group(aws, arns[-1], AT_ONCE)


def test_a_stack_in_review_is_deleted(aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """``cdk deploy`` leaves one behind that is ended before its change set is executed, and nothing ends that state."""
    change = {"StackName": STACK, "ChangeSetName": "first", "ChangeSetType": "CREATE"}
    aws.client("cloudformation").create_change_set(**change, TemplateBody=json.dumps(THEIRS))
    assert stack_status(aws, STACK) == "REVIEW_IN_PROGRESS"

    def sleep(_: float) -> None:
        assert stack_status(aws, STACK) != "REVIEW_IN_PROGRESS"

    monkeypatch.setattr("time.sleep", sleep)
    take_down(aws, STACK, AT_ONCE, lambda _: None, COMMAND)
    assert stack_status(aws, STACK) == ""


def test_nothing_is_asked_of_what_is_deleted() -> None:
    """CloudFormation still lists it, and what isn't made yet."""
    bucket = {"ResourceType": "AWS::S3::Bucket", "PhysicalResourceId": "a", "ResourceStatus": "DELETE_FAILED"}
    gone, to_come = bucket | {"ResourceStatus": "DELETE_COMPLETE"}, dict(bucket)
    del to_come["PhysicalResourceId"]
    assert _ids([bucket, gone, to_come, bucket | {"ResourceType": "AWS::KMS::Key"}], "AWS::S3::Bucket") == ["a"]


def test_a_dataset_group_that_is_being_deleted_is_waited_for() -> None:
    """A second deletion would be refused."""
    statuses = iter(["CREATE PENDING", "CREATE IN_PROGRESS", "DELETE PENDING", "DELETE IN_PROGRESS"])

    def describe(datasetGroupArn: str) -> Any:  # noqa: N803
        if status := next(statuses, ""):
            return {"datasetGroup": {"status": status}}
        raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": ""}}, "DescribeDatasetGroup")

    aws: Any = SimpleNamespace(client=lambda _: SimpleNamespace(describe_dataset_group=describe))
    delete_group(aws, "arn:aws:personalize:eu-west-1:111111111111:dataset-group/movies", AT_ONCE)
    assert next(statuses, None) is None


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP])
def test_only_ctrl_c_ends_the_end(aws: EmbeddedAws, run: Run, ending: signal.Signals) -> None:
    """Nobody would read what is left."""

    def end(line: str) -> None:
        if line.startswith("everything is taken down"):
            os.kill(os.getpid(), ending)

    before = signal.signal(ending, lambda *_: interrupt())
    try:
        assert run(end)
    finally:
        signal.signal(ending, before)
    assert left_over(aws) == []


def test_expired_credentials_leave_what_is_named() -> None:
    """Nothing can be asked with them, not even what is there."""

    def refuse(_: str) -> Any:
        said: Any = {"Code": "ExpiredToken", "Message": "The security token included in the request is expired"}
        raise ClientError({"Error": said}, "DescribeStacks")

    expired: Any = SimpleNamespace(account="111111111111", region="eu-west-1", client=refuse)
    with pytest.raises(LeftError, match="token included in the request is expired\n  this takes it away: make integ T"):
        take_down(expired, STACK, AT_ONCE, lambda _: None, COMMAND)


def test_a_stack_that_is_there_is_not_touched(aws: EmbeddedAws, run: Run) -> None:
    """Nobody's stack has such a name, but it costs nothing to look."""
    deploy(aws, {STACK: THEIRS})
    with pytest.raises(CdkError, match=f"there is a stack {STACK} already, which isn't touched"):
        run()
    assert left_over(aws) == ["theirs", STACK]
    take_down(aws, STACK, AT_ONCE, lambda _: None, COMMAND)


def test_ctrl_c_while_the_cli_deploys(aws: EmbeddedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The CLI is ended, and what CloudFormation has begun is taken down."""
    monkeypatch.setattr("secrets.token_hex", lambda _: "0a1b2c3d")
    # What a shell runs in its background ignores the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    us = threading.get_ident()

    def interrupt_when_it_is_there() -> None:
        while not stack_status(aws, STACK):
            pass
        signal.pthread_kill(us, signal.SIGINT)

    other = threading.Thread(target=interrupt_when_it_is_there)
    other.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            integ.__main__.integrate(aws, aws.environment(tmp_path), AT_ONCE, lambda _: True, lambda _: None)
    finally:
        signal.signal(signal.SIGINT, before)
    other.join()
    assert left_over(aws) == []


class Process:
    """``python -m integ`` in a process of its own."""

    def __init__(self, aws: EmbeddedAws, home: Path, *arguments: str) -> None:
        file = home / "template.json"
        file.write_text(json.dumps(template(IntegStack(cdk.App(), STACK))), "utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.integ.own_process", str(file), *arguments],
            env=aws.environment(home) | {"PYTHONUNBUFFERED": "1"},
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
        for each in signals:
            self._process.send_signal(each)
        return self._process.wait()


def test_a_closed_terminal_and_a_process_that_is_killed(aws: EmbeddedAws, tmp_path: Path) -> None:
    """The kernel and the shell both tell of a closed terminal. The next run names what a killed one has left."""
    killed = Process(aws, tmp_path)
    lines = killed.up_to("▶ import: as")
    name = lines[0].split()[4]
    assert killed.end(signal.SIGKILL) == -signal.SIGKILL
    assert f"  make integ TAKE_DOWN={name} REGION=eu-west-1" in lines
    assert stack_status(aws, name) == "CREATE_COMPLETE"

    closed = Process(aws, tmp_path)
    lines = closed.up_to("▶ import: as")
    earlier = lines.index(f"An earlier run has left the stack {name}, or is at work; this takes it away:")
    assert lines[earlier + 1] == f"  make integ TAKE_DOWN={name} REGION=eu-west-1"
    assert closed.end(signal.SIGHUP, signal.SIGHUP, signal.SIGTERM) == 1
    stacks = aws.client("cloudformation").describe_stacks()["Stacks"]
    assert [each["StackName"] for each in stacks if each["StackName"].startswith(PREFIX)] == [name]

    assert Process(aws, tmp_path, "--take-down", name).end() == 0
    assert left_over(aws) == []


def test_sigterm_ends_it_as_ctrl_c_does(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Once; what comes later doesn't end what takes down."""
    account = SimpleNamespace(
        id="1", region="eu-west-1", client=None, _session=SimpleNamespace(get_credentials=lambda: None)
    )
    monkeypatch.setattr(Account, "connect", lambda *_: account)
    monkeypatch.setattr(integ.__main__, "integrate", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    monkeypatch.setattr(sys, "argv", ["integ"])
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGHUP)}
    try:
        assert integ.__main__.main() == 1
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    assert capsys.readouterr().err == "✘ KeyboardInterrupt\n"


def test_a_stack_of_another_name_is_not_taken_down(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor looked at."""
    monkeypatch.setattr(sys, "argv", ["integ", "--take-down", "Production"])
    with pytest.raises(SystemExit):
        integ.__main__.main()
    assert "Production is no stack of this command" in capsys.readouterr().err
