"""Executions in which a call fails, or the job was there already."""

import time

import pytest
from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn

from embedded_aws import EmbeddedAws
from tests.jobs.movies import Movies, deployed, wait_until


@pytest.mark.parametrize("operation", ["CreateDatasetImportJob", "DescribeDatasetImportJob"])
@pytest.mark.parametrize("code", ["ThrottlingException", "ServiceUnavailable"])
def test_throttling_and_faults_of_the_service_pass(aws: EmbeddedAws, movies: Movies, operation: str, code: str) -> None:
    """Both calls are tried again."""
    machine = deployed(aws, movies, movies.importing())
    aws.fail_next(operation, code, times=8)
    execution = machine.start()
    assert machine.end(execution).status == "SUCCEEDED"
    assert machine.errors(execution) == ["Personalize.PersonalizeException"] * 8


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("CreateDatasetImportJob", "ResourceInUseException"),
        ("DescribeDatasetImportJob", "ResourceNotFoundException"),
    ],
)
def test_what_is_a_matter_of_seconds_passes(aws: EmbeddedAws, movies: Movies, operation: str, code: str) -> None:
    """A dataset that is written to, and a job that isn't found everywhere yet."""
    machine = deployed(aws, movies, movies.importing())
    aws.fail_next(operation, code, times=3)
    execution = machine.start()
    assert machine.end(execution).status == "SUCCEEDED"
    assert machine.errors(execution) == [f"Personalize.{code}"] * 3


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("CreateDatasetImportJob", "ResourceNotFoundException"),
        ("DescribeDatasetImportJob", "InvalidInputException"),
    ],
)
def test_what_stays_as_it_is_fails_at_once(aws: EmbeddedAws, movies: Movies, operation: str, code: str) -> None:
    """There is no such dataset, for example."""
    machine = deployed(aws, movies, movies.importing())
    aws.fail_next(operation, code)
    execution = machine.start()
    assert machine.end(execution).error == f"Personalize.{code}"
    assert machine.errors(execution) == [f"Personalize.{code}"]


def test_no_patience_is_no_second_attempt(aws: EmbeddedAws, movies: Movies) -> None:
    """Where somebody else looks after the number of jobs."""
    machine = deployed(aws, movies, movies.importing(patience=Duration.seconds(0)))
    aws.fail_next("CreateDatasetImportJob", "LimitExceededException")
    execution = machine.start()
    assert machine.end(execution).error == "Personalize.LimitExceededException"
    assert machine.errors(execution) == ["Personalize.LimitExceededException"]


def test_a_service_that_is_down_fails_the_execution(aws: EmbeddedAws, movies: Movies) -> None:
    """Not for ever: the ninth error is the last."""
    machine = deployed(aws, movies, movies.importing())
    aws.fail_next("CreateDatasetImportJob", "ServiceUnavailable", times=9)
    end = machine.run()
    assert (end.status, end.error) == ("FAILED", "Personalize.PersonalizeException")


def test_a_sixth_job_waits_for_its_place(aws: EmbeddedAws, movies: Movies) -> None:
    """As long as five others are at work it is tried again, and started when one of them has ended."""
    machine = deployed(aws, movies, movies.importing())
    role = aws.client("iam").get_role(RoleName=_service_role(aws))["Role"]["Arn"]
    (dataset,) = machine.personalize.list_datasets()["datasets"]
    others = [
        machine.personalize.create_dataset_import_job(
            jobName=f"other-{n}",
            datasetArn=dataset["datasetArn"],
            dataSource={"dataLocation": "s3://movies-data/import/"},
            roleArn=role,
        )["datasetImportJobArn"]
        for n in range(5)
    ]
    execution = machine.start()
    wait_until(lambda: len(machine.errors(execution)) > 1)
    assert len(machine.names("dataset_import_jobs")) == 5
    for _ in range(3):
        machine.personalize.describe_dataset_import_job(datasetImportJobArn=others[0])
    assert machine.end(execution).status == "SUCCEEDED"
    assert set(machine.errors(execution)) == {"Personalize.LimitExceededException"}
    assert len(machine.names("dataset_import_jobs")) == 6


