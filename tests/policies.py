"""The policies in a synthesized template, as CloudFormation would deploy them."""

from collections.abc import Iterable
from typing import Any

import aws_cdk as cdk
from aws_cdk import assertions

from personalize_kms_constructs import PersonalizeEncryption

Statement = dict[str, Any]


def template(stack: cdk.Stack) -> dict[str, Any]:
    """The stack's template; cycles and references that can't be resolved are errors."""
    return dict(assertions.Template.from_stack(stack).to_json())


def resources(stack: cdk.Stack, resource_type: str) -> dict[str, Any]:
    """The resources of a type, by logical id."""
    all_resources = template(stack).get("Resources", {})
    return {
        logical_id: resource
        for logical_id, resource in all_resources.items()
        if resource["Type"] == resource_type
    }


def key_policy(stack: cdk.Stack, logical_id: str) -> list[Statement]:
    """The statements of a key's policy, without the account statement that CDK begins it with."""
    key = resources(stack, "AWS::KMS::Key")[logical_id]
    first, *ours = key["Properties"]["KeyPolicy"]["Statement"]
    assert first["Action"] == "kms:*"
    return list(ours)


def bucket_policy(stack: cdk.Stack) -> list[Statement]:
    """The statements of the only bucket policy, if any."""
    policies = resources(stack, "AWS::S3::BucketPolicy")
    if not policies:
        return []
    (policy,) = policies.values()
    return list(policy["Properties"]["PolicyDocument"]["Statement"])


def role_policy(stack: cdk.Stack) -> list[Statement]:
    """The statements of the only managed policy, if any; there are no inline policies."""
    assert not resources(stack, "AWS::IAM::Policy")
    policies = resources(stack, "AWS::IAM::ManagedPolicy")
    if not policies:
        return []
    (policy,) = policies.values()
    return list(policy["Properties"]["PolicyDocument"]["Statement"])


def sids_of(statements: Iterable[Statement]) -> list[Any]:
    """The sids of statements, in their order."""
    return [statement.get("Sid") for statement in statements]


def pending_policies(encryption: PersonalizeEncryption) -> list[str]:
    """The policies that have pending statements: of a key, the role or a bucket."""
    return [pending.policy for pending in encryption.pending_statements]
