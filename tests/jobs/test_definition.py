"""The states of each job, whole."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from personalize_kms_constructs.jobs import BatchSegmentJob, DatasetExportJob, DatasetImportJob
from tests.jobs import asl
from tests.jobs.machines import DATASET, VERSION, Data, definition, machine

PERSONALIZE = "arn:<AWS::Partition>:personalize:eu-west-1:111111111111"
API = "arn:<AWS::Partition>:states:::aws-sdk:personalize"


def passing(last: str) -> dict[str, Any]:
    return {
        "ErrorEquals": [
            "Personalize.PersonalizeException",
            "Personalize.ThrottlingException",
            "Personalize.TooManyRequestsException",
            "Personalize.InternalServerException",
            "Personalize.ServiceUnavailableException",
            "Personalize.SdkClientException",
            last,
        ],
        "IntervalSeconds": 2,
        "BackoffRate": 2,
        "MaxDelaySeconds": 60,
        "MaxAttempts": 8,
        "JitterStrategy": "FULL",
    }


TOO_MANY = {
    "ErrorEquals": ["Personalize.LimitExceededException"],
    "IntervalSeconds": 60,
    "BackoffRate": 2,
    "MaxDelaySeconds": 900,
    "MaxAttempts": 195,
    "JitterStrategy": "FULL",
}
IMPORT = {
    "StartAt": "Prepare Import",
    "States": {
        "Prepare Import": {
            "QueryLanguage": "JSONata",
            "Type": "Pass",
            "Output": {
                "Arguments": {
                    "JobName": "{% 'StackImportBFE02939-' & $uuid() %}",
                    "DatasetArn": DATASET,
                    "DataSource": {"DataLocation": "s3://<Encrypted084288C2>/in/"},
                    "RoleArn": "<EncryptionRole2D2265A5.Arn>",
                },
                "Since": "{% $states.context.State.EnteredTime %}",
            },
            "Next": "Start Import",
        },
        "Start Import": {
            "QueryLanguage": "JSONata",
            "Type": "Task",
            "Resource": f"{API}:createDatasetImportJob",
            "Arguments": "{% $states.input.Arguments %}",
            "Output": {
                "JobArn": "{% $states.result.DatasetImportJobArn %}",
                "Since": "{% $states.input.Since %}",
                "WaitSeconds": 30,
            },
            "Retry": [TOO_MANY, passing("Personalize.ResourceInUseException")],
            "Catch": [
                {
                    "ErrorEquals": ["Personalize.ResourceAlreadyExistsException"],
                    "Output": {
                        "JobArn": (f"{{% '{PERSONALIZE}:dataset-import-job/' & $states.input.Arguments.JobName %}}"),
                        "Since": "{% $states.input.Since %}",
                        "WaitSeconds": 30,
                    },
                    "Next": "Wait for Import",
                }
            ],
            "Next": "Wait for Import",
        },
        "Wait for Import": {
            "QueryLanguage": "JSONata",
            "Type": "Wait",
            "Seconds": "{% $states.input.WaitSeconds %}",
            "Next": "Describe Import",
        },
        "Describe Import": {
            "QueryLanguage": "JSONata",
            "Type": "Task",
            "Resource": f"{API}:describeDatasetImportJob",
            "Arguments": {"DatasetImportJobArn": "{% $states.input.JobArn %}"},
            "Output": (
                "{% $merge([$states.input, {'Job': $states.result.DatasetImportJob, "
                "'WaitSeconds': $min([2 * $states.input.WaitSeconds, 300])}]) %}"
            ),
            "Retry": [passing("Personalize.ResourceNotFoundException")],
            "Next": "Status of Import",
        },
        "Status of Import": {
            "QueryLanguage": "JSONata",
            "Type": "Choice",
            "Choices": [
                {"Condition": "{% $states.input.Job.Status = 'ACTIVE' %}", "Next": "Import done"},
                {
                    "Condition": "{% $states.input.Job.Status in ['CREATE FAILED', 'FAILED'] %}",
                    "Output": {
                        "Error": "DatasetImportJobFailed",
                        "Cause": (
                            "{% $exists($states.input.Job.FailureReason) ? $states.input.Job.FailureReason : "
                            "'no reason given for ' & $states.input.JobArn %}"
                        ),
                    },
                    "Next": "Import failed",
                },
                {
                    "Condition": (
                        "{% $not($states.input.Job.Status in ['CREATE PENDING', 'CREATE IN_PROGRESS', 'PENDING', "
                        "'IN_PROGRESS', 'IN PROGRESS']) %}"
                    ),
                    "Output": {
                        "Error": "DatasetImportJobStatusUnknown",
                        "Cause": (
                            "{% $states.input.JobArn & ' has a status that is not documented: ' & "
                            "$states.input.Job.Status %}"
                        ),
                    },
                    "Next": "Import failed",
                },
                {
                    "Condition": (
                        "{% $millis() > $max([$toMillis($states.input.Since), "
                        "$toMillis($states.context.Execution.RedriveTime)]) + 259200000 %}"
                    ),
                    "Output": {
                        "Error": "DatasetImportJobTimedOut",
                        "Cause": (
                            "{% $states.input.JobArn & ' is still ' & $states.input.Job.Status & "
                            "' after 259200 seconds' %}"
                        ),
                    },
                    "Next": "Import failed",
                },
            ],
            "Default": "Wait for Import",
        },
        "Import done": {
            "QueryLanguage": "JSONata",
            "Type": "Pass",
            "Output": "{% $states.input.Job %}",
            "End": True,
        },
        "Import failed": {
            "QueryLanguage": "JSONata",
            "Type": "Fail",
            "Error": "{% $states.input.Error %}",
            "Cause": "{% $states.input.Cause %}",
        },
    },
}


def test_an_import_starts_waits_looks_and_ends_as_the_job_does(stack: cdk.Stack, data: Data) -> None:
    """An import job names no key: the API has no field for it."""
    machine(
        stack, DatasetImportJob(stack, "Import", encryption=data.encryption, dataset_arn=DATASET, source=data.at("in/"))
    )
    assert definition(stack) == IMPORT


@pytest.mark.parametrize("as_expression", [False, True], ids=["JsonPath", "JSONata"])
def test_a_given_name_may_be_that_of_another_job(stack: cdk.Stack, data: Data, as_expression: bool) -> None:
    """One that existed before any attempt of this entry, or before this entry itself."""
    given = "{% $states.input.day %}" if as_expression else sfn.JsonPath.string_at("$.day")
    job = DatasetExportJob(
        stack, "Job", encryption=data.encryption, dataset_arn=DATASET, destination=data.at("out/"), job_name=given
    )
    machine(stack, job)
    states = definition(stack)["States"]
    assert states["Prepare Job"]["Output" if as_expression else "Parameters"]["Arguments"].items() >= (
        {"JobName": given}.items() if as_expression else {"JobName.$": "$.day"}.items()
    )
    (caught,) = states["Start Job"]["Catch"]
    assert caught["Output"] == {
        "JobArn": f"{{% '{PERSONALIZE}:dataset-export-job/' & $states.input.Arguments.JobName %}}",
        "Since": "{% $states.input.Since %}",
        "WaitSeconds": 30,
        "TriedBefore": (
            "{% $states.context.State.RetryCount > 0 or $toMillis($states.context.Execution.RedriveTime) > "
            "$toMillis($states.input.Since) %}"
        ),
    }
    assert states["Status of Job"]["Choices"][0] == {
        "Condition": (
            "{% $exists($states.input.TriedBefore) and ($not($states.input.TriedBefore) or "
            "$toMillis($states.input.Job.CreationDateTime) + 1000 < $toMillis($states.input.Since)) %}"
        ),
        "Output": {
            "Error": "Personalize.ResourceAlreadyExistsException",
            "Cause": "{% $states.input.JobArn & ' existed before: give another job_name, or none' %}",
        },
        "Next": "Job failed",
    }


@pytest.mark.parametrize(
    ("times", "attempts", "milliseconds"),
    [
        ({}, 195, 259_200_000),
        # The longest wait is 60 + 120 + 240 + 480 seconds and then 900 each time: half of it on average.
        ({"patience": Duration.seconds(450)}, 4, 259_200_000),
        ({"patience": Duration.seconds(451)}, 5, 259_200_000),
        ({"patience": Duration.millis(0)}, 0, 259_200_000),
        ({"timeout": Duration.minutes(30)}, 5, 1_800_000),
        ({"timeout": Duration.hours(1)}, 7, 3_600_000),
        ({"timeout": Duration.hours(6), "patience": Duration.hours(3)}, 27, 21_600_000),
        ({"timeout": Duration.days(9)}, 195, 777_600_000),
        ({"timeout": Duration.seconds(1)}, 1, 1000),
        ({"timeout": Duration.millis(1600)}, 1, 2000),
    ],
    ids=[
        "default",
        "450 s",
        "451 s",
        "no patience",
        "30 minutes",
        "an hour",
        "6 hours",
        "9 days",
        "a second",
        "1.6 seconds",
    ],
)
def test_time_and_patience_are_parameters(
    stack: cdk.Stack, data: Data, times: dict[str, Duration], attempts: int, milliseconds: int
) -> None:
    """The wait for a place is a random part of each delay; it never lasts longer than the timeout."""
    options: Any = {"encryption": data.encryption, "dataset_arn": DATASET, "source": data.at("in/"), **times}
    machine(stack, DatasetImportJob(stack, "Import", **options))
    states = definition(stack)["States"]
    assert states["Start Import"]["Retry"][0] == {**TOO_MANY, "MaxAttempts": attempts}
    assert states["Status of Import"]["Choices"][3]["Condition"] == (
        "{% $millis() > $max([$toMillis($states.input.Since), $toMillis($states.context.Execution.RedriveTime)]) + "
        f"{milliseconds} %}}"
    )


def test_a_long_path_leaves_room_for_the_rest_of_the_name(stack: cdk.Stack, data: Data) -> None:
    """A job's name has 63 characters, and a UUID 36 of them."""
    scope = Construct(stack, "A" * 40)
    options: Any = {"encryption": data.encryption, "dataset_arn": DATASET, "source": data.at("in/")}
    machine(stack, DatasetImportJob(scope, "B" * 40, **options))
    name = definition(stack)["States"][f"Prepare {'B' * 40}"]["Output"]["Arguments"]["JobName"]
    prefix = name.removeprefix("{% '").removesuffix("-' & $uuid() %}")
    assert len(prefix) + len("-") + 36 == 63


