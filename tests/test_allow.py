"""Resources allowed later, twice, in another order, and by several constructs."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from tests.life.conftest import GROUP, allowing, importing
from tests.policies import bucket_policy, key_policy, role_policy, sids_of, template


def all_resources(bucket: s3.Bucket) -> list[PersonalizeResource]:
    return [
        PersonalizeResource.dataset_group(),
        PersonalizeResource.dataset_import_job(S3Location(bucket, "import/")),
        PersonalizeResource.dataset_export_job(S3Location(bucket, "export/")),
        PersonalizeResource.batch_inference_job(
            S3Location(bucket, "in/"), S3Location(bucket, "out/")
        ),
        PersonalizeResource.batch_segment_job(
            S3Location(bucket, "users/"), S3Location(bucket, "segments/")
        ),
        PersonalizeResource.metric_attribution(S3Location(bucket, "metrics/")),
    ]


def a_stack() -> tuple[cdk.Stack, s3.Bucket]:
    stack = cdk.Stack(cdk.App(analytics_reporting=False), "Stack")
    return stack, s3.Bucket(stack, "Bucket", encryption_key=kms.Key(stack, "DataKey"))


def test_the_same_resource_twice_changes_nothing() -> None:
    """Allowing is idempotent, in a single call and in several."""
    once, bucket = a_stack()
    PersonalizeEncryption(once, "Encryption", resources=all_resources(bucket))
    twice, bucket = a_stack()
    encryption = PersonalizeEncryption(twice, "Encryption", resources=all_resources(bucket) * 2)
    encryption.allow(*all_resources(bucket))
    assert template(twice) == template(once)


def test_a_resource_allowed_later_is_wired_as_well() -> None:
    """A single call and several calls allow the same."""
    together, bucket = a_stack()
    PersonalizeEncryption(together, "Encryption", resources=all_resources(bucket))
    later, bucket = a_stack()
    encryption = PersonalizeEncryption(later, "Encryption")
    for resource in all_resources(bucket):
        encryption.allow(resource)
    for key in ("EncryptionKey3A692D6E", "DataKey17AFBB84"):
        assert key_policy(later, key) == key_policy(together, key)
    for policy in (role_policy, bucket_policy):
        statements, expected = policy(later), policy(together)
        assert sorted(sids_of(statements)) == sorted(sids_of(expected))
        assert all(statement in expected for statement in statements)


def test_two_constructs_on_one_key_and_bucket_have_sids_of_their_own(stack: cdk.Stack) -> None:
    """AWS refuses a policy that has a sid twice."""
    key = kms.Key(stack, "DataKey")
    bucket = s3.Bucket(stack, "Bucket", encryption_key=key)
    for name in ("One", "Two"):
        PersonalizeEncryption(stack, name, encryption_key=key, resources=all_resources(bucket))
    assert sids_of(key_policy(stack, "DataKey17AFBB84")) == [
        "PersonalizeRole",
        "PersonalizeService",
        "PersonalizeRole2",
        "PersonalizeService2",
    ]
    assert sids_of(bucket_policy(stack)) == [
        "PersonalizeServiceListBucket",
        "PersonalizeServiceReadObjects",
        "PersonalizeServiceWriteObjects",
        "PersonalizeServiceListBucket2",
        "PersonalizeServiceReadObjects2",
        "PersonalizeServiceWriteObjects2",
    ]


def test_sids_of_the_users_own_statements_have_no_say(stack: cdk.Stack) -> None:
    """Constructs are counted, so nothing that a user renames changes a sid of ours."""
    taken = iam.PolicyStatement(
        sid="PersonalizeService",
        actions=["kms:Decrypt"],
        resources=["*"],
        principals=[iam.ServicePrincipal("personalize.amazonaws.com")],
    )
    key = kms.Key(stack, "DataKey")
    key.add_to_resource_policy(taken)
    allowing(stack, GROUP, encryption_key=key)
    sids = sids_of(key_policy(stack, "DataKey17AFBB84"))
    assert sids == ["PersonalizeService", "PersonalizeRole", "PersonalizeService"]


def test_several_locations_share_a_statement(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """A bucket has at most one statement each for reading, writing and listing."""
    allowing(stack, *[importing(bucket, f"{name}/") for name in "abc"])
    arn = {"Fn::GetAtt": ["Bucket83908E77", "Arn"]}
    assert [(statement["Action"], statement["Resource"]) for statement in bucket_policy(stack)] == [
        ("s3:ListBucket", arn),
        ("s3:GetObject", [{"Fn::Join": ["", [arn, f"/{name}/*"]]} for name in "abc"]),
    ]


TOGETHER, ONE_BY_ONE = "together", "one by one"


@pytest.mark.parametrize(
    ("way", "prefixes", "written"),
    [
        (ONE_BY_ONE, ["import/", "import/users.csv"], ["import/*"]),
        (TOGETHER, ["import/users.csv", "import/"], ["import/*"]),
        (ONE_BY_ONE, ["import/users.csv", "import/"], ["import/users.csv*", "import/*"]),
        (TOGETHER, ["import/1", "import/10/", "import/2/"], ["import/1*", "import/2/*"]),
        (TOGETHER, ["a/", "b/", ""], ["*"]),
        (TOGETHER, ["in/1/", "in/10/", "In/1/x"], ["in/1/*", "in/10/*", "In/1/x*"]),
        # "!" comes before "*".
        (TOGETHER, ["import!1/", "import"], ["import*"]),
    ],
)
def test_a_location_within_another_adds_nothing(
    bucket: s3.Bucket, way: str, prefixes: list[str], written: list[str]
) -> None:
    """A policy keeps its statements when a wider location comes later."""
    stack = bucket.stack
    encryption = PersonalizeEncryption(stack, "Encryption")
    imports = [importing(bucket, prefix) for prefix in prefixes]
    for some in [imports] if way == TOGETHER else [[resource] for resource in imports]:
        encryption.allow(*some)
    expected = [
        {"Fn::Join": ["", [{"Fn::GetAtt": ["Bucket83908E77", "Arn"]}, f"/{pattern}"]]}
        for pattern in written
    ]
    for policy in (bucket_policy(stack), role_policy(stack)):
        (objects,) = [
            statement["Resource"] for statement in policy if statement["Action"] == "s3:GetObject"
        ]
        assert objects == (expected if len(expected) > 1 else expected[0])
