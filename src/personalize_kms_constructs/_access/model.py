"""Who may do what, as data: keys, roles and buckets with their policies, and what Personalize is asked to create.

A template and an account are read into the same model. Values may have holes (see ``values``), and what couldn't be
seen says why, so that nothing has to be guessed.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..matrix import Permissions
from .call_keys import ACTION_KEYS
from .conditions import condition_keys
from .lists import as_list
from .values import account_of
from .variables import literally

# In other versions, and without one, the variables of a policy are plain text
# (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html).
_WITH_VARIABLES = "2012-10-17"
_OPEN_ACTION = re.compile(r"[*?$]")
_WHOLE_SERVICE = re.compile(r"\*|[^*?$]*:\*")

Document = Mapping[str, Any]
Statement = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Policy:
    """One policy document, and where it stands."""

    document: Document | str | None
    """The document; a hole may stand for it, or for any part of it."""
    name: str
    """Where it stands, in words: ``policy Main/Encryption/Policy``."""
    declared: str = ""
    """The resource of a template that makes it; empty for what exists already."""
    only_if: frozenset[str] = frozenset()
    """Conditions of templates that can't be decided; it depends on all of them."""
    inline: bool = False
    """True if it is an inline policy of a role."""

    @cached_property
    def statements(self) -> tuple[Written, ...]:
        """Its statements."""
        document = self.document if isinstance(self.document, Mapping) else {}
        found = as_list(document.get("Statement"))
        if document.get("Version") != _WITH_VARIABLES:
            found = [literally(each) for each in found]
        return tuple(Written.of(body, index, self) for index, body in enumerate(found))

    def about(self, action: str) -> tuple[Written, ...]:
        """Return the statements that may be about an action, in lower case."""
        found = self._about.get(action)
        return self._about_others if found is None else found

    @cached_property
    def is_plain(self) -> bool:
        """Tell if nothing but the names of actions tells those of one service apart."""
        return all(each.is_plain for each in self.statements)

    @cached_property
    def _about(self) -> dict[str, tuple[Written, ...]]:
        actions = {action for each in self.statements for action in each.only_actions or ()}
        return {action: tuple(each for each in self.statements if each.may_be_about(action)) for action in actions}

    @cached_property
    def _about_others(self) -> tuple[Written, ...]:
        """The statements that may be about actions which none of them names."""
        return tuple(each for each in self.statements if each.only_actions is None)

    @cached_property
    def may_deny(self) -> bool:
        """Tell if a statement denies something, or may."""
        return not isinstance(self.document, Mapping) or any(
            not each.readable or each.body.get("Effect") != "Allow" for each in self.statements
        )


@dataclass(frozen=True, eq=False)
class Written:
    """A statement as it is written; a hole may stand for it."""

    body: Any
    name: str
    """Its name in reports: its sid or its number, and its policy."""
    policy: Policy
    readable: bool
    """True if it is known before deployment that this is a statement."""
    only_actions: frozenset[str] | None
    """The only actions that it can be about, in lower case; none where a wildcard or a hole leaves that open."""
    addressed: dict[Any, Any] = field(default_factory=dict, repr=False)
    """The cached answers to whether it is about a caller, by callers."""

    @cached_property
    def is_plain(self) -> bool:
        """Tell if all its actions are named, or all are those of whole services, and it is about each of them alike."""
        if self.has_action_keys or not self.readable or "NotAction" in self.body:
            return False
        return self.only_actions is not None or all(
            isinstance(each, str) and _WHOLE_SERVICE.fullmatch(each) for each in as_list(self.body.get("Action"))
        )

    @cached_property
    def has_action_keys(self) -> bool:
        """Tell if a condition is on a key that some actions have and others lack."""
        condition = self.body.get("Condition") if self.readable else None
        return bool(condition) and any(key.lower() in ACTION_KEYS for _, key, _ in condition_keys(condition))

    def may_be_about(self, action: str) -> bool:
        """Report whether it may be about an action, in lower case."""
        return self.only_actions is None or action in self.only_actions

    @staticmethod
    def of(body: Any, index: int, policy: Policy) -> Written:
        """Return the statement at an index of a policy."""
        readable = isinstance(body, Mapping)
        sid = body.get("Sid") if readable else None
        name = f"statement {sid if isinstance(sid, str) else f'number {index + 1}'} of {policy.name}"
        actions = as_list(body.get("Action")) if readable and "NotAction" not in body else []
        plain = bool(actions) and not any(not isinstance(each, str) or _OPEN_ACTION.search(each) for each in actions)
        return Written(body, name, policy, readable, frozenset(each.lower() for each in actions) if plain else None)


@dataclass
class Key:
    """A KMS key."""

    arn: str
    policies: list[Policy] = field(default_factory=list)
    unseen: str = ""
    """The reason why its policy, or a part of it, can't be seen; empty if all of it is known."""
    spec: str = "SYMMETRIC_DEFAULT"
    usage: str = "ENCRYPT_DECRYPT"
    declared: str = ""
    """The resource of a template that makes it."""
    state: str = "Enabled"
    """As KMS's ``DescribeKey`` has it: ``Enabled``, ``Disabled``, ``PendingDeletion``…"""

    @property
    def account(self) -> str:
        """The account that owns the key."""
        return account_of(self.arn)


