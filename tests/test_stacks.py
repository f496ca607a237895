"""Keys, roles and buckets of several stacks and accounts: which form the role's statement takes, and what IAM gets."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from tests.policies import bucket_policy, key_policy, resources, role_policy

PERSONALIZE = {"Service": "personalize.amazonaws.com"}
ACCOUNT = {"AWS": {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::", {"Ref": "AWS::AccountId"}, ":root"]]}}
ACTIONS = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]
EXPORT_ACTIONS = [*ACTIONS, "kms:GenerateDataKeyWithoutPlaintext"]


def role_arn(*name: object) -> dict[str, Any]:
    """The ARN of the role of a fixed name."""
    first, *rest = name
    prefix = ["arn:", {"Ref": "AWS::Partition"}, ":iam::", {"Ref": "AWS::AccountId"}, f":role/{first}"]
    return {"Fn::Join": ["", [*prefix, *rest]]}


def delegated(arn: dict[str, Any], actions: list[str], suffix: str = "") -> list[dict[str, Any]]:
    """The two statements of a key policy, the role's by its account and name."""
    return [
        {
            "Sid": f"PersonalizeRole{suffix}",
            "Effect": "Allow",
            "Principal": ACCOUNT,
            "Action": actions,
            "Resource": "*",
            "Condition": {"ArnEquals": {"aws:PrincipalArn": arn}},
        },
        {
            "Sid": f"PersonalizeService{suffix}",
            "Effect": "Allow",
            "Principal": PERSONALIZE,
            "Action": actions,
            "Resource": "*",
            "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
        },
    ]


GENERATED_NAME = ["Stack-Encryption-8875952E-", {"Ref": "AWS::Region"}]


@pytest.fixture
def security(app: cdk.App) -> cdk.Stack:
    """The stack of another team."""
    return cdk.Stack(app, "Security")


@pytest.fixture
def security_key(security: cdk.Stack) -> kms.Key:
    return kms.Key(security, "Key")


def test_a_key_of_another_stack_delegates_to_a_role_of_a_fixed_name(
    stack: cdk.Stack, security: cdk.Stack, security_key: kms.Key
) -> None:
    """The role's ARN would make a cycle of stacks, so the key policy knows its account and name, and IAM has all."""
    PersonalizeEncryption(
        stack, "Encryption", encryption_key=security_key, resources=[PersonalizeResource.dataset_export_job()]
    )
    (role,) = resources(stack, "AWS::IAM::Role").values()
    assert role["Properties"]["RoleName"] == {"Fn::Join": ["", GENERATED_NAME]}
    assert key_policy(security, "Key961B73FD") == delegated(role_arn(*GENERATED_NAME), EXPORT_ACTIONS)
    key = {"Fn::ImportValue": "Security:ExportsOutputFnGetAttKey961B73FDArn5A860C43"}
    assert role_policy(stack) == [
        {"Sid": "CreateGrants", "Effect": "Allow", "Action": "kms:CreateGrant", "Resource": key},
        {
            "Sid": "ExportData",
            "Effect": "Allow",
            "Action": "kms:GenerateDataKeyWithoutPlaintext",
            "Resource": key,
        },
        {
            "Sid": "UseKey",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"],
            "Resource": key,
        },
    ]


def test_an_import_from_another_stacks_bucket_has_kms_in_iam(stack: cdk.Stack, security: cdk.Stack) -> None:
    """A key policy that delegates allows nothing alone, so for import jobs IAM has the key as well."""
    key = kms.Key(security, "Key")
    bucket = s3.Bucket(security, "Bucket", encryption_key=key)
    PersonalizeEncryption(
        stack, "Encryption", resources=[PersonalizeResource.dataset_import_job(S3Location(bucket, "import/"))]
    )
    assert key_policy(security, "Key961B73FD") == delegated(role_arn(*GENERATED_NAME), ACTIONS)
    assert [statement["Sid"] for statement in bucket_policy(security)] == [
        "PersonalizeServiceListBucket",
        "PersonalizeServiceReadObjects",
    ]
    assert [statement["Sid"] for statement in role_policy(stack)] == [
        "CreateGrants",
        "ListBucket",
        "ReadObjects",
        "UseKey",
    ]
    # The encryption key made here names the role.
    assert key_policy(stack, "EncryptionKey3A692D6E")[0]["Principal"] == {
        "AWS": {"Fn::GetAtt": ["EncryptionRole2D2265A5", "Arn"]}
    }


@pytest.mark.parametrize("takes_policies", [True, False])
def test_a_role_of_a_third_stack_is_delegated_to_by_its_name_and_path(
    app: cdk.App, stack: cdk.Stack, security: cdk.Stack, security_key: kms.Key, takes_policies: bool
) -> None:
    """A fixed name makes every arrangement of stacks work."""
    roles = cdk.Stack(app, "Roles")
    role = iam.Role(
        roles,
        "Role",
        role_name="personalize",
        path="/service/",
        assumed_by=iam.ServicePrincipal("personalize.amazonaws.com"),
    )
    PersonalizeEncryption(
        stack,
        "Encryption",
        encryption_key=security_key,
        service_role=role if takes_policies else role.without_policy_updates(),
        resources=[PersonalizeResource.dataset_group()],
    )
    assert key_policy(security, "Key961B73FD") == delegated(role_arn("service/personalize"), ACTIONS)


