"""Roles whose ARN a condition or a mapping decides, of which the templates of other stacks know nothing."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource
from tests.policies import resources

GROUP = PersonalizeResource.dataset_group()
ONE, OTHER = (f"arn:aws:iam::111122223333:role/{name}" for name in ("one", "other"))


def by_condition(stack: cdk.Stack) -> str:
    parameter = cdk.CfnParameter(stack, "Which", default="one").value_as_string
    cdk.CfnCondition(stack, "IsOne", expression=cdk.Fn.condition_equals(parameter, "one"))
    return cdk.Token.as_string(cdk.Fn.condition_if("IsOne", ONE, OTHER))


def by_mapping(stack: cdk.Stack) -> str:
    mapping = cdk.CfnMapping(stack, "Roles", mapping={"eu-west-1": {"arn": ONE}, "us-east-1": {"arn": OTHER}})
    return mapping.find_in_map(cdk.Aws.REGION, "arn")


def by_condition_within(stack: cdk.Stack) -> str:
    which = cdk.Fn.select(0, [by_condition(stack)])
    return cdk.Fn.join("", ["arn:aws:iam::111122223333:role/", which])


def test_the_own_stack_knows_its_conditions(stack: cdk.Stack) -> None:
    """The key's policy names the role as the template does."""
    role = iam.Role.from_role_arn(stack, "Role", by_condition(stack))
    PersonalizeEncryption(stack, "Encryption", service_role=role, resources=[GROUP])
    (key,) = resources(stack, "AWS::KMS::Key").values()
    assert {"AWS": {"Fn::If": ["IsOne", ONE, OTHER]}} in [
        statement["Principal"] for statement in key["Properties"]["KeyPolicy"]["Statement"]
    ]
