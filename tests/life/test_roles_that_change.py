"""Names and paths of roles that change after the construct was made: policies have those that are deployed."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import ImportedKeyPolicy, PersonalizeEncryption, PersonalizeResource, S3Location
from tests.life.conftest import KEY_ARN, change, key_statement, l1_key, synth_error, trusted_role, warnings
from tests.policies import resources

GROUP = PersonalizeResource.dataset_group()
IAM = ["arn:", {"Ref": "AWS::Partition"}, ":iam::", {"Ref": "AWS::AccountId"}]


def arn(*name: object) -> dict[str, Any]:
    """The ARN of a role of this account by its path and name."""
    first, *rest = name
    return {"Fn::Join": ["", [*IAM, f":role{first}", *rest]]}


def move_to_path(role: iam.CfnRole) -> None:
    role.path = "/personalize/"


def put_prefix(role: iam.CfnRole) -> None:
    role.role_name = f"corp-{role.role_name}"


def principal_arn(statement: dict[str, Any]) -> Any:
    return statement["Condition"]["ArnEquals"]["aws:PrincipalArn"]


def test_a_path_from_an_aspect_is_in_the_policy_of_another_stacks_key(
    app: cdk.App, stack: cdk.Stack, security: cdk.Stack
) -> None:
    """The role made here gets a path after the key policy was written."""
    key = kms.Key(security, "Key")
    PersonalizeEncryption(stack, "Encryption", encryption_key=key, role_name="personalize", resources=[GROUP])
    change(app, iam.CfnRole, move_to_path)
    assert principal_arn(key_statement(security, "PersonalizeRole")) == arn("/personalize/personalize")


def test_a_prefix_from_an_aspect_is_in_the_policy_of_another_stacks_key(
    app: cdk.App, stack: cdk.Stack, security: cdk.Stack
) -> None:
    """Companies have prefixes for the names of all roles."""
    key = kms.Key(security, "Key")
    PersonalizeEncryption(stack, "Encryption", encryption_key=key, resources=[GROUP])
    change(app, iam.CfnRole, put_prefix)
    region = {"Ref": "AWS::Region"}
    assert principal_arn(key_statement(security, "PersonalizeRole")) == arn("/corp-Stack-Encryption-8875952E-", region)
    (role,) = resources(stack, "AWS::IAM::Role").values()
    assert role["Properties"]["RoleName"] == {"Fn::Join": ["", ["corp-Stack-Encryption-8875952E-", region]]}


def test_what_asks_early_freezes_nothing(app: cdk.App, stack: cdk.Stack, security: cdk.Stack) -> None:
    """A test or an aspect may resolve the key policy before the last change."""
    key = kms.Key(security, "Key")
    encryption = PersonalizeEncryption(stack, "Encryption", encryption_key=key, role_name="early", resources=[GROUP])
    l1: Any = key.node.default_child
    before = security.resolve(l1.key_policy)
    assert principal_arn(before["Statement"][1]) == arn("/early")
    role: Any = encryption.service_role.node.default_child
    role.role_name = "late"
    assert principal_arn(key_statement(security, "PersonalizeRole")) == arn("/late")


@pytest.mark.parametrize("imported", [False, True], ids=["given role", "role wrapped by its ARN"])
def test_a_given_role_that_changes(app: cdk.App, stack: cdk.Stack, security: cdk.Stack, imported: bool) -> None:
    """The same for a role of the user's, as it is or imported by its ARN."""
    role = trusted_role(stack, role_name="personalize")
    wrapped = iam.Role.from_role_arn(stack, "Wrapped", role.role_arn) if imported else role
    key = kms.Key(security, "Key")
    PersonalizeEncryption(stack, "Encryption", encryption_key=key, service_role=wrapped, resources=[GROUP])
    change(app, iam.CfnRole, move_to_path)
    assert principal_arn(key_statement(security, "PersonalizeRole")) == arn("/personalize/personalize")


def test_a_path_is_in_what_the_owner_of_an_imported_key_pastes(app: cdk.App, stack: cdk.Stack) -> None:
    """The warning at synth and ``pending_statements`` have the final ARN."""
    key = kms.Key.from_key_arn(stack, "Key", KEY_ARN)
    encryption = PersonalizeEncryption(
        stack, "Encryption", encryption_key=key, role_name="personalize", resources=[GROUP]
    )
    change(app, iam.CfnRole, move_to_path)
    text = warnings(stack)["pendingKeyPolicy"]
    assert "arn:aws:iam::${AWS::AccountId}:role/personalize/personalize" in text
    (pending,) = encryption.pending_statements
    statement = stack.resolve(pending.statements[0].to_statement_json())
    assert principal_arn(statement) == arn("/personalize/personalize")


