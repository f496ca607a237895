"""Unusual answers of AWS: the doctor goes on, and calls nothing missing because of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import pytest

from personalize_kms_check import matrix
from personalize_kms_check._account.account_report import look
from tests.doctor.fake_account import (
    ACCOUNT,
    BUCKET,
    BUCKET_KEY,
    DAY,
    GROUP,
    KEY,
    OF_DAY,
    ROLE,
    SOLUTION,
    FakeAccount,
    Statements,
    allow,
)

ALIAS = f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/ratings"


@pytest.fixture
def account() -> FakeAccount:
    """A job of each kind, and a bucket with a default key."""
    account = FakeAccount.with_each_kind()
    account.default_key = BUCKET_KEY
    return account


@pytest.mark.parametrize(
    "operation",
    [
        "DescribeDatasetGroup",
        "ListDatasets",
        "ListDatasetImportJobs",
        "ListSolutions",
        "ListDataDeletionJobs",
        "DescribeDatasetImportJob",
    ],
)
def test_what_is_deleted_meanwhile_is_left_out(account: FakeAccount, operation: str) -> None:
    """A dataset, a solution or a job may go while the doctor is at it."""
    whole = account.look()["asked"]
    account.answer(operation, "ResourceNotFoundException")
    assert account.bad() == []
    report = account.look()
    assert report["not_answered"] == []
    assert set(report["asked"]) < set(whole)


# A call that is denied, or answered without what is needed, and what is undecided then.
UNDECIDED: list[tuple[str, Any, str, str]] = [
    ("DescribeDatasetGroup", "AccessDenied", "group-unseen", ""),
    ("ListDatasetImportJobs", "AccessDenied", "jobs-unseen", ""),
    ("DescribeDataDeletionJob", "AccessDenied", "jobs-unseen", ""),
    ("GetBucketLocation", "AccessDenied", "region-unseen", BUCKET),
    ("ListAttachedRolePolicies", "AccessDenied", "may-be-denied-unseen", ROLE),
    ("GetRole", "AccessDenied", "open", ROLE),
    ("GetRole", {"Role": {"Arn": ROLE, "RoleId": "AROALIVINGLIVING"}}, "open", ROLE),
    ("DescribeKey", {"KeyMetadata": {"KeyId": "1234abcd"}}, "key-state-unseen", KEY),
    ("ListDatasets", {"datasets": [{"name": "ratings"}]}, "jobs-unseen", ""),
    # The SDK makes an empty member of an answer of S3's without a body.
    ("GetBucketEncryption", {"ServerSideEncryptionConfiguration": {}}, "encryption-unseen", ""),
    ("ListBatchInferenceJobs", {"batchInferenceJobs": [{"jobName": "a"}]}, "jobs-unseen", ""),
]


@pytest.mark.parametrize(("operation", "answer", "cause", "of"), UNDECIDED)
def test_what_is_not_answered(
    account: FakeAccount, operation: str, answer: Any, cause: str, of: str
) -> None:
    """For one cause something is undecided, and nothing is missing."""
    account.answer(operation, answer)
    told = account.bad()
    assert (cause, "undecided", of) in told
    assert {(cause, status) for cause, status, _ in told} == {(cause, "undecided")}


def test_the_newest_jobs_are_looked_at() -> None:
    """Ten jobs of two pages, and all metric attributions, which work as long as they exist."""
    account = FakeAccount()
    for number in range(12):
        account.add(matrix.METRIC_ATTRIBUTION, f"metrics-{number}", status="CREATE FAILED")
        created = DAY + timedelta(days=number * 5 % 12)
        account.add(
            matrix.DATASET_IMPORT_JOB,
            f"night-{number}",
            creationDateTime=created,
            status="CREATE FAILED",
        )
    listed = account.made["DatasetImportJob"]
    days = []
    for job in listed:
        days.append({name: job[name] for name in ("datasetImportJobArn", "creationDateTime")})
    account.answer("ListDatasetImportJobs", {"datasetImportJobs": days[7:]}, "page-2")
    account.answer("ListDatasetImportJobs", {"datasetImportJobs": days[:7], "nextToken": "page-2"})
    report = account.look()
    older = "2 older jobs not checked (--jobs checks more, up to 90 days back)"
    assert older in report["notes"]
    newest = sorted(listed, key=lambda job: job["creationDateTime"])[2:]
    names = {
        f"{job['jobName']} ({job['creationDateTime']:%Y-%m-%d}, CREATE FAILED" for job in newest
    }
    failed = [problem["message"] for problem in report["problems"]]
    assert len(failed) == 1 + 12  # the newest job and all metric attributions
    failed += [note for note in report["notes"] if "night-" in note]
    failed = [says.removeprefix("dataset import job ").partition(")")[0] for says in failed]
    assert {name for name in failed if name.startswith("night-")} == names


@pytest.mark.parametrize(
    ("days", "causes", "older"), [(91, set(), 1), (89, {"no-statement", "not-in-iam"}, 0)]
)
def test_a_job_of_long_ago_is_not_looked_at(days: int, causes: set[str], older: int) -> None:
    """Its role was stripped since, and nobody can delete the job."""
    account, loader = FakeAccount(), ROLE.replace("Reader", "Loader")
    stripped = {**account.described_role(), "Arn": loader}
    account.answer("GetRole", {"Role": stripped}, "Loader")
    account.answer("ListRolePolicies", {"PolicyNames": []}, "Loader")
    created = datetime.now(UTC) - timedelta(days=days)
    account.add(matrix.DATASET_IMPORT_JOB, "load", role=loader, creationDateTime=created)
    assert {cause for cause, *_ in account.bad()} == causes
    assert len(account.notes()) == older


def test_solutions_that_are_trained_each_day(account: FakeAccount) -> None:
    """The batch jobs of all versions are listed once; each solution has its newest."""
    solutions = [{"solutionArn": f"{SOLUTION}-{number}"} for number in range(3)]
    account.answer("ListSolutions", {"solutions": solutions})
    listed = account.made["BatchInferenceJob"]
    for day in range(30):
        made_for = {"solutionVersionArn": f"{SOLUTION}-{day % 3}/{day}", "jobName": f"{day}"}
        created = DAY + timedelta(days=day - 30)
        listed.append({**listed[0], **made_for, "creationDateTime": created})
        listed[-1]["batchInferenceJobArn"] = f"{GROUP}/{day}"
    account.look(2)
    assert account.calls["ListBatchInferenceJobs"] == 1
    assert account.calls["DescribeBatchInferenceJob"] == 3 * 2


@pytest.mark.parametrize(
    ("described", "because"),
    [
        ({"jobName": "odd"}, "was answered without a role"),
        (
            {"roleArn": ROLE, "jobOutput": {"s3DataDestination": {"path": "https://a.example/"}}},
            "was answered with the path https://a.example/",
        ),
    ],
)
def test_a_job_that_is_described_oddly(account: FakeAccount, described: Any, because: str) -> None:
    """The API's model promises no role, and its pattern allows such a path."""
    account.answer("DescribeDatasetExportJob", {"datasetExportJob": described})
    assert account.bad() == [("jobs-unseen", "undecided", "")]
    (line,) = account.look()["not_answered"]
    assert (line["because"], line["resources"]) == (because, [f"{GROUP}/dataset-export-job"])


