"""Causes that an account shows, in broken policies, keys, roles and buckets."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from personalize_kms_check import matrix
from personalize_kms_check._account.account_report import look
from tests.doctor.fake_account import (
    ACCOUNT,
    ADMIN,
    BASE_4,
    BASE_5,
    BUCKET,
    BUCKET_KEY,
    DAY,
    DEAD,
    DEAD_USER,
    GROUP,
    KEY,
    OF_DAY,
    OTHER_KEY,
    REGION,
    ROLE,
    ROOT,
    SERVICE,
    FakeAccount,
    allow,
    trust,
)
from tests.doctor.findings import bad

METRICS = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:*"
READ = allow(["s3:GetObject", "s3:ListBucket"])
LOAD = f"dataset import job load ({OF_DAY}, CREATE FAILED)"
NEXT = (
    "start another one once its cause is gone; if nothing here says why, try --cloudtrail, and see "
    "the keys of its objects and your control policies"
)
OF_LOAD = f"dataset import job load ({OF_DAY}, ACTIVE)"
NEEDED_BY = [OF_LOAD, "movies (dataset group)"]
PERSONALIZE = "personalize.amazonaws.com"


@pytest.fixture
def account() -> FakeAccount:
    """An account with an import job."""
    account = FakeAccount()
    account.add(matrix.DATASET_IMPORT_JOB, "load")
    return account


def test_a_key_that_is_not_symmetric(account: FakeAccount) -> None:
    """Whatever its policy says."""
    kind = {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}
    account.answer("DescribeKey", account.described_key(**kind))
    assert account.bad() == [("key-spec", "failed", KEY)]


def test_a_dataset_group_without_a_key(account: FakeAccount) -> None:
    """Nothing is asked of any key for it."""
    account.keys = {}
    account.made["DatasetGroup"][0] |= {"kmsKeyArn": None, "roleArn": None}
    assert account.bad() == []
    assert account.look()["without_key"] == ["movies"]
    assert "\nmovies has no key of yours: Personalize encrypts it with its own" in account.written()


def test_a_dataset_group_that_is_being_deleted(account: FakeAccount) -> None:
    """It asks for nothing, and its jobs neither."""
    account.made["DatasetGroup"][0]["status"] = "DELETE IN_PROGRESS"
    account.keys, account.policies = {}, {}
    report = account.look()
    assert (report["asked"], report["missing"], report["problems"]) == ([], [], [])
    assert report["notes"] == ["movies (dataset group) is DELETE IN_PROGRESS, and asks for nothing"]
    nothing = "1 dataset group: nothing is asked of keys, roles and buckets\n"
    assert account.written().endswith(nothing)


def test_a_dataset_group_that_could_not_be_made(account: FakeAccount) -> None:
    """Nothing makes it ACTIVE any more."""
    account.made["DatasetGroup"][0] |= {
        "status": "CREATE FAILED",
        "failureReason": "Insufficient privileges.",
    }
    assert account.finding().says == [
        "movies (dataset group) is CREATE FAILED: Insufficient privileges.: delete it, and create "
        "it again once the policies allow all that it needs"
    ]
    assert account.bad() == [("group-failed", "failed", GROUP)]


def test_a_dataset_group_whose_role_is_not_told(account: FakeAccount) -> None:
    """The API's model promises none; what its jobs need is judged all the same."""
    account.made["DatasetGroup"][0]["roleArn"] = None
    assert account.bad() == []
    account.policies = {}
    assert account.finding().needed_by == [OF_LOAD]


def test_a_key_that_is_gone(account: FakeAccount) -> None:
    """No statement is proposed for it, and what depends on it isn't told one by one."""
    del account.keys[KEY]
    assert account.bad() == [("key-absent", "failed", KEY)]
    assert (account.should_have(), account.finding().needed_by) == ({}, ["movies (dataset group)"])


def test_a_key_that_a_past_job_alone_had_and_that_is_gone(account: FakeAccount) -> None:
    """The job has worked, and the next one may have another."""
    own = f"{KEY[:-1]}0"
    account.add(matrix.DATASET_EXPORT_JOB, "dump", destination=("s3://ratings/out/", own))
    account.policies["P"].append(allow(["s3:PutObject"], resource="arn:aws:s3:::ratings/out/*"))
    assert account.bad() == [("key-absent", "warning", own)]


def test_a_role_that_is_gone(account: FakeAccount) -> None:
    """It is told once, and so is its id, with which AWS takes no change of the policy."""
    account.answer("GetRole", "NoSuchEntity")
    assert account.bad() == [("role-absent", "failed", ROLE)]
    account.keys[KEY] = [allow(BASE_5, {"AWS": DEAD}), allow(BASE_5, SERVICE)]
    assert account.bad() == [("unused-id", "warning", KEY), ("role-absent", "failed", ROLE)]


