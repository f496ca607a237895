"""Buckets that are encrypted by an alias, which no policy can name: its key gets the statements."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption
from personalize_kms_constructs.checks import check_assembly
from tests.life.conftest import KEY_ARN, change, judged
from tests.life.test_bucket_encryption import importing, refusal, statements_of


def test_a_bucket_that_is_encrypted_by_an_alias_of_the_app(stack: cdk.Stack, data_key: kms.Key) -> None:
    """The alias says which key it is."""
    bucket = s3.Bucket(stack, "Aliased", encryption_key=data_key.add_alias("data"))
    PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
    statements = statements_of(stack, data_key)
    assert len(statements) == 3


def test_a_bucket_that_is_encrypted_by_an_imported_alias(stack: cdk.Stack) -> None:
    """Its key isn't known, and the message is about the bucket."""
    alias = kms.Alias.from_alias_name(stack, "Alias", "alias/data")
    message = refusal(stack, s3.Bucket(stack, "Aliased", encryption_key=alias))
    assert "bucket of the source of dataset import job is encrypted by an alias, alias/data, which" in message
    assert "encryption_key=" in message


def test_a_bucket_that_is_encrypted_by_an_imported_alias_with_its_key(app: cdk.App, stack: cdk.Stack) -> None:
    """The alias was imported with the key that it stands for."""
    key = kms.Key.from_key_arn(stack, "Imported", KEY_ARN)
    alias = kms.Alias.from_alias_attributes(stack, "Alias", alias_name="alias/data", alias_target_key=key)
    encryption = PersonalizeEncryption(
        stack, "Encryption", resources=[importing(s3.Bucket(stack, "Aliased", encryption_key=alias))]
    )
    assert [pending.resource_arn for pending in encryption.pending_statements] == [KEY_ARN]
    app.synth()


@pytest.mark.parametrize("is_l1", [False, True], ids=["L2", "L1"])
def test_an_alias_that_gets_another_key_later_fails_the_synth(
    app: cdk.App, stack: cdk.Stack, data_key: kms.Key, is_l1: bool
) -> None:
    """The statements would stay on the old key."""
    alias = data_key.add_alias("data")
    bucket = s3.Bucket(stack, "Aliased", encryption_key=alias)
    l1: Any = bucket.node.default_child
    PersonalizeEncryption(stack, "Encryption", resources=[importing(l1 if is_l1 else bucket)])
    other = kms.Key(stack, "Other")

    def point_elsewhere(l1: kms.CfnAlias) -> None:
        l1.target_key_id = other.key_arn

    change(app, kms.CfnAlias, point_elsewhere)
    assert judged(app) == {("MissingKeyAccess", "Stack/Encryption")}


def test_an_alias_of_an_imported_key_that_stays(app: cdk.App, stack: cdk.Stack) -> None:
    """Its key is known by a parameter alone, and nothing has changed."""
    arn = cdk.CfnParameter(stack, "KeyArn").value_as_string
    alias = kms.Alias(stack, "Alias", alias_name="alias/data", target_key=kms.Key.from_key_arn(stack, "Imported", arn))
    bucket = s3.Bucket(stack, "Aliased", encryption_key=alias)
    PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
    app.synth()


def test_a_bucket_that_was_imported_with_an_alias_of_the_app(app: cdk.App, stack: cdk.Stack, data_key: kms.Key) -> None:
    """The check looks for the statements where the construct has put them."""
    alias = data_key.add_alias("data")
    made = s3.Bucket(stack, "Aliased", encryption_key=alias)
    bucket = s3.Bucket.from_bucket_attributes(stack, "Same", bucket_arn=made.bucket_arn, encryption_key=alias)
    PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
    report = check_assembly(app.synth())
    assert (report.missing, report.problems, report.undecided) == ((), (), ())