def test_a_role_of_a_third_stack_without_a_name_is_delegated_to_by_a_reference(
    app: cdk.App, stack: cdk.Stack, security: cdk.Stack, security_key: kms.Key
) -> None:
    """There is no cycle as long as the role's stack doesn't need the key's."""
    role = iam.Role(cdk.Stack(app, "Roles"), "Role", assumed_by=iam.ServicePrincipal("personalize.amazonaws.com"))
    PersonalizeEncryption(
        stack,
        "Encryption",
        encryption_key=security_key,
        service_role=role,
        resources=[PersonalizeResource.dataset_group()],
    )
    role_arn = {"Fn::ImportValue": "Roles:ExportsOutputFnGetAttRole1ABCC5F0ArnB4C0B73E"}
    assert key_policy(security, "Key961B73FD") == delegated(role_arn, ACTIONS)
    assert [statement["Sid"] for statement in role_policy(stack)] == ["CreateGrants", "UseKey"]


def test_a_construct_in_a_construct_is_of_the_stack_of_that(stack: cdk.Stack) -> None:
    """Key and role are named where they are made in the same stack, however deep the construct is in it."""
    bucket = s3.Bucket(stack, "Bucket", encryption_key=kms.Key(stack, "Key"))
    inner = Construct(Construct(stack, "Outer"), "Inner")
    job = PersonalizeResource.dataset_import_job(S3Location(bucket, "import/"))
    PersonalizeEncryption(inner, "Encryption", resources=[job])
    (role,) = resources(stack, "AWS::IAM::Role")
    named, _ = key_policy(stack, "Key961B73FD")
    assert named["Principal"] == {"AWS": {"Fn::GetAtt": [role, "Arn"]}}
    assert "Condition" not in named


def test_a_key_of_another_account_has_all_actions_in_iam(stack: cdk.Stack) -> None:
    """Across accounts both sides have to allow, also for a role that exists already."""
    role = iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::111111111111:role/personalize")
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-west-1:222222222222:key/1234abcd")
    PersonalizeEncryption(
        stack,
        "Encryption",
        encryption_key=key,
        service_role=role,
        resources=[PersonalizeResource.dataset_import_job()],
    )
    assert role_policy(stack) == [
        {
            "Sid": "CreateGrants",
            "Effect": "Allow",
            "Action": "kms:CreateGrant",
            "Resource": "arn:aws:kms:eu-west-1:222222222222:key/1234abcd",
        },
        {
            "Sid": "UseKey",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"],
            "Resource": "arn:aws:kms:eu-west-1:222222222222:key/1234abcd",
        },
    ]


def test_a_bucket_of_another_account_allows_the_role_too() -> None:
    """Across accounts the bucket policy has to allow the role besides the service."""
    app = cdk.App(analytics_reporting=False)
    ours = cdk.Stack(app, "Ours", env=cdk.Environment(account="111111111111", region="eu-west-1"))
    theirs = cdk.Stack(app, "Theirs", env=cdk.Environment(account="222222222222", region="eu-west-1"))
    bucket = s3.Bucket(theirs, "Bucket", bucket_name="their-ratings")
    PersonalizeEncryption(
        ours, "Encryption", resources=[PersonalizeResource.dataset_import_job(S3Location(bucket, "import/"))]
    )
    principal = {"AWS": {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::111111111111:root"]]}}
    name = "Ours-Encryption-9C53C1FD-eu-west-1"
    (resource,) = resources(ours, "AWS::IAM::Role").values()
    assert resource["Properties"]["RoleName"] == name
    arn = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, f":iam::111111111111:role/{name}"]]}
    of_role = [statement for statement in bucket_policy(theirs) if statement["Principal"] != PERSONALIZE]
    assert of_role == [
        {
            "Sid": "PersonalizeRoleListBucket",
            "Effect": "Allow",
            "Principal": principal,
            "Action": "s3:ListBucket",
            "Resource": {"Fn::GetAtt": ["Bucket83908E77", "Arn"]},
            "Condition": {"ArnEquals": {"aws:PrincipalArn": arn}},
        },
        {
            "Sid": "PersonalizeRoleReadObjects",
            "Effect": "Allow",
            "Principal": principal,
            "Action": "s3:GetObject",
            "Resource": {"Fn::Join": ["", [{"Fn::GetAtt": ["Bucket83908E77", "Arn"]}, "/import/*"]]},
            "Condition": {"ArnEquals": {"aws:PrincipalArn": arn}},
        },
    ]
    assert len(bucket_policy(theirs)) == 4