def test_a_role_that_is_gone_and_that_nobody_may_get(account: FakeAccount) -> None:
    """The listings of its policies say that it is gone."""
    account.answer("GetRole", "AccessDeniedException")
    for operation in ("ListRolePolicies", "ListAttachedRolePolicies"):
        account.answer(operation, "NoSuchEntity")
    assert account.bad() == [("role-absent", "failed", ROLE)]


def test_a_dataset_group_that_is_named_twice(account: FakeAccount) -> None:
    """Its name and its ARN are the same dataset group."""
    report = look(account.connect(), ["movies", GROUP], 1)
    assert len(report.groups) == 1


@pytest.mark.parametrize("form", ["alias/ratings", ALIAS, BUCKET_KEY.rpartition("/")[2]])
def test_a_default_key_that_cannot_be_looked_up(account: FakeAccount, form: str) -> None:
    """S3 keeps the key as it was given: an alias is undecided, an id is as good as an ARN."""
    account.default_key = form
    account.answer("DescribeKey", "AccessDeniedException", form)
    undecided = account.findings()
    assert {finding.status for finding in undecided} == {"undecided"}
    assert [denial["action"] for denial in account.look()["not_answered"]] == ["kms:DescribeKey"]
    assert {finding.cause for finding in undecided} == {
        "encryption-unseen" if "alias" in form else "key-state-unseen"
    }
    for finding in undecided:
        assert all("kms:DescribeKey was denied" in says for says in finding.says)


