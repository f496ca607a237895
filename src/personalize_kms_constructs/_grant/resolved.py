"""Keys, buckets, locations and resources, as the rest of the package knows them, whatever form they were given in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias, cast

from aws_cdk import Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import IConstruct

from ..locations import S3Location
from ..matrix import Permissions, S3Access
from ..resources import PersonalizeResource

KeyL1: TypeAlias = kms.CfnKey | kms.CfnReplicaKey

KEY_ARN = re.compile(r"arn:[a-z0-9-]+:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+")


class ResolvedKey(NamedTuple):
    """One key."""

    identity: str
    """The same for two objects that stand for one key."""
    arn: str
    stack: Stack | None
    """The stack of this app that makes it; none if it is imported."""
    account: str
    region: str
    l1: KeyL1 | None = None
    """The L1 of a key that this app makes."""
    construct: IConstruct | None = None
    """The object that stands for it in the app, where that makes it."""
    is_alias: bool = False
    spec: str = "SYMMETRIC_DEFAULT"

    def __str__(self) -> str:
        return self.arn if self.construct is None else self.construct.node.path


class ResolvedBucket(NamedTuple):
    """One bucket."""

    identity: str
    """The same for two objects that stand for one bucket."""
    arn: str
    stack: Stack | None
    """The stack of this app that makes it; none if it is imported."""
    account: str
    """Empty where nothing tells it."""
    region: str
    l2: s3.Bucket | None = None
    l1: s3.CfnBucket | None = None
    """The L1 of a bucket that this app makes, where it wasn't given as an L2."""

    @property
    def made_by(self) -> s3.CfnBucket | None:
        """The L1 of a bucket that this app makes, that of an L2 too."""
        return self.l1 if self.l2 is None else cast("s3.CfnBucket", self.l2.node.default_child)

    def __str__(self) -> str:
        construct = self.l2 or self.l1
        return self.arn if construct is None else construct.node.path


class ResolvedLocation(NamedTuple):
    """A location, with the key that encrypts it."""

    location: S3Location
    bucket: ResolvedBucket
    key: ResolvedKey | None
    """None where no KMS key encrypts it, or none that this app knows of."""
    problem: str
    """The reason why no policy can name its key, and what to do."""
    is_key_unknown: bool
    """True where only the deployment decides if there is a key, by a condition or a parameter."""
    key_is_in_template: bool
    """True if the bucket of this app says its key itself."""
    prefix: str
    prefix_in_bucket_policy: str
    """The prefix as the bucket's stack says it, where that is another one."""

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts that the bucket may belong to: the CDK assumes its own of an imported one, whatever its key."""
        is_imported = self.bucket.stack is None
        return (
            self.bucket.account,
            *([self.key.account] if is_imported and self.key is not None else []),
        )


class ResolvedResource(NamedTuple):
    """A resource of Personalize that is to be allowed."""

    given: PersonalizeResource
    source: ResolvedLocation | None
    destination: ResolvedLocation | None

    @property
    def row(self) -> Permissions:
        """The permissions that AWS documents for it."""
        return self.given.permissions

    @property
    def accessed(self) -> Iterator[tuple[ResolvedLocation, S3Access]]:
        """The locations, each with the access that Personalize needs."""
        for location, access in (
            (self.source, self.row.source),
            (self.destination, self.row.destination),
        ):
            if location is not None and access is not None:
                yield location, access

    @property
    def locations(self) -> Iterator[tuple[str, ResolvedLocation]]:
        """The locations, each with the words for it in messages."""
        for part, location in (("source", self.source), ("destination", self.destination)):
            if location is not None:
                yield f"{part} of {self.row.resource}", location
