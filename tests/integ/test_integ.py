"""``make integ`` on the embedded AWS, through the same code."""

import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import integ.__main__
import integ.run
from demo.cdk_cli import CdkError
from embedded_aws import EmbeddedAws
from integ.account import PREFIX, Patience
from integ.beforehand import PERMISSIONS, beforehand
from integ.experiments import (
    BASELINE,
    BUCKET,
    DATA,
    DATA_KEY,
    GROUP_KEY,
    NO_STATEMENT,
    Experiment,
    changed,
)
from integ.run import Record, integrate
from integ.trail import kms_events
from tests.integ.conftest import at_once, left_over

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"

# S3 has other names for these permissions.
PERMISSION_OF = {"ListObjectsV2": "ListBucket"}


def read(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of the file that was written."""
    (file,) = folder.glob(f"{PREFIX}*.jsonl")
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_it_deploys_tries_records_and_takes_down(
    aws: EmbeddedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The embedded Personalize sends both condition keys, and needs each statement."""
    monkeypatch.chdir(tmp_path)
    calls = set()
    for service in ("cloudformation", "cloudtrail", "kms", "personalize", "s3"):
        events = aws.client(service).meta.events
        events.register("before-call", lambda model, **_: calls.add(model.name))
    assert integrate(at_once(aws, environment=aws.environment(tmp_path)), lambda _: True)
    lines = read(tmp_path)
    assert list(lines[-1]) == ["ended"]
    times = [line[end] for line in lines for end in ("began", "ended") if end in line]
    times += [line["kms"]["eventTime"] for line in lines if "kms" in line]
    assert [time for time in times if not re.fullmatch(TIME, time)] == []
    assert [line["report"][-1] for line in lines if "doctor" in line] == [
        "1 dataset group: 0 missing, 0 problems, 0 warnings, 0 undecided, 36 as AWS's pages ask"
    ]
    as_written = [
        (f"{kind}, as the library writes it", "ACTIVE")
        for kind in ("dataset group", "import", "export")
    ]
    group_key, data_key, bucket = "the dataset group's key", "the bucket's key", "the bucket"
    assert [(line["created"], line["status"]) for line in lines if "created" in line] == [
        *as_written,
        (f"dataset group, {group_key}: aws:SourceAccount and aws:SourceArn", "ACTIVE"),
        (f"dataset group, {group_key}: no statement", "REFUSED"),
        (f"import, {group_key}: no statement", "REFUSED"),
        (f"import, {group_key}: aws:SourceAccount", "ACTIVE"),
        (f"import, {group_key}: aws:SourceArn", "ACTIVE"),
        (f"import, {data_key}: no statement", "REFUSED"),
        (f"import, {data_key}: aws:SourceAccount", "ACTIVE"),
        (f"import, {data_key}: aws:SourceArn", "ACTIVE"),
        (f"import, {bucket}: no statement", "REFUSED"),
        (f"import, {bucket}: aws:SourceAccount", "ACTIVE"),
        (f"import, {bucket}: aws:SourceArn", "ACTIVE"),
        *as_written,
    ]
    assert (
        "(bucket policy)"
        in [line["reason"] for line in lines if line.get("status") == "REFUSED"][-1]
    )
    (deployed,) = [line["deployed"] for line in lines if "deployed" in line]
    seen = {(line["kms"]["key"], line["kms"]["eventName"]) for line in lines if "kms" in line}
    assert (deployed["KeyArn"], "CreateGrant") in seen
    assert (deployed["DataKeyArn"], "Decrypt") in seen
    assert {PERMISSION_OF.get(call, call) for call in calls} <= set(re.findall(r"\w+", PERMISSIONS))
    assert left_over(aws) == []


def test_nothing_is_done_without_a_yes(
    aws: EmbeddedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even a synth."""
    monkeypatch.chdir(tmp_path)
    told: list[str] = []
    assert integrate(at_once(aws, told.append), lambda _: False) is False
    assert told == []
    assert list(tmp_path.iterdir()) == []


def test_what_is_said_beforehand(aws: EmbeddedAws) -> None:
    """With the patience that it has on AWS."""
    context = at_once(aws, environment={"AWS_PROFILE": "tests"}, patience=Patience(8 * 3600))
    text = " ".join(beforehand(context, "PersonalizeKmsInteg-0a1b2c3d").split())
    for said in (
        "Account 111111111111, Region eu-west-1",
        "13 import and export jobs, and 4 dataset groups, PersonalizeKmsInteg-0a1b2c3d-0 and so on",
        "10 times it changes a policy",
        "PutKeyPolicy and PutBucketPolicy are called about 23 times",
        "$1 a month, by the hour, until its deletion is scheduled",
        "for both keys 3 cents at most, but $2 a month if they are left",
        "35 minutes of waiting",
        "8 hours after its start it stops",
        "iam:PassRole on the stack's role",
        "one of five import jobs",
        "if they deny the bootstrap's role kms:ScheduleKeyDeletion, the keys stay, and cost",
        "make integ TAKE_DOWN=PersonalizeKmsInteg-0a1b2c3d REGION=eu-west-1 PROFILE=tests",
        "PersonalizeKmsInteg-0a1b2c3d.jsonl, in this folder",
    ):
        assert said in text


def test_names_of_people_and_organizations_are_not_in_the_file(tmp_path: Path) -> None:
    """AWS's errors have them; what else they say is in it as AWS has written it."""
    record = Record(tmp_path / "record.jsonl")
    user = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin/zoë.doe+x@example.com"
    policy = "arn:aws:organizations::444455556666:policy/o-1234/service_control_policy/p-5678"
    record.add(stopped=f"User: {user} is not authorized… by an explicit deny in ({policy})")
    assert record.path.read_text("utf-8") == (
        '{"stopped": "User: arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin/*** is '
        'not authorized… by an explicit deny in (arn:aws:organizations::***)"}\n'
    )


def test_an_import_job_takes_a_thousand_interactions_at_least() -> None:
    """With fewer, every import would fail, and say nothing of policies."""
    header, *interactions = DATA.splitlines()
    assert header == "USER_ID,ITEM_ID,TIMESTAMP"
    assert len(set(interactions)) >= 1000


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the command's account one of which nothing is asked."""
    account = SimpleNamespace(account="1", region="eu-west-1", client=None)
    monkeypatch.setattr(integ.__main__, "OwnAccount", lambda *_: account)
    for variable in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(sys, "argv", ["integ"])


@pytest.mark.usefixtures("command")
@pytest.mark.parametrize(("answer", "wanted"), [("yes", True), ("y", False), ("", False)])
def test_only_a_yes_is_a_yes(answer: str, wanted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``--yes`` nobody is asked."""
    answers: list[bool] = []
    monkeypatch.setattr(integ.__main__, "integrate", lambda _, ask: answers.append(ask("It costs")))
    monkeypatch.setattr("builtins.input", lambda _: answer)
    assert integ.__main__.main() == 0
    monkeypatch.setattr("builtins.input", None)
    monkeypatch.setattr(sys, "argv", ["integ", "--yes"])
    assert integ.__main__.main() == 0
    assert answers == [wanted, True]


@pytest.mark.usefixtures("command")
@pytest.mark.parametrize("arguments", [["--profile", "mine"], []])
def test_a_profile_beside_keys_is_refused(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The CDK's CLI would deploy with the keys, and boto3 would look with the profile."""
    monkeypatch.setattr(sys, "argv", ["integ", *arguments])
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    with pytest.raises(SystemExit):
        integ.__main__.main()
    assert "unset AWS_ACCESS_KEY_ID or the profile mine" in capsys.readouterr().err


@pytest.mark.usefixtures("command")
@pytest.mark.parametrize("is_there", [True, False])
def test_a_stack_to_take_down_has_to_be_there(
    is_there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be in another account or Region."""
    monkeypatch.setattr(sys, "argv", ["integ", "--take-down", f"{PREFIX}0a1b2c3d"])
    monkeypatch.setattr(integ.__main__, "take_down", lambda *_: is_there)
    assert integ.__main__.main() == (0 if is_there else 1)


@pytest.mark.usefixtures("command")
@pytest.mark.parametrize(
    "error", [CdkError("no bootstrap"), EOFError("no answer"), KeyboardInterrupt("8 hours")]
)
def test_what_goes_wrong_is_told_in_a_line(
    error: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever part of it fails."""

    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(integ.__main__, "integrate", fail)
    assert integ.__main__.main() == 1
    assert capsys.readouterr().err == f"✘ {error}\n"


@pytest.mark.usefixtures("command")
@pytest.mark.parametrize(("arguments", "hours"), [([], 8), (["--hours", "0.5"], 0.5)])
def test_it_has_a_deadline(
    arguments: list[str], hours: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One for the whole run."""
    seconds: list[float] = []

    def note(context: Any, _: Any) -> bool:
        seconds.append(context.patience.for_all)
        return True

    monkeypatch.setattr(sys, "argv", ["integ", *arguments])
    monkeypatch.setattr(integ.__main__, "integrate", note)
    assert integ.__main__.main() == 0
    assert seconds == [hours * 3600]


@pytest.mark.parametrize("hours", ["0", "-1", "nan"])
def test_a_run_without_a_deadline_is_refused(
    hours: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A timer of no time never goes off."""
    monkeypatch.setattr(sys, "argv", ["integ", "--hours", hours])
    with pytest.raises(SystemExit):
        integ.__main__.main()
    assert "--hours has to be more than 0" in capsys.readouterr().err


ACCOUNT = {"StringEquals": {"aws:SourceAccount": "111122223333"}}
SOURCE = {"ArnLike": {"aws:SourceArn": "arn:aws:personalize:eu-west-1:111122223333:*"}}


@pytest.mark.parametrize(
    ("where", "asks_for", "condition"),
    [
        (GROUP_KEY, "aws:SourceAccount", ACCOUNT),
        (DATA_KEY, "aws:SourceArn", SOURCE),
        (BUCKET, "aws:SourceAccount and aws:SourceArn", ACCOUNT | SOURCE),
        (DATA_KEY, NO_STATEMENT, None),
    ],
)
def test_one_policy_is_changed_and_put_back(where: str, asks_for: str, condition: Any) -> None:
    """The other key's stays, and so do the statements that aren't the service's.

    No condition goes: Personalize gets no access that it hadn't.
    """
    service = {"Service": "personalize.amazonaws.com"}
    as_written = {"StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}}
    allow = {"Effect": "Allow", "Principal": service, "Action": "kms:Decrypt"}
    statement = allow | {"Condition": as_written}
    others = [statement | {"Effect": "Deny"}, statement | {"Principal": {"AWS": "111122223333"}}]
    names = {GROUP_KEY: "key", DATA_KEY: "data key", BUCKET: "ratings"}
    before = dict.fromkeys(names.values(), json.dumps({"Statement": [statement, *others]}))
    policies = dict(before)
    client = SimpleNamespace(
        meta=SimpleNamespace(partition="aws"),
        get_key_policy=lambda KeyId, PolicyName: {"Policy": policies[KeyId]},  # noqa: N803
        put_key_policy=lambda KeyId, PolicyName, Policy: policies.update({KeyId: Policy}),  # noqa: N803
        get_bucket_policy=lambda Bucket: {"Policy": policies[Bucket]},  # noqa: N803
        put_bucket_policy=lambda Bucket, Policy: policies.update({Bucket: Policy}),  # noqa: N803
    )
    aws: Any = SimpleNamespace(account="111122223333", region="eu-west-1", client=lambda _: client)
    deployed = {"KeyArn": "key", "DataKeyArn": "data key", "BucketName": "ratings"}
    change = changed(at_once(aws), deployed, Experiment(where, asks_for))
    with pytest.raises(KeyboardInterrupt), change:  # noqa: PT012
        (name,) = [name for name, policy in policies.items() if policy != before[name]]
        assert name == names[where]
        changed_statements = [allow | {"Condition": as_written | condition}] if condition else []
        assert json.loads(policies[name])["Statement"] == [*changed_statements, *others]
        raise KeyboardInterrupt
    assert policies == before
    with changed(at_once(aws), deployed, BASELINE):
        assert policies == before


def test_calls_are_read_from_the_trail() -> None:
    """Those of Personalize and of the role, without ids of credentials."""
    key = "arn:aws:kms:eu-west-1:111122223333:key/1234"
    role = "arn:aws:iam::111122223333:role/Reader"
    session = {"sessionContext": {"sessionIssuer": {"arn": role}}, "accessKeyId": "ASIAEXAMPLE"}
    at = {"eventTime": "2026-11-25T12:00:00Z", "eventName": "Decrypt"}
    event = {"eventSource": "kms.amazonaws.com", **at}
    grant = {"requestParameters": {"granteePrincipal": "personalize.amazonaws.com"}}
    service = {"type": "AWSService", "invokedBy": "personalize.amazonaws.com"}
    resources = [
        {"ResourceType": "AWS::KMS::Key", "PhysicalResourceId": "1234"},
        {"ResourceType": "AWS::KMS::Key"},
        {"ResourceType": "AWS::IAM::Role", "PhysicalResourceId": "Reader"},
    ]
    events = [
        {**event, **grant, "userIdentity": service, "requestID": "1", "errorCode": None},
        {**event, "userIdentity": {"type": "AssumedRole", **session}, "errorCode": "AccessDenied"},
        {**event, "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/me"}},
        {**event, "userIdentity": service, "eventSource": "s3.amazonaws.com"},
        {**event, "userIdentity": None},
    ]

    def paginate(LookupAttributes: Any, StartTime: datetime) -> Any:  # noqa: N803
        assert LookupAttributes == [{"AttributeKey": "ResourceName", "AttributeValue": key}]
        return [{"Events": [{"CloudTrailEvent": json.dumps(event)} for event in events]}]

    client = SimpleNamespace(
        meta=SimpleNamespace(partition="aws"),
        describe_stack_resources=lambda StackName: {"StackResources": resources},  # noqa: N803
        get_paginator=lambda operation: SimpleNamespace(paginate=paginate),
    )
    aws: Any = SimpleNamespace(account="111122223333", region="eu-west-1", client=lambda _: client)
    assert list(kms_events(aws, "stack", datetime.now(UTC))) == [
        {"key": key, **at, **grant, "caller": service},
        {
            "key": key,
            **at,
            "caller": {"type": "AssumedRole", "role": role},
            "errorCode": "AccessDenied",
        },
    ]
