"""A role of another Region, which the CDK refers to by parameters of Systems Manager."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource
from personalize_kms_constructs.checks import check_assembly
from tests.life.conftest import l1_role


def region(app: cdk.App, name: str) -> cdk.Stack:
    env = cdk.Environment(account="111111111111", region=name)
    return cdk.Stack(app, name, env=env, cross_region_references=True)


@pytest.mark.parametrize("role_name", [None, f"personalize-{cdk.Aws.REGION}"], ids=["nameless", "named by a token"])
@pytest.mark.parametrize("nested", [False, True])
def test_a_role_of_another_region(app: cdk.App, nested: bool, role_name: str | None) -> None:
    """Policy, key policy and dataset group are of one role."""
    role = l1_role(region(app, "us-east-1"), path="/team/", role_name=role_name)
    ireland = region(app, "eu-west-1")
    scope = cdk.NestedStack(ireland, "Nested") if nested else ireland
    encryption = PersonalizeEncryption(scope, "Encryption", service_role=role)
    encryption.add_dataset_group("Movies", name="movies")
    encryption.allow(PersonalizeResource.dataset_export_job())
    report = check_assembly(app.synth())
    assert (report.missing, report.undecided) == ((), ())


def test_a_policy_of_another_role_of_the_other_region(app: cdk.App) -> None:
    """What is read is what is written under that name."""
    app.node.set_context("personalize-kms-constructs:judge", False)
    america, ireland = region(app, "us-east-1"), region(app, "eu-west-1")
    encryption = PersonalizeEncryption(ireland, "Encryption", service_role=l1_role(america))
    encryption.add_dataset_group("Movies", name="movies")
    policies = [each for each in ireland.node.find_all() if isinstance(each, iam.CfnManagedPolicy)]
    (policy,) = policies
    other: Any = l1_role(america, "Other")
    policy.roles = [other.ref]
    report = check_assembly(app.synth())
    assert {each.action for each in report.missing} >= {"kms:Decrypt"}


def test_a_region_that_reads_and_writes(app: cdk.App) -> None:
    """What Ireland writes for Tokyo depends on what it reads from America: a chain and not a circle."""
    ireland, america, tokyo = (region(app, name) for name in ("eu-west-1", "us-east-1", "ap-northeast-1"))
    role = l1_role(america)
    PersonalizeEncryption(ireland, "Encryption", service_role=role).add_dataset_group("Movies", name="movies")
    bucket = s3.Bucket(ireland, "Bucket", bucket_name=f"data-of-{role.ref}")
    cdk.CfnOutput(tokyo, "Data", value=bucket.bucket_arn)
    report = check_assembly(app.synth())
    assert (report.missing, report.undecided) == ((), ())
