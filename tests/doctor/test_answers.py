"""Answers of AWS's that aren't the usual ones: the doctor goes on, and calls nothing missing because of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.doctor import faults
from tests.doctor.conftest import Check, Deployed
from tests.doctor.looking import doctor_on
from tests.versions import needs_metric_attribution

pytestmark = needs_metric_attribution


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


def bad(found: Any) -> list[Check]:
    """The checks that aren't green."""
    (group,) = found["dataset_groups"]
    return [each for each in group["checks"] if each["status"] not in ("ok", "note")]


def looked_at(found: Any) -> int:
    """How many jobs were looked at."""
    (group,) = found["dataset_groups"]
    (title,) = [each["title"] for each in group["checks"] if "looked at" in each["title"]]
    return int(title.partition(" ")[0])


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
    assert [each["title"] for each in bad(found)] == ["not all of its jobs, or of their listings, can be seen"]
    assert [each["because"] for each in bad(found)] == ["2 answers are lacking, see the end"]
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
    assert {each["status"] for each in bad(found)} == {"undecided"}
    assert [each["action"] for each in found["not_answered"]] == ["kms:DescribeKey"]
    (told,) = [each for each in bad(found) if "DescribeKey" in each["because"]]
    assert told["of"] == (deployed.data_key if form == "id" else f"arn:aws:s3:::{deployed.bucket}")


def test_a_default_key_by_its_alias(deployed: Deployed, report: Callable[[], Any]) -> None:
    """An alias is looked up, and one that isn't there is said to be so."""
    kms = deployed.client("kms")
    kms.create_alias(AliasName="alias/ratings", TargetKeyId=deployed.data_key)
    with faults.bucket_key(deployed, "alias/ratings"):
        assert bad(report()) == []
        kms.delete_alias(AliasName="alias/ratings")
        (gone,) = bad(report())
    assert (gone["check"], gone["status"], gone["of"]) == (
        "key-exists",
        "failed",
        "arn:aws:kms:eu-west-1:111111111111:alias/ratings",
    )
    assert (gone["title"], gone["next"]) == (
        "the alias doesn't exist",
        "make the alias, or give the bucket another default key",
    )


@pytest.mark.parametrize("name", ["No_Bucket!", "no-bucket", ""])
def test_a_bucket_that_cannot_be(deployed: Deployed, report: Callable[[], Any], instead: Instead, name: str) -> None:
    """Personalize takes any path when a job is created, and the SDK doesn't even send a question about such a name."""
    source = {"s3DataSource": {"path": f"s3://{name}/in/"}}
    job = {"jobName": "odd", "status": "CREATE FAILED", "roleArn": deployed.role, "jobInput": source}
    instead("DescribeBatchInferenceJob", {"batchInferenceJob": job})
    (check,) = bad(report())
    assert (check["check"], check["status"], check["of"]) == ("bucket-exists", "failed", f"arn:aws:s3:::{name}")


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
    assert {each["of"] for each in found} == {key, deployed.role}
    (state,) = [each for each in found if each["status"] == "failed" and each["check"] == "key-state"]
    assert state["title"] == "it is in ap-east-1, and Personalize works in eu-west-1"
    assert because in " ".join(each["because"] for each in found)


def test_a_job_without_a_role(report: Callable[[], Any], instead: Instead, deployed: Deployed) -> None:
    """The API's model doesn't promise one."""
    source = {"s3DataSource": {"path": f"s3://{deployed.bucket}/batch/in/"}}
    instead("DescribeBatchInferenceJob", {"batchInferenceJob": {"jobName": "odd", "jobInput": source}})
    (check,) = bad(report())
    assert check["title"] == "not all of its jobs, or of their listings, can be seen"


def test_a_key_that_kms_does_not_rotate(report: Callable[[], Any], instead: Instead, deployed: Deployed) -> None:
    """It has key material of somebody's own, and KMS refuses to say whether it rotates."""
    metadata = deployed.client("kms").describe_key(KeyId=deployed.key)["KeyMetadata"]
    instead("DescribeKey", {"KeyMetadata": {**metadata, "Origin": "EXTERNAL"}}, deployed.key)
    instead("GetKeyRotationStatus", "UnsupportedOperationException", deployed.key)
    found = report()
    assert (bad(found), found["not_answered"]) == ([], [])
