"""The jobs of the embedded Personalize: their permissions, progress, output and failures."""

import json
import re
from typing import Any

import pytest

from tests.embedded_aws.scenario import (
    BASE_4,
    BASE_5,
    DATA,
    DATASET,
    GROUP,
    SERVICE,
    Scenario,
    allow,
    allow_role,
)

INVALID = "InvalidInputException"
READ, WRITE = ["s3:GetObject"], ["s3:PutObject"]


@pytest.fixture
def batch(scenario: Scenario) -> dict[str, Any]:
    """The parameters of a batch job for which everything is allowed."""
    scenario.import_all()
    scenario.put_data("batch/in/users.json", '{"userId": "u1"}\n')
    folders = [f"{DATA}/batch/out/*", f"{DATA}/export/*"]
    scenario.role_policy(
        allow_role(BASE_4, scenario.key_arn),
        allow_role(READ, f"{DATA}/batch/in/*"),
        allow_role(WRITE, folders),
        allow_role(["s3:ListBucket"], DATA),
    )
    scenario.bucket_policy(
        allow(SERVICE, READ, f"{DATA}/batch/in/*"),
        allow(SERVICE, WRITE, folders),
        allow(SERVICE, ["s3:ListBucket"], DATA),
    )
    solution = scenario.personalize.create_solution(name="recommend", datasetGroupArn=GROUP)[
        "solutionArn"
    ]
    version = scenario.personalize.create_solution_version(solutionArn=solution)[
        "solutionVersionArn"
    ]
    scenario.look(scenario.personalize.describe_solution_version, solutionVersionArn=version)
    return {
        "jobName": "batch",
        "solutionVersionArn": version,
        "roleArn": scenario.role_arn,
        "jobInput": {"s3DataSource": {"path": "s3://movies-data/batch/in/users.json"}},
        "jobOutput": {"s3DataDestination": {"path": "s3://movies-data/batch/out/"}},
    }


@pytest.fixture
def deletion(scenario: Scenario) -> dict[str, Any]:
    """The parameters of a data deletion job with all permissions, and two imported rows."""
    scenario.import_all()
    scenario.put_data("import/users.csv", "USER_ID\nu2\nu3\n")
    return {
        "jobName": "forget",
        "datasetGroupArn": GROUP,
        "roleArn": scenario.role_arn,
        "dataSource": {"dataLocation": "s3://movies-data/import/users.csv"},
    }


def ended(scenario: Scenario, noun: str, **request: Any) -> list[dict[str, Any]]:
    """Return the answers to three looks at a new job; the last is at its end."""
    member = noun[0].lower() + noun[1:]
    snake = re.sub("[A-Z]", lambda capital: f"_{capital[0].lower()}", member)
    arn = getattr(scenario.personalize, f"create_{snake}")(**request)[f"{member}Arn"]
    return scenario.look(
        getattr(scenario.personalize, f"describe_{snake}"), **{f"{member}Arn": arn}
    )


def test_an_import_fails_without_the_columns_of_the_schema(scenario: Scenario) -> None:
    """The file may leave out a nullable field; without another field the job fails, and says so."""
    scenario.create_dataset()
    scenario.put_data("import/bad.csv", "USER_ID,EVENT_VALUE\nu1,1.0\n")
    location = {"dataLocation": "s3://movies-data/import/bad.csv"}
    job = {
        "jobName": "first",
        "datasetArn": DATASET,
        "dataSource": location,
        "roleArn": scenario.role_arn,
    }
    looks = ended(scenario, "DatasetImportJob", **job)
    assert [look["status"] for look in looks] == [
        "CREATE PENDING",
        "CREATE IN_PROGRESS",
        "CREATE FAILED",
    ]
    assert looks[-1]["failureReason"] == (
        "Input csv import/bad.csv is missing the following columns: ITEM_ID, TIMESTAMP"
    )


def test_a_batch_job_whose_input_is_not_json_fails(
    scenario: Scenario, batch: dict[str, Any]
) -> None:
    """It ends, as every job does."""
    scenario.put_data("batch/in/users.json", "u1\n")
    assert ended(scenario, "BatchInferenceJob", **batch)[-1]["status"] == "CREATE FAILED"


