"""Stacks on an embedded AWS, where CloudFormation calls the function and the function calls KMS as its role."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms_
from aws_cdk import aws_personalize as personalize
from botocore.exceptions import WaiterError

from embedded_aws import EmbeddedAws
from personalize_kms_constructs import ImportedKeyPolicy, PersonalizeEncryption, PersonalizeResource
from personalize_kms_constructs._managed_key_policy import ManagedKeyPolicy
from tests.managed_key_policy.conftest import ACCOUNT, POLICY, statement, written
from tests.policies import template

BASE_5 = ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:CreateGrant", "kms:ListGrants"]
OPERATIONS = {
    "create_stack": "stack_create_complete",
    "update_stack": "stack_update_complete",
    "delete_stack": "stack_delete_complete",
}

Statement = dict[str, Any]
Template = dict[str, Any]


@pytest.fixture(scope="session")
def running_aws() -> Iterator[EmbeddedAws]:
    """A server that checks what a role may do, the function's among them."""
    with EmbeddedAws(enforce=True) as aws:
        yield aws


@pytest.fixture
def kms(aws: EmbeddedAws) -> Any:
    """Its KMS."""
    return aws.client("kms")


def stack_of(
    key_arn: str,
    *statements: Statement,
    removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
    more: Callable[[cdk.Stack, ManagedKeyPolicy], object] = lambda *_: None,
) -> Template:
    """A template whose function waits for moments only: by its environment, since its code is as it is."""
    stack = cdk.Stack(cdk.App(analytics_reporting=False), "Stack")
    key_policy = ManagedKeyPolicy(stack, "KeyPolicy", key_arn=key_arn, removal_policy=removal_policy)
    key_policy.add_statements([iam.PolicyStatement.from_json(each) for each in statements])
    more(stack, key_policy)
    body = template(stack)
    function = body["Resources"]["PersonalizeKeyPoliciesFunction0C7DFEF1"]["Properties"]
    function["Environment"]["Variables"] |= {"SETTLE_SECONDS": "0.1", "PATIENCE_SECONDS": "0.1"}
    return {"Resources": body["Resources"]}


