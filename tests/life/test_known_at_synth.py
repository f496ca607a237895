"""Names and prefixes that are known only at synth or deployment: no constructor refuses them."""

from typing import cast

import aws_cdk as cdk
import jsii
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from tests.life.conftest import GROUP

SCHEMA_ARN = "arn:aws:personalize:eu-west-1:111111111111:schema/s"


@jsii.implements(cdk.IStableStringProducer)
class _Text:
    def __init__(self, text: str) -> None:
        self._text = text

    def produce(self) -> str:
        """Return the string."""
        return self._text


def late(text: str) -> str:
    """A string that the synth knows, and no constructor."""
    return cdk.Lazy.string(cast("cdk.IStableStringProducer", _Text(text)))


def test_values_known_at_synth_are_taken(app: cdk.App, concrete: cdk.Stack) -> None:
    """The longest names and paths, pending look-ups, and values of the deployment are accepted."""
    encryption = PersonalizeEncryption(concrete, "Encryption", resources=[GROUP])
    bucket = s3.Bucket(concrete, "Bucket", bucket_name="ratings")
    folder = cdk.CfnParameter(concrete, "Folder").value_as_string
    encryption.allow(
        PersonalizeResource.dataset_export_job(S3Location(bucket, f"{'f' * 230}{folder}/"))
    )
    group = encryption.add_dataset_group("Movies", name=late("movies"))
    encryption.add_dataset(
        "Ratings",
        dataset_group=group,
        schema_arn=SCHEMA_ARN,
        name=late("r" * 63),
        dataset_type="Interactions",
        import_from=S3Location(bucket, late("p" * 242 + "/")),
        import_job_name=late("0"),
    )
    encryption.add_dataset_group(
        "Others", name=ssm.StringParameter.value_from_lookup(concrete, "/movies")
    )
    app.synth()
