"""Reads the policies from ministack's services, as they are at the moment of the call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ministack.core.iam_evaluator import _resolve_managed_policy_document
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import iam, kms, s3

from embedded_aws.access import Role
from embedded_aws.s3_encryption import KEY_HEADER, SSE_HEADER


@dataclass(frozen=True)
class DeployedBucket:
    """A bucket: who owns it, where it is, its policy, its objects and its default encryption."""

    name: str
    account: str
    region: str
    policy: str | None
    objects: dict[str, Any]
    encryption: dict[str, str]
    """As headers of S3's API; the key is an ARN, an id or an alias."""

    def encryption_of(self, key: str) -> dict[str, str]:
        """The encryption of an object, in the same form."""
        headers: dict[str, str] = s3._stored_sse_headers(self.objects[key])
        return headers

    def read(self, key: str) -> bytes:
        """An object's content."""
        body: bytes = s3._read_body(self.name, key, self.objects[key])
        return body


def principal(arn: str) -> dict[str, Any] | None:
    """The record of the IAM role or user that an ARN names."""
    store = iam._users if ":user/" in arn else iam._roles
    record = store.get_scoped(arn.split(":")[4], None, arn.rsplit("/", 1)[-1])
    return record if record is not None and record["Arn"] == arn else None


def role(arn: str) -> Role | None:
    """The role with its inline and managed policies and its permissions boundary."""
    record = principal(arn)
    if record is None:
        return None
    account = arn.split(":")[4]
    policies = [*record["InlinePolicies"].values()]
    for policy in record["AttachedPolicies"]:
        policies.append(_resolve_managed_policy_document(policy, account) or {})
    boundary = record.get("PermissionsBoundary")
    return Role(
        arn=arn,
        trust=record["AssumeRolePolicyDocument"],
        identity=tuple(policies),
        # a boundary that is gone allows nothing
        boundary=(_resolve_managed_policy_document(boundary, account) or {}) if boundary else None,
    )


def key(arn: str) -> dict[str, Any] | None:
    """The record of the key an ARN names, whichever account it is in."""
    _, _, _, region, account, resource = arn.split(":", 5)
    key_id = resource.removeprefix("key/")
    record: dict[str, Any] | None = kms._keys.get_scoped(account, region, key_id)
    return record


def key_arn(reference: str) -> str | None:
    """The ARN behind an ARN, id or alias of the caller's account and Region."""
    if reference.startswith("arn:") and ":key/" in reference:
        return reference
    record = kms._resolve_key(reference)
    return None if record is None else str(record["Arn"])


def bucket(name: str) -> DeployedBucket | None:
    """The bucket of that name; names are global, so the owner need not be the caller."""
    owner = s3._bucket_owner_account(name)
    if owner is None:
        return None
    record = s3._buckets._data[owner, name]
    region = record.get("region") or get_region()
    with request_scope(owner, region):
        encryption = s3._bucket_default_sse_headers(name)
    policy = s3._bucket_policies.get_scoped(owner, None, name)
    return DeployedBucket(name, owner, region, policy, record["objects"], encryption)


def write_object(bucket: str, key: str, body: bytes, kms_key_arn: str | None) -> None:
    """Store an object, under a key if one is given and as the bucket does otherwise."""
    headers = {"content-type": "binary/octet-stream"}
    if kms_key_arn:
        headers |= {SSE_HEADER: "aws:kms", KEY_HEADER: kms_key_arn}
    status, _, answer = s3._put_object(bucket, key, body, headers)
    if status >= 300:
        raise RuntimeError(f"s3://{bucket}/{key} can't be written: {answer.decode()}")


def caller_account() -> str:
    """The account of the request that is being answered."""
    return str(get_account_id())


def caller_region() -> str:
    """The Region of the request that is being answered."""
    return str(get_region())
