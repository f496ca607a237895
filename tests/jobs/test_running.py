"""State machines of the synthesized template, deployed by CloudFormation and executed."""

import json

from aws_cdk import aws_stepfunctions as sfn

from embedded_aws import EmbeddedAws
from tests.jobs.movies import Movies, deployed


def test_a_night_of_four_jobs(aws: EmbeddedAws, movies: Movies) -> None:
    """Import, batch inference, segments and export, in a JSONata machine with the same key."""
    night = deployed(
        aws,
        movies,
        movies.importing(),
        movies.recommending(),
        movies.segmenting(),
        movies.exporting(),
        query_language=sfn.QueryLanguage.JSONATA,
        encryption_configuration=sfn.CustomerManagedEncryptionConfiguration(
            movies.encryption.encryption_key
        ),
    )
    end = night.run()
    assert end.status == "SUCCEEDED", end
    assert (end.output["Status"], end.output["IngestionMode"]) == ("ACTIVE", "BULK")
    key = end.output["JobOutput"]["S3DataDestination"]["KmsKeyArn"]
    assert key in [entry["KeyArn"] for entry in aws.client("kms").list_keys()["Keys"]]
    assert (
        night.s3.head_object(Bucket="movies-data", Key=f"export/{end.output['JobName']}.csv")[
            "SSEKMSKeyId"
        ]
        == key
    )
    rows = night.get(f"export/{end.output['JobName']}.csv").splitlines()[1:]
    assert rows == ["u1,i1,1", "u2,i2,2"]
    assert json.loads(night.get("batch/out/users.json.out"))["output"] == {
        "recommendedItems": ["i1"]
    }
    assert json.loads(night.get("segments/users.json.out"))["output"] == {"usersList": ["u1", "u2"]}
    (job,) = night.personalize.list_batch_inference_jobs()["batchInferenceJobs"]
    tags = night.personalize.list_tags_for_resource(resourceArn=job["batchInferenceJobArn"])["tags"]
    assert tags == [{"tagKey": "team", "tagValue": "movies"}]


def test_json_paths_of_the_input(aws: EmbeddedAws, movies: Movies) -> None:
    """In a JSONPath machine they select from the input of the fragment, or of the execution."""
    first = movies.importing(
        dataset_arn=sfn.JsonPath.string_at("$.dataset"),
        import_mode=sfn.JsonPath.string_at("$.mode"),
    )
    second = movies.recommending(sfn.JsonPath.string_at("$$.Execution.Input.version"))
    machine = deployed(aws, movies, first, second)
    (dataset,) = machine.personalize.list_datasets()["datasets"]
    end = machine.run(dataset=dataset["datasetArn"], mode="INCREMENTAL")
    assert end.status == "SUCCEEDED", end
    assert end.output["SolutionVersionArn"] == machine.version
    (imported,) = machine.personalize.list_dataset_import_jobs()["datasetImportJobs"]
    assert imported["importMode"] == "INCREMENTAL"


def test_each_execution_has_folders_of_its_own(aws: EmbeddedAws, movies: Movies) -> None:
    """The same machine for two days: each reads and writes below its own date."""
    folder = sfn.JsonPath.format("{}/", sfn.JsonPath.string_at("$.day"))
    imported = movies.importing(source_path=folder).to_single_state(
        result_path=sfn.JsonPath.DISCARD
    )
    machine = deployed(aws, movies, imported, movies.exporting(destination_path=folder))
    machine.put("import/monday/ratings.csv", "USER_ID,ITEM_ID,TIMESTAMP\nu1,i1,1\n")
    machine.put("import/tuesday/ratings.csv", "USER_ID,ITEM_ID,TIMESTAMP\nu2,i2,2\n")
    for day, row in (("monday", "u1,i1,1"), ("tuesday", "u2,i2,2")):
        end = machine.run(day=day)
        assert end.status == "SUCCEEDED", end
        assert machine.get(f"export/{day}/{end.output['JobName']}.csv").splitlines()[1:] == [row]


def test_users_are_deleted(aws: EmbeddedAws, movies: Movies) -> None:
    """A data deletion job reports how many records it deleted, and completes or gives a reason."""
    imported = movies.importing().to_single_state(result_path=sfn.JsonPath.DISCARD)
    machine = deployed(
        aws, movies, imported, movies.deleting(source_path=sfn.JsonPath.string_at("$.file"))
    )
    machine.put("deletion/today.csv", "USER_ID\nu1\nu7\n")
    end = machine.run(file="today.csv")
    assert end.status == "SUCCEEDED", end
    assert (end.output["Status"], end.output["NumDeleted"]) == ("COMPLETED", 1)
    machine.put("deletion/today.csv", "USER\nu1\n")
    end = machine.run(file="today.csv")
    assert (end.status, end.error, end.cause) == (
        "FAILED",
        "DataDeletionJobFailed",
        "Input deletion/today.csv has to have the one column USER_ID",
    )


def test_a_failure_has_the_reason_of_personalize(aws: EmbeddedAws, movies: Movies) -> None:
    """The execution ends with the job's error, and nothing after it is started."""
    machine = deployed(aws, movies, movies.importing(), movies.exporting())
    machine.put("import/ratings.csv", "USER_ID,TIMESTAMP\nu1,1\n")
    end = machine.run()
    assert (end.status, end.error, end.cause) == (
        "FAILED",
        "DatasetImportJobFailed",
        "Input csv import/ratings.csv is missing the following columns: ITEM_ID",
    )
    assert machine.names("dataset_export_jobs") == []
