"""The policy that KMS gives to a key that is made without one."""

from __future__ import annotations

from typing import Any


def default_key_policy(account_root: str) -> dict[str, Any]:
    """Return the policy for a key of an account, given by the ARN that stands for the account in policies.

    The wildcard is KMS's own:
    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": account_root},
        "Action": "kms:*",
        "Resource": "*",
    }
    return {"Version": "2012-10-17", "Statement": [statement]}
