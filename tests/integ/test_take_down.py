"""``make integ``, ended at each of its steps: it leaves nothing, or names it with the command."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aws_cdk as cdk
import pytest
from botocore.exceptions import ClientError

import integ.__main__
import integ.run
from demo.cdk_cli import CdkError
from embedded_aws import EmbeddedAws
from integ.account import PREFIX, Patience, stack_status
from integ.app import IntegStack
from integ.experiments import BASELINE, BUCKET, DATA_KEY, NO_STATEMENT, BaselineError, Experiment
from integ.take_down import LeftError, take_down
from integ.waiting import delete_group
from tests.deploy.stacks import deploy, of_type
from tests.integ.conftest import AT_ONCE, at_once, left_over
from tests.integ.own_process import NAME as STACK
from tests.policies import template

COMMAND = f"make integ TAKE_DOWN={STACK} REGION=eu-west-1"
SUPPORT = "if a job doesn't end, ask AWS's support"
FEW = (BASELINE, Experiment(DATA_KEY, NO_STATEMENT), Experiment(BUCKET, NO_STATEMENT))

THEIRS = {
    "Resources": {"Theirs": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "theirs"}}}
}

Run = Callable[..., Any]


@pytest.fixture
def run(aws: EmbeddedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run it under one name and without the CDK's CLI, with few experiments and no doctor."""
    body = template(IntegStack(cdk.App(), STACK))

    def deploy_quickly(verb: str, *_: str, **__: Any) -> None:
        assert verb == "synth" or deploy(aws, {STACK: body}) == []

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(integ.experiments, "EXPERIMENTS", FEW)
    monkeypatch.setattr(integ.run, "cdk", deploy_quickly)
    monkeypatch.setattr(integ.run, "_doctor", lambda *_: None)
    monkeypatch.setattr("secrets.token_hex", lambda _: "0a1b2c3d")

    def start(tell: Callable[[str], Any] = lambda _: None, patience: Patience = AT_ONCE) -> bool:
        return integ.run.integrate(at_once(aws, tell, patience=patience), lambda _: True)

    return start


def recorded(member: str) -> list[Any]:
    """Return the lines of the file in the working folder that have a member."""
    lines = Path(f"{STACK}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines if member in json.loads(line)]


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
        "kms.PutKeyPolicy 3",
        "s3.PutBucketPolicy",
        "s3.PutBucketPolicy 2",
        "cloudtrail.LookupEvents",
    ],
)
def test_nothing_is_left_after_ctrl_c(aws: EmbeddedAws, run: Run, call: str) -> None:
    """As soon as AWS has answered this call.

    When the stack is deleted, no job works and the bucket is empty.
    """
    statuses: list[str] = []
    objects: list[Any] = []

    def look() -> None:
        personalize = aws.client("personalize")
        jobs = personalize.list_dataset_import_jobs()["datasetImportJobs"]
        jobs += personalize.list_dataset_export_jobs()["datasetExportJobs"]
        statuses.extend(job["status"] for job in jobs)
        objects.extend(aws.client("s3").list_objects_v2(Bucket=bucket_of(aws)).get("Contents", ()))

    deleted = around(aws, "before-call", "cloudformation.DeleteStack", look)
    with deleted, around(aws, "after-call", call, interrupt), pytest.raises(KeyboardInterrupt):
        run()
    assert set(statuses) <= {"ACTIVE", "CREATE FAILED"}
    assert objects == []
    assert left_over(aws) == []


def bucket_of(aws: EmbeddedAws) -> str:
    """Return the name of the bucket that isn't the CDK's."""
    names = [str(bucket["Name"]) for bucket in aws.client("s3").list_buckets()["Buckets"]]
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
    message = str(error.value)
    assert message.startswith(
        f"it isn't all taken down: KeyboardInterrupt\n  left: the stack {STACK}, CREATE_COMPLETE\n"
    )
    assert message.count("\n  left: AWS::KMS::Key") == 2
    assert "schedule-key-deletion" not in message
    assert message.endswith(f"\n  this takes it away: {COMMAND}\n  {SUPPORT}")
    assert stack_status(aws, STACK) == "CREATE_COMPLETE"
    take_down(at_once(aws), STACK)
    assert left_over(aws) == []


