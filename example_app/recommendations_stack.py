"""The stack with Personalize's resources."""

import json

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3
from constructs import Construct

from example_app.failures import Failures
from example_app.nightly_jobs import NightlyJobs
from example_app.schedule import Schedule
from example_app.user_deletion import UserDeletion
from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location

INTERACTIONS_SCHEMA = {
    "type": "record",
    "name": "Interactions",
    "namespace": "com.amazonaws.personalize.schema",
    "fields": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "EVENT_TYPE", "type": "string"},  # a metric attribution needs it
        {"name": "TIMESTAMP", "type": "long"},
    ],
    "version": "1.0",
}


class RecommendationsStack(cdk.Stack):
    """A dataset group with the ratings imported, and a report of what recommendations bring."""

    def __init__(
        self, scope: Construct, id: str, *, encryption_key: kms.Key, bucket: s3.Bucket
    ) -> None:
        super().__init__(scope, id)
        encryption = PersonalizeEncryption(
            self,
            "Encryption",
            encryption_key=encryption_key,
            # In production leave this out: the dataset group then outlives its stack.
            removal_policy=cdk.RemovalPolicy.DESTROY,
            # The nightly jobs are allowed by themselves; this one is started by hand.
            resources=[
                PersonalizeResource.batch_segment_job(
                    source=S3Location(bucket, "segments/in/"),
                    destination=S3Location(bucket, "segments/out/"),
                ),
            ],
        )
        movies = encryption.add_dataset_group("Movies", name="movies")
        schema = personalize.CfnSchema(
            self,
            "InteractionsSchema",
            name="movies-interactions",
            schema=json.dumps(INTERACTIONS_SCHEMA),
        )
        ratings = encryption.add_dataset(
            "Ratings",
            dataset_group=movies,
            schema_arn=schema.attr_schema_arn,
            name="movies-ratings",
            dataset_type="Interactions",
            import_from=S3Location(bucket, "import/ratings.csv"),
        )
        encryption.add_metric_attribution(
            "Metrics",
            dataset_group=movies,
            name="movies-metrics",
            metrics=[
                personalize.CfnMetricAttribution.MetricAttributeProperty(
                    metric_name="RATINGS", event_type="rating", expression="SAMPLECOUNT()"
                )
            ],
            destination=S3Location(bucket, "metrics/"),
        )
        solution = personalize.CfnSolution(
            self,
            "Solution",
            name="movies",
            dataset_group_arn=movies.attr_dataset_group_arn,
            recipe_arn="arn:aws:personalize:::recipe/aws-user-personalization-v2",
        )
        nightly = NightlyJobs(
            self,
            "Nightly",
            encryption=encryption,
            dataset=ratings,
            solution=solution,
            bucket=bucket,
        )
        deletion = UserDeletion(
            self, "Deletion", encryption=encryption, dataset_group=movies, bucket=bucket
        )
        failures = Failures(self, "Failures", nightly.machine, deletion.machine)
        failures.tell_of(*Schedule(self, "Schedule", nightly.machine).alarms)
        cdk.CfnOutput(self, "NightlyMachine", value=nightly.machine.state_machine_arn)
        cdk.CfnOutput(self, "DeletionMachine", value=deletion.machine.state_machine_arn)
