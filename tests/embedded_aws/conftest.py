"""One embedded AWS for a test process, and a scenario in which everything Personalize asks for is allowed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws import EmbeddedAws

SERVICE = {"Service": "personalize.amazonaws.com"}
BASE_5 = ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:CreateGrant", "kms:ListGrants"]
BASE_4 = ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:ListGrants"]
ACCOUNT = "arn:aws:iam::111111111111:root"
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
    return {"Effect": "Allow", "Principal": principal, "Action": actions, "Resource": resource, **more}


def allow_role(actions: list[str], resource: Any) -> dict[str, Any]:
    """A statement, as it stands in an IAM policy."""
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def policy(*statements: dict[str, Any]) -> str:
    """A policy document of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class Scenario:
    """A role, a key that guards a bucket and a dataset group, and data to import: all as AWS's pages ask.

    A test replaces one policy by another and sees what Personalize says. What tests write policies with is here too:
    a test module can't import this one under every import mode of pytest.
    """

    bucket = "movies-data"
    service, account, base_5, base_4, interactions = SERVICE, ACCOUNT, BASE_5, BASE_4, INTERACTIONS
    allow, allow_role, policy = staticmethod(allow), staticmethod(allow_role), staticmethod(policy)

    def __init__(self, aws: EmbeddedAws) -> None:
        self.iam, self.kms, self.s3 = aws.client("iam"), aws.client("kms"), aws.client("s3")
        self.personalize = aws.client("personalize")
        trust = {"Effect": "Allow", "Principal": SERVICE, "Action": "sts:AssumeRole"}
        role = self.iam.create_role(RoleName="personalize", AssumeRolePolicyDocument=policy(trust))
        self.role_arn: str = role["Role"]["Arn"]
        self.key_arn: str = self.kms.create_key()["KeyMetadata"]["Arn"]
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        self.s3.put_bucket_encryption(
            Bucket=self.bucket,
            ServerSideEncryptionConfiguration={
                "Rules": [
                    {
                        "ApplyServerSideEncryptionByDefault": {
                            "SSEAlgorithm": "aws:kms",
                            "KMSMasterKeyID": self.key_arn,
                        }
                    }
                ]
            },
        )
        self.put_data("import/data.csv", "USER_ID,ITEM_ID,TIMESTAMP\nu1,i1,1\nu2,i2,2\n")
        self.key_policy(
            allow({"AWS": ACCOUNT}, ["kms:*"]),
            allow({"AWS": self.role_arn}, BASE_5),
            allow(SERVICE, BASE_5),
        )
        self.role_policy(
            allow_role(BASE_4, self.key_arn),
            allow_role(["s3:GetObject"], "arn:aws:s3:::movies-data/import/*"),
            allow_role(["s3:ListBucket"], "arn:aws:s3:::movies-data"),
            allow_role(["s3:PutObject"], "arn:aws:s3:::movies-data/metrics/*"),
            allow_role(["cloudwatch:PutMetricData"], "*"),
        )
        self.bucket_policy(
            allow(SERVICE, ["s3:GetObject"], "arn:aws:s3:::movies-data/import/*"),
            allow(SERVICE, ["s3:ListBucket"], "arn:aws:s3:::movies-data"),
            allow(SERVICE, ["s3:PutObject"], "arn:aws:s3:::movies-data/metrics/*"),
        )

    def key_policy(self, *statements: dict[str, Any]) -> None:
        """Replace the key policy."""
        self.kms.put_key_policy(KeyId=self.key_arn, PolicyName="default", Policy=policy(*statements))

    def role_policy(self, *statements: dict[str, Any]) -> None:
        """Replace what the role may."""
        self.iam.put_role_policy(RoleName="personalize", PolicyName="inline", PolicyDocument=policy(*statements))

    def bucket_policy(self, *statements: dict[str, Any]) -> None:
        """Replace the bucket policy."""
        self.s3.put_bucket_policy(Bucket=self.bucket, Policy=policy(*statements))

    def put_data(self, key: str, text: str) -> None:
        """Upload a file."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode())

    def create_dataset_group(self, name: str = "movies", **options: Any) -> str:
        """A dataset group with key and role, unless options say otherwise."""
        options = options or {"kmsKeyArn": self.key_arn, "roleArn": self.role_arn}
        arn: str = self.personalize.create_dataset_group(name=name, **options)["datasetGroupArn"]
        return arn

    def create_dataset(self) -> str:
        """A dataset for interactions, with its schema and dataset group."""
        schema = self.personalize.create_schema(name="interactions", schema=json.dumps(INTERACTIONS))["schemaArn"]
        arn: str = self.personalize.create_dataset(
            name="interactions",
            datasetGroupArn=self.create_dataset_group(),
            datasetType="Interactions",
            schemaArn=schema,
        )["datasetArn"]
        return arn

    def import_data(self, dataset: str, location: str = "s3://movies-data/import/", name: str = "first") -> str:
        """An import job."""
        arn: str = self.personalize.create_dataset_import_job(
            jobName=name, datasetArn=dataset, dataSource={"dataLocation": location}, roleArn=self.role_arn
        )["datasetImportJobArn"]
        return arn

    @staticmethod
    def finish(describe: Callable[..., Any], **arn: str) -> dict[str, Any]:
        """The description of a job at its end; it comes along by being looked at."""
        for _ in range(3):
            (job,) = (value for field, value in describe(**arn).items() if field != "ResponseMetadata")
        return dict(job)

    def create_solution_version(self) -> str:
        """A trained version of a solution of the dataset group."""
        solution = self.personalize.create_solution(
            name="recommend", datasetGroupArn="arn:aws:personalize:eu-west-1:111111111111:dataset-group/movies"
        )["solutionArn"]
        arn: str = self.personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
        self.finish(self.personalize.describe_solution_version, solutionVersionArn=arn)
        return arn

    def create_metric_attribution(self, group: str, **destination: str) -> str:
        """A metric attribution that writes to the bucket, unless a destination is given."""
        target = destination or {"path": "s3://movies-data/metrics/"}
        arn: str = self.personalize.create_metric_attribution(
            name="watched",
            datasetGroupArn=group,
            metrics=[{"eventType": "watch", "metricName": "watched", "expression": "SAMPLECOUNT()"}],
            metricsOutputConfig={"roleArn": self.role_arn, "s3DataDestination": target},
        )["metricAttributionArn"]
        return arn


@pytest.fixture(scope="session")
def running_aws() -> Iterator[EmbeddedAws]:
    """The server, once for a test process; under pytest-xdist each worker has its own."""
    with EmbeddedAws() as aws:
        yield aws


@pytest.fixture
def aws(running_aws: EmbeddedAws) -> EmbeddedAws:
    """The server with nothing in it."""
    running_aws.reset()
    return running_aws


@pytest.fixture
def scenario(aws: EmbeddedAws) -> Scenario:
    """A scenario in which everything is allowed."""
    return Scenario(aws)


@pytest.fixture
def refusal() -> Callable[..., tuple[str, str]]:
    """Calls a function and returns the error code and message it is refused with."""

    def refused(call: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[str, str]:
        with pytest.raises(ClientError) as caught:
            call(*args, **kwargs)
        error: Any = caught.value.response.get("Error")
        return error["Code"], error["Message"]

    return refused
