"""Prefixes that are known only at synth are judged then, as others are at construction."""

import aws_cdk as cdk
import jsii
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from tests.life.conftest import judged


@jsii.implements(cdk.IStringProducer)
class Produced:
    """What some other part of the app decides in the end."""

    def __init__(self, value: str) -> None:
        self._value = value

    def produce(self, context: cdk.IResolveContext) -> str:
        """Return the value."""
        return self._value


def lazy(value: str) -> str:
    return cdk.Lazy.uncached_string(Produced(value))


def test_one_folder_in_the_end(app: cdk.App, stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """A job doesn't write into what it reads."""
    job = PersonalizeResource.batch_inference_job(S3Location(bucket, lazy("out/")), S3Location(bucket, "out/"))
    PersonalizeEncryption(stack, "Encryption", resources=[job])
    assert judged(app) == {("Configuration", "Stack/Encryption")}


def test_a_destination_that_is_no_folder_in_the_end(app: cdk.App, stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """A token may end in a slash, and this one doesn't."""
    job = PersonalizeResource.dataset_export_job(S3Location(bucket, lazy("out")))
    PersonalizeEncryption(stack, "Encryption", resources=[job])
    assert judged(app) == {("Configuration", "Stack/Encryption")}


def test_prefixes_that_are_right_in_the_end(app: cdk.App, stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """What CloudFormation fills in stays open."""
    name = cdk.CfnParameter(stack, "Name").value_as_string
    job = PersonalizeResource.batch_inference_job(
        S3Location(bucket, f"{lazy('in')}/{name}/"), S3Location(bucket, lazy(f"out/{cdk.Aws.REGION}/"))
    )
    PersonalizeEncryption(
        stack, "Encryption", resources=[job, PersonalizeResource.dataset_export_job(S3Location(bucket, name))]
    )
    app.synth()
