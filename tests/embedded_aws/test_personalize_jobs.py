"""The jobs of the embedded Personalize through boto3: what they need, how they come along, what they write."""

from __future__ import annotations

import json
from typing import Any

import pytest

from embedded_aws import EmbeddedAws

INVALID = "InvalidInputException"
DATA = "arn:aws:s3:::movies-data"
INPUT, OUTPUT = {"path": "s3://movies-data/batch/in/users.json"}, {"path": "s3://movies-data/batch/out/"}


@pytest.fixture
def job(scenario: Any) -> dict[str, Any]:
    """The parameters of a batch job for which everything is allowed."""
    dataset = scenario.create_dataset()
    scenario.import_data(dataset)
    scenario.finish(
        scenario.personalize.describe_dataset_import_job,
        datasetImportJobArn="arn:aws:personalize:eu-west-1:111111111111:dataset-import-job/first",
    )
    scenario.put_data("batch/in/users.json", '{"userId": "u1"}\n')
    scenario.role_policy(
        scenario.allow_role(scenario.base_4, scenario.key_arn),
        scenario.allow_role(["s3:GetObject"], f"{DATA}/batch/in/*"),
        scenario.allow_role(["s3:PutObject"], [f"{DATA}/batch/out/*", f"{DATA}/export/*"]),
        scenario.allow_role(["s3:ListBucket"], DATA),
    )
    scenario.bucket_policy(
        scenario.allow(scenario.service, ["s3:GetObject"], f"{DATA}/batch/in/*"),
        scenario.allow(scenario.service, ["s3:PutObject"], [f"{DATA}/batch/out/*", f"{DATA}/export/*"]),
        scenario.allow(scenario.service, ["s3:ListBucket"], DATA),
    )
    return {
        "jobName": "batch",
        "solutionVersionArn": scenario.create_solution_version(),
        "roleArn": scenario.role_arn,
        "jobInput": {"s3DataSource": INPUT},
        "jobOutput": {"s3DataDestination": OUTPUT},
    }


def written(scenario: Any, key: str) -> str:
    return str(scenario.s3.get_object(Bucket=scenario.bucket, Key=key)["Body"].read().decode())


def test_batch_inference_answers_every_line_of_its_input(scenario: Any, job: dict[str, Any]) -> None:
    """The output is beside the name of the input, and recommends what was imported."""
    arn = scenario.personalize.create_batch_inference_job(**job, numResults=1)["batchInferenceJobArn"]
    looks = [
        scenario.personalize.describe_batch_inference_job(batchInferenceJobArn=arn)["batchInferenceJob"]
        for _ in range(4)
    ]
    assert [look["status"] for look in looks] == ["PENDING", "IN PROGRESS", "ACTIVE", "ACTIVE"]
    assert json.loads(written(scenario, "batch/out/users.json.out")) == {
        "input": {"userId": "u1"},
        "output": {"recommendedItems": ["i1"]},
        "error": None,
    }
    (listed,) = scenario.personalize.list_batch_inference_jobs(solutionVersionArn=job["solutionVersionArn"])[
        "batchInferenceJobs"
    ]
    assert (listed["jobName"], listed["status"], "jobInput" in listed) == ("batch", "ACTIVE", False)


def test_a_batch_job_needs_a_trained_version(scenario: Any, job: dict[str, Any], refusal: Any) -> None:
    """Training takes time: the solution says how far it has come."""
    solution = job["solutionVersionArn"].rpartition("/")[0]
    version = scenario.personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    statuses = []
    for status in ("CREATE PENDING", "CREATE IN_PROGRESS"):
        assert refusal(scenario.personalize.create_batch_inference_job, **{**job, "solutionVersionArn": version}) == (
            INVALID,
            f"Solution version {version} is {status}, not ACTIVE",
        )
        described = scenario.personalize.describe_solution(solutionArn=solution)["solution"]
        statuses.append(described["latestSolutionVersion"]["status"])
    described = scenario.personalize.describe_solution_version(solutionVersionArn=version)["solutionVersion"]
    assert [*statuses, described["status"]] == ["CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE"]
    assert scenario.personalize.create_batch_inference_job(**{**job, "solutionVersionArn": version})


