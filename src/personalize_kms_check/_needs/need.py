"""AWS's pages applied to requests: who needs which action, on which resource, in which policy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from .._evaluation.calls import Call, Caller, call_on, role, service
from .._model.causes import Column
from .._model.model import AccessModel, Bucket, Key, Owner, Role
from .._model.requests import Location, PrincipalKind, Request
from ..matrix import ASSUME_ROLE, PASS_ROLE, KeyAccess, S3Access

ROLE: Final = "role"
SERVICE: Final = "service"
CALLER: Final = "caller"
IN_KEY_POLICY: Final = "key"
IN_IAM: Final = "role"
IN_BUCKET_POLICY: Final = "bucket"
IN_BOUNDARY: Final = "boundary"
TRUST: Final = "trust"


@dataclass(frozen=True, eq=False, slots=True)
class Need:
    """A permission, in one of the columns of AWS's pages, with all requests that need it."""

    principal: PrincipalKind
    """``"role"``, ``"service"`` or ``"caller"``."""
    role: Role | None
    """The service role, or the caller's role; none for Personalize itself."""
    column: Column
    """``"key"``, ``"role"`` or ``"bucket"``; ``"trust"`` for becoming a service role."""
    owner: Owner | None
    """The key, bucket or service role whose own policy decides on it, if any does."""
    account: str
    """The account Personalize works in."""
    caller: Caller
    action: str
    resource_arn: str
    """A key, a bucket, the objects below a prefix, or ``*``; for a caller the service role, or a
    resource to create."""
    requests: tuple[Request, ...]

    def call(self) -> Call:
        on_own = self.is_on_own
        return call_on(self.owner, self.caller, self.action, self.resource_arn, is_on_own=on_own)

    @property
    def is_on_own(self) -> bool:
        """True if a construct asks for it, on a key or a bucket whose policy it writes."""
        owner = self.owner
        if owner is None or owner.declared is None:
            return False
        policy = (owner.column, owner.arn)
        return any(request.names_own and policy not in request.files for request in self.requests)

    @property
    def principal_arn(self) -> str:
        return self.caller.arn

    @property
    def owner_arn(self) -> str:
        return self.owner.arn if self.owner is not None else ""


def needs_of(model: AccessModel) -> list[Need]:
    needs: list[Need] = []
    for request in model.requests:
        needs += _RequestNeeds(model, request).needs()
    return _once(needs)


def trust_needs_of(model: AccessModel) -> list[Need]:
    """Return Personalize's need to become each service role, with all its requests."""
    return _once([_RequestNeeds(model, request).to_become_role() for request in model.requests])


def _once(needs: Iterable[Need]) -> list[Need]:
    """Return the needs of requests, equal ones joined into one."""
    groups: dict[object, list[Need]] = {}
    for need in needs:
        who = (need.principal, need.caller, need.account)
        groups.setdefault((*who, need.column, need.action, need.resource_arn), []).append(need)
    joined = []
    for first, *others in groups.values():
        requests = dict.fromkeys([*first.requests, *(need.requests[0] for need in others)])
        joined.append(replace(first, requests=tuple(requests)) if others else first)
    return joined


def needs_by_arn(needs: Iterable[Need]) -> Mapping[str, list[Need]]:
    """Return the needs on each key, bucket and service role, by its ARN."""
    on_owner: dict[str, list[Need]] = defaultdict(list)
    for need in needs:
        on_owner[need.owner_arn].append(need)
    return on_owner


def users_of(model: AccessModel) -> Mapping[str, list[Request]]:
    users: dict[str, list[Request]] = {}
    for request in model.requests:
        buckets = [location.bucket_arn for location in request.locations]
        used = (request.role_arn, request.caller_arn, *buckets, *model.keys_of(request))
        for arn in dict.fromkeys(used):
            users.setdefault(arn, []).append(request)
    return users


class _RequestNeeds:
    """The needs of one request."""

    def __init__(self, model: AccessModel, request: Request) -> None:
        self._model = model
        self._request = request
        self._role = model.role(request.role_arn)
        self._as_role = role(self._role, request.region, model.organization)
        # Personalize itself is the same, whatever role the resource has.
        self._as_service = service(request.account, request.region, model.organization)

    def needs(self) -> Iterator[Need]:
        request, row = self._request, self._request.permissions
        if request.dataset_group_key is not None:
            yield from self._on_key(request.dataset_group_key, row.on_dataset_group_key)
        sides = ((request.source, row.source), (request.destination, row.destination))
        for location, access in sides:
            if location is not None and access is not None:
                yield from self._on_location(location, access)
                for key_arn in self._model.location_keys(request, location):
                    yield from self._on_key(key_arn, access.on_key)
        for actions in row.role_on_everything:
            for action in actions.actions:
                yield self._of_role(IN_IAM, action, "*")
        if request.caller_arn:
            yield from self._of_caller()

    def to_become_role(self) -> Need:
        return self._of_service(ASSUME_ROLE, self._role.arn, self._role)

    def _of_caller(self) -> Iterator[Need]:
        request, account = self._request, self._request.account
        wanted = [(request.permissions.create_action, arn) for arn in request.calls_on]
        for action in request.also_calls:
            wanted.append((action, request.calls_on[-1]))
        wanted.append((PASS_ROLE, request.role_arn))
        own_role = self._model.role(request.caller_arn)
        caller = role(own_role, request.region, self._model.organization)
        for action, arn in wanted:
            yield Need(CALLER, own_role, IN_IAM, None, account, caller, action, arn, (request,))

    def _on_key(self, key_arn: str, access: KeyAccess) -> Iterator[Need]:
        key = self._model.key(key_arn)
        for action in access.key_policy_actions:
            yield self._of_role(IN_KEY_POLICY, action, key_arn, key)
        for action in access.key_policy_actions:
            yield self._of_service(action, key_arn, key)
        for actions in access.role_policies:
            for action in actions.actions:
                yield self._of_role(IN_IAM, action, key_arn, key)

    def _on_location(self, location: Location, access: S3Access) -> Iterator[Need]:
        bucket = self._model.bucket(location.bucket_arn, self._request.account)
        wanted = [(access.on_objects, location.objects)]
        for actions in access.on_bucket:
            wanted.append((actions, bucket.arn))
        for actions, arn in wanted:
            for action in actions.actions:
                yield self._of_role(IN_IAM, action, arn, bucket)
                yield self._of_service(action, arn, bucket)

    def _of_role(
        self, column: Column, action: str, arn: str, owner: Key | Bucket | None = None
    ) -> Need:
        account, caller, requests = self._request.account, self._as_role, (self._request,)
        return Need(ROLE, self._role, column, owner, account, caller, action, arn, requests)

    def _of_service(self, action: str, arn: str, owner: Owner) -> Need:
        account, caller, requests = self._request.account, self._as_service, (self._request,)
        return Need(SERVICE, None, owner.column, owner, account, caller, action, arn, requests)


def alternatives_of(need: Need, call: Call) -> list[Call]:
    """Return the same call on the solution of a solution version, or the other way round.

    The service authorization reference has one type for both, and doesn't say which of them is
    looked at.
    """
    if need.principal != CALLER or ":solution/" not in need.resource_arn:
        return []
    solutions: set[str] = set()
    for request in need.requests:
        for arn in request.calls_on:
            if ":solution/" in arn and arn != need.resource_arn:
                solutions.add(arn)
    return [replace(call, resource_arn=arn) for arn in sorted(solutions)]
