"""A state machine whose role takes no policies from this app."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn

from personalize_kms_check._shared.address import page_at
from personalize_kms_constructs.jobs import DatasetImportJob
from tests.jobs.machines import DATASET, Data, job, machine
from tests.life.conftest import for_owners, warnings

ARN = "arn:aws:iam::111111111111:role/team/machine"


@pytest.mark.parametrize("kind", ["of another account", "without updates"])
def test_its_owner_learns_what_to_add(stack: cdk.Stack, data: Data, kind: str) -> None:
    """The CDK drops the statements without a word."""
    if kind == "without updates":
        role = iam.Role(
            stack, "Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com")
        ).without_policy_updates()
    else:
        role = iam.Role.from_role_arn(stack, "Role", ARN.replace("111111111111", "222222222222"))
    # States inside of a map belong to the same machine, and are told once.
    machine(stack, sfn.Map(stack, "Map").item_processor(job(data, DatasetImportJob)), role=role)
    text = warnings(stack)["pendingMachinePolicy"]
    assert text.splitlines() == [
        "the role of the state machine can't start the job yet:",
        "- have its owner attach the policy in personalize-kms-pending/StackJob67D221D8.role."
        "machine.json in the assembly (fill in ${EncryptionRole2D2265A5.Arn}) to the role",
        f"Once that is done, acknowledge this warning: {page_at('messages.md')}",
    ]
    jobs = "arn:aws:personalize:eu-west-1:111111111111:dataset-import-job/StackJob67D221D8-*"
    lost = for_owners(stack)["role"]
    assert lost[:2] == [
        {
            "Effect": "Allow",
            "Action": ["personalize:CreateDatasetImportJob"],
            "Resource": [DATASET, jobs],
        },
        {"Effect": "Allow", "Action": ["personalize:DescribeDatasetImportJob"], "Resource": [jobs]},
    ]
    assert lost[2]["Action"] == ["iam:PassRole"]
    assert len(lost) == 3


@pytest.mark.parametrize("kind", ["imported role", "one state", "in a map", "in no machine"])
def test_nobody_else_is_told(stack: cdk.Stack, data: Data, kind: str) -> None:
    """The statements are in the template, or wanted by nobody."""
    fragment = job(data, DatasetImportJob)
    if kind == "one state":
        fragment = fragment.to_single_state()
    elif kind == "in a map":
        fragment = sfn.Map(stack, "Map").item_processor(fragment)
    options = (
        {"role": iam.Role.from_role_arn(stack, "Role", ARN)} if kind == "imported role" else {}
    )
    if kind != "in no machine":
        machine(stack, fragment, **options)
    assert (warnings(stack), for_owners(stack)) == ({}, {})


def test_precreated_roles_have_a_report(app: cdk.App) -> None:
    """``iam.Role.customize_roles`` reports the permissions of the machine's role."""
    iam.Role.customize_roles(app)
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(account="111111111111", region="eu-west-1"))
    data = Data.of(stack)
    machine(stack, job(data, DatasetImportJob))
    assert "pendingMachinePolicy" not in warnings(stack)
