"""Conditions on calls that Personalize makes for somebody, its confused-deputy protection.

https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html
"""

from __future__ import annotations

from typing import Any

from aws_cdk import Stack

from ..options import SourceAccountCheck


def for_this_account(stack: Stack) -> dict[str, Any]:
    """Return the condition on calls for Personalize's resources of this account and Region."""
    account = stack.account
    any_arn = f"arn:{stack.partition}:personalize:{stack.region}:{account}:*"
    return {"StringEquals": {"aws:SourceAccount": account}, "ArnLike": {"aws:SourceArn": any_arn}}


def source_condition(check: SourceAccountCheck, stack: Stack) -> dict[str, Any] | None:
    """Return the condition of statements for the service in key and bucket policies."""
    if check is SourceAccountCheck.REQUIRED:
        return for_this_account(stack)
    if check is SourceAccountCheck.IF_PRESENT:
        return {"StringEqualsIfExists": {"aws:SourceAccount": stack.account}}
    return None
