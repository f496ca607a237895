"""The deletion of users who want to be forgotten, from the dataset group."""

from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from personalize_kms_constructs import PersonalizeEncryption, S3Location
from personalize_kms_constructs.jobs import DataDeletionJob


class UserDeletion(Construct):
    """A state machine to start with the name of a file of users, while no other job runs.

    It has no schedule: a data deletion job may take a day, and AWS guarantees the deletion only if
    nothing is imported or trained meanwhile
    (https://docs.aws.amazon.com/personalize/latest/dg/delete-records.html). The schedule of the
    nightly jobs is to be paused as long.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        encryption: PersonalizeEncryption,
        dataset_group: personalize.CfnDatasetGroup,
        bucket: s3.Bucket,
    ) -> None:
        super().__init__(scope, id)
        delete = DataDeletionJob(
            self,
            "Delete",
            encryption=encryption,
            dataset_group_arn=dataset_group.attr_dataset_group_arn,
            source=S3Location(bucket, "deletion/"),
            source_path=sfn.JsonPath.string_at("$.file"),
        )
        self.machine = sfn.StateMachine(
            self, "Machine", definition_body=sfn.DefinitionBody.from_chainable(delete)
        )