def test_a_batch_job_needs_a_trained_version(
    scenario: Scenario, batch: dict[str, Any], refusal: Any
) -> None:
    """Training takes time: the solution says how far it has come."""
    solution = batch["solutionVersionArn"].rpartition("/")[0]
    version = scenario.personalize.create_solution_version(solutionArn=solution)[
        "solutionVersionArn"
    ]
    batch["solutionVersionArn"] = version
    statuses = []
    for status in ("CREATE PENDING", "CREATE IN_PROGRESS"):
        assert refusal(scenario.personalize.create_batch_inference_job, **batch) == (
            INVALID,
            f"Solution version {version} is {status}, not ACTIVE",
        )
        described = scenario.personalize.describe_solution(solutionArn=solution)["solution"]
        statuses.append(described["latestSolutionVersion"]["status"])
    described = scenario.personalize.describe_solution_version(solutionVersionArn=version)[
        "solutionVersion"
    ]
    assert [*statuses, described["status"]] == ["CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE"]
    assert scenario.personalize.create_batch_inference_job(**batch)


def test_a_batch_segment_job_needs_its_input(
    scenario: Scenario, batch: dict[str, Any], refusal: Any
) -> None:
    """The object that the role may not read is named; with the permission, the job writes users."""
    whole = scenario.iam.get_role_policy(RoleName="personalize", PolicyName="inline")[
        "PolicyDocument"
    ]["Statement"]
    scenario.role_policy(*(statement for statement in whole if statement["Action"] != READ))
    assert refusal(scenario.personalize.create_batch_segment_job, **batch) == (
        INVALID,
        f"Insufficient privileges for batch segment job batch: {scenario.role_arn} needs "
        f"s3:GetObject on {DATA}/batch/in/users.json (IAM policies of the role)",
    )
    scenario.role_policy(*whole)
    assert ended(scenario, "BatchSegmentJob", **batch)[-1]["status"] == "ACTIVE"
    assert json.loads(scenario.written("batch/out/users.json.out"))["output"] == {
        "usersList": ["u1", "u2"]
    }


def test_an_output_that_is_no_folder_is_refused(
    scenario: Scenario, batch: dict[str, Any], refusal: Any
) -> None:
    """Batch output ends in a slash."""
    batch["jobOutput"] = {"s3DataDestination": {"path": "s3://movies-data/batch/out"}}
    code, message = refusal(scenario.personalize.create_batch_inference_job, **batch)
    assert (code, message.startswith("The output has to be a folder")) == (INVALID, True)


def test_an_export_needs_one_more_action_on_the_key_of_the_group(
    scenario: Scenario, batch: dict[str, Any], refusal: Any
) -> None:
    """An export needs ``GenerateDataKeyWithoutPlaintext`` for both, and returns the bulk data."""
    export = {
        "jobName": "export",
        "datasetArn": DATASET,
        "ingestionMode": "BULK",
        "roleArn": scenario.role_arn,
        "jobOutput": {"s3DataDestination": {"path": "s3://movies-data/export/"}},
    }
    more = "kms:GenerateDataKeyWithoutPlaintext"
    assert refusal(scenario.personalize.create_dataset_export_job, **export) == (
        INVALID,
        "Insufficient privileges for dataset export job export: personalize.amazonaws.com needs "
        f"{more} on {scenario.key_arn} (key policy); {scenario.role_arn} needs {more} on "
        f"{scenario.key_arn} (IAM policies of the role)",
    )
    scenario.key_policy(
        allow({"AWS": scenario.role_arn}, [*BASE_5, more]), allow(SERVICE, [*BASE_5, more])
    )
    assert ended(scenario, "DatasetExportJob", **export)[-1]["status"] == "ACTIVE"
    assert scenario.written("export/export.csv").splitlines() == [
        "USER_ID,ITEM_ID,TIMESTAMP,EVENT_VALUE",
        "u1,i1,1,",
        "u2,i2,2,",
    ]


def test_a_data_deletion_job_needs_what_an_import_needs(
    scenario: Scenario, deletion: dict[str, Any], refusal: Any
) -> None:
    """No KMS action in IAM, that is, where the key policy names the role."""
    create = scenario.personalize.create_data_deletion_job
    scenario.role_policy(allow_role(["s3:ListBucket"], DATA))
    scenario.key_policy(allow({"AWS": scenario.role_arn}, BASE_5), allow(SERVICE, BASE_4))
    assert refusal(create, **deletion) == (
        INVALID,
        "Insufficient privileges for data deletion job forget: personalize.amazonaws.com needs "
        f"kms:CreateGrant on {scenario.key_arn} (key policy); {scenario.role_arn} needs "
        f"s3:GetObject on {DATA}/import/users.csv (IAM policies of the role)",
    )
    scenario.role_policy(allow_role(["s3:ListBucket"], DATA), allow_role(READ, f"{DATA}/import/*"))
    scenario.key_policy(allow({"AWS": scenario.role_arn}, BASE_5), allow(SERVICE, BASE_5))
    create(**deletion)