def test_a_job_whose_role_is_gone(account: FakeAccount) -> None:
    """The next one may have another: it is a warning until then, and its failure names the role.

    A metric attribution is at work.
    """
    retired = ROLE.replace("Reader", "Retired")
    account.answer("GetRole", "NoSuchEntity", "Retired")
    failed: Any = {"status": "CREATE FAILED", "failureReason": "Insufficient privileges."}
    account.add(matrix.DATASET_EXPORT_JOB, "dump", role=retired, **failed)
    absent, failure = account.findings()
    assert (absent.cause, absent.status, absent.of) == ("role-absent", "warning", retired)
    assert absent.needed_by == [f"dataset export job dump ({OF_DAY}, CREATE FAILED)"]
    assert failure.says == [
        f"dataset export job dump ({OF_DAY}, CREATE FAILED) failed: Insufficient privileges.; its "
        f"role {retired} doesn't exist: start another one with a role that exists"
    ]
    newer = DAY + timedelta(days=1)
    account.add(matrix.DATASET_EXPORT_JOB, "again", creationDateTime=newer)
    assert account.bad() == []
    account.add(matrix.METRIC_ATTRIBUTION, "clicks", role=retired)
    assert account.bad() == [("role-absent", "failed", retired)]


def test_a_bucket_that_is_gone(account: FakeAccount) -> None:
    """Even where the role may not use it; the job after one that has worked may have another."""
    account.answer("GetBucketLocation", "NoSuchBucket")
    account.policies = {"P": [allow(BASE_4)]}
    assert account.bad() == [("bucket-absent", "warning", BUCKET)]
    account.add(matrix.DATASET_EXPORT_JOB, "dump", status="CREATE PENDING")
    assert account.bad() == [("bucket-absent", "failed", BUCKET)]


@pytest.mark.parametrize(
    "statement",
    [
        allow(["kms:Encrypt"], {"AWS": DEAD}),
        allow(["kms:Encrypt"], {"AWS": [DEAD_USER, ADMIN]}),
        {"Effect": "Deny", "NotPrincipal": {"AWS": [ROLE, DEAD]}, "Action": "kms:Tag*"},
    ],
    ids=["of a role", "of a user", "of one that isn't denied"],
)
def test_the_id_of_a_deleted_role(account: FakeAccount, statement: Any) -> None:
    """It keeps nobody out; what to do is told in words alone."""
    account.keys[KEY] = [*account.keys[KEY], statement]
    assert account.bad() == [("unused-id", "warning", KEY)]
    assert account.should_have() == {}


@pytest.mark.parametrize(
    ("named", "actions"),
    [
        (DEAD, BASE_5),
        ([DEAD, ADMIN], BASE_5),
        (DEAD, ["kms:*"]),
        (DEAD_USER, BASE_5),
        (DEAD_USER, ["kms:*"]),
    ],
)
def test_an_id_in_the_place_of_a_role(account: FakeAccount, named: Any, actions: list[str]) -> None:
    """Whose it was isn't guessed: the role gets what AWS's page asks for, and the id goes."""
    account.keys[KEY] = [allow(actions, {"AWS": named}), allow(BASE_5, SERVICE)]
    by_cause = {(finding.cause, finding.status): finding for finding in account.findings()}
    assert by_cause.keys() == {("unused-id", "warning"), ("no-statement", "failed")}
    assert by_cause["unused-id", "warning"].says == [
        f"the key policy of {KEY} names {DEAD if DEAD in str(named) else DEAD_USER}, the id of a "
        "role or user that was deleted: take it out, with its statement if that names nobody else: "
        "AWS refuses every change of a policy that has it"
    ]
    assert by_cause["no-statement", "failed"].principals == [ROLE]
    first, second = [line for line in account.written().splitlines() if line[:1] in ("✘", "!")]
    assert ("the id of a role" in first, "lacks" in second) == (True, True)
    assert account.should_have() == {("key", KEY): [allow(BASE_5, {"AWS": ROLE})]}


def test_the_id_of_a_living_role(account: FakeAccount) -> None:
    """It is no orphan."""
    account.keys[KEY] = [*account.keys[KEY], allow(["kms:Encrypt"], {"AWS": "AROALIVINGLIVING"})]
    assert account.bad() == []


