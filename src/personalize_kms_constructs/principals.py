"""How resource policies speak of the two who work with keys and data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .matrix import SERVICE_PRINCIPAL


@dataclass(frozen=True)
class PolicyPrincipal:
    """The role or the service, in the policy of one resource.

    Each has statements of its own: only the service's calls carry ``aws:SourceAccount`` and ``aws:SourceArn``, so that
    a condition on these keys would shut the role out.
    """

    name: Literal["Role", "Service"]
    """Part of the sids."""
    principal: Mapping[str, str]
    condition: Mapping[str, Any] | None = None
    needs_iam: bool = False
    """Whether the resource's policy alone allows nothing, so that IAM must allow every action too."""


def service_principal(condition: Mapping[str, Any] | None) -> PolicyPrincipal:
    """Personalize itself."""
    return PolicyPrincipal("Service", {"Service": SERVICE_PRINCIPAL}, condition)
