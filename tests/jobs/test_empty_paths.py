"""A path that lacks a part in an execution stops it: neither the whole prefix nor a folder ``null`` was meant."""

from typing import Any

import pytest
from aws_cdk import aws_stepfunctions as sfn

from embedded_aws import EmbeddedAws
from tests.jobs.movies import Deployed, Movies, deployed

EVALUATION = "States.QueryEvaluationError"
EMPTY = [{"day": ""}, {"day": None}]
IDS = ["empty", "null"]


@pytest.mark.parametrize("given", [{}, {"file": ""}, {"file": None}], ids=["missing", "empty", "null"])
def test_a_deletion_without_its_file_deletes_nobody(aws: EmbeddedAws, movies: Movies, given: dict[str, Any]) -> None:
    """JSONata takes what is missing for an empty string, and all files of the folder would be read."""
    machine = deployed(aws, movies, movies.deleting(source_path="{% $states.input.file %}"))
    machine.put("deletion/yesterday.csv", "USER_ID\nu1\n")
    stopped(machine, "data_deletion_jobs", "source_path is empty in this execution: $states.input.file has no", **given)


@pytest.mark.parametrize("given", [{}, *EMPTY], ids=["missing", *IDS])
@pytest.mark.parametrize(
    "path",
    ["{% $states.input.day & '/' %}", "{% 'night-' & $substringBefore($states.input.day, 'T') & '/' %}"],
    ids=["alone", "within"],
)
def test_a_folder_without_its_day_is_not_written(
    aws: EmbeddedAws, movies: Movies, path: str, given: dict[str, Any]
) -> None:
    """The slash is still there, and would make ``export//`` or ``export/null/`` of it."""
    machine = deployed(aws, movies, movies.exporting(destination_path=path))
    stopped(machine, "dataset_export_jobs", "", **given)


def test_the_part_without_a_value_is_named(aws: EmbeddedAws, movies: Movies) -> None:
    """Of the several that a path is made of."""
    path = "{% $states.input.group & '/' & $string($states.input.hours[0]) & '/' %}"
    machine = deployed(aws, movies, movies.exporting(destination_path=path))
    cause = "destination_path is empty in this execution: $string($states.input.hours[0]) has no value"
    stopped(machine, "dataset_export_jobs", cause, group="movies")
    end = machine.run(group="movies", hours=[7])
    assert end.status == "SUCCEEDED", end
    assert machine.get(f"export/movies/7/{end.output['JobName']}.csv")


@pytest.mark.parametrize("given", EMPTY, ids=IDS)
def test_an_empty_json_path_stops_too(aws: EmbeddedAws, movies: Movies, given: dict[str, Any]) -> None:
    """Alone, and as a part of a text."""
    day = sfn.JsonPath.string_at("$.day")
    machine = deployed(aws, movies, movies.exporting(destination_path=day))
    stopped(machine, "dataset_export_jobs", "destination_path is empty in this execution: $.day has no value", **given)


@pytest.mark.parametrize("given", EMPTY, ids=IDS)
def test_a_json_path_in_a_text_stops_too(aws: EmbeddedAws, movies: Movies, given: dict[str, Any]) -> None:
    """The part that has no value is named; the others may be whatever they are."""
    day, group = sfn.JsonPath.string_at("$.day"), sfn.JsonPath.string_at("$$.Execution.Input.group")
    first = sfn.JsonPath.array_get_item(sfn.JsonPath.list_at("$.hours"), 0)
    machine = deployed(
        aws, movies, movies.exporting(destination_path=sfn.JsonPath.format("{}/{}-{}/", group, day, first))
    )
    cause = "destination_path is empty in this execution: $.day has no value"
    stopped(machine, "dataset_export_jobs", cause, group="movies", hours=[7], **given)
    end = machine.run(group="movies", hours=[7], day="monday")
    assert end.status == "SUCCEEDED", end
    assert machine.get(f"export/movies/monday-7/{end.output['JobName']}.csv")


@pytest.mark.parametrize("within", [False, True], ids=["alone", "in a text"])
def test_a_json_path_that_finds_nothing_has_another_error(aws: EmbeddedAws, movies: Movies, within: bool) -> None:
    """Step Functions fails the first state, and nothing catches that."""
    day = sfn.JsonPath.string_at("$.day")
    path = sfn.JsonPath.format("{}/", day) if within else day
    machine = deployed(aws, movies, movies.exporting(destination_path=path))
    end = machine.run()
    assert (end.status, end.error) == ("FAILED", "States.Runtime"), end
    assert "'$.day'" in end.cause
    assert machine.names("dataset_export_jobs") == []


@pytest.mark.parametrize("path", ["/", "x//y/", "null/", "x/null", "../", "a/../x/", "./", "x/.."])
def test_a_step_without_a_name_stops_whatever_made_it(aws: EmbeddedAws, movies: Movies, path: str) -> None:
    """A function may make an empty string of anything; the path as a whole is looked at, too."""
    machine = deployed(aws, movies, movies.exporting(destination_path="{% $join([$states.input.path]) %}"))
    cause = (
        f"destination_path makes s3://movies-data/export/{path} in this execution, and a folder or file in it has no "
        "name, or is null, . or .."
    )
    stopped(machine, "dataset_export_jobs", cause, path=path)


@pytest.mark.parametrize("path", ["nullable/", "x/..y/", "x/y", "0/", "x.y/.z/"])
def test_a_name_that_looks_like_none_is_one(aws: EmbeddedAws, movies: Movies, path: str) -> None:
    """Only whole steps are none."""
    machine = deployed(aws, movies, movies.exporting(destination_path="{% $states.input.path %}"))
    end = machine.run(path=path)
    assert end.status == "SUCCEEDED", end


def test_braces_in_a_prefix_stand_for_themselves(aws: EmbeddedAws, movies: Movies) -> None:
    """They mean something in ``States.Format``."""
    path = sfn.JsonPath.format("{}/", sfn.JsonPath.string_at("$.day"))
    machine = deployed(aws, movies, movies.exporting(destination=movies.at("it's{}/"), destination_path=path))
    end = machine.run(day="monday")
    assert end.status == "SUCCEEDED", end
    assert machine.get(f"it's{{}}/monday/{end.output['JobName']}.csv")


def stopped(machine: Deployed, jobs: str, cause: str, **given: Any) -> None:
    """An execution with this input fails before it starts a job."""
    end = machine.run(**given)
    assert (end.status, end.error) == ("FAILED", EVALUATION), end
    assert cause in end.cause, end.cause
    assert machine.names(jobs) == []
