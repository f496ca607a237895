"""China and GovCloud: ARNs of another partition, all the way from the caller's identity to the statements to add."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from personalize_kms_constructs._doctor.asking import Account
from tests.doctor.findings import Finding, findings
from tests.doctor.looking import looked

ACCOUNT = "111122223333"
BASE_4 = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]
BASE_5 = ["kms:CreateGrant", *BASE_4]
SERVICE = {"Service": "personalize.amazonaws.com"}


class Clients:
    """All clients in one, of an account in which one dataset group has one import job."""

    def __init__(self, partition: str, region: str) -> None:
        self.partition = partition
        self.region = region
        self.role = f"arn:{partition}:iam::{ACCOUNT}:role/service/Reader"
        self.key = f"arn:{partition}:kms:{region}:{ACCOUNT}:key/1234"
        self.group = f"arn:{partition}:personalize:{region}:{ACCOUNT}:dataset-group/movies"
        root = {"AWS": f"arn:{partition}:iam::{ACCOUNT}:root"}
        bucket = f"arn:{partition}:s3:::ratings"
        self.policies = {
            "key": [allow(["kms:*"], root), allow(BASE_5, SERVICE)],
            "bucket": [allow(["s3:GetObject", "s3:ListBucket"], SERVICE, [bucket, f"{bucket}/in/*"])],
            "role": [allow(BASE_5, None, self.key), allow(["s3:GetObject"], None, f"{bucket}/in/*")],
            "trust": [{"Effect": "Allow", "Principal": SERVICE, "Action": "sts:AssumeRole"}],
        }
        self.policies["role"].append(allow(["s3:ListBucket"], None, bucket))

    def client(self, service: str, region_name: str) -> Any:
        """The one client, which is in one Region."""
        assert region_name == self.region
        return self

    def __getattr__(self, name: str) -> Any:
        documents = {each: {"Version": "2012-10-17", "Statement": found} for each, found in self.policies.items()}
        kind = {"KeyState": "Enabled", "KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT"}
        role = {"Arn": self.role, "RoleId": "AROALIVING", "AssumeRolePolicyDocument": documents["trust"]}
        job = {"datasetImportJobArn": "job", "creationDateTime": datetime(2026, 1, 1, tzinfo=UTC)}
        described = {"jobName": "load", "roleArn": self.role, "dataSource": {"dataLocation": "s3://ratings/in/"}}
        default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "1234"}
        encryption = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
        group = {"name": "movies", "status": "ACTIVE", "kmsKeyArn": self.key, "roleArn": self.role}
        answers = {
            "get_caller_identity": {
                "Account": ACCOUNT,
                "Arn": f"arn:{self.partition}:sts::{ACCOUNT}:assumed-role/Admin/me",
            },
            "list_dataset_groups": {"datasetGroups": [{"datasetGroupArn": self.group}]},
            "describe_dataset_group": {"datasetGroup": group},
            "list_datasets": {"datasets": [{"datasetArn": "dataset"}]},
            "list_dataset_import_jobs": {"datasetImportJobs": [job]},
            "describe_dataset_import_job": {"datasetImportJob": described},
            "list_dataset_export_jobs": {"datasetExportJobs": []},
            "list_solutions": {"solutions": []},
            "list_data_deletion_jobs": {"dataDeletionJobs": []},
            "list_metric_attributions": {"metricAttributions": []},
            "describe_key": {"KeyMetadata": {"Arn": self.key, "Origin": "AWS_KMS", **kind}},
            "get_key_policy": {"Policy": json.dumps(documents["key"])},
            "get_key_rotation_status": {"KeyRotationEnabled": True},
            "get_role": {"Role": role},
            "get_role_policy": {"PolicyDocument": documents["role"]},
            "get_bucket_location": {"LocationConstraint": self.region},
            "get_bucket_policy": {"Policy": json.dumps(documents["bucket"])},
            "get_bucket_encryption": {"ServerSideEncryptionConfiguration": encryption},
            "get_public_access_block": {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}},
        }
        pages = {
            "list_grants": {"Grants": []},
            "list_role_policies": {"PolicyNames": ["own"]},
            "list_attached_role_policies": {"AttachedPolicies": []},
        }
        if name == "get_paginator":
            return lambda operation: SimpleNamespace(paginate=lambda **_: [pages[operation]])
        return lambda **_: answers[name]


def allow(actions: list[str], principal: Any = None, resource: Any = "*") -> dict[str, Any]:
    found = {"Effect": "Allow", "Action": actions, "Resource": resource}
    return {**found, "Principal": principal} if principal else found


def found(clients: Clients) -> list[Finding]:
    """All that isn't as it should be."""
    session: Any = clients
    (group,) = looked(Account(session, clients.region), "movies")["dataset_groups"]
    return findings(group)


PLACES = [("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1"), ("aws", "eu-west-1")]


@pytest.mark.parametrize(("partition", "region"), PLACES)
def test_a_healthy_account(partition: str, region: str) -> None:
    """The key delegates to the account, and the bucket's default key is given by its id."""
    assert found(Clients(partition, region)) == []


@pytest.mark.parametrize(("partition", "region"), PLACES)
def test_what_is_to_be_added(partition: str, region: str) -> None:
    """The statements have the partition's ARNs."""
    clients = Clients(partition, region)
    clients.policies |= {"trust": [], "bucket": [], "role": clients.policies["role"][:1]}
    added = {each.cause: each.statements for each in found(clients)}
    assert sorted(added) == ["no-statement", "not-in-iam", "not-trusted"]
    (trust,) = added["not-trusted"]
    assert trust["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:{partition}:personalize:{region}:{ACCOUNT}:*"},
    }
    reading = [
        {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": f"arn:{partition}:s3:::ratings/in/*"},
        {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": f"arn:{partition}:s3:::ratings"},
    ]
    assert added["not-in-iam"] == reading
    condition = {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}
    assert added["no-statement"] == [{**each, "Principal": SERVICE, "Condition": condition} for each in reading]
