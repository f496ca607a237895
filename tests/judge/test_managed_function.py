"""The function of ``ImportedKeyPolicy.MANAGED`` writes key policies, unless a boundary of all roles prevents it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_ssm as ssm

from personalize_kms_constructs import ImportedKeyPolicy, PersonalizeEncryption, PersonalizeResource
from personalize_kms_constructs.checks import check_assembly
from tests.judge.apps import LACKS, break_key_policy, encryption, failure, new_app, told

KEY_ARN = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
USE_KEYS = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]


@pytest.mark.parametrize(
    ("more", "lacks"),
    [
        ([], "kms:GetKeyPolicy, kms:PutKeyPolicy"),
        (["kms:GetKeyPolicy"], "kms:PutKeyPolicy"),
        (["kms:*KeyPolicy"], ""),
        (None, ""),
    ],
)
def test_a_boundary_of_all_roles_limits_the_function_too(tmp_path: Path, more: list[str] | None, lacks: str) -> None:
    """None is a boundary that can't be seen, of which nothing is told."""
    app = new_app(tmp_path)
    stack = cdk.Stack(app, "Main", env=cdk.Environment(account="111111111111", region="eu-west-1"))
    if more is None:
        boundary: iam.IManagedPolicy = iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", "boundary")
    else:
        use = iam.PolicyStatement(actions=[*USE_KEYS, *more], resources=["*"])
        boundary = iam.ManagedPolicy(stack, "Boundary", statements=[use])
    iam.PermissionsBoundary.of(stack).apply(boundary)
    PersonalizeEncryption(
        stack,
        "Encryption",
        encryption_key=kms.Key.from_key_arn(stack, "Key", KEY_ARN),
        imported_key_policy=ImportedKeyPolicy.MANAGED,
        resources=[PersonalizeResource.dataset_group()],
    )
    message = failure(app.synth)
    told_of = (
        f"can't merge statements into the policy of key {KEY_ARN}, since the role of its function may not {lacks}: the "
        "role's permissions boundary doesn't allow it"
    )
    assert (told_of in message) is bool(lacks)
    assert told(app) == ([("Configuration", "error", "Main/Boundary/Resource")] if lacks else [])


def of_ssm(stack: cdk.Stack) -> str:
    return ssm.StringParameter.value_for_string_parameter(stack, "/security/key")


def of_parameter(stack: cdk.Stack) -> str:
    return cdk.CfnParameter(stack, "KeyArn").value_as_string


def of_import(_: cdk.Stack) -> str:
    return cdk.Fn.import_value("key-arn")


@pytest.mark.parametrize("key_arn", [of_ssm, of_parameter, of_import])
def test_the_function_replaces_no_policy_of_another_key(key_arn: Callable[[cdk.Stack], str], tmp_path: Path) -> None:
    """It merges statements into the policy of one key, whose ARN the deployment knows."""
    app = new_app(tmp_path)
    stack = cdk.Stack(app, "Main", env=cdk.Environment(account="111111111111", region="eu-west-1"))
    PersonalizeEncryption(
        stack,
        "Imported",
        encryption_key=kms.Key.from_key_arn(stack, "Key", key_arn(stack)),
        imported_key_policy=ImportedKeyPolicy.MANAGED,
        resources=[PersonalizeResource.dataset_group()],
    )
    made = encryption(stack)
    report = check_assembly(app.synth())
    of_own_key = [each for each in report.undecided if "Main/Encryption" in str(each.needed_by)]
    assert of_own_key == []
    break_key_policy(made)
    assert LACKS in failure(lambda: app.synth(force=True))
    assert ("MissingKeyAccess", "error", "Main/Encryption") in told(app)
