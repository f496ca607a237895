"""The data that a data team owns."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct


class DataStack(cdk.Stack):
    """A bucket for ratings and reports, encrypted with a key of its own."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        key = kms.Key(self, "Key", enable_key_rotation=True)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption_key=key,
            enforce_ssl=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        )
        cdk.CfnOutput(self, "BucketName", value=self.bucket.bucket_name)
