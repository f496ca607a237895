"""AWS's pages applied to requests: who needs which action, on which resource, in which policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal, NamedTuple

from ..matrix import ASSUME_ROLE, PASS_ROLE, SERVICE_PRINCIPAL, KeyAccess, S3Access
from .calls import Call, Caller, call_on, role, service
from .model import AccessModel, Asked, Bucket, Column, Key, Location, PrincipalKind, Role

ROLE: Final = "role"
SERVICE: Final = "service"
CALLER: Final = "caller"
IN_KEY_POLICY: Final = "key"
IN_IAM: Final = "role"
IN_BUCKET_POLICY: Final = "bucket"
IN_BOUNDARY: Final = "boundary"
TRUST: Final = "trust"


OwnerKind = Literal["key", "bucket", "role", ""]


class _NeededOn(NamedTuple):
    """A resource of a need, and the key, bucket or role that has a policy for it."""

    arn: str
    owner: str = ""
    owner_kind: OwnerKind = ""


class Need(NamedTuple):
    """A permission, in one of the columns of AWS's pages."""

    principal: PrincipalKind
    """``"role"``, ``"service"`` or ``"caller"``."""
    role_arn: str
    """The ARN of the service role, or of the caller's role; empty for Personalize itself."""
    column: Column
    """``"key"``, ``"role"`` or ``"bucket"``; ``"trust"`` for becoming a service role."""
    action: str
    resource_arn: str
    """A key, a bucket, the objects below a prefix, or ``*``; for a caller the service role, or a
    resource to create."""
    owner: str
    """The ARN of the key, of the bucket or of the service role; empty for anything else."""
    owner_kind: OwnerKind
    """The kind of the owner."""
    account: str
    """The account that Personalize works in."""
    region: str

    @property
    def principal_arn(self) -> str:
        """The ARN of the role, or the service principal."""
        return SERVICE_PRINCIPAL if self.principal == SERVICE else self.role_arn


Needs = Mapping[Need, list[Asked]]
"""Permissions, each with all requests that need it."""


def needs_of(model: AccessModel) -> Needs:
    """Return every permission once, with all requests that need it."""
    askers_of: dict[Need, list[Asked]] = {}
    for asked in model.asked:
        for need in _needs(model, asked):
            askers = askers_of.setdefault(need, [])
            if not askers or askers[-1] is not asked:
                askers.append(asked)
    return askers_of


def trust_needs_of(model: AccessModel) -> Needs:
    """Return Personalize's need to become each service role, with all requests that have it."""
    askers_of: dict[Need, list[Asked]] = {}
    for asked in model.asked:
        role = _NeededOn(asked.role_arn, asked.role_arn, "role")
        askers_of.setdefault(_of_service(asked, TRUST, ASSUME_ROLE, role), []).append(asked)
    return askers_of


def location_keys(model: AccessModel, asked: Asked, location: Location) -> list[str]:
    """Return the ARNs of the keys that encrypt a location.

    It is its own or that of the bucket; where the location is read, it may be both.
    """
    of_bucket = model.bucket(location.bucket_arn, asked.account).key_arn
    own = location.key_arn
    keys = [own, of_bucket] if location.is_read else [own or of_bucket]
    return list(dict.fromkeys(key for key in keys if key is not None))


def keys_of(model: AccessModel, asked: Asked) -> list[str]:
    """Return the ARNs of all keys that a request needs, each once."""
    keys = [asked.dataset_group_key] if asked.dataset_group_key else []
    for location in asked.locations:
        keys += filter(None, location_keys(model, asked, location))
    return list(dict.fromkeys(keys))


def users_of(model: AccessModel) -> Mapping[str, list[Asked]]:
    """Return the requests that use each role, bucket and key."""
    users: dict[str, list[Asked]] = {}
    for asked in model.asked:
        buckets = [location.bucket_arn for location in asked.locations]
        used = (asked.role_arn, asked.caller_arn, *buckets, *keys_of(model, asked))
        for arn in dict.fromkeys(used):
            users.setdefault(arn, []).append(asked)
    return users


