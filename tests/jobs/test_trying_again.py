"""Executions in which a call fails, or the job was there already."""

import aws_cdk as cdk
import pytest

from embedded_aws import EmbeddedAws
from tests.jobs.movies import ENVIRONMENT, Deployed, Movies, deployed


@pytest.fixture(scope="module")
def machine(running_aws: EmbeddedAws) -> Deployed:
    """A machine that imports, deployed once: each test looks at an execution of its own."""
    running_aws.reset()
    app = cdk.App(analytics_reporting=False)
    movies = Movies(cdk.Stack(app, "Stack", env=ENVIRONMENT))
    return deployed(running_aws, movies, movies.importing())


def test_passing_errors_are_tried_again(machine: Deployed) -> None:
    """Throttling, service faults, a busy dataset and a job that isn't visible yet are retried."""
    aws = machine.aws
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


def test_lasting_errors_fail(machine: Deployed) -> None:
    """A missing dataset fails at once, and a service that is down at the ninth error."""
    aws = machine.aws
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


def test_a_lost_answer_starts_no_second_job(machine: Deployed) -> None:
    """The first attempt did start it; the second attempt goes on with that job."""
    before = machine.names("dataset_import_jobs")
    machine.aws.fail_next("CreateDatasetImportJob", "ServiceUnavailable", after_the_fact=True)
    execution = machine.start()
    end = machine.end(execution)
    assert end.status == "SUCCEEDED", end
    assert machine.errors(execution) == [
        "Personalize.PersonalizeException",
        "Personalize.ResourceAlreadyExistsException",
    ]
    assert set(machine.names("dataset_import_jobs")) == {*before, end.output["JobName"]}


def test_a_redrive_starts_no_second_job(machine: Deployed) -> None:
    """The failed call had started the job, and the redriven call has the same name."""
    before = machine.names("dataset_import_jobs")
    machine.aws.fail_next("CreateDatasetImportJob", "InvalidInputException", after_the_fact=True)
    execution = machine.start()
    assert machine.end(execution).status == "FAILED"
    machine.states.redrive_execution(executionArn=execution)
    end = machine.end(execution)
    assert end.status == "SUCCEEDED", end
    assert set(machine.names("dataset_import_jobs")) == {*before, end.output["JobName"]}
