"""The service role: who may assume it, and how given roles are wired."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from tests.life.conftest import GROUP, allowing
from tests.policies import key_policy, resources, role_policy
from tests.test_source_account_check import REQUIRED

USE_KEY = {
    "Sid": "UseKey",
    "Effect": "Allow",
    "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"],
    "Resource": {"Fn::GetAtt": ["EncryptionKey3A692D6E", "Arn"]},
}


def test_personalize_can_assume_the_role_for_this_account_alone(stack: cdk.Stack) -> None:
    """The trust policy is that of AWS's page on the confused deputy, in any partition."""
    PersonalizeEncryption(stack, "Encryption")
    (role,) = resources(stack, "AWS::IAM::Role").values()
    partition, region, account = (
        {"Ref": f"AWS::{n}"} for n in ("Partition", "Region", "AccountId")
    )
    anything = ["arn:", partition, ":personalize:", region, ":", account, ":*"]
    assert role["Properties"] == {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "personalize.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                    "Condition": {
                        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
                        "ArnLike": {"aws:SourceArn": {"Fn::Join": ["", anything]}},
                    },
                }
            ],
        },
        "Description": "Lets Amazon Personalize use data and customer managed KMS keys",
        "RoleName": {"Fn::Join": ["", ["Stack-Encryption-8875952E-", {"Ref": "AWS::Region"}]]},
    }


def test_a_concrete_environment_makes_a_concrete_trust_policy(concrete: cdk.Stack) -> None:
    """Account and Region come from the stack."""
    PersonalizeEncryption(concrete, "Encryption")
    (role,) = resources(concrete, "AWS::IAM::Role").values()
    (statement,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Condition"] == REQUIRED


def test_a_role_imported_by_arn_gets_a_managed_policy(stack: cdk.Stack) -> None:
    """A mutable role of the account is named by its ARN, and the managed policy attaches itself."""
    role = iam.Role.from_role_arn(
        stack, "Role", "arn:aws:iam::111111111111:role/service-role/personalize"
    )
    encryption = allowing(stack, GROUP, service_role=role)
    assert resources(stack, "AWS::IAM::Role") == {}
    assert key_policy(stack, "EncryptionKey3A692D6E")[0]["Principal"] == {
        "AWS": "arn:aws:iam::111111111111:role/service-role/personalize"
    }
    assert role_policy(stack) == [USE_KEY]
    (policy,) = resources(stack, "AWS::IAM::ManagedPolicy").values()
    assert policy["Properties"]["Roles"] == ["personalize"]
    assert encryption.pending_statements == ()


def test_the_construct_is_grantable_as_its_role(stack: cdk.Stack) -> None:
    """``bucket.grant_read(encryption)`` reaches the role."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    other = s3.Bucket(stack, "Other")
    other.grant_read(encryption)
    (policy,) = resources(stack, "AWS::IAM::Policy").values()
    assert policy["Properties"]["Roles"] == [{"Ref": "EncryptionRole2D2265A5"}]


def test_a_parameter_in_a_prefix_may_be_as_long_as_a_path(
    stack: cdk.Stack, bucket: s3.Bucket
) -> None:
    """Paths have up to 256 characters with the bucket; such a policy fits at deployment."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    day = cdk.CfnParameter(stack, "Day").value_as_string
    for number in range(60):
        source = S3Location(bucket, f"{day}/{number:03}/")
        encryption.allow(PersonalizeResource.dataset_import_job(source))
    statements = []
    for policy in resources(stack, "AWS::IAM::ManagedPolicy").values():
        statements += policy["Properties"]["PolicyDocument"]["Statement"]
    paths = [statement["Resource"] for statement in statements if statement["Sid"] == "ReadObjects"]
    assert sum(map(len, paths)) == 60
    longest = "arn:aws-us-gov:s3:::" + "x" * 251 + "*"
    assert all(len(longest) * len(path) < 6144 for path in paths)


def trusting(service: str, stack: cdk.Stack) -> iam.Role:
    return iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal(service))


WRAPPERS: dict[str, Callable[[cdk.Stack, iam.Role], Any]] = {
    "as it is": lambda stack, role: role,
    "without policy updates": lambda stack, role: role.without_policy_updates(),
    "imported by its ARN": lambda stack, role: iam.Role.from_role_arn(
        stack, "Imported", role.role_arn
    ),
    "imported by its name": lambda stack, role: iam.Role.from_role_name(
        stack, "Imported", role.role_name
    ),
    "its L1": lambda stack, role: role.node.default_child,
}


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
def test_a_role_that_trusts_somebody_else(
    app: cdk.App, stack: cdk.Stack, wrap: Callable[[cdk.Stack, iam.Role], Any]
) -> None:
    """It would fail at run time only; no wrapper hides it, and the synth names the statement."""
    role = wrap(stack, trusting("lambda.amazonaws.com", stack))
    allowing(stack, GROUP, service_role=role)
    with pytest.raises(RuntimeError) as error:
        app.synth()
    assert "ERROR Stack/Role doesn't trust Personalize, which has to assume it" in str(error.value)
    assert "Personalize::Trust" in str(error.value)


def test_a_role_may_learn_to_trust_personalize_later(app: cdk.App, stack: cdk.Stack) -> None:
    """Its trust policy is looked at when it is complete."""
    role = trusting("lambda.amazonaws.com", stack)
    allowing(stack, GROUP, service_role=role)
    document = role.assume_role_policy
    assert document is not None
    document.add_statements(
        iam.PolicyStatement(
            actions=["sts:AssumeRole"],
            principals=[iam.ServicePrincipal("personalize.amazonaws.com")],
        )
    )
    app.synth()


ALLOW = {
    "Effect": "Allow",
    "Principal": {"Service": "personalize.amazonaws.com"},
    "Action": "sts:AssumeRole",
}
NO_VALUE = {"Ref": "AWS::NoValue"}


def either(one: Any, other: Any) -> dict[str, Any]:
    return {"Fn::If": ["Yes", one, other]}


UNKNOWN: dict[str, Any] = {
    "the policy": either({"Statement": [ALLOW]}, {"Statement": []}),
    "the statements": {"Statement": either([ALLOW], [])},
    "one statement": {"Statement": [either(ALLOW, NO_VALUE)]},
    "the effect": {"Statement": [{**ALLOW, "Effect": either("Allow", "Deny")}]},
    "the principal": {
        "Statement": [{**ALLOW, "Principal": either(ALLOW["Principal"], {"AWS": "*"})}]
    },
    "a Deny": {"Statement": [ALLOW, either({**ALLOW, "Effect": "Deny"}, NO_VALUE)]},
}


@pytest.mark.parametrize("trust", UNKNOWN.values(), ids=UNKNOWN)
def test_a_trust_policy_that_a_condition_decides(
    app: cdk.App, stack: cdk.Stack, trust: Any
) -> None:
    """It may be right at deployment, so it fails no synth."""
    cdk.CfnCondition(stack, "Yes", expression=cdk.Fn.condition_equals(cdk.Aws.REGION, "eu-west-1"))
    role = iam.CfnRole(stack, "Trusting", assume_role_policy_document=trust)
    allowing(stack, GROUP, service_role=role)
    app.synth()
