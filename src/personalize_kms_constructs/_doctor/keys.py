"""KMS keys as they are deployed."""

from __future__ import annotations

from .._access.model import Key
from .._access.policy_documents import Policy
from .._access.problems import AWS_MANAGED_KEY
from .._values import as_written
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
    described, key.unseen_state = account.see("kms", "DescribeKey", reference, KeyId=reference)
    if described is not None:
        found = described["KeyMetadata"]
        if found.get("KeyManager") == "AWS":
            return of_aws
        key = Key(str(found["Arn"]), spec=str(found["KeySpec"]), usage=str(found["KeyUsage"]))
        key.state = str(found["KeyState"])
        notes.append(f"it is {key.state}, {key.spec} for {key.usage}")
        # KMS refuses to say of other keys whether it rotates them.
        if key.spec == "SYMMETRIC_DEFAULT" and found.get("Origin") == "AWS_KMS":
            rotation, _ = account.see("kms", "GetKeyRotationStatus", key.arn, decides=False, KeyId=key.arn)
            if rotation is not None:
                notes.append(f"rotation is {'on' if rotation['KeyRotationEnabled'] else 'off'}")
    elif not key.unseen_state:
        return Key(reference, exists=False)
    elif is_alias(key):
        return key
    policy, key.unseen = account.see("kms", "GetKeyPolicy", key.arn, KeyId=key.arn, PolicyName="default")
    if policy is not None:
        key.policies = [Policy(as_written(policy["Policy"]), "the key policy")]
    elif not key.unseen:
        key.unseen = "KMS shows it only to its own account"
    key.notes = (*notes, _grants(account, key.arn))
    return key


def is_alias(key: Key) -> bool:
    """Report whether only the alias of a key could be seen."""
    return ":alias/" in key.arn


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