@pytest.mark.parametrize("goes_meanwhile", [False, True])
def test_what_can_not_be_deleted_is_named(aws: EmbeddedAws, run: Run, goes_meanwhile: bool) -> None:
    """Somebody else has made a solution in the dataset group.

    If it goes, the second attempt deletes the rest.
    """
    personalize = aws.client("personalize")
    arn = "arn:aws:personalize:eu-west-1:111111111111:"

    def create_solution() -> None:
        (group,) = personalize.list_dataset_groups()["datasetGroups"]
        personalize.create_solution(name="theirs", datasetGroupArn=group["datasetGroupArn"])

    def delete_solution() -> None:
        personalize.delete_solution(solutionArn=f"{arn}solution/theirs")

    left: pytest.ExceptionInfo[LeftError] | None = None
    with ExitStack() as stack:
        stack.enter_context(around(aws, "after-call", "s3.PutObject", create_solution))
        if goes_meanwhile:
            gone = around(
                aws, "before-call", "cloudformation.DescribeStackResources", delete_solution
            )
            at_second = around(
                aws, "after-call", "cloudformation.DeleteStack", lambda: stack.enter_context(gone)
            )
            stack.enter_context(at_second)
        else:
            left = stack.enter_context(
                pytest.raises(LeftError, match=rf"is in use by {arn}solution/theirs")
            )
        run()
    if left is not None:
        # The keys would go with the rest: nobody has to delete them.
        assert "schedule-key-deletion" not in str(left.value)
        delete_solution()
        take_down(at_once(aws), STACK)
    assert left_over(aws) == []


@pytest.mark.parametrize(
    ("call", "rows"),
    [
        ("personalize.CreateDatasetExportJob", 2),
        ("cloudtrail.LookupEvents", 5),
        ("cloudformation.DeleteStack", 5),
    ],
)
def test_what_was_seen_is_in_the_file_whatever_is_interrupted(
    aws: EmbeddedAws, run: Run, call: str, rows: int
) -> None:
    """Each line is written at once."""
    with around(aws, "after-call", call, interrupt), pytest.raises((KeyboardInterrupt, LeftError)):
        run()
    assert len(recorded("created")) == rows
    take_down(at_once(aws), STACK)
    assert left_over(aws) == []


def test_a_failed_baseline_ends_it(aws: EmbeddedAws, run: Run) -> None:
    """Nothing would follow from the rest.

    What was seen until then is told, with what CloudTrail has.
    """
    aws.fail_next("CreateDatasetImportJob", "InvalidInputException")
    with pytest.raises(BaselineError) as error:
        run()
    said = "import, as the library writes it: REFUSED as asked for"
    assert str(error.value) == f"what the library writes isn't enough here:\n  {said}"
    assert [line["status"] for line in recorded("created")] == ["ACTIVE", "REFUSED", "ACTIVE"]
    assert recorded("kms")
    assert recorded("stopped") == [{"stopped": str(error.value)}]
    assert left_over(aws) == []


