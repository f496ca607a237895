"""The report for a terminal, with findings in it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from click.testing import Result

from personalize_kms_check import matrix
from personalize_kms_check._account import asking
from personalize_kms_check._account.account_report import look
from tests.doctor.fake_account import (
    BASE_5,
    BUCKET,
    DAY,
    GROUP,
    KEY,
    OF_DAY,
    ROLE,
    SERVICE,
    FakeAccount,
    allow,
    document,
)

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "doctor.md"
OTHER = KEY.replace("1234abcd", "5678abcd")


def add_groups(account: FakeAccount, number: int, **more: Any) -> None:
    """More dataset groups like the first one."""
    first = account.made["DatasetGroup"][0]
    for index in range(number):
        name = more.get("name", f"movies-{index}")
        account.made["DatasetGroup"].append(
            {**first, "datasetGroupArn": f"{GROUP}/{name}", "name": name, **more}
        )


NEEDED_BY = "(needed by movies (dataset group))"


def test_the_page_shows_the_report(account: FakeAccount, command: Callable[..., Result]) -> None:
    """As the check's: a line says what is missing, a block below has the statements to add."""
    account.keys[KEY] = [allow(BASE_5, {"AWS": ROLE}), allow(BASE_5[:4], SERVICE)]
    account.add(matrix.DATASET_IMPORT_JOB, "load")
    for number in range(1, 5):
        older = DAY - timedelta(days=number)
        account.add(matrix.DATASET_IMPORT_JOB, f"load-{number}", creationDateTime=older)
    result = command("movies")
    (shown,) = re.findall(r"```text\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert result.stdout.replace(f"{DAY:%Y-%m-%d}", "2026-11-28") == shown
    assert result.exit_code == 1
    assert command("movies", "--quiet").stdout == f"{result.stdout.splitlines()[3]}\n"


def test_who_lacks_something_else_is_told_apart(
    account: FakeAccount, command: Callable[..., Result]
) -> None:
    """The role lacks one action, Personalize another, and two roles that lack the same are one."""
    for_role = [action for action in BASE_5 if action != "kms:Decrypt"]
    for_service = [action for action in BASE_5 if action != "kms:CreateGrant"]
    account.keys[KEY] = [allow(for_role, {"AWS": ROLE}), allow(for_service, SERVICE)]
    for name in ("Loader", "Writer"):
        role = {**account.described_role(), "Arn": ROLE.replace("Reader", name)}
        account.answer("GetRole", {"Role": role}, name)
        add_groups(account, 1, name=name.lower(), roleArn=role["Arn"])
    of_policy = f"✘ key policy of {KEY} lacks"
    assert command("--quiet").stdout.splitlines() == [
        f"{of_policy} {', '.join(BASE_5)} for service/Loader, service/Writer (10 permissions) "
        "(needed by loader (dataset group), writer (dataset group))",
        f"{of_policy} kms:Decrypt for service/Reader {NEEDED_BY}",
        f"{of_policy} kms:CreateGrant for Personalize (needed by loader (dataset group), movies "
        "(dataset group), writer (dataset group))",
    ]


def test_a_denial_names_its_statement_and_condition(
    account: FakeAccount, command: Callable[..., Result]
) -> None:
    """That is what has to be changed."""
    condition = {"Bool": {"aws:SecureTransport": "true"}}
    deny = {**allow(["kms:Decrypt"], "*"), "Effect": "Deny", "Sid": "NobodyElse"}
    account.keys[KEY] = [*account.keys[KEY], {**deny, "Condition": condition}]
    says = "denied by statement NobodyElse of the key policy (on condition "
    assert f"{says}{json.dumps(condition)})" in command("--quiet").stdout


def test_a_denial_of_the_role_is_told_once(
    account: FakeAccount, command: Callable[..., Result]
) -> None:
    """Not for each column of AWS's pages; nobody else has the policy, and none may be spared."""
    account.add(matrix.DATASET_IMPORT_JOB, "load")
    account.policies["P"].append({**allow(["kms:ListGrants"]), "Effect": "Deny"})
    told = [line for line in command().stdout.splitlines() if line[:1] in ("✘", "[")]
    assert told == [
        f"✘ service/Reader may not kms:ListGrants on {KEY}: denied by statement 2 of inline policy "
        f"P (needed by dataset import job load ({OF_DAY}, ACTIVE), movies (dataset group)) [1]",
        "[1] take that statement out, or narrow it: a denial overrides every permission",
    ]


def test_no_remedy_is_about_templates(account: FakeAccount, command: Callable[..., Result]) -> None:
    """An account has none; the policy's variable depends on who calls."""
    account.add(matrix.DATASET_IMPORT_JOB, "load")
    objects = "arn:aws:s3:::${aws:PrincipalTag/bucket}/*"
    account.policies["P"] = [allow(["kms:*", "s3:*"], None, [KEY, BUCKET, objects])]
    account.answer("GetBucketEncryption", "AccessDenied")
    lines = command().stdout.splitlines()
    assert len([line for line in lines if line.startswith("? ")]) == 3  # one was denied
    assert [line for line in lines if "[1]" in line] == []


def test_a_key_that_is_being_deleted_comes_first(
    account: FakeAccount, command: Callable[..., Result]
) -> None:
    """What to do about it is before the list of who needs it."""
    account.keys = {KEY: account.keys[KEY][:1], OTHER: account.keys[KEY][:1]}
    add_groups(account, 30)
    for number in range(7):
        add_groups(account, 1, kmsKeyArn=OTHER, name=f"last-{number}")
    state = account.described_key(OTHER, KeyState="PendingDeletion")
    state["KeyMetadata"]["DeletionDate"] = datetime(2026, 12, 6, tzinfo=UTC)
    account.answer("DescribeKey", state, OTHER)
    named = ", ".join(f"last-{number} (dataset group)" for number in range(5))
    assert command().stdout.splitlines()[3] == (
        f"✘ key {OTHER} is PendingDeletion, and KMS deletes it on 2026-12-06: cancel its deletion, "
        f"and enable it, before everything that it encrypts is lost (needed by {named} and 2 more)"
    )


def test_many_dataset_groups(account: FakeAccount, command: Callable[..., Result]) -> None:
    """They are counted, and a fault of what they share is told once."""
    add_groups(account, 199)
    text = command().stdout
    assert text.splitlines()[1] == "checked: 200 dataset groups"
    assert text.splitlines()[-1] == "200 dataset groups: 14 as documented"
    assert command("--quiet").stdout == ""
    account.answer("GetKeyPolicy", {"Policy": json.dumps(document([allow(BASE_5, SERVICE)]))})
    (line,) = command("--quiet").stdout.splitlines()
    assert line.endswith("movies-10 (dataset group), movies-100 (dataset group) and 195 more)")
    account.instead = []
    # What they share is read once, and nothing is described that isn't looked at.
    calls = account.calls.copy()
    command()
    shared = ("DescribeKey", "GetKeyPolicy", "GetRole", "ListRolePolicies", "GetRolePolicy")
    assert dict(account.calls - calls) == {
        **dict.fromkeys((*shared, "ListAttachedRolePolicies"), 1),
        "GetCallerIdentity": 1,
        "ListDatasetGroups": 1,
        "DescribeDatasetGroup": 200,
        "ListDatasets": 200,
        "ListSolutions": 200,
        "ListMetricAttributions": 200,
        "ListDataDeletionJobs": 200,
        "ListDatasetImportJobs": 200,
        "ListDatasetExportJobs": 200,
        "ListBatchInferenceJobs": 1,
        "ListBatchSegmentJobs": 1,
    }


def test_failed_jobs_are_told_newest_first(
    account: FakeAccount, command: Callable[..., Result]
) -> None:
    """Of one day, too."""
    failed: Any = {"status": "CREATE FAILED", "failureReason": "Insufficient privileges."}
    for hour, row in enumerate(matrix.ROWS):
        if row.is_job:
            created = DAY.replace(hour=hour)
            account.add(row, f"at {hour}", creationDateTime=created, **failed)
    lines = command("--quiet").stdout.splitlines()
    told = [line.partition("job at ")[2][:1] for line in lines]
    assert told == ["5", "4", "3", "2", "1"]


def test_the_order_of_answers_makes_no_difference() -> None:
    """Of dataset groups, datasets, policies, and jobs that were made at one time."""
    denials = {name: [{**allow(["kms:*"]), "Effect": "Deny"}] for name in "AB"}
    attached = [{"PolicyArn": f"{ROLE}/{name}"} for name in "AB"]
    datasets = [{"datasetArn": "a"}, {"datasetArn": "b"}]
    reports = []
    for step in (1, -1):
        account = FakeAccount.with_each_kind()
        add_groups(account, 2)
        for name in "xy":
            account.add(matrix.DATASET_EXPORT_JOB, name, status="CREATE FAILED")
        for made in account.made.values():
            made[:] = made[::step]
        account.policies = dict(list(denials.items())[::step])
        account.answer("ListAttachedRolePolicies", {"AttachedPolicies": attached[::step]})
        account.answer("ListDatasets", {"datasets": datasets[::step]})
        reports.append((look(account.connect(), [], 1).to_json(), account.written()))
    assert reports[0] == reports[1]


def test_a_data_deletion_job_that_failed(account: FakeAccount) -> None:
    """Its status has no ``CREATE`` before it, as that of other jobs has."""
    failed: Any = {"status": "FAILED", "failureReason": "the file is empty"}
    account.add(matrix.DATA_DELETION_JOB, "forget", **failed)
    says = f"! data deletion job forget ({OF_DAY}, FAILED) failed: the file is empty [1]\n"
    assert f"{says}\n[1] start another one once its cause is gone; " in account.written()


def test_who_waits_is_told(
    account: FakeAccount, command: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On standard error, beside the report."""
    monkeypatch.setattr(asking, "_PROGRESS_AFTER", -1)
    add_groups(account, 1)
    result = command()
    assert result.stderr == (
        "personalize-kms: 1 of 2 dataset groups read\npersonalize-kms: 2 of 2 dataset groups read\n"
        "personalize-kms: 1 of 1 roles read\npersonalize-kms: 1 of 1 keys read\n"
    )
    account.events = [{"eventTime": "2026-11-26T10:00:00Z"}]
    read = "1 calls of KMS read in CloudTrail, back to 2026-11-26T10:00:00Z"
    assert command("--cloudtrail").stderr.splitlines()[-1] == f"personalize-kms: {read}"


def test_what_cannot_be_reached_is_asked_once(
    account: FakeAccount, command: Callable[..., Result]
) -> None:
    """Each call would wait half a minute; no Region is said to lack anything."""
    account.answer("GetRole", EndpointConnectionError(endpoint_url="https://iam.amazonaws.com"))
    text = command().stdout
    assert account.calls["GetRole"] == 1
    assert account.calls["ListRolePolicies"] == 0
    assert f"? iam:GetRole failed with EndpointConnectionError: {ROLE}" in text
    assert "has Amazon Personalize" not in text


@pytest.mark.parametrize("form", ["text", "json"])
def test_nothing_steers_the_terminal(
    account: FakeAccount, command: Callable[..., Result], form: str
) -> None:
    """Names of jobs and statements may have control characters; in JSON they stay as they are."""
    reason = "no\x1b[2J\x9b31m\x07\x7f\rway"
    failed: Any = {"status": "CREATE FAILED", "failureReason": reason}
    account.add(matrix.DATASET_IMPORT_JOB, "load\x1b]0;", **failed)
    account.keys[KEY] = [{**allow(BASE_5, SERVICE), "Effect": "Deny", "Sid": "A\x1b[8m"}]
    account.made["DatasetGroup"].append(
        {**account.made["DatasetGroup"][0], "datasetGroupArn": f"{GROUP}\x1b"}
    )
    account.answer("DescribeDatasetGroup", "Expired\x1bTokenException", "u001b")
    result = command("--format", form)
    written = result.stdout + result.stderr
    controls = {character for character in written if unicodedata.category(character) == "Cc"}
    assert controls <= {"\n"}
    assert "\\u001b" in written
    if form == "json":
        (failure,) = json.loads(result.stdout)["problems"]
        assert reason in failure["message"]
