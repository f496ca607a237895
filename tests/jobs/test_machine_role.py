"""The role of a state machine: statements as literals, from the service authorization reference."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import Fn
from aws_cdk import aws_stepfunctions as sfn

from personalize_kms_constructs.jobs import (
    BatchInferenceJob,
    BatchSegmentJob,
    DataDeletionJob,
    DatasetExportJob,
    DatasetImportJob,
)
from tests.jobs.machines import DATASET, GROUP, SOLUTION, VERSION, Data, machine, machine_policy
from tests.policies import resources

PERSONALIZE = "arn:<AWS::Partition>:personalize:eu-west-1:111111111111"
PASS_ROLE = {
    "Effect": "Allow",
    "Action": "iam:PassRole",
    "Resource": "<EncryptionRole2D2265A5.Arn>",
    "Condition": {"StringEquals": {"iam:PassedToService": "personalize.amazonaws.com"}},
}


def allow(action: Any, resource: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def test_an_import_is_of_one_dataset_and_of_its_own_jobs(stack: cdk.Stack, data: Data) -> None:
    """The names of its jobs begin with its own prefix."""
    machine(
        stack, DatasetImportJob(stack, "Import", encryption=data.encryption, dataset_arn=DATASET, source=data.at("i/"))
    )
    jobs = f"{PERSONALIZE}:dataset-import-job/StackImportBFE02939-*"
    assert machine_policy(stack) == [
        allow("personalize:CreateDatasetImportJob", [DATASET, jobs]),
        allow("personalize:DescribeDatasetImportJob", jobs),
        PASS_ROLE,
    ]


def test_an_export_with_a_name_and_tags_is_of_that_job(stack: cdk.Stack, data: Data) -> None:
    """Tags take an action of their own."""
    job = DatasetExportJob(
        stack,
        "Export",
        encryption=data.encryption,
        dataset_arn=DATASET,
        destination=data.at("out/"),
        job_name="monday",
        tags={"team": "movies"},
    )
    machine(stack, job)
    monday = f"{PERSONALIZE}:dataset-export-job/monday"
    assert machine_policy(stack) == [
        allow("personalize:CreateDatasetExportJob", [DATASET, monday]),
        allow(["personalize:DescribeDatasetExportJob", "personalize:TagResource"], monday),
        PASS_ROLE,
    ]


def test_batch_inference_is_of_one_solution(stack: cdk.Stack, data: Data) -> None:
    """Of the solution and of the version, since AWS doesn't say which of them is looked at."""
    machine(stack, batch_inference(stack, data, VERSION))
    jobs = f"{PERSONALIZE}:batch-inference-job/StackInference9C629A17-*"
    assert machine_policy(stack) == [
        allow("personalize:CreateBatchInferenceJob", [SOLUTION, VERSION, jobs]),
        allow("personalize:DescribeBatchInferenceJob", jobs),
        PASS_ROLE,
    ]


def test_batch_inference_of_a_version_that_is_a_token_is_of_its_solution(stack: cdk.Stack, data: Data) -> None:
    """CloudFormation takes the ARN of the version apart."""
    machine(stack, batch_inference(stack, data, Fn.import_value("Version")))
    on = machine_policy(stack)[0]["Resource"]
    assert on[:2] == [
        '{"Fn::Select": [0, {"Fn::Split": ["/", {"Fn::ImportValue": "Version"}]}]}/'
        '{"Fn::Select": [1, {"Fn::Split": ["/", {"Fn::ImportValue": "Version"}]}]}',
        {"Fn::ImportValue": "Version"},
    ]


@pytest.mark.parametrize(
    "version", ["{% $states.input.version %}", sfn.JsonPath.string_at("$.version")], ids=["JSONata", "JsonPath"]
)
def test_batch_inference_of_a_version_of_the_execution_may_be_of_any_solution(
    stack: cdk.Stack, data: Data, version: str
) -> None:
    """The pattern has the versions of all solutions, too."""
    machine(stack, batch_inference(stack, data, version))
    jobs = f"{PERSONALIZE}:batch-inference-job/StackInference9C629A17-*"
    assert machine_policy(stack)[0] == allow("personalize:CreateBatchInferenceJob", [f"{PERSONALIZE}:solution/*", jobs])


