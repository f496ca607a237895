"""Faults in the deployed account, made and taken back by the calls that a person would make."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from tests.doctor.conftest import Deployed

Statements = list[dict[str, Any]]


def of_policies(change: Callable[[Deployed, DeployedPolicies], None]) -> Any:
    """Make a fault of a function that changes policies; they are put back at the end."""

    @wraps(change)
    @contextmanager
    def fault(deployed: Deployed) -> Iterator[None]:
        whole, policies = DeployedPolicies(deployed), DeployedPolicies(deployed)
        change(deployed, policies)
        policies.put()
        try:
            yield
        finally:
            whole.put()

    return fault


@contextmanager
def bucket_key(deployed: Deployed, key: str | None) -> Iterator[None]:
    """Another default key; none for ``aws/s3``."""
    s3 = deployed.client("s3")
    whole = s3.get_bucket_encryption(Bucket=deployed.bucket)["ServerSideEncryptionConfiguration"]
    default = {"SSEAlgorithm": "aws:kms", **({"KMSMasterKeyID": key} if key else {})}
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    s3.put_bucket_encryption(Bucket=deployed.bucket, ServerSideEncryptionConfiguration=rules)
    try:
        yield
    finally:
        s3.put_bucket_encryption(Bucket=deployed.bucket, ServerSideEncryptionConfiguration=whole)


@contextmanager
def boundary(deployed: Deployed, *statements: dict[str, Any]) -> Iterator[None]:
    """A permissions boundary."""
    iam = deployed.client("iam")
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    arn = iam.create_policy(PolicyName="limits", PolicyDocument=document)["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName=deployed.role_name, PermissionsBoundary=arn)
    try:
        yield
    finally:
        iam.delete_role_permissions_boundary(RoleName=deployed.role_name)
        iam.delete_policy(PolicyArn=arn)


@contextmanager
def without_role(deployed: Deployed) -> Iterator[None]:
    """No role: it is deleted, and made anew at the end."""
    iam, name = deployed.client("iam"), deployed.role_name
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    listed = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    attached = [policy["PolicyArn"] for policy in listed]
    for arn in attached:
        iam.detach_role_policy(RoleName=name, PolicyArn=arn)
    iam.delete_role(RoleName=name)
    try:
        yield
    finally:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        for arn in attached:
            iam.attach_role_policy(RoleName=name, PolicyArn=arn)


class DeployedPolicies:
    """The statements of the policies to change, as they were read: ``put`` deploys them."""

    def __init__(self, deployed: Deployed) -> None:
        self._deployed = deployed
        kms, s3, iam = (deployed.client(service) for service in ("kms", "s3", "iam"))
        of_keys = {
            arn: kms.get_key_policy(KeyId=arn, PolicyName="default")
            for arn in (deployed.key, deployed.data_key)
        }
        self.keys: dict[str, Statements] = {
            arn: json.loads(of["Policy"])["Statement"] for arn, of in of_keys.items()
        }
        self.bucket_policy: Statements = json.loads(
            s3.get_bucket_policy(Bucket=deployed.bucket)["Policy"]
        )["Statement"]
        role = iam.get_role(RoleName=deployed.role_name)["Role"]
        self.trust: Statements = role["AssumeRolePolicyDocument"]["Statement"]
        self.policies: dict[str, Statements] = {"P": []}

    def put(self) -> None:
        """Deploy them; the inline policy is an additional one, until it is empty."""
        kms, s3, iam = (self._deployed.client(service) for service in ("kms", "s3", "iam"))
        for arn, statements in self.keys.items():
            kms.put_key_policy(
                KeyId=arn,
                PolicyName="default",
                Policy=_document(statements),
                BypassPolicyLockoutSafetyCheck=True,
            )
        s3.put_bucket_policy(Bucket=self._deployed.bucket, Policy=_document(self.bucket_policy))
        name = self._deployed.role_name
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=_document(self.trust))
        if self.policies["P"]:
            iam.put_role_policy(
                RoleName=name, PolicyName="P", PolicyDocument=_document(self.policies["P"])
            )
        elif iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName="P")


def _document(statements: Statements) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
