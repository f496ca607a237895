"""Dataset groups and datasets outlive their stack, like the key."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms

from embedded_aws import EmbeddedAws
from personalize_kms_constructs import ImportedKeyPolicy
from tests.datasets import add_ratings
from tests.deploy.stacks import deploy
from tests.life.conftest import KEY_ARN, allowing
from tests.policies import resources, template

RETAINED, DELETED = ("RetainExceptOnCreate", "Retain"), ("Delete", "Delete")


@pytest.mark.parametrize(
    ("removal_policy", "policies"),
    [
        (cdk.RemovalPolicy.RETAIN, RETAINED),
        (cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, RETAINED),
        (cdk.RemovalPolicy.DESTROY, DELETED),
    ],
)
@pytest.mark.parametrize("imported_key_policy", [None, *ImportedKeyPolicy])
def test_groups_and_datasets_follow_the_removal_policy(
    stack: cdk.Stack,
    removal_policy: cdk.RemovalPolicy,
    policies: tuple[str, str],
    imported_key_policy: ImportedKeyPolicy | None,
) -> None:
    """It doesn't matter whether the construct makes the key."""
    of_key = {}
    if imported_key_policy is not None:
        key = kms.Key.from_key_arn(stack, "Key", KEY_ARN)
        of_key = {"encryption_key": key, "imported_key_policy": imported_key_policy}
    encryption = allowing(stack, removal_policy=removal_policy, **of_key)
    add_ratings(encryption, encryption.add_dataset_group("Movies", name="movies"))

    for resource_type in ("AWS::Personalize::DatasetGroup", "AWS::Personalize::Dataset"):
        (resource,) = resources(stack, resource_type).values()
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == policies


@pytest.mark.parametrize(
    ("removal_policy", "left"),
    [(cdk.RemovalPolicy.RETAIN, ["movies"]), (cdk.RemovalPolicy.DESTROY, [])],
)
def test_a_deleted_stack(
    aws: EmbeddedAws, stack: cdk.Stack, removal_policy: cdk.RemovalPolicy, left: list[str]
) -> None:
    """The group is there after its stack, unless it was to go with it."""
    encryption = allowing(stack, removal_policy=removal_policy)
    encryption.add_dataset_group("Movies", name="movies")
    assert deploy(aws, {"Stack": template(stack)}) == []
    cloudformation, personalize = aws.client("cloudformation"), aws.client("personalize")
    cloudformation.delete_stack(StackName="Stack")
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName="Stack", WaiterConfig={"Delay": 0.1, "MaxAttempts": 300}
    )

    groups = personalize.list_dataset_groups()["datasetGroups"]
    assert [group["name"] for group in groups] == left