@pytest.mark.parametrize("policy", ["bucket_policy", "trust"])
def test_an_id_in_another_policy(account: FakeAccount, policy: str) -> None:
    """AWS refuses the next change of the policy all the same."""
    resource = {"Resource": "*"} if policy == "bucket_policy" else {}
    getattr(account, policy).append({**trust({"AWS": DEAD_USER}), **resource})
    assert account.bad() == [
        ("unused-id", "warning", BUCKET if policy == "bucket_policy" else ROLE)
    ]


def test_a_default_key_that_no_job_uses() -> None:
    """It is no failure, whatever its state and policy: the key of an object can't be seen."""
    account = FakeAccount()
    place = ("s3://ratings/", BUCKET_KEY)
    account.add(matrix.BATCH_INFERENCE_JOB, "recommend", source=place, destination=place)
    account.default_key = OTHER_KEY
    account.keys[OTHER_KEY] = [allow(["kms:*"], ROOT)]
    account.answer("DescribeKey", account.described_key(OTHER_KEY, KeyState="Disabled"), OTHER_KEY)
    assert account.bad() == []
    account.instead = []
    account.answer("DescribeKey", "AccessDeniedException", OTHER_KEY)
    assert account.bad() == []


def test_states_of_keys(account: FakeAccount) -> None:
    """While a key changes its primary Region, KMS encrypts and decrypts with it."""
    account.answer("DescribeKey", account.described_key(KeyState="Updating"))
    assert account.bad() == []
    account.instead = []
    account.answer("DescribeKey", account.described_key(KeyState="Disabled"))
    finding = account.finding()
    assert (finding.cause, finding.of, finding.needed_by) == ("key-state", KEY, NEEDED_BY)
    assert finding.says == [f"key {KEY} is Disabled: enable it"]


def test_a_trust_policy_that_denies(account: FakeAccount) -> None:
    """A statement that allows it would change nothing; the line has the condition, too."""
    condition = {"Bool": {"aws:SecureTransport": "true"}}
    account.trust.append({**trust(SERVICE, "Deny"), "Condition": condition})
    says = (
        "service/Reader doesn't trust Personalize, which has to assume it (denied by statement "
        "2 of the trust policy)"
    )
    fix = "remove the denial from its trust policy, or exempt personalize.amazonaws.com"
    assert account.finding().says == [f"{says}: {fix}"]
    assert account.should_have() == {}
    assert f"✘ {says} (on condition {json.dumps(condition)}) (needed by " in account.written()


@pytest.mark.parametrize(("organization", "causes"), [("", {"open"}), ("o-abc", set())])
def test_a_condition_on_the_organization(
    account: FakeAccount, organization: str, causes: set[str]
) -> None:
    """``--organization`` decides it, and nothing is said of a template."""
    mine: Any = {"StringEquals": {"aws:PrincipalOrgID": "o-abc"}}
    of_role = {**allow(BASE_5, {"AWS": ROLE}), "Condition": mine}
    account.keys[KEY] = [of_role, allow(BASE_5, SERVICE)]
    report = look(account.connect(), [], 1, organization=organization)
    assert {cause for cause, _, _ in bad(json.loads(report.to_json()))} == causes
    assert "template" not in report.to_text()


def test_a_failed_job_is_a_warning_until_there_is_a_newer_one() -> None:
    """With Personalize's own reason; then it is a note."""
    account = FakeAccount()
    failed: Any = {"status": "CREATE FAILED", "failureReason": "Insufficient privileges."}
    account.add(matrix.DATASET_IMPORT_JOB, "load", **failed)
    assert account.bad() == [("job-failed", "warning", LOAD)]
    assert account.finding().says == [f"{LOAD} failed: Insufficient privileges.: {NEXT}"]
    newer = DAY + timedelta(days=1)
    account.add(matrix.DATASET_IMPORT_JOB, "again", creationDateTime=newer)
    assert account.bad() == []
    assert account.notes() == [f"{LOAD} failed: Insufficient privileges."]


def test_jobs_with_other_destinations() -> None:
    """The bucket policy has one of the folders, whose path needn't end in a slash."""
    account = FakeAccount()
    account.add(matrix.DATASET_EXPORT_JOB, "dump", destination=("s3://ratings/out", None))
    account.bucket_policy = [
        allow(["s3:PutObject", "s3:ListBucket"], SERVICE, [BUCKET, f"{BUCKET}/out/*"])
    ]
    assert account.bad() == []
    account.add(matrix.DATASET_EXPORT_JOB, "other", destination=("s3://ratings/elsewhere/", None))
    finding = account.finding()
    assert finding.resources == [f"{BUCKET}/elsewhere/*"]
    assert finding.needed_by == [f"dataset export job other ({OF_DAY}, ACTIVE)"]
