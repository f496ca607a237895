"""KMS keys, service roles and S3 buckets as they are deployed, with all their policies."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from .._access.model import Bucket, Key, Role
from .._access.policy_documents import Policy
from .._access.problems import AWS_MANAGED_KEY
from .._values import as_written, unknown
from .asking import AbsentError, Account, NotAnsweredError


def read_key(account: Account, reference: str) -> Key:
    """Read a key by its ARN, its id or an alias; the last two are of this account and Region."""
    own = f"arn:{account.partition}:kms:{account.region}:{account.id}:"
    of_aws = Key(own + AWS_MANAGED_KEY)
    if reference.endswith(AWS_MANAGED_KEY):
        return of_aws  # it isn't there before S3 needs it for the first time
    if not reference.startswith("arn:"):
        reference = own + (reference if reference.startswith("alias/") else f"key/{reference}")
    key = Key(reference)
    described, key.unseen_state = account.see(
        "kms", "DescribeKey", "KeyMetadata", reference, KeyId=reference
    )
    if described is not None:
        if described.get("KeyManager") == "AWS":
            return of_aws
        key = Key(
            str(described["Arn"]), spec=str(described["KeySpec"]), usage=str(described["KeyUsage"])
        )
        key.state = str(described["KeyState"])
        if "DeletionDate" in described:
            key.deleted_on = f"{described['DeletionDate']:%Y-%m-%d}"
    elif not key.unseen_state:
        return Key(reference, exists=False)
    elif is_alias(key):
        return key
    policy, key.unseen = account.see(
        "kms", "GetKeyPolicy", "Policy", key.arn, KeyId=key.arn, PolicyName="default"
    )
    if policy is not None:
        key.policies = [Policy(policy, "the key policy")]
    elif not key.unseen:
        key.unseen = "KMS shows it only to its own account"
    return key


def is_alias(key: Key) -> bool:
    """Report whether only the alias of a key could be seen."""
    return ":alias/" in key.arn


def read_bucket(account: Account, name: str) -> Bucket:
    """Read a bucket, of this account or another one.

    Its key is as the bucket has it: an ARN, an id or an alias.
    """
    arn = f"arn:{account.partition}:s3:::{name}"
    bucket = Bucket(arn, unknown(f"account of {arn}"))
    try:
        region = account.ask("s3", "GetBucketLocation", "LocationConstraint", arn, Bucket=name)
        # S3 gives the first Region no name, and has a name from before there were Regions.
        bucket.region = "eu-west-1" if region == "EU" else region or "us-east-1"
    except NotAnsweredError as error:
        bucket.unseen_region = str(error)
    except AbsentError:
        return Bucket(arn, account.id, exists=False)
    policy, bucket.unseen = account.see("s3", "GetBucketPolicy", "Policy", arn, Bucket=name)
    if policy is not None:
        bucket.policies = [Policy(policy, "the bucket policy")]
    if not bucket.unseen:
        # S3 shows a bucket's policy, or that there is none, to nobody else.
        bucket.account = account.id
    member = "ServerSideEncryptionConfiguration"
    encryption, bucket.unseen_encryption = account.see(
        "s3", "GetBucketEncryption", member, arn, Bucket=name
    )
    bucket.key_arn = _default_key(encryption) if encryption is not None else None
    return bucket


def _default_key(encryption: Any) -> str | None:
    for rule in encryption["Rules"]:
        default = rule.get("ApplyServerSideEncryptionByDefault", {})
        if str(default.get("SSEAlgorithm", "")).startswith("aws:kms"):
            return str(default.get("KMSMasterKeyID") or AWS_MANAGED_KEY)
    return None


def read_role(account: Account, arn: str) -> Role:
    """Read a role of this account."""
    if arn.split(":")[4] != account.id:
        why = "it is in another account"
        return Role(arn, unseen=why, unseen_trust=why, unseen_boundary=why)
    role, name = Role(arn), arn.rpartition("/")[2]
    described, unseen = account.see("iam", "GetRole", "Role", arn, RoleName=name)
    if unseen:
        role.unseen_trust = role.unseen_boundary = unseen
    elif described is None or described["Arn"] != arn:  # the name may be there, on another path
        return Role(arn, exists=False)
    else:
        role.unique_id = str(described["RoleId"])
        role.trust = [Policy(_document(described["AssumeRolePolicyDocument"]), "the trust policy")]
        _add_boundary(
            account, role, described.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        )
    _add_policies(account, role, name)
    return role


def _add_boundary(account: Account, role: Role, arn: str | None) -> None:
    if arn is None:
        return
    name = f"permissions boundary {arn.rpartition('/')[2]}"
    try:
        role.boundary = Policy(_managed(account, arn), name)
    except AbsentError:
        # A boundary that is no more allows nothing.
        role.boundary = Policy({"Statement": []}, name)
        role.notes = (f"its {name} doesn't exist, and allows nothing",)
    except NotAnsweredError as error:
        role.unseen_boundary = str(error)


def _add_policies(account: Account, role: Role, name: str) -> None:
    unseen: list[str] = []

    def listed(operation: str, member: str) -> list[Any]:
        try:
            return list(account.pages("iam", operation, member, role.arn, RoleName=name))
        except (AbsentError, NotAnsweredError) as error:
            unseen.append(str(error))
            return []

    def add(policy: str, document: Callable[[], Any]) -> None:
        try:
            role.identity.append(Policy(document(), policy))
        except AbsentError:
            pass  # deleted since it was listed
        except NotAnsweredError as error:
            unseen.append(f"{policy}: {error}")

    for inline in listed("ListRolePolicies", "PolicyNames"):
        add(f"inline policy {inline}", partial(_inline, account, role, name, inline))
    for attached in listed("ListAttachedRolePolicies", "AttachedPolicies"):
        arn = str(attached["PolicyArn"])
        add(f"policy {arn.rpartition('/')[2]}", partial(_managed, account, arn))
    role.unseen = ", ".join(unseen)


def _inline(account: Account, role: Role, name: str, policy: str) -> Any:
    names = {"RoleName": name, "PolicyName": policy}
    return _document(account.ask("iam", "GetRolePolicy", "PolicyDocument", role.arn, **names))


def _managed(account: Account, arn: str) -> Any:
    version = account.ask("iam", "GetPolicy", "Policy", arn, PolicyArn=arn)["DefaultVersionId"]
    asked = {"PolicyArn": arn, "VersionId": version}
    return _document(
        account.ask("iam", "GetPolicyVersion", "PolicyVersion", arn, **asked)["Document"]
    )


def _document(parsed: Any) -> Any:
    """Return a policy that boto3 has parsed as that of a key is read."""
    return as_written(json.dumps(parsed))
