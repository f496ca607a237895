"""Roles whose ARN a condition or a mapping decides, of which the templates of other stacks know nothing."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource
from personalize_kms_constructs.checks import check_assembly
from tests.life.conftest import trusted_role
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


@pytest.mark.parametrize("what", ["key", "role"])
@pytest.mark.parametrize("is_nested", [False, True])
def test_a_parameter_is_no_resource_for_the_check(app: cdk.App, stack: cdk.Stack, what: str, is_nested: bool) -> None:
    """What it stands for is unknown, which is no reason to fail."""
    here = cdk.NestedStack(stack, "Nested", parameters={"Arn": ONE}) if is_nested else stack
    arn = cdk.CfnParameter(here, "Arn").value_as_string
    if what == "key":
        PersonalizeEncryption(
            here, "Encryption", encryption_key=kms.Key.from_key_arn(here, "Key", arn), resources=[GROUP]
        )
    else:
        PersonalizeEncryption(
            here, "Encryption", service_role=iam.Role.from_role_arn(here, "Role", arn), resources=[GROUP]
        )
    report = check_assembly(app.synth())
    assert report.undecided
    assert (report.missing, report.problems) == ((), ())


def test_what_a_condition_leaves_out_is_asked_for_by_nobody(app: cdk.App, concrete: cdk.Stack) -> None:
    """The construct is under a condition that doesn't hold in its Region, and its role is not."""
    elsewhere = cdk.CfnCondition(concrete, "C", expression=cdk.Fn.condition_equals(cdk.Aws.REGION, "us-east-1"))
    role = trusted_role(concrete)
    encryption = PersonalizeEncryption(concrete, "Encryption", service_role=role, resources=[GROUP])
    for each in encryption.node.find_all():
        if isinstance(each, cdk.CfnResource):
            each.cfn_options.condition = elsewhere
    report = check_assembly(app.synth())
    assert (report.missing, report.undecided, report.asked) == ((), (), ())
