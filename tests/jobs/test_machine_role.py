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
from tests.jobs.machines import (
    DATASET,
    GROUP,
    SOLUTION,
    VERSION,
    Data,
    allow,
    job,
    machine,
    machine_policy,
)
from tests.policies import resources

PERSONALIZE = "arn:<AWS::Partition>:personalize:eu-west-1:111111111111"
PASS_ROLE = {
    "Effect": "Allow",
    "Action": "iam:PassRole",
    "Resource": "<EncryptionRole2D2265A5.Arn>",
    "Condition": {"StringEquals": {"iam:PassedToService": "personalize.amazonaws.com"}},
}


TYPES = {
    "DatasetImportJob": "dataset-import-job",
    "DatasetExportJob": "dataset-export-job",
    "BatchInferenceJob": "batch-inference-job",
    "BatchSegmentJob": "batch-segment-job",
    "DataDeletionJob": "data-deletion-job",
}


@pytest.mark.parametrize(
    ("kind", "parents"),
    [
        (DatasetImportJob, [DATASET]),
        (DatasetExportJob, [DATASET]),
        # AWS doesn't say which of solution and version is looked at.
        (BatchInferenceJob, [SOLUTION, VERSION]),
        # The reference has the job alone.
        (BatchSegmentJob, []),
        (DataDeletionJob, [GROUP]),
    ],
)
def test_a_job_is_of_what_it_works_on_and_of_its_own_name(
    stack: cdk.Stack, data: Data, kind: Any, parents: list[str]
) -> None:
    """The names of its jobs begin with its own prefix."""
    machine(stack, job(data, kind))
    noun = kind.__name__
    jobs = f"{PERSONALIZE}:{TYPES[noun]}/StackJob67D221D8-*"
    assert machine_policy(stack) == [
        allow(f"personalize:Create{noun}", [*parents, jobs] if parents else jobs),
        allow(f"personalize:Describe{noun}", jobs),
        PASS_ROLE,
    ]


def test_a_name_and_tags(stack: cdk.Stack, data: Data) -> None:
    """The role may start that job alone, and tags take an action of their own."""
    machine(stack, job(data, DatasetExportJob, job_name="monday", tags={"team": "movies"}))
    monday = f"{PERSONALIZE}:dataset-export-job/monday"
    assert machine_policy(stack) == [
        allow("personalize:CreateDatasetExportJob", [DATASET, monday]),
        allow(["personalize:DescribeDatasetExportJob", "personalize:TagResource"], monday),
        PASS_ROLE,
    ]


@pytest.mark.parametrize(
    ("kind", "options", "parent"),
    [
        (DatasetExportJob, {"dataset_arn": sfn.JsonPath.string_at("$.dataset")}, "dataset/*"),
        # The pattern has the versions of all solutions, too.
        (BatchInferenceJob, {"solution_version_arn": "{% $states.input.version %}"}, "solution/*"),
        (
            BatchInferenceJob,
            {"solution_version_arn": sfn.JsonPath.string_at("$.version")},
            "solution/*",
        ),
        (DataDeletionJob, {"dataset_group_arn": "{% $states.input.group %}"}, "dataset-group/*"),
    ],
)
def test_a_parameter_of_the_execution_may_be_any(
    stack: cdk.Stack, data: Data, kind: Any, options: dict[str, str], parent: str
) -> None:
    """It may be any in the account and Region of the stack."""
    machine(stack, job(data, kind, job_name="monday", **options))
    noun = kind.__name__
    assert machine_policy(stack)[0] == allow(
        f"personalize:Create{noun}",
        [f"{PERSONALIZE}:{parent}", f"{PERSONALIZE}:{TYPES[noun]}/monday"],
    )


def test_batch_inference_of_a_version_that_is_a_token_is_of_its_solution(
    stack: cdk.Stack, data: Data
) -> None:
    """CloudFormation takes the ARN of the version apart."""
    machine(stack, job(data, BatchInferenceJob, solution_version_arn=Fn.import_value("Version")))
    assert machine_policy(stack)[0]["Resource"][:2] == [
        '{"Fn::Select": [0, {"Fn::Split": ["/", {"Fn::ImportValue": "Version"}]}]}/'
        '{"Fn::Select": [1, {"Fn::Split": ["/", {"Fn::ImportValue": "Version"}]}]}',
        {"Fn::ImportValue": "Version"},
    ]


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("{% 'night-' & $states.input.day %}", "night-*"),
        ('{% "night-" & ($a ? $b : $c) %}', "night-*"),
        (
            sfn.JsonPath.format(
                "night-{}-{}", sfn.JsonPath.string_at("$.day"), sfn.JsonPath.uuid()
            ),
            "night-*",
        ),
        ("{% 'night-' & $a = $b ? 'x' : 'y' %}", "*"),
        (f"{{% 'night-{Fn.import_value('Day')}' & $a %}}", "*"),
        (sfn.JsonPath.format("{}-night", sfn.JsonPath.string_at("$.day")), "*"),
    ],
    ids=["JSONata", "other quotes", "JsonPath", "condition", "token", "later path"],
)
def test_a_name_that_begins_with_a_text_is_of_such_names(
    stack: cdk.Stack, data: Data, name: str, pattern: str
) -> None:
    """A constant beginning of each execution's name is known before."""
    machine(stack, job(data, DatasetImportJob, job_name=name))
    jobs = f"{PERSONALIZE}:dataset-import-job/{pattern}"
    assert machine_policy(stack)[:2] == [
        allow("personalize:CreateDatasetImportJob", [DATASET, jobs]),
        allow("personalize:DescribeDatasetImportJob", jobs),
    ]


def test_an_encrypted_state_machine_may_use_the_same_key(stack: cdk.Stack, data: Data) -> None:
    """The CDK's own statement for the machine's key stands beside the jobs' statements."""
    key = sfn.CustomerManagedEncryptionConfiguration(data.encryption.encryption_key)
    machine(stack, job(data, BatchSegmentJob), encryption_configuration=key)
    *_, passing, last = machine_policy(stack)
    assert (last["Action"], last["Resource"]) == (
        ["kms:Decrypt", "kms:GenerateDataKey"],
        "<EncryptionKey3A692D6E.Arn>",
    )
    assert passing == PASS_ROLE


def test_a_machine_waits_for_its_role_alone(stack: cdk.Stack, data: Data) -> None:
    """Executions begin after the deployment, when the policies of the construct are there."""
    machine(stack, job(data, BatchInferenceJob))
    (state_machine,) = resources(stack, "AWS::StepFunctions::StateMachine").values()
    assert state_machine["DependsOn"] == ["MachineRoleDefaultPolicy7E8F0778", "MachineRoleD2D3D395"]
