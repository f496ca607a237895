"""Statements that can't be attached are reported, complete, at synth and as a property."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from tests.actions import FIVE
from tests.life.conftest import for_owners, importing, warnings
from tests.policies import pending_policies, resources, template

KEY_ARN = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ROLE_ARN = "arn:aws:iam::111111111111:role/personalize"
GROUP = PersonalizeResource.dataset_group()
PERSONALIZE = {"Service": "personalize.amazonaws.com"}

OF_THIS_ACCOUNT = {"StringEqualsIfExists": {"aws:SourceAccount": "${AWS::AccountId}"}}
OF_THE_ROLES_ACCOUNT = {"StringEqualsIfExists": {"aws:SourceAccount": "111111111111"}}

# The account with a condition, and not the role itself: if the role goes one day, the owner's
# policy has no dead id.
KEY_STATEMENTS = [
    {
        "Sid": "PersonalizeRole0B0E511D",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
        "Action": FIVE,
        "Resource": ["*"],
        "Condition": {"ArnEquals": {"aws:PrincipalArn": ROLE_ARN}},
    },
    {
        "Sid": "PersonalizeService0B0E511D",
        "Effect": "Allow",
        "Principal": PERSONALIZE,
        "Action": FIVE,
        "Resource": ["*"],
        "Condition": OF_THE_ROLES_ACCOUNT,
    },
]
BUCKET_STATEMENTS = [
    {
        "Sid": "PersonalizeServiceListBucket0B0E511D",
        "Effect": "Allow",
        "Principal": PERSONALIZE,
        "Action": ["s3:ListBucket"],
        "Resource": ["arn:${AWS::Partition}:s3:::ratings"],
        "Condition": OF_THIS_ACCOUNT,
    },
    {
        "Sid": "PersonalizeServiceReadObjects0B0E511D",
        "Effect": "Allow",
        "Principal": PERSONALIZE,
        "Action": ["s3:GetObject"],
        "Resource": ["arn:${AWS::Partition}:s3:::ratings/import/*"],
        "Condition": OF_THIS_ACCOUNT,
    },
]
# A statement for the account delegates to IAM, which has to allow every action then.
ROLE_STATEMENTS = [
    {
        "Sid": "CreateGrants",
        "Effect": "Allow",
        "Action": ["kms:CreateGrant"],
        "Resource": [KEY_ARN],
    },
    {
        "Sid": "UseKey",
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"],
        "Resource": [KEY_ARN],
    },
]


@pytest.fixture
def imported_key(stack: cdk.Stack) -> kms.IKey:
    return kms.Key.from_key_arn(stack, "ImportedKey", KEY_ARN)


def encryption(stack: cdk.Stack, **props: Any) -> PersonalizeEncryption:
    """A construct that allows dataset groups, with an imported role."""
    role = iam.Role.from_role_arn(stack, "ImportedRole", ROLE_ARN)
    return PersonalizeEncryption(
        stack, "Encryption", **{"service_role": role, "resources": [GROUP], **props}
    )


def immutable_role(stack: cdk.Stack) -> iam.IRole:
    return iam.Role.from_role_arn(stack, "ImmutableRole", ROLE_ARN, mutable=False)


def test_the_policies_of_an_imported_key_and_of_an_immutable_role(
    stack: cdk.Stack, imported_key: kms.IKey
) -> None:
    """The CDK drops the statements silently; the construct keeps them and writes no policy."""
    construct = encryption(stack, encryption_key=imported_key, service_role=immutable_role(stack))
    owners = [(pending.policy, pending.resource_arn) for pending in construct.pending_statements]
    assert owners == [("key", KEY_ARN), ("role", ROLE_ARN)]
    of_key, _ = construct.pending_statements
    assert [statement.to_statement_json()["Condition"] for statement in of_key.statements] == [
        {"ArnEquals": {"aws:PrincipalArn": ROLE_ARN}},
        {"StringEqualsIfExists": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}},
    ]
    assert for_owners(stack) == {"key": KEY_STATEMENTS, "role": ROLE_STATEMENTS}
    assert resources(stack, "AWS::IAM::ManagedPolicy") == resources(stack, "AWS::IAM::Policy") == {}


def test_the_policy_of_an_imported_bucket(stack: cdk.Stack) -> None:
    """Placeholders stand for values of the deployment; importing the bucket again adds nothing."""
    jobs = [
        importing(s3.Bucket.from_bucket_name(stack, f"Imported{number}", "ratings"))
        for number in range(2)
    ]
    construct = PersonalizeEncryption(stack, "Encryption", resources=jobs)
    (pending,) = construct.pending_statements
    assert (pending.policy, len(pending.statements)) == ("bucket", 2)
    assert for_owners(stack) == {"bucket": BUCKET_STATEMENTS}


def test_a_bucket_of_another_account_has_to_allow_the_role_too(concrete: cdk.Stack) -> None:
    """Across accounts the bucket's policy has to allow too: the role's account, for this role."""
    role = iam.Role.from_role_arn(concrete, "ImportedRole", ROLE_ARN)
    bucket = s3.Bucket.from_bucket_attributes(
        concrete, "ImportedBucket", bucket_arn="arn:aws:s3:::ratings", account="222222222222"
    )
    export = PersonalizeResource.dataset_export_job(S3Location(bucket, "out/"))
    encryption = PersonalizeEncryption(
        concrete, "Encryption", service_role=role, resources=[export]
    )
    (pending,) = encryption.pending_statements
    told = []
    for pending_statement in pending.statements:
        statement = pending_statement.to_statement_json()
        told.append((statement["Sid"], statement["Principal"], statement["Condition"]))
    of_this_account = {"StringEqualsIfExists": {"aws:SourceAccount": "111111111111"}}
    of_this_role = {"ArnEquals": {"aws:PrincipalArn": ROLE_ARN}}
    account = {"AWS": "arn:aws:iam::111111111111:root"}
    assert told == [
        ("PersonalizeRoleListBucketB2FC0821", account, of_this_role),
        ("PersonalizeRoleWriteObjectsB2FC0821", account, of_this_role),
        ("PersonalizeServiceListBucketB2FC0821", PERSONALIZE, of_this_account),
        ("PersonalizeServiceWriteObjectsB2FC0821", PERSONALIZE, of_this_account),
    ]


def test_statements_allowed_later(stack: cdk.Stack, imported_key: kms.IKey) -> None:
    """The file has the statements needed at synth, not at first."""
    encryption(stack, encryption_key=imported_key).allow(PersonalizeResource.dataset_export_job())
    of_export = [*FIVE, "kms:GenerateDataKeyWithoutPlaintext"]
    assert [statement["Action"] for statement in for_owners(stack)["key"]] == [of_export] * 2


def test_a_key_imported_twice_is_pending_once(stack: cdk.Stack, imported_key: kms.IKey) -> None:
    """Two objects with the same ARN are the same key."""
    again = kms.Key.from_key_arn(stack, "Again", KEY_ARN)
    bucket = s3.Bucket.from_bucket_attributes(
        stack, "Imported", bucket_name="ratings", encryption_key=again
    )
    construct = encryption(stack, encryption_key=imported_key, resources=[importing(bucket)])
    assert pending_policies(construct) == ["key", "bucket"]


def test_warnings_can_be_acknowledged(stack: cdk.Stack, imported_key: kms.IKey) -> None:
    """The ids are stable, so a team can acknowledge the statements of one key's owner alone."""
    construct = encryption(stack, encryption_key=imported_key, service_role=immutable_role(stack))
    cdk.Annotations.of(construct).acknowledge_warning("personalize-kms-constructs:pendingKeyPolicy")
    assert set(warnings(stack)) == {"pendingRolePolicy"}


