"""The policy KMS gives to a key made without a policy."""

from __future__ import annotations

from typing import Any


def default_key_policy(account_root: str) -> dict[str, Any]:
    """Return KMS's default policy, for the ARN of the key's account.

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