@dataclass
class Role:
    """A service role, with every policy that bears on it."""

    arn: str
    trust: list[Policy] = field(default_factory=list)
    identity: list[Policy] = field(default_factory=list)
    """Inline and managed policies alike."""
    boundary: Policy | None = None
    unseen: str = ""
    """The reason why some of its IAM policies can't be seen; empty if all are known."""
    unseen_denials: str = ""
    """The reason why there may be more denials than are known; for a role that exists already, see ``unseen``."""
    unseen_trust: str = ""
    unseen_boundary: str = ""
    unique_id: str = ""
    """Its ``AROA…`` id, where it is known."""
    managed_policies: int = 0
    """The number of managed policies that are attached."""
    declared: str = ""
    """The resource of a template that makes it."""

    @property
    def account(self) -> str:
        """The account of the role."""
        return account_of(self.arn)


@dataclass
class Bucket:
    """An S3 bucket."""

    arn: str
    account: str
    policies: list[Policy] = field(default_factory=list)
    unseen: str = ""
    """The reason why its policy can't be seen; empty if it is known, or known to be absent."""
    key_arn: str | None = None
    """The key of its default encryption with SSE-KMS; none where it isn't encrypted with KMS."""
    unseen_encryption: str = ""
    """The reason why its default encryption can't be seen."""
    declared: str = ""
    """The resource of a template that makes it."""


@dataclass(frozen=True)
class Location:
    """A file or folder in S3 that Personalize reads or writes."""

    bucket_arn: str
    prefix: str
    key_arn: str | None = None
    """A key of its own; by default that of the bucket."""
    is_folder: bool = False
    """True if it is one, whatever the prefix says."""

    @property
    def objects(self) -> str:
        """The objects, as in a policy's ``Resource``."""
        if not self.prefix or self.prefix.endswith("/"):
            return f"{self.bucket_arn}/{self.prefix}*"
        open_end = self.prefix.endswith("}")
        return f"{self.bucket_arn}/{self.prefix}{'/*' if self.is_folder and not open_end else ''}"


@dataclass(frozen=True, eq=False)
class Asked:
    """A resource that Personalize is asked to create."""

    name: str
    """Where it is asked for: a construct path, a state of a state machine, an ARN."""
    permissions: Permissions
    """The permissions that AWS's pages ask for this kind of resource."""
    role_arn: str
    account: str
    region: str
    dataset_group_key: str | None = None
    """The ARN of the dataset group's key; none where the dataset group has no key."""
    source: Location | None = None
    destination: Location | None = None
    declared: str = ""
    """The resource of a template that asks; findings are shown there."""
    waits_for: Container[str] | None = None
    """The resources of templates that exist before it is created; none where it is asked for after the deployment."""
    only_if: frozenset[str] = frozenset()
    """Conditions of templates that can't be decided; it depends on all of them."""
    ours: bool = False
    """True if a construct of this library wrote the policies for it, and answers for them."""

    @property
    def kind(self) -> str:
        """The resource as AWS's page calls it."""
        return self.permissions.resource

    @cached_property
    def label(self) -> str:
        """The name that reports use for it."""
        return f"{self.name} ({self.kind})"

    def __str__(self) -> str:
        return self.label


@dataclass(frozen=True)
class Problem:
    """Something that no added statement fixes.

    ``kind`` is ``"ordering"``, ``"trust"``, ``"limit"`` or ``"configuration"``.
    """

    kind: str
    message: str
    where: str = ""
    """The thing that it is about, in words."""
    declared: str = ""
    """The resource of a template that it is about."""
    page: str = ""
    """The page that documents it."""
    about: str = ""
    """The ARN of the key or role that it is about, where others may have the same problem with that one."""
    reason: str = ""
    """The message without what has the problem."""
    denied: bool = False
    """True if a statement denies it, so that one that allows it doesn't help."""


@dataclass
class AccessModel:
    """Everything there is to judge, by ARN."""

    keys: dict[str, Key] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    buckets: dict[str, Bucket] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    """The problems that were found while the model was read."""
    open_questions: list[OpenQuestion] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    """The names of keys, roles and buckets in reports, by ARN: a construct path for example."""
    unseen: str = "it isn't part of the app"
    """The reason why nothing is known of keys, roles and buckets that aren't in the model."""

    def label(self, arn: str) -> str:
        """Return the name of a key, a role or a bucket in reports."""
        return self.names.get(arn, arn)

    def key(self, arn: str) -> Key:
        """Return a key; one that isn't in the model has a policy that can't be seen."""
        return self.keys.get(arn) or Key(arn, unseen=self.unseen)

    def role(self, arn: str) -> Role:
        """Return a role; one that isn't in the model has policies that can't be seen."""
        return self.roles.get(arn) or Role(
            arn, unseen=self.unseen, unseen_trust=self.unseen, unseen_boundary=self.unseen
        )

    def bucket(self, arn: str, account: str) -> Bucket:
        """Return a bucket; one that isn't in the model has a policy and an encryption that can't be seen."""
        return self.buckets.get(arn) or Bucket(arn, account, unseen=self.unseen, unseen_encryption=self.unseen)


@dataclass(frozen=True)
class OpenQuestion:
    """Something that is asked of Personalize, but not fully known."""

    name: str
    because: str
    declared: str = ""
