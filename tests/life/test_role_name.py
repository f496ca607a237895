"""The name of the role made here: known from the start, unique for each deployment of an app."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption
from tests.life.conftest import GROUP, KEY_ARN, allowing, for_owners, importing
from tests.policies import resources

REGION = {"Ref": "AWS::Region"}


def role_name(stack: cdk.Stack) -> Any:
    (role,) = resources(stack, "AWS::IAM::Role").values()
    return role["Properties"]["RoleName"]


def test_no_later_location_changes_the_name(
    stack: cdk.Stack, security: cdk.Stack, bucket: s3.Bucket
) -> None:
    """The role of a live dataset group is never replaced when it gets more permissions."""
    encryption = allowing(stack, GROUP)
    imported = kms.Key.from_key_arn(stack, "Imported", KEY_ARN)
    encryption.allow(importing(bucket, encryption_key=imported))
    encryption.allow(importing(bucket, encryption_key=kms.Key(security, "Key")))
    encryption.allow(importing(s3.CfnBucket(stack, "L1")))
    assert role_name(stack) == {"Fn::Join": ["", ["Stack-Encryption-8875952E-", REGION]]}


def names_of(*stacks: cdk.Stack) -> list[str]:
    for stack in stacks:
        allowing(stack, GROUP)
    return [str(role_name(stack)) for stack in stacks]


def test_deployments_of_one_app_have_names_of_their_own() -> None:
    """Other stack names, stages, nested stacks and Regions make other roles."""
    names = []
    for stack_name in ("one", "two"):
        app = cdk.App(analytics_reporting=False)
        stack = cdk.Stack(app, "Stack", stack_name=stack_name)
        names += names_of(stack, cdk.NestedStack(stack, "Nested"), cdk.NestedStack(stack, "Other"))
    app = cdk.App(analytics_reporting=False)
    for region in ("eu-west-1", "us-isof-south-1"):
        stage = cdk.Stage(
            app, f"Stage{region}", env=cdk.Environment(account="111111111111", region=region)
        )
        names += names_of(cdk.Stack(stage, "Stack", stack_name="one"))
    assert len(set(names)) == len(names) == 8


@pytest.mark.parametrize("where", ["another id", "a stage"])
def test_a_stack_that_keeps_its_name_keeps_the_role(where: str) -> None:
    """Neither the stack's id nor a stage around it changes the role's name or a logical id."""
    templates = []
    for is_moved in (False, True):
        app = cdk.App(analytics_reporting=False)
        scope = cdk.Stage(app, "Production") if is_moved and where == "a stage" else app
        stack = cdk.Stack(
            scope, "Renamed" if is_moved and where == "another id" else "Stack", stack_name="movies"
        )
        nested = cdk.NestedStack(stack, "Nested")
        allowing(nested, GROUP)
        PersonalizeEncryption(stack, "Encryption").add_dataset_group("Movies", name="movies")
        templates.append(
            {
                **resources(stack, "AWS::IAM::Role"),
                **resources(stack, "AWS::Personalize::DatasetGroup"),
            }
        )
        templates.append(resources(nested, "AWS::IAM::Role"))
    assert templates[:2] == templates[2:]
    role = templates[0]["EncryptionRole2D2265A5"]
    assert role["Properties"]["RoleName"] == {
        "Fn::Join": ["", ["movies-Encryption-5E185CC9-", REGION]]
    }


def test_a_long_name_fits_into_every_region(app: cdk.App) -> None:
    """It has at most 64 characters, with the Region and an aspect's prefix."""
    environment = cdk.Environment(account="111111111111", region="us-isof-south-1")
    stack = cdk.Stack(cdk.Stage(app, "Production" * 3, env=environment), "Recommendations" * 3)
    PersonalizeEncryption(stack, "Encryption" * 5, resources=[GROUP])
    name = role_name(stack)
    assert len(name) == 64 - len("a-prefix-of-")
    assert name.endswith("-us-isof-south-1")


def test_an_id_with_characters_that_iam_refuses(stack: cdk.Stack) -> None:
    """Characters that no role name may have are left out."""
    PersonalizeEncryption(stack, "Encryption of (Ä) movies", resources=[GROUP])
    assert role_name(stack)["Fn::Join"][1][0].startswith("Stack-Encryptionofmovies-")


def test_a_parameter_in_the_name_and_an_imported_key(stack: cdk.Stack) -> None:
    """The key's owner reads the name of the parameter."""
    name = cdk.CfnParameter(stack, "Name").value_as_string
    allowing(
        stack, GROUP, encryption_key=kms.Key.from_key_arn(stack, "Key", KEY_ARN), role_name=name
    )
    of_role, _ = for_owners(stack)["key"]
    named = of_role["Condition"]["ArnEquals"]["aws:PrincipalArn"]
    assert named.endswith(":role/${Name}")


@pytest.mark.parametrize(
    "name",
    ["", "r" * 65, "role/name", 7, f"personalize/{cdk.Aws.REGION}", f"{'r' * 64}{cdk.Aws.REGION}"],
    ids=["empty", "long", "path", "number", "path before a token", "long with a token"],
)
def test_a_name_that_iam_refuses(stack: cdk.Stack, name: Any) -> None:
    """The refusal says which names IAM accepts."""
    with pytest.raises(
        ValueError, match=r"^Stack/Encryption: role_name is .* but IAM takes 1 to 64 letters"
    ):
        PersonalizeEncryption(stack, "Encryption", role_name=name)
