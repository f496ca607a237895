"""Stacks on an embedded AWS: CloudFormation calls the function, which calls KMS as its role."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_personalize as personalize
from botocore.exceptions import WaiterError

from embedded_aws import EmbeddedAws
from personalize_kms_constructs._managed_key_policy import ManagedKeyPolicy
from tests.managed_key_policy.conftest import POLICY, statement, written
from tests.policies import template

DESTROY, KEPT = cdk.RemovalPolicy.DESTROY, cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
OPERATIONS = {
    "create_stack": "stack_create_complete",
    "update_stack": "stack_update_complete",
    "delete_stack": "stack_delete_complete",
}

Statement = dict[str, Any]
Template = dict[str, Any]
Policies = Callable[[], list[Any]]


@pytest.fixture(scope="session")
def running_aws() -> Iterator[EmbeddedAws]:
    """A server that checks what a role may do, the function's among them."""
    with EmbeddedAws(enforce=True) as aws:
        yield aws


@pytest.fixture
def aws(running_aws: EmbeddedAws) -> EmbeddedAws:
    """An AWS with nothing in it."""
    running_aws.reset()
    return running_aws


@pytest.fixture
def keys(aws: EmbeddedAws) -> list[str]:
    """Keys whose policies somebody else wrote."""
    kms = aws.client("kms")
    return [kms.create_key(Policy=json.dumps(POLICY))["KeyMetadata"]["Arn"] for _ in range(3)]


@pytest.fixture
def policies(aws: EmbeddedAws, keys: list[str]) -> Policies:
    """Reads their policies."""
    kms = aws.client("kms")

    def read(key: str) -> Any:
        return json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])

    return lambda: [read(key) for key in keys]


def body_of(build: Callable[[cdk.Stack], object]) -> Template:
    """Return a template whose function waits for moments only, by its environment."""
    stack = cdk.Stack(cdk.App(analytics_reporting=False), "Stack")
    cdk.CfnResource(stack, "Topic", type="AWS::SNS::Topic")
    build(stack)
    body = template(stack)
    for resource in body["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            resource["Properties"]["Environment"]["Variables"] |= {
                "SETTLE_SECONDS": "0.1",
                "PATIENCE_SECONDS": "0.1",
            }
    parameters = dict(body["Parameters"])
    parameters.pop("BootstrapVersion", None)
    return {"Resources": body["Resources"], "Parameters": parameters}


def manage(
    stack: cdk.Stack,
    key_arn: str,
    *statements: Statement,
    removal_policy: cdk.RemovalPolicy = DESTROY,
) -> ManagedKeyPolicy:
    """Have the stack keep statements in the policy of a key."""
    managed = ManagedKeyPolicy(stack, key_arn=key_arn, removal_policy=removal_policy)
    managed.add_statements([iam.PolicyStatement.from_json(added) for added in statements])
    return managed


def run(aws: EmbeddedAws, operation: str, body: Template | None = None) -> list[str]:
    """The reasons why a stack operation failed, none if it didn't."""
    cloudformation = aws.client("cloudformation")
    options = (
        {}
        if body is None
        else {"TemplateBody": json.dumps(body), "Capabilities": ["CAPABILITY_NAMED_IAM"]}
    )
    stack_id, before = "Stack", 0
    if operation != "create_stack":
        (described,) = cloudformation.describe_stacks(StackName="Stack")["Stacks"]
        stack_id = described["StackId"]
        before = len(events(aws, stack_id))
    getattr(cloudformation, operation)(StackName="Stack", **options)
    waiter = cloudformation.get_waiter(OPERATIONS[operation])
    try:
        waiter.wait(StackName=stack_id, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})
    except WaiterError:
        new = events(aws, stack_id)[: -before or None]
        return [event["ResourceStatusReason"] for event in new if event.get("ResourceStatusReason")]
    return []


