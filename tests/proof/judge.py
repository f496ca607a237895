"""A deployment's policies as text, by which what the evaluator said of the same policies once is remembered.

Thousands of broken templates differ in one statement from each other, and most questions are about the others.
"""

from __future__ import annotations

import json
from functools import lru_cache

from embedded_aws import access
from tests.proof.evaluator import Caller, addressed_to, allowed_by
from tests.proof.model import Deployed, Document


class Judge:
    """Tells what is in effect in a deployment, which doesn't change meanwhile."""

    def __init__(self, deployed: Deployed) -> None:
        self._deployed = deployed
        self._roles: dict[str, access.Role] = {}
        self._addressed: dict[tuple[str, Caller], str] = {}

    def allows_service(self, owner: str, call: Caller, action: str, resource: str) -> bool:
        """Tell if the policy of a key or bucket, given by its ARN, allows the action to a service."""
        text = self._to(owner, call)
        return text != "[]" and bool(allowed_by(text, call, frozenset({action}), resource))

    def on_key(self, role: str, key: str, action: str, region: str) -> str | None:
        """None when the action is in effect for the role on the key, else the policy that lacks it."""
        return _on_key(self._role(role), self._to(key, Caller(role)), key, action, region)

    def by_iam(self, role: str, action: str, resource: str, region: str) -> bool:
        """Tell if the role's IAM policies allow the action."""
        return _by_iam(self._role(role), action, resource, region)

    def in_bucket(self, role: str, bucket: str, action: str, resource: str, region: str) -> str | None:
        """None when the action is in effect for the role in the bucket, else the policy that lacks it."""
        found = self._deployed.buckets[bucket]
        text = self._to(bucket, Caller(role))
        return _in_bucket(self._role(role), found.name, found.account, text, action, resource, region)

    def _role(self, arn: str) -> access.Role:
        if arn not in self._roles:
            role = self._deployed.roles[arn]
            identity = tuple(json.dumps(document) for document in role.identity)
            self._roles[arn] = access.Role(role.arn, json.dumps(role.trust), identity)
        return self._roles[arn]

    def _to(self, owner: str, caller: Caller) -> str:
        """Return the statements of a key's or bucket's policy that are about the caller."""
        if (owner, caller) not in self._addressed:
            self._addressed[owner, caller] = json.dumps(addressed_to(self._policy(owner), caller))
        return self._addressed[owner, caller]

    def _policy(self, owner: str) -> Document | None:
        keys, buckets = self._deployed.keys, self._deployed.buckets
        return keys[owner].policy if owner in keys else buckets[owner].policy


@lru_cache(maxsize=1 << 14)
def _on_key(role: access.Role, statements: str, key: str, action: str, region: str) -> str | None:
    return access.on_key(role, access.Key(key, _document(statements)), action, region)


@lru_cache(maxsize=1 << 14)
def _by_iam(role: access.Role, action: str, resource: str, region: str) -> bool:
    return access.by_iam(role, action, resource, region)


@lru_cache(maxsize=1 << 14)
def _in_bucket(
    role: access.Role, bucket: str, account: str, statements: str, action: str, resource: str, region: str
) -> str | None:
    location = access.Location(bucket, account, _document(statements), ())
    return access.in_bucket(role, location, action, resource, region)


def _document(statements: str) -> str:
    return f'{{"Statement": {statements}}}'
