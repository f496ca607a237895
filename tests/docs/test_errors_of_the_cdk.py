"""Errors of the CDK come in the words of the page on errors, and its advice helps."""

import re
from collections.abc import Callable
from typing import cast

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from tests.docs.code import DOCS
from tests.judge.apps import failure
from tests.policies import pending_policies, resources, template

HEADINGS = re.findall(
    r"^### (.+)$", (DOCS / "errors-of-aws.md").read_text(encoding="utf-8"), re.MULTILINE
)


def importing(stack: cdk.Stack, bucket: s3.IBucket) -> PersonalizeEncryption:
    return PersonalizeEncryption(
        stack,
        "Encryption",
        resources=[PersonalizeResource.dataset_import_job(S3Location(bucket, "in/"))],
    )


def test_stacks_with_constructs_that_use_the_bucket_of_the_other() -> None:
    """Both role policies refer to the other stack."""
    app = cdk.App()
    movies, books = cdk.Stack(app, "Movies"), cdk.Stack(app, "Books")
    importing(movies, s3.Bucket(books, "Bucket"))
    importing(books, s3.Bucket(movies, "Bucket"))

    # Older versions don't begin with its name.
    with pytest.raises(
        RuntimeError, match=r"Adding this dependency \(.*\) would create a cyclic reference"
    ):
        app.synth()
    message = "DependencyCycle: … Adding this dependency … would create a cyclic reference"
    assert message in HEADINGS


READER = iam.AccountPrincipal("222222222222")


def own_l1(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:DeleteBucket",
        "Resource": bucket.bucket_arn,
    }
    s3.CfnBucketPolicy(
        stack, "Policy", bucket=bucket.bucket_name, policy_document={"Statement": [statement]}
    )


def grant_on_l1(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    s3.BucketGrants.from_bucket(cast("s3.CfnBucket", bucket.node.default_child)).read(READER)


@pytest.mark.parametrize("is_before", [True, False])
@pytest.mark.parametrize("of_user", [own_l1, grant_on_l1])
def test_a_bucket_policy_that_an_l2_does_not_know(
    stack: cdk.Stack, of_user: Callable[[cdk.Stack, s3.Bucket], None], is_before: bool
) -> None:
    """It gets the statements if it is there before; afterwards, the judge reports the second."""
    bucket = s3.Bucket(stack, "Data", bucket_name="data")
    if is_before:
        of_user(stack, bucket)
    importing(stack, bucket)
    importing(cdk.Stack(cast("Construct", stack.node.scope), "Other"), bucket)
    if not is_before:
        of_user(stack, bucket)

    # The CDK's own ways find the construct's policy.
    if is_before or of_user is grant_on_l1:
        (only,) = resources(stack, "AWS::S3::BucketPolicy").values()
        assert len(only["Properties"]["PolicyDocument"]["Statement"]) == 5
    else:
        assert "has 2 bucket policies" in failure(lambda: template(stack))


@pytest.mark.parametrize("is_imported", [False, True])
def test_a_key_of_another_stage(is_imported: bool) -> None:
    """Only an import by the key's ARN leads from a stage to a key outside of it."""
    app = cdk.App()
    key: kms.IKey = kms.Key(cdk.Stack(cdk.Stage(app, "Test"), "Security"), "Key")
    stack = cdk.Stack(cdk.Stage(app, "Prod"), "Recommendations")
    if is_imported:
        key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-west-1:111111111111:key/1")
    encryption = PersonalizeEncryption(stack, "Encryption", encryption_key=key)
    encryption.add_dataset_group("Movies", name="movies")

    if is_imported:
        app.synth()
        assert pending_policies(encryption) == ["key"]
    else:
        with pytest.raises(RuntimeError, match="dependency cannot cross stage boundaries"):
            app.synth()
        assert "… dependency cannot cross stage boundaries" in HEADINGS


def test_a_construct_of_the_users_with_the_id_of_a_later_child() -> None:
    """The CDK says so when the child is made, in the call that first needs it."""
    encryption = PersonalizeEncryption(cdk.Stack(cdk.App(), "Stack"), "Encryption")
    Construct(encryption, "Policy")

    with pytest.raises(
        RuntimeError, match=r"There is already a Construct with name 'Policy' in \w+ \[Encryption\]"
    ):
        encryption.add_dataset_group("Movies", name="movies")
    assert "There is already a Construct with name … in …" in HEADINGS
