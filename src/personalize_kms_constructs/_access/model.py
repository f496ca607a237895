"""Keys, roles and buckets with their policies, and the requests to Personalize, as data.

A template and an account are read into the same model. Values may have holes (see ``_values``), and
each part that can't be seen has the reason why, so nothing has to be guessed.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal, NamedTuple

from .._values import account_of
from ..matrix import Permissions
from .causes import Cause, Reason, Value
from .declarations import Declaration
from .policy_documents import Policy

PrincipalKind = Literal["role", "service", "caller", "account", ""]
Column = Literal["key", "role", "bucket", "boundary", "trust", ""]
ProblemKind = Literal["ordering", "trust", "configuration"]
Functions = Mapping[str, Any]
"""Functions of a template, for example ``Fn::GetAtt``, by their values with holes."""


@dataclass(kw_only=True)
class PolicyOwner:
    """A key, a role or a bucket, which policies are about."""

    column: ClassVar[Column]
    """The column of its own policy."""
    arn: str = field(kw_only=False)
    unseen: str = ""
    """The reason why a policy of its own can't be seen in full; empty if all of it is known."""
    exists: bool = True
    """False if an account has no such key, role or bucket."""
    notes: tuple[str, ...] = ()
    """Facts that decide nothing."""
    declared: Declaration | None = None
    """The resource of a template that makes it."""
    waits_for: Container[Declaration | None] = ()
    """The resources of templates that exist before it."""


@dataclass
class Key(PolicyOwner):
    """A KMS key."""

    column: ClassVar[Column] = "key"
    policies: list[Policy] = field(default_factory=list)
    spec: str = "SYMMETRIC_DEFAULT"
    usage: str = "ENCRYPT_DECRYPT"
    state: str = "Enabled"
    """As KMS's ``DescribeKey`` has it: ``Enabled``, ``Disabled``, ``PendingDeletion``…"""
    deleted_on: str = ""
    """The day on which KMS deletes it, if that is known."""
    has_default_policy: bool = False
    """True if its template has no policy, so KMS gives it one until the template has one."""
    unseen_state: str = ""
    """The reason why its state, spec and usage can't be seen."""

    @property
    def account(self) -> str:
        """The account that owns the key."""
        return account_of(self.arn)

    @property
    def documents(self) -> list[Policy]:
        """The documents of its own policy."""
        return self.policies


@dataclass
class Role(PolicyOwner):
    """A service role with all its policies; ``unseen`` is about its IAM policies."""

    column: ClassVar[Column] = "trust"
    trust: list[Policy] = field(default_factory=list)
    identity: list[Policy] = field(default_factory=list)
    """Inline and managed policies alike."""
    boundary: Policy | None = None
    unseen_denials: str = ""
    """The reason why there may be more denials; for a role that exists already, see ``unseen``."""
    unseen_trust: str = ""
    unseen_boundary: str = ""
    unique_id: str = ""
    """Its ``AROA…`` id, where it is known."""

    @property
    def account(self) -> str:
        """The account of the role."""
        return account_of(self.arn)

    @property
    def documents(self) -> list[Policy]:
        """The documents of its own policy."""
        return self.trust


@dataclass
class Bucket(PolicyOwner):
    """An S3 bucket."""

    column: ClassVar[Column] = "bucket"
    account: str
    policies: list[Policy] = field(default_factory=list)
    key_arn: str | None = None
    """The key of its default encryption with SSE-KMS; none where it isn't encrypted with KMS."""
    unseen_encryption: str = ""
    """The reason why its default encryption can't be seen."""
    region: str = ""
    """Its Region, where it is known."""
    unseen_region: str = ""
    """The reason why its Region can't be seen."""

    @property
    def documents(self) -> list[Policy]:
        """The documents of its own policy."""
        return self.policies


