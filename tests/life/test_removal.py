"""Dataset groups and datasets outlive their stack, with the key and the role that they use."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from embedded_aws import EmbeddedAws
from personalize_kms_constructs import ImportedKeyPolicy, PersonalizeEncryption
from tests.datasets import add_ratings
from tests.deploy.stacks import deploy
from tests.doctor.findings import bad
from tests.doctor.looking import doctor_on
from tests.life.conftest import GROUP, KEY_ARN, allowing, importing, trusted_role
from tests.policies import resources, template

RETAINED, DELETED = ("RetainExceptOnCreate", "Retain"), ("Delete", "Delete")
AS_CLOUDFORMATION_DOES = (None, None)


@pytest.mark.parametrize(
    ("removal_policy", "policies"),
    [
        (cdk.RemovalPolicy.RETAIN, RETAINED),
        (cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, RETAINED),
        (cdk.RemovalPolicy.DESTROY, DELETED),
    ],
)
@pytest.mark.parametrize("imported_key_policy", [None, ImportedKeyPolicy.MANAGED])
def test_groups_and_datasets_follow_the_removal_policy(
    stack: cdk.Stack,
    removal_policy: cdk.RemovalPolicy,
    policies: tuple[str, str],
    imported_key_policy: ImportedKeyPolicy | None,
) -> None:
    """It doesn't matter whether the construct makes the key, whose policies are the same."""
    of_key = {}
    if imported_key_policy is not None:
        key = kms.Key.from_key_arn(stack, "Key", KEY_ARN)
        of_key = {"encryption_key": key, "imported_key_policy": imported_key_policy}
    encryption = allowing(stack, removal_policy=removal_policy, **of_key)
    add_ratings(encryption, encryption.add_dataset_group("Movies", name="movies"))

    for resource_type in ("Personalize::DatasetGroup", "Personalize::Dataset", "KMS::Key"):
        for resource in resources(stack, f"AWS::{resource_type}").values():
            assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == policies


def policies_of_role(stack: cdk.Stack) -> list[tuple[str | None, str | None]]:
    """How the made role and each of its managed policies leave the stack."""
    made = resources(stack, "AWS::IAM::Role") | resources(stack, "AWS::IAM::ManagedPolicy")
    return [(one.get("DeletionPolicy"), one.get("UpdateReplacePolicy")) for one in made.values()]


@pytest.mark.parametrize("is_first", [True, False])
def test_what_a_group_uses_is_kept_with_it(
    stack: cdk.Stack, bucket: s3.Bucket, is_first: bool
) -> None:
    """The first policy has the group's key; a smaller selection leaves none of the others."""
    encryption = PersonalizeEncryption(stack, "Encryption", role_name="personalize")
    if is_first:
        encryption.add_dataset_group("Movies", name="movies")
    encryption.allow(GROUP, *[importing(bucket, f"{number:0>200}/") for number in range(20)])
    if not is_first:
        encryption.add_dataset_group("Movies", name="movies")
    assert policies_of_role(stack) == [RETAINED, RETAINED, AS_CLOUDFORMATION_DOES]


@pytest.mark.parametrize("case", ["no group", "DESTROY", "given role"])
def test_a_role_and_its_policy_go(stack: cdk.Stack, case: str) -> None:
    """Nothing that stays uses them, or IAM would delete no role with a policy left on it."""
    removal_policy = getattr(cdk.RemovalPolicy, case, cdk.RemovalPolicy.RETAIN)
    role = trusted_role(stack) if case == "given role" else None
    encryption = allowing(stack, GROUP, service_role=role, removal_policy=removal_policy)
    if case != "no group":
        encryption.add_dataset_group("Movies", name="movies")
    assert policies_of_role(stack) == [AS_CLOUDFORMATION_DOES, AS_CLOUDFORMATION_DOES]


@pytest.mark.parametrize(
    ("removal_policy", "left"),
    [(cdk.RemovalPolicy.RETAIN, ["movies"]), (cdk.RemovalPolicy.DESTROY, [])],
)
def test_a_deleted_stack(
    aws: EmbeddedAws, stack: cdk.Stack, removal_policy: cdk.RemovalPolicy, left: list[str]
) -> None:
    """The group can be used after its stack, unless it was to go with it, and whatever comes next.

    If the stack is created again, the role's name is refused before anything is made.
    """
    encryption = allowing(stack, removal_policy=removal_policy)
    encryption.add_dataset_group("Movies", name="movies")
    templates = {"Stack": template(stack)}
    assert deploy(aws, templates) == []
    cloudformation, personalize = aws.client("cloudformation"), aws.client("personalize")
    cloudformation.delete_stack(StackName="Stack")
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName="Stack", WaiterConfig={"Delay": 0.1, "MaxAttempts": 300}
    )
    groups = personalize.list_dataset_groups()["datasetGroups"]
    assert [group["name"] for group in groups] == left
    assert bad(doctor_on(aws)) == []

    assert any("role" in reason.lower() for reason in deploy(aws, templates)) is bool(left)
    assert bad(doctor_on(aws)) == []


def test_a_failed_first_deployment_leaves_nothing(aws: EmbeddedAws, stack: cdk.Stack) -> None:
    """No key stays that costs a dollar a month, with a policy that nobody can change."""
    aws.client("personalize").create_dataset_group(name="movies")
    allowing(stack).add_dataset_group("Movies", name="movies")
    assert deploy(aws, {"Stack": template(stack)}) != []

    kms, iam = aws.client("kms"), aws.client("iam")
    (key,) = kms.list_keys()["Keys"]
    assert kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert iam.list_roles()["Roles"] == iam.list_policies(Scope="Local")["Policies"] == []
