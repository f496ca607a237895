"""A path that an execution lacks stops it: the whole prefix is not what was meant."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_stepfunctions as sfn

from embedded_aws import EmbeddedAws
from personalize_kms_constructs.jobs import BatchInferenceJob, DatasetImportJob
from tests.jobs.machines import DATASET, VERSION, Data, definition, machine
from tests.jobs.movies import Movies, deployed


@pytest.mark.parametrize("given", [{}, {"file": ""}], ids=["missing", "empty"])
def test_a_deletion_without_its_file_deletes_nobody(aws: EmbeddedAws, movies: Movies, given: dict[str, str]) -> None:
    """JSONata takes what is missing for an empty string, and all files of the folder would be read."""
    machine = deployed(aws, movies, movies.deleting(source_path="{% $states.input.file %}"))
    machine.put("deletion/yesterday.csv", "USER_ID\nu1\n")
    end = machine.run(**given)
    assert (end.status, end.error) == ("FAILED", "States.QueryEvaluationError"), end
    assert "source_path is empty in this execution, so that all below s3://movies-data/deletion/ is meant" in end.cause
    assert machine.names("data_deletion_jobs") == []


def test_an_empty_json_path_stops_too(aws: EmbeddedAws, movies: Movies) -> None:
    """The check doesn't depend on the language of the parameters."""
    machine = deployed(aws, movies, movies.exporting(destination_path=sfn.JsonPath.string_at("$.folder")))
    end = machine.run(folder="")
    assert (end.status, end.error) == ("FAILED", "States.QueryEvaluationError"), end
    assert "destination_path is empty in this execution" in end.cause
    assert machine.names("dataset_export_jobs") == []


def test_the_call_compares_each_path_with_its_prefix(stack: cdk.Stack, data: Data) -> None:
    """Before the arguments leave the state."""
    machine(
        stack,
        BatchInferenceJob(
            stack,
            "Job",
            encryption=data.encryption,
            solution_version_arn=VERSION,
            source=data.unencrypted("in/"),
            source_path="{% $states.input.file %}",
            destination=data.unencrypted(""),
            destination_path="{% $states.input.folder %}",
        ),
    )
    assert definition(stack)["States"]["Start Job"]["Arguments"] == (
        '{% $states.input.Arguments.JobInput.S3DataSource.Path = "s3://<Plain295EB121>/in/" ? '
        '$error("source_path is empty in this execution, so that all below s3://<Plain295EB121>/in/ is meant") : '
        '$states.input.Arguments.JobOutput.S3DataDestination.Path = "s3://<Plain295EB121>/" ? '
        '$error("destination_path is empty in this execution, so that all below s3://<Plain295EB121>/ is meant") : '
        "$states.input.Arguments %}"
    )


@pytest.mark.parametrize("path", [None, "monday/", "token"])
def test_a_path_of_the_deployment_is_not_looked_at(stack: cdk.Stack, data: Data, path: Any) -> None:
    """It is the same in every execution."""
    if path == "token":
        path = cdk.CfnParameter(stack, "Folder").value_as_string
    options: Any = {"encryption": data.encryption, "dataset_arn": DATASET, "source": data.at("in/")}
    machine(stack, DatasetImportJob(stack, "Job", source_path=path, **options))
    assert definition(stack)["States"]["Start Job"]["Arguments"] == "{% $states.input.Arguments %}"
