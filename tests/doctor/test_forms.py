"""The report for a terminal, with findings in it."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from click.testing import Result

from personalize_kms_check import matrix
from personalize_kms_check._account import asking
from tests.doctor.fake_account import (
    ACCOUNT,
    BASE_5,
    GROUP,
    KEY,
    OF_DAY,
    ROLE,
    SERVICE,
    FakeAccount,
    allow,
)

OTHER = KEY.replace("1234abcd", "5678abcd")


def add_groups(account: FakeAccount, number: int, **more: Any) -> None:
    """More dataset groups like the first one."""
    first = account.made["DatasetGroup"][0]
    for index in range(number):
        name = more.get("name", f"movies-{index}")
        account.made["DatasetGroup"].append(
            {**first, "datasetGroupArn": f"{GROUP}/{name}", "name": name, **more}
        )


def test_findings_in_a_terminal(account: FakeAccount, command: Callable[..., Result]) -> None:
    """A line says what is missing, and a block below has the statements to add."""
    account.keys[KEY] = [allow(BASE_5, {"AWS": ROLE}), allow(BASE_5[:4], SERVICE)]
    result = command("movies")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    lacks = (
        f"✘ key policy of {KEY} lacks kms:ListGrants for Personalize "
        "(needed by movies (dataset group))"
    )
    assert lines[2:4] == ["dataset group movies", lacks]
    start = lines.index(f"key policy of {KEY}, to add:") + 1
    condition = {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}
    assert json.loads(lines[start]) == {**allow(BASE_5, SERVICE), "Condition": condition}
    assert lines[start + 1] == ""
    assert lines[-1].startswith("1 dataset group: 1 missing, 0 problems, 0 warnings, 0 undecided")
    quiet = command("movies", "--quiet").stdout.splitlines()
    assert quiet == [*lines[:4], "", lines[-1]]


def test_each_principal_has_what_it_lacks(
    account: FakeAccount, command: Callable[..., Result]
) -> None:
    """The role lacks one action, and Personalize another."""
    for_role = [action for action in BASE_5 if action != "kms:Decrypt"]
    for_service = [action for action in BASE_5 if action != "kms:CreateGrant"]
    account.keys[KEY] = [allow(for_role, {"AWS": ROLE}), allow(for_service, SERVICE)]
    (line,) = [line for line in command("--quiet").stdout.splitlines() if "lacks" in line]
    lacks = "kms:Decrypt for service/Reader, and kms:CreateGrant for Personalize (2 permissions)"
    assert f" lacks {lacks} (" in line


def test_a_denial_names_its_statement_and_condition(
    account: FakeAccount, command: Callable[..., Result]
) -> None:
    """That is what has to be changed."""
    condition = {"Bool": {"aws:SecureTransport": "true"}}
    deny = {**allow(["kms:Decrypt"], "*"), "Effect": "Deny", "Sid": "NobodyElse"}
    account.keys[KEY] = [*account.keys[KEY], {**deny, "Condition": condition}]
    says = "denied by statement NobodyElse of the key policy (on condition "
    assert f"{says}{json.dumps(condition)})" in command("--quiet").stdout


def test_a_key_that_is_being_deleted_comes_first(
    account: FakeAccount, command: Callable[..., Result]
) -> None:
    """In the account, and of all that is wrong with one dataset group."""
    account.keys = {KEY: account.keys[KEY][:1], OTHER: account.keys[KEY][:1]}
    add_groups(account, 30)
    add_groups(account, 1, kmsKeyArn=OTHER, name="the-last")
    deleted = datetime(2026, 12, 6, tzinfo=UTC)
    state = account.described_key(OTHER, KeyState="PendingDeletion")
    state["KeyMetadata"]["DeletionDate"] = deleted
    account.answer("DescribeKey", state, OTHER)
    lines = command().stdout.splitlines()
    assert lines[2].startswith(f"✘ the-last   key {OTHER} is PendingDeletion")
    assert lines[2].endswith(", and 1 more")
    start = lines.index("dataset group the-last")
    assert lines[start - 1] == ""
    assert lines[start + 1] == (
        f"✘ key {OTHER} is PendingDeletion, and KMS deletes it on 2026-12-06 "
        "(needed by the-last (dataset group)): cancel its deletion, and enable it, before "
        "everything that it encrypts is lost"
    )
    assert start < lines.index("dataset group movies")


def test_many_dataset_groups(account: FakeAccount, command: Callable[..., Result]) -> None:
    """The healthy groups have a line together."""
    add_groups(account, 199)
    lines = command().stdout.splitlines()
    assert lines[2] == "✓ 200 dataset groups where nothing is missing or wrong"
    assert len(lines) == 9
    assert len(command("--quiet").stdout.splitlines()) == 3
    # What they share is read a few times at most, and nothing is described that isn't looked at.
    calls = account.calls.copy()
    command()
    made = dict(account.calls - calls)
    shared = ("DescribeKey", "GetKeyPolicy", "GetRole", "ListRolePolicies", "GetRolePolicy")
    for operation in (*shared, "ListAttachedRolePolicies"):
        assert made.pop(operation) <= 8
    assert made == {
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


def test_a_failed_job_of_one_of_two_dataset_groups(
    account: FakeAccount, command: Callable[..., Result]
) -> None:
    """It is told though all else is right, and counts with ``--strict``."""
    failed: Any = {"status": "CREATE FAILED", "failureReason": "Insufficient privileges."}
    account.add(matrix.DATASET_IMPORT_JOB, "load", **failed)
    add_groups(account, 1)
    account.answer("ListDatasets", {"datasets": []}, "movies-0")
    result = command("--quiet")
    says = f"! load {OF_DAY} (dataset import job) failed: Insufficient privileges.; start another"
    assert says in result.stdout
    assert "2 dataset groups: 0 missing, 0 problems, 1 warning, 0 undecided" in result.stdout
    assert (result.exit_code, command("--strict").exit_code) == (0, 1)


def test_who_waits_is_told(
    account: FakeAccount, command: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On standard error, beside the report."""
    monkeypatch.setattr(asking, "_PROGRESS_AFTER", -1)
    add_groups(account, 1)
    result = command()
    assert result.stderr == (
        "personalize-kms: 1 of 2 dataset groups read\npersonalize-kms: 2 of 2 dataset groups read\n"
    )
    assert result.exit_code == 0


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
        (failure,) = json.loads(result.stdout)["dataset_groups"][0]["problems"]
        assert reason in failure["message"]
