"""KMS keys as they are deployed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..matrix import SERVICE_PRINCIPAL
from .asking import Account
from .errors import AbsentError, NotAnsweredError

# A key may have 50,000 grants.
_SHOWN_GRANTS = 5


@dataclass(frozen=True)
class KeyFacts:
    """The answers of KMS about a key."""

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
    is_alias: bool = False
    """True if the ARN is that of an alias, and the key can't be seen behind it."""
    rotates: bool | None = None
    """True if KMS rotates it; none if that can't be seen."""
    grants: tuple[str, ...] = ()
    """Some grants for Personalize or made by it, in words."""
    grant_count: int = 0
    unseen_grants: str = ""


def read_key(account: Account, reference: str) -> KeyFacts:
    """Read a key by its ARN, its id or an alias; the last two are of this account and Region."""
    if not reference.startswith("arn:"):
        name = reference if reference.startswith("alias/") else f"key/{reference}"
        reference = f"arn:{account.partition}:kms:{account.region}:{account.id}:{name}"
    arn = reference
    kms = _Kms(account, reference.split(":")[3])
    found: dict[str, Any] = {}
    is_material_of_kms = False
    try:
        metadata = kms.ask("DescribeKey", reference, lambda client: client.describe_key(KeyId=reference)["KeyMetadata"])
        arn = str(metadata["Arn"])
        is_material_of_kms = metadata.get("Origin") == "AWS_KMS"
        found = {
            "state": str(metadata["KeyState"]),
            "spec": str(metadata["KeySpec"]),
            "usage": str(metadata["KeyUsage"]),
            "is_aws_managed": metadata.get("KeyManager") == "AWS",
        }
    except AbsentError:
        return KeyFacts(reference, exists=False, is_alias=":alias/" in reference)
    except NotAnsweredError as error:
        found["unseen_state"] = str(error)
    if ":alias/" in arn:
        return KeyFacts(arn, unseen=found["unseen_state"], is_alias=True, **found)
    found |= _policy(kms, arn)
    found |= _grants(kms, arn)
    if found.get("spec") == "SYMMETRIC_DEFAULT" and is_material_of_kms and not found.get("is_aws_managed"):
        found["rotates"] = _rotates(kms, arn)
    return KeyFacts(arn, **found)


class _Kms:
    """KMS in a Region, which needn't be the one that is looked at, nor be a Region at all."""

    def __init__(self, account: Account, region: str) -> None:
        self._account = account
        self._region = region

    def ask(self, operation: str, arn: str, question: Callable[[Any], Any]) -> Any:
        """Ask with a client."""
        return self._account.ask(
            f"kms:{operation}",
            arn,
            lambda: question(self._account.client("kms", self._region)),
            elsewhere=self._region != self._account.region,
        )


def _policy(kms: _Kms, arn: str) -> dict[str, Any]:
    try:
        answer = kms.ask("GetKeyPolicy", arn, lambda client: client.get_key_policy(KeyId=arn, PolicyName="default"))
    except NotAnsweredError as error:
        return {"unseen": str(error)}
    except AbsentError:
        return {"unseen": "KMS shows it to its own account alone"}
    return {"policy": json.loads(answer["Policy"])}


def _rotates(kms: _Kms, arn: str) -> bool | None:
    """Report whether KMS rotates a symmetric key of its own material; it refuses to say so of others."""
    try:
        answer = kms.ask("GetKeyRotationStatus", arn, lambda client: client.get_key_rotation_status(KeyId=arn))
    except (AbsentError, NotAnsweredError):
        return None
    return bool(answer["KeyRotationEnabled"])


def _grants(kms: _Kms, arn: str) -> dict[str, Any]:
    count = 0
    shown: list[str] = []

    def look(client: Any) -> None:
        nonlocal count
        for page in client.get_paginator("list_grants").paginate(KeyId=arn):
            for grant in page["Grants"]:
                principals = [str(each) for name, each in sorted(grant.items()) if name.endswith("Principal")]
                if any(SERVICE_PRINCIPAL in each for each in principals):
                    count += 1
                    if len(shown) < _SHOWN_GRANTS:
                        shown.append(f"{', '.join(grant['Operations'])} for {grant.get('GranteePrincipal', '?')}")

    try:
        kms.ask("ListGrants", arn, look)
    except (AbsentError, NotAnsweredError) as error:
        return {"unseen_grants": str(error)}
    return {"grants": tuple(shown), "grant_count": count}
