"""Executions end, whatever the job does."""

import time

import pytest
from aws_cdk import Duration

from embedded_aws import EmbeddedAws
from tests.jobs.movies import Movies, deployed, wait_until

JOB = "arn:aws:personalize:eu-west-1:111111111111:dataset-import-job/monday"


@pytest.mark.parametrize("status", ["CREATE PENDING", "CREATE IN_PROGRESS", "PENDING", "IN PROGRESS", "IN_PROGRESS"])
def test_a_job_that_is_at_work_for_too_long(aws: EmbeddedAws, movies: Movies, status: str) -> None:
    """The execution fails with the name of the job, which goes on."""
    machine = deployed(aws, movies, movies.importing(job_name="monday", timeout=Duration.seconds(1)))
    aws.freeze_jobs(status)
    end = machine.run()
    assert (end.status, end.error, end.cause) == (
        "FAILED",
        "DatasetImportJobTimedOut",
        f"{JOB} is still {status} after 1 seconds",
    )


@pytest.mark.parametrize("status", ["CREATE STOPPED", "COMPLETED", "active"])
def test_a_status_that_nobody_knows(aws: EmbeddedAws, movies: Movies, status: str) -> None:
    """It ends in a failure, and not in a loop; import jobs don't become COMPLETED."""
    machine = deployed(aws, movies, movies.importing(job_name="monday"))
    aws.freeze_jobs(status)
    end = machine.run()
    assert (end.status, end.error, end.cause) == (
        "FAILED",
        "DatasetImportJobStatusUnknown",
        f"{JOB} has a status that is not documented: {status}",
    )


def test_a_redrive_after_the_timeout_finds_a_job_that_is_done(aws: EmbeddedAws, movies: Movies) -> None:
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


@pytest.mark.parametrize("name", [None, "monday"], ids=["derived name", "given name"])
def test_a_redrive_after_the_timeout_has_the_whole_time(aws: EmbeddedAws, movies: Movies, name: str | None) -> None:
    """It failed before the job was there: the one that the redrive starts is not over at its first look."""
    machine = deployed(aws, movies, movies.importing(job_name=name, timeout=Duration.seconds(2)))
    aws.fail_next("CreateDatasetImportJob", "InvalidInputException")
    execution = machine.start()
    assert machine.end(execution).error == "Personalize.InvalidInputException"
    time.sleep(2.1)
    machine.states.redrive_execution(executionArn=execution)
    end = machine.end(execution)
    assert end.status == "SUCCEEDED", end
    assert machine.names("dataset_import_jobs") == [end.output["JobName"]]


def test_the_time_of_a_redrive_ends_too(aws: EmbeddedAws, movies: Movies) -> None:
    """A job that is at work for too long after it fails the execution all the same."""
    machine = deployed(aws, movies, movies.importing(job_name="monday", timeout=Duration.seconds(1)))
    aws.fail_next("CreateDatasetImportJob", "InvalidInputException")
    aws.freeze_jobs("CREATE PENDING")
    execution = machine.start()
    machine.end(execution)
    machine.states.redrive_execution(executionArn=execution)
    end = machine.end(execution)
    assert (end.error, end.cause) == (
        "DatasetImportJobTimedOut",
        f"{JOB} is still CREATE PENDING after 1 seconds",
    )


def test_a_redrive_of_a_job_that_took_too_long_fails_again(aws: EmbeddedAws, movies: Movies) -> None:
    """It begins at the state that failed; what it takes is a new execution."""
    machine = deployed(aws, movies, movies.importing(timeout=Duration.seconds(1)))
    aws.freeze_jobs("CREATE PENDING")
    execution = machine.start()
    first = machine.end(execution)
    aws.freeze_jobs(None)
    machine.states.redrive_execution(executionArn=execution)
    assert machine.end(execution) == first
    assert len(machine.names("dataset_import_jobs")) == 1


def test_the_time_is_that_of_one_entry(aws: EmbeddedAws, movies: Movies) -> None:
    """A second job of an execution has its own: four seconds more than the first one had, so that each may be late."""
    seconds = 8
    options = {"timeout": Duration.seconds(seconds)}
    machine = deployed(aws, movies, movies.importing(**options), movies.exporting(**options))
    aws.freeze_jobs("CREATE PENDING")
    execution = machine.start()
    started = time.monotonic()
    time.sleep(seconds / 2)
    aws.freeze_jobs(None)
    wait_until(lambda: machine.names("dataset_export_jobs") != [])
    aws.freeze_jobs("CREATE PENDING")
    time.sleep(max(0, started + seconds + 1.5 - time.monotonic()))  # with a look after the time of the first
    aws.freeze_jobs("ACTIVE")
    assert machine.end(execution).status == "SUCCEEDED"
