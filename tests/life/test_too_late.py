"""Calls after the templates were written, or after a refusal: nothing is lost silently."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions, pipelines
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from personalize_kms_constructs.checks import check_assembly
from tests.datasets import add_ratings
from tests.judge.apps import break_key_policy
from tests.life.conftest import GROUP, allowing, encrypted_by, importing, judged, trusted_role

LATE: dict[str, Callable[[PersonalizeEncryption, Any], Any]] = {
    "resource": lambda encryption, _: encryption.allow(PersonalizeResource.dataset_export_job()),
    "dataset group": lambda encryption, _: encryption.add_dataset_group("After", name="after"),
    "dataset": lambda encryption, bucket: add_ratings(
        encryption, import_from=S3Location(bucket, "import/")
    ),
    "rule": lambda encryption, _: encryption.on_key_access_changed("Rule"),
    "output": lambda encryption, _: encryption.output_pending_statements(),
    "grant": lambda encryption, bucket: encryption.grant_create(trusted_role(bucket.stack), GROUP),
}


@pytest.mark.parametrize("add", LATE.values(), ids=LATE)
def test_calls_after_a_stage_was_synthesized_are_refused(
    app: cdk.App, add: Callable[[PersonalizeEncryption, Any], Any]
) -> None:
    """CDK Pipelines synthesize a stage when it is added; its template can't get a later call."""
    pipeline_stack = cdk.Stack(app, "Pipeline")
    source = pipelines.CodePipelineSource.s3(s3.Bucket(pipeline_stack, "Source"), "source.zip")
    synth = pipelines.ShellStep("Synth", input=source, commands=["cdk synth"])
    stage = cdk.Stage(app, "Production")
    stack = cdk.Stack(stage, "Stack")
    bucket = s3.Bucket(stack, "Bucket")
    encryption = allowing(stack, GROUP, importing(bucket))
    pipelines.CodePipeline(pipeline_stack, "Pipeline", synth=synth).add_stage(stage)
    encryption.allow(GROUP)  # changes nothing, and so loses nothing
    with pytest.raises(
        ValueError, match=r"^Production/Stack/Encryption: the stage was synthesized already"
    ):
        add(encryption, bucket)
    assert encryption.node.try_find_child("After") is None


def test_statements_that_the_cdk_can_not_add_fail_the_call(
    stack: cdk.Stack, bucket: s3.Bucket
) -> None:
    """Resolved statements can't change: the call fails and adds no resource that would lack one."""
    encryption = allowing(stack, importing(bucket))
    stack.resolve(bucket.policy.document)  # type: ignore[union-attr]
    for _ in range(2):
        with pytest.raises(RuntimeError, match="can no longer be modified"):
            add_ratings(encryption, import_from=S3Location(bucket, "other/"))
    assert encryption.node.try_find_child("Ratings") is None


def test_permissions_that_templates_have_are_not_too_late(
    app: cdk.App, stack: cdk.Stack, bucket: s3.Bucket
) -> None:
    """A user who looks at a template in a notebook can go on."""
    encryption = allowing(stack, importing(bucket))
    assertions.Template.from_stack(stack)
    encryption.allow(PersonalizeResource.data_deletion_job(S3Location(bucket, "import/")))
    assert not check_assembly(app.synth(force=True)).missing


def test_a_bucket_that_is_mended_after_a_refusal(stack: cdk.Stack) -> None:
    """It is looked up anew."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    l1 = s3.CfnBucket(stack, "L1", bucket_encryption=encrypted_by("alias/aws/s3"))
    with pytest.raises(ValueError, match="is encrypted"):
        encryption.allow(importing(l1))
    l1.bucket_encryption = encrypted_by(kms.Key(stack, "Key").key_arn)
    encryption.allow(importing(l1))


def test_a_refused_construct_leaves_nothing_behind(stack: cdk.Stack) -> None:
    """Its id is free for another try."""
    for _ in range(2):
        with pytest.raises(ValueError, match="role_name"):
            allowing(stack, GROUP, role_name="a b")
    assert stack.node.children == []


def two_groups(stack: cdk.Stack, bucket: s3.Bucket, *names: str) -> PersonalizeEncryption:
    encryption = allowing(stack, importing(bucket))
    for number, name in enumerate(names):
        encryption.add_dataset_group(f"Group{number}", name=name)
    return encryption


def test_a_construct_that_is_corrected_after_a_synth(
    app: cdk.App, stack: cdk.Stack, bucket: s3.Bucket
) -> None:
    """It is made anew under its id, as in a notebook; the check ignores the old construct."""
    break_key_policy(two_groups(stack, bucket, "movies"))
    assert {rule for rule, _ in judged(app)} == {"MissingKeyAccess"}
    stack.node.try_remove_child("Encryption")
    # The statements of the one before are still in the policy of a bucket that stays.
    two_groups(stack, s3.Bucket(stack, "Other"), "movies", "books")
    app.synth()