def test_pending_statements_can_be_a_stack_output(stack: cdk.Stack) -> None:
    """CloudFormation fills in values of the deployment; later resources are included."""
    bucket = s3.Bucket.from_bucket_name(stack, "ImportedBucket", "ratings")
    encryption = PersonalizeEncryption(stack, "Encryption")
    encryption.output_pending_statements()
    encryption.allow(PersonalizeResource.dataset_import_job(S3Location(bucket, "import/")))
    (output,) = template(stack)["Outputs"].values()
    text = output["Value"]["Fn::Join"][1]
    filled_in = {"AWS::Partition": "aws-cn", "AWS::AccountId": "111111111111"}
    deployed = "".join(part if isinstance(part, str) else filled_in[part["Ref"]] for part in text)
    expected = json.dumps(BUCKET_STATEMENTS)
    for name, value in filled_in.items():
        expected = expected.replace(f"${{{name}}}", value)
    assert json.loads(deployed) == [
        {
            "policy": "bucket",
            "resource": "arn:aws-cn:s3:::ratings",
            "statements": json.loads(expected),
        }
    ]


def test_an_output_of_nothing_pending_is_an_empty_list(stack: cdk.Stack) -> None:
    """The output is there all the same, so that scripts can rely on it."""
    PersonalizeEncryption(stack, "Encryption").output_pending_statements("Pending")
    (output,) = template(stack)["Outputs"].values()
    assert output["Value"] == "[]"


@pytest.mark.parametrize("in_another_stack", [False, True])
def test_a_role_of_the_app_is_named_for_the_keys_owner(
    app: cdk.App, stack: cdk.Stack, imported_key: kms.IKey, in_another_stack: bool
) -> None:
    """It is named by its logical id, as in ``Fn::Sub``; in another stack, by its path."""
    of = cdk.Stack(app, "Roles") if in_another_stack else stack
    role = iam.Role(of, "Service", assumed_by=iam.ServicePrincipal("personalize.amazonaws.com"))
    encryption(stack, encryption_key=imported_key, service_role=role)
    of_role, _ = for_owners(stack)["key"]
    name = "Roles/Service/Resource" if in_another_stack else "ServiceDBC79909"
    assert of_role["Principal"] == {"AWS": "arn:aws:iam::${AWS::AccountId}:root"}
    assert of_role["Condition"] == {"ArnEquals": {"aws:PrincipalArn": f"${{{name}.Arn}}"}}
