"""``make integ`` on the embedded AWS, through the same code."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aws_cdk as cdk
import pytest

import integ.__main__
from demo.cdk_cli import CdkError
from embedded_aws import EmbeddedAws
from integ.__main__ import integrate
from integ.account import Deployed
from integ.app import IntegStack
from integ.execution import findings
from integ.experiments import (
    BASELINE,
    BUCKET,
    DATA_KEY,
    GROUP_KEY,
    NO_STATEMENT,
    REQUIRED,
    Experiment,
    Outcome,
    changed,
)
from integ.table import tables
from integ.trail import KmsCall, kms_calls
from personalize_kms_constructs._doctor.asking import Account, DoctorError
from tests.integ.conftest import AT_ONCE, left_over
from tests.jobs.machines import definition


def test_it_deploys_tries_and_takes_down(aws: EmbeddedAws, tmp_path: Path) -> None:
    """The embedded Personalize sends both condition keys, and needs every statement for the service."""
    told: list[str] = []
    asked: list[str] = []

    def ask(text: str) -> bool:
        asked.append(text)
        return True

    assert integrate(aws, aws.environment(tmp_path), AT_ONCE, ask, told.append)
    (found,) = [each for each in told if each.startswith("for docs/documented.md")]
    assert "It runs 14 jobs, and creates 4 more dataset groups" in asked[0]
    assert "It costs" in asked[0]
    none = "0 missing, 0 problems, 0 warnings, 0 undecided"
    assert [each for each in told if each.startswith("personalize-kms doctor")] == [
        f"personalize-kms doctor, before: 1 dataset group: {none}, 14 as AWS's pages ask",
        f"personalize-kms doctor, after: 1 dataset group: {none}, 38 as AWS's pages ask",
    ]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in found.splitlines() if line.startswith("| ")]
    ended = [(row[0], row[1], row[2].partition(":")[0], row[3]) for row in rows if len(row) == 4][1:]
    as_written = [(each, "as the library writes it", "worked", "") for each in ("dataset group", "import", "export")]
    group_key, data_key, bucket = "the dataset group's key", "the bucket's key", "the bucket"
    required, account, source = "SourceAccountCheck.REQUIRED", "aws:SourceAccount", "aws:SourceArn"
    assert ended == [
        *as_written,
        ("dataset group", f"{group_key}: {required}", "worked", f"`{required}` can be required for {group_key}"),
        ("dataset group", f"{group_key}: no statement", "failed", "the statement is needed"),
        ("import", f"{group_key}: no statement", "failed", "the statement is needed"),
        ("import", f"{group_key}: {account}", "worked", f"`{account}` can be required for {group_key}"),
        ("import", f"{group_key}: {source}", "worked", f"`{source}` can be required for {group_key}"),
        ("import", f"{data_key}: no statement", "failed", "the statement is needed"),
        ("import", f"{data_key}: {account}", "worked", f"`{account}` can be required for {data_key}"),
        ("import", f"{data_key}: {source}", "worked", f"`{source}` can be required for {data_key}"),
        ("import", f"{bucket}: no statement", "failed", "the statement is needed"),
        ("import", f"{bucket}: {account}", "worked", f"`{account}` can be required for {bucket}"),
        ("import", f"{bucket}: {source}", "worked", f"`{source}` can be required for {bucket}"),
        *as_written,
    ]
    calls = {(row[0], row[1], row[2]) for row in rows if len(row) == 6}
    assert ("Personalize", "the bucket's key", "`Decrypt`") in calls
    assert ("the role, by personalize.amazonaws.com", "the dataset group's key", "`CreateGrant`") in calls
    assert {row[0]: row[1].partition(" ")[0] for row in rows if len(row) == 2} == {
        "Step Functions": "is",
        "an import by the library's states, and JSONata of several steps": "works",
        "`CreationDateTime` of a job": "string",
        "`Execution.RedriveTime` without a redrive": "absent",
        "`State.RetryCount` in the `Output` of a `Catch`, after one retry": "1",
        "the error for a missing permission": "Personalize.PersonalizeException",
        "the error for a missing JSONPath": "States.Runtime:",
    }
    assert left_over(aws) == []


def test_nothing_is_done_without_a_yes(aws: EmbeddedAws, tmp_path: Path) -> None:
    """Not even a synth."""
    told: list[str] = []
    assert integrate(aws, aws.environment(tmp_path), AT_ONCE, lambda _: False, told.append) is False
    assert told == []


@pytest.mark.parametrize("token", [None, "token"])
def test_credentials_that_expire_are_told_before_the_start(
    token: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run takes hours, and nothing is deleted with those that have expired."""
    session = SimpleNamespace(get_credentials=lambda: SimpleNamespace(token=token))
    account = SimpleNamespace(id="1", region="eu-west-1", client=None, _session=session)
    monkeypatch.setattr(Account, "connect", lambda *_: account)
    monkeypatch.setattr(sys, "argv", ["integ", "--profile", "mine"])
    monkeypatch.setattr("builtins.input", lambda _: "no")
    monkeypatch.setattr(integ.__main__, "integrate", lambda aws, _, __, ask, ___: ask("It costs\n"))
    assert integ.__main__.main() == 0
    assert ("These credentials are temporary." in capsys.readouterr().out) == bool(token)


