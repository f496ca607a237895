"""The context key by which an app names the policies that owners have outside of it."""

from __future__ import annotations

from collections.abc import Mapping

from constructs import IConstruct

_POLICIES = "personalize-kms-constructs:policies"


def policy_files(root: IConstruct) -> dict[str, str]:
    """Return the files by the name of a managed policy, or the ARN of a key or a bucket."""
    files = root.node.try_get_context(_POLICIES)
    return dict(files) if isinstance(files, Mapping) else {}
