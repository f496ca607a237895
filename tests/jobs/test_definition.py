"""The states of each job, whole."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_stepfunctions as sfn

from personalize_kms_constructs.jobs import DatasetExportJob, DatasetImportJob
from tests.jobs.machines import DATASET, Data, definition, machine

PERSONALIZE = "arn:<AWS::Partition>:personalize:eu-west-1:111111111111"
API = "arn:<AWS::Partition>:states:::aws-sdk:personalize"
HASH = "$hash($states.context.Execution.Id & '/' & $states.context.Map.Item.Index, 'SHA-1')"
PASSING = {
    "ErrorEquals": [
        "Personalize.PersonalizeException",
        "Personalize.ThrottlingException",
        "Personalize.TooManyRequestsException",
        "Personalize.InternalServerException",
        "Personalize.ServiceUnavailableException",
        "Personalize.SdkClientException",
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
    "MaxAttempts": 100,
    "JitterStrategy": "FULL",
}


def test_an_import_starts_waits_looks_and_ends_as_the_job_does(stack: cdk.Stack, data: Data) -> None:
    """An import job names no key: the API has no field for it."""
    machine(
        stack, DatasetImportJob(stack, "Import", encryption=data.encryption, dataset_arn=DATASET, source=data.at("in/"))
    )
    assert definition(stack) == {
        "StartAt": "Start Import",
        "States": {
            "Start Import": {
                "QueryLanguage": "JSONata",
                "Type": "Task",
                "Resource": f"{API}:createDatasetImportJob",
                "Arguments": {
                    "DatasetArn": DATASET,
                    "DataSource": {"DataLocation": "s3://<Encrypted084288C2>/in/"},
                    "RoleArn": "<EncryptionRole2D2265A5.Arn>",
                    "JobName": f"{{% 'StackImportBFE02939-' & {HASH} %}}",
                },
                "Output": {
                    "JobArn": "{% $states.result.DatasetImportJobArn %}",
                    "ExistedAlready": False,
                    "WaitSeconds": 30,
                },
                "Retry": [TOO_MANY, PASSING],
                "Catch": [
                    {
                        "ErrorEquals": ["Personalize.ResourceAlreadyExistsException"],
                        "Output": {
                            "JobArn": (
                                f"{{% '{PERSONALIZE}:dataset-import-job/' & 'StackImportBFE02939-' & {HASH} %}}"
                            ),
                            "ExistedAlready": True,
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
                "Retry": [PASSING],
                "Next": "Status of Import",
            },
            "Status of Import": {
                "QueryLanguage": "JSONata",
                "Type": "Choice",
                "Choices": [
                    {"Condition": "{% $states.input.Job.Status = 'ACTIVE' %}", "Next": "Import done"},
                    {"Condition": "{% $states.input.Job.Status = 'CREATE FAILED' %}", "Next": "Import failed"},
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
                "Error": "DatasetImportJobFailed",
                "Cause": (
                    "{% $exists($states.input.Job.FailureReason) ? $states.input.Job.FailureReason : "
                    "'no reason given for ' & $states.input.JobArn %}"
                ),
            },
        },
    }


@pytest.mark.parametrize("as_expression", [False, True], ids=["JsonPath", "JSONata"])
def test_a_name_of_an_execution_is_looked_up_by_its_arn(stack: cdk.Stack, data: Data, as_expression: bool) -> None:
    """The ARN of a job that was there before is built from the same expression, and its age is looked at."""
    given = "{% $states.input.day %}" if as_expression else sfn.JsonPath.string_at("$.day")
    job = DatasetExportJob(
        stack, "Job", encryption=data.encryption, dataset_arn=DATASET, destination=data.at("out/"), job_name=given
    )
    machine(stack, job)
    states = definition(stack)["States"]
    name = "($states.input.day)" if as_expression else "$states.input.JobName"
    (caught,) = states["Start Job"]["Catch"]
    assert caught["Output"]["JobArn"] == f"{{% '{PERSONALIZE}:dataset-export-job/' & {name} %}}"
    assert states["Status of Job"]["Choices"][0] == {
        "Condition": (
            "{% $states.input.ExistedAlready and $toMillis($states.input.Job.CreationDateTime) + 1000 < "
            "$toMillis($states.context.Execution.StartTime) %}"
        ),
        "Next": "Name of Job taken",
    }
    assert states["Name of Job taken"] == {
        "QueryLanguage": "JSONata",
        "Type": "Fail",
        "Error": "Personalize.ResourceAlreadyExistsException",
        "Cause": "{% $states.input.JobArn & ' is older than this execution: give another job_name, or none' %}",
    }


def test_two_jobs_of_a_kind_have_names_of_their_own(stack: cdk.Stack, data: Data) -> None:
    """In one machine, with states that lead from one to the other."""
    options: Any = {"encryption": data.encryption, "dataset_arn": DATASET, "source": data.at("in/")}
    machine(stack, DatasetImportJob(stack, "One", **options), DatasetImportJob(stack, "Two", **options))
    states = definition(stack)["States"]
    assert states["One done"]["Next"] == "Start Two"
    names = [states[f"Start {id}"]["Arguments"]["JobName"] for id in ("One", "Two")]
    assert names == [f"{{% 'StackOne30A4127A-' & {HASH} %}}", f"{{% 'StackTwo3036A41A-' & {HASH} %}}"]


def test_prefixed_states_still_lead_to_each_other(stack: cdk.Stack, data: Data) -> None:
    """``prefix_states`` after construction, as the CDK allows it, and a fragment as one state that can be caught."""
    job = DatasetImportJob(stack, "Import", encryption=data.encryption, dataset_arn=DATASET, source=data.at("in/"))
    machine(stack, job.prefix_states("Nightly "))
    states = definition(stack)["States"]
    assert list(states) == [
        "Nightly Start Import",
        "Nightly Wait for Import",
        "Nightly Describe Import",
        "Nightly Status of Import",
        "Nightly Import done",
        "Nightly Import failed",
    ]
    assert states["Nightly Start Import"]["Catch"][0]["Next"] == "Nightly Wait for Import"


def test_a_job_as_one_state_can_be_caught(stack: cdk.Stack, data: Data) -> None:
    """Whatever fails in it, and its input can go on beside its result."""
    job = DatasetImportJob(stack, "Import", encryption=data.encryption, dataset_arn=DATASET, source=data.at("in/"))
    state = job.to_single_state(result_path="$.imported").add_catch(sfn.Pass(stack, "Tell"), result_path="$.error")
    machine(stack, state)
    found = definition(stack)["States"]["Import"]
    assert (found["Type"], found["ResultPath"]) == ("Parallel", "$.imported")
    assert found["Catch"] == [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Tell"}]
    assert found["Branches"][0]["StartAt"] == "Import: Start Import"
