"""KMS keys, service roles and S3 buckets as they are deployed, with all their policies."""

from __future__ import annotations

import json
from typing import Any

from .._model import AWS_MANAGED_KEY, Bucket, Key, Role
from .._policy_documents import Policy
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
        "kms.DescribeKey", "KeyMetadata", reference, KeyId=reference
    )
    if described is not None:
        if described.get("KeyManager") == "AWS":
            return of_aws
        key = Key(described["Arn"], spec=described["KeySpec"], usage=described["KeyUsage"])
        key.state = described["KeyState"]
        if "DeletionDate" in described:
            key.deleted_on = f"{described['DeletionDate']:%Y-%m-%d}"
    elif not key.unseen_state:
        return Key(reference, exists=False)
    elif ":alias/" in reference:
        return key
    policy, key.unseen = account.see(
        "kms.GetKeyPolicy", "Policy", key.arn, KeyId=key.arn, PolicyName="default"
    )
    if policy is not None:
        key.policies = [Policy(policy, "the key policy")]
    elif not key.unseen:
        key.unseen = "KMS shows it only to its own account"
    return key


def read_bucket(account: Account, name: str) -> Bucket:
    """Read a bucket, of this account or another one.

    Its key is as the bucket has it: an ARN, an id or an alias.
    """
    arn = f"arn:{account.partition}:s3:::{name}"
    bucket = Bucket(arn, unknown(f"account of {arn}"))
    try:
        region = account.ask("s3.GetBucketLocation", "LocationConstraint", arn, Bucket=name)
        # S3 gives the first Region no name, and has a name from before there were Regions.
        bucket.region = "eu-west-1" if region == "EU" else region or "us-east-1"
    except NotAnsweredError as error:
        bucket.unseen_region = str(error)
    except AbsentError:
        return Bucket(arn, account.id, exists=False)
    policy, bucket.unseen = account.see("s3.GetBucketPolicy", "Policy", arn, Bucket=name)
    if policy is not None:
        bucket.policies = [Policy(policy, "the bucket policy")]
    if not bucket.unseen:
        # S3 shows a bucket's policy, or that there is none, to nobody else.
        bucket.account = account.id
    member = "ServerSideEncryptionConfiguration"
    encryption, bucket.unseen_encryption = account.see(
        "s3.GetBucketEncryption", member, arn, Bucket=name
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
    described, unseen = account.see("iam.GetRole", "Role", arn, RoleName=name)
    if unseen:
        role.unseen_trust = role.unseen_boundary = unseen
    elif described is None or described["Arn"] != arn:  # the name may be there, on another path
        return Role(arn, exists=False)
    else:
        role.unique_id = described["RoleId"]
        role.trust = [_policy(described["AssumeRolePolicyDocument"], "the trust policy")]
        boundary = described.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        if boundary is not None:
            _add_boundary(account, role, boundary)
    _add_policies(account, role, name)
    return role


def _add_boundary(account: Account, role: Role, arn: str) -> None:
    document, role.unseen_boundary = _managed(account, arn)
    role.notes = (f"its permissions boundary is {arn}",)
    if document is None and not role.unseen_boundary:
        document = {"Statement": []}
        role.notes = (f"its permissions boundary {arn} doesn't exist, and allows nothing",)
    if document is not None:
        role.boundary = _policy(document, f"permissions boundary {arn.rpartition('/')[2]}")


def _add_policies(account: Account, role: Role, name: str) -> None:
    """Add the IAM policies that can be seen, and the reasons why others can't."""
    names, unseen_names = account.see_all(
        "iam.ListRolePolicies", "PolicyNames", role.arn, RoleName=name
    )
    attached, unseen_attached = account.see_all(
        "iam.ListAttachedRolePolicies", "AttachedPolicies", role.arn, RoleName=name
    )
    if names is None and not unseen_names:
        # Only the role itself wasn't answered, and it is gone.
        role.exists = False
        return
    answers: list[tuple[str, Any, str]] = []
    for inline in names or ():
        asked = {"RoleName": name, "PolicyName": inline}
        answer = account.see("iam.GetRolePolicy", "PolicyDocument", role.arn, **asked)
        answers.append((f"inline policy {inline}", *answer))
    for arn in [policy["PolicyArn"] for policy in attached or ()]:
        answers.append((f"policy {arn.rpartition('/')[2]}", *_managed(account, arn)))
    unseen = [unseen_names, unseen_attached]
    for policy, document, why in answers:
        if document is not None:
            role.identity.append(_policy(document, policy))
        elif why:  # otherwise it was deleted since it was listed
            unseen.append(f"{policy}: {why}")
    role.unseen = ", ".join(filter(None, unseen))


def _managed(account: Account, arn: str) -> tuple[Any, str]:
    """Return a managed policy's document, or why it can't be seen."""
    policy, unseen = account.see("iam.GetPolicy", "Policy", arn, PolicyArn=arn)
    if policy is None:
        return None, unseen
    asked = {"PolicyArn": arn, "VersionId": policy["DefaultVersionId"]}
    version, unseen = account.see("iam.GetPolicyVersion", "PolicyVersion", arn, **asked)
    return None if version is None else version["Document"], unseen


def _policy(parsed: Any, name: str) -> Policy:
    """Return a policy that boto3 has parsed, read as that of a key is."""
    return Policy(as_written(json.dumps(parsed)), name)
