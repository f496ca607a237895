"""Documents of managed policies and boundaries that no template makes, as users pass them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .._values import as_written
from .references import functions

GivenPolicies = Mapping[str, Any]
"""Documents by the name of a policy, which it may have in every account."""


def given_policies(policies: Mapping[str, Mapping[str, Any]]) -> GivenPolicies:
    """Return documents in the form of templates that were read."""
    return {name: as_written(json.dumps(document)) for name, document in policies.items()}


def policy_problems(policies: Any) -> list[str]:
    """Return the reasons why documents of policies can't be used."""
    if not isinstance(policies, Mapping):
        return [f"policies is {policies!r}, expected a mapping of names to documents"]
    problems: list[str] = []
    for name, document in policies.items():
        problem = _problem(name, document)
        if problem:
            problems.append(f"policy {name}: {problem}")
    return problems


def _problem(name: str, document: Any) -> str:
    if ":" in name or "/" in name:
        return "pass its name alone, without path and account"
    if not isinstance(document, Mapping) or "Statement" not in document:
        return (
            "not the document of a policy, with statements; of what get-policy-version returns, "
            "save PolicyVersion.Document"
        )
    if any(functions(document)):
        return "it has functions of a template; pass what get-policy-version returns"
    return ""
