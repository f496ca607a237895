"""A dataset that a construct makes and a metric, for tests to which its names don't matter."""

from typing import Any

from aws_cdk import aws_personalize as personalize

from personalize_kms_constructs import PersonalizeEncryption

GROUP_ARN = "arn:aws:personalize:eu-west-1:111111111111:dataset-group/movies"
SCHEMA_ARN = "arn:aws:personalize:eu-west-1:111111111111:schema/interactions"
METRIC = personalize.CfnMetricAttribution.MetricAttributeProperty(
    event_type="rating", expression="SAMPLECOUNT()", metric_name="RATINGS"
)


def add_ratings(
    encryption: PersonalizeEncryption, group: Any = GROUP_ARN, id: str = "Ratings", **props: Any
) -> personalize.CfnDataset:
    """Add a dataset to a dataset group."""
    defaults = {"schema_arn": SCHEMA_ARN, "name": "ratings", "dataset_type": "Interactions"}
    return encryption.add_dataset(id, dataset_group=group, **{**defaults, **props})
