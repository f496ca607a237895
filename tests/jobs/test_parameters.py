"""The arguments of each call: those of the API's model, as given."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_stepfunctions as sfn

from personalize_kms_constructs.jobs import (
    BatchInferenceJob,
    BatchSegmentJob,
    DataDeletionJob,
    DatasetExportJob,
    DatasetImportJob,
)
from tests.jobs.machines import DATASET, FILTER, GROUP, VERSION, Data, definition, machine, readable
from tests.policies import bucket_policy

# Of an expression as a source_path; test_path_checks has what the function is for.
GUARDED = (
    "{{% ($pathPart := function($value, $text) {{ $type($value) in ['string', 'number', 'boolean'] and $value != '' ? "
    "$value : $error('source_path is empty in this execution: ' & $text & ' has no value') }}; "
    '"s3://<Encrypted084288C2>/in/" & $pathPart({})) %}}'
)


def created(stack: cdk.Stack, job: sfn.StateMachineFragment) -> Any:
    """The arguments of the call that starts the job."""
    machine(stack, job)
    return definition(stack)["States"]["Prepare Job"]["Output"]["Arguments"]


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


def test_a_data_deletion_job_has_all_parameters_of_the_api(stack: cdk.Stack, data: Data) -> None:
    """It names no key, as import jobs: the API has no field for it."""
    job = DataDeletionJob(
        stack,
        "Job",
        encryption=data.encryption,
        dataset_group_arn=GROUP,
        source=data.at("deletion/"),
        job_name="monday",
        tags={"team": "movies"},
    )
    assert created(stack, job) == {
        "JobName": "monday",
        "DatasetGroupArn": GROUP,
        "DataSource": {"DataLocation": "s3://<Encrypted084288C2>/deletion/"},
        "Tags": [{"TagKey": "team", "TagValue": "movies"}],
        "RoleArn": "<EncryptionRole2D2265A5.Arn>",
    }


def test_json_paths_are_evaluated_by_a_state_of_their_language(stack: cdk.Stack, data: Data) -> None:
    """So are the name and the paths; the call takes what that state returns, whole."""
    machine(
        stack,
        BatchInferenceJob(
            stack,
            "Job",
            encryption=data.encryption,
            solution_version_arn=sfn.JsonPath.string_at("$.version"),
            source=data.unencrypted("in/"),
            source_path=sfn.JsonPath.string_at("$.file"),
            destination=data.unencrypted("out/"),
            destination_path=sfn.JsonPath.format("{}/", sfn.JsonPath.string_at("$.day")),
            num_results=sfn.JsonPath.number_at("$.count"),
            tags={"run": sfn.JsonPath.string_at("$$.Execution.Name")},
        ),
    )
    states = definition(stack)["States"]
    assert states["Prepare Job"] == {
        "QueryLanguage": "JSONPath",
        "Type": "Pass",
        "Parameters": {
            "Arguments": {
                "JobName.$": "States.Format('StackJob67D221D8-{}', States.UUID())",
                "SolutionVersionArn.$": "$.version",
                "NumResults.$": "$.count",
                "JobInput": {
                    "S3DataSource": {"Path.$": "States.Format('{}{}', 's3://<Plain295EB121>/in/', $.file)"},
                },
                "JobOutput": {
                    "S3DataDestination": {
                        "Path.$": "States.Format('{}{}', 's3://<Plain295EB121>/out/', States.Format('{}/', $.day))"
                    },
                },
                "Tags": [{"TagKey": "run", "TagValue.$": "$$.Execution.Name"}],
                "RoleArn": "<EncryptionRole2D2265A5.Arn>",
            },
            "Since.$": "$$.State.EnteredTime",
            "Given": {"source1.$": "$.file", "destination1.$": "$.day"},
        },
        "Next": "Start Job",
    }
    assert states["Start Job"]["Arguments"].endswith(" : $states.input.Arguments %}")


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        (None, "s3://<Encrypted084288C2>/in/"),
        ("2026-11-25/users.json", "s3://<Encrypted084288C2>/in/2026-11-25/users.json"),
        ("{% $states.input.file %}", GUARDED.format('($states.input.file), "$states.input.file"')),
        ("{%$states.input.file%}", GUARDED.format('($states.input.file), "$states.input.file"')),
        ("{% $a ? 'b' : 'c' %}", GUARDED.format("""($a ? 'b' : 'c'), "$a ? 'b' : 'c'\"""")),
    ],
    ids=["none", "literal", "JSONata", "JSONata without spaces", "JSONata of several parts"],
)
def test_a_source_path_is_below_the_prefix(stack: cdk.Stack, data: Data, path: str | None, uri: str) -> None:
    """Whatever it is made of."""
    job = DatasetImportJob(
        stack, "Job", encryption=data.encryption, dataset_arn=DATASET, source=data.at("in/"), source_path=path
    )
    assert created(stack, job)["DataSource"] == {"DataLocation": uri}


def test_a_path_of_the_deployment_is_below_the_prefix(stack: cdk.Stack, data: Data) -> None:
    """CloudFormation puts a token's value there."""
    folder = cdk.CfnParameter(stack, "Folder").value_as_string
    job = DatasetExportJob(
        stack,
        "Job",
        encryption=data.encryption,
        dataset_arn=DATASET,
        destination=data.unencrypted(""),
        destination_path=folder,
    )
    assert created(stack, job)["JobOutput"] == {"S3DataDestination": {"Path": "s3://<Plain295EB121>/<Folder>"}}


def test_quotes_in_a_prefix_stay_what_they_are(stack: cdk.Stack, data: Data) -> None:
    """In either language's strings."""
    options: Any = {"encryption": data.encryption, "dataset_arn": DATASET, "source": data.at("""it's "é"/""")}
    machine(
        stack,
        DatasetImportJob(stack, "One", source_path="{% $states.input.file %}", **options),
        DatasetImportJob(stack, "Two", source_path=sfn.JsonPath.string_at("$.file"), **options),
    )
    states = definition(stack)["States"]
    assert states["Prepare One"]["Output"]["Arguments"]["DataSource"] == {
        "DataLocation": GUARDED.replace("/in/", """/it's \\"é\\"/""").format(
            '($states.input.file), "$states.input.file"'
        )
    }
    assert states["Prepare Two"]["Parameters"]["Arguments"]["DataSource"] == {
        "DataLocation.$": """States.Format('{}{}', 's3://<Encrypted084288C2>/it\\'s "é"/', $.file)"""
    }


@pytest.mark.parametrize("part", ["source", "destination"])
def test_policies_allow_the_prefix_whatever_the_path(stack: cdk.Stack, data: Data, part: str) -> None:
    """They are written before."""
    BatchSegmentJob(
        stack,
        "Job",
        encryption=data.encryption,
        solution_version_arn=VERSION,
        source=data.unencrypted("in/"),
        source_path="{% $states.input.file %}",
        destination=data.unencrypted("out/"),
        destination_path="{% $states.input.day & '/' %}",
    )
    statement = next(
        statement
        for statement in bucket_policy(stack)
        if ("ReadObjects" if part == "source" else "WriteObjects") in statement["Sid"]
    )
    prefix = "in" if part == "source" else "out"
    assert readable(statement["Resource"]) == f"<Plain295EB121.Arn>/{prefix}/*"
