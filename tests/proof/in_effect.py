"""Decisions of a deployment: the policies of a role, of keys and of buckets, taken together.

Which of them have to say yes is decided by the embedded AWS's `access`. Its answers about policies
of the same text are remembered: thousands of broken templates differ from each other in one
statement, and most questions are about others.
"""

import json
from functools import cache, lru_cache

from embedded_aws import access
from tests.proof.evaluator import Caller, addressed_to, allowed
from tests.proof.model import Deployed

_on_key = lru_cache(maxsize=1 << 14)(access.on_key)
_by_iam = lru_cache(maxsize=1 << 14)(access.by_iam)
_in_bucket = lru_cache(maxsize=1 << 14)(access.in_bucket)


class InEffect:
    """Answers for a deployment that doesn't change meanwhile."""

    def __init__(self, deployed: Deployed) -> None:
        self._deployed = deployed
        self._role = cache(self._role_of)
        self._to = cache(self._statements_to)

    def allows_service(self, owner: str, call: Caller, action: str, resource: str) -> bool:
        """Tell if the policy of a key or bucket, by its ARN, allows the action to a service."""
        return bool(allowed(self._to(owner, call), call, frozenset({action}), resource))

    def lacking_on_key(self, role: str, key: str, action: str, region: str) -> str | None:
        """Return None if the role may use the key for the action, else the lacking policy."""
        return _on_key(
            self._role(role), access.Key(key, self._document_to(key, role)), action, region
        )

    def by_iam(self, role: str, action: str, resource: str, region: str) -> bool:
        """Tell if the role's IAM policies allow the action."""
        return _by_iam(self._role(role), action, resource, region)

    def lacking_in_bucket(
        self, role: str, bucket: str, action: str, resource: str, region: str
    ) -> str | None:
        """Return None if the role may do the action in the bucket, else the lacking policy."""
        of_bucket = self._deployed.buckets[bucket]
        location = access.Location(
            of_bucket.name, of_bucket.account, self._document_to(bucket, role), ()
        )
        return _in_bucket(self._role(role), location, action, resource, region)

    def _document_to(self, owner: str, role: str) -> str:
        return f'{{"Statement": {self._to(owner, Caller(role))}}}'

    def _role_of(self, arn: str) -> access.Role:
        role = self._deployed.roles[arn]
        return access.Role(
            role.arn, json.dumps(role.trust), tuple(json.dumps(policy) for policy in role.identity)
        )

    def _statements_to(self, owner: str, caller: Caller) -> str:
        """Return the statements of a key's or bucket's policy that are about the caller."""
        keys, buckets = self._deployed.keys, self._deployed.buckets
        return addressed_to(keys[owner].policy if owner in keys else buckets[owner].policy, caller)
