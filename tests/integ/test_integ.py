"""``make integ`` on the embedded AWS, through the same code."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import integ.__main__
from demo.cdk_cli import CdkError, bootstrap
from embedded_aws import EmbeddedAws
from integ.__main__ import _take_down, integrate
from integ.account import Deployed, Patience
from integ.experiments import EXPERIMENTS, Outcome
from integ.table import tables
from integ.trail import KmsCall, kms_calls
from personalize_kms_constructs._doctor.asking import Account, DoctorError

AT_ONCE = Patience(0, 0, 0)


@pytest.fixture(scope="module")
def bootstrapped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """One account for all that take down what they deploy."""
    with EmbeddedAws() as aws:
        bootstrap(aws, tmp_path_factory.mktemp("home"))
        yield aws


def left_over(aws: EmbeddedAws) -> list[str]:
    """What is still there, but for the CDK's bootstrap."""
    personalize = aws.client("personalize")
    found = [each["datasetGroupArn"] for each in personalize.list_dataset_groups()["datasetGroups"]]
    found += [each["schemaArn"] for each in personalize.list_schemas()["schemas"]]
    found += [each["RoleName"] for each in aws.client("iam").list_roles()["Roles"]]
    found += [each["Name"] for each in aws.client("s3").list_buckets()["Buckets"]]
    kms = aws.client("kms")
    states = [kms.describe_key(KeyId=each["KeyId"])["KeyMetadata"]["KeyState"] for each in kms.list_keys()["Keys"]]
    found += [each for each in states if each != "PendingDeletion"]
    return [each for each in found if not each.startswith("cdk-")]


def test_it_deploys_tries_and_takes_down(bootstrapped: EmbeddedAws, tmp_path: Path) -> None:
    """The embedded Personalize sends both condition keys, and needs every statement for the service."""
    told: list[str] = []
    asked: list[str] = []

    def ask(text: str) -> bool:
        asked.append(text)
        return True

    found = integrate(bootstrapped, bootstrapped.environment(tmp_path), AT_ONCE, ask, told.append)
    assert found is not None
    assert "two KMS keys" in asked[0]
    assert "It costs" in asked[0]
    none = "0 missing, 0 problems, 0 warnings, 0 undecided"
    assert [each for each in told if each.startswith("personalize-kms doctor")] == [
        f"personalize-kms doctor, before: 1 dataset group: {none}, 14 as AWS's pages ask",
        f"personalize-kms doctor, after: 1 dataset group: {none}, 36 as AWS's pages ask",
    ]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in found.splitlines() if line.startswith("| ")]
    ended = [(row[0], row[1], row[2].partition(":")[0], row[3]) for row in rows if len(row) == 4][1:]
    assert ended == [
        ("import", "as the library writes it", "worked", ""),
        ("export", "as the library writes it", "worked", ""),
        ("import", "key: aws:SourceAccount", "worked", "Personalize sends `aws:SourceAccount` to the key"),
        ("import", "key: aws:SourceArn", "worked", "Personalize sends `aws:SourceArn` to the key"),
        ("import", "key: no statement", "failed", "the statement is needed"),
        ("import", "bucket: aws:SourceAccount", "worked", "Personalize sends `aws:SourceAccount` to the bucket"),
        ("import", "bucket: aws:SourceArn", "worked", "Personalize sends `aws:SourceArn` to the bucket"),
        ("import", "bucket: no statement", "failed", "the statement is needed"),
    ]
    calls = {(row[0], row[1], row[2]) for row in rows if len(row) == 6}
    assert ("Personalize", "the bucket's", "`Decrypt`") in calls
    assert ("the role, by personalize.amazonaws.com", "the dataset group's", "`CreateGrant`") in calls
    assert left_over(bootstrapped) == []


def test_nothing_is_done_without_a_yes(
    bootstrapped: EmbeddedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even a synth, and nothing is taken down where there is no stack."""
    told: list[str] = []
    assert integrate(bootstrapped, bootstrapped.environment(tmp_path), AT_ONCE, lambda _: False, told.append) is None
    assert told == []
    monkeypatch.setattr(integ.__main__, "STACK", "Absent")
    _take_down(bootstrapped, ("--app", "nowhere"), {})


def test_what_was_deployed_is_taken_down_if_something_stops_it(bootstrapped: EmbeddedAws, tmp_path: Path) -> None:
    """Here somebody who presses Ctrl-C as soon as the stack is there."""

    def stop(line: str) -> None:
        if line.startswith("personalize-kms doctor"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        integrate(bootstrapped, bootstrapped.environment(tmp_path), AT_ONCE, lambda _: True, stop)
    assert left_over(bootstrapped) == []


def test_what_goes_wrong_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever part of it fails."""
    monkeypatch.setattr(Account, "connect", lambda *_: SimpleNamespace(id="1", region="eu-west-1", client=None))
    monkeypatch.setattr(sys, "argv", ["integ"])
    for error in (DoctorError("AWS throttles"), CdkError("no bootstrap"), EOFError("no answer")):

        def fail(*_: Any, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(integ.__main__, "integrate", fail)
        assert integ.__main__.main() == 1
        assert capsys.readouterr().err == f"✘ {error}\n"


def test_what_outcomes_say() -> None:
    """A success may come from the role: then it says nothing of the condition."""
    by_name = {each.name: each for each in EXPERIMENTS}
    outcomes = [
        Outcome(by_name["key: aws:SourceAccount"], "import", True),
        Outcome(by_name["key: no statement"], "import", True),
        Outcome(by_name["bucket: aws:SourceArn"], "import", False, "fix | it"),
        Outcome(by_name["bucket: no statement"], "import", False, "fix"),
    ]
    lines = tables(outcomes, Counter(), "eu-west-1", "2026-11-25").splitlines()
    assert lines[4:8] == [
        "| import | key: aws:SourceAccount | worked | nothing: it works without a statement, too |",
        "| import | key: no statement | worked | the key's statement isn't needed here |",
        "| import | bucket: aws:SourceArn | failed: fix \\| it | `aws:SourceArn` can't be required for the bucket |",
        "| import | bucket: no statement | failed: fix | the statement is needed |",
    ]
    assert "CloudTrail has no call yet" in lines[-1]


def test_calls_are_read_from_the_trail() -> None:
    """The fields of CloudTrail's records: who, the key, the encryption context's names, the error."""
    key, role = "arn:aws:kms:eu-west-1:111122223333:key/1234", "arn:aws:iam::111122223333:role/Reader"
    service = {"type": "AWSService", "invokedBy": "personalize.amazonaws.com"}
    session = {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"arn": role}}}
    context = {"encryptionContext": {"aws:s3:arn": "arn:aws:s3:::ratings", "a": "b"}}
    somebody = {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/somebody"}
    of_kms = {"eventSource": "kms.amazonaws.com"}
    events = [
        {**of_kms, "userIdentity": service, "eventName": "Decrypt", "requestParameters": context},
        {**of_kms, "userIdentity": service, "eventName": "Decrypt", "requestParameters": context},
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

    deployed = Deployed("group", "dataset", key, "data key", "ratings", role)
    assert kms_calls(Trail(), deployed, datetime.now(UTC), AT_ONCE) == {
        KmsCall("Personalize", "the dataset group's", "Decrypt", "a, aws:s3:arn", ""): 2,
        KmsCall("the role", "the dataset group's", "CreateGrant", "", "AccessDenied"): 1,
    }