def _needs(model: AccessModel, asked: Asked) -> Iterator[Need]:
    row = asked.permissions
    if asked.dataset_group_key is not None:
        yield from _on_key(asked, asked.dataset_group_key, row.on_dataset_group_key)
    for location, access in ((asked.source, row.source), (asked.destination, row.destination)):
        if location is not None and access is not None:
            yield from _on_location(asked, location, access)
            for key_arn in location_keys(model, asked, location):
                yield from _on_key(asked, key_arn, access.on_key)
    for actions in row.role_on_everything:
        for action in actions.actions:
            yield _of_role(asked, IN_IAM, action, _NeededOn("*"))
    if asked.caller_arn:
        yield from _of_caller(asked)


def _of_caller(asked: Asked) -> Iterator[Need]:
    wanted = []
    for arn in asked.calls_on:
        wanted.append((asked.permissions.create_action, arn))
    for action in asked.also_calls:
        wanted.append((action, asked.calls_on[-1]))
    wanted.append((PASS_ROLE, asked.role_arn))
    caller, account, region = asked.caller_arn, asked.account, asked.region
    for action, arn in wanted:
        yield Need(CALLER, caller, IN_IAM, action, *_NeededOn(arn), account, region)


def _on_key(asked: Asked, key_arn: str, access: KeyAccess) -> Iterator[Need]:
    key = _NeededOn(key_arn, key_arn, "key")
    for need_of in (_of_role, _of_service):
        for action in access.key_policy_actions:
            yield need_of(asked, IN_KEY_POLICY, action, key)
    for actions in access.role_policies:
        for action in actions.actions:
            yield _of_role(asked, IN_IAM, action, key)


def _on_location(asked: Asked, location: Location, access: S3Access) -> Iterator[Need]:
    bucket = _NeededOn(location.bucket_arn, location.bucket_arn, "bucket")
    wanted = [(access.on_objects, bucket._replace(arn=location.objects))]
    for actions in access.on_bucket:
        wanted.append((actions, bucket))
    for actions, resource in wanted:
        for action in actions.actions:
            yield _of_role(asked, IN_IAM, action, resource)
            yield _of_service(asked, IN_BUCKET_POLICY, action, resource)


def _of_role(asked: Asked, column: Column, action: str, resource: _NeededOn) -> Need:
    return Need(ROLE, asked.role_arn, column, action, *resource, asked.account, asked.region)


def _of_service(asked: Asked, column: Column, action: str, resource: _NeededOn) -> Need:
    # Personalize itself is the same, whatever role the resource has.
    return Need(SERVICE, "", column, action, *resource, asked.account, asked.region)


def caller_of(model: AccessModel, need: Need) -> Caller:
    """Return who needs a permission."""
    if need.principal == SERVICE:
        return service(need.account, need.region, model.organization)
    return role(model.role(need.role_arn), need.region, model.organization)


def owner_of(model: AccessModel, need: Need) -> Key | Bucket | Role | None:
    """Return the key, bucket or role whose own policy decides on a permission, if any does."""
    if need.owner_kind == "key":
        return model.key(need.owner)
    if need.owner_kind == "bucket":
        return model.bucket(need.owner, need.account)
    return model.role(need.owner) if need.owner_kind == "role" else None


def call_of(model: AccessModel, need: Need) -> Call:
    """Return the call that needs a permission."""
    owner, caller = owner_of(model, need), caller_of(model, need)
    return call_on(owner, caller, need.action, need.resource_arn)


def alternatives_of(need: Need, asked: Iterable[Asked]) -> list[Need]:
    """Return the same permission on the solution of a solution version, or the other way round.

    The service authorization reference has one type for both, and doesn't say which of them is
    looked at.
    """
    if need.principal != CALLER or ":solution/" not in need.resource_arn:
        return []
    solutions: set[str] = set()
    for request in asked:
        for arn in request.calls_on:
            if ":solution/" in arn and arn != need.resource_arn:
                solutions.add(arn)
    return [need._replace(resource_arn=arn) for arn in sorted(solutions)]
