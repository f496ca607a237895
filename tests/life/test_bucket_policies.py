"""S3 keeps one policy of a bucket: the statements go into it wherever it comes from, and a second one is told."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from tests.life.conftest import Changing, judged, waits_for
from tests.policies import bucket_policy, resources

OURS = ["PersonalizeServiceListBucket", "PersonalizeServiceReadObjects"]


def importing(bucket: Any) -> PersonalizeResource:
    return PersonalizeResource.dataset_import_job(S3Location(bucket, "import/"))


def deny(bucket: Any) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="Mine",
        effect=iam.Effect.DENY,
        actions=["s3:DeleteBucket"],
        principals=[iam.AnyPrincipal()],
        resources=[bucket.bucket_arn],
    )


def own_policy(stack: cdk.Stack, bucket: Any) -> s3.BucketPolicy:
    policy = s3.BucketPolicy(stack, "Own", bucket=bucket)
    policy.document.add_statements(deny(bucket))
    return policy


def policy_of_wrapper(stack: cdk.Stack, bucket: Any) -> None:
    bucket.add_to_resource_policy(deny(bucket))


@pytest.mark.parametrize("make", [own_policy, policy_of_wrapper])
def test_the_policy_that_an_l2_made_for_an_l1_bucket(stack: cdk.Stack, make: Callable[[cdk.Stack, Any], Any]) -> None:
    """It is found below its L2, and gets the statements."""
    bucket = s3.CfnBucket(stack, "L1")
    make(stack, s3.Bucket.from_cfn_bucket(bucket))
    encryption = PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
    waited_for = waits_for(stack, encryption.permissions)
    assert [statement["Sid"] for statement in bucket_policy(stack)] == ["Mine", *OURS]
    (logical_id,) = resources(stack, "AWS::S3::BucketPolicy")
    assert logical_id in waited_for


@pytest.mark.parametrize("make", [own_policy, policy_of_wrapper])
def test_the_policy_that_an_l2_makes_later_for_an_l1_bucket_is_told(
    app: cdk.App, stack: cdk.Stack, make: Callable[[cdk.Stack, Any], Any]
) -> None:
    """The construct has made one by then."""
    bucket = s3.CfnBucket(stack, "L1")
    PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
    make(stack, s3.Bucket.from_cfn_bucket(bucket))
    assert {rule for rule, _ in judged(app)} >= {"Configuration"}


@pytest.mark.parametrize("is_first", [True, False], ids=["before", "after"])
def test_a_policy_beside_an_l2_bucket_is_told(
    app: cdk.App, stack: cdk.Stack, bucket: s3.Bucket, is_first: bool
) -> None:
    """The bucket doesn't know of it, and makes one of its own."""
    if is_first:
        own_policy(stack, bucket)
    PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
    if not is_first:
        own_policy(stack, bucket)
    assert {rule for rule, _ in judged(app)} == {"Configuration"}


def test_a_policy_that_is_given_to_its_l2_bucket(app: cdk.App, stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """It is the only one then."""
    bucket.policy = own_policy(stack, bucket)
    PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
    assert [statement["Sid"] for statement in bucket_policy(stack)] == ["Mine", *OURS]
    app.synth()


def test_the_policy_of_a_wrapper_of_an_l2_bucket_is_told(app: cdk.App, stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """``from_cfn_bucket`` makes a second object for the bucket, with a policy of its own."""
    l1: Any = bucket.node.default_child
    PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
    policy_of_wrapper(stack, s3.Bucket.from_cfn_bucket(l1))
    assert {rule for rule, _ in judged(app)} == {"Configuration"}


def test_two_policies_of_an_l1_bucket_are_told(app: cdk.App, stack: cdk.Stack) -> None:
    """The statements are in the first, and CloudFormation may write the other one last."""
    bucket = s3.CfnBucket(stack, "L1")
    wrapper = s3.Bucket.from_cfn_bucket(bucket)
    own_policy(stack, wrapper)
    policy_of_wrapper(stack, wrapper)
    PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
    assert {rule for rule, _ in judged(app)} >= {"Configuration"}


def test_a_policy_beside_the_one_of_its_bucket_with_the_statements_of_two_constructs(
    app: cdk.App, stack: cdk.Stack, bucket: s3.Bucket
) -> None:
    """One policy below an L2 is no second one, however many add to it."""
    bucket.add_to_resource_policy(deny(bucket))
    for id in ("One", "Two"):
        PersonalizeEncryption(stack, id, resources=[importing(bucket)])
    app.synth()
    assert len(bucket_policy(stack)) == 5


def two_stages(app: cdk.App) -> list[cdk.Stack]:
    """A bucket and a construct in a stack of each of two stages."""
    stacks = [cdk.Stack(cdk.Stage(app, id), "Stack") for id in ("Beta", "Prod")]
    for stack in stacks:
        bucket = s3.Bucket(stack, "Bucket")
        PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
    return stacks


def test_a_policy_that_an_aspect_of_a_later_stage_adds_is_told(app: cdk.App) -> None:
    """The stage before it is synthesized, and validated, before this one's aspects run."""
    _, prod = two_stages(app)

    def add_policy(bucket: s3.Bucket) -> None:
        if prod.node.try_find_child("Other") is None:
            s3.CfnBucketPolicy(prod, "Other", bucket=bucket.bucket_name, policy_document={"Statement": []})

    cdk.Aspects.of(prod).add(Changing(s3.Bucket, add_policy))
    assert judged(app) == {("Configuration", "Prod/Stack/Other"), ("Configuration", "")}


def test_policies_of_other_stages_are_others(app: cdk.App) -> None:
    """Two stages have a bucket and a policy of one logical id each."""
    two_stages(app)
    app.synth()


def test_the_policy_of_a_stage_inside_is_not_that_of_the_app(app: cdk.App, stack: cdk.Stack) -> None:
    """It names the same bucket, but is deployed apart, and can't refer to anything of this stage."""
    inside = cdk.Stack(cdk.Stage(app, "Inside"), "Stack")
    s3.CfnBucketPolicy(inside, "Policy", bucket="ratings", policy_document={"Statement": []})
    bucket = s3.CfnBucket(stack, "L1", bucket_name="ratings")
    PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
    assert [statement["Sid"] for statement in bucket_policy(stack)] == OURS
    app.synth()
