"""Answers of AWS's that aren't the usual ones: the doctor goes on, and calls nothing missing because of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.doctor import faults
from tests.doctor.conftest import Deployed
from tests.doctor.findings import Finding, findings
from tests.doctor.looking import doctor_on


class Instead(Protocol):
    """Sets what AWS answers to an operation, instead of what it would."""

    def __call__(self, operation: str, found: str | Exception | dict[str, Any], about: str = "") -> None:
        """Set it for all questions that have a word in their arguments."""


@pytest.fixture
def instead(monkeypatch: pytest.MonkeyPatch) -> Instead:
    """An error's code, an error of the SDK's, or an answer."""
    answers: list[tuple[str, str, str | Exception | dict[str, Any]]] = []
    ask: Any = BaseClient._make_api_call  # type: ignore[attr-defined]

    def answer(self: Any, operation: str, arguments: Any) -> Any:
        for name, about, found in answers:
            if name == operation and about in json.dumps(arguments):
                if isinstance(found, str):
                    raise ClientError({"Error": {"Code": found, "Message": "so it says"}}, operation)
                if isinstance(found, Exception):
                    raise found
                return found
        return ask(self, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", answer)

    def set_answer(operation: str, found: str | Exception | dict[str, Any], about: str = "") -> None:
        answers.append((operation, about, found))

    return set_answer


@pytest.fixture
def report(deployed: Deployed) -> Callable[[], Any]:
    """What the doctor says, as data."""
    return lambda: doctor_on(deployed.aws)


def bad(found: Any) -> list[Finding]:
    """What isn't as it should be."""
    (group,) = found["dataset_groups"]
    return findings(group)


def notes(found: Any, about: str) -> str:
    """The note about a key, role or bucket."""
    (group,) = found["dataset_groups"]
    (note,) = [each.removeprefix(f"{about}: ") for each in group["notes"] if each.startswith(f"{about}: ")]
    return str(note)


def looked_at(found: Any) -> int:
    """How many jobs were looked at."""
    (group,) = found["dataset_groups"]
    (note,) = [each for each in group["notes"] if "looked at" in each]
    return int(note.partition(" ")[0])


@pytest.mark.parametrize(
    "operation",
    [
        "ListDatasets",
        "ListDatasetImportJobs",
        "ListDatasetExportJobs",
        "ListSolutions",
        "ListSolutionVersions",
        "ListBatchInferenceJobs",
        "ListDataDeletionJobs",
        "ListMetricAttributions",
        "DescribeDatasetImportJob",
    ],
)
def test_what_is_deleted_meanwhile_is_left_out(report: Callable[[], Any], instead: Instead, operation: str) -> None:
    """A dataset, a solution or the dataset group itself may go while the doctor is at it."""
    whole = looked_at(report())
    instead(operation, "ResourceNotFoundException")
    found = report()
    assert bad(found) == []
    assert found["not_answered"] == []
    assert 0 < looked_at(found) < whole


def test_each_listing_is_asked_for(report: Callable[[], Any], instead: Instead) -> None:
    """One that isn't allowed keeps nobody from the others."""
    whole = looked_at(report())
    instead("ListDatasetImportJobs", "AccessDeniedException")
    instead("ListDataDeletionJobs", "AccessDeniedException")
    found = report()
    assert [each["action"] for each in found["not_answered"]] == [
        "personalize:ListDataDeletionJobs",
        "personalize:ListDatasetImportJobs",
    ]
    assert [each.says for each in bad(found)] == [
        ["not all of its jobs, or of their listings, can be seen: 2 not answered"]
    ]
    assert 2 <= looked_at(found) < whole


@pytest.mark.parametrize("form", ["alias/ratings", "arn:aws:kms:eu-west-1:111111111111:alias/ratings", "id"])
def test_a_default_key_that_cannot_be_looked_up(
    deployed: Deployed, report: Callable[[], Any], instead: Instead, form: str
) -> None:
    """S3 keeps the key as it was given; what an alias stands for is undecided, and an id is as good as an ARN."""
    reference = deployed.data_key.rpartition("/")[2] if form == "id" else form
    instead("DescribeKey", "AccessDeniedException", reference)
    with faults.bucket_key(deployed, reference):
        found = report()
    assert {each.status for each in bad(found)} == {"undecided"}
    assert [each["action"] for each in found["not_answered"]] == ["kms:DescribeKey"]
    assert {each.cause for each in bad(found)} == {"key-state-unseen" if form == "id" else "encryption-unseen"}
    assert all("kms:DescribeKey isn't allowed to you" in says for each in bad(found) for says in each.says)


