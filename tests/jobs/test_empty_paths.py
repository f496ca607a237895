"""A path that an execution lacks stops it: the whole prefix is not what was meant."""

import pytest
from aws_cdk import aws_stepfunctions as sfn

from embedded_aws import EmbeddedAws
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
