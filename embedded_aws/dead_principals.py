"""Changes to key policies that name a role or user, when that role or user is deleted.

KMS keeps the principal's unique id in the place of its ARN, and takes no new text with that id in it, whoever wants to
change something else: https://repost.aws/knowledge-center/kms-policy-error-invalid-principals.
"""

from __future__ import annotations

import json
from typing import Any

from ministack.services import iam, kms


def register() -> None:
    """Look at the keys' policies whenever a role or user is deleted."""
    iam._roles.__class__ = _store_of(type(iam._roles), "RoleId")
    iam._users.__class__ = _store_of(type(iam._users), "UserId")


def _store_of(store: type, unique_id: str) -> type:
    class Orphaning(store):  # type: ignore[misc]
        __slots__ = ()

        def pop(self, name: str, *default: Any) -> Any:
            record = super().pop(name, *default)
            if isinstance(record, dict) and unique_id in record:
                _orphan(record["Arn"], record[unique_id])
            return record

    return Orphaning


def _orphan(arn: str, unique_id: str) -> None:
    for key in kms._keys._data.values():
        if arn in str(key.get("Policy")):
            key["Policy"] = _orphaned(key["Policy"], arn, unique_id)


def _orphaned(policy: str, arn: str, unique_id: str) -> str:
    document = json.loads(policy)
    listed = document["Statement"]
    for statement in listed if isinstance(listed, list) else [listed]:
        principal = statement.get("Principal")
        if isinstance(principal, dict) and "AWS" in principal:
            named = principal["AWS"]
            principal["AWS"] = (
                [unique_id if each == arn else each for each in named]
                if isinstance(named, list)
                else (unique_id if named == arn else named)
            )
    return policy if document == json.loads(policy) else as_kms_prints(document)


def as_kms_prints(document: Any) -> str:
    """The text of a policy as KMS shows it."""
    return json.dumps(document, indent=2, separators=(",", " : "), ensure_ascii=False)
