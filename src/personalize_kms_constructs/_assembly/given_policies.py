"""Documents of managed policies and boundaries that no template makes, as users tell them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .._values import as_written
from .references import functions

GivenPolicies = Mapping[str, Any]
"""Documents by the name of a policy, which it may have in every account."""


def given_policies(told: Mapping[str, Mapping[str, Any]]) -> GivenPolicies:
    """Return documents as those of templates are read."""
    return {name: as_written(json.dumps(document)) for name, document in told.items()}


def policy_problems(told: Any) -> Iterator[str]:
    """Yield why documents of policies can't be taken."""
    if not isinstance(told, Mapping):
        yield f"policies is {told!r} but a mapping of names to documents is expected"
        return
    for name, document in told.items():
        if set(name) & set(":/"):
            yield f"policy {name}: pass its name alone, without path and account"
        elif not isinstance(document, Mapping) or "Statement" not in document:
            yield (
                f"policy {name}: not the document of a policy, with statements; of what get-policy-version returns, "
                "save PolicyVersion.Document"
            )
        elif any(functions(document)):
            yield f"policy {name}: it has functions of a template; pass what get-policy-version returns"
