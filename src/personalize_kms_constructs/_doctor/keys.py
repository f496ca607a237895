"""KMS keys as they are deployed."""

from __future__ import annotations

from .._access.model import Key
from .._access.problems import AWS_MANAGED_KEY
from .._access.values import as_written
from .._access.written import Policy
from ..matrix import SERVICE_PRINCIPAL
from .asking import AbsentError, Account, NotAnsweredError

# A key may have 50,000 grants.
_SHOWN_GRANTS = 5


def read_key(account: Account, reference: str) -> Key:
    """Read a key by its ARN, its id or an alias; the last two are of this account and Region."""
    own = f"arn:{account.partition}:kms:{account.region}:{account.id}:"
    of_aws = Key(own + AWS_MANAGED_KEY)
    if reference.endswith(AWS_MANAGED_KEY):
        return of_aws  # it isn't there before S3 needs it for the first time
    if not reference.startswith("arn:"):
        reference = own + (reference if reference.startswith("alias/") else f"key/{reference}")
    key, notes = Key(reference), []
    try:
        found = account.ask("kms", "DescribeKey", reference, KeyId=reference)["KeyMetadata"]
        if found.get("KeyManager") == "AWS":
            return of_aws
        key = Key(str(found["Arn"]), spec=str(found["KeySpec"]), usage=str(found["KeyUsage"]))
        key.state = str(found["KeyState"])
        notes.append(f"it is {key.state}, {key.spec} for {key.usage}")
        # KMS refuses to say of other keys whether it rotates them.
        if key.spec == "SYMMETRIC_DEFAULT" and found.get("Origin") == "AWS_KMS":
            notes += _rotation(account, key.arn)
    except AbsentError:
        return Key(reference, exists=False)
    except NotAnsweredError as error:
        key.unseen_state = str(error)
        if is_alias(key):
            return key
    _add_policy(account, key)
    key.notes = (*notes, _grants(account, key.arn))
    return key


def is_alias(key: Key) -> bool:
    """Report whether only the alias of a key could be seen."""
    return ":alias/" in key.arn


def _add_policy(account: Account, key: Key) -> None:
    try:
        found = account.ask("kms", "GetKeyPolicy", key.arn, KeyId=key.arn, PolicyName="default")
    except NotAnsweredError as error:
        key.unseen = str(error)
    except AbsentError:
        key.unseen = "KMS shows it only to its own account"
    else:
        key.policies = [Policy(as_written(found["Policy"]), "the key policy")]


def _rotation(account: Account, arn: str) -> list[str]:
    try:
        found = account.ask("kms", "GetKeyRotationStatus", arn, decides=False, KeyId=arn)
    except (AbsentError, NotAnsweredError):
        return []
    return [f"rotation is {'on' if found['KeyRotationEnabled'] else 'off'}"]


def _grants(account: Account, arn: str) -> str:
    """Say which grants Personalize has, or has made.

    AWS doesn't document which ones it makes, and when: they decide nothing.
    """
    count = 0
    shown: list[str] = []
    try:
        for grant in account.pages("kms", "ListGrants", "Grants", arn, decides=False, KeyId=arn):
            principals = [str(each) for name, each in grant.items() if name.endswith("Principal")]
            if any(SERVICE_PRINCIPAL in each for each in principals):
                count += 1
                grantee = grant.get("GranteePrincipal") or grant.get("GranteeServicePrincipal", "?")
                if count <= _SHOWN_GRANTS:
                    shown.append(f"{', '.join(grant['Operations'])} for {grantee}")
    except (AbsentError, NotAnsweredError) as error:
        return f"grants can't be seen: {error}"
    if not count:
        return "no grant for Personalize"
    return f"{count} grant{'' if count == 1 else 's'} for Personalize: {'; '.join(shown)}"
