"""The same with the construct."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location


def add_encryption(scope: cdk.Stack, id: str, bucket: s3.Bucket, prefixes: Sequence[str]) -> None:
    """A dataset group with a key and a role, import jobs from the prefixes, and an export job."""
    imports = [
        PersonalizeResource.dataset_import_job(S3Location(bucket, prefix)) for prefix in prefixes
    ]
    export = PersonalizeResource.dataset_export_job(S3Location(bucket, "export/"))
    encryption = PersonalizeEncryption(scope, id, resources=[*imports, export])
    encryption.add_dataset_group("Movies", name=id)