def test_a_default_key_by_its_alias(account: FakeAccount) -> None:
    """An alias is looked up, and one that isn't there is said to be so."""
    account.default_key = "alias/ratings"
    assert account.bad() == [("alias-absent", "failed", ALIAS)]
    assert account.finding().says == [
        f"key {ALIAS} (default key of ratings): the alias doesn't exist: make the alias, or set "
        "another default key of the bucket"
    ]
    account.answer("DescribeKey", account.described_key(BUCKET_KEY), ALIAS)
    assert account.bad() == []


@pytest.mark.parametrize("default_key", ["alias/aws/s3", BUCKET_KEY])
def test_the_key_of_s3(account: FakeAccount, default_key: str) -> None:
    """By its alias or id: an error for what is at work, and a doubt where all jobs have worked."""
    account.default_key = default_key
    account.answer("DescribeKey", account.described_key(BUCKET_KEY, KeyManager="AWS"), BUCKET_KEY)
    of_aws = f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/aws/s3"
    assert account.bad() == [("key-of-aws", "failed", of_aws)]
    assert account.finding().needed_by == ["metric-attribution (metric attribution)"]
    assert account.finding().says == [
        f"key {of_aws} (default key of ratings) is AWS's own key aws/s3, whose policy can't allow "
        "Personalize: encrypt the bucket with a key of yours, and write its objects again"
    ]
    account.made["MetricAttribution"].clear()
    assert account.bad() == [("key-of-aws", "warning", of_aws)]
    loads = f"dataset import job dataset-import-job ({OF_DAY}, ACTIVE)"
    assert loads in account.finding().needed_by


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("NotFoundException", "KMS shows it only to its own account (default key of ratings)"),
        ("AccessDeniedException", "kms:GetKeyPolicy was denied (default key of ratings)"),
    ],
)
def test_a_key_whose_policy_is_not_shown(account: FakeAccount, code: str, why: str) -> None:
    """KMS may answer as if there were no such key."""
    account.answer("GetKeyPolicy", code, BUCKET_KEY)
    undecided = account.findings()
    assert {(finding.status, finding.of) for finding in undecided} == {("undecided", BUCKET_KEY)}
    for finding in undecided:
        assert all(why in says for says in finding.says)
    assert bool(account.look()["not_answered"]) is (code == "AccessDeniedException")
    listed = (
        "not answered: allow what was denied, or ask somebody who has it; for the rest, look again "
        "later\n"
    )
    listed += f"? kms:GetKeyPolicy was denied: {BUCKET_KEY}\n"
    assert (listed in account.written()) is (code == "AccessDeniedException")


@pytest.mark.parametrize("algorithm", ["AES256", "aws:kms:dsse", None])
def test_encryption_of_the_bucket(account: FakeAccount, algorithm: str | None) -> None:
    """KMS or not, one layer or two."""
    key = {"KMSMasterKeyID": BUCKET_KEY} if algorithm == "aws:kms:dsse" else {}
    rules = [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm, **key}}]
    whole = {"ServerSideEncryptionConfiguration": {"Rules": rules}}
    none = "ServerSideEncryptionConfigurationNotFoundError"
    account.answer("GetBucketEncryption", whole if algorithm else none)
    assert account.bad() == []
    account.keys[BUCKET_KEY] = []
    assert {finding.of for finding in account.findings()} == (
        {BUCKET_KEY} if algorithm == "aws:kms:dsse" else set()
    )


@pytest.mark.parametrize(
    ("named", "region"), [("EU", "eu-west-1"), (None, "us-east-1"), ("eu-north-1", "eu-north-1")]
)
def test_the_region_of_a_bucket(account: FakeAccount, named: str | None, region: str) -> None:
    """S3 has kept a name from before there were Regions, and gives the first Region none."""
    account.answer("GetBucketLocation", {"LocationConstraint": named})
    says = (
        f"bucket ratings is in {region}, and Personalize works in eu-west-1: use a bucket of that "
        "Region"
    )
    assert [finding.says for finding in account.findings()] == (
        [] if region == "eu-west-1" else [[says]]
    )


def test_a_bucket_without_a_policy(account: FakeAccount) -> None:
    """It is this account's own all the same: nobody else is told that there is none."""
    account.answer("GetBucketPolicy", "NoSuchBucketPolicy")
    assert account.bad() == [("no-statement", "failed", BUCKET)]


