"""Keys, roles and buckets with their policies, and all requests to Personalize, as data.

A template and an account are read into the same model. Values may have holes (see
``_shared.values``), and each unseen part has the reason why, so nothing has to be guessed.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, final

from .._shared.values import account_of
from .causes import NOT_OF_THE_APP, Column
from .declarations import Declaration
from .finding import Finding
from .policy_documents import Policy
from .requests import Location, OpenQuestion, Request

AWS_MANAGED_KEY = "alias/aws/s3"

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
    doubt: str = ""
    """What isn't known of it, whatever its policies say."""
    exists: bool = True
    """False if an account has no such key, role or bucket."""
    notes: tuple[str, ...] = ()
    """Facts without influence on decisions."""
    declared: Declaration | None = None
    """Its resource in a template."""
    waits_for: Container[Declaration | None] = ()
    """The resources of templates created before it."""


@dataclass
class Key(PolicyOwner):
    column: ClassVar[Column] = "key"
    policies: list[Policy] = field(default_factory=list)
    spec: str = "SYMMETRIC_DEFAULT"
    usage: str = "ENCRYPT_DECRYPT"
    state: str = "Enabled"
    """As KMS's ``DescribeKey`` has it: ``Enabled``, ``Disabled``, ``PendingDeletion``…"""
    deleted_on: str = ""
    """The day on which KMS deletes it, if known."""
    has_default_policy: bool = False
    """True if its template has no policy, so KMS gives it one until the template has one."""
    unseen_state: str = ""
    """The reason why its state, spec and usage can't be seen."""

    @property
    def account(self) -> str:
        return account_of(self.arn)


@final
@dataclass
class Role(PolicyOwner):
    """A service role with all its policies; ``unseen`` is about its IAM policies."""

    column: ClassVar[Column] = "trust"
    trust: list[Policy] = field(default_factory=list)
    identity: list[Policy] = field(default_factory=list)
    """Inline and managed policies alike."""
    boundary: Policy | None = None
    unseen_denials: str = ""
    """The reason why there may be more denials; for an existing role, see ``unseen``."""
    unseen_trust: str = ""
    unseen_boundary: str = ""
    unique_id: str = ""
    """Its ``AROA…`` id, where it is known."""
    namesake: str = ""
    """The ARN of another role with its name, on another path, if it doesn't exist itself."""

    @property
    def account(self) -> str:
        return account_of(self.arn)

    @property
    def policies(self) -> list[Policy]:
        """Its own policy, which is about it."""
        return self.trust


@dataclass
class Bucket(PolicyOwner):
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


Owner = Key | Bucket | Role


class TemplateRole(NamedTuple):
    """A role of a template, or one that SAM makes for a function, whatever is asked."""

    role: Role
    declared: Declaration
    region: str
    names_personalize: bool
    """True if its resource has Personalize's name: else its trust policy isn't for Personalize."""


@dataclass
class AccessModel:
    """All keys, roles and buckets, by ARN, and all requests."""

    keys: dict[str, Key] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    buckets: dict[str, Bucket] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    owners_beside: list[Owner] = field(default_factory=list)
    """The owners in templates whose policies name Personalize, whatever is asked."""
    template_roles: list[TemplateRole] = field(default_factory=list)
    role_arns: Container[str] = ()
    """The ARNs of all roles in templates of the app, without their partitions."""
    problems: list[Finding] = field(default_factory=list)
    """The problems of reading the model."""
    without_key: list[str] = field(default_factory=list)
    """The names of the dataset groups encrypted with a key of Personalize's own."""
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
    """The parameters' defaults used in conditions, by stack and name: ``Main.Stage``."""

    @property
    def owners(self) -> Iterable[Owner]:
        return (*self.keys.values(), *self.roles.values(), *self.buckets.values())

    def label(self, arn: str) -> str:
        return self.names.get(arn, arn)

    def key(self, arn: str) -> Key:
        """Return a key; if it isn't in the model, its policy can't be seen."""
        return self.keys.get(arn) or Key(arn, unseen=NOT_OF_THE_APP)

    def role(self, arn: str) -> Role:
        """Return a role; if it isn't in the model, its policies can't be seen."""
        why = NOT_OF_THE_APP
        return self.roles.get(arn) or Role(arn, unseen=why, unseen_trust=why, unseen_boundary=why)

    def bucket(self, arn: str, account: str) -> Bucket:
        """Return a bucket; if it isn't in the model, its policy and encryption can't be seen."""
        why = NOT_OF_THE_APP
        return self.buckets.get(arn) or Bucket(arn, account, unseen=why, unseen_encryption=why)

    def location_keys(self, request: Request, location: Location) -> list[str]:
        """The key is the location's own or the bucket's; where it is read, it may be both."""
        of_bucket = self.bucket(location.bucket_arn, request.account).key_arn
        own = location.key_arn
        keys = [own, of_bucket] if location.is_read else [own or of_bucket]
        return list(dict.fromkeys(key for key in keys if key is not None))

    def keys_of(self, request: Request) -> list[str]:
        keys = [request.dataset_group_key] if request.dataset_group_key else []
        for location in request.locations:
            keys += filter(None, self.location_keys(request, location))
        return list(dict.fromkeys(keys))
