"""Trust policies, judged at synth for every role of the app, whatever it is wrapped in."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource
from tests.life.conftest import PERSONALIZE, change, judged, trusted_role

GROUP = PersonalizeResource.dataset_group()


def untrusting(stack: cdk.Stack) -> iam.Role:
    return iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))


WRAPPERS: dict[str, Callable[[cdk.Stack, iam.Role], Any]] = {
    "as it is": lambda stack, role: role,
    "without policy updates": lambda stack, role: role.without_policy_updates(),
    "imported by its ARN": lambda stack, role: iam.Role.from_role_arn(stack, "Imported", role.role_arn),
    "its L1": lambda stack, role: role.node.default_child,
}


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
def test_a_role_that_trusts_somebody_else(
    app: cdk.App, stack: cdk.Stack, wrap: Callable[[cdk.Stack, iam.Role], Any]
) -> None:
    """No wrapper hides it."""
    PersonalizeEncryption(stack, "Encryption", service_role=wrap(stack, untrusting(stack)), resources=[GROUP])
    assert judged(app) == {("Trust", "Stack/Role/Resource")}


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
def test_a_role_that_trusts_personalize(
    app: cdk.App, stack: cdk.Stack, wrap: Callable[[cdk.Stack, iam.Role], Any]
) -> None:
    """Nothing is said of it in any wrapper."""
    PersonalizeEncryption(stack, "Encryption", service_role=wrap(stack, trusted_role(stack)), resources=[GROUP])
    app.synth()


@pytest.mark.parametrize(
    ("conditions", "is_right"),
    [
        ({"StringEquals": {"aws:SourceAccount": "111111111111"}}, True),
        ({"StringEquals": {"aws:SourceAccount": ["222222222222", "111111111111"]}}, True),
        ({"StringEquals": {"aws:SourceAccount": "222222222222"}}, False),
        ({"StringEqualsIfExists": {"AWS:sourceaccount": "222222222222"}}, False),
        ({"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:personalize:eu-west-1:111111111111:*"}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:personalize:*:*:*"}}, True),
        ({"ArnLike": {"aws:SourceArn": "*"}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:personalize:us-east-1:111111111111:*"}}, False),
        ({"StringLike": {"aws:SourceArn": "arn:aws:personalise:eu-west-1:111111111111:*"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
    ],
)
def test_conditions_that_shut_personalize_out(
    app: cdk.App, concrete: cdk.Stack, conditions: dict[str, Any], is_right: bool
) -> None:
    """A literal of another account or Region can't be right; anything else may be."""
    role = iam.Role(concrete, "Role", assumed_by=iam.ServicePrincipal(PERSONALIZE, conditions=conditions))
    PersonalizeEncryption(concrete, "Encryption", service_role=role, resources=[GROUP])
    if is_right:
        app.synth()
    else:
        assert judged(app) == {("Trust", "Concrete/Role/Resource")}


@pytest.mark.parametrize("condition", [None, {"StringNotEquals": {"aws:SourceAccount": "111111111111"}}])
def test_a_deny_for_the_service(app: cdk.App, stack: cdk.Stack, condition: dict[str, Any] | None) -> None:
    """A Deny without a condition shuts Personalize out for certain."""
    role = trusted_role(stack)
    statement = iam.PolicyStatement(
        effect=iam.Effect.DENY,
        actions=["sts:AssumeRole"],
        principals=[iam.ServicePrincipal(PERSONALIZE)],
        conditions=condition,
    )
    assert role.assume_role_policy
    role.assume_role_policy.add_statements(statement)
    PersonalizeEncryption(stack, "Encryption", service_role=role, resources=[GROUP])
    if condition is None:
        assert judged(app) == {("Trust", "Stack/ServiceRole/Resource")}
    else:
        app.synth()


def test_an_aspect_that_takes_the_trust_of_the_role_made_here(app: cdk.App, stack: cdk.Stack) -> None:
    """The role made here is judged as every other one."""
    PersonalizeEncryption(stack, "Encryption", resources=[GROUP])

    def empty(role: iam.CfnRole) -> None:
        role.assume_role_policy_document = {"Version": "2012-10-17", "Statement": []}

    change(app, iam.CfnRole, empty)
    assert judged(app) == {("Trust", "Stack/Encryption/Role/Resource")}
