"""The app that is deployed: a dataset group with its key, and a bucket with another one."""

import json
import sys

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location

_SCHEMA = {
    "type": "record",
    "name": "Interactions",
    "namespace": "com.amazonaws.personalize.schema",
    "fields": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
    ],
    "version": "1.0",
}


class IntegStack(cdk.Stack):
    """Everything in one stack, which only keys that wait for their deletion outlive."""

    def __init__(self, scope: cdk.App, name: str) -> None:
        """Make the stack; all that has a name has the stack's."""
        super().__init__(scope, name)
        key, data_key = self._key("Key"), self._key("DataKey")
        bucket = s3.Bucket(
            self,
            "Data",
            encryption_key=data_key,
            enforce_ssl=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        encryption = PersonalizeEncryption(
            self,
            "Encryption",
            encryption_key=key,
            removal_policy=cdk.RemovalPolicy.DESTROY,
            resources=[
                PersonalizeResource.dataset_import_job(S3Location(bucket, "import/")),
                PersonalizeResource.dataset_export_job(S3Location(bucket, "export/")),
            ],
        )
        group = encryption.add_dataset_group("Group", name=name)
        schema = personalize.CfnSchema(self, "Schema", name=name, schema=json.dumps(_SCHEMA))
        dataset = encryption.add_dataset(
            "Dataset",
            dataset_group=group,
            schema_arn=schema.attr_schema_arn,
            name=name,
            dataset_type="Interactions",
        )
        for output, value in {
            "StackName": name,
            "GroupArn": group.attr_dataset_group_arn,
            "DatasetArn": dataset.attr_dataset_arn,
            "KeyArn": key.key_arn,
            "DataKeyArn": data_key.key_arn,
            "BucketName": bucket.bucket_name,
            "RoleArn": encryption.service_role.role_arn,
        }.items():
            cdk.CfnOutput(self, output, value=value)

    def _key(self, name: str) -> kms.Key:
        return kms.Key(
            self,
            name,
            description="personalize-kms-constructs, make integ",
            removal_policy=cdk.RemovalPolicy.DESTROY,
            pending_window=cdk.Duration.days(7),
        )


if __name__ == "__main__":
    app = cdk.App()
    IntegStack(app, sys.argv[1])
    app.synth()
