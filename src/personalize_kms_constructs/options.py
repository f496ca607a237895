"""Enumerations for options of the construct."""

from enum import Enum


class SourceAccountCheck(Enum):
    """The condition on statements for the service principal, in key and bucket policies.

    AWS recommends ``aws:SourceAccount`` and ``aws:SourceArn`` in resource policies, but does not
    document whether Personalize sends them on its KMS and S3 calls:
    https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html
    """

    IF_PRESENT = "IF_PRESENT"
    """``StringEqualsIfExists aws:SourceAccount``, the default.

    It denies other accounts whenever Personalize sends the account it calls for, and never denies
    your account when Personalize sends none. This is best effort, not a guarantee.
    """

    REQUIRED = "REQUIRED"
    """``StringEquals aws:SourceAccount`` and ``ArnLike aws:SourceArn``.

    If Personalize doesn't send these keys, every call of the service is denied. AWS doesn't
    document whether it sends them, so try it with your resources before you rely on it.
    """

    NONE = "NONE"
    """No condition, as in the sample on AWS's page."""


class ImportedKeyPolicy(Enum):
    """The way to get statements into the policy of an imported key."""

    PENDING = "PENDING"
    """The key's owner adds them: see warnings at synth and ``pending_statements``."""

    MANAGED = "MANAGED"
    """A custom resource merges them into the key's policy at deployment, by sid.

    It touches no other statement, and removes its own again with ``removal_policy=DESTROY``. The
    key must be in your stack's account and Region, and its policy must let the account use IAM
    policies. The statements are lost if anything else replaces the whole key policy, for example
    the stack that owns the key.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
    """
