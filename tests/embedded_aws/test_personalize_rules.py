"""Requests that the embedded Personalize accepts and refuses, by the policies at the call."""

from typing import Any

from tests.embedded_aws.scenario import (
    BASE_4,
    SERVICE,
    Scenario,
    allow,
)

INVALID = "InvalidInputException"
FIVE = "kms:Decrypt, kms:GenerateDataKey, kms:DescribeKey, kms:CreateGrant, kms:ListGrants"
FOUR = "kms:Decrypt, kms:GenerateDataKey, kms:DescribeKey, kms:ListGrants"


def test_a_dataset_group_needs_the_service_and_the_role_in_the_key_policy(
    scenario: Scenario, refusal: Any
) -> None:
    """IAM has four actions of the five; the account's statement doesn't make up for the fifth."""
    scenario.key_policy(allow({"AWS": scenario.role_arn}, BASE_4), allow(SERVICE, BASE_4))
    assert refusal(scenario.create_dataset_group) == (
        INVALID,
        "Insufficient privileges for dataset group movies: personalize.amazonaws.com needs "
        f"kms:CreateGrant on {scenario.key_arn} (key policy); {scenario.role_arn} needs "
        f"kms:CreateGrant on {scenario.key_arn} (IAM policies of the role)",
    )


def test_key_and_role_come_together(scenario: Scenario, refusal: Any) -> None:
    """A dataset group takes both or neither, and the role is one of the account."""
    assert refusal(scenario.create_dataset_group, kmsKeyArn=scenario.key_arn) == (
        INVALID,
        "kmsKeyArn is given without roleArn: a dataset group takes both or neither",
    )
    assert refusal(scenario.create_dataset_group, roleArn=scenario.role_arn) == (
        INVALID,
        "roleArn is given without kmsKeyArn: a dataset group takes both or neither",
    )
    foreign = "arn:aws:iam::222222222222:role/personalize"
    call = refusal(scenario.create_dataset_group, kmsKeyArn=scenario.key_arn, roleArn=foreign)
    assert call == (INVALID, "Cross-account pass role is not allowed.")
    scenario.create_dataset_group("plain", domain="ECOMMERCE")


def test_an_import_needs_the_key_of_each_object(scenario: Scenario, refusal: Any) -> None:
    """An object may have been written under another key than the bucket's."""
    scenario.create_dataset()
    own = scenario.kms.create_key()["KeyMetadata"]["Arn"]
    under = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": own}
    scenario.s3.put_object(Bucket="movies-data", Key="import/own.csv", Body=b"", **under)
    assert refusal(scenario.import_data) == (
        INVALID,
        "Insufficient privileges for dataset import job first: personalize.amazonaws.com needs "
        f"{FIVE} on {own} (key policy); {scenario.role_arn} needs {FIVE} on {own} (IAM policies "
        "of the role)",
    )
    scenario.import_data("s3://movies-data/import/data.csv")


def test_an_import_needs_data(scenario: Scenario, refusal: Any) -> None:
    """An empty prefix and a missing file are refused; a file by its full name is taken."""
    scenario.create_dataset()
    for location in ("s3://movies-data/import/none/", "s3://movies-data/import/dat"):
        assert refusal(scenario.import_data, location) == (INVALID, f"No data found at {location}")
    scenario.import_data("s3://movies-data/import/data.csv")


def test_an_import_fails_without_the_columns_of_the_schema(scenario: Scenario) -> None:
    """The file may leave out a nullable field; without another field the job fails, and says so."""
    scenario.create_dataset()
    scenario.put_data("import/bad.csv", "USER_ID,EVENT_VALUE\nu1,1.0\n")
    arn = scenario.import_data("s3://movies-data/import/bad.csv")
    describe = scenario.personalize.describe_dataset_import_job
    looks = [describe(datasetImportJobArn=arn)["datasetImportJob"] for _ in range(3)]
    assert [look["status"] for look in looks] == [
        "CREATE PENDING",
        "CREATE IN_PROGRESS",
        "CREATE FAILED",
    ]
    assert looks[-1]["failureReason"] == (
        "Input csv import/bad.csv is missing the following columns: ITEM_ID, TIMESTAMP"
    )


def test_a_disabled_key_is_refused(scenario: Scenario, refusal: Any) -> None:
    """Personalize could use it for nothing."""
    scenario.kms.disable_key(KeyId=scenario.key_arn)
    assert refusal(scenario.create_dataset_group) == (
        INVALID,
        f"KMS key {scenario.key_arn} is not enabled: its state is Disabled",
    )


def test_a_batch_job_needs_a_trained_version(scenario: Scenario, refusal: Any) -> None:
    """Training takes time."""
    group, personalize = scenario.create_dataset_group(), scenario.personalize
    solution = personalize.create_solution(name="recommend", datasetGroupArn=group)["solutionArn"]
    created = personalize.create_solution_version(solutionArn=solution)
    version = created["solutionVersionArn"]
    job = {"jobName": "batch", "solutionVersionArn": version, "roleArn": scenario.role_arn}
    create = personalize.create_batch_inference_job
    path = {"path": "s3://movies-data/"}
    places = {"jobInput": {"s3DataSource": path}, "jobOutput": {"s3DataDestination": path}}
    assert refusal(create, **job, **places) == (
        INVALID,
        f"Solution version {version} is CREATE PENDING, not ACTIVE",
    )
