"""Roles whose L1 is made late, or beside others: lazy ones, and those of a report on permissions."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource
from tests.life.conftest import KEY_ARN, PERSONALIZE, key_statement
from tests.policies import resources, template

GROUP = PersonalizeResource.dataset_group()


@pytest.mark.parametrize("path", [None, "/personalize/"])
def test_a_lazy_role_is_the_role_that_it_makes(app: cdk.App, stack: cdk.Stack, path: str | None) -> None:
    """It is no iam.Role, but stands for one, with a path or without."""
    role = iam.LazyRole(stack, "Lazy", assumed_by=iam.ServicePrincipal(PERSONALIZE), path=path)
    encryption = PersonalizeEncryption(stack, "Encryption", service_role=role, resources=[GROUP])
    encryption.grant_create(iam.User(stack, "Caller"), GROUP)
    (logical_id,) = resources(stack, "AWS::IAM::Role")
    (policy,) = resources(stack, "AWS::IAM::ManagedPolicy").values()
    assert policy["Properties"]["Roles"] == [{"Ref": logical_id}]
    assert key_statement(stack, "PersonalizeRole")["Principal"] == {"AWS": {"Fn::GetAtt": [logical_id, "Arn"]}}
    assert stack.resolve(encryption.service_role.role_arn) == {"Fn::GetAtt": [logical_id, "Arn"]}
    app.synth()


def test_what_is_granted_to_a_lazy_role_reaches_it(app: cdk.App, stack: cdk.Stack) -> None:
    """Whoever grants by the construct or by the role means the same one."""
    role = iam.LazyRole(stack, "Lazy", assumed_by=iam.ServicePrincipal(PERSONALIZE), path="/personalize/")
    encryption = PersonalizeEncryption(stack, "Encryption", service_role=role, resources=[GROUP])
    kms.Key(stack, "Other").grant_decrypt(encryption)
    role.add_to_policy(iam.PolicyStatement(actions=["s3:GetObject"], resources=["*"]))
    (logical_id,) = resources(stack, "AWS::IAM::Role")
    (policy,) = resources(stack, "AWS::IAM::Policy").values()
    assert policy["Properties"]["Roles"] == [{"Ref": logical_id}]
    assert len(policy["Properties"]["PolicyDocument"]["Statement"]) == 2
    app.synth()


@pytest.mark.parametrize("given", [False, True])
def test_a_report_on_permissions_leaves_the_role_as_it_is(given: bool) -> None:
    """``customize_roles(prevent_synthesis=False)`` makes the roles, and their report besides."""
    app = cdk.App(analytics_reporting=False)
    iam.Role.customize_roles(app, prevent_synthesis=False)
    stack = cdk.Stack(app, "Stack")
    role: Any = iam.Role(stack, "Given", assumed_by=iam.ServicePrincipal(PERSONALIZE)) if given else None
    key = kms.Key.from_key_arn(stack, "Key", KEY_ARN)
    encryption = PersonalizeEncryption(stack, "Encryption", encryption_key=key, service_role=role)
    encryption.add_dataset_group("Movies", name="movies")
    encryption.grant_create(iam.User(stack, "Caller"), GROUP)
    by_type: dict[str, list[tuple[str, Any]]] = {}
    for logical_id, resource in template(stack)["Resources"].items():  # the report can be written once
        by_type.setdefault(resource["Type"], []).append((logical_id, resource.get("Properties")))
    ((role_id, _),) = by_type["AWS::IAM::Role"]
    ((_, group),) = by_type["AWS::Personalize::DatasetGroup"]
    assert group["RoleArn"] == {"Fn::GetAtt": [role_id, "Arn"]}
    ((_, policy),) = by_type["AWS::IAM::ManagedPolicy"]
    assert policy["Roles"] == [{"Ref": role_id}]
    ((_, of_caller),) = by_type["AWS::IAM::Policy"]
    assert {"Fn::GetAtt": [role_id, "Arn"]} in [
        statement["Resource"] for statement in of_caller["PolicyDocument"]["Statement"]
    ]
    assert [pending.policy for pending in encryption.pending_statements] == ["key"]
