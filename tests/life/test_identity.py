"""Two objects for the same resource, and resources that only look alike."""

import json
import re
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import cloudformation_include as cfn_include

from personalize_kms_constructs import (
    ImportedKeyPolicy,
    PersonalizeEncryption,
    PersonalizeResource,
    S3Location,
)
from tests.life.conftest import (
    BUCKET_SIDS,
    GROUP,
    KEY_ARN,
    KEY_SIDS,
    allowing,
    bucket_sids,
    encrypted_by,
    importing,
    judged,
    key_sids,
    key_statement,
    l1_key,
)
from tests.policies import pending_policies, resources, sids_of, template


def test_parameters_of_one_name_in_two_stacks_are_two_keys(
    app: cdk.App, stack: cdk.Stack, bucket: s3.Bucket
) -> None:
    """The resolved value of a reference doesn't say of which stack it is."""
    one, two = (
        kms.Key.from_key_arn(
            stack, f"Key{id}", cdk.CfnParameter(cdk.Stack(app, id), "KeyArn").value_as_string
        )
        for id in ("One", "Two")
    )
    resources = [GROUP, importing(bucket, encryption_key=two)]
    encryption = PersonalizeEncryption(stack, "Encryption", encryption_key=one, resources=resources)
    arns = [pending.resource_arn for pending in encryption.pending_statements]
    assert arns == [one.key_arn, two.key_arn]


def test_buckets_of_one_logical_id_in_two_stacks_are_two_places(
    app: cdk.App, stack: cdk.Stack
) -> None:
    """A job may read from the first and write to the second below the same prefix."""
    source, destination = (
        s3.Bucket.from_bucket_arn(
            stack,
            f"Bucket{id}",
            cdk.CfnResource(cdk.Stack(app, id), "B", type="Custom::B").get_att("Arn").to_string(),
        )
        for id in ("One", "Two")
    )
    job = PersonalizeResource.batch_segment_job(
        S3Location(source, "x/"), S3Location(destination, "x/")
    )
    encryption = allowing(stack, job)
    assert pending_policies(encryption) == ["bucket", "bucket"]


def test_a_bucket_imported_by_the_name_of_an_l1(stack: cdk.Stack) -> None:
    """It is the app's own: its policy and its key get the statements."""
    l1 = s3.CfnBucket(stack, "Data", bucket_encryption=encrypted_by(l1_key(stack).attr_arn))
    bucket = s3.Bucket.from_bucket_name(stack, "Imported", l1.ref)
    construct = allowing(stack, importing(bucket))
    assert construct.pending_statements == ()
    assert key_sids(stack, "L1Key") == KEY_SIDS


SUB, JOIN = {"Fn::Sub": "data-${Stage}"}, {"Fn::Join": ["-", ["data", {"Ref": "Stage"}]]}
NAMES: dict[str, tuple[Any, Any, bool]] = {
    "one literal": ("data", "data", True),
    "one Sub": (SUB, SUB, True),
    "one parameter": ({"Ref": "Stage"}, {"Ref": "Stage"}, True),
    "the bucket": (None, {"Ref": "Data"}, True),
    "a name that begins with the bucket's": (
        None,
        {"Fn::Join": ["-", [{"Ref": "Data"}, "archive"]]},
        False,
    ),
    "a literal name that begins with the bucket's": ("data", "data-archive", False),
}


@pytest.mark.parametrize(("name", "in_policy", "is_of_bucket"), NAMES.values(), ids=NAMES)
def test_an_l1_has_the_bucket_policy_that_names_it(
    stack: cdk.Stack, tmp_path: Path, name: Any, in_policy: Any, is_of_bucket: bool
) -> None:
    """It refers to the L1 or has its name in the same form; other buckets' policies stay."""
    encrypt_included(stack, tmp_path, name, in_policy)
    policies = resources(stack, "AWS::S3::BucketPolicy")
    sids = sids_of(policies["P"]["Properties"]["PolicyDocument"]["Statement"])
    assert sids == (BUCKET_SIDS if is_of_bucket else [])
    assert len(policies) == (1 if is_of_bucket else 2)


@pytest.mark.parametrize(
    ("name", "in_policy"),
    [(SUB, JOIN), (JOIN, JOIN), ({"Ref": "AWS::NoValue"}, {"Fn::Sub": "${Data}"})],
    ids=["Sub and Join", "one Join", "Sub of a reference"],
)
def test_a_bucket_policy_that_names_its_bucket_otherwise(
    app: cdk.App, stack: cdk.Stack, tmp_path: Path, name: Any, in_policy: Any
) -> None:
    """The construct doesn't read it, and S3 keeps one policy a bucket: the check reports two.

    A Join of an included template is a ``Lazy`` of the CDK.
    """
    encrypt_included(stack, tmp_path, name, in_policy)
    assert ("Configuration", "Stack/Old/P") in judged(app)


