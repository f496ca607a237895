"""Ids of deleted roles and users in policies, and what the policies would give if they named a role instead.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .._access.comparison import compare
from .._access.entries import Missing
from .._access.model import AccessModel
from .._access.written import Policy

PAGE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids"

# AWS shows an id in the place of an ARN once there is no such role or user any more.
_ID = re.compile(r"A(?:RO|ID)A[A-Z0-9]{12,}")


@dataclass(frozen=True)
class Orphan:
    """An id in a policy."""

    id: str
    kind: str
    """Whose policy it is: ``"key"``, ``"bucket"`` or ``"role"``."""
    owner: str
    """The ARN of that."""
    policy: Policy

    def statements_for(self, role_arn: str) -> list[Any]:
        """Return the statements with the id, as they are with a role in its place."""
        concerned = [each.body for each in self.policy.statements if self.id in str(each.body.get("Principal"))]
        return [_replaced(each, self.id, role_arn) for each in concerned]

    def missing_with(self, model: AccessModel, role_arn: str) -> tuple[Missing, ...]:
        """Return what would still be missing if the policy named a role instead."""
        instead = Policy(_replaced(self.policy.document, self.id, role_arn), self.policy.name)
        return compare(_with(model, self.policy, instead)).missing


def orphans(model: AccessModel) -> Iterator[Orphan]:
    """Yield the ids in policies of keys, buckets and roles."""
    living = {role.unique_id for role in model.roles.values()}
    for kind, owner, policy in _resource_policies(model):
        principals = [each.body.get("Principal") for each in policy.statements if each.readable]
        for found in sorted(set(_ID.findall(str(principals))) - living):
            yield Orphan(found, kind, owner, policy)


def _resource_policies(model: AccessModel) -> Iterator[tuple[str, str, Policy]]:
    for key in model.keys.values():
        yield from (("key", key.arn, each) for each in key.policies)
    for bucket in model.buckets.values():
        yield from (("bucket", bucket.arn, each) for each in bucket.policies)
    for role in model.roles.values():
        yield from (("role", role.arn, each) for each in role.trust)


def _replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {name: _replaced(each, old, new) for name, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each, old, new) for each in value]
    return new if value == old else value


def _with(model: AccessModel, policy: Policy, instead: Policy) -> AccessModel:
    """Return a model with another policy in the place of one; the given model stays as it is."""

    def replaced(owners: dict[str, Any], attribute: str) -> dict[str, Any]:
        found = {}
        for arn, owner in owners.items():
            found[arn] = copy.copy(owner)
            setattr(found[arn], attribute, [instead if each is policy else each for each in getattr(owner, attribute)])
        return found

    changed = copy.copy(model)
    changed.keys = replaced(model.keys, "policies")
    changed.buckets = replaced(model.buckets, "policies")
    changed.roles = replaced(model.roles, "trust")
    return changed
