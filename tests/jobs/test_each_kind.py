"""The arguments of each kind of job's call, as the API's reference has them."""

from typing import Any

import aws_cdk as cdk
import pytest

from personalize_kms_check.matrix import ROWS
from personalize_kms_constructs import jobs
from tests.jobs.machines import DATASET, FILTER, GROUP, VERSION, Data, readable, states
from tests.policies import bucket_policy

OF_ALL = {
    "JobName": "monday",
    "Tags": [{"TagKey": "team", "TagValue": "movies"}],
    "RoleArn": "<EncryptionRole2D2265A5.Arn>",
}
KEY = "<DataKey17AFBB84.Arn>"
INPUT = {"S3DataSource": {"Path": "s3://<Encrypted084288C2>/in/", "KmsKeyArn": KEY}}
OUTPUT = {"S3DataDestination": {"Path": "s3://<Encrypted084288C2>/out/", "KmsKeyArn": KEY}}
SOURCE = {"DataSource": {"DataLocation": "s3://<Encrypted084288C2>/in/"}}
BATCH = {"SolutionVersionArn": VERSION, "FilterArn": FILTER, "JobInput": INPUT, "JobOutput": OUTPUT}
ARGUMENTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # An import job names no key: the API has no field for it.
    "DatasetImportJob": (
        {"import_mode": "INCREMENTAL", "publish_attribution_metrics_to_s3": True},
        {
            "DatasetArn": DATASET,
            **SOURCE,
            "ImportMode": "INCREMENTAL",
            "PublishAttributionMetricsToS3": True,
        },
    ),
    "DatasetExportJob": (
        {"ingestion_mode": "ALL"},
        {"DatasetArn": DATASET, "IngestionMode": "ALL", "JobOutput": OUTPUT},
    ),
    "BatchInferenceJob": (
        {
            "filter_arn": FILTER,
            "num_results": 10,
            "batch_inference_job_mode": "THEME_GENERATION",
            "item_exploration_config": {"explorationWeight": "0.3"},
            "ranking_influence": {"POPULARITY": 0.5},
            "theme_generation_item_name": "TITLE",
        },
        {
            **BATCH,
            "NumResults": 10,
            "BatchInferenceJobMode": "THEME_GENERATION",
            "BatchInferenceJobConfig": {
                "ItemExplorationConfig": {"explorationWeight": "0.3"},
                "RankingInfluence": {"POPULARITY": 0.5},
            },
            "ThemeGenerationConfig": {"FieldsForThemeGeneration": {"ItemName": "TITLE"}},
        },
    ),
    "BatchSegmentJob": ({"filter_arn": FILTER, "num_results": 100}, {**BATCH, "NumResults": 100}),
    "DataDeletionJob": ({}, {"DatasetGroupArn": GROUP, **SOURCE}),
}
"""The options of each kind, and what its call has because of them."""
OF_BATCHES = {
    "source": "JobInput.S3DataSource.Path",
    "destination": "JobOutput.S3DataDestination.Path",
}
PATHS = {
    "DatasetImportJob": {"source": "DataSource.DataLocation"},
    "DatasetExportJob": {"destination": "JobOutput.S3DataDestination.Path"},
    "BatchInferenceJob": OF_BATCHES,
    "BatchSegmentJob": OF_BATCHES,
    "DataDeletionJob": {"source": "DataSource.DataLocation"},
}
"""The arguments that have a location."""


def arguments(data: Data, noun: str, **options: Any) -> dict[str, Any]:
    """The arguments of the call that starts a job of this kind."""
    return dict(states(data, getattr(jobs, noun), **options)["Prepare Job"]["Output"]["Arguments"])


def test_each_kind_is_here() -> None:
    """The table here has every kind of the page's table."""
    assert set(ARGUMENTS) == set(PATHS) == {row.noun for row in ROWS if row.is_job}


@pytest.mark.parametrize("noun", ARGUMENTS)
def test_all_parameters_of_the_api(data: Data, noun: str) -> None:
    """Literals stay as they are."""
    given, expected = ARGUMENTS[noun]
    made = arguments(data, noun, job_name="monday", tags={"team": "movies"}, **given)
    assert made == {**OF_ALL, **expected}


@pytest.mark.parametrize("noun", ARGUMENTS)
def test_arguments_that_are_not_given_are_left_out(data: Data, noun: str) -> None:
    """The call has no key instead of an empty string, and no tags."""
    _, expected = ARGUMENTS[noun]
    sent = arguments(
        data, noun, tags={}, **{part: data.unencrypted(f"{part}/") for part in PATHS[noun]}
    )
    needed = {"JobName", "DatasetArn", "DatasetGroupArn", "SolutionVersionArn", "RoleArn"}
    needed |= {path.partition(".")[0] for path in PATHS[noun].values()}
    assert set(sent) == needed & {*OF_ALL, *expected}
    assert "KmsKeyArn" not in str(sent)


@pytest.mark.parametrize("noun", PATHS)
def test_paths_are_below_each_location(stack: cdk.Stack, data: Data, noun: str) -> None:
    """Paths of source and destination are appended; policies allow the prefix with any path."""
    options: dict[str, Any] = {}
    for part in PATHS[noun]:
        options |= {part: data.unencrypted(f"{part}/"), f"{part}_path": f"{part}-today/"}
    sent = arguments(data, noun, **options)
    for part, path in PATHS[noun].items():
        value: Any = sent
        for name in path.split("."):
            value = value[name]
        assert value == f"s3://<Plain295EB121>/{part}/{part}-today/"
    allowed = [readable(statement["Resource"]) for statement in bucket_policy(stack)]
    assert sorted(resource for resource in allowed if resource.endswith("*")) == sorted(
        f"<Plain295EB121.Arn>/{part}/*" for part in PATHS[noun]
    )
