"""The context key by which an app names the policies of owners outside of the app."""

from __future__ import annotations

from typing import Any

from constructs import IConstruct

_POLICIES = "personalize-kms-constructs:policies"


def policy_files(root: IConstruct) -> Any:
    """Return the files by name or ARN. The judge says so if it is anything else."""
    return root.node.try_get_context(_POLICIES) or {}
