"""Documents of managed policies and boundaries that no template makes, as users tell them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._access.written import Policy, as_list
from .._answers import Answer
from .._values import as_written, last_part, same, split_arn


@dataclass(frozen=True)
class GivenPolicies:
    """Documents by the name of a policy, which it may have in every account, or by its ARN."""

    documents: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def of(told: Mapping[str, Mapping[str, Any]]) -> GivenPolicies:
        """Return the documents as policies of templates are read."""
        return GivenPolicies({name: as_written(json.dumps(given)) for name, given in told.items()})

    def policy(self, arn: str, role: str, condition: str) -> Policy | None:
        """Return the policy with an ARN, of a role of this name, if its document is told."""
        name = f"managed policy {last_part(arn)} of {role}"
        for told, document in self.documents.items():
            if _is_of(told, arn):
                return Policy(document, name, condition=condition)
        return None

    def unused(self, arns: Collection[str]) -> Iterator[str]:
        """Yield why documents are refused: no role has their policies."""
        for name in self.documents:
            if not any(_is_of(name, arn) for arn in arns):
                known = ", ".join(sorted(arns)) or "there are none"
                yield f"policies has {name}, but no role has such a managed policy or boundary: {known}"


NO_POLICIES = GivenPolicies()


def policy_problems(told: Any) -> Iterator[str]:
    """Yield why documents of policies can't be taken."""
    if not isinstance(told, Mapping):
        yield f"policies is {told!r} but a mapping of names to documents is expected"
        return
    for name, document in told.items():
        if not is_policy(document):
            yield f"policies[{name!r}] is not the document of a policy, with statements"


def is_policy(document: Any) -> bool:
    """Report whether something is the document of a policy."""
    statements = as_list(document.get("Statement")) if isinstance(document, Mapping) else []
    return bool(statements) and all(
        isinstance(statement, Mapping) and "Effect" in statement for statement in statements
    )


def _is_of(name: str, arn: str) -> bool:
    """Tell if the name or ARN that is told is that of a policy for certain."""
    return same(name, arn) is Answer.YES or (split_arn(arn) is not None and name == last_part(arn))
