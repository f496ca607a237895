"""Conditions on calls that Personalize makes for somebody, its confused-deputy protection.

https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html
"""

from __future__ import annotations

from typing import Any

from ..options import SourceAccountCheck
from .place import Place


def for_this_account(here: Place) -> dict[str, Any]:
    """Return the condition on calls for Personalize's resources of this account and Region."""
    any_arn = f"arn:{here.partition}:personalize:{here.region}:{here.account}:*"
    return {"StringEquals": {"aws:SourceAccount": here.account}, "ArnLike": {"aws:SourceArn": any_arn}}


def source_condition(check: SourceAccountCheck, here: Place) -> dict[str, Any] | None:
    """Return the condition of statements for the service in key and bucket policies."""
    if check is SourceAccountCheck.REQUIRED:
        return for_this_account(here)
    if check is SourceAccountCheck.IF_PRESENT:
        return {"StringEqualsIfExists": {"aws:SourceAccount": here.account}}
    return None
