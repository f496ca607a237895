"""Less usual arrangements of keys, roles and buckets, each with its templates."""

from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import (
    ImportedKeyPolicy,
    PersonalizeEncryption,
    PersonalizeResource,
    S3Location,
)
from tests.life.conftest import allowing, encrypted_by, importing, l1_role
from tests.templates.stacks import app, empty_stack

KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"


def across_stacks(scope: cdk.Stage) -> None:
    """Key and bucket of another stack, whose policies delegate to the account of the role."""
    security = empty_stack(scope, "Security")
    key = kms.Key(security, "Key")
    data = s3.Bucket(security, "Data", encryption_key=kms.Key(security, "DataKey"))
    stack = empty_stack(scope, "AcrossStacks")
    encryption = allowing(
        stack,
        importing(data),
        PersonalizeResource.dataset_export_job(S3Location(data, "export/")),
        encryption_key=key,
    )
    encryption.add_dataset_group("Movies", name="movies")


def across_accounts(scope: cdk.Stage) -> None:
    """Key and bucket belong to another account, whose owners read an output of the stack."""
    stack = empty_stack(
        scope, "AcrossAccounts", cdk.Environment(account="111122223333", region="us-east-1")
    )
    key = kms.Key.from_key_arn(stack, "Key", f"arn:aws:kms:us-east-1:444455556666:key/{KEY_ID}")
    data = s3.Bucket.from_bucket_attributes(
        stack, "Data", bucket_arn="arn:aws:s3:::amzn-s3-demo-bucket", account="444455556666"
    )
    encryption = allowing(stack, importing(data), encryption_key=key)
    encryption.add_dataset_group("Movies", name="movies")
    encryption.output_pending_statements()


def nested(scope: cdk.Stage) -> None:
    """The construct is in a nested stack, and the key in its parent."""
    parent = empty_stack(scope, "Parent")
    key = kms.Key(parent, "Key")
    encryption = PersonalizeEncryption(
        cdk.NestedStack(parent, "Nested"), "Encryption", encryption_key=key
    )
    encryption.add_dataset_group("Movies", name="movies")


def given_role(scope: cdk.Stage) -> None:
    """The role is made beside the construct, without a name, and has a policy of its own."""
    stack = empty_stack(scope, "GivenRole")
    service = cast("iam.IPrincipal", iam.ServicePrincipal("personalize.amazonaws.com"))
    role = iam.Role(stack, "Role", assumed_by=service)
    role.add_to_policy(iam.PolicyStatement(actions=["logs:PutLogEvents"], resources=["*"]))
    data = s3.Bucket(stack, "Data")
    encryption = allowing(stack, importing(data), service_role=role)
    encryption.add_dataset_group("Movies", name="movies")


def immutable_role(scope: cdk.Stage) -> None:
    """The role belongs to others, who add the pending statements; the construct makes the key."""
    stack = empty_stack(scope, "ImmutableRole")
    role = iam.Role.from_role_arn(
        stack, "Role", "arn:aws:iam::111122223333:role/personalize", mutable=False
    )
    encryption = PersonalizeEncryption(stack, "Encryption", service_role=role)
    encryption.add_dataset_group("Movies", name="movies")


def l1s(scope: cdk.Stage) -> None:
    """All are L1s; the key's policy has statements, and the bucket has a policy already."""
    stack = empty_stack(scope, "L1s")
    administration: dict[str, Any] = {
        "Sid": "Administration",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{cdk.Aws.ACCOUNT_ID}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    audit: dict[str, Any] = {
        "Sid": "Audit",
        "Effect": "Allow",
        "Principal": {"Service": "personalize.amazonaws.com"},
        "Action": "kms:DescribeKey",
        "Resource": "*",
    }
    key = kms.CfnKey(
        stack, "Key", key_policy={"Version": "2012-10-17", "Statement": [administration, audit]}
    )
    role = l1_role(stack, "Role", path="/data/")
    data = s3.CfnBucket(stack, "Data", bucket_encryption=encrypted_by(key.attr_arn))
    only_tls: dict[str, Any] = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [data.attr_arn, f"{data.attr_arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = {"Version": "2012-10-17", "Statement": only_tls}
    s3.CfnBucketPolicy(stack, "DataPolicy", bucket=data.ref, policy_document=policy)
    reports = s3.CfnBucket(stack, "Reports")
    encryption = allowing(
        stack,
        importing(data),
        PersonalizeResource.metric_attribution(S3Location(reports, "metrics/")),
        encryption_key=key,
        service_role=role,
    )
    encryption.add_dataset_group("Movies", name="movies")


def managed_keys(scope: cdk.Stage) -> None:
    """Two constructs share a managed key, and one has its own; one function writes all policies."""
    stack = empty_stack(scope, "ManagedKeys")
    key = kms.Key.from_key_arn(stack, "Key", f"arn:aws:kms:us-east-1:111122223333:key/{KEY_ID}")
    key_of_data = kms.Key.from_key_arn(
        stack,
        "DataKey",
        "arn:aws:kms:us-east-1:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321",
    )
    data = s3.Bucket(stack, "Data", encryption_key=key_of_data)
    first = PersonalizeEncryption(
        stack,
        "First",
        encryption_key=key,
        imported_key_policy=ImportedKeyPolicy.MANAGED,
        imported_key_policy_revision="2",
        resources=[PersonalizeResource.dataset_import_job(S3Location(data, "import/"))],
    )
    first.add_dataset_group("Movies", name="movies")
    second = PersonalizeEncryption(
        stack,
        "Second",
        encryption_key=key,
        imported_key_policy=ImportedKeyPolicy.MANAGED,
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    second.add_dataset_group("Series", name="series")


def options(scope: cdk.Stage) -> None:
    """A dataset group with domain and tags, a named role, and a key that goes with the stack."""
    stack = empty_stack(scope, "Options")
    encryption = PersonalizeEncryption(
        stack,
        "Encryption",
        role_name="personalize-movies",
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    encryption.add_dataset_group(
        "Movies", name="movies", domain="VIDEO_ON_DEMAND", tags={"team": "search"}
    )
    encryption.on_key_access_changed("KeyAccess")


ARRANGEMENTS: Mapping[Callable[[cdk.Stage], None], tuple[str, ...]] = {
    across_stacks: ("Security", "AcrossStacks"),
    across_accounts: ("AcrossAccounts",),
    nested: ("Parent", "ParentNested1E9B6DEA.nested"),
    given_role: ("GivenRole",),
    immutable_role: ("ImmutableRole",),
    l1s: ("L1s",),
    managed_keys: ("ManagedKeys",),
    options: ("Options",),
}
TEMPLATES = tuple(chain.from_iterable(ARRANGEMENTS.values()))


def synthesize(directory: Path) -> None:
    """Synthesize all arrangements in one app, without feature flags: these change references."""
    whole = app(directory)
    for arrangement in ARRANGEMENTS:
        arrangement(whole)
    whole.synth()
