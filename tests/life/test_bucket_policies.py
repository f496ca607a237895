"""S3 keeps one policy of a bucket: the statements go into it wherever it comes from, and a second one is told."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from tests.life.conftest import waits_for
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


def test_a_policy_that_is_given_to_its_l2_bucket(app: cdk.App, stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """It is the only one then."""
    bucket.policy = own_policy(stack, bucket)
    PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
    assert [statement["Sid"] for statement in bucket_policy(stack)] == ["Mine", *OURS]
    app.synth()


def test_the_policy_of_a_stage_inside_is_not_that_of_the_app(app: cdk.App, stack: cdk.Stack) -> None:
    """It names the same bucket, but is deployed apart, and can't refer to anything of this stage."""
    inside = cdk.Stack(cdk.Stage(app, "Inside"), "Stack")
    s3.CfnBucketPolicy(inside, "Policy", bucket="ratings", policy_document={"Statement": []})
    bucket = s3.CfnBucket(stack, "L1", bucket_name="ratings")
    PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
    assert [statement["Sid"] for statement in bucket_policy(stack)] == OURS
    app.synth()
