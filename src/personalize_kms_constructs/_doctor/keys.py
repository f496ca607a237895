"""KMS keys as they are deployed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from .._access.model import Key
from .._access.problems import AWS_MANAGED_KEY
from .._access.written import Policy
from ..matrix import SERVICE_PRINCIPAL
from .asking import AbsentError, Account, NotAnsweredError

# A key may have 50,000 grants.
_SHOWN_GRANTS = 5


def read_key(account: Account, reference: str) -> Key:
    """Read a key by its ARN, its id or an alias; the last two are of this account and Region."""
    of_aws = Key(f"arn:{account.partition}:kms:{account.region}:{account.id}:{AWS_MANAGED_KEY}")
    if reference.endswith(AWS_MANAGED_KEY):
        return of_aws  # it isn't there before S3 needs it for the first time
    if not reference.startswith("arn:"):
        name = reference if reference.startswith("alias/") else f"key/{reference}"
        reference = f"arn:{account.partition}:kms:{account.region}:{account.id}:{name}"
    kms = _Kms(account, reference.split(":")[3])
    key, notes = Key(reference), []
    try:
        found = kms.ask("DescribeKey", reference, lambda client: client.describe_key(KeyId=reference)["KeyMetadata"])
        if found.get("KeyManager") == "AWS":
            return of_aws
        key = Key(str(found["Arn"]), spec=str(found["KeySpec"]), usage=str(found["KeyUsage"]))
        key.state = str(found["KeyState"])
        notes.append(f"it is {key.state}, {key.spec} for {key.usage}")
        if key.spec == "SYMMETRIC_DEFAULT" and found.get("Origin") == "AWS_KMS":
            notes += _rotation(kms, key.arn)
    except AbsentError:
        return Key(reference, exists=False)
    except NotAnsweredError as error:
        key.unseen_state = str(error)
        if is_alias(key):
            return key
    _add_policy(kms, key)
    key.notes = (*notes, _grants(kms, key.arn))
    return key


def is_alias(key: Key) -> bool:
    """Report whether only the alias of a key could be seen."""
    return ":alias/" in key.arn


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


def _add_policy(kms: _Kms, key: Key) -> None:
    arn = key.arn
    try:
        answer = kms.ask("GetKeyPolicy", arn, lambda client: client.get_key_policy(KeyId=arn, PolicyName="default"))
    except NotAnsweredError as error:
        key.unseen = str(error)
    except AbsentError:
        key.unseen = "KMS shows it to its own account alone"
    else:
        key.policies = [Policy(json.loads(answer["Policy"]), "the key policy")]


def _rotation(kms: _Kms, arn: str) -> list[str]:
    """Say whether KMS rotates a symmetric key of its own material; it refuses to say so of others."""
    try:
        answer = kms.ask("GetKeyRotationStatus", arn, lambda client: client.get_key_rotation_status(KeyId=arn))
    except (AbsentError, NotAnsweredError):
        return []
    return [f"rotation is {'on' if answer['KeyRotationEnabled'] else 'off'}"]


def _grants(kms: _Kms, arn: str) -> str:
    """Say which grants Personalize has, or has made.

    AWS doesn't document which ones it makes, and when: they decide nothing.
    """
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
                        grantee = grant.get("GranteePrincipal") or grant.get("GranteeServicePrincipal", "?")
                        shown.append(f"{', '.join(grant['Operations'])} for {grantee}")

    try:
        kms.ask("ListGrants", arn, look)
    except (AbsentError, NotAnsweredError) as error:
        return f"grants can't be seen: {error}"
    if not count:
        return "no grant for Personalize"
    return f"{count} grant{'' if count == 1 else 's'} for Personalize: {'; '.join(shown)}"