def test_a_batch_segment_job_needs_its_input(scenario: Any, job: dict[str, Any], refusal: Any) -> None:
    """The object that the role may not read is named; with the permission, the job writes users."""
    whole = scenario.iam.get_role_policy(RoleName="personalize", PolicyName="inline")["PolicyDocument"]
    scenario.role_policy(*(s for s in whole["Statement"] if s["Action"] != ["s3:GetObject"]))
    assert refusal(scenario.personalize.create_batch_segment_job, **job) == (
        INVALID,
        f"Insufficient privileges for batch segment job batch: {scenario.role_arn} needs s3:GetObject on "
        f"{DATA}/batch/in/users.json (IAM policies of the role)",
    )
    scenario.role_policy(*whole["Statement"])
    arn = scenario.personalize.create_batch_segment_job(**job)["batchSegmentJobArn"]
    assert (
        scenario.finish(scenario.personalize.describe_batch_segment_job, batchSegmentJobArn=arn)["status"] == "ACTIVE"
    )
    assert json.loads(written(scenario, "batch/out/users.json.out"))["output"] == {"usersList": ["u1", "u2"]}


def test_an_input_that_is_not_json_lines_fails_the_job(scenario: Any, job: dict[str, Any]) -> None:
    """The job is created, and fails with a reason when it reads its input."""
    scenario.put_data("batch/in/users.json", "userId\nu1\n")
    arn = scenario.personalize.create_batch_inference_job(**job)["batchInferenceJobArn"]
    described = scenario.finish(scenario.personalize.describe_batch_inference_job, batchInferenceJobArn=arn)
    assert (described["status"], described["failureReason"]) == (
        "CREATE FAILED",
        "Input batch/in/users.json is not in JSON Lines format: line 1 is 'userId'",
    )


def test_an_output_that_is_no_folder_is_refused(scenario: Any, job: dict[str, Any], refusal: Any) -> None:
    """Batch output ends in a slash."""
    job["jobOutput"] = {"s3DataDestination": {"path": "s3://movies-data/batch/out"}}
    code, message = refusal(scenario.personalize.create_batch_inference_job, **job)
    assert (code, message.startswith("The output has to be a folder")) == (INVALID, True)


def test_an_export_needs_one_more_action_on_the_key_of_the_group(
    scenario: Any, job: dict[str, Any], refusal: Any
) -> None:
    """``GenerateDataKeyWithoutPlaintext`` for role and service; then bulk data comes out as it went in."""
    dataset = "arn:aws:personalize:eu-west-1:111111111111:dataset/movies/INTERACTIONS"
    export = {
        "jobName": "export",
        "datasetArn": dataset,
        "ingestionMode": "BULK",
        "roleArn": scenario.role_arn,
        "jobOutput": {"s3DataDestination": {"path": "s3://movies-data/export/"}},
    }
    more = "kms:GenerateDataKeyWithoutPlaintext"
    assert refusal(scenario.personalize.create_dataset_export_job, **export) == (
        INVALID,
        f"Insufficient privileges for dataset export job export: personalize.amazonaws.com needs {more} on "
        f"{scenario.key_arn} (key policy); {scenario.role_arn} needs {more} on {scenario.key_arn} "
        "(IAM policies of the role: the key policy only delegates to its account)",
    )
    scenario.key_policy(
        scenario.allow({"AWS": scenario.account}, ["kms:*"]),
        scenario.allow({"AWS": scenario.role_arn}, [*scenario.base_5, more]),
        scenario.allow(scenario.service, [*scenario.base_5, more]),
    )
    arn = scenario.personalize.create_dataset_export_job(**export)["datasetExportJobArn"]
    assert (
        scenario.finish(scenario.personalize.describe_dataset_export_job, datasetExportJobArn=arn)["status"] == "ACTIVE"
    )
    assert written(scenario, "export/export.csv").splitlines() == [
        "USER_ID,ITEM_ID,TIMESTAMP,EVENT_VALUE",
        "u1,i1,1,",
        "u2,i2,2,",
    ]


def test_there_are_five_jobs_of_a_kind_at_once(scenario: Any, job: dict[str, Any], refusal: Any) -> None:
    """The sixth is refused until one of the five has ended; other kinds have their own five."""
    create = scenario.personalize.create_batch_inference_job
    arns = [create(**{**job, "jobName": f"batch-{n}"})["batchInferenceJobArn"] for n in range(5)]
    assert refusal(create, **job) == (
        "LimitExceededException",
        "More than 5 resources with PENDING or IN_PROGRESS status.",
    )
    scenario.personalize.create_batch_segment_job(**job)
    scenario.finish(scenario.personalize.describe_batch_inference_job, batchInferenceJobArn=arns[0])
    create(**job)


