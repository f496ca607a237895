"""KMS keys as they are deployed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ..matrix import SERVICE_PRINCIPAL
from .asking import Account
from .errors import AbsentError, NotAnsweredError

# A key may have 50,000 grants.
_SHOWN_GRANTS = 5


@dataclass(frozen=True)
class KeyFacts:
    """What KMS says of a key."""

    arn: str
    exists: bool = True
    policy: Any = None
    """The key policy; none if it can't be seen."""
    unseen: str = ""
    """The reason why the key policy can't be seen."""
    state: str = ""
    spec: str = ""
    usage: str = ""
    unseen_state: str = ""
    is_aws_managed: bool = False
    rotates: bool | None = None
    """True if KMS rotates it; none if that can't be seen."""
    grants: tuple[str, ...] = ()
    """Some grants for Personalize or made by it, in words."""
    grant_count: int = 0
    unseen_grants: str = ""


def read_key(account: Account, reference: str) -> KeyFacts:
    """Read a key by its ARN, its id or an alias; the last two are of this account and Region."""
    parts = reference.split(":", 5)
    region = parts[3] if len(parts) == 6 else account.region
    kms = account.client("kms", region)
    found: dict[str, Any] = {}
    arn = reference
    try:
        metadata = account.ask("kms:DescribeKey", reference, lambda: kms.describe_key(KeyId=reference)["KeyMetadata"])
        arn = str(metadata["Arn"])
        found = {
            "state": str(metadata["KeyState"]),
            "spec": str(metadata["KeySpec"]),
            "usage": str(metadata["KeyUsage"]),
            "is_aws_managed": metadata.get("KeyManager") == "AWS",
        }
    except AbsentError:
        return KeyFacts(reference, exists=False)
    except NotAnsweredError as error:
        found["unseen_state"] = str(error)
    if ":key/" not in arn:
        return KeyFacts(arn, unseen=found["unseen_state"], **found)
    found |= _policy(account, kms, arn)
    found |= _grants(account, kms, arn)
    if found.get("spec") == "SYMMETRIC_DEFAULT" and not found.get("is_aws_managed"):
        found["rotates"] = _rotates(account, kms, arn)
    return KeyFacts(arn, **found)


def _policy(account: Account, kms: Any, arn: str) -> dict[str, Any]:
    try:
        answer = account.ask("kms:GetKeyPolicy", arn, lambda: kms.get_key_policy(KeyId=arn, PolicyName="default"))
    except NotAnsweredError as error:
        return {"unseen": str(error)}
    except AbsentError:
        return {"unseen": "KMS shows it to its own account alone"}
    return {"policy": json.loads(answer["Policy"])}


def _rotates(account: Account, kms: Any, arn: str) -> bool | None:
    """Report whether KMS rotates a symmetric key; it refuses to say so of others."""
    try:
        question = account.ask("kms:GetKeyRotationStatus", arn, lambda: kms.get_key_rotation_status(KeyId=arn))
    except (AbsentError, NotAnsweredError):
        return None
    return bool(question["KeyRotationEnabled"])


def _grants(account: Account, kms: Any, arn: str) -> dict[str, Any]:
    count = 0
    shown: list[str] = []

    def look() -> None:
        nonlocal count
        for page in kms.get_paginator("list_grants").paginate(KeyId=arn):
            for grant in page["Grants"]:
                principals = [str(each) for name, each in sorted(grant.items()) if name.endswith("Principal")]
                if any(SERVICE_PRINCIPAL in each for each in principals):
                    count += 1
                    if len(shown) < _SHOWN_GRANTS:
                        shown.append(f"{', '.join(grant['Operations'])} for {grant.get('GranteePrincipal', '?')}")

    try:
        account.ask("kms:ListGrants", arn, look)
    except (AbsentError, NotAnsweredError) as error:
        return {"unseen_grants": str(error)}
    return {"grants": tuple(shown), "grant_count": count}
