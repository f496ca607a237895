"""Requests to Personalize, as data."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple, Protocol

from .._shared.values import split
from ..matrix import Permissions
from .causes import Cause, Value
from .declarations import Declaration

S3_URI = "s3://"

PrincipalKind = Literal["role", "service", "caller", "account", ""]


class Location(NamedTuple):
    """A file or folder in S3, read or written by Personalize."""

    bucket_arn: str
    prefix: str
    key_arn: str | None = None
    """A key of its own; by default the bucket's key."""
    is_folder: bool = False
    """True if it is a folder, whatever the prefix says."""
    is_read: bool = False
    """True if a job reads it and names a key: S3 decrypts each object with the key it was written
    with."""
    account: str = ""
    """The account of the bucket, where it is known and no template makes the bucket."""

    @classmethod
    def at(
        cls, path: str, partition: str, key_arn: str | None, *, is_folder: bool, is_read: bool
    ) -> Location:
        """Return the location of a path like ``s3://bucket/folder/``."""
        bucket, *prefix = split(path.removeprefix(S3_URI), "/", 1)
        arn = f"arn:{partition}:s3:::{bucket}"
        return cls(arn, "".join(prefix), key_arn, is_folder=is_folder, is_read=is_read)

    @property
    def objects(self) -> str:
        """The objects, as in a policy's ``Resource``."""
        if not self.prefix or self.prefix.endswith("/"):
            return f"{self.bucket_arn}/{self.prefix}*"
        is_open = self.prefix.endswith("}")
        end = "/*" if self.is_folder and not is_open else ""
        return f"{self.bucket_arn}/{self.prefix}{end}"


@dataclass(frozen=True, eq=False)
class Request:
    """A request to Personalize: a resource to create."""

    name: str
    """The place where it is asked for: a construct path, a state of a state machine, an ARN."""
    permissions: Permissions
    """The permissions for this kind of resource, from AWS's pages."""
    role_arn: str
    account: str
    region: str
    dataset_group_key: str | None = None
    """The ARN of the dataset group's key; none where the dataset group has no key."""
    source: Location | None = None
    destination: Location | None = None
    declared: Declaration | None = None
    """The requesting resource of a template; reports have findings there."""
    waits_for: Container[Declaration] | None = None
    """The resources of templates created before it; none if it is created after the deployment."""
    ours: bool = False
    """True if a construct of this library answers for it."""
    names_own: bool = False
    """True if its key and its buckets are named as a construct refers to them."""
    files: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """The files with its statements for others to add, by the column and the owner's ARN of a
    policy."""
    caller_arn: str = ""
    """The ARN of the caller's role; empty where no template shows the caller."""
    calls_on: tuple[str, ...] = ()
    """The ARNs on which the caller needs the API's action; the last is the new resource's."""
    also_calls: tuple[str, ...] = ()
    """The caller's other actions on it: to ask for its status, and to tag it."""
    state: str = ""
    """The day and status of a job in an account."""

    @property
    def kind(self) -> str:
        return self.permissions.resource

    @property
    def locations(self) -> list[Location]:
        return [location for location in (self.source, self.destination) if location is not None]

    @cached_property  # Saves time: each entry of a report asks for it.
    def label(self) -> str:
        return f"{self.kind} {self.name} ({self.state})" if self.state else self.entry

    @property
    def entry(self) -> str:
        """Its name in a report's list of requests."""
        return f"{self.name} ({self.kind})"


class OpenQuestion(NamedTuple):
    """A request to Personalize with unknown parts."""

    name: str
    reason: str
    """The unknown part, in words."""
    declared: Declaration | None = None
    role_arns: tuple[str, ...] = ()
    """The ARNs of the roles it may name; empty where these can't be seen either."""
    asks: tuple[str, ...] = ("kms", "s3")
    """The services in which it may need permissions that can't be seen."""
    cause: Cause = Cause.NOT_KNOWN
    """The cause; its words have the reason as ``why``."""
    values: tuple[tuple[str, Value], ...] = ()
    """The other values of its words, by name."""


class _Subject(Protocol):
    @property
    def declared(self) -> Declaration | None: ...


def declared_of(subjects: Iterable[_Subject]) -> tuple[Declaration, ...]:
    declared = [subject.declared for subject in subjects if subject.declared]
    return tuple(dict.fromkeys(declared))


def files_for(requests: Iterable[Request], column: str, owner_arn: str) -> tuple[str, ...]:
    """Return the files with the statements for a policy's owner, of each construct one."""
    files = [request.files.get((column, owner_arn)) for request in requests]
    return tuple(filter(None, dict.fromkeys(files)))


def labels_of(requests: Iterable[Request]) -> list[str]:
    return sorted({request.label for request in requests})
