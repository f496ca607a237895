"""From allowed resources to the statements in every policy: a pure function, with plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from personalize_kms_check.matrix import Actions, KeyAccess, S3Access

from .principals import PolicyPrincipal
from .resolved import ResolvedLocation, ResolvedResource
from .sizes import MANAGED_POLICY_SIZE, most_of
from .statement import Statement, joined

Statements = tuple[Statement, ...]

_Policy = dict[str, list[Statement]]
"""The statements of one policy, by their sids; those of one sid become one."""


class Terms(NamedTuple):
    """The common parts of all statements of the construct in the policy of one key or bucket."""

    arn: str
    principals: tuple[PolicyPrincipal, ...]
    suffix: str
    """The end of the sids."""


class Plan(NamedTuple):
    """The statements in every policy. Keys and buckets are given by their identities."""

    keys: Mapping[str, Statements]
    buckets: Mapping[str, Statements]
    role: tuple[Statements, ...]
    """The statements of each managed policy of the role."""


def make_plan(
    allowed: Iterable[ResolvedResource], encryption_key: str, terms: Mapping[str, Terms]
) -> Plan:
    planning = _Planning(terms)
    for resource in allowed:
        planning.on_key(encryption_key, resource.row.on_dataset_group_key)
        for location, access in resource.accessed:
            planning.on_location(location, access)
            if location.key is not None:
                planning.on_key(location.key.identity, access.on_key)
        for actions in resource.row.role_on_everything:
            planning.role_policies.add(actions, "*")
    return planning.plan()


class _Planning:
    """Collects statements. Only this class knows the part of each key and bucket for a resource."""

    def __init__(self, terms: Mapping[str, Terms]) -> None:
        self._terms = terms
        self._keys: dict[str, _Policy] = {}
        self._buckets: dict[str, _Policy] = {}
        self.role_policies = _RolePolicies()

    def on_key(self, identity: str, access: KeyAccess) -> None:
        terms, policy = self._terms[identity], self._keys.setdefault(identity, {})
        for principal in terms.principals:
            # In a key policy, "*" is this key.
            _add(policy, principal.statement(terms.suffix, access.key_policy_actions, "*"))
        needs_iam = any(principal.needs_iam for principal in terms.principals)
        for group in access.key_policy if needs_iam else access.role_policies:
            self.role_policies.add(group, terms.arn)

    def on_location(self, location: ResolvedLocation, access: S3Access) -> None:
        arn = self._terms[location.bucket.identity].arn
        objects = f"{arn}/{location.prefix_in_bucket_policy}*"
        self._add_to_bucket_policy(location, access.on_objects, objects)
        self.role_policies.add(access.on_objects, f"{arn}/{location.prefix}*")
        for needed in access.on_bucket:
            self._add_to_bucket_policy(location, needed, arn)
            self.role_policies.add(needed, arn)

    def _add_to_bucket_policy(self, location: ResolvedLocation, needed: Actions, arn: str) -> None:
        identity = location.bucket.identity
        terms, policy = self._terms[identity], self._buckets.setdefault(identity, {})
        for principal in terms.principals:
            end_of_sid = f"{needed.name}{terms.suffix}"
            _add(policy, principal.statement(end_of_sid, needed.actions, arn))

    def plan(self) -> Plan:
        return Plan(
            {identity: _in_order(policy) for identity, policy in self._keys.items()},
            {identity: _in_order(policy) for identity, policy in self._buckets.items()},
            self.role_policies.statements,
        )


def _add(policy: _Policy, statement: Statement) -> None:
    policy.setdefault(statement.sid, []).append(statement)


def _in_order(policy: _Policy) -> Statements:
    """Return a statement for each sid, in the order of the sids."""
    return tuple(joined(policy[sid]).without_covered() for sid in sorted(policy))


class _RolePolicies:
    """The managed policies of the role, each filled until the next statement has no room."""

    def __init__(self) -> None:
        self._policies: list[_Policy] = []
        self._allowed: set[tuple[str, str]] = set()
        """The sids and resources that the policies have."""
        self._size = 0
        """The most bytes that the last policy can have."""

    @property
    def statements(self) -> tuple[Statements, ...]:
        return tuple(map(_in_order, self._policies))

    def add(self, needed: Actions, resource: str) -> None:
        sid = needed.name
        if (sid, resource) in self._allowed:
            return
        self._allowed.add((sid, resource))
        statement = Statement(sid, actions=needed.actions, resources=(resource,))
        added = most_of(statement.to_json())
        if not self._policies or self._size + added + len(",") > MANAGED_POLICY_SIZE:
            self._policies.append({})
            self._size = most_of({"Version": "2012-10-17", "Statement": []}) - len(",")
        if sid in self._policies[-1]:
            added = most_of(resource)
        _add(self._policies[-1], statement)
        self._size += added + len(",")
