"""AWS's pages applied to what is asked: who needs which action, on what, in which policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

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


class Need(NamedTuple):
    """One permission, in one of the columns of AWS's pages."""

    principal: PrincipalKind
    """``"role"``, ``"service"`` or ``"caller"``."""
    role_arn: str
    """The ARN of the service role, or of the caller's role; empty for Personalize itself."""
    column: Column
    """``"key"``, ``"role"`` or ``"bucket"``."""
    action: str
    resource_arn: str
    """A key, a bucket, the objects below a prefix, or ``*``; for a caller the service role, or a resource to create."""
    owner: str
    """The ARN of the key or bucket that the resource is, or is in, or of the role to assume; else empty."""
    account: str
    """Where Personalize works."""
    region: str

    @property
    def principal_arn(self) -> str:
        """The ARN of the role, or the service principal."""
        return SERVICE_PRINCIPAL if self.principal == SERVICE else self.role_arn

    @property
    def policy_of(self) -> str:
        """The ARN of the key, role or bucket whose policy it is."""
        return self.role_arn if self.column == IN_IAM else self.owner


def needs_of(model: AccessModel) -> dict[Need, list[Asked]]:
    """Return every permission once, with all that needs it."""
    found: dict[Need, list[Asked]] = {}
    for asked in model.asked:
        for need in _needs(model, asked):
            askers = found.setdefault(need, [])
            if not askers or askers[-1] is not asked:
                askers.append(asked)
    return found


def location_keys(model: AccessModel, asked: Asked, location: Location) -> list[str]:
    """Return the ARNs of the keys that encrypt a location: its own or that of the bucket, or both where it is read."""
    of_bucket = model.bucket(location.bucket_arn, asked.account).key_arn
    keys = [location.key_arn, of_bucket] if location.is_read else [location.key_arn or of_bucket]
    return list(dict.fromkeys(each for each in keys if each is not None))


def keys_of(model: AccessModel, asked: Asked) -> list[str]:
    """Return the ARNs of all keys that a request needs, each once."""
    of_locations = (key for each in asked.locations for key in location_keys(model, asked, each))
    return list(dict.fromkeys(filter(None, (asked.dataset_group_key, *of_locations))))


def users_of(model: AccessModel) -> Mapping[str, list[Asked]]:
    """Return the requests that use each role, bucket and key."""
    found: dict[str, list[Asked]] = {}
    for asked in model.asked:
        buckets = (each.bucket_arn for each in asked.locations)
        for arn in dict.fromkeys((asked.role_arn, asked.caller_arn, *buckets, *keys_of(model, asked))):
            found.setdefault(arn, []).append(asked)
    return found


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
            yield _need(asked, ROLE, IN_IAM, action, "*", "")
    if asked.caller_arn:
        yield from _of_caller(asked)


def _of_caller(asked: Asked) -> Iterator[Need]:
    wanted = [(asked.permissions.create_action, resource) for resource in asked.calls_on]
    wanted += [(action, asked.calls_on[-1]) for action in asked.also_calls]
    for action, resource in (*wanted, (PASS_ROLE, asked.role_arn)):
        yield Need(CALLER, asked.caller_arn, IN_IAM, action, resource, "", asked.account, asked.region)
    if asked.assumed_by:
        arn = asked.caller_arn
        yield Need(CALLER, asked.assumed_by, IN_IAM, ASSUME_ROLE, arn, arn, asked.account, asked.region)


def _on_key(asked: Asked, key_arn: str, access: KeyAccess) -> Iterator[Need]:
    for principal in (ROLE, SERVICE):
        for actions in access.key_policy:
            for action in actions.actions:
                yield _need(asked, principal, IN_KEY_POLICY, action, key_arn, key_arn)
    for actions in access.role_policies:
        for action in actions.actions:
            yield _need(asked, ROLE, IN_IAM, action, key_arn, key_arn)


def _on_location(asked: Asked, location: Location, access: S3Access) -> Iterator[Need]:
    bucket_arn = location.bucket_arn
    wanted = [(action, location.objects) for action in access.on_objects.actions]
    wanted += [(action, bucket_arn) for actions in access.on_bucket for action in actions.actions]
    for action, resource in wanted:
        yield _need(asked, ROLE, IN_IAM, action, resource, bucket_arn)
        yield _need(asked, SERVICE, IN_BUCKET_POLICY, action, resource, bucket_arn)


def _need(asked: Asked, principal: PrincipalKind, column: Column, action: str, resource: str, owner: str) -> Need:
    # Personalize itself is the same, whatever role the resource has.
    role_arn = asked.role_arn if principal == ROLE else ""
    return Need(principal, role_arn, column, action, resource, owner, asked.account, asked.region)


def caller_of(model: AccessModel, need: Need) -> Caller:
    """Return who needs a permission."""
    if need.principal == SERVICE:
        return service(need.account, need.region, model.organization)
    return role(model.role(need.role_arn), need.region, model.organization)


def owner_of(model: AccessModel, need: Need) -> Key | Bucket | Role | None:
    """Return the key, bucket or role whose own policy has a say in a permission; none for anything else."""
    if not need.owner:
        return None
    if need.action == ASSUME_ROLE:
        return model.role(need.owner)
    return model.key(need.owner) if need.action.startswith("kms:") else model.bucket(need.owner, need.account)


def call_of(model: AccessModel, need: Need) -> Call:
    """Return the call that needs a permission."""
    return call_on(owner_of(model, need), caller_of(model, need), need.action, need.resource_arn)


def alternatives_of(need: Need, asked: Iterable[Asked]) -> list[Need]:
    """Return the same permission on the solution of a solution version, or the other way round.

    The service authorization reference has one type for both, and doesn't say which of them is looked at.
    """
    if need.principal != CALLER or ":solution/" not in need.resource_arn:
        return []
    solutions = {each for job in asked for each in job.calls_on if ":solution/" in each}
    return [need._replace(resource_arn=each) for each in sorted(solutions - {need.resource_arn})]
