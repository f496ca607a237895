"""The function of ``ImportedKeyPolicy.MANAGED`` writes key policies, unless a boundary of all roles prevents it."""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from personalize_kms_constructs import ImportedKeyPolicy, PersonalizeEncryption, PersonalizeResource
from tests.judge.apps import failure, new_app, told

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