def test_a_path_is_in_what_the_stack_writes_into_an_imported_key(app: cdk.App, stack: cdk.Stack) -> None:
    """The custom resource gets the final ARN."""
    key = kms.Key.from_key_arn(stack, "Key", KEY_ARN)
    PersonalizeEncryption(
        stack,
        "Encryption",
        encryption_key=key,
        role_name="personalize",
        imported_key_policy=ImportedKeyPolicy.MANAGED,
        resources=[GROUP],
    )
    change(app, iam.CfnRole, move_to_path)
    (resource,) = resources(stack, "Custom::PersonalizeKeyPolicy").values()
    assert json.dumps(arn("/personalize/personalize")) in json.dumps(resource)


def test_the_bucket_of_another_account(app: cdk.App, concrete: cdk.Stack) -> None:
    """Bucket policies that know the role know it as it is deployed."""
    theirs = cdk.Stack(app, "Theirs", env=cdk.Environment(account="222222222222", region="eu-west-1"))
    bucket = s3.Bucket(theirs, "Bucket", bucket_name="their-ratings")
    job = PersonalizeResource.dataset_import_job(S3Location(bucket, "import/"))
    PersonalizeEncryption(concrete, "Encryption", role_name="personalize", resources=[job])
    change(app, iam.CfnRole, move_to_path)
    (policy,) = resources(theirs, "AWS::S3::BucketPolicy").values()
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    assert [principal_arn(each) for each in statements if "AWS" in each["Principal"]] == [
        {
            "Fn::Join": [
                "",
                ["arn:", {"Ref": "AWS::Partition"}, ":iam::111111111111:role/personalize/personalize"],
            ]
        }
    ] * 2


def test_the_key_of_one_stack_names_the_role_whatever_it_is_called(app: cdk.App, stack: cdk.Stack) -> None:
    """In one stack the ARN is the template's own reference."""
    PersonalizeEncryption(stack, "Encryption", resources=[GROUP])
    change(app, iam.CfnRole, move_to_path)
    assert key_statement(stack, "PersonalizeRole")["Principal"] == {
        "AWS": {"Fn::GetAtt": ["EncryptionRole2D2265A5", "Arn"]}
    }


def test_a_name_that_is_taken_away_is_told(app: cdk.App, stack: cdk.Stack, security: cdk.Stack) -> None:
    """Without a name the policy of another stack's key can't speak of the role."""
    key = kms.Key(security, "Key")
    encryption = PersonalizeEncryption(stack, "Encryption", encryption_key=key, resources=[GROUP])
    role: Any = encryption.service_role.node.default_child
    role.role_name = None
    assert "cyclic reference" in synth_error(app)


def test_a_name_of_a_role_of_the_stack_itself_is_no_cycle(stack: cdk.Stack) -> None:
    """A nameless role of the user's, beside an imported key, is the template's own reference."""
    key = kms.Key.from_key_arn(stack, "Key", KEY_ARN)
    role = trusted_role(stack)
    encryption = PersonalizeEncryption(stack, "Encryption", encryption_key=key, service_role=role, resources=[GROUP])
    (pending,) = encryption.pending_statements
    statement = stack.resolve(pending.statements[0].to_statement_json())
    assert principal_arn(statement) == {"Fn::GetAtt": ["ServiceRole4288B192", "Arn"]}


def test_a_nameless_role_and_an_l1_key_of_another_stack(stack: cdk.Stack, security: cdk.Stack) -> None:
    """An L1 key is a key of its stack: a cycle is told in our words."""
    wrapped = kms.Key.from_cfn_key(l1_key_without_functions(security))
    with pytest.raises(ValueError, match="each stack would need the other: give the role a role_name"):
        PersonalizeEncryption(stack, "Encryption", encryption_key=wrapped, service_role=trusted_role(stack))


def l1_key_without_functions(stack: cdk.Stack) -> kms.CfnKey:
    statement = {"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "kms:*", "Resource": "*"}
    return kms.CfnKey(stack, "L1Key", key_policy={"Version": "2012-10-17", "Statement": [statement]})


def test_a_nameless_role_of_a_nested_stack_and_the_l1_key_of_its_parent(app: cdk.App) -> None:
    """The same for the parent of a nested stack."""
    parent = cdk.Stack(app, "Parent")
    nested = cdk.NestedStack(parent, "Nested")
    with pytest.raises(ValueError, match="each stack would need the other: give the role a role_name"):
        PersonalizeEncryption(nested, "Encryption", encryption_key=l1_key(parent), service_role=trusted_role(nested))