def run(aws: EmbeddedAws, operation: str, stack: str = "Stack", body: Template | None = None) -> list[str]:
    """The reasons why a stack operation failed, none if it didn't."""
    cloudformation = aws.client("cloudformation")
    options = {} if body is None else {"TemplateBody": json.dumps(body), "Capabilities": ["CAPABILITY_NAMED_IAM"]}
    stack_id = stack
    if operation != "create_stack":
        (described,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
        stack_id = described["StackId"]
    before = 0 if operation == "create_stack" else len(events(aws, stack_id))
    getattr(cloudformation, operation)(StackName=stack, **options)
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


def test_create_update_and_delete(aws: EmbeddedAws, key_arn: str, policy: Callable[[], str]) -> None:
    """The statements come, change and go with the stack."""
    destroy = cdk.RemovalPolicy.DESTROY
    created = stack_of(key_arn, statement("A"), statement("B"), removal_policy=destroy)
    assert run(aws, "create_stack", body=created) == []
    assert policy() == written(statement("A"), statement("B"))

    updated = stack_of(key_arn, statement("B"), statement("C"), removal_policy=destroy)
    assert run(aws, "update_stack", body=updated) == []
    assert policy() == written(statement("B"), statement("C"))

    assert run(aws, "delete_stack") == []
    assert policy() == POLICY


def test_retained_statements_stay(aws: EmbeddedAws, key_arn: str, policy: Callable[[], str]) -> None:
    """By default data may be left behind that is read by way of them."""
    assert run(aws, "create_stack", body=stack_of(key_arn, statement("A"))) == []
    assert run(aws, "delete_stack") == []
    assert policy() == written(statement("A"))
    assert aws.client("iam").list_roles()["Roles"] == []

    assert run(aws, "create_stack", body=stack_of(key_arn, statement("A"))) == []
    assert policy() == written(statement("A"))


def test_a_failed_re_creation_leaves_retained_statements(
    aws: EmbeddedAws, key_arn: str, policy: Callable[[], str]
) -> None:
    """CloudFormation sends Delete for the new resource, but the statements are those of the old one."""

    def failing(stack: cdk.Stack, key_policy: ManagedKeyPolicy) -> None:
        group = personalize.CfnDatasetGroup(
            stack, "Group", name="group", kms_key_arn=key_arn, role_arn="arn:aws:iam::1:role/x"
        )
        group.node.add_dependency(key_policy)

    assert run(aws, "create_stack", body=stack_of(key_arn, statement("A"))) == []
    assert run(aws, "delete_stack") == []
    assert run(aws, "create_stack", body=stack_of(key_arn, statement("A"), statement("B"), more=failing))
    assert policy() == written(statement("A"))


def test_a_failed_creation_leaves_nothing(aws: EmbeddedAws, key_arn: str, policy: Callable[[], str]) -> None:
    """Retained or not: another resource fails, and the roll-back takes the statements out."""

    def failing(stack: cdk.Stack, key_policy: ManagedKeyPolicy) -> None:
        group = personalize.CfnDatasetGroup(
            stack, "Group", name="group", kms_key_arn=key_arn, role_arn="arn:aws:iam::1:role/x"
        )
        group.node.add_dependency(key_policy)

    assert run(aws, "create_stack", body=stack_of(key_arn, statement("A"), more=failing))
    custom = [event["ResourceStatus"] for event in events(aws, "Stack") if "Custom::" in event["ResourceType"]]
    assert custom == ["DELETE_COMPLETE", "DELETE_IN_PROGRESS", "CREATE_COMPLETE", "CREATE_IN_PROGRESS"]
    assert policy() == POLICY


def stack_of_keys(*key_arns: str) -> Template:
    """A template that manages the policies of several keys, with one function."""
    stack = cdk.Stack(cdk.App(analytics_reporting=False), "Stack")
    cdk.CfnResource(stack, "Topic", type="AWS::SNS::Topic")
    for key_arn in key_arns:
        managed = ManagedKeyPolicy.of(stack, key_arn=key_arn, removal_policy=cdk.RemovalPolicy.DESTROY)
        managed.add_statements([iam.PolicyStatement.from_json(statement("A"))])
    body = template(stack)
    for resource in body["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            resource["Properties"]["Environment"]["Variables"] |= {"SETTLE_SECONDS": "0.1", "PATIENCE_SECONDS": "0.1"}
    return {"Resources": body["Resources"]}


@pytest.mark.parametrize("keeps_one", [True, False])
def test_clean_up_reaches_a_key_that_left_the_template(aws: EmbeddedAws, kms: Any, keeps_one: bool) -> None:
    """The function has its new configuration by then, and its role the policies that are left."""
    keys = [kms.create_key(Policy=POLICY)["KeyMetadata"]["Arn"] for _ in range(3)]
    assert run(aws, "create_stack", body=stack_of_keys(*keys)) == []

    left = keys[1:2] if keeps_one else []
    assert run(aws, "update_stack", body=stack_of_keys(*left)) == []

    policies = [kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"] for key in keys]
    assert policies == [POLICY, written(statement("A")) if keeps_one else POLICY, POLICY]
    assert len(aws.client("iam").list_policies(Scope="Local")["Policies"]) == len(left)
    assert len(aws.client("lambda").list_functions()["Functions"]) == len(left)


def test_the_same_key_by_a_parameter(aws: EmbeddedAws, key_arn: str, policy: Callable[[], str]) -> None:
    """Another name of the key is another resource, whose statements the clean-up for the old one leaves."""

    def body(*, by_parameter: bool) -> Template:
        stack = cdk.Stack(cdk.App(analytics_reporting=False), "Stack")
        arn = cdk.CfnParameter(stack, "KeyArn", default=key_arn).value_as_string if by_parameter else key_arn
        PersonalizeEncryption(
            stack,
            "Encryption",
            encryption_key=kms_.Key.from_key_arn(stack, "Key", arn),
            imported_key_policy=ImportedKeyPolicy.MANAGED,
            removal_policy=cdk.RemovalPolicy.DESTROY,
            resources=[PersonalizeResource.dataset_group()],
        )
        found = template(stack)
        for resource in found["Resources"].values():
            if resource["Type"] == "AWS::Lambda::Function":
                resource["Properties"]["Environment"]["Variables"] |= {
                    "SETTLE_SECONDS": "0.1",
                    "PATIENCE_SECONDS": "0.1",
                }
        parameters = {id: each for id, each in found["Parameters"].items() if id != "BootstrapVersion"}
        return {"Resources": found["Resources"], "Parameters": parameters}

    assert run(aws, "create_stack", body=body(by_parameter=False)) == []
    before = policy()
    assert before != POLICY
    assert run(aws, "update_stack", body=body(by_parameter=True)) == []
    assert policy() == before
    assert run(aws, "delete_stack") == []


@pytest.mark.parametrize(
    ("removal_policy", "is_literal", "number"),
    [("RETAIN", False, 4), ("DESTROY", False, 2), ("RETAIN", True, 2)],
    ids=["retained", "destroyed", "literal"],
)
def test_a_stack_gets_an_environment(
    aws: EmbeddedAws, key_arn: str, policy: Callable[[], str], removal_policy: str, is_literal: bool, number: int
) -> None:
    """The sids are others: an ARN of the stack's tokens makes another resource, and what it had is retained."""
    _, _, _, region, account, resource = key_arn.split(":")
    id = resource.removeprefix("key/")

    def body(environment: cdk.Environment | None) -> Template:
        stack = cdk.Stack(cdk.App(analytics_reporting=False), "Stack", env=environment)
        arn = key_arn if is_literal else stack.format_arn(service="kms", resource="key", resource_name=id)
        PersonalizeEncryption(
            stack,
            "Encryption",
            encryption_key=kms_.Key.from_key_arn(stack, "Key", arn),
            imported_key_policy=ImportedKeyPolicy.MANAGED,
            removal_policy=cdk.RemovalPolicy[removal_policy],
            resources=[PersonalizeResource.dataset_group()],
        )
        found = template(stack)["Resources"]
        variables = found["PersonalizeKeyPoliciesFunction0C7DFEF1"]["Properties"]["Environment"]["Variables"]
        variables |= {"SETTLE_SECONDS": "0.1", "PATIENCE_SECONDS": "0.1"}
        return {"Resources": found}

    def sids() -> list[str]:
        statements = json.loads(policy())["Statement"]
        return [each["Sid"] for each in statements if each.get("Sid", "").startswith("Personalize")]

    assert run(aws, "create_stack", body=body(None)) == []
    before = sids()
    assert run(aws, "update_stack", body=body(cdk.Environment(account=account, region=region))) == []
    after = sids()
    assert len(before) == 2
    assert len(after) == number
    assert set(before) <= set(after) if number == 4 else not set(before) & set(after)
    assert run(aws, "delete_stack") == []


def test_one_key_under_two_names(aws: EmbeddedAws, key_arn: str, policy: Callable[[], str]) -> None:
    """Two resources of one construct would fight for its statements: both say so, and nothing is written."""

    def by_parameter_too(stack: cdk.Stack, _: ManagedKeyPolicy) -> None:
        parameter = cdk.CfnParameter(stack, "KeyArn", default=key_arn).value_as_string
        second = ManagedKeyPolicy.of(stack, key_arn=parameter, removal_policy=cdk.RemovalPolicy.DESTROY)
        second.add_statements([iam.PolicyStatement.from_json(statement("A", "kms:ListGrants"))])

    body = stack_of(key_arn, statement("A"), removal_policy=cdk.RemovalPolicy.DESTROY, more=by_parameter_too)
    body["Parameters"] = {"KeyArn": {"Type": "String", "Default": key_arn}}
    reasons = run(aws, "create_stack", body=body)
    assert any(f"key {key_arn} is managed twice, by KeyPolicy" in reason for reason in reasons), reasons
    assert policy() == POLICY


@pytest.mark.parametrize(
    ("removal_policy", "old_policy"),
    [(cdk.RemovalPolicy.DESTROY, POLICY), (cdk.RemovalPolicy.RETAIN, written(statement("A")))],
    ids=["destroy", "retain"],
)
def test_another_key(
    aws: EmbeddedAws,
    key_arn: str,
    kms: Any,
    policy: Callable[[], str],
    removal_policy: cdk.RemovalPolicy,
    old_policy: str,
) -> None:
    """The function's role reaches the old key until all is cleaned up there, and no longer."""
    other = kms.create_key(Policy=POLICY)["KeyMetadata"]["Arn"]
    assert run(aws, "create_stack", body=stack_of(key_arn, statement("A"), removal_policy=removal_policy)) == []
    assert run(aws, "update_stack", body=stack_of(other, statement("A"), removal_policy=removal_policy)) == []

    assert kms.get_key_policy(KeyId=other, PolicyName="default")["Policy"] == written(statement("A"))
    assert policy() == old_policy
    (attached,) = aws.client("iam").list_policies(Scope="Local")["Policies"]
    assert attached["Description"] == f"Lets the function read and write the policy of {other}"


def test_a_key_policy_without_the_account_is_refused(aws: EmbeddedAws, kms: Any) -> None:
    """The reason is in the stack's events, and the stack rolls back completely."""
    only_another = ACCOUNT.replace(":root", ":user/owner")
    aws.client("iam").create_user(UserName="owner")
    key_arn = kms.create_key(Policy=f'{{"Statement":{only_another}}}', BypassPolicyLockoutSafetyCheck=True)[
        "KeyMetadata"
    ]["Arn"]
    reasons = run(aws, "create_stack", body=stack_of(key_arn, statement("A")))

    (stack,) = aws.client("cloudformation").describe_stacks(StackName="Stack")["Stacks"]
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    said = f"the policy of key {key_arn} must let the account use IAM policies"
    assert any(said in reason for reason in reasons), reasons


def test_a_failed_update_restores_the_statements(aws: EmbeddedAws, key_arn: str, policy: Callable[[], str]) -> None:
    """CloudFormation goes back to the old properties, and the function with it."""
    assert run(aws, "create_stack", body=stack_of(key_arn, statement("A"))) == []
    bad = {**statement("A"), "Principal": {"AWS": "arn:aws:iam::111111111111:role/nobody"}}
    reasons = run(aws, "update_stack", body=stack_of(key_arn, bad))
    assert any("may not write statement A" in reason for reason in reasons), reasons
    assert policy() == written(statement("A"))


def test_two_stacks_at_once(aws: EmbeddedAws, key_arn: str, policy: Callable[[], str]) -> None:
    """Each has its statements in the policy at the end."""
    bodies = {name: stack_of(key_arn, statement(name)) for name in ("One", "Two")}
    with ThreadPoolExecutor() as pool:
        reasons = list(pool.map(lambda name: run(aws, "create_stack", name, bodies[name]), bodies))
    assert reasons == [[], []]
    assert {each["Sid"] for each in json.loads(policy())["Statement"]} == {"Account", "Other", "One", "Two"}


def test_a_policy_that_comes_back_in_another_print(aws: EmbeddedAws, key_arn: str, policy: Callable[[], str]) -> None:
    """What a statement says counts, not how it is written."""
    destroy = cdk.RemovalPolicy.DESTROY
    aws.fail_next("ReprintKeyPolicy", "", times=9)
    assert run(aws, "create_stack", body=stack_of(key_arn, statement("A"), removal_policy=destroy)) == []
    assert '"Sid" : "A"' in policy()
    assert run(aws, "update_stack", body=stack_of(key_arn, statement("B"), removal_policy=destroy)) == []
    assert [each["Sid"] for each in json.loads(policy())["Statement"]] == ["Account", "Other", "B"]
    assert run(aws, "delete_stack") == []
    assert json.loads(policy()) == json.loads(POLICY)


def test_a_statement_for_a_deleted_role_blocks_the_creation(
    aws: EmbeddedAws, key_arn: str, kms: Any, policy: Callable[[], str]
) -> None:
    """Somebody else's; the reason names it."""
    role = aws.client("iam").create_role(RoleName="gone", AssumeRolePolicyDocument="{}")["Role"]
    theirs = {**statement("Theirs"), "Principal": {"AWS": role["Arn"]}}
    kms.put_key_policy(KeyId=key_arn, PolicyName="default", Policy=written(theirs))
    aws.client("iam").delete_role(RoleName="gone")
    aws.client("iam").create_role(RoleName="gone", AssumeRolePolicyDocument="{}")
    assert json.loads(policy())["Statement"][-1]["Principal"] == {"AWS": role["RoleId"]}

    reasons = run(aws, "create_stack", body=stack_of(key_arn, statement("A")))
    said = f"statement Theirs is for {role['RoleId']}, the id of a deleted role or user"
    assert any(said in reason for reason in reasons), reasons


def test_our_statements_survive_a_new_role(aws: EmbeddedAws, key_arn: str, policy: Callable[[], str]) -> None:
    """They name the account, and so no role that could be deleted."""
    for_a_role = {
        "Action": "kms:Decrypt",
        "Condition": {"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/new"}},
        **statement("A"),
        "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
    }
    aws.client("iam").create_role(RoleName="new", AssumeRolePolicyDocument="{}")
    assert run(aws, "create_stack", body=stack_of(key_arn, for_a_role)) == []
    aws.client("iam").delete_role(RoleName="new")
    assert policy() == written(for_a_role)
    assert run(aws, "update_stack", body=stack_of(key_arn, for_a_role, statement("B"))) == []


def test_a_creation_without_an_answer_leaves_what_was_there(
    aws: EmbeddedAws, key_arn: str, policy: Callable[[], str]
) -> None:
    """CloudFormation waits no hour, and its Delete, under an id of its own, takes nothing out that was retained."""
    assert run(aws, "create_stack", body=stack_of(key_arn, statement("A"))) == []
    assert run(aws, "delete_stack") == []
    body = stack_of(key_arn, statement("A"))
    (resource,) = [each for each in body["Resources"].values() if each["Type"].startswith("Custom::")]
    assert resource["Properties"]["ServiceTimeout"] == 1200
    resource["Properties"]["ServiceTimeout"] = 1

    aws.fail_next("CallCustomResource", "NeverAnswers")
    reasons = run(aws, "create_stack", body=body)
    assert any("timed out after 1s" in reason for reason in reasons), reasons
    assert policy() == written(statement("A"))


@pytest.mark.parametrize("operation", ["create_stack", "update_stack", "delete_stack"])
def test_a_function_that_is_called_twice(
    aws: EmbeddedAws, key_arn: str, policy: Callable[[], str], operation: str
) -> None:
    """The second call finds the work done, and changes nothing."""
    bodies = {
        "create_stack": stack_of(key_arn, statement("A"), removal_policy=cdk.RemovalPolicy.DESTROY),
        "update_stack": stack_of(key_arn, statement("B"), removal_policy=cdk.RemovalPolicy.DESTROY),
        "delete_stack": None,
    }
    for each, body in bodies.items():
        if each == operation:
            aws.fail_next("CallCustomResource", "CalledTwice")
        assert run(aws, each, body=body) == []
    assert policy() == POLICY


PERSONALIZE_ROLE = {
    "Role": {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": "personalize",
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "personalize.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            },
        },
    },
}


@pytest.mark.parametrize("waits", [True, False], ids=["waits", "does not wait"])
def test_dataset_group_needs_the_statements(aws: EmbeddedAws, key_arn: str, waits: bool) -> None:
    """Personalize takes the key when the statements are in its policy, and refuses it before."""
    account = {"AWS": "arn:aws:iam::111111111111:root"}
    the_role = {"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/personalize"}}
    ours = [
        {**statement("Role"), "Action": BASE_5, "Principal": account, "Condition": the_role},
        {**statement("Service"), "Action": BASE_5},
    ]
    body = stack_of(key_arn, *ours)
    body["Resources"] |= {
        **PERSONALIZE_ROLE,
        "RolePolicy": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {
                "Roles": [{"Ref": "Role"}],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": BASE_5, "Resource": key_arn}],
                },
            },
        },
        "Group": {
            "Type": "AWS::Personalize::DatasetGroup",
            "DependsOn": ["RolePolicy", *(["KeyPolicy722F6674"] if waits else [])],
            "Properties": {
                "Name": "movies",
                "KmsKeyArn": key_arn,
                "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
            },
        },
    }
    reasons = run(aws, "create_stack", body=body)
    if waits:
        assert reasons == []
    else:
        assert any("personalize.amazonaws.com needs" in reason for reason in reasons), reasons
