"""Keys, buckets, locations and resources, in one form whatever users pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias, cast

from aws_cdk import Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import IConstruct

from personalize_kms_check.matrix import Permissions, S3Access

from ..locations import S3Location
from ..resources import PersonalizeResource

KeyL1: TypeAlias = kms.CfnKey | kms.CfnReplicaKey

KEY_ARN = re.compile(r"arn:[a-z0-9-]+:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+")


class ResolvedKey(NamedTuple):
    identity: str
    """The same string for all objects that stand for this key."""
    arn: str
    stack: Stack | None
    """Its stack in this app; none if it is imported."""
    account: str
    region: str
    l1: KeyL1 | None = None
    """The L1 of a key of this app."""
    construct: IConstruct | None = None
    """The construct of a key of this app."""
    is_alias: bool = False
    spec: str = "SYMMETRIC_DEFAULT"

    def __str__(self) -> str:
        return self.arn if self.construct is None else self.construct.node.path


class ResolvedBucket(NamedTuple):
    identity: str
    """The same string for all objects that stand for this bucket."""
    arn: str
    stack: Stack | None
    """Its stack in this app; none if it is imported."""
    account: str
    """Empty if it isn't known."""
    region: str
    l2: s3.Bucket | None = None
    l1: s3.CfnBucket | None = None
    """The L1 of a bucket of this app, if there is no L2."""

    @property
    def made_by(self) -> s3.CfnBucket | None:
        """The L1 of a bucket of this app, behind an L2 too."""
        return self.l1 if self.l2 is None else cast("s3.CfnBucket", self.l2.node.default_child)

    def __str__(self) -> str:
        construct = self.l2 or self.l1
        return self.arn if construct is None else construct.node.path


class ResolvedLocation(NamedTuple):
    """A location, with the key it is encrypted with."""

    location: S3Location
    bucket: ResolvedBucket
    key: ResolvedKey | None
    """None if no KMS key encrypts it, or if this app doesn't know the key."""
    problem: str
    """The reason why no policy can name its key, with a way out."""
    is_key_unknown: bool
    """True if a condition or a parameter decides at deployment whether there is a key."""
    key_is_in_template: bool
    """True if the template has the key with the bucket of this app."""
    prefix: str
    prefix_in_bucket_policy: str
    """The prefix, written for the bucket's stack."""

    @property
    def accounts(self) -> tuple[str, ...]:
        """The CDK assumes the stack's account for an imported bucket, whatever that of its key."""
        if self.bucket.stack is None and self.key is not None:
            return (self.bucket.account, self.key.account)
        return (self.bucket.account,)


class ResolvedResource(NamedTuple):
    """A resource of Personalize to allow."""

    resource: PersonalizeResource
    source: ResolvedLocation | None
    destination: ResolvedLocation | None

    @property
    def row(self) -> Permissions:
        return self.resource.permissions

    @property
    def accessed(self) -> Iterator[tuple[ResolvedLocation, S3Access]]:
        if self.source is not None and self.row.source is not None:
            yield self.source, self.row.source
        if self.destination is not None and self.row.destination is not None:
            yield self.destination, self.row.destination

    @property
    def locations(self) -> Iterator[tuple[str, ResolvedLocation]]:
        """The locations, each with the words for it in messages."""
        for part, location in (("source", self.source), ("destination", self.destination)):
            if location is not None:
                yield f"{part} of {self.row.resource}", location
