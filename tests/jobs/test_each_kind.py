"""Parameters that all kinds of jobs take, by each of them."""

from inspect import signature
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import Duration

from personalize_kms_constructs import jobs
from personalize_kms_constructs.matrix import ROWS
from tests.jobs.machines import DATASET, GROUP, VERSION, Data, definition, machine, readable
from tests.policies import bucket_policy

ARNS = {"dataset_arn": DATASET, "solution_version_arn": VERSION, "dataset_group_arn": GROUP}
KINDS = {row.noun: row for row in ROWS if row.is_job}
PLACES = {
    "DatasetImportJob": {"source": "DataSource.DataLocation"},
    "DatasetExportJob": {"destination": "JobOutput.S3DataDestination.Path"},
    "BatchInferenceJob": {"source": "JobInput.S3DataSource.Path", "destination": "JobOutput.S3DataDestination.Path"},
    "BatchSegmentJob": {"source": "JobInput.S3DataSource.Path", "destination": "JobOutput.S3DataDestination.Path"},
    "DataDeletionJob": {"source": "DataSource.DataLocation"},
}
"""The arguments of the API that have a location, as its reference writes them."""


def make(stack: cdk.Stack, data: Data, noun: str, **options: Any) -> dict[str, Any]:
    """The states of a machine that runs a job of this kind."""
    kind = getattr(jobs, noun)
    arns = {name: arn for name, arn in ARNS.items() if name in signature(kind.__init__).parameters}
    places = {part: data.unencrypted(f"{part}/") for part in PLACES[noun]}
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
    parts = PLACES[noun]
    states = make(stack, data, noun, **{f"{part}_path": f"{part}-today/" for part in parts})
    assert paths(states["Prepare Job"]["Output"]["Arguments"]) == [
        f"s3://<Plain295EB121>/{part}/{part}-today/" for part in parts
    ]
    allowed = [readable(statement["Resource"]) for statement in bucket_policy(stack)]
    assert sorted(resource for resource in allowed if resource.endswith("*")) == sorted(
        f"<Plain295EB121.Arn>/{part}/*" for part in parts
    )


@pytest.mark.parametrize("noun", KINDS)
def test_paths_of_the_execution_are_looked_at(stack: cdk.Stack, data: Data, noun: str) -> None:
    """What stands behind the prefix, in the argument that has it."""
    states = make(stack, data, noun, **{f"{part}_path": "{% $states.input.path %}" for part in PLACES[noun]})
    *conditions, rest = states["Start Job"]["Arguments"].removeprefix("{% ").split(") : ")
    assert [condition.partition(", /")[0] for condition in conditions] == [
        f'$contains($substringAfter($states.input.Arguments.{argument}, "s3://<Plain295EB121>/{part}/")'
        for part, argument in PLACES[noun].items()
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


@pytest.mark.parametrize(("noun", "part"), [(noun, part) for noun, parts in PLACES.items() for part in parts])
def test_a_wrong_location_is_named_with_the_kind(stack: cdk.Stack, data: Data, noun: str, part: str) -> None:
    """Jobs of two locations tell which of them it is."""
    with pytest.raises(ValueError, match=r"^Stack/Job: ") as refused:
        make(stack, data, noun, **{part: "s3://ratings/in/"})
    assert str(refused.value) == (
        f"Stack/Job: {part} of {KINDS[noun].resource} is 's3://ratings/in/' but a location is expected: pass "
        "S3Location(bucket, prefix)"
    )
