"""The embedded jobs of each kind, and the work of a data deletion job."""

from __future__ import annotations

from typing import Any

import pytest

from embedded_aws import EmbeddedAws

ARN = "arn:aws:personalize:eu-west-1:111111111111"
GROUP, DATASET = f"{ARN}:dataset-group/movies", f"{ARN}:dataset/movies/INTERACTIONS"
DATA = "arn:aws:s3:::movies-data"


@pytest.fixture
def deletion(scenario: Any) -> dict[str, Any]:
    """The parameters of a data deletion job for which everything is allowed, with two rows imported."""
    dataset = scenario.create_dataset()
    scenario.import_data(dataset)
    scenario.finish(
        scenario.personalize.describe_dataset_import_job, datasetImportJobArn=f"{ARN}:dataset-import-job/first"
    )
    scenario.put_data("import/users.csv", "USER_ID\nu2\nu3\n")
    return {
        "jobName": "forget",
        "datasetGroupArn": GROUP,
        "roleArn": scenario.role_arn,
        "dataSource": {"dataLocation": "s3://movies-data/import/users.csv"},
    }


def test_a_data_deletion_job_takes_users_out(scenario: Any, deletion: dict[str, Any]) -> None:
    """It says how many records it has deleted, in words of its own (API reference, DataDeletionJob)."""
    arn = scenario.personalize.create_data_deletion_job(**deletion)["dataDeletionJobArn"]
    describe = scenario.personalize.describe_data_deletion_job
    looks = [describe(dataDeletionJobArn=arn)["dataDeletionJob"] for _ in range(3)]
    assert arn == f"{ARN}:data-deletion-job/forget"
    assert [look["status"] for look in looks] == ["PENDING", "IN_PROGRESS", "COMPLETED"]
    assert looks[-1]["numDeleted"] == 1
    (listed,) = scenario.personalize.list_data_deletion_jobs(datasetGroupArn=GROUP)["dataDeletionJobs"]
    assert (listed["status"], "numDeleted" in listed) == ("COMPLETED", False)
    again = scenario.personalize.create_data_deletion_job(**{**deletion, "jobName": "again"})["dataDeletionJobArn"]
    assert scenario.finish(describe, dataDeletionJobArn=again)["numDeleted"] == 0


@pytest.mark.parametrize("text", ["USER_ID,ITEM_ID\nu1,i1\n", "u1\n", ""])
def test_a_file_with_other_columns_fails_it(scenario: Any, deletion: dict[str, Any], text: str) -> None:
    """The file has one column, with its name in the first line."""
    scenario.put_data("import/users.csv", text)
    arn = scenario.personalize.create_data_deletion_job(**deletion)["dataDeletionJobArn"]
    described = scenario.finish(scenario.personalize.describe_data_deletion_job, dataDeletionJobArn=arn)
    assert (described["status"], described["failureReason"]) == (
        "FAILED",
        "Input import/users.csv has to have the one column USER_ID",
    )


def test_a_data_deletion_job_needs_what_an_import_needs(scenario: Any, deletion: dict[str, Any], refusal: Any) -> None:
    """No KMS action in IAM, that is, where the key policy names the role."""
    create = scenario.personalize.create_data_deletion_job
    scenario.role_policy(scenario.allow_role(["s3:ListBucket"], DATA))
    code, message = refusal(create, **deletion)
    assert (code, message) == (
        "InvalidInputException",
        f"Insufficient privileges for data deletion job forget: {scenario.role_arn} needs s3:GetObject on "
        f"{DATA}/import/users.csv (IAM policies of the role)",
    )
    scenario.role_policy(
        scenario.allow_role(["s3:ListBucket"], DATA), scenario.allow_role(["s3:GetObject"], f"{DATA}/import/*")
    )
    scenario.key_policy(
        scenario.allow({"AWS": scenario.account}, ["kms:*"]),
        scenario.allow({"AWS": scenario.role_arn}, scenario.base_5),
        scenario.allow(scenario.service, scenario.base_4),
    )
    assert "personalize.amazonaws.com needs kms:CreateGrant on" in refusal(create, **deletion)[1]
    scenario.key_policy(
        scenario.allow({"AWS": scenario.account}, ["kms:*"]),
        scenario.allow({"AWS": scenario.role_arn}, scenario.base_5),
        scenario.allow(scenario.service, scenario.base_5),
    )
    create(**deletion)


def test_dataset_jobs_begin_their_status_with_create(scenario: Any, deletion: dict[str, Any]) -> None:
    """Batch jobs have other words, and data deletion jobs again others."""
    scenario.put_data("import/users.csv", "USER_ID,ITEM_ID,TIMESTAMP\nu1,i1,1\n")
    scenario.import_data(DATASET, name="second")
    describe = scenario.personalize.describe_dataset_import_job
    arn = f"{ARN}:dataset-import-job/second"
    looks = [describe(datasetImportJobArn=arn)["datasetImportJob"]["status"] for _ in range(3)]
    assert looks == ["CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE"]


def test_jobs_can_be_frozen(aws: EmbeddedAws, scenario: Any, deletion: dict[str, Any]) -> None:
    """With a status that is said of all of them, until they may go on."""
    arn = scenario.personalize.create_data_deletion_job(**deletion)["dataDeletionJobArn"]
    describe = scenario.personalize.describe_data_deletion_job

    def look() -> str:
        return str(describe(dataDeletionJobArn=arn)["dataDeletionJob"]["status"])

    aws.freeze_jobs("STOPPED")
    assert [look() for _ in range(4)] == ["STOPPED"] * 4
    aws.freeze_jobs(None)
    assert [look() for _ in range(3)] == ["PENDING", "IN_PROGRESS", "COMPLETED"]