def test_faults_come_on_demand(aws: EmbeddedAws, scenario: Any, job: dict[str, Any], refusal: Any) -> None:
    """Some calls are answered with an error; after the fact, the job is there all the same."""
    create = scenario.personalize.create_batch_inference_job
    aws.fail_next("CreateBatchInferenceJob", "ThrottlingException")
    assert refusal(create, **job) == ("ThrottlingException", "as asked for")
    aws.fail_next("CreateBatchInferenceJob", "ServiceUnavailable", after_the_fact=True)
    assert refusal(create, **job)[0] == "ServiceUnavailable"
    assert refusal(create, **job)[0] == "ResourceAlreadyExistsException"


ASSUME = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:root"}, "Action": "sts:AssumeRole"}


def test_a_role_needs_the_action_and_to_pass_the_service_role(
    aws: EmbeddedAws, scenario: Any, job: dict[str, Any], refusal: Any
) -> None:
    """Who has assumed a role is judged by its policies, to the condition on the service that gets the role."""
    scenario.iam.create_role(RoleName="caller", AssumeRolePolicyDocument=scenario.policy(ASSUME))
    session = aws.client("sts").assume_role(RoleArn="arn:aws:iam::111111111111:role/caller", RoleSessionName="test")
    create = aws.client("personalize", credentials=session["Credentials"]).create_batch_inference_job
    service = "arn:aws:personalize:eu-west-1:111111111111"
    may_create = scenario.allow_role(
        ["personalize:CreateBatchInferenceJob"],
        [f"{service}:batch-inference-job/batch", f"{service}:solution/recommend*"],
    )
    may_pass = scenario.allow_role(["iam:PassRole"], scenario.role_arn)

    def lacks(*statements: dict[str, Any]) -> str:
        document = scenario.policy(*statements)
        scenario.iam.put_role_policy(RoleName="caller", PolicyName="inline", PolicyDocument=document)
        code, message = refusal(create, **job)
        assert code == "AccessDeniedException"
        return str(message.partition("perform: ")[2].partition(" because")[0])

    assert lacks(may_pass) == f"personalize:CreateBatchInferenceJob on resource: {service}:batch-inference-job/batch"
    to_others = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    assert lacks(may_create) == f"iam:PassRole on resource: {scenario.role_arn}"
    assert lacks(may_create, {**may_pass, "Condition": to_others}) == f"iam:PassRole on resource: {scenario.role_arn}"
    to_personalize = {"StringEquals": {"iam:PassedToService": "personalize.amazonaws.com"}}
    document = scenario.policy(may_create, {**may_pass, "Condition": to_personalize})
    scenario.iam.put_role_policy(RoleName="caller", PolicyName="inline", PolicyDocument=document)
    create(**job)


def test_what_lasts_is_asked_by_its_arn_too(aws: EmbeddedAws, scenario: Any, refusal: Any) -> None:
    """A dataset is known by its group and type, a solution version by its solution."""
    scenario.create_dataset()
    scenario.iam.create_role(RoleName="caller", AssumeRolePolicyDocument=scenario.policy(ASSUME))
    session = aws.client("sts").assume_role(RoleArn="arn:aws:iam::111111111111:role/caller", RoleSessionName="test")
    client = aws.client("personalize", credentials=session["Credentials"])
    service = "arn:aws:personalize:eu-west-1:111111111111"
    group = f"{service}:dataset-group/movies"
    dataset = {"name": "items", "datasetGroupArn": group, "datasetType": "Items"}
    dataset["schemaArn"] = f"{service}:schema/interactions"
    solution = scenario.personalize.create_solution(name="one", datasetGroupArn=group)["solutionArn"]
    assert refusal(client.create_dataset, **dataset)[0] == "AccessDeniedException"
    assert refusal(client.create_solution_version, solutionArn=solution)[0] == "AccessDeniedException"
    document = scenario.policy(
        scenario.allow_role(["personalize:CreateDataset"], [group, f"{service}:dataset/movies/ITEMS"]),
        scenario.allow_role(["personalize:CreateSolutionVersion"], solution),
    )
    scenario.iam.put_role_policy(RoleName="caller", PolicyName="inline", PolicyDocument=document)
    assert client.create_dataset(**dataset)["datasetArn"] == f"{service}:dataset/movies/ITEMS"
    version = client.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    assert [entry["solutionArn"] for entry in scenario.personalize.list_solutions()["solutions"]] == [solution]
    described = scenario.personalize.describe_solution(solutionArn=solution)["solution"]["latestSolutionVersion"]
    assert (described["solutionVersionArn"], described["status"]) == (version, "CREATE PENDING")
    scenario.personalize.delete_solution(solutionArn=solution)
    assert refusal(scenario.personalize.describe_solution_version, solutionVersionArn=version)[0] == (
        "ResourceNotFoundException"
    )