class Location(NamedTuple):
    """A file or folder in S3 that Personalize reads or writes."""

    bucket_arn: str
    prefix: str
    key_arn: str | None = None
    """A key of its own; by default that of the bucket."""
    is_folder: bool = False
    """True if it is a folder, whatever the prefix says."""
    is_read: bool = False
    """True if a job that names a key reads it: S3 decrypts each object with the key with which it
    was written."""
    account: str = ""
    """The account of the bucket, where it is known and no template makes the bucket."""

    @property
    def objects(self) -> str:
        """The objects, as in a policy's ``Resource``."""
        if not self.prefix or self.prefix.endswith("/"):
            return f"{self.bucket_arn}/{self.prefix}*"
        is_open = self.prefix.endswith("}")
        end = "/*" if self.is_folder and not is_open else ""
        return f"{self.bucket_arn}/{self.prefix}{end}"


@dataclass(frozen=True, eq=False)
class Asked:
    """A resource that Personalize is asked to create."""

    name: str
    """The place where it is asked for: a construct path, a state of a state machine, an ARN."""
    permissions: Permissions
    """The permissions that AWS's pages ask for this kind of resource."""
    role_arn: str
    account: str
    region: str
    dataset_group_key: str | None = None
    """The ARN of the dataset group's key; none where the dataset group has no key."""
    source: Location | None = None
    destination: Location | None = None
    declared: Declaration | None = None
    """The resource of a template that asks; reports have findings there."""
    waits_for: Container[Declaration] | None = None
    """The resources of templates that exist before it is created; none if it is created after the
    deployment."""
    ours: bool = False
    """True if a construct of this library answers for it."""
    files: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """The files with statements for it that others have to add, by the column and the owner's ARN
    of a policy."""
    caller_arn: str = ""
    """The ARN of the role that asks for it; empty where no template shows who asks."""
    calls_on: tuple[str, ...] = ()
    """The ARNs on which the caller needs the API's action; the last is that of the new resource."""
    also_calls: tuple[str, ...] = ()
    """The other actions that the caller needs on it: to ask for its status, and to tag it."""

    @property
    def kind(self) -> str:
        """The resource as AWS's page calls it."""
        return self.permissions.resource

    @property
    def locations(self) -> list[Location]:
        """Its source and its destination, where it has them."""
        return [location for location in (self.source, self.destination) if location is not None]

    @cached_property  # Saves time: each entry of a report asks for it.
    def label(self) -> str:
        """The name that reports use for it."""
        return f"{self.name} ({self.kind})"


def declared_of(
    subjects: Iterable[Asked | OpenQuestion | Policy | PolicyOwner],
) -> tuple[Declaration, ...]:
    """Return the resources of templates that ask, or that make something."""
    declared = [subject.declared for subject in subjects if subject.declared]
    return tuple(dict.fromkeys(declared))


def labels_of(asked: Iterable[Asked]) -> list[str]:
    """Return the names of requests in reports."""
    return sorted({request.label for request in asked})


@dataclass(frozen=True, eq=False)
class Problem:
    """A problem that no added statement fixes.

    ``kind`` is ``"ordering"``, ``"trust"`` or ``"configuration"``.
    """

    kind: ProblemKind
    subject: str
    """The ARN of the key, role or bucket that has the problem, or the name of the policy or
    requester."""
    reason: Reason
    """The cause, with the values of its words."""
    label: str = ""
    """The name of the subject in reports, where it has one."""
    page: str = ""
    """The page that documents it."""
    needed_by: tuple[str, ...] = ()
    """The resources, jobs and constructs that it concerns, in words."""
    declared: tuple[Declaration, ...] = ()
    """The resources of templates that it is about."""
    asked: tuple[Asked, ...] = field(default=(), repr=False)
    """The requests that it concerns."""
    of_ours: bool = False
    """True if it is about a resource of a construct of this library whose request can't be read."""
    is_warning: bool = False
    """True if Personalize may work all the same: it is reported, and fails nothing."""
    certain: bool = True
    """True if it is a problem whatever the values that aren't known before deployment."""

    @staticmethod
    def of(
        kind: ProblemKind,
        subject: str,
        reason: Reason,
        page: str,
        asked: Iterable[Asked],
        **more: Any,
    ) -> Problem:
        """Return a problem of requests, declared where they are unless ``more`` says where."""
        requests = tuple(asked)
        given = {"needed_by": tuple(labels_of(requests)), "declared": declared_of(requests)}
        return Problem(kind, subject, reason, page=page, asked=requests, **{**given, **more})

    @property
    def ours(self) -> bool:
        """True if a construct of this library answers for it."""
        return self.of_ours or any(request.ours for request in self.asked)

    @property
    def cause(self) -> Cause:
        """The cause of the problem."""
        return self.reason.cause

    @property
    def says(self) -> str:
        """The problem in words."""
        return self.reason.sentence(self.label or self.subject)

    @property
    def fix(self) -> str:
        """The remedy in words."""
        return self.reason.remedy

    @property
    def message(self) -> str:
        """The problem and its remedy in words."""
        return f"{self.says}: {self.fix}"

    @property
    def found_at(self) -> tuple[Declaration, ...]:
        """The resources of templates that it is about, or the requests that it concerns."""
        return self.declared or declared_of(self.asked)

    @property
    def where(self) -> list[dict[str, str]]:
        """The same as reports have it."""
        return [declared.where for declared in self.found_at]


