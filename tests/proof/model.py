"""The deployment's permissions: keys, roles, buckets and Personalize's resources, all concrete."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Document = dict[str, Any]
Statement = dict[str, Any]


class UnresolvableError(Exception):
    """Something in a template that can't be resolved; the message begins with its place."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")


@dataclass(frozen=True)
class Environment:
    """Where a stack is deployed."""

    account: str
    region: str

    @property
    def partition(self) -> str:
        """The partition of the Region."""
        return "aws-cn" if self.region.startswith("cn-") else "aws"


@dataclass
class Key:
    """A key and its policy."""

    arn: str
    policy: Document

    @property
    def account(self) -> str:
        """The account that owns the key."""
        return self.arn.split(":")[4]


@dataclass
class Role:
    """A role, its trust policy and all of its identity policies."""

    arn: str
    trust: Document
    identity: list[Document] = field(default_factory=list)

    @property
    def account(self) -> str:
        """The account of the role."""
        return self.arn.split(":")[4]

    @property
    def name(self) -> str:
        """Its name, without the path."""
        return self.arn.rsplit("/", 1)[-1]


@dataclass
class Bucket:
    """A bucket, its policy and the key that it encrypts new objects with."""

    arn: str
    account: str
    policy: Document | None = None
    key: str | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return self.arn.split(":::")[1]


@dataclass(frozen=True)
class PersonalizeResource:
    """A resource of Personalize in a template."""

    place: str
    type: str
    properties: dict[str, Any]


@dataclass
class Deployed:
    """Everything, by ARN."""

    keys: dict[str, Key] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    buckets: dict[str, Bucket] = field(default_factory=dict)
    personalize: list[PersonalizeResource] = field(default_factory=list)
    outside: set[str] = field(default_factory=set)
    """The ARNs of the keys and buckets whose policies others own."""

    def role_named(self, account: str, name: str, place: str) -> Role:
        """The role of that name; names are unique in an account."""
        for role in self.roles.values():
            if (role.account, role.name) == (account, name):
                return role
        raise UnresolvableError(place, f"no role {name!r} in account {account}")

    def bucket_named(self, name: str, place: str) -> Bucket:
        """The bucket of that name; names are unique in a partition."""
        for bucket in self.buckets.values():
            if bucket.name == name:
                return bucket
        raise UnresolvableError(place, f"no bucket {name!r}")

    def paste(
        self, policy: Literal["key", "bucket", "role"], arn: str, statements: Iterable[Statement]
    ) -> None:
        """Paste pending statements, as the owner of the resource is asked to do."""
        new = list(statements)
        place = f"pending statements of {policy} {arn}"
        owned: dict[str, Mapping[str, Key | Bucket | Role]] = {
            "key": self.keys,
            "bucket": self.buckets,
            "role": self.roles,
        }
        resource = owned[policy].get(arn)
        if resource is None:
            raise UnresolvableError(place, "there is no such resource")
        if isinstance(resource, Role):
            resource.identity.append({"Version": "2012-10-17", "Statement": new})
        else:
            existing = (resource.policy or {}).get("Statement", [])
            resource.policy = {"Version": "2012-10-17", "Statement": [*existing, *new]}
