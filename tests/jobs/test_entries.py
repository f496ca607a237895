"""Each time a fragment is entered it starts a job of its own, however often one execution does."""

from aws_cdk import aws_stepfunctions as sfn

from embedded_aws import EmbeddedAws
from tests.jobs.movies import Movies, deployed


def test_each_item_of_nested_maps_has_a_job_of_its_own(aws: EmbeddedAws, movies: Movies) -> None:
    """Two by two items, which are the same: four jobs."""
    folder = sfn.JsonPath.format("{}/", sfn.JsonPath.string_at("$"))
    inner = sfn.Map(movies.stack, "Each hour").item_processor(
        movies.exporting(destination_path=folder)
    )
    outer = sfn.Map(movies.stack, "Each day", items_path="$.days").item_processor(inner)
    machine = deployed(aws, movies, outer)
    end = machine.run(days=[["one", "one"], ["one", "one"]])
    assert end.status == "SUCCEEDED", end
    names: set[str] = set()
    for day in end.output:
        names.update(job["JobName"] for job in day)
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
    """It is a Parallel state of one branch, which passes its input on; failures can be caught."""
    once = movies.importing().to_single_state(result_path="$.Job")
    machine = deployed(
        aws, movies, once.add_catch(sfn.Pass(movies.stack, "Caught"), result_path="$.Caught")
    )
    end = machine.run(day="monday")
    assert (end.status, end.output["day"]) == ("SUCCEEDED", "monday")
    assert [job["Status"] for job in end.output["Job"]] == ["ACTIVE"]
    machine.put("import/ratings.csv", "USER_ID\nu1\n")
    end = machine.run(day="monday")
    assert (end.status, end.output["day"]) == ("SUCCEEDED", "monday")
    assert end.output["Caught"]["Error"] == "DatasetImportJobFailed"


def test_a_name_of_another_execution_fails(aws: EmbeddedAws, movies: Movies) -> None:
    """The job of the night before is not mistaken for tonight's, at a second attempt neither."""
    machine = deployed(aws, movies, movies.importing(job_name="nightly"))
    assert machine.run().status == "SUCCEEDED"
    assert machine.run().error == "Personalize.ResourceAlreadyExistsException"
    aws.fail_next("CreateDatasetImportJob", "ThrottlingException")
    assert machine.run().error == "Personalize.ResourceAlreadyExistsException"