@dataclass
class AccessModel:
    """All keys, roles and buckets, by ARN, and all requests."""

    keys: dict[str, Key] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    buckets: dict[str, Bucket] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    owners_beside: list[Key | Role | Bucket] = field(default_factory=list)
    """The owners in templates whose policies name Personalize, whatever is asked."""
    problems: list[Problem] = field(default_factory=list)
    """The problems of reading the model."""
    without_key: list[str] = field(default_factory=list)
    """The names of the dataset groups that Personalize encrypts with a key of its own."""
    open_questions: list[OpenQuestion] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    """The names of keys, roles and buckets in reports, by ARN: a construct path for example."""
    names_of_others: dict[str, str] = field(default_factory=dict)
    """The names of roles of which nothing is asked, and of ``owners_beside``."""
    organization: str = ""
    """The id of the organization (``o-…``) of all accounts of the templates, where it is given."""
    functions: Mapping[str, Functions] = field(default_factory=dict)
    """The functions of each template, by its path; in an account there are no templates."""
    assumed: dict[str, str] = field(default_factory=dict)
    """The defaults of parameters that decide conditions, by stack and name: ``Main.Stage``."""
    unseen: str = "it isn't part of the app"
    """The reason why nothing is known of keys, roles and buckets that aren't in the model."""

    @property
    def owners(self) -> Iterable[Key | Role | Bucket]:
        """All keys, roles and buckets."""
        return (*self.keys.values(), *self.roles.values(), *self.buckets.values())

    def label(self, arn: str) -> str:
        """Return the name of a key, a role or a bucket in reports."""
        return self.names.get(arn, arn)

    def key(self, arn: str) -> Key:
        """Return a key; if it isn't in the model, its policy can't be seen."""
        return self.keys.get(arn) or Key(arn, unseen=self.unseen)

    def role(self, arn: str) -> Role:
        """Return a role; if it isn't in the model, its policies can't be seen."""
        why = self.unseen
        return self.roles.get(arn) or Role(arn, unseen=why, unseen_trust=why, unseen_boundary=why)

    def bucket(self, arn: str, account: str) -> Bucket:
        """Return a bucket; if it isn't in the model, its policy and encryption can't be seen."""
        why = self.unseen
        return self.buckets.get(arn) or Bucket(arn, account, unseen=why, unseen_encryption=why)


class OpenQuestion(NamedTuple):
    """A request to Personalize that isn't fully known."""

    name: str
    reason: str
    """The unknown part, in words."""
    declared: Declaration | None = None
    role_arns: tuple[str, ...] = ()
    """The ARNs of the roles that it may name; empty where these can't be seen either."""
    asks: tuple[str, ...] = ("kms", "s3")
    """The services in which it may need permissions that can't be seen."""
    cause: Cause = Cause.NOT_KNOWN
    """The cause; its words have the reason as ``why``."""
    values: tuple[tuple[str, Value], ...] = ()
    """The other values of its words, by name."""