@pytest.mark.parametrize(("letters", "length"), [(12, 62), (13, 63), (14, 63)])
def test_a_path_that_just_fits_leaves_room_too(stack: cdk.Stack, data: Data, letters: int, length: int) -> None:
    """The stack's id, the job's and eight digits are the beginning, as long as it has 26 characters at most."""
    options: Any = {"encryption": data.encryption, "dataset_arn": DATASET, "source": data.at("in/")}
    machine(stack, DatasetImportJob(stack, "B" * letters, **options))
    name = definition(stack)["States"][f"Prepare {'B' * letters}"]["Output"]["Arguments"]["JobName"]
    assert len(name.removeprefix("{% '").removesuffix("-' & $uuid() %}")) + len("-") + 36 == length


def test_a_number_may_be_the_only_json_path(stack: cdk.Stack, data: Data) -> None:
    """``JsonPath`` hides it in a number."""
    job = BatchSegmentJob(
        stack,
        "Job",
        encryption=data.encryption,
        solution_version_arn=VERSION,
        source=data.at("in/"),
        destination=data.at("out/"),
        num_results=sfn.JsonPath.number_at("$.count"),
    )
    machine(stack, job)
    prepared = definition(stack)["States"]["Prepare Job"]
    assert (prepared["QueryLanguage"], prepared["Parameters"]["Arguments"]["NumResults.$"]) == ("JSONPath", "$.count")


@pytest.mark.parametrize(
    ("state", "change"),
    [
        ("Start Import", {"Arguments": "{% $merge([ %}"}),
        ("Start Import", {"Parameters": {}}),
        ("Wait for Import", {"Next": "Elsewhere"}),
        ("Status of Import", {"Choices": [{"Condition": "{% 1 = %}", "Next": "Import done"}]}),
        ("Import failed", {"Cause": "{% 'no ' & %}"}),
    ],
    ids=["broken expression", "field of JSONPath", "no such state", "broken condition", "broken cause"],
)
def test_the_validator_refuses_broken_states(state: str, change: dict[str, Any]) -> None:
    """It would tell if ours were broken: every definition of these tests is judged by it."""
    assert asl.problems(IMPORT) == []
    broken = {**IMPORT, "States": {**IMPORT["States"], state: {**IMPORT["States"][state], **change}}}  # type: ignore[dict-item,index]
    assert asl.problems(broken) != []