def test_what_goes_wrong_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever part of it fails."""
    session = SimpleNamespace(get_credentials=lambda: None)
    account = SimpleNamespace(id="1", region="eu-west-1", client=None, _session=session)
    monkeypatch.setattr(Account, "connect", lambda *_: account)
    monkeypatch.setattr(sys, "argv", ["integ"])
    for error in (DoctorError("AWS throttles"), CdkError("no bootstrap"), EOFError("no answer")):

        def fail(*_: Any, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(integ.__main__, "integrate", fail)
        assert integ.__main__.main() == 1
        assert capsys.readouterr().err == f"✘ {error}\n"


NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
DENIED_AT_NOON = [(NOON, KmsCall("Personalize", DATA_KEY, "Decrypt", "", "AccessDenied"))]


def outcome(experiment: Experiment, worked: bool, reason: str = "", minutes: int = 0) -> Outcome:
    """Return what came of an import that began some minutes after noon, and took one."""
    began = NOON + timedelta(minutes=minutes, milliseconds=300)
    return Outcome(experiment, "import", worked, reason, began, began + timedelta(minutes=1))


ASKS, WITHOUT = Experiment(DATA_KEY, "aws:SourceArn"), Experiment(DATA_KEY, NO_STATEMENT)
WORKS, FAILS = outcome(BASELINE, True), outcome(BASELINE, False, "the service is down")
DENIED, FAILED = outcome(ASKS, False, "Insufficient privileges for accessing S3"), outcome(ASKS, False, "down | out")
NEEDED = outcome(WITHOUT, False, "User is not authorized to perform: kms:Decrypt")
CAN_NOT = "`aws:SourceArn` can't be required for the bucket's key"
NO_DENIAL = "nothing: neither the reason nor CloudTrail has a denial"
NOT_ALWAYS = "nothing: it isn't known to work each time as the library writes it"


@pytest.mark.parametrize(
    ("outcomes", "trail", "says"),
    [
        ([WORKS, DENIED, WORKS], [], CAN_NOT),
        ([WORKS, FAILED, WORKS], DENIED_AT_NOON, CAN_NOT),
        ([WORKS, FAILED, WORKS], [], NO_DENIAL),
        ([WORKS, outcome(ASKS, False, "down", minutes=2), WORKS], DENIED_AT_NOON, NO_DENIAL),
        ([WORKS, outcome(ASKS, False, "down", minutes=-2), WORKS], DENIED_AT_NOON, NO_DENIAL),
        ([FAILS, DENIED, WORKS], [], NOT_ALWAYS),
        ([WORKS, DENIED, FAILS], [], NOT_ALWAYS),
        ([WORKS, DENIED], [], NOT_ALWAYS),
        ([WORKS, outcome(ASKS, True), NEEDED, WORKS], [], "`aws:SourceArn` can be required for the bucket's key"),
        ([WORKS, outcome(ASKS, True), outcome(WITHOUT, True), WORKS], [], "nothing: it works without a statement, too"),
        (
            [WORKS, outcome(ASKS, True), outcome(WITHOUT, False, "down"), WORKS],
            [],
            "nothing: it isn't known whether it works without a statement, too",
        ),
        ([WORKS, NEEDED, WORKS], [], "the statement is needed"),
        ([WORKS, outcome(WITHOUT, True), WORKS], [], "the statement isn't needed here"),
        ([WORKS, FAILS], [], "no failure of another import says anything"),
    ],
)
def test_what_the_second_outcome_says(
    outcomes: list[Outcome], trail: list[tuple[datetime, KmsCall]], says: str
) -> None:
    """Nothing follows from a failure that is no denial, nor from a success that the role explains."""
    lines = tables(outcomes, trail, {}, "eu-west-1", "2026-11-25").splitlines()
    assert lines[5].endswith(f" | {says} |")
    assert ("down \\| out" in lines[5]) == (outcomes[1] is FAILED)
    assert ("no call was read from CloudTrail" in "".join(lines)) == (not trail)


ACCOUNT = {"StringEquals": {"aws:SourceAccount": "111122223333"}}
SOURCE = {"ArnLike": {"aws:SourceArn": "arn:aws:personalize:eu-west-1:111122223333:*"}}


@pytest.mark.parametrize(
    ("where", "asks_for", "condition"),
    [
        (GROUP_KEY, "aws:SourceAccount", ACCOUNT),
        (DATA_KEY, "aws:SourceArn", SOURCE),
        (BUCKET, REQUIRED, ACCOUNT | SOURCE),
        (DATA_KEY, NO_STATEMENT, None),
    ],
)
def test_one_policy_is_changed_and_put_back(where: str, asks_for: str, condition: Any) -> None:
    """The other key's stays, and so do the statements that aren't the service's."""
    statement = {"Effect": "Allow", "Principal": {"Service": "personalize.amazonaws.com"}, "Action": "kms:Decrypt"}
    others = [statement | {"Effect": "Deny"}, statement | {"Principal": {"AWS": "111122223333"}}]
    names = {GROUP_KEY: "arn:aws:kms:key", DATA_KEY: "data key", BUCKET: "ratings"}
    before = dict.fromkeys(names.values(), json.dumps({"Statement": [statement, *others]}))
    policies = dict(before)
    client = SimpleNamespace(
        get_key_policy=lambda KeyId, PolicyName: {"Policy": policies[KeyId]},  # noqa: N803
        put_key_policy=lambda KeyId, PolicyName, Policy: policies.update({KeyId: Policy}),  # noqa: N803
        get_bucket_policy=lambda Bucket: {"Policy": policies[Bucket]},  # noqa: N803
        put_bucket_policy=lambda Bucket, Policy: policies.update({Bucket: Policy}),  # noqa: N803
    )
    aws: Any = SimpleNamespace(account="111122223333", region="eu-west-1", client=lambda _: client)
    deployed = Deployed("stack", "group", "dataset", "arn:aws:kms:key", "data key", "ratings", "role", "machine")
    with pytest.raises(KeyboardInterrupt), changed(aws, deployed, Experiment(where, asks_for), AT_ONCE):  # noqa: PT012
        (name,) = [name for name, policy in policies.items() if policy != before[name]]
        assert name == names[where]
        changed_statements = [statement | {"Condition": condition}] if condition else []
        assert json.loads(policies[name])["Statement"] == [*changed_statements, *others]
        raise KeyboardInterrupt
    assert policies == before


