"""A role, a key, a bucket and data with all permissions of AWS's pages to import the data."""

import json
from typing import Any

from embedded_aws import EmbeddedAws

ARN = "arn:aws:personalize:eu-west-1:111111111111"
GROUP, DATASET = f"{ARN}:dataset-group/movies", f"{ARN}:dataset/movies/INTERACTIONS"
DATA = "arn:aws:s3:::movies-data"
ACCOUNT = {"AWS": "arn:aws:iam::111111111111:root"}
SERVICE = {"Service": "personalize.amazonaws.com"}
BASE_5 = [
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "kms:DescribeKey",
    "kms:CreateGrant",
    "kms:ListGrants",
]
BASE_4 = ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:ListGrants"]
INTERACTIONS = {
    "type": "record",
    "name": "Interactions",
    "namespace": "com.amazonaws.personalize.schema",
    "fields": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
        {"name": "EVENT_VALUE", "type": ["null", "float"]},
    ],
    "version": "1.0",
}


def allow(principal: Any, actions: list[str], resource: Any = "*", **more: Any) -> dict[str, Any]:
    """A statement, as it stands in a resource's policy."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": actions}
    return {**statement, "Resource": resource, **more}


def allow_role(actions: list[str], resource: Any) -> dict[str, Any]:
    """A statement, as it stands in an IAM policy."""
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def trust(principal: Any, **more: Any) -> dict[str, Any]:
    """A statement, as it stands in a trust policy."""
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}


def policy(*statements: dict[str, Any]) -> str:
    """A policy document of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class Scenario:
    """The deployed scenario: a test replaces a policy and sees Personalize's answer."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.iam, self.kms, self.s3 = aws.client("iam"), aws.client("kms"), aws.client("s3")
        self.personalize = aws.client("personalize")
        self.client = aws.client
        role = self.iam.create_role(
            RoleName="personalize", AssumeRolePolicyDocument=policy(trust(SERVICE))
        )
        self.role_arn: str = role["Role"]["Arn"]
        self.key_arn: str = self.kms.create_key()["KeyMetadata"]["Arn"]
        self.s3.create_bucket(
            Bucket="movies-data", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": self.key_arn}
        self.s3.put_bucket_encryption(
            Bucket="movies-data",
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": default}]
            },
        )
        self.put_data("import/data.csv", "USER_ID,ITEM_ID,TIMESTAMP\nu1,i1,1\nu2,i2,2\n")
        self.key_policy(allow({"AWS": self.role_arn}, BASE_5), allow(SERVICE, BASE_5))
        self.role_policy(
            allow_role(BASE_4, self.key_arn),
            allow_role(["s3:GetObject"], f"{DATA}/import/*"),
            allow_role(["s3:ListBucket"], DATA),
        )
        self.bucket_policy(
            allow(SERVICE, ["s3:GetObject"], f"{DATA}/import/*"),
            allow(SERVICE, ["s3:ListBucket"], DATA),
        )

    def key_policy(self, *statements: dict[str, Any]) -> None:
        """Replace the key policy, but for the account's statement."""
        document = policy(allow(ACCOUNT, ["kms:*"]), *statements)
        self.kms.put_key_policy(KeyId=self.key_arn, PolicyName="default", Policy=document)

    def role_policy(self, *statements: dict[str, Any], role: str = "personalize") -> None:
        """Replace what the role may."""
        self.iam.put_role_policy(
            RoleName=role, PolicyName="inline", PolicyDocument=policy(*statements)
        )

    def bucket_policy(self, *statements: dict[str, Any]) -> None:
        """Replace the bucket policy."""
        self.s3.put_bucket_policy(Bucket="movies-data", Policy=policy(*statements))

    def put_data(self, key: str, text: str) -> None:
        """Upload a file."""
        self.s3.put_object(Bucket="movies-data", Key=key, Body=text.encode())

    def create_dataset_group(self, name: str = "movies", **options: Any) -> str:
        """A dataset group with key and role, unless options say otherwise."""
        options = options or {"kmsKeyArn": self.key_arn, "roleArn": self.role_arn}
        arn: str = self.personalize.create_dataset_group(name=name, **options)["datasetGroupArn"]
        return arn

    def create_dataset(self) -> None:
        """A dataset for interactions, with its schema and dataset group."""
        self.create_dataset_group()
        schema = self.personalize.create_schema(
            name="interactions", schema=json.dumps(INTERACTIONS)
        )["schemaArn"]
        self.personalize.create_dataset(
            name="interactions", datasetGroupArn=GROUP, datasetType="Interactions", schemaArn=schema
        )

    def import_data(self, location: str = "s3://movies-data/import/", name: str = "first") -> str:
        """An import job."""
        arn: str = self.personalize.create_dataset_import_job(
            jobName=name,
            datasetArn=DATASET,
            dataSource={"dataLocation": location},
            roleArn=self.role_arn,
        )["datasetImportJobArn"]
        return arn
