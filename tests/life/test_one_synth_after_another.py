"""Synths and validations that follow each other, as in a notebook: each finds the app as it is by then."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from personalize_kms_constructs.checks import check_assembly
from personalize_kms_constructs.jobs import DatasetImportJob
from tests.life.conftest import judged

GROUP = PersonalizeResource.dataset_group()


def importing(bucket: Any) -> PersonalizeResource:
    return PersonalizeResource.dataset_import_job(S3Location(bucket, "import/"))


def two_groups(stack: cdk.Stack, bucket: s3.Bucket, *names: str) -> None:
    encryption = PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
    for number, name in enumerate(names):
        encryption.add_dataset_group(f"Group{number}", name=name)


def test_a_construct_that_is_corrected_after_a_synth(app: cdk.App, stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """It is made anew under its id; nothing of the one before is judged."""
    two_groups(stack, bucket, "movies", "movies")
    assert {rule for rule, _ in judged(app)} == {"Configuration"}
    stack.node.try_remove_child("Encryption")
    # The statements of the one before are still in the policy of a bucket that stays.
    two_groups(stack, s3.Bucket(stack, "Other"), "movies", "books")
    app.synth()


def test_a_stack_that_is_corrected_after_a_synth(app: cdk.App) -> None:
    """All that it had is gone with it."""
    for names in (("movies", "movies"), ("movies", "books")):
        app.node.try_remove_child("Corrected")
        stack = cdk.Stack(app, "Corrected")
        two_groups(stack, s3.Bucket(stack, "Bucket"), *names)
        if len(set(names)) == 1:
            assert {rule for rule, _ in judged(app)} == {"Configuration"}
    report = check_assembly(app.synth())
    assert (report.missing, report.problems) == ((), ())


def test_a_stage_that_is_made_anew_after_its_synth(app: cdk.App) -> None:
    """It has the path of the one before."""
    for _ in range(2):
        app.node.try_remove_child("Development")
        stage = cdk.Stage(app, "Development")
        stack = cdk.Stack(stage, "Stack")
        two_groups(stack, s3.Bucket(stack, "Bucket"), "movies")
        stage.synth()


def test_a_construct_in_an_earlier_stack_after_a_failed_synth(app: cdk.App, stack: cdk.Stack) -> None:
    """It is the first to look in the next synth."""
    later = cdk.Stack(app, "Later")
    two_groups(later, s3.Bucket(later, "Bucket"), "movies", "movies")
    found = judged(app)
    PersonalizeEncryption(stack, "Encryption", resources=[GROUP])
    assert judged(app) == found


def test_a_second_bucket_policy_after_a_validation_by_hand(app: cdk.App, stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """What one construct has found in a look of its own isn't what the others find in the synth."""
    PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
    later = PersonalizeEncryption(cdk.Stack(app, "Later"), "Encryption", resources=[GROUP])
    later.node.validate()
    s3.CfnBucketPolicy(stack, "Second", bucket=bucket.bucket_name, policy_document={"Statement": []})
    assert judged(app) == {("Configuration", "Stack/Second")}


def test_a_job_in_an_express_machine_after_a_validation_by_hand(
    app: cdk.App, stack: cdk.Stack, bucket: s3.Bucket
) -> None:
    """Jobs look at the machines of the app in the same walk."""
    encryption = PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
    PersonalizeEncryption(cdk.Stack(app, "Later"), "Encryption", resources=[GROUP]).node.validate()
    arn = "arn:aws:personalize:eu-west-1:111111111111:dataset/movies/USERS"
    job = DatasetImportJob(
        stack, "Import", encryption=encryption, dataset_arn=arn, source=S3Location(bucket, "import/")
    )
    sfn.StateMachine(
        stack,
        "Machine",
        definition_body=sfn.DefinitionBody.from_chainable(job),
        state_machine_type=sfn.StateMachineType.EXPRESS,
    )
    assert judged(app) == {("Configuration", "Stack/Machine/Resource")}