def encrypt_included(stack: cdk.Stack, directory: Path, name: Any, in_policy: Any) -> None:
    """Include a template with a bucket and a bucket policy, and import from the bucket."""
    properties = {"Bucket": in_policy, "PolicyDocument": {"Statement": []}}
    old = {
        "Parameters": {"Stage": {"Type": "String"}},
        "Resources": {
            "Data": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name} if name else {}},
            "P": {"Type": "AWS::S3::BucketPolicy", "Properties": properties},
        },
    }
    (directory / "old.json").write_text(json.dumps(old))
    included = cfn_include.CfnInclude(stack, "Old", template_file=str(directory / "old.json"))
    allowing(stack, importing(included.get_resource("Data")))


@pytest.mark.parametrize("is_nested", [True, False])
def test_a_bucket_policy_in_the_stack_of_the_construct(
    app: cdk.App, stack: cdk.Stack, is_nested: bool
) -> None:
    """It refers to a bucket of another or of a nested stack."""
    bucket = s3.CfnBucket(
        cdk.NestedStack(stack, "Nested") if is_nested else cdk.Stack(app, "Data"), "Data"
    )
    s3.CfnBucketPolicy(stack, "Policy", bucket=bucket.ref, policy_document={"Statement": []})
    allowing(stack, importing(bucket))
    assert bucket_sids(stack) == BUCKET_SIDS
    assert not resources(bucket.stack, "AWS::S3::BucketPolicy")


def test_a_mapping_of_another_stack_is_copied(app: cdk.App, stack: cdk.Stack) -> None:
    """The CDK copies the mapping to where its values stand."""
    other = cdk.Stack(app, "Other")
    places = cdk.CfnMapping(
        other, "Places", mapping={"eu-west-1": {"key": KEY_ARN, "bucket": "ratings"}}
    )
    key = kms.Key.from_key_arn(other, "Key", places.find_in_map(cdk.Aws.REGION, "key"))
    bucket = s3.Bucket.from_bucket_name(
        other, "Bucket", places.find_in_map(cdk.Aws.REGION, "bucket")
    )
    managed = ImportedKeyPolicy.MANAGED
    allowing(stack, GROUP, importing(bucket), encryption_key=key, imported_key_policy=managed)
    document = template(stack)
    (copy,) = document["Mappings"]
    (function,) = set(re.findall(r'"Fn::FindInMap": \["([^"]+)"', json.dumps(document)))
    assert function == copy


def test_a_key_that_another_construct_uses_first(stack: cdk.Stack) -> None:
    """Sids are taken in the order of the statements, also in a policy of a key made here."""
    first = PersonalizeEncryption(stack, "First")
    second = PersonalizeEncryption(
        stack, "Second", encryption_key=first.encryption_key, resources=[GROUP]
    )
    first.allow(GROUP)
    assert key_sids(stack) == [*KEY_SIDS, "PersonalizeRole2", "PersonalizeService2"]
    of_second = key_statement(stack, "PersonalizeRole")["Principal"]
    assert of_second == {"AWS": stack.resolve(second.service_role.role_arn)}


def test_deployments_of_one_app_share_no_sid_in_a_central_key() -> None:
    """No deployment removes the statements of another stack, account, stage or nested stack."""
    sids: list[str | None] = []

    def add_to_central_key(stack: cdk.Stack) -> None:
        imported = kms.Key.from_key_arn(stack, "Imported", KEY_ARN)
        encryption = allowing(stack, GROUP, encryption_key=imported)
        sids.extend(statement.sid for statement in encryption.pending_statements[0].statements)

    for stack_name in ("one", "two"):
        for account in ("222222222222", "333333333333"):
            app = cdk.App(analytics_reporting=False)
            env = cdk.Environment(account=account, region="eu-west-1")
            stack = cdk.Stack(app, "Stack", stack_name=stack_name, env=env)
            add_to_central_key(stack)
            add_to_central_key(cdk.NestedStack(stack, "Nested"))
    for stage in ("Test", "Production"):
        add_to_central_key(cdk.Stack(cdk.Stage(app, stage), "Stack", stack_name="movies"))
    assert len(set(sids)) == len(sids) == 20
