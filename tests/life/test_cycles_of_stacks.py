"""Stacks that would depend on each other: refused here or by the CDK; and stacks that don't."""

from collections.abc import Callable
from typing import Any, cast

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm

from personalize_kms_constructs import PersonalizeEncryption
from personalize_kms_constructs.checks import check_assembly
from tests.life.conftest import GROUP, allowing, importing, l1_key, trusted_role


def parameter(stack: cdk.Stack) -> str:
    return cdk.CfnParameter(stack, "Parameter").value_as_string


def by_condition(stack: cdk.Stack) -> str:
    condition = cdk.CfnCondition(
        stack, "Condition", expression=cdk.Fn.condition_equals("a", cdk.Aws.REGION)
    )
    return cdk.Fn.condition_if(condition.logical_id, "one", "other").to_string()


OF_ITS_STACK = (
    "has a value of the role's own stack in it, a parameter for example, "
    "so each stack would depend on the other"
)
NAMELESS = (
    "service_role has no fixed name, so each stack would depend on the other: "
    "set the role's role_name"
)
BY_ARN = "service_role was imported by an ARN that only its own stack knows"
UNKNOWN: dict[str, tuple[Callable[[cdk.Stack], dict[str, Any]], str]] = {
    "name by a parameter": (lambda stack: {"role_name": parameter(stack)}, OF_ITS_STACK),
    "given role with a parameter": (
        lambda stack: {"service_role": trusted_role(stack, role_name=parameter(stack))},
        OF_ITS_STACK,
    ),
    "given role without a name": (lambda stack: {"service_role": trusted_role(stack)}, NAMELESS),
    "imported by a parameter": (
        lambda stack: {"service_role": iam.Role.from_role_arn(stack, "Role", parameter(stack))},
        BY_ARN,
    ),
    "imported by SSM": (
        lambda stack: {
            "service_role": iam.Role.from_role_arn(
                stack,
                "Role",
                ssm.StringParameter.value_for_string_parameter(stack, "/personalize/role"),
            )
        },
        BY_ARN,
    ),
}


@pytest.mark.parametrize(("role", "problem"), UNKNOWN.values(), ids=UNKNOWN)
def test_a_role_that_another_stack_can_not_name(
    stack: cdk.Stack,
    security: cdk.Stack,
    role: Callable[[cdk.Stack], dict[str, Any]],
    problem: str,
) -> None:
    """Both stacks would need each other, which the construct refuses."""
    with pytest.raises(
        ValueError, match=r"^Stack/Encryption: encryption_key is in another stack, and "
    ) as error:
        PersonalizeEncryption(
            stack, "Encryption", encryption_key=kms.Key(security, "Key"), **role(stack)
        )
    assert problem in str(error.value)


def by_ssm(stack: cdk.Stack) -> str:
    return ssm.StringParameter.value_for_string_parameter(stack, "/company/folder")


def attribute(stack: cdk.Stack) -> str:
    resource = cdk.CfnResource(stack, "Resource", type="Company::Folders::Folder")
    return resource.get_att("Name").to_string()


@pytest.mark.parametrize(
    ("folder", "where"),
    [(parameter, "beside"), (by_ssm, "nested"), (attribute, "nested")],
)
def test_a_prefix_that_the_stack_of_the_bucket_can_not_say(
    stack: cdk.Stack, security: cdk.Stack, folder: Callable[[cdk.Stack], str], where: str
) -> None:
    """The bucket's policy would need the construct's stack, and the role's policy the bucket."""
    here = cdk.NestedStack(stack, "Nested") if where == "nested" else stack
    with pytest.raises(
        ValueError, match="Encryption: source of dataset import job has prefix '"
    ) as error:
        allowing(here, importing(s3.Bucket(security, "Data"), folder(here)))
    assert str(error.value).endswith(
        "', a part of which only the construct's own stack can say, but the bucket is in another "
        "stack, whose policy has it too: use literals and pseudo parameters such as Aws.REGION"
    )


def test_the_id_of_the_stack_in_the_prefix_of_another_stacks_bucket(
    stack: cdk.Stack, security: cdk.Stack
) -> None:
    """In the bucket's policy it would be another id, and nobody would tell."""
    job = importing(s3.Bucket(security, "Data"), f"{cdk.Aws.STACK_ID}/")
    with pytest.raises(ValueError, match="which only the construct's own stack can say"):
        allowing(stack, job)


def test_a_role_of_a_nested_stack_and_the_key_of_its_parent(stack: cdk.Stack) -> None:
    """Only CloudFormation knows the name of a nested stack."""
    nested = cdk.NestedStack(stack, "Nested")
    role = trusted_role(nested, role_name=f"p-{cdk.Aws.STACK_NAME}")
    with pytest.raises(ValueError, match="so each stack would depend on the other"):
        PersonalizeEncryption(nested, "Encryption", encryption_key=l1_key(stack), service_role=role)


def test_a_role_that_the_bucket_of_another_account_can_not_name(
    concrete: cdk.Stack, theirs: cdk.Stack
) -> None:
    """The bucket's policy has to say the role's ARN, which it can't by a reference."""
    job = importing(s3.Bucket(theirs, "Bucket", bucket_name="their-ratings"))
    with pytest.raises(
        ValueError, match="bucket of the source of dataset import job is in another stack, and"
    ):
        allowing(concrete, job, service_role=trusted_role(concrete))


def parameter_of_the_buckets_stack(stack: cdk.Stack, other: cdk.Stack) -> None:
    allowing(stack, importing(s3.Bucket(other, "Bucket"), f"{parameter(other)}/"))


def key_of_the_objects_here(stack: cdk.Stack, other: cdk.Stack) -> None:
    job = importing(s3.Bucket(other, "Bucket"), encryption_key=kms.Key(stack, "Key"))
    allowing(stack, job)


def caller_beside_the_bucket(stack: cdk.Stack, other: cdk.Stack) -> None:
    role = trusted_role(cdk.Stack(cast("cdk.App", stack.node.root), "Roles"))
    job = importing(s3.Bucket(other, "Bucket"))
    encryption = allowing(stack, job, service_role=role)
    encryption.grant_create(iam.Role(other, "Caller", assumed_by=iam.AccountRootPrincipal()), GROUP)


NO_CYCLES: dict[str, Callable[[cdk.Stack, cdk.Stack], None]] = {
    "parameter of the bucket's stack": parameter_of_the_buckets_stack,
    "key of the objects here": key_of_the_objects_here,
    "caller beside the bucket": caller_beside_the_bucket,
}


@pytest.mark.parametrize("arrange", NO_CYCLES.values(), ids=NO_CYCLES)
def test_stacks_that_need_no_other_in_return(
    app: cdk.App,
    stack: cdk.Stack,
    security: cdk.Stack,
    arrange: Callable[[cdk.Stack, cdk.Stack], None],
) -> None:
    """They are deployed one after the other."""
    arrange(stack, security)
    assert not check_assembly(app.synth()).missing


@pytest.mark.parametrize("where", ["beside", "nested", "parameter of the key's stack"])
def test_a_role_whose_arn_the_stack_of_the_key_knows(
    app: cdk.App, stack: cdk.Stack, security: cdk.Stack, where: str
) -> None:
    """A parent passes a parameter on to its nested stack."""
    of = security if where == "parameter of the key's stack" else stack
    role = iam.Role.from_role_arn(stack, "Role", parameter(of))
    key = kms.Key(cdk.NestedStack(stack, "Nested") if where == "nested" else of, "Key")
    allowing(stack, GROUP, service_role=role, encryption_key=key)
    app.synth()
