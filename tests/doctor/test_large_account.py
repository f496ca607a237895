"""An account with 500 dataset groups and thousands of jobs, played by clients that make them up."""

# ruff: noqa: D102, N803 (the clients have boto3's names)

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from personalize_kms_constructs._doctor.account_report import Totals, written
from personalize_kms_constructs._doctor.asking import Account
from personalize_kms_constructs._doctor.look import look

ACCOUNT, REGION = "111122223333", "eu-west-1"
JOBS = 150
START = datetime(2026, 1, 1, tzinfo=UTC)
BASE_5 = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]
SERVICE = {"Service": "personalize.amazonaws.com"}


def arn(kind: str) -> str:
    return f"arn:aws:personalize:{REGION}:{ACCOUNT}:{kind}"


def page(member: str, entries: list[Any], token: str | None) -> dict[str, Any]:
    """A hundred entries at most, as Personalize lists them."""
    start = int(token or 0)
    more = {"nextToken": str(start + 100)} if start + 100 < len(entries) else {}
    return {member: entries[start : start + 100], **more}


class Personalize:
    """So many dataset groups, each with a dataset, its jobs, and a key and role of its own."""

    def __init__(self, groups: int) -> None:
        self.groups = groups
        self.described = 0

    def list_dataset_groups(self, nextToken: str | None = None) -> Any:
        names = [{"datasetGroupArn": arn(f"dataset-group/g{number}")} for number in range(self.groups)]
        return page("datasetGroups", names, nextToken)

    def describe_dataset_group(self, datasetGroupArn: str) -> Any:
        name = datasetGroupArn.rpartition("/")[2]
        role, key = f"arn:aws:iam::{ACCOUNT}:role/{name}", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{name}"
        return {"datasetGroup": {"name": name, "status": "ACTIVE", "roleArn": role, "kmsKeyArn": key}}

    def list_datasets(self, datasetGroupArn: str) -> Any:
        name = datasetGroupArn.rpartition("/")[2]
        return {"datasets": [{"datasetArn": arn(f"dataset/{name}/INTERACTIONS")}]}

    def list_dataset_import_jobs(self, datasetArn: str, nextToken: str | None = None) -> Any:
        group = datasetArn.split("/")[1]
        jobs = [
            {
                "datasetImportJobArn": arn(f"dataset-import-job/{group}-{number}"),
                "creationDateTime": START + timedelta(days=number),
            }
            for number in range(JOBS)
        ]
        return page("datasetImportJobs", jobs, nextToken)

    def describe_dataset_import_job(self, datasetImportJobArn: str) -> Any:
        self.described += 1
        name = datasetImportJobArn.rpartition("/")[2]
        role = f"arn:aws:iam::{ACCOUNT}:role/{name.partition('-')[0]}"
        source = {"dataLocation": f"s3://data/{name}/"}
        return {"datasetImportJob": {"jobName": name, "roleArn": role, "dataSource": source, "status": "ACTIVE"}}

    def __getattr__(self, name: str) -> Any:
        nothing = {
            "list_dataset_export_jobs": "datasetExportJobs",
            "list_solutions": "solutions",
            "list_data_deletion_jobs": "dataDeletionJobs",
            "list_metric_attributions": "metricAttributions",
        }[name]
        return lambda **_: {nothing: []}


class Others:
    """Keys, roles and a bucket whose policies are as AWS's pages ask, each some kilobytes long."""

    queues: ClassVar = [f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue-{number}" for number in range(100)]
    padding: ClassVar = [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queues}]

    def get_caller_identity(self) -> Any:
        return {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/somebody"}

    def describe_key(self, KeyId: str) -> Any:
        kind = {"KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT"}
        return {"KeyMetadata": {"Arn": KeyId, "KeyState": "Enabled", **kind}}

    def get_key_policy(self, KeyId: str, PolicyName: str) -> Any:
        role = f"arn:aws:iam::{ACCOUNT}:role/{KeyId.rpartition('/')[2]}"
        allow = {"Effect": "Allow", "Action": BASE_5, "Resource": "*"}
        return {"Policy": self._policy({**allow, "Principal": {"AWS": role}}, {**allow, "Principal": SERVICE})}

    def get_key_rotation_status(self, KeyId: str) -> Any:
        return {"KeyRotationEnabled": True}

    def get_role(self, RoleName: str) -> Any:
        trust = self._policy({"Effect": "Allow", "Principal": SERVICE, "Action": "sts:AssumeRole"})
        role = f"arn:aws:iam::{ACCOUNT}:role/{RoleName}"
        return {"Role": {"Arn": role, "RoleId": f"AROA{RoleName}", "AssumeRolePolicyDocument": json.loads(trust)}}

    def get_role_policy(self, RoleName: str, PolicyName: str) -> Any:
        return {"PolicyDocument": self._policy({"Effect": "Allow", "Action": ["kms:*", "s3:*"], "Resource": "*"})}

    def get_bucket_location(self, Bucket: str) -> Any:
        return {"LocationConstraint": REGION}

    def get_bucket_policy(self, Bucket: str) -> Any:
        return {"Policy": self._policy({"Effect": "Allow", "Principal": SERVICE, "Action": "s3:*", "Resource": "*"})}

    def get_bucket_encryption(self, Bucket: str) -> Any:
        return {"ServerSideEncryptionConfiguration": {"Rules": []}}

    def get_public_access_block(self, Bucket: str) -> Any:
        return {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}}

    def get_paginator(self, operation: str) -> Any:
        pages = {
            "list_grants": {"Grants": []},
            "list_role_policies": {"PolicyNames": ["own"]},
            "list_attached_role_policies": {"AttachedPolicies": []},
        }

        class Paginator:
            def paginate(self, **_: str) -> Iterator[Any]:
                yield pages[operation]

        return Paginator()

    def _policy(self, *statements: Any) -> str:
        return json.dumps({"Version": "2012-10-17", "Statement": [*statements, *self.padding]})


class Session:
    """What boto3's session is to the doctor."""

    def __init__(self, personalize: Personalize) -> None:
        self._personalize = personalize

    def client(self, service: str, region_name: str) -> Any:
        return self._personalize if service == "personalize" else Others()


def peak(groups: int) -> tuple[int, int, int]:
    """Look at an account; the most memory that took, the text's length, and how many jobs were described."""
    personalize = Personalize(groups)
    session: Any = Session(personalize)
    account = Account(session, REGION)
    totals = Totals(account)

    def collect(group: str) -> None:
        gc.collect()

    # The collector waits the longer, the more there is in the process, and other tests have left much behind: what it
    # hasn't come to yet isn't held.
    gc.collect()
    gc.freeze()
    tracemalloc.start()
    length = sum(len(text) for text in written("text", look(account, [], 2, collect), totals))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert totals.groups == groups
    assert totals.allowed > 0
    assert (totals.missing, totals.problems, totals.warnings, totals.undecided) == (0, 0, 0, 0)
    return most, length, personalize.described


def test_memory_does_not_grow_with_the_account() -> None:
    """Each report is written as soon as it is known, and of 75,000 jobs the newest of each dataset are described."""
    some, _, _ = peak(150)
    many, length, described = peak(500)
    assert described == 500 * 2
    assert length > 300_000
    assert many < some * 1.3
