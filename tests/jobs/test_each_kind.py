"""Parameters that all kinds of jobs take, by each of them."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import Duration

from personalize_kms_constructs.jobs import (
    BatchInferenceJob,
    BatchSegmentJob,
    DataDeletionJob,
    DatasetExportJob,
    DatasetImportJob,
)
from tests.jobs.machines import DATASET, GROUP, VERSION, Data, definition, machine, readable
from tests.policies import bucket_policy

KINDS: dict[str, tuple[Any, dict[str, str], tuple[str, ...]]] = {
    "DatasetImportJob": (DatasetImportJob, {"dataset_arn": DATASET}, ("source",)),
    "DatasetExportJob": (DatasetExportJob, {"dataset_arn": DATASET}, ("destination",)),
    "BatchInferenceJob": (BatchInferenceJob, {"solution_version_arn": VERSION}, ("source", "destination")),
    "BatchSegmentJob": (BatchSegmentJob, {"solution_version_arn": VERSION}, ("source", "destination")),
    "DataDeletionJob": (DataDeletionJob, {"dataset_group_arn": GROUP}, ("source",)),
}


def make(stack: cdk.Stack, data: Data, noun: str, **options: Any) -> dict[str, Any]:
    """The states of a machine that runs a job of this kind."""
    kind, arns, parts = KINDS[noun]
    places = {part: data.unencrypted(f"{part}/") for part in parts}
    machine(stack, kind(stack, "Job", **{"encryption": data.encryption, **arns, **places, **options}))
    return dict(definition(stack)["States"])


def paths(value: Any) -> list[str]:
    """All S3 paths in the arguments of a call."""
    if isinstance(value, dict):
        return [path for entry in value.values() for path in paths(entry)]
    return [value] if isinstance(value, str) and "s3://" in value else []


@pytest.mark.parametrize("noun", KINDS)
def test_a_name_tags_and_times(stack: cdk.Stack, data: Data, noun: str) -> None:
    """They reach the states."""
    states = make(
        stack,
        data,
        noun,
        job_name="monday",
        tags={"team": "movies"},
        timeout=Duration.hours(2),
        patience=Duration.seconds(450),
    )
    arguments = states["Prepare Job"]["Output"]["Arguments"]
    assert (arguments["JobName"], arguments["Tags"]) == ("monday", [{"TagKey": "team", "TagValue": "movies"}])
    assert states["Start Job"]["Retry"][0]["MaxAttempts"] == 4
    assert states["Status of Job"]["Choices"][-1] == {
        "Condition": (
            "{% $millis() > $max([$toMillis($states.input.Since), $toMillis($states.context.Execution.RedriveTime)]) + "
            "7200000 %}"
        ),
        "Output": {
            "Error": f"{noun}TimedOut",
            "Cause": "{% $states.input.JobArn & ' is still ' & $states.input.Job.Status & ' after 7200 seconds' %}",
        },
        "Next": "Job failed",
    }


@pytest.mark.parametrize("noun", KINDS)
def test_calls_and_errors_are_those_of_the_kind(stack: cdk.Stack, data: Data, noun: str) -> None:
    """Their names begin with that of the job in the API."""
    states = make(stack, data, noun)
    api = "arn:<AWS::Partition>:states:::aws-sdk:personalize"
    assert [states[f"{verb} Job"]["Resource"] for verb in ("Start", "Describe")] == [
        f"{api}:create{noun}",
        f"{api}:describe{noun}",
    ]
    assert states["Start Job"]["Output"]["JobArn"] == f"{{% $states.result.{noun}Arn %}}"
    (succeeded, *failures) = states["Status of Job"]["Choices"]
    success = "COMPLETED" if noun == "DataDeletionJob" else "ACTIVE"
    assert succeeded["Condition"] == f"{{% $states.input.Job.Status = '{success}' %}}"
    assert [failure["Output"]["Error"] for failure in failures] == [
        f"{noun}Failed",
        f"{noun}StatusUnknown",
        f"{noun}TimedOut",
    ]


@pytest.mark.parametrize("noun", KINDS)
def test_paths_are_below_each_location(stack: cdk.Stack, data: Data, noun: str) -> None:
    """Of the source, of the destination, or of both; policies know nothing of them."""
    parts = KINDS[noun][2]
    states = make(stack, data, noun, **{f"{part}_path": f"{part}-today/" for part in parts})
    assert paths(states["Prepare Job"]["Output"]["Arguments"]) == [
        f"s3://<Plain295EB121>/{part}/{part}-today/" for part in parts
    ]
    allowed = [readable(statement["Resource"]) for statement in bucket_policy(stack)]
    assert sorted(resource for resource in allowed if resource.endswith("*")) == sorted(
        f"<Plain295EB121.Arn>/{part}/*" for part in parts
    )


@pytest.mark.parametrize(
    ("noun", "looked_at"),
    [
        ("DatasetImportJob", [("DataSource.DataLocation", "s3://<Plain295EB121>/source/")]),
        ("DatasetExportJob", [("JobOutput.S3DataDestination.Path", "s3://<Plain295EB121>/destination/")]),
        (
            "BatchInferenceJob",
            [
                ("JobInput.S3DataSource.Path", "s3://<Plain295EB121>/source/"),
                ("JobOutput.S3DataDestination.Path", "s3://<Plain295EB121>/destination/"),
            ],
        ),
        (
            "BatchSegmentJob",
            [
                ("JobInput.S3DataSource.Path", "s3://<Plain295EB121>/source/"),
                ("JobOutput.S3DataDestination.Path", "s3://<Plain295EB121>/destination/"),
            ],
        ),
        ("DataDeletionJob", [("DataSource.DataLocation", "s3://<Plain295EB121>/source/")]),
    ],
)
def test_paths_of_the_execution_are_looked_at(
    stack: cdk.Stack, data: Data, noun: str, looked_at: list[tuple[str, str]]
) -> None:
    """What stands behind the prefix, in the argument that has it."""
    states = make(stack, data, noun, **{f"{part}_path": "{% $states.input.path %}" for part in KINDS[noun][2]})
    *conditions, rest = states["Start Job"]["Arguments"].removeprefix("{% ").split(") : ")
    assert [condition.partition(", /")[0] for condition in conditions] == [
        f'$contains($substringAfter($states.input.Arguments.{argument}, "{prefix}")' for argument, prefix in looked_at
    ]
    assert rest == "$states.input.Arguments %}"


@pytest.mark.parametrize("noun", KINDS)
@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ({"encryption": None}, "encryption is None but a PersonalizeEncryption is expected"),
        ({"job_name": "a b"}, "job_name 'a b' is not a name that Personalize takes"),
        ({"timeout": 5}, "timeout is 5 but a Duration"),
        ({"patience": 5}, "patience is 5 but a Duration"),
        ({"tags": []}, "tags is an object of type list but a mapping of strings is expected"),
    ],
    ids=["encryption", "name", "timeout", "patience", "tags"],
)
def test_what_no_kind_takes(stack: cdk.Stack, data: Data, noun: str, option: dict[str, Any], reason: str) -> None:
    """Refused by each of them."""
    with pytest.raises(ValueError, match=r"^Stack/Job: ") as refused:
        make(stack, data, noun, **option)
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("noun", "part", "what"),
    [
        ("DatasetImportJob", "source", "source of dataset import job"),
        ("DatasetExportJob", "destination", "destination of dataset export job"),
        ("BatchInferenceJob", "source", "source of batch inference job"),
        ("BatchInferenceJob", "destination", "destination of batch inference job"),
        ("BatchSegmentJob", "source", "source of batch segment job"),
        ("BatchSegmentJob", "destination", "destination of batch segment job"),
        ("DataDeletionJob", "source", "source of data deletion job"),
    ],
)
def test_a_wrong_location_is_named_with_the_kind(stack: cdk.Stack, data: Data, noun: str, part: str, what: str) -> None:
    """Jobs of two locations tell which of them it is."""
    with pytest.raises(ValueError, match=r"^Stack/Job: ") as refused:
        make(stack, data, noun, **{part: "s3://ratings/in/"})
    assert str(refused.value) == (
        f"Stack/Job: {what} is 's3://ratings/in/' but a location is expected: pass S3Location(bucket, prefix)"
    )
