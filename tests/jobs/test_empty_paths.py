"""A path without its part stops the execution before it uses the whole prefix or ``null``."""

from typing import Any

import pytest
from aws_cdk import aws_stepfunctions as sfn

from embedded_aws import EmbeddedAws
from tests.jobs.movies import Deployed, Movies, deployed

DAY, GROUP = sfn.JsonPath.string_at("$.day"), sfn.JsonPath.string_at("$$.Execution.Input.group")
EMPTY = "destination_path is empty in this execution: "


def stopped(machine: Deployed, cause: str, **given: Any) -> None:
    """An execution with this input fails before it starts a job."""
    end = machine.run(**given)
    assert (end.status, end.error) == ("FAILED", "States.QueryEvaluationError"), end
    assert cause in end.cause, end.cause
    assert machine.names("dataset_export_jobs") == []


def test_a_deletion_without_its_file_deletes_nobody(aws: EmbeddedAws, movies: Movies) -> None:
    """JSONata reads a missing part as an empty string, which would mean the whole folder."""
    machine = deployed(aws, movies, movies.deleting(source_path="{% $states.input.file %}"))
    machine.put("deletion/yesterday.csv", "USER_ID\nu1\n")
    for given in ({}, {"file": ""}):
        stopped(
            machine,
            "source_path is empty in this execution: $states.input.file has no value",
            **given,
        )
    assert machine.names("data_deletion_jobs") == []


@pytest.mark.parametrize(
    ("path", "cause", "missing"),
    [
        (
            "{% $states.input.day & '/' %}",
            f"{EMPTY}$states.input.day has no value",
            [{}, {"day": ""}],
        ),
        (
            "{% 'night-' & $substringBefore($states.input.day, 'T') & '/' %}",
            "",
            [{"day": None}],
        ),
        (
            sfn.JsonPath.format("{}/{}/", GROUP, DAY),
            f"{EMPTY}$.day has no value",
            [{"group": "movies", "day": ""}, {"group": "movies", "day": None}],
        ),
    ],
    ids=["JSONata", "function", "JSONPath in a text"],
)
def test_a_folder_without_a_part_is_not_written(
    aws: EmbeddedAws, movies: Movies, path: str, cause: str, missing: list[dict[str, Any]]
) -> None:
    """The slash alone would make ``export//`` or ``export/null/``; the error names the part."""
    machine = deployed(aws, movies, movies.exporting(destination_path=path))
    for given in missing:
        stopped(machine, cause, **given)
    end = machine.run(group="movies", day="monday")
    assert end.status == "SUCCEEDED", end


def test_a_json_path_that_finds_nothing_has_another_error(aws: EmbeddedAws, movies: Movies) -> None:
    """Step Functions fails the first state, and nothing catches that."""
    machine = deployed(
        aws, movies, movies.exporting(destination_path=sfn.JsonPath.format("{}/", DAY))
    )
    end = machine.run()
    assert (end.status, end.error) == ("FAILED", "States.Runtime"), end
    assert "'$.day'" in end.cause
    assert machine.names("dataset_export_jobs") == []


def test_only_whole_steps_have_no_name(aws: EmbeddedAws, movies: Movies) -> None:
    """A function may make an empty string of anything; the path as a whole is looked at, too."""
    machine = deployed(
        aws, movies, movies.exporting(destination_path="{% $join([$states.input.path]) %}")
    )
    for path in ("x//y/", "null/", "a/../x/", "x/.."):
        cause = (
            f"destination_path makes s3://movies-data/export/{path} in this execution, and a "
            "folder or file in it has no name, or is null, . or .."
        )
        stopped(machine, cause, path=path)
    for path in ("nullable/", "x.y/..z/"):
        assert machine.run(path=path).status == "SUCCEEDED"


def test_braces_in_a_prefix_stand_for_themselves(aws: EmbeddedAws, movies: Movies) -> None:
    """They mean something in ``States.Format``."""
    path = sfn.JsonPath.format("{}/", DAY)
    machine = deployed(
        aws, movies, movies.exporting(destination=movies.at("it's{}/"), destination_path=path)
    )
    end = machine.run(day="monday")
    assert end.status == "SUCCEEDED", end
    assert machine.get(f"it's{{}}/monday/{end.output['JobName']}.csv")