def test_a_failed_deployment_is_told_with_its_reasons(
    aws: EmbeddedAws, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dataset group of the stack is the first thing that Personalize may refuse."""
    body = template(IntegStack(cdk.App(), STACK))
    for key in of_type(body, "AWS::KMS::Key"):
        del key["Properties"]["KeyPolicy"]["Statement"][1:]

    def deploy_and_fail(verb: str, *_: str, **__: Any) -> None:
        if verb == "deploy":
            assert deploy(aws, {STACK: body})
            raise CdkError("cdk deploy failed")

    monkeypatch.setattr(integ.run, "cdk", deploy_and_fail)
    with pytest.raises(CdkError):
        run()
    (failed,) = [line for line in recorded("failed") if "Group" in line["failed"]]
    assert "Insufficient privileges" in failed["reason"]
    assert left_over(aws) == []


def test_without_a_stack_cloudtrail_is_not_waited_for(
    aws: EmbeddedAws, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account that isn't bootstrapped, for example."""

    def fail(verb: str, *_: str, **__: Any) -> None:
        if verb == "deploy":
            raise CdkError("no bootstrap")

    monkeypatch.setattr(integ.run, "cdk", fail)
    monkeypatch.setattr(integ.run, "sleep", None)
    with pytest.raises(CdkError, match="no bootstrap"):
        run()
    assert left_over(aws) == []


def test_a_quota_that_is_exhausted_ends_it(aws: EmbeddedAws, run: Run) -> None:
    """After the retries of the SDK, which the embedded AWS's clients don't make."""
    aws.fail_next("CreateDatasetImportJob", "LimitExceededException")
    with pytest.raises(ClientError, match="LimitExceededException"):
        run()
    assert "LimitExceededException" in recorded("stopped")[0]["stopped"]
    assert [line["kms"]["eventName"] for line in recorded("kms")].count("CreateGrant") > 0
    assert left_over(aws) == []


@pytest.mark.parametrize(("service", "call"), [("kms", "PutKeyPolicy"), ("s3", "PutBucketPolicy")])
def test_who_may_change_no_policy_learns_it_before_the_jobs(
    aws: EmbeddedAws, run: Run, service: str, call: str
) -> None:
    """They take hours, and nothing could follow."""

    def deny() -> None:
        said: Any = {"Code": "AccessDenied", "Message": "an explicit deny"}
        raise ClientError({"Error": said}, call)

    with (
        around(aws, "before-call", f"{service}.{call}", deny),
        pytest.raises(ClientError, match="an explicit deny"),
    ):
        run()
    assert recorded("creating") + recorded("created") == []
    assert left_over(aws) == []


def test_a_job_that_never_ends_has_an_end(aws: EmbeddedAws, run: Run) -> None:
    """The deadline ends the run, and another one ends the wait for what can't be deleted."""
    aws.freeze_jobs("CREATE IN_PROGRESS")
    patience = replace(AT_ONCE, for_all=3, for_taking_down=1, between_looks=0.1)
    try:
        with pytest.raises(LeftError) as error:
            run(patience=patience)
    finally:
        aws.freeze_jobs(None)
    assert recorded("stopped") == [{"stopped": "it took longer than 0.000833 hours"}]
    # The job that never ended is the last that was begun.
    assert [line["creating"] for line in recorded("creating")] == [
        "dataset group, as the library writes it",
        "import, as the library writes it",
    ]
    assert [line["created"] for line in recorded("created")] == [
        "dataset group, as the library writes it",
    ]
    assert str(error.value).startswith(
        "it isn't all taken down: it took longer than 0.000278 hours\n"
    )
    take_down(at_once(aws), STACK)
    assert left_over(aws) == []


def test_keys_whose_deletion_is_denied_are_named(aws: EmbeddedAws, run: Run) -> None:
    """Nothing else is left, and they go when it is allowed."""
    aws.fail_next("ScheduleKeyDeletion", "AccessDenied", times=4)
    with pytest.raises(LeftError) as error:
        run()
    _, stack, *left, command, support = str(error.value).splitlines()
    assert stack == f"  left: the stack {STACK}, DELETE_FAILED"
    assert [re.sub(r"[0-9a-f-]{36}", "ID", line) for line in left] == 2 * [
        (
            "  left: AWS::KMS::Key ID: AccessDenied: not authorized to perform: "
            "kms:ScheduleKeyDeletion"
        ),
        "    $1 a month, until somebody who may calls `aws kms schedule-key-deletion "
        "--pending-window-in-days 7 --region eu-west-1 --key-id ID`",
    ]
    assert command == f"  this takes it away: {COMMAND}"
    assert support == f"  {SUPPORT}"
    take_down(at_once(aws), STACK)
    assert left_over(aws) == []


@pytest.mark.parametrize("there", [True, False])
def test_dataset_groups_are_deleted_without_their_stack(aws: EmbeddedAws, there: bool) -> None:
    """It may be gone already; and one that isn't there is told, as after a wrong name or Region."""
    personalize = aws.client("personalize")
    names = (f"{STACK}-1", f"{STACK}-12", "theirs") if there else ("theirs",)
    arns = [personalize.create_dataset_group(name=name)["datasetGroupArn"] for name in names]
    told: list[str] = []
    assert take_down(at_once(aws, told.append), STACK) is False
    assert told[-1] == (
        f"there is no stack {STACK} in account 111111111111, Region eu-west-1; "
        "a process `cdk` may still make it"
    )
    assert set(told[1:-1]) == {f"deleting {arn}" for arn in arns[:-1]}
    assert left_over(aws) == arns[-1:]
    delete_group(aws, arns[-1], AT_ONCE)


def test_a_stack_in_review_is_deleted(aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """``cdk deploy`` leaves one that is ended before its change set is executed.

    Nothing ends that state.
    """
    change = {"StackName": STACK, "ChangeSetName": "first", "ChangeSetType": "CREATE"}
    aws.client("cloudformation").create_change_set(**change, TemplateBody=json.dumps(THEIRS))
    assert stack_status(aws, STACK) == "REVIEW_IN_PROGRESS"

    def sleep(_: float) -> None:
        assert stack_status(aws, STACK) != "REVIEW_IN_PROGRESS"

    monkeypatch.setattr("time.sleep", sleep)
    take_down(at_once(aws), STACK)
    assert stack_status(aws, STACK) == ""


def test_a_dataset_group_that_is_being_deleted_is_waited_for() -> None:
    """A second deletion would be refused."""
    statuses = iter(
        ["CREATE PENDING", "CREATE IN_PROGRESS", "DELETE PENDING", "DELETE IN_PROGRESS"]
    )

    def describe(datasetGroupArn: str) -> Any:  # noqa: N803
        if status := next(statuses, ""):
            return {"datasetGroup": {"status": status}}
        raise ClientError(
            {"Error": {"Code": "ResourceNotFoundException", "Message": ""}}, "DescribeDatasetGroup"
        )

    aws: Any = SimpleNamespace(client=lambda _: SimpleNamespace(describe_dataset_group=describe))
    delete_group(aws, "arn:aws:personalize:eu-west-1:111111111111:dataset-group/movies", AT_ONCE)
    assert next(statuses, None) is None


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP])
def test_only_ctrl_c_ends_the_end(aws: EmbeddedAws, run: Run, ending: signal.Signals) -> None:
    """Nobody would read what is left."""

    def end(line: str) -> None:
        if line.startswith("taking everything down"):
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
        said: Any = {
            "Code": "ExpiredToken",
            "Message": "The security token included in the request is expired",
        }
        raise ClientError({"Error": said}, "DescribeStacks")

    expired: Any = SimpleNamespace(account="111111111111", region="eu-west-1", client=refuse)
    with pytest.raises(LeftError, match="is expired\n  left, as far as they were made: the stack"):
        take_down(at_once(expired), STACK)


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
        while not stack_status(aws, STACK):
            pass
        signal.pthread_kill(us, signal.SIGINT)

    other = threading.Thread(target=interrupt_when_it_is_there)
    other.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            integ.run.integrate(at_once(aws, environment=aws.environment(tmp_path)), lambda _: True)
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
        for number in signals:
            self._process.send_signal(number)
        return self._process.wait()