def events(aws: EmbeddedAws, stack: str) -> list[Any]:
    """Return the events of a stack, the newest first."""
    return list(aws.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"])


def test_create_update_and_delete(aws: EmbeddedAws, keys: list[str], policies: Policies) -> None:
    """The statements come, change and go with the stack; a failed update leaves the old ones."""
    created = body_of(lambda stack: manage(stack, keys[0], statement("A"), statement("B")))
    assert run(aws, "create_stack", created) == []
    assert policies()[0] == written(statement("A"), statement("B"))

    updated = body_of(lambda stack: manage(stack, keys[0], statement("B"), statement("C")))
    assert run(aws, "update_stack", updated) == []
    assert policies()[0] == written(statement("B"), statement("C"))

    bad = {**statement("B"), "Principal": {"AWS": "arn:aws:iam::111111111111:role/nobody"}}
    reasons = run(aws, "update_stack", body_of(lambda stack: manage(stack, keys[0], bad)))
    assert any("may not write statement B" in reason for reason in reasons), reasons
    assert policies()[0] == written(statement("B"), statement("C"))

    assert run(aws, "delete_stack") == []
    assert policies()[0] == POLICY


def test_a_failed_re_creation_leaves_retained_statements(
    aws: EmbeddedAws, keys: list[str], policies: Policies
) -> None:
    """The Delete of the new resource removes its additions, and keeps the retained statements."""

    def build(stack: cdk.Stack, *, fails: bool) -> None:
        statements = [statement("A"), *([statement("B")] if fails else [])]
        managed = manage(stack, keys[0], *statements, removal_policy=KEPT)
        if fails:
            group = personalize.CfnDatasetGroup(
                stack, "Group", name="group", role_arn="no-role", kms_key_arn=keys[0]
            )
            group.node.add_dependency(managed)

    assert run(aws, "create_stack", body_of(lambda stack: build(stack, fails=False))) == []
    assert run(aws, "delete_stack") == []
    assert policies()[0] == written(statement("A"))
    assert aws.client("iam").list_roles()["Roles"] == []

    assert run(aws, "create_stack", body_of(lambda stack: build(stack, fails=True)))
    custom = [
        event["ResourceStatus"]
        for event in events(aws, "Stack")
        if "Custom::" in event["ResourceType"]
    ]
    assert custom == [
        "DELETE_COMPLETE",
        "DELETE_IN_PROGRESS",
        "CREATE_COMPLETE",
        "CREATE_IN_PROGRESS",
    ]
    assert policies()[0] == written(statement("A"))


def test_clean_up_reaches_keys_that_left_the_template(
    aws: EmbeddedAws, keys: list[str], policies: Policies
) -> None:
    """The function has its new configuration by then, and its role the policies that are left."""
    for left in (keys, keys[1:2], []):
        operation = "create_stack" if left is keys else "update_stack"

        def build(stack: cdk.Stack, arns: list[str] = left) -> None:
            for arn in arns:
                manage(stack, arn, statement("A"))

        body = body_of(build)
        assert run(aws, operation, body) == []
        assert policies() == [written(statement("A")) if key in left else POLICY for key in keys]
        attached = aws.client("iam").list_policies(Scope="Local")["Policies"]
        described = {policy["Description"].rpartition(" ")[2] for policy in attached}
        assert described == set(left)
        assert len(aws.client("lambda").list_functions()["Functions"]) == bool(left)


def by_parameter(key_arn: str) -> Template:
    """A template that has the key as the default of a parameter."""

    def build(stack: cdk.Stack) -> None:
        manage(
            stack,
            cdk.CfnParameter(stack, "KeyArn", default=key_arn).value_as_string,
            statement("A"),
        )

    return body_of(build)


def test_another_key_by_a_parameter(aws: EmbeddedAws, keys: list[str], policies: Policies) -> None:
    """The function's role reaches the old key until all is cleaned up there, and no longer."""
    assert run(aws, "create_stack", by_parameter(keys[0])) == []
    assert policies()[0] == written(statement("A"))
    assert run(aws, "update_stack", by_parameter(keys[1])) == []
    assert policies()[:2] == [POLICY, written(statement("A"))]
    (attached,) = aws.client("iam").list_policies(Scope="Local")["Policies"]
    assert attached["Description"] == f"Lets the function read and write the policy of {keys[1]}"


def test_a_deletion_without_access(aws: EmbeddedAws, keys: list[str], policies: Policies) -> None:
    """The statements stay in the policy, and the stack goes without the custom resource."""
    created = body_of(lambda stack: manage(stack, keys[0], statement("A")))
    assert run(aws, "create_stack", created) == []
    document = policies()[0]
    owner = aws.client("iam").create_user(UserName="owner")["User"]["Arn"]
    document["Statement"][0]["Principal"] = {"AWS": owner}
    aws.client("kms").put_key_policy(
        KeyId=keys[0],
        PolicyName="default",
        Policy=json.dumps(document),
        BypassPolicyLockoutSafetyCheck=True,
    )
    reasons = run(aws, "delete_stack")
    assert any("must let the account use IAM policies" in reason for reason in reasons), reasons
    cloudformation = aws.client("cloudformation")
    listed = cloudformation.describe_stack_resources(StackName="Stack")["StackResources"]
    (custom,) = [
        resource["LogicalResourceId"]
        for resource in listed
        if resource["ResourceType"].startswith("Custom::")
    ]
    cloudformation.delete_stack(StackName="Stack", RetainResources=[custom])
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName="Stack", WaiterConfig={"Delay": 0.1, "MaxAttempts": 300}
    )
    assert "A" in [statement["Sid"] for statement in policies()[0]["Statement"]]
