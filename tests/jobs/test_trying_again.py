"""Executions in which a call fails, or the job was there already."""

from aws_cdk import aws_stepfunctions as sfn

from embedded_aws import EmbeddedAws
from tests.jobs.movies import Movies, deployed


def test_passing_errors_are_tried_again(aws: EmbeddedAws, movies: Movies) -> None:
    """Throttling, service faults, a busy dataset and a job that isn't visible yet are retried."""
    machine = deployed(aws, movies, movies.importing())
    for operation, busy in (
        ("CreateDatasetImportJob", "ResourceInUseException"),
        ("DescribeDatasetImportJob", "ResourceNotFoundException"),
    ):
        aws.fail_next(operation, "ThrottlingException", times=3)
        aws.fail_next(operation, "ServiceUnavailable", times=3)
        aws.fail_next(operation, busy, times=2)
    execution = machine.start()
    assert machine.end(execution).status == "SUCCEEDED"
    assert machine.errors(execution) == [
        *["Personalize.PersonalizeException"] * 6,
        *["Personalize.ResourceInUseException"] * 2,
        *["Personalize.PersonalizeException"] * 6,
        *["Personalize.ResourceNotFoundException"] * 2,
    ]


def test_lasting_errors_fail(aws: EmbeddedAws, movies: Movies) -> None:
    """A missing dataset fails at once, and a service that is down at the ninth error."""
    machine = deployed(aws, movies, movies.importing())
    for operation, code in (
        ("CreateDatasetImportJob", "ResourceNotFoundException"),
        ("DescribeDatasetImportJob", "InvalidInputException"),
    ):
        aws.fail_next(operation, code)
        execution = machine.start()
        assert machine.end(execution).error == f"Personalize.{code}"
        assert machine.errors(execution) == [f"Personalize.{code}"]
    aws.fail_next("CreateDatasetImportJob", "ServiceUnavailable", times=9)
    assert machine.run().error == "Personalize.PersonalizeException"


def test_a_lost_answer_starts_no_second_job(aws: EmbeddedAws, movies: Movies) -> None:
    """The first attempt did start it; the second attempt goes on with that job."""
    machine = deployed(aws, movies, movies.importing())
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
    """The failed call had started the job, and the redriven call has the same name."""
    machine = deployed(aws, movies, movies.importing(import_mode=sfn.JsonPath.string_at("$.mode")))
    aws.fail_next("CreateDatasetImportJob", "InvalidInputException", after_the_fact=True)
    execution = machine.start(mode="FULL")
    assert machine.end(execution).status == "FAILED"
    machine.states.redrive_execution(executionArn=execution)
    end = machine.end(execution)
    assert end.status == "SUCCEEDED", end
    assert machine.names("dataset_import_jobs") == [end.output["JobName"]]


def test_a_name_of_another_execution_fails(aws: EmbeddedAws, movies: Movies) -> None:
    """The job of the night before is not mistaken for tonight's, at a second attempt neither."""
    machine = deployed(aws, movies, movies.importing(job_name="nightly"))
    assert machine.run().status == "SUCCEEDED"
    assert machine.run().error == "Personalize.ResourceAlreadyExistsException"
    aws.fail_next("CreateDatasetImportJob", "ThrottlingException")
    assert machine.run().error == "Personalize.ResourceAlreadyExistsException"
