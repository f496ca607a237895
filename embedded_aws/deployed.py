"""Reads the policies from ministack's services, as they are at the moment of the call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from ministack.core.iam_evaluator import _resolve_managed_policy_document
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam, kms, s3

from embedded_aws.access import Key, Role, in_effect
from embedded_aws.s3_encryption import KEY_HEADER, SSE_HEADER


@dataclass(frozen=True)
class DeployedKey(Key):
    """A key with what else decides whether Personalize can use it."""

    state: str
    spec: str
    usage: str


@dataclass(frozen=True)
class DeployedBucket:
    """A bucket: who owns it, where it is, its policy and its default encryption."""

    name: str
    account: str
    region: str
    policy: str | None
    algorithm: str
    key_id: str | None
    """As in the encryption configuration: an ARN, an id or an alias."""

    def object_keys(self, prefix: str) -> tuple[str, ...]:
        """The keys that begin with `prefix`."""
        return tuple(sorted(key for key in self._record["objects"] if key.startswith(prefix)))

    def read(self, key: str) -> bytes:
        """An object's content."""
        body: bytes = s3._read_body(self.name, key, self._record["objects"][key])
        return body

    @property
    def _record(self) -> dict[str, Any]:
        record: dict[str, Any] = s3._buckets.get_scoped(self.account, None, self.name) or {
            "objects": {}
        }
        return record


def role(arn: str) -> Role | None:
    """The role with its inline and managed policies and its permissions boundary."""
    account = arn.split(":")[4]
    record = iam._roles.get_scoped(account, None, arn.rsplit("/", 1)[-1])
    if record is None or record["Arn"] != arn:
        return None
    managed = (
        _resolve_managed_policy_document(policy, account) for policy in record["AttachedPolicies"]
    )
    boundary = record.get("PermissionsBoundary")
    return Role(
        arn=arn,
        trust=record["AssumeRolePolicyDocument"],
        identity=(
            *record["InlinePolicies"].values(),
            *(document for document in managed if document),
        ),
        # a boundary that is gone allows nothing
        boundary=(_resolve_managed_policy_document(boundary, account) or {}) if boundary else None,
    )


def key(arn: str) -> DeployedKey | None:
    """The key an ARN names, whichever account it is in."""
    _, _, _, region, account, resource = arn.split(":", 5)
    record = kms._keys.get_scoped(account, region, resource.removeprefix("key/"))
    if record is None:
        return None
    return DeployedKey(
        arn, in_effect(record["Policy"]), record["KeyState"], record["KeySpec"], record["KeyUsage"]
    )


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
    algorithm, key_id = _default_encryption(s3._bucket_encryption.get_scoped(owner, None, name))
    return DeployedBucket(
        name=name,
        account=owner,
        region=(s3._buckets.get_scoped(owner, None, name) or {}).get("region") or get_region(),
        policy=s3._bucket_policies.get_scoped(owner, None, name),
        algorithm=algorithm,
        key_id=key_id,
    )


def write_object(bucket: str, key: str, body: bytes, kms_key_arn: str | None) -> None:
    """Store an object, under a key if one is given and as the bucket does otherwise."""
    headers = {"content-type": "binary/octet-stream"}
    if kms_key_arn:
        headers |= {SSE_HEADER: "aws:kms", KEY_HEADER: kms_key_arn}
    status, _, answer = s3._put_object(bucket, key, body, headers)
    if status >= 300:
        raise RuntimeError(f"s3://{bucket}/{key} can't be written: {answer.decode()}")


def principal_exists(arn: str) -> bool:
    """Tell if the IAM role or user that an ARN names exists."""
    _, _, _, _, account, resource = arn.split(":", 5)
    kind, _, name = resource.partition("/")
    stores: dict[str, Any] = {"role": iam._roles, "user": iam._users}
    record = (
        stores[kind].get_scoped(account, None, name.rsplit("/", 1)[-1]) if kind in stores else None
    )
    return record is not None and record["Arn"] == arn


def caller_account() -> str:
    """The account of the request that is being answered."""
    return str(get_account_id())


def caller_region() -> str:
    """The Region of the request that is being answered."""
    return str(get_region())


def _default_encryption(configuration: str | None) -> tuple[str, str | None]:
    if not configuration:
        return "AES256", None
    values = {
        element.tag.rsplit("}", 1)[-1]: element.text
        for element in ElementTree.fromstring(configuration).iter()
    }
    return values.get("SSEAlgorithm") or "AES256", values.get("KMSMasterKeyID")
