"""The statements that add what is missing."""

from __future__ import annotations

from typing import Any

from ..matrix import SERVICE_PRINCIPAL
from .needs import IN_IAM, IN_KEY_POLICY, SERVICE, Need

Json = dict[str, Any]


def statement(needs: list[Need], add_to: str) -> Json:
    """Return one statement for needs of one principal in one policy.

    Personalize's carries the account check that shuts others out wherever Personalize says for whom it calls
    (https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html).
    """
    first = needs[0]
    found: Json = {"Effect": "Allow"}
    if add_to != IN_IAM:
        is_service = first.principal == SERVICE
        found["Principal"] = {"Service": SERVICE_PRINCIPAL} if is_service else {"AWS": first.role_arn}
    found["Action"] = sorted({need.action for need in needs})
    # In a key policy, "*" is this key.
    resources = sorted({need.resource for need in needs})
    found["Resource"] = "*" if add_to == IN_KEY_POLICY else resources if len(resources) > 1 else resources[0]
    if add_to != IN_IAM and first.principal == SERVICE:
        found["Condition"] = {"StringEqualsIfExists": {"aws:SourceAccount": first.account}}
    return found
