"""KMS keys, service roles and S3 buckets as they are deployed, with all their policies."""

from __future__ import annotations

import json
from typing import Any

from .._model.model import AWS_MANAGED_KEY, Bucket, Key, Role
from .._model.policy_documents import Policy
from .._shared.values import as_written, unknown
from .asking import AbsentError, Account, NotAnsweredError


def read_key(account: Account, reference: str) -> Key:
    """Read a key by its ARN, its id or an alias; the last two are of this account and Region."""
    own = f"arn:{account.partition}:kms:{account.region}:{account.id}:"
    of_aws = Key(own + AWS_MANAGED_KEY)
    if reference.endswith(AWS_MANAGED_KEY):
        return of_aws  # it isn't there before S3 needs it for the first time
    if not reference.startswith("arn:"):
        reference = own + (reference if reference.startswith("alias/") else f"key/{reference}")
    described, unseen_state = account.see(
        "kms.DescribeKey", "KeyMetadata", reference, KeyId=reference
    )
    if described is None and not unseen_state:
        return Key(reference, exists=False)
    described = described or {}
    if described.get("KeyManager") == "AWS":
        return of_aws
    arn = str(described.get("Arn") or reference)
    if not unseen_state and ("KeyState" not in described or ":alias/" in arn):
        unseen_state = "KMS has answered without the key's ARN or state"
    if ":alias/" in arn:
        return Key(arn, unseen_state=unseen_state)
    policy, unseen = account.see("kms.GetKeyPolicy", "Policy", arn, KeyId=arn, PolicyName="default")
    if policy is None and not unseen:
        unseen = "KMS shows it only to its own account"
    deleted_on = described.get("DeletionDate")
    return Key(
        arn,
        unseen=unseen,
        policies=[] if policy is None else [_policy(policy, "the key policy")],
        spec=described.get("KeySpec", "SYMMETRIC_DEFAULT"),
        usage=described.get("KeyUsage", "ENCRYPT_DECRYPT"),
        state=described.get("KeyState", "Enabled"),
        deleted_on=f"{deleted_on:%Y-%m-%d}" if deleted_on else "",
        unseen_state=unseen_state,
    )


def read_bucket(account: Account, arn: str) -> Bucket:
    """Read a bucket, of any account; its key is as it has it, an ARN, an id or an alias."""
    name, region, unseen_region = arn.rpartition(":")[2], "", ""
    try:
        answer = account.ask("s3.GetBucketLocation", "LocationConstraint", arn, Bucket=name)
        # S3 gives the first Region no name, and has a name from before there were Regions.
        region = "eu-west-1" if answer == "EU" else answer or "us-east-1"
    except NotAnsweredError as error:
        unseen_region = str(error)
    except AbsentError:
        return Bucket(arn, account.id, exists=False)
    policy, unseen = account.see("s3.GetBucketPolicy", "Policy", arn, Bucket=name)
    rules, unseen_encryption = account.see(
        "s3.GetBucketEncryption", "ServerSideEncryptionConfiguration.Rules", arn, Bucket=name
    )
    return Bucket(
        arn,
        # S3 shows a bucket's policy, or that there is none, to nobody else.
        unknown(f"account of {arn}") if unseen else account.id,
        unseen=unseen,
        policies=[] if policy is None else [_policy(policy, "the bucket policy")],
        key_arn=_default_key(rules or ()),
        unseen_encryption=unseen_encryption,
        region=region,
        unseen_region=unseen_region,
    )


def _default_key(rules: Any) -> str | None:
    for rule in rules:
        default = rule.get("ApplyServerSideEncryptionByDefault", {})
        if str(default.get("SSEAlgorithm", "")).startswith("aws:kms"):
            return str(default.get("KMSMasterKeyID") or AWS_MANAGED_KEY)
    return None


def read_role(account: Account, arn: str) -> Role:
    if arn.split(":")[4] != account.id:
        why = "it is in another account"
        return Role(arn, unseen=why, unseen_trust=why, unseen_boundary=why)
    name = arn.rpartition("/")[2]
    described, unseen_role = account.see("iam.GetRole", "Role", arn, RoleName=name)
    if described is None and not unseen_role:
        return Role(arn, exists=False)
    described = described or {}
    if (namesake := described.get("Arn", arn)) != arn:
        return Role(arn, exists=False, namesake=namesake)
    trust, unseen_trust = described.get("AssumeRolePolicyDocument"), unseen_role
    if trust is None and not unseen_role:
        unseen_trust = "IAM has answered without it"
    boundary, unseen_boundary, note = None, unseen_role, ""
    if boundary_arn := described.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"):
        document, unseen_boundary = _managed(account, boundary_arn)
        if document is None and not unseen_boundary:
            document = {"Statement": []}
            note = f"its permissions boundary {boundary_arn} doesn't exist, and allows nothing"
        if document is not None:
            boundary = _policy(document, f"permissions boundary {boundary_arn.rpartition('/')[2]}")
    identity, unseen, exists = _policies_of_role(account, arn, name)
    return Role(
        arn,
        unseen=unseen,
        exists=exists,
        notes=(note,) if note else (),
        trust=[] if trust is None else [_policy(trust, "the trust policy")],
        identity=identity,
        boundary=boundary,
        unseen_trust=unseen_trust,
        unseen_boundary=unseen_boundary,
        unique_id=described.get("RoleId", ""),
    )


def _policies_of_role(account: Account, arn: str, name: str) -> tuple[list[Policy], str, bool]:
    """Return the IAM policies that can be seen, why others can't, and whether the role exists."""
    names, unseen_names = account.see_all("iam.ListRolePolicies", "PolicyNames", arn, RoleName=name)
    attached, unseen_attached = account.see_all(
        "iam.ListAttachedRolePolicies", "AttachedPolicies", arn, "PolicyArn", RoleName=name
    )
    if names is None and not unseen_names:
        return [], "", False  # only the role itself wasn't answered, and it is gone
    answers: list[tuple[str, Any, str]] = []
    for inline in sorted(names or ()):
        arguments = {"RoleName": name, "PolicyName": inline}
        answer = account.see("iam.GetRolePolicy", "PolicyDocument", arn, **arguments)
        answers.append((f"inline policy {inline}", *answer))
    for managed in sorted([policy["PolicyArn"] for policy in attached or ()]):
        answers.append((f"policy {managed.rpartition('/')[2]}", *_managed(account, managed)))
    policies, unseen = [], [unseen_names, unseen_attached]
    for title, document, why in answers:
        if document is not None:
            policies.append(_policy(document, title))
        elif why:  # otherwise it was deleted since it was listed
            unseen.append(f"{title}: {why}")
    return policies, ", ".join(filter(None, unseen)), True


def _managed(account: Account, arn: str) -> tuple[Any, str]:
    """Return a managed policy's document, or why it can't be seen."""
    version, unseen = account.see("iam.GetPolicy", "Policy.DefaultVersionId", arn, PolicyArn=arn)
    if version is None:
        return None, unseen
    arguments = {"PolicyArn": arn, "VersionId": version}
    return account.see("iam.GetPolicyVersion", "PolicyVersion.Document", arn, **arguments)


def _policy(document: Any, name: str) -> Policy:
    """Return a policy, of which boto3 has parsed the document if it is IAM's."""
    text = document if isinstance(document, str) else json.dumps(document)
    return Policy(as_written(text), name, is_given=True)