@pytest.mark.parametrize("name", [None, "monday"], ids=["derived name", "given name"])
def test_a_lost_answer_starts_no_second_job(aws: EmbeddedAws, movies: Movies, name: str | None) -> None:
    """The first attempt did start it; the second one learns so and goes on with that job."""
    machine = deployed(aws, movies, movies.importing(job_name=name))
    aws.fail_next("CreateDatasetImportJob", "ServiceUnavailable", after_the_fact=True)
    execution = machine.start()
    end = machine.end(execution)
    assert end.status == "SUCCEEDED", end
    assert machine.errors(execution) == [
        "Personalize.PersonalizeException",
        "Personalize.ResourceAlreadyExistsException",
    ]
    assert machine.names("dataset_import_jobs") == [end.output["JobName"]]


def test_a_redrive_starts_no_second_job(aws: EmbeddedAws, movies: Movies) -> None:
    """It failed when the job was there already, and is redriven from the call that started it."""
    machine = deployed(aws, movies, movies.importing())
    aws.fail_next("CreateDatasetImportJob", "InvalidInputException", after_the_fact=True)
    execution = machine.start()
    assert machine.end(execution).status == "FAILED"
    machine.states.redrive_execution(executionArn=execution)
    end = machine.end(execution)
    assert end.status == "SUCCEEDED", end
    assert machine.names("dataset_import_jobs") == [end.output["JobName"]]


def test_a_redrive_goes_on_looking(aws: EmbeddedAws, movies: Movies) -> None:
    """It failed while it waited, and starts nothing when it is redriven."""
    machine = deployed(aws, movies, movies.importing())
    aws.fail_next("DescribeDatasetImportJob", "ServiceUnavailable", times=9)
    execution = machine.start()
    assert machine.end(execution).status == "FAILED"
    machine.states.redrive_execution(executionArn=execution)
    assert machine.end(execution).status == "SUCCEEDED"
    assert len(machine.names("dataset_import_jobs")) == 1


@pytest.mark.parametrize("name", [None, "monday"], ids=["derived name", "given name"])
def test_a_redrive_of_a_json_path_machine_starts_no_second_job(
    aws: EmbeddedAws, movies: Movies, name: str | None
) -> None:
    """The name was made, or read, by the state before the call."""
    machine = deployed(aws, movies, movies.importing(job_name=name, import_mode=sfn.JsonPath.string_at("$.mode")))
    aws.fail_next("CreateDatasetImportJob", "InvalidInputException", after_the_fact=True)
    execution = machine.start(mode="FULL")
    assert machine.end(execution).status == "FAILED"
    machine.states.redrive_execution(executionArn=execution)
    end = machine.end(execution)
    assert end.status == "SUCCEEDED", end
    assert machine.names("dataset_import_jobs") == [end.output["JobName"]]


def test_a_name_of_another_execution_fails(aws: EmbeddedAws, movies: Movies) -> None:
    """The job of the night before is not mistaken for tonight's."""
    machine = deployed(aws, movies, movies.importing(job_name="nightly"))
    assert machine.run().status == "SUCCEEDED"
    end = machine.run()
    assert (end.status, end.error, end.cause) == (
        "FAILED",
        "Personalize.ResourceAlreadyExistsException",
        "arn:aws:personalize:eu-west-1:111111111111:dataset-import-job/nightly existed before: give another job_name, "
        "or none",
    )


def test_a_name_of_another_execution_fails_at_a_second_attempt_too(aws: EmbeddedAws, movies: Movies) -> None:
    """An attempt that failed has not started a job that is older than it."""
    machine = deployed(aws, movies, movies.importing(job_name="nightly"))
    assert machine.run().status == "SUCCEEDED"
    time.sleep(1.2)  # the clocks of two services may differ by a second
    aws.fail_next("CreateDatasetImportJob", "ThrottlingException")
    end = machine.run()
    assert (end.status, end.error) == ("FAILED", "Personalize.ResourceAlreadyExistsException")


def _service_role(aws: EmbeddedAws) -> str:
    roles = aws.client("iam").list_roles()["Roles"]
    return next(str(role["RoleName"]) for role in roles if "Encryption" in role["RoleName"])