def test_a_default_key_by_its_alias(deployed: Deployed, report: Callable[[], Any]) -> None:
    """An alias is looked up, and one that isn't there is said to be so."""
    kms = deployed.client("kms")
    kms.create_alias(AliasName="alias/ratings", TargetKeyId=deployed.data_key)
    with faults.bucket_key(deployed, "alias/ratings"):
        assert bad(report()) == []
        kms.delete_alias(AliasName="alias/ratings")
        (gone,) = bad(report())
    alias = "arn:aws:kms:eu-west-1:111111111111:alias/ratings"
    assert (gone.cause, gone.status, gone.of) == ("alias-absent", "failed", alias)
    assert gone.says == [
        f"key {alias}: the alias doesn't exist: make the alias, or give the bucket another default key"
    ]


def test_a_default_key_of_s3_by_its_id(deployed: Deployed, report: Callable[[], Any], instead: Instead) -> None:
    """KMS says whose it is; its policy can't be changed, so only that is told."""
    metadata = deployed.client("kms").describe_key(KeyId=deployed.data_key)["KeyMetadata"]
    instead("DescribeKey", {"KeyMetadata": {**metadata, "KeyManager": "AWS"}}, deployed.data_key)
    (told,) = bad(report())
    assert (told.cause, told.of) == ("key-of-aws", "arn:aws:kms:eu-west-1:111111111111:alias/aws/s3")


@pytest.mark.parametrize("name", ["No_Bucket!", "no-bucket", ""])
def test_a_bucket_that_cannot_be(deployed: Deployed, report: Callable[[], Any], instead: Instead, name: str) -> None:
    """Personalize takes any path when a job is created, and the SDK doesn't even send a question about such a name."""
    source = {"s3DataSource": {"path": f"s3://{name}/in/"}}
    job = {"jobName": "odd", "status": "CREATE FAILED", "roleArn": deployed.role, "jobInput": source}
    instead("DescribeBatchInferenceJob", {"batchInferenceJob": job})
    (told,) = bad(report())
    assert (told.cause, told.status, told.of) == ("bucket-absent", "failed", f"arn:aws:s3:::{name}")


@pytest.mark.parametrize(
    ("answer", "because"),
    [
        ("UnrecognizedClientException", "kms:DescribeKey isn't answered but by UnrecognizedClientException"),
        (EndpointConnectionError(endpoint_url="https://kms"), "kms:DescribeKey isn't answered but by EndpointConn"),
    ],
)
def test_a_key_of_a_region_that_is_not_enabled(
    deployed: Deployed, report: Callable[[], Any], instead: Instead, answer: Any, because: str
) -> None:
    """A job may name any key: this one can't be seen, and the others can."""
    key = "arn:aws:kms:ap-east-1:111111111111:key/1234abcd"
    source = {"s3DataSource": {"path": f"s3://{deployed.bucket}/batch/in/", "kmsKeyArn": key}}
    job = {"jobName": "odd", "status": "ACTIVE", "roleArn": deployed.role, "jobInput": source}
    instead("DescribeBatchInferenceJob", {"batchInferenceJob": job})
    for operation in ("DescribeKey", "GetKeyPolicy", "ListGrants"):
        instead(operation, answer, "ap-east-1")
    found = bad(report())
    assert {each.of for each in found} == {key, deployed.role}
    (region,) = [each for each in found if each.cause == "key-region"]
    assert region.says == [f"key {key} is in ap-east-1, and Personalize works in eu-west-1: use a key of that Region"]
    assert because in " ".join(says for each in found for says in each.says)


def test_a_job_without_a_role(report: Callable[[], Any], instead: Instead, deployed: Deployed) -> None:
    """The API's model doesn't promise one."""
    source = {"s3DataSource": {"path": f"s3://{deployed.bucket}/batch/in/"}}
    instead("DescribeBatchInferenceJob", {"batchInferenceJob": {"jobName": "odd", "jobInput": source}})
    (told,) = bad(report())
    assert told.cause == "jobs-unseen"


