"""ARNs that nothing has, and ARNs of another Region or account, or of something else."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption
from tests.life.conftest import importing


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:kms:eu-west-1:111111111111:key/*",
        "arn:aws:kms:eu-west-1:1111:key/1234abcd",
        f"arn:aws:kms:eu-west-1:{cdk.Aws.ACCOUNT_ID}:key/*",
    ],
    ids=["wildcard", "short account", "wildcard behind a token"],
)
def test_an_arn_that_no_key_has(stack: cdk.Stack, arn: str) -> None:
    """A wildcard would allow every key, and an account has 12 digits."""
    key = kms.Key.from_key_arn(stack, "Key", arn)
    with pytest.raises(
        ValueError, match=r"encryption_key has the ARN .*, which no key has: pass one of the form"
    ):
        PersonalizeEncryption(stack, "Encryption", encryption_key=key)


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:{cdk.Aws.PARTITION}:kms:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:key/1234abcd",
        "arn:aws-us-gov:kms:us-gov-west-1:111111111111:key/mrk-1234abcd12ab34cd56ef1234567890ab",
        cdk.Fn.import_value("KeyArn"),
    ],
    ids=["tokens", "another partition", "one token"],
)
def test_an_arn_that_a_key_can_have(stack: cdk.Stack, arn: str) -> None:
    """Tokens, other partitions and multi-Region keys are fine."""
    PersonalizeEncryption(
        stack, "Encryption", encryption_key=kms.Key.from_key_arn(stack, "Key", arn)
    )


def test_a_folder_in_a_bucket_arn(stack: cdk.Stack) -> None:
    """The folder is the location's prefix."""
    bucket = s3.Bucket.from_bucket_arn(stack, "Bucket", "arn:aws:s3:::ratings/import")
    with pytest.raises(
        ValueError, match="which no bucket has: pass only the bucket, and the folder as the prefix"
    ):
        PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])


def test_arns_of_elsewhere(concrete: cdk.Stack) -> None:
    """ARNs of another Region, account or resource type are refused in one message."""
    encryption = PersonalizeEncryption(concrete, "Encryption")
    with pytest.raises(ValueError, match=r"^Concrete/Encryption: ") as refused:
        encryption.add_dataset(
            "Ratings",
            dataset_group="arn:aws:personalize:us-east-1:222222222222:dataset-group/movies",
            schema_arn="ratings",
            name="ratings",
            dataset_type="Interactions",
        )
    assert str(refused.value).splitlines()[1:] == [
        "- dataset_group is 'arn:aws:personalize:us-east-1:222222222222:dataset-group/movies', of "
        "Region us-east-1 instead of eu-west-1 and of account 222222222222 instead of "
        "111111111111, but dataset groups, schemas and datasets are in one account and Region: "
        "pass an ARN of the stack's account and Region",
        "- schema_arn is 'ratings', expected the ARN of a schema: pass one, the attr_schema_arn "
        "of a personalize.CfnSchema for example",
    ]


def test_a_metric_attribution_of_a_dataset_group_elsewhere(concrete: cdk.Stack) -> None:
    """The same holds for other resources of a dataset group."""
    encryption = PersonalizeEncryption(concrete, "Encryption")
    with pytest.raises(ValueError, match="of Region us-east-1 instead of eu-west-1"):
        encryption.add_metric_attribution(
            "Metrics",
            dataset_group="arn:aws:personalize:us-east-1:111111111111:dataset-group/movies",
            name="metrics",
            metrics=[],
        )
