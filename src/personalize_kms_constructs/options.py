"""What happens to the policy of a key that this app doesn't make."""

from enum import Enum


class ImportedKeyPolicy(Enum):
    """How the statements get into the policy of an imported key."""

    PENDING = "PENDING"
    """The key's owner adds them: they are reported, as warnings at synth and in ``pending_statements``."""

    MANAGED = "MANAGED"
    """A custom resource merges them into the key's policy at deployment, by sid, and touches no other statement.

    Under ``removal_policy=DESTROY`` it takes them out again. The key must be of the stack's account and Region, and its
    policy must let the account use IAM policies. Whoever else replaces the key's policy as a whole, the stack that
    owns the key for example, removes the statements.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
    """