def test_a_key_that_kms_does_not_rotate(report: Callable[[], Any], instead: Instead, deployed: Deployed) -> None:
    """It has key material of somebody's own, and KMS refuses to say whether it rotates."""
    metadata = deployed.client("kms").describe_key(KeyId=deployed.key)["KeyMetadata"]
    instead("DescribeKey", {"KeyMetadata": {**metadata, "Origin": "EXTERNAL"}}, deployed.key)
    instead("GetKeyRotationStatus", "UnsupportedOperationException", deployed.key)
    found = report()
    assert (bad(found), found["not_answered"]) == ([], [])


def test_each_policy_of_the_role_is_read(deployed: Deployed, report: Callable[[], Any], instead: Instead) -> None:
    """One that can't be seen leaves open what the others say, and no more than that."""
    deny = {"Sid": "NoPuts", "Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}
    nothing = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
    iam, name = deployed.client("iam"), deployed.role_name
    document = json.dumps({"Version": "2012-10-17", "Statement": [nothing]})
    iam.put_role_policy(RoleName=name, PolicyName="a-hidden", PolicyDocument=document)
    arn = iam.create_policy(PolicyName="a-gone", PolicyDocument=document)["Policy"]["Arn"]
    (managed,) = faults.managed_policies(deployed)
    iam.detach_role_policy(RoleName=name, PolicyArn=managed)
    for each in (arn, managed):
        iam.attach_role_policy(RoleName=name, PolicyArn=each)
    instead("GetRolePolicy", "AccessDenied", "a-hidden")
    instead("GetPolicy", "NoSuchEntity", "a-gone")
    try:
        with faults.inline_policy(deployed, deny):
            found = report()
    finally:
        iam.delete_role_policy(RoleName=name, PolicyName="a-hidden")
        iam.detach_role_policy(RoleName=name, PolicyArn=arn)
        iam.delete_policy(PolicyArn=arn)
    assert [each["action"] for each in found["not_answered"]] == ["iam:GetRolePolicy"]
    (denied,) = [each for each in bad(found) if each.status == "failed"]
    assert (denied.cause, denied.actions, denied.says) == (
        "denied",
        ["s3:PutObject"],
        ["denied by statement NoPuts of inline policy more"],
    )
    (hidden,) = [each for each in bad(found) if each.status == "undecided"]
    assert hidden.says == [
        "not all of its IAM policies can be seen, and one that can't may deny: inline policy a-hidden: "
        "iam:GetRolePolicy isn't allowed to you"
    ]


def test_a_boundary_that_is_gone(deployed: Deployed, report: Callable[[], Any], instead: Instead) -> None:
    """It allows nothing any more."""
    with faults.boundary(deployed, {"Effect": "Allow", "Action": "*", "Resource": "*"}):
        instead("GetPolicy", "NoSuchEntity", "limits")
        found = report()
    assert [(each.cause, each.of) for each in bad(found)] == [("boundary", deployed.role)]
    note = "Personalize may assume it, it has permissions boundary limits, which doesn't exist and allows nothing"
    assert notes(found, f"role {deployed.role_name}") == note


def test_a_role_of_that_name_on_another_path(deployed: Deployed, report: Callable[[], Any], instead: Instead) -> None:
    """The dataset group was made with the one that is gone."""
    role = deployed.client("iam").get_role(RoleName=deployed.role_name)["Role"]
    instead("GetRole", {"Role": {**role, "Arn": deployed.role.replace("role/", "role/moved/")}})
    (told,) = bad(report())
    assert (told.cause, told.of) == ("role-absent", deployed.role)


def test_a_key_whose_policy_only_its_own_account_sees(
    deployed: Deployed, report: Callable[[], Any], instead: Instead
) -> None:
    """KMS shows it as if there were no such key."""
    instead("GetKeyPolicy", "NotFoundException", deployed.data_key)
    found = report()
    assert {(each.status, each.of) for each in bad(found)} == {("undecided", deployed.data_key)}
    assert all("KMS shows it to its own account alone" in says for each in bad(found) for says in each.says)
    assert found["not_answered"] == []


def test_grants_are_shown(deployed: Deployed, report: Callable[[], Any], instead: Instead) -> None:
    """Those for Personalize alone, the first five of them, and how many there are."""
    kms = deployed.client("kms")
    made = [
        kms.create_grant(KeyId=deployed.key, GranteePrincipal=principal, Operations=["Decrypt", "Encrypt"])["GrantId"]
        for principal in [deployed.role, *["personalize.amazonaws.com"] * 6]
    ]
    try:
        found = report()
    finally:
        for each in made:
            kms.revoke_grant(KeyId=deployed.key, GrantId=each)
    one = "Decrypt, Encrypt for personalize.amazonaws.com"
    assert notes(found, f"key {deployed.key}").endswith(f", 6 grants for Personalize: {'; '.join([one] * 5)}")
    assert bad(found) == []


def test_grants_that_are_not_shown(deployed: Deployed, report: Callable[[], Any], instead: Instead) -> None:
    """They decide nothing."""
    instead("ListGrants", "AccessDeniedException", deployed.key)
    found = report()
    assert notes(found, f"key {deployed.key}").endswith(", grants can't be seen: kms:ListGrants isn't allowed to you")
    assert bad(found) == []


@pytest.mark.parametrize(
    ("rules", "title"),
    [
        ([{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": True}], None),
        ([], None),
        ("ServerSideEncryptionConfigurationNotFoundError", None),
        ([{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms:dsse", "KMSMasterKeyID": "?"}}], "key"),
    ],
)
def test_encryption_of_the_bucket(
    deployed: Deployed, report: Callable[[], Any], instead: Instead, rules: Any, title: str | None
) -> None:
    """KMS or not, one layer or two; a bucket key needs no permission more."""
    for each in rules if title else ():
        each["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] = deployed.data_key
    answer = rules if isinstance(rules, str) else {"ServerSideEncryptionConfiguration": {"Rules": rules}}
    instead("GetBucketEncryption", answer)
    found = report()
    assert bad(found) == []
    key = deployed.data_key if title else "a key of S3, which needs no permission"
    assert notes(found, f"bucket {deployed.bucket}").startswith(f"it is in eu-west-1, it is encrypted with {key}, ")


def test_a_bucket_of_an_old_region(deployed: Deployed, report: Callable[[], Any], instead: Instead) -> None:
    """S3 has kept a name from before there were Regions."""
    instead("GetBucketLocation", {"LocationConstraint": "EU"})
    assert bad(report()) == []


def test_a_bucket_in_the_first_region(deployed: Deployed, report: Callable[[], Any], instead: Instead) -> None:
    """S3 gives it no name."""
    instead("GetBucketLocation", {"LocationConstraint": None})
    (told,) = bad(report())
    assert told.says == [
        f"bucket {deployed.bucket} is in us-east-1, and Personalize works in eu-west-1: use a bucket of that Region"
    ]


def test_public_access(deployed: Deployed, report: Callable[[], Any], instead: Instead) -> None:
    """It is shown, and no finding."""
    instead("GetPublicAccessBlock", "NoSuchPublicAccessBlockConfiguration")
    found = report()
    assert bad(found) == []
    assert notes(found, f"bucket {deployed.bucket}").endswith(
        ", public access isn't blocked, and Personalize doesn't need it: block it if nobody else does"
    )


@pytest.mark.parametrize(
    ("operation", "code", "cause"),
    [
        ("DescribeKey", "InvalidArnException", "key-absent"),
        ("GetRole", "ValidationError", "role-absent"),
        ("GetBucketLocation", "InvalidBucketName", "bucket-absent"),
    ],
)
def test_names_that_nothing_can_have(
    deployed: Deployed, report: Callable[[], Any], instead: Instead, operation: str, code: str, cause: str
) -> None:
    """The job that names such a key, role or bucket has failed."""
    source = {"path": "s3://not.a.bucket/in/", "kmsKeyArn": "arn:aws:kms:eu-west-1:111111111111:key/no key"}
    if operation != "DescribeKey":
        del source["kmsKeyArn"]
    if operation != "GetBucketLocation":
        source["path"] = f"s3://{deployed.bucket}/batch/in/"
    role = "arn:aws:iam::111111111111:role/not a role" if operation == "GetRole" else deployed.role
    job = {"jobName": "odd", "status": "CREATE FAILED", "roleArn": role, "jobInput": {"s3DataSource": source}}
    instead("DescribeBatchInferenceJob", {"batchInferenceJob": job})
    instead(operation, code, {"DescribeKey": "no key", "GetRole": "not a role"}.get(operation, "not.a.bucket"))
    found = report()
    assert [(each.cause, each.status) for each in bad(found)] == [(cause, "failed")]
    assert found["not_answered"] == []


def test_a_bucket_without_a_policy(deployed: Deployed, report: Callable[[], Any], instead: Instead) -> None:
    """It is this account's own all the same: nobody else is told that there is none."""
    instead("GetBucketPolicy", "NoSuchBucketPolicy")
    assert [(each.cause, each.status, each.of) for each in bad(report())] == [
        ("no-statement", "failed", f"arn:aws:s3:::{deployed.bucket}")
    ]


def test_a_boundary_that_cannot_be_seen(deployed: Deployed, report: Callable[[], Any], instead: Instead) -> None:
    """Everything that the role may do is undecided: the boundary may not allow it."""
    with faults.boundary(deployed, {"Effect": "Allow", "Action": "*", "Resource": "*"}):
        instead("GetPolicy", "AccessDenied", "limits")
        found = bad(report())
    assert {each.status for each in found} == {"undecided"}
    assert {who for each in found for who in each.principals} == {deployed.role}
    assert all("iam:GetPolicy isn't allowed to you" in says for each in found for says in each.says)


def test_a_role_of_another_account(deployed: Deployed, report: Callable[[], Any], instead: Instead) -> None:
    """Personalize takes none, and its policies can't be seen."""
    role = "arn:aws:iam::444455556666:role/Reader"
    source = {"s3DataSource": {"path": f"s3://{deployed.bucket}/batch/in/"}}
    job = {"jobName": "odd", "status": "CREATE FAILED", "roleArn": role, "jobInput": source}
    instead("DescribeBatchInferenceJob", {"batchInferenceJob": job})
    (told,) = [each for each in bad(report()) if each.cause == "role-of-another-account"]
    assert (told.status, told.of) == ("failed", role)
    assert told.says == [
        "Reader is a role of another account, which Personalize doesn't take: use a role of account 111111111111"
    ]


def test_some_of_many_resources_are_named(report: Callable[[], Any], instead: Instead, deployed: Deployed) -> None:
    """Seven buckets that show nothing: the first five, and how many more."""
    created = datetime(2026, 1, 1, tzinfo=UTC)
    jobs = [{"batchInferenceJobArn": f"arn-{number}", "creationDateTime": created} for number in range(7)]
    instead("ListBatchInferenceJobs", {"batchInferenceJobs": jobs})
    for number in range(7):
        source = {"s3DataSource": {"path": f"s3://bucket-{number}/in/"}}
        job = {"jobName": f"job-{number}", "roleArn": deployed.role, "jobInput": source}
        instead("DescribeBatchInferenceJob", {"batchInferenceJob": job}, f"arn-{number}")
    for operation in ("GetBucketLocation", "GetBucketEncryption", "GetPublicAccessBlock"):
        instead(operation, "AccessDenied", "bucket-")
    instead("GetBucketPolicy", "MethodNotAllowed", "bucket-")  # of a bucket of another account
    found = report()
    assert "s3:GetBucketPolicy isn't allowed to you" in str(found)
    (location, *_) = [each for each in found["not_answered"] if each["action"] == "s3:GetBucketLocation"]
    assert len(location["resources"]) == 5
    assert location["more"] == 2


def test_the_default_version_of_a_policy_counts(deployed: Deployed, report: Callable[[], Any]) -> None:
    """Not the newest one."""
    iam = deployed.client("iam")
    (arn,) = faults.managed_policies(deployed)
    nothing = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [nothing]})
    version = iam.create_policy_version(PolicyArn=arn, PolicyDocument=document)["PolicyVersion"]["VersionId"]
    try:
        assert bad(report()) == []
    finally:
        iam.delete_policy_version(PolicyArn=arn, VersionId=version)