def test_a_parameter_of_the_execution_may_be_any(stack: cdk.Stack, data: Data) -> None:
    """Any dataset, any job of the kind, in the account and Region of the stack."""
    job = DatasetExportJob(
        stack,
        "Export",
        encryption=data.encryption,
        dataset_arn=sfn.JsonPath.string_at("$.dataset"),
        destination=data.at("out/"),
        job_name=sfn.JsonPath.string_at("$.name"),
    )
    machine(stack, job)
    assert machine_policy(stack)[0] == allow(
        "personalize:CreateDatasetExportJob", [f"{PERSONALIZE}:dataset/*", f"{PERSONALIZE}:dataset-export-job/*"]
    )


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("{% 'night-' & $states.input.day %}", "night-*"),
        ('{% "night-" & ($a ? $b : $c) %}', "night-*"),
        (sfn.JsonPath.format("night-{}-{}", sfn.JsonPath.string_at("$.day"), sfn.JsonPath.uuid()), "night-*"),
        ("{% 'night-' & $a = $b ? 'x' : 'y' %}", "*"),
        ("{% $a & 'night-' %}", "*"),
        ("{% 'night-' %}", "*"),
        ("{% 'a*' & $a %}", "*"),
        (sfn.JsonPath.format("{}-night", sfn.JsonPath.string_at("$.day")), "*"),
        (sfn.JsonPath.format("a*{}", sfn.JsonPath.string_at("$.day")), "*"),
    ],
    ids=["JSONata", "other quotes", "JsonPath", "condition", "later", "alone", "wildcard", "later path", "wild path"],
)
def test_a_name_that_begins_with_a_text_is_of_such_names(stack: cdk.Stack, data: Data, name: str, pattern: str) -> None:
    """What every execution puts first is known before."""
    options: Any = {"encryption": data.encryption, "dataset_arn": DATASET, "source": data.at("i/")}
    machine(stack, DatasetImportJob(stack, "Import", job_name=name, **options))
    jobs = f"{PERSONALIZE}:dataset-import-job/{pattern}"
    assert machine_policy(stack)[:2] == [
        allow("personalize:CreateDatasetImportJob", [DATASET, jobs]),
        allow("personalize:DescribeDatasetImportJob", jobs),
    ]


def test_a_batch_segment_job_needs_no_solution(stack: cdk.Stack, data: Data) -> None:
    """The reference has the job alone."""
    job = BatchSegmentJob(
        stack,
        "Segments",
        encryption=data.encryption,
        solution_version_arn="{% $states.input.version %}",
        source=data.at("in/"),
        destination=data.at("out/"),
    )
    machine(stack, job)
    jobs = f"{PERSONALIZE}:batch-segment-job/StackSegments7DA5F6EF-*"
    assert machine_policy(stack) == [
        allow("personalize:CreateBatchSegmentJob", jobs),
        allow("personalize:DescribeBatchSegmentJob", jobs),
        PASS_ROLE,
    ]


def test_a_data_deletion_job_is_of_one_dataset_group(stack: cdk.Stack, data: Data) -> None:
    """The reference has the job and the group."""
    job = DataDeletionJob(stack, "Delete", encryption=data.encryption, dataset_group_arn=GROUP, source=data.at("d/"))
    machine(stack, job)
    jobs = f"{PERSONALIZE}:data-deletion-job/StackDelete9F58DC53-*"
    assert machine_policy(stack) == [
        allow("personalize:CreateDataDeletionJob", [GROUP, jobs]),
        allow("personalize:DescribeDataDeletionJob", jobs),
        PASS_ROLE,
    ]


def test_a_dataset_group_of_the_execution_may_be_any(stack: cdk.Stack, data: Data) -> None:
    """In the account and Region of the stack."""
    job = DataDeletionJob(
        stack,
        "Delete",
        encryption=data.encryption,
        dataset_group_arn="{% $states.input.group %}",
        source=data.at("d/"),
        job_name="monday",
    )
    machine(stack, job)
    assert machine_policy(stack)[0] == allow(
        "personalize:CreateDataDeletionJob",
        [f"{PERSONALIZE}:dataset-group/*", f"{PERSONALIZE}:data-deletion-job/monday"],
    )


def test_an_encrypted_state_machine_may_use_the_same_key(stack: cdk.Stack, data: Data) -> None:
    """The CDK's own statement for the machine's key stands beside those of the jobs."""
    job = BatchSegmentJob(
        stack,
        "Segments",
        encryption=data.encryption,
        solution_version_arn=VERSION,
        source=data.at("in/"),
        destination=data.at("out/"),
    )
    key = data.encryption.encryption_key
    machine(stack, job, encryption_configuration=sfn.CustomerManagedEncryptionConfiguration(key))
    last = machine_policy(stack)[-1]
    assert (last["Action"], last["Resource"]) == (["kms:Decrypt", "kms:GenerateDataKey"], "<EncryptionKey3A692D6E.Arn>")
    assert machine_policy(stack)[2] == PASS_ROLE


def test_a_machine_waits_for_its_role_alone(stack: cdk.Stack, data: Data) -> None:
    """Executions begin after the deployment, when the policies of the construct are there."""
    machine(stack, batch_inference(stack, data, VERSION))
    (found,) = resources(stack, "AWS::StepFunctions::StateMachine").values()
    assert found["DependsOn"] == ["MachineRoleDefaultPolicy7E8F0778", "MachineRoleD2D3D395"]


def batch_inference(stack: cdk.Stack, data: Data, version: str) -> BatchInferenceJob:
    return BatchInferenceJob(
        stack,
        "Inference",
        encryption=data.encryption,
        solution_version_arn=version,
        source=data.at("in/"),
        destination=data.at("out/"),
    )
