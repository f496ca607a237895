"""The arguments of each call: those of the API's model, as given."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_stepfunctions as sfn

from personalize_kms_constructs.jobs import BatchInferenceJob, BatchSegmentJob, DatasetExportJob, DatasetImportJob
from tests.jobs.machines import DATASET, FILTER, VERSION, Data, definition, machine


def created(stack: cdk.Stack, job: sfn.StateMachineFragment) -> Any:
    """The arguments of the call that starts the job."""
    machine(stack, job)
    return definition(stack)["States"]["Start Job"]["Arguments"]


def test_an_import_has_all_parameters_of_the_api(stack: cdk.Stack, data: Data) -> None:
    """Literals stay as they are."""
    job = DatasetImportJob(
        stack,
        "Job",
        encryption=data.encryption,
        dataset_arn=DATASET,
        source=data.unencrypted("in/ratings.csv"),
        job_name="monday",
        import_mode="INCREMENTAL",
        publish_attribution_metrics_to_s3=True,
        tags={"team": "movies"},
    )
    assert created(stack, job) == {
        "JobName": "monday",
        "DatasetArn": DATASET,
        "DataSource": {"DataLocation": "s3://<Plain295EB121>/in/ratings.csv"},
        "ImportMode": "INCREMENTAL",
        "PublishAttributionMetricsToS3": True,
        "Tags": [{"TagKey": "team", "TagValue": "movies"}],
        "RoleArn": "<EncryptionRole2D2265A5.Arn>",
    }


def test_an_export_names_the_key_of_its_destination(stack: cdk.Stack, data: Data) -> None:
    """The bucket has a key, which the API wants to be told."""
    job = DatasetExportJob(
        stack,
        "Job",
        encryption=data.encryption,
        dataset_arn=DATASET,
        destination=data.at("out/"),
        job_name="monday",
        ingestion_mode="ALL",
    )
    assert created(stack, job) == {
        "JobName": "monday",
        "DatasetArn": DATASET,
        "IngestionMode": "ALL",
        "JobOutput": {
            "S3DataDestination": {"Path": "s3://<Encrypted084288C2>/out/", "KmsKeyArn": "<DataKey17AFBB84.Arn>"}
        },
        "RoleArn": "<EncryptionRole2D2265A5.Arn>",
    }


def test_an_export_without_a_key_names_none(stack: cdk.Stack, data: Data) -> None:
    """No ``KmsKeyArn`` at all, rather than an empty one."""
    job = DatasetExportJob(
        stack,
        "Job",
        encryption=data.encryption,
        dataset_arn=DATASET,
        destination=data.unencrypted("out/"),
        job_name="monday",
    )
    assert created(stack, job)["JobOutput"] == {"S3DataDestination": {"Path": "s3://<Plain295EB121>/out/"}}


def test_batch_inference_has_all_parameters_of_the_api(stack: cdk.Stack, data: Data) -> None:
    """Input and output have a key each, or none."""
    job = BatchInferenceJob(
        stack,
        "Job",
        encryption=data.encryption,
        solution_version_arn=VERSION,
        source=data.at("in/users.json"),
        destination=data.unencrypted("out/"),
        job_name="monday",
        filter_arn=FILTER,
        num_results=10,
        batch_inference_job_mode="THEME_GENERATION",
        item_exploration_config={"explorationWeight": "0.3"},
        ranking_influence={"POPULARITY": 0.5},
        theme_generation_item_name="TITLE",
        tags={"team": "movies"},
    )
    assert created(stack, job) == {
        "JobName": "monday",
        "SolutionVersionArn": VERSION,
        "FilterArn": FILTER,
        "NumResults": 10,
        "JobInput": {
            "S3DataSource": {"Path": "s3://<Encrypted084288C2>/in/users.json", "KmsKeyArn": "<DataKey17AFBB84.Arn>"}
        },
        "JobOutput": {"S3DataDestination": {"Path": "s3://<Plain295EB121>/out/"}},
        "BatchInferenceJobMode": "THEME_GENERATION",
        "BatchInferenceJobConfig": {
            "ItemExplorationConfig": {"explorationWeight": "0.3"},
            "RankingInfluence": {"POPULARITY": 0.5},
        },
        "ThemeGenerationConfig": {"FieldsForThemeGeneration": {"ItemName": "TITLE"}},
        "Tags": [{"TagKey": "team", "TagValue": "movies"}],
        "RoleArn": "<EncryptionRole2D2265A5.Arn>",
    }


def test_a_batch_segment_job_has_all_parameters_of_the_api(stack: cdk.Stack, data: Data) -> None:
    """Those that have no value are left out."""
    job = BatchSegmentJob(
        stack,
        "Job",
        encryption=data.encryption,
        solution_version_arn=VERSION,
        source=data.unencrypted("in/"),
        destination=data.at("out/"),
        job_name="monday",
        filter_arn=FILTER,
        num_results=100,
    )
    assert created(stack, job) == {
        "JobName": "monday",
        "SolutionVersionArn": VERSION,
        "FilterArn": FILTER,
        "NumResults": 100,
        "JobInput": {"S3DataSource": {"Path": "s3://<Plain295EB121>/in/"}},
        "JobOutput": {
            "S3DataDestination": {"Path": "s3://<Encrypted084288C2>/out/", "KmsKeyArn": "<DataKey17AFBB84.Arn>"}
        },
        "RoleArn": "<EncryptionRole2D2265A5.Arn>",
    }


def test_json_paths_are_evaluated_first(stack: cdk.Stack, data: Data) -> None:
    """A JSONPath state evaluates them, and the call takes what it returns, with a name that depends on it."""
    machine(
        stack,
        BatchInferenceJob(
            stack,
            "Job",
            encryption=data.encryption,
            solution_version_arn=sfn.JsonPath.string_at("$.version"),
            source=data.unencrypted("in/"),
            destination=data.unencrypted("out/"),
            num_results=sfn.JsonPath.number_at("$.count"),
            tags={"run": sfn.JsonPath.string_at("$$.Execution.Name")},
        ),
    )
    states = definition(stack)["States"]
    assert states["Parameters of Job"] == {
        "QueryLanguage": "JSONPath",
        "Type": "Pass",
        "Parameters": {
            "SolutionVersionArn.$": "$.version",
            "NumResults.$": "$.count",
            "JobInput": {"S3DataSource": {"Path": "s3://<Plain295EB121>/in/"}},
            "JobOutput": {"S3DataDestination": {"Path": "s3://<Plain295EB121>/out/"}},
            "Tags": [{"TagKey": "run", "TagValue.$": "$$.Execution.Name"}],
            "RoleArn": "<EncryptionRole2D2265A5.Arn>",
        },
        "Next": "Start Job",
    }
    assert states["Start Job"]["Arguments"] == (
        "{% $merge([$states.input, {'JobName': 'StackJob67D221D8-' & $hash($states.context.Execution.Id & '/' & "
        "$states.context.Map.Item.Index & '/' & $string($states.input), 'SHA-1')}]) %}"
    )
