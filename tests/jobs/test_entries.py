"""Each time a fragment is entered it starts a job of its own, however often one execution does."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_stepfunctions as sfn

from embedded_aws import EmbeddedAws
from tests.jobs.movies import Movies, deployed


def three_times(stack: cdk.Stack, job: Any) -> sfn.IChainable:
    """A loop around a job."""
    count = sfn.Pass(stack, "Count", parameters={"passes.$": "States.MathAdd($.passes, 1)"})
    once = job.to_single_state(result_path=sfn.JsonPath.DISCARD)
    again = sfn.Choice(stack, "Again").when(sfn.Condition.number_less_than("$.passes", 3), once)
    first: sfn.IChainable = once.next(count).next(again.otherwise(sfn.Succeed(stack, "End")))
    return first


@pytest.mark.parametrize(
    "mode", ["FULL", sfn.JsonPath.string_at("$$.Execution.Input.mode")], ids=["JSONata", "JsonPath"]
)
def test_each_pass_of_a_loop_has_a_job_of_its_own(aws: EmbeddedAws, movies: Movies, mode: str) -> None:
    """Three passes, three jobs."""
    machine = deployed(aws, movies, three_times(movies.stack, movies.importing(import_mode=mode)))
    end = machine.run(passes=0, mode="FULL")
    assert end.status == "SUCCEEDED", end
    assert len(set(machine.names("dataset_import_jobs"))) == 3


@pytest.mark.parametrize("as_expression", [True, False], ids=["JSONata", "JsonPath"])
def test_each_item_of_nested_maps_has_a_job_of_its_own(aws: EmbeddedAws, movies: Movies, as_expression: bool) -> None:
    """Two by two items, which are the same: four jobs."""
    folder = "{% $states.input & '/' %}"
    if not as_expression:
        folder = sfn.JsonPath.format("{}/", sfn.JsonPath.string_at("$"))
    inner = sfn.Map(movies.stack, "Each hour").item_processor(movies.exporting(destination_path=folder))
    outer = sfn.Map(movies.stack, "Each day", items_path="$.days").item_processor(inner)
    machine = deployed(aws, movies, outer)
    end = machine.run(days=[["one", "one"], ["one", "one"]])
    assert end.status == "SUCCEEDED", end
    names = {job["JobName"] for day in end.output for job in day}
    assert len(names) == 4
    assert set(machine.names("dataset_export_jobs")) == names
    for name in names:
        assert machine.get(f"export/one/{name}.csv")


def test_a_retry_of_the_fragment_starts_another_job(aws: EmbeddedAws, movies: Movies) -> None:
    """As one state it is entered anew when its job has failed."""
    once = movies.importing().to_single_state()
    once.add_retry(errors=["DatasetImportJobFailed"], max_attempts=1)
    machine = deployed(aws, movies, once)
    machine.put("import/ratings.csv", "USER_ID\nu1\n")
    end = machine.run()
    assert (end.status, end.error) == ("FAILED", "DatasetImportJobFailed")
    assert len(set(machine.names("dataset_import_jobs"))) == 2


def test_one_state_has_the_description_in_a_list(aws: EmbeddedAws, movies: Movies) -> None:
    """It is a Parallel state with one branch; the input goes on beside it."""
    machine = deployed(aws, movies, movies.importing().to_single_state(result_path="$.Job"))
    end = machine.run(day="monday")
    assert (end.status, end.output["day"]) == ("SUCCEEDED", "monday")
    assert [job["Status"] for job in end.output["Job"]] == ["ACTIVE"]


@pytest.mark.parametrize(
    "name",
    ["nightly", cdk.Fn.join("", ["night", "ly"]), "{% 'nightly' %}", sfn.JsonPath.string_at("$$.Execution.Input.name")],
    ids=["literal", "token", "JSONata", "JsonPath"],
)
def test_a_given_name_is_for_one_pass(aws: EmbeddedAws, movies: Movies, name: str) -> None:
    """The second pass finds the first one's job, and doesn't take it for its own."""
    machine = deployed(aws, movies, three_times(movies.stack, movies.importing(job_name=name)))
    end = machine.run(passes=0, name="nightly")
    assert (end.status, end.error, end.cause) == (
        "FAILED",
        "Personalize.ResourceAlreadyExistsException",
        "arn:aws:personalize:eu-west-1:111111111111:dataset-import-job/nightly existed before: give another job_name, "
        "or none",
    )
    assert machine.names("dataset_import_jobs") == ["nightly"]


def test_a_given_name_is_for_one_item(aws: EmbeddedAws, movies: Movies) -> None:
    """Items of a Map are at work at the same time, so that the age of the job tells nothing."""
    each = sfn.Map(movies.stack, "Each", items_path="$.days").item_processor(movies.exporting(job_name="nightly"))
    machine = deployed(aws, movies, each)
    end = machine.run(days=["monday", "tuesday"])
    assert (end.status, end.error) == ("FAILED", "Personalize.ResourceAlreadyExistsException")


def test_a_given_name_of_the_item_is_taken(aws: EmbeddedAws, movies: Movies) -> None:
    """One name for each item."""
    job = movies.exporting(job_name=sfn.JsonPath.string_at("$"))
    machine = deployed(aws, movies, sfn.Map(movies.stack, "Each", items_path="$.days").item_processor(job))
    assert machine.run(days=["monday", "tuesday"]).status == "SUCCEEDED"
    assert sorted(machine.names("dataset_export_jobs")) == ["monday", "tuesday"]