def test_a_bucket_whose_owner_shows_nothing() -> None:
    """Personalize's permissions there are undecided, and nothing is called missing."""
    account = FakeAccount()
    account.add(matrix.DATASET_IMPORT_JOB, "load")
    for operation in ("GetBucketPolicy", "GetBucketEncryption"):
        account.answer(operation, "MethodNotAllowed")
    undecided = account.findings()
    assert {finding.status for finding in undecided} == {"undecided"}
    said = set(chain.from_iterable(finding.says for finding in undecided))
    assert f"the bucket policy of {BUCKET} can't be seen: s3:GetBucketPolicy was denied" in said
    assert "it isn't known whether role and bucket are in one account" in said
    assert any("s3:GetEncryptionConfiguration was denied" in says for says in said)


def test_some_of_many_resources_are_named() -> None:
    """Seven buckets that show nothing: in text the first five, and how many more."""
    account = FakeAccount()
    for number in range(7):
        account.add(
            matrix.DATASET_IMPORT_JOB, f"job-{number}", source=(f"s3://bucket-{number}/in/", None)
        )
    account.answer("GetBucketLocation", "AccessDenied")
    (location,) = account.look()["not_answered"]
    assert len(location["resources"]) == 7
    named = ", ".join(f"arn:aws:s3:::bucket-{number}" for number in range(5))
    assert f"\n? s3:GetBucketLocation was denied: {named} and 2 more\n" in account.written()


def attach(account: FakeAccount, document: Statements, *, gone: bool = False) -> None:
    """Give the role a managed policy, of whose versions the default one is not the newest."""
    policies = [{"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/managed", "PolicyName": "managed"}]
    if gone:
        policies.append({"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/gone", "PolicyName": "gone"})
        account.answer("GetPolicy", "NoSuchEntity", "policy/gone")
    account.answer("ListAttachedRolePolicies", {"AttachedPolicies": policies})
    account.answer(
        "GetPolicyVersion", {"PolicyVersion": {"Document": {"Statement": document}}}, '"v3"'
    )


def test_each_policy_of_the_role_is_read(account: FakeAccount) -> None:
    """An unseen policy leaves open only what the others say; another is deleted meanwhile."""
    deny = {"Sid": "NoPuts", "Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}
    account.policies = {"hidden": [], "more": [deny]}
    account.answer("GetRolePolicy", "AccessDenied", "hidden")
    attach(account, [allow(["kms:*", "s3:*", "cloudwatch:*"])], gone=True)
    assert [denial["action"] for denial in account.look()["not_answered"]] == ["iam:GetRolePolicy"]
    (denied,) = [finding for finding in account.findings() if finding.status == "failed"]
    assert (denied.cause, denied.actions) == ("denied", ["s3:PutObject"])
    assert denied.says == ["denied by statement NoPuts of inline policy more"]
    (hidden,) = [finding for finding in account.findings() if finding.status == "undecided"]
    assert hidden.says == [
        "not all of its IAM policies can be seen, and one that can't may deny: inline policy "
        "hidden: iam:GetRolePolicy was denied"
    ]


@pytest.mark.parametrize(
    ("code", "status"), [("NoSuchEntity", "failed"), ("AccessDenied", "undecided")]
)
def test_a_boundary_that_is_not_answered(account: FakeAccount, code: str, status: str) -> None:
    """A deleted boundary allows nothing; an unseen boundary leaves open what the role may do."""
    account.boundary = [allow(["*"])]
    assert account.bad() == []
    account.answer("GetPolicy", code, "limits")
    of_role = account.findings()
    assert {finding.status for finding in of_role} == {status}
    assert set(chain.from_iterable(finding.principals for finding in of_role)) == {ROLE}
    assert (" doesn't exist, and allows nothing" in str(account.notes())) is (status == "failed")


def test_a_role_of_that_name_on_another_path(account: FakeAccount) -> None:
    """The dataset group was made with the one that is gone."""
    moved = {
        "Arn": ROLE.replace("service/", ""),
        "RoleId": "AROA",
        "AssumeRolePolicyDocument": {"Statement": []},
    }
    account.answer("GetRole", {"Role": moved})
    assert account.bad() == [("role-absent", "failed", ROLE)]
    assert account.finding().says == [
        f"role service/Reader doesn't exist: {moved['Arn']} has its name: give that to the next "
        "job, or a new dataset group"
    ]
