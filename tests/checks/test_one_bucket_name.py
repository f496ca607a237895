"""Buckets of one name: unknown parts of it may differ in two stacks, and S3 has a name once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_check import check_assembly
from personalize_kms_check._model.causes import Cause
from personalize_kms_constructs import PersonalizeResource, S3Location
from tests.checks.templates import (
    AGNOSTIC,
    CLEAN,
    bucket_policy,
    check,
    dataset,
    findings,
    importing,
    reasons,
)
from tests.judge.apps import new_app
from tests.life.conftest import allowing

NOT_TOLD_APART = (
    "Other/Bucket has the same name, so it isn't known whose policies are whose: name each "
    "differently, or set the env of each stack"
)


def imports_from_its_region(stack: cdk.Stack, name: str = "data-${AWS::Region}") -> None:
    """Resources of a stack for each Region: a bucket with key and policy, and our construct."""
    key = kms.Key(stack, "Key")
    default = s3.CfnBucket.ServerSideEncryptionByDefaultProperty(
        sse_algorithm="aws:kms", kms_master_key_id=key.key_arn
    )
    rule = s3.CfnBucket.ServerSideEncryptionRuleProperty(server_side_encryption_by_default=default)
    data = s3.CfnBucket(
        stack,
        "Data",
        bucket_name=cdk.Fn.sub(name),
        bucket_encryption=s3.CfnBucket.BucketEncryptionProperty(
            server_side_encryption_configuration=[rule]
        ),
    )
    document = {"Version": "2012-10-17", "Statement": []}
    s3.CfnBucketPolicy(stack, "Policy", bucket=data.ref, policy_document=document)
    allowing(stack, PersonalizeResource.dataset_import_job(S3Location(data, "import/")))


@pytest.mark.parametrize(
    "environments",
    [
        ({}, {}),
        ({"account": "111122223333"}, {"account": "111122223333"}),
        ({"region": "eu-west-1"}, {}),
        (
            {"account": "111122223333", "region": "eu-west-1"},
            {"account": "111122223333", "region": "us-east-1"},
        ),
    ],
    ids=["agnostic", "one account", "one Region", "two Regions"],
)
def test_several_environments_of_one_class(environments: tuple[Any, ...], tmp_path: Path) -> None:
    """Each bucket has its own policy, with the statements of its construct; nothing is wrong."""
    app = new_app(tmp_path)
    stacks = [
        cdk.Stack(app, name, env=cdk.Environment(**env))
        for name, env in zip("AB", environments, strict=True)
    ]
    for stack in stacks:
        imports_from_its_region(stack)
    assembly = app.synth()
    for stack in stacks:
        resources = assembly.get_stack_by_name(stack.stack_name).template["Resources"]
        assert {id for id in resources if resources[id]["Type"] == "AWS::S3::BucketPolicy"} == {
            "Policy"
        }
        statements = resources["Policy"]["Properties"]["PolicyDocument"]["Statement"]
        sids = [statement["Sid"] for statement in statements]
        assert sids == ["PersonalizeServiceListBucket", "PersonalizeServiceReadObjects"]
    assert check_assembly(assembly).missing == ()


@pytest.mark.parametrize("accounts", [("111122223333", "444455556666"), (None, None)])
def test_one_name_in_two_partitions(accounts: Any, tmp_path: Path) -> None:
    """They are two buckets, each with its own key and policy."""
    app = new_app(tmp_path)
    for account, region in zip(accounts, ("eu-west-1", "cn-north-1"), strict=True):
        env = cdk.Environment(account=account, region=region)
        imports_from_its_region(cdk.Stack(app, region, env=env), "movies-data")
    report = check_assembly(app.synth())
    assert findings(report) == CLEAN
    assert len(report.allowed) == 48


TWO = "has 2 bucket policies, Main/One and Other/One, but S3 keeps one"
BY_REGION = {"Fn::Sub": "ratings-${AWS::Region}"}


def template(name: Any, *, is_made: bool = True) -> Any:
    """An import from a bucket of this name, which has a policy."""
    data = dataset("One", "Read", path={"Fn::Join": ["", ["s3://", name, "/in/"]]})
    made = importing(One=bucket_policy("s3:GetObject", "s3:ListBucket", bucket=name), Data=data)
    made["Resources"]["Bucket"]["Properties"]["BucketName"] = name
    if not is_made:
        del made["Resources"]["Bucket"]
    return made


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (template(BY_REGION), []),
        (template(BY_REGION, is_made=False), []),
        (template("ratings"), [f"Main/Bucket {TWO}"]),
        (template("ratings", is_made=False), [f"arn:${{AWS::Partition}}:s3:::ratings {TWO}"]),
    ],
    ids=["by Region", "imported by Region", "literal", "imported"],
)
def test_policies_in_two_stacks(one: Any, told: list[str], tmp_path: Path) -> None:
    """They are of one bucket for certain only where all of its name is known."""
    problems = check(tmp_path, one, one, **AGNOSTIC).problems
    assert [problem.says for problem in problems if problem.cause is Cause.BUCKET_POLICIES] == told


def test_buckets_that_are_not_told_apart(tmp_path: Path) -> None:
    """Policy and key of another bucket aren't taken for this bucket's; in one place they are."""
    one = template(BY_REGION)
    assert any(
        NOT_TOLD_APART in reason for reason in reasons(check(tmp_path / "1", one, one, **AGNOSTIC))
    )
    assert not any(
        NOT_TOLD_APART in reason for reason in reasons(check(tmp_path / "2", one, **AGNOSTIC))
    )
