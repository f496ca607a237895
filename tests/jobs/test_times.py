"""Executions end, whatever the job does."""

import time

from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn

from embedded_aws import EmbeddedAws
from tests.jobs.movies import Movies, deployed

JOB = "arn:aws:personalize:eu-west-1:111111111111:dataset-import-job/monday"


def test_a_job_that_is_at_work_for_too_long(aws: EmbeddedAws, movies: Movies) -> None:
    """The execution fails with the name of the job, which goes on; a redrive fails there again."""
    machine = deployed(
        aws, movies, movies.importing(job_name="monday", timeout=Duration.seconds(1))
    )
    aws.freeze_jobs("CREATE IN_PROGRESS")
    execution = machine.start()
    first = machine.end(execution)
    assert (first.status, first.error, first.cause) == (
        "FAILED",
        "DatasetImportJobTimedOut",
        f"{JOB} is still CREATE IN_PROGRESS after 1 seconds",
    )
    aws.freeze_jobs(None)
    machine.states.redrive_execution(executionArn=execution)
    assert machine.end(execution) == first


def test_a_status_that_nobody_knows(aws: EmbeddedAws, movies: Movies) -> None:
    """It ends in a failure, and not in a loop; import jobs don't become COMPLETED."""
    machine = deployed(aws, movies, movies.importing(job_name=sfn.JsonPath.string_at("$.name")))
    for number, status in enumerate(["CREATE STOPPED", "COMPLETED"]):
        aws.freeze_jobs(status)
        end = machine.run(name=f"monday{number}")
        assert (end.status, end.error, end.cause) == (
            "FAILED",
            "DatasetImportJobStatusUnknown",
            f"{JOB}{number} has a status that is not documented: {status}",
        )


def test_a_redrive_after_the_timeout_finds_a_job_that_is_done(
    aws: EmbeddedAws, movies: Movies
) -> None:
    """It failed while it waited; the time is over, and so is the job."""
    machine = deployed(aws, movies, movies.importing(timeout=Duration.seconds(1)))
    aws.freeze_jobs("CREATE PENDING")
    aws.fail_next("DescribeDatasetImportJob", "InvalidInputException")
    execution = machine.start()
    assert machine.end(execution).error == "Personalize.InvalidInputException"
    time.sleep(1.1)
    aws.freeze_jobs("ACTIVE")
    machine.states.redrive_execution(executionArn=execution)
    assert machine.end(execution).status == "SUCCEEDED"
    assert len(machine.names("dataset_import_jobs")) == 1


def test_a_redrive_after_the_timeout_has_the_whole_time(aws: EmbeddedAws, movies: Movies) -> None:
    """It failed before the job was there, and the redriven job isn't over at the first look."""
    machine = deployed(
        aws, movies, movies.importing(job_name="monday", timeout=Duration.seconds(2))
    )
    aws.fail_next("CreateDatasetImportJob", "InvalidInputException")
    execution = machine.start()
    assert machine.end(execution).error == "Personalize.InvalidInputException"
    time.sleep(2.1)
    machine.states.redrive_execution(executionArn=execution)
    end = machine.end(execution)
    assert end.status == "SUCCEEDED", end
    assert machine.names("dataset_import_jobs") == [end.output["JobName"]]