def test_the_state_machine_is_valid() -> None:
    """For AWS's own validator."""
    assert {"JSONPath", "Caught"} < definition(IntegStack(cdk.App(), "Stack"))["States"].keys()


def test_what_an_execution_that_stops_early_shows() -> None:
    """The rest of the table has the failure; a missing JSONPath may be caught, too."""
    found = findings({"RedriveTime": "null", "Caught": "States.ParameterPathFailure"}, "States.Runtime: no such thing")
    assert list(found.values()) == [
        "States.Runtime: no such thing",
        "States.Runtime: no such thing",
        "null",
        "States.Runtime: no such thing",
        "States.Runtime: no such thing",
        "States.ParameterPathFailure, which is caught",
    ]


def test_calls_are_read_from_the_trail() -> None:
    """The fields of CloudTrail's records: who, the key, the encryption context's names, the grant, the error."""
    key, role = "arn:aws:kms:eu-west-1:111122223333:key/1234", "arn:aws:iam::111122223333:role/Reader"
    service = {"type": "AWSService", "invokedBy": "personalize.amazonaws.com"}
    session = {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"arn": role}}}
    context = {"encryptionContext": {"aws:s3:arn": "arn:aws:s3:::ratings", "a": "b"}}
    grant = {
        "keyId": key,
        "granteePrincipal": "personalize.eu-west-1.amazonaws.com",
        "operations": ["Decrypt", "CreateGrant"],
        "constraints": {"encryptionContextSubset": {"aws:personalize:arn": "arn:aws:personalize:::x", "b": "c"}},
    }
    somebody = {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/somebody"}
    of_kms = {"eventSource": "kms.amazonaws.com", "eventTime": "2026-11-25T12:00:00Z"}
    events = [
        {**of_kms, "userIdentity": service, "eventName": "Decrypt", "requestParameters": context},
        {**of_kms, "userIdentity": session, "eventName": "CreateGrant", "requestParameters": grant},
        {**of_kms, "userIdentity": session, "eventName": "CreateGrant", "errorCode": "AccessDenied"},
        {**of_kms, "userIdentity": somebody, "eventName": "Decrypt"},
        {**of_kms, "userIdentity": service, "eventName": "Decrypt", "eventSource": "s3.amazonaws.com"},
    ]

    class Trail:
        account, region = "111122223333", "eu-west-1"

        def client(self, service: str) -> Any:
            return self

        def get_paginator(self, operation: str) -> Any:
            return self

        def paginate(self, LookupAttributes: Any, StartTime: Any) -> Any:  # noqa: N803
            about = LookupAttributes == [{"AttributeKey": "ResourceName", "AttributeValue": key}]
            return [{"Events": [{"CloudTrailEvent": json.dumps(each)} for each in events if about]}]

    deployed = Deployed("stack", "group", "dataset", key, "data key", "ratings", role, "machine")
    granted = "personalize.eu-west-1.amazonaws.com may Decrypt, CreateGrant"
    assert kms_calls(Trail(), deployed, NOON, AT_ONCE) == [
        (NOON, KmsCall("Personalize", "the dataset group's key", "Decrypt", "a, aws:s3:arn", "")),
        (
            NOON,
            KmsCall(
                "the role",
                "the dataset group's key",
                "CreateGrant",
                f"{granted}; encryptionContextSubset: aws:personalize:arn, b",
                "",
            ),
        ),
        (NOON, KmsCall("the role", "the dataset group's key", "CreateGrant", "", "AccessDenied")),
    ]
