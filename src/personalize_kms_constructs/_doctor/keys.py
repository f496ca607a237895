"""KMS keys as they are deployed."""

from __future__ import annotations

from .._access.model import Key
from .._access.problems import AWS_MANAGED_KEY
from .._access.written import Policy
from .asking import Account


def read_key(account: Account, reference: str) -> Key:
    """Read a key by its ARN, its id or an alias; the last two are of this account and Region."""
    own = f"arn:{account.partition}:kms:{account.region}:{account.id}:"
    of_aws = Key(own + AWS_MANAGED_KEY)
    if reference.endswith(AWS_MANAGED_KEY):
        return of_aws  # it isn't there before S3 needs it for the first time
    if not reference.startswith("arn:"):
        reference = own + (reference if reference.startswith("alias/") else f"key/{reference}")
    key = Key(reference)
    described, key.unseen_state = account.see("kms", "DescribeKey", "KeyMetadata", reference, KeyId=reference)
    if described is not None:
        if described.get("KeyManager") == "AWS":
            return of_aws
        key = Key(str(described["Arn"]), spec=str(described["KeySpec"]), usage=str(described["KeyUsage"]))
        key.state = str(described["KeyState"])
        if "DeletionDate" in described:
            key.notes = (f"KMS deletes it on {described['DeletionDate']:%Y-%m-%d}",)
    elif not key.unseen_state:
        return Key(reference, exists=False)
    elif is_alias(key):
        return key
    policy, key.unseen = account.see("kms", "GetKeyPolicy", "Policy", key.arn, KeyId=key.arn, PolicyName="default")
    if policy is not None:
        key.policies = [Policy(policy, "the key policy")]
    elif not key.unseen:
        key.unseen = "KMS shows it only to its own account"
    return key


def is_alias(key: Key) -> bool:
    """Report whether only the alias of a key could be seen."""
    return ":alias/" in key.arn