def test_a_closed_terminal_and_a_process_that_is_killed(aws: EmbeddedAws, tmp_path: Path) -> None:
    """The kernel and the shell both tell of a closed terminal.

    The next run names what a killed one has left.
    """
    killed = Process(aws, tmp_path)
    lines = killed.up_to("▶ import, as")
    name = next(line for line in lines if line.startswith("  The stack ")).split()[2].rstrip(":")
    assert killed.end(signal.SIGKILL) == -signal.SIGKILL
    assert f"    make integ TAKE_DOWN={name} REGION=eu-west-1" in lines
    assert stack_status(aws, name) == "CREATE_COMPLETE"

    closed = Process(aws, tmp_path)
    lines = closed.up_to("▶ import, as")
    earlier = lines.index(
        f"An earlier run has left the stack {name}, or is at work. This takes it away:"
    )
    assert lines[earlier + 1] == f"    make integ TAKE_DOWN={name} REGION=eu-west-1"
    assert closed.end(signal.SIGHUP, signal.SIGHUP, signal.SIGTERM) == 1
    stacks = aws.client("cloudformation").describe_stacks()["Stacks"]
    names = [stack["StackName"] for stack in stacks]
    assert [ours for ours in names if ours.startswith(PREFIX)] == [name]

    assert Process(aws, tmp_path, "--take-down", name).end() == 0
    assert left_over(aws) == []


def test_a_stack_of_another_name_is_not_taken_down(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor looked at."""
    monkeypatch.setattr(sys, "argv", ["integ", "--take-down", "Production"])
    with pytest.raises(SystemExit):
        integ.__main__.main()
    assert "Production is no stack of this command" in capsys.readouterr().err
