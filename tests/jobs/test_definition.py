"""The states of a job, whole."""

import json
import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn

from personalize_kms_check._shared import METADATA_TYPE
from personalize_kms_constructs import jobs
from personalize_kms_constructs.jobs import (
    BatchInferenceJob,
    BatchSegmentJob,
    DatasetExportJob,
    DatasetImportJob,
)
from tests.jobs.machines import DATASET, Data, definition, job, machine, machine_policy, states
from tests.life.conftest import warnings
from tests.policies import template

PERSONALIZE = "arn:<AWS::Partition>:personalize:eu-west-1:111111111111"
API = "arn:<AWS::Partition>:states:::aws-sdk:personalize"


def passing(*more: str) -> dict[str, Any]:
    return {
        "ErrorEquals": [
            "Personalize.PersonalizeException",
            "Personalize.ThrottlingException",
            "Personalize.TooManyRequestsException",
            "Personalize.InternalServerException",
            "Personalize.ServiceUnavailableException",
            "Personalize.SdkClientException",
            *more,
        ],
        "IntervalSeconds": 2,
        "BackoffRate": 2,
        "MaxDelaySeconds": 60,
        "MaxAttempts": 8,
        "JitterStrategy": "FULL",
    }


OTHERS_AT_WORK = {
    "ErrorEquals": ["Personalize.LimitExceededException", "Personalize.ResourceInUseException"],
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
            "Retry": [OTHERS_AT_WORK, passing()],
            "Catch": [
                {
                    "ErrorEquals": ["Personalize.ResourceAlreadyExistsException"],
                    "Output": {
                        "JobArn": (
                            f"{{% '{PERSONALIZE}:dataset-import-job/' & "
                            "$states.input.Arguments.JobName %}"
                        ),
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
                            "{% $exists($states.input.Job.FailureReason) ? "
                            "$states.input.Job.FailureReason : 'no reason given for ' & "
                            "$states.input.JobArn %}"
                        ),
                    },
                    "Next": "Import failed",
                },
                {
                    "Condition": (
                        "{% $not($states.input.Job.Status in ['CREATE PENDING', 'CREATE "
                        "IN_PROGRESS', 'PENDING', 'IN_PROGRESS', 'IN PROGRESS']) %}"
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


@pytest.mark.parametrize("noun", jobs.__all__)
def test_a_job_starts_waits_looks_and_ends(stack: cdk.Stack, data: Data, noun: str) -> None:
    """Other kinds differ only in their names in the API and in the status they end with."""
    machine(stack, job(data, getattr(jobs, noun), "Import"))
    parsed = definition(stack)
    arn_type = re.sub("(?<!^)([A-Z])", r"-\1", noun).lower()
    expected = json.loads(
        json.dumps(IMPORT)
        .replace("DatasetImportJob", noun)
        .replace("dataset-import-job", arn_type)
        .replace("'ACTIVE'", "'COMPLETED'" if noun == "DataDeletionJob" else "'ACTIVE'")
    )
    if noun != "DatasetImportJob":  # test_each_kind has the others
        del parsed["States"]["Prepare Import"]["Output"]["Arguments"]
        del expected["States"]["Prepare Import"]["Output"]["Arguments"]
    assert parsed == expected


@pytest.mark.parametrize("as_expression", [False, True], ids=["JsonPath", "JSONata"])
def test_a_given_name_may_be_that_of_another_job(data: Data, as_expression: bool) -> None:
    """An execution doesn't go on with another job of the name."""
    given = "{% $states.input.day %}" if as_expression else sfn.JsonPath.string_at("$.day")
    machine_states = states(data, DatasetExportJob, job_name=given)
    assert machine_states["Prepare Job"]["Output" if as_expression else "Parameters"][
        "Arguments"
    ].items() >= ({"JobName": given}.items() if as_expression else {"JobName.$": "$.day"}.items())
    assert "Catch" not in machine_states["Start Job"]


def test_a_function_without_a_path_is_json_path(data: Data) -> None:
    """JSONPath is chosen although the function is the only expression."""
    name = sfn.JsonPath.format("nightly-{}", sfn.JsonPath.uuid())
    prepared = states(data, DatasetExportJob, job_name=name)["Prepare Job"]["Parameters"]
    assert prepared["Arguments"]["JobName.$"] == "States.Format('nightly-{}', States.UUID())"
    (creating,) = [
        statement
        for statement in machine_policy(cdk.Stack.of(data.encryption))
        if "Create" in str(statement["Action"])
    ]
    assert creating["Resource"] == [DATASET, f"{PERSONALIZE}:dataset-export-job/nightly-*"]


@pytest.mark.parametrize("as_expression", [False, True], ids=["JsonPath", "JSONata"])
def test_a_name_that_is_pinned_changes_nothing(as_expression: bool) -> None:
    """A UUID is new each time, in a default name and in a pinned name."""

    def made(**name: str) -> Any:
        stack = cdk.Stack(cdk.App(analytics_reporting=False), "Stack")
        arn = DATASET if as_expression else sfn.JsonPath.string_at("$.arn")
        machine(stack, job(Data.of(stack), DatasetExportJob, dataset_arn=arn, **name))
        return template(stack)

    name = "StackJob67D221D8"
    pinned = (
        f"{{% '{name}-' & $uuid() %}}"
        if as_expression
        else sfn.JsonPath.format(f"{name}-{{}}", sfn.JsonPath.uuid())
    )
    assert made(job_name=pinned) == made()


@pytest.mark.parametrize(
    ("times", "attempts", "milliseconds"),
    [
        ({}, 195, 259_200_000),
        # The longest wait is 60 + 120 + 240 + 480 seconds and then 900 each time: half of it on
        # average.
        ({"patience": Duration.seconds(450)}, 4, 259_200_000),
        ({"patience": Duration.seconds(451)}, 5, 259_200_000),
        ({"patience": Duration.millis(0)}, 0, 259_200_000),
        ({"timeout": Duration.hours(6), "patience": Duration.hours(3)}, 27, 21_600_000),
        ({"timeout": Duration.days(9)}, 195, 777_600_000),
        ({"timeout": Duration.millis(1600)}, 1, 2000),
    ],
    ids=["default", "450 s", "451 s", "no patience", "6 hours", "9 days", "1.6 seconds"],
)
def test_time_and_patience_are_parameters(
    data: Data, times: dict[str, Duration], attempts: int, milliseconds: int
) -> None:
    """A random part of each delay is the wait for a place, which ends with the timeout."""
    machine_states = states(data, DatasetImportJob, **times)
    assert machine_states["Start Job"]["Retry"][0] == {**OTHERS_AT_WORK, "MaxAttempts": attempts}
    assert machine_states["Status of Job"]["Choices"][3]["Condition"] == (
        "{% $millis() > $max([$toMillis($states.input.Since), "
        f"$toMillis($states.context.Execution.RedriveTime)]) + {milliseconds} %}}"
    )


@pytest.mark.parametrize(("letters", "length"), [(12, 62), (40, 63)])
def test_a_name_is_as_long_as_personalize_takes(
    stack: cdk.Stack, data: Data, letters: int, length: int
) -> None:
    """Ids and eight digits take up to 26 of 63 characters; a hyphen and a UUID take the others."""
    machine(stack, job(data, DatasetImportJob, "B" * letters))
    name = definition(stack)["States"][f"Prepare {'B' * letters}"]["Output"]["Arguments"]["JobName"]
    assert len(name.removeprefix("{% '").removesuffix("-' & $uuid() %}")) + len("-") + 36 == length


def test_json_paths_are_evaluated_by_a_state_of_their_language(data: Data) -> None:
    """So are the name and the paths; the call passes the whole result of that state on."""
    machine_states = states(
        data,
        BatchInferenceJob,
        solution_version_arn=sfn.JsonPath.string_at("$.version"),
        source=data.unencrypted("in/"),
        source_path=sfn.JsonPath.string_at("$.file"),
        destination=data.unencrypted("out/"),
        destination_path=sfn.JsonPath.format("{}/", sfn.JsonPath.string_at("$.day")),
        num_results=sfn.JsonPath.number_at("$.count"),
        tags={"run": sfn.JsonPath.string_at("$$.Execution.Name")},
    )
    assert machine_states["Prepare Job"] == {
        "QueryLanguage": "JSONPath",
        "Type": "Pass",
        "Parameters": {
            "Arguments": {
                "JobName.$": "States.Format('StackJob67D221D8-{}', States.UUID())",
                "SolutionVersionArn.$": "$.version",
                "NumResults.$": "$.count",
                "JobInput": {
                    "S3DataSource": {
                        "Path.$": "States.Format('{}{}', 's3://<Plain295EB121>/in/', $.file)"
                    },
                },
                "JobOutput": {
                    "S3DataDestination": {
                        "Path.$": "States.Format('{}{}', 's3://<Plain295EB121>/out/', "
                        "States.Format('{}/', $.day))"
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
    assert machine_states["Start Job"]["Arguments"].endswith(" : $states.input.Arguments %}")


def test_a_number_may_be_the_only_json_path(data: Data) -> None:
    """``JsonPath`` hides it in a number."""
    prepared = states(data, BatchSegmentJob, num_results=sfn.JsonPath.number_at("$.count"))[
        "Prepare Job"
    ]
    assert (prepared["QueryLanguage"], prepared["Parameters"]["Arguments"]["NumResults.$"]) == (
        "JSONPath",
        "$.count",
    )


def test_a_second_synth_leaves_no_metadata_twice(
    app: cdk.App, stack: cdk.Stack, data: Data
) -> None:
    """It leaves no second request for the same job either."""
    importing = job(data, DatasetImportJob)
    machine(stack, importing)
    app.synth()
    app.synth(force=True)
    assert [entry.type for entry in importing.node.metadata].count(METADATA_TYPE) == 1


@pytest.mark.parametrize("name", ["monday", "{param}", "{% 'day-' & $states.input.day %}", None])
def test_a_name_that_works_once_is_a_warning(
    stack: cdk.Stack, data: Data, name: str | None
) -> None:
    """Personalize takes a name once, and all executions have this one."""
    parameter = cdk.CfnParameter(stack, "Name").value_as_string
    name = name and name.replace("{param}", parameter)
    machine(stack, job(data, DatasetImportJob, job_name=name))
    expected = {}
    if name in ("monday", parameter):
        shown = "${Stack/Name}" if name == parameter else name
        expected["fixedJobName"] = (
            f"job_name is '{shown}' in every execution, but Personalize takes a name once, so the "
            "second execution fails: leave it out, or use an expression with a new part, for "
            "example {% 'ratings-' & $uuid() %}"
        )
    assert warnings(stack) == expected
