"""Imported keys: the owner pastes the pending statements, or the stack manages the key's policy."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms

from embedded_aws import EmbeddedAws
from personalize_kms_constructs import ImportedKeyPolicy, PersonalizeEncryption, PersonalizeResource
from tests.deploy.stacks import deploy, of_type
from tests.policies import template

ADMINISTRATOR = {
    "Sid": "Administrator",
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
    "Action": "kms:*",
    "Resource": "*",
}


@pytest.fixture
def key_arn(aws: EmbeddedAws) -> str:
    """A key that somebody made without the CDK."""
    policy = {"Version": "2012-10-17", "Statement": [ADMINISTRATOR]}
    return str(aws.client("kms").create_key(Policy=json.dumps(policy))["KeyMetadata"]["Arn"])


@pytest.fixture
def stack(app: cdk.App, aws: EmbeddedAws) -> cdk.Stack:
    """A stack of the embedded AWS's account and Region."""
    return cdk.Stack(app, "Stack", env=cdk.Environment(account=aws.account, region=aws.region))


def key_policy(aws: EmbeddedAws, key_arn: str) -> list[dict[str, Any]]:
    policy = aws.client("kms").get_key_policy(KeyId=key_arn, PolicyName="default")["Policy"]
    return list(json.loads(policy)["Statement"])


def impatient(stack: cdk.Stack) -> dict[str, Any]:
    """The template, with a function that doesn't wait half a minute for other writers."""
    whole = template(stack)
    (function,) = of_type(whole, "AWS::Lambda::Function")
    function["Properties"]["Environment"]["Variables"] |= {
        "SETTLE_SECONDS": "0.1",
        "PATIENCE_SECONDS": "5",
    }
    return {"Stack": whole}


def encryption_of(
    stack: cdk.Stack, key_arn: str, policy: ImportedKeyPolicy, **options: Any
) -> PersonalizeEncryption:
    encryption = PersonalizeEncryption(
        stack,
        "Encryption",
        encryption_key=kms.Key.from_key_arn(stack, "Key", key_arn),
        imported_key_policy=policy,
        resources=[PersonalizeResource.dataset_export_job()],
        **options,
    )
    encryption.add_dataset_group("Movies", name="movies")
    return encryption


def test_an_imported_key_without_its_statements_is_no_use(
    aws: EmbeddedAws, stack: cdk.Stack, key_arn: str
) -> None:
    """The warning is right: Personalize has no access until the key's owner has done something."""
    encryption_of(stack, key_arn, ImportedKeyPolicy.PENDING)
    reasons = deploy(aws, {"Stack": template(stack)})
    assert any("personalize.amazonaws.com needs" in reason for reason in reasons), reasons


def test_an_owner_can_paste_the_pending_statements_before_the_role_exists(
    aws: EmbeddedAws, stack: cdk.Stack, key_arn: str
) -> None:
    """The pending statements are complete and exact, and KMS accepts them before the role."""
    encryption = encryption_of(stack, key_arn, ImportedKeyPolicy.PENDING)
    (pending,) = encryption.pending_statements
    pasted = json.dumps(
        [stack.resolve(statement.to_statement_json()) for statement in pending.statements]
    )
    pasted = pasted.replace(
        '{"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":', '"arn:aws:'
    ).replace('"]]}', '"')
    policy = {"Version": "2012-10-17", "Statement": [ADMINISTRATOR, *json.loads(pasted)]}
    aws.client("kms").put_key_policy(KeyId=key_arn, PolicyName="default", Policy=json.dumps(policy))
    assert deploy(aws, {"Stack": template(stack)}) == []


def test_a_managed_key_has_the_statements_as_long_as_the_stack_is_there(
    aws: EmbeddedAws, stack: cdk.Stack, key_arn: str
) -> None:
    """They come before the dataset group, leave other statements alone and go with the stack."""
    encryption = encryption_of(
        stack, key_arn, ImportedKeyPolicy.MANAGED, removal_policy=cdk.RemovalPolicy.DESTROY
    )
    assert encryption.pending_statements == ()
    assert deploy(aws, impatient(stack)) == []
    administrator, role, service = key_policy(aws, key_arn)
    assert administrator == ADMINISTRATOR
    assert [role["Sid"][:-8], service["Sid"][:-8]] == ["PersonalizeRole", "PersonalizeService"]
    cloudformation = aws.client("cloudformation")
    cloudformation.delete_stack(StackName="Stack")
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName="Stack", WaiterConfig={"Delay": 0.2, "MaxAttempts": 300}
    )
    assert key_policy(aws, key_arn) == [ADMINISTRATOR]
