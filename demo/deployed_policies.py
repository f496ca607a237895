"""The policies of the example app as they are deployed, read back through boto3."""

from __future__ import annotations

import json
from dataclasses import dataclass

from embedded_aws import EmbeddedAws
from embedded_aws.access import Caller, Document, Key, Location, Role


@dataclass(frozen=True)
class DeployedPolicies:
    """What the evaluator needs to know of the example app."""

    role: Role
    encryption_key: Key
    data_key: Key
    bucket: str
    bucket_policy: Document
    caller: Caller

    @classmethod
    def read(cls, aws: EmbeddedAws) -> DeployedPolicies:
        """Read them from this AWS."""
        bucket = _physical_id(aws, "Data", "AWS::S3::Bucket")
        return cls(
            role=_role(aws, _physical_id(aws, "Recommendations", "AWS::IAM::Role", "EncryptionRole")),
            encryption_key=_key(aws, _physical_id(aws, "Security", "AWS::KMS::Key")),
            data_key=_key(aws, _physical_id(aws, "Data", "AWS::KMS::Key")),
            bucket=bucket,
            bucket_policy=aws.client("s3").get_bucket_policy(Bucket=bucket)["Policy"],
            caller=Caller(f"arn:aws:personalize:{aws.region}:{aws.account}:dataset-group/movies"),
        )

    def location(self, prefix: str) -> Location:
        """A place in the bucket; below a folder, some file."""
        file = f"{prefix}file" if prefix.endswith("/") else prefix
        return Location(self.bucket, self.caller.account, self.bucket_policy, (file,), prefix)


def _physical_id(aws: EmbeddedAws, stack: str, resource_type: str, logical_id: str = "") -> str:
    resources = aws.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    (found,) = [
        resource
        for resource in resources
        if resource["ResourceType"] == resource_type and resource["LogicalResourceId"].startswith(logical_id)
    ]
    return str(found["PhysicalResourceId"])


def _key(aws: EmbeddedAws, key_id: str) -> Key:
    kms = aws.client("kms")
    arn = kms.describe_key(KeyId=key_id)["KeyMetadata"]["Arn"]
    return Key(arn, kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"])


def _role(aws: EmbeddedAws, name: str) -> Role:
    iam = aws.client("iam")
    role = iam.get_role(RoleName=name)["Role"]
    documents = []
    for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        arn = attached["PolicyArn"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        documents.append(iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"])
    return Role(role["Arn"], json.dumps(role["AssumeRolePolicyDocument"]), tuple(documents))
