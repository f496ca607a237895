"""Facts about a key or a bucket, found once, whatever form it was given in.

A resource counts as made by this app if its L1 is in the app: given as it is, behind an L2, or behind a reference to
its ARN, as ``kms.Key.from_key_arn(self, "Key", cfn_key.attr_arn)`` makes it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias, cast

from aws_cdk import CfnResource, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import IConstruct

from .._argument_types import has
from .._tokens import is_token, l1_behind, names_a_resource
from .place import Place

KeyL1: TypeAlias = kms.CfnKey | kms.CfnReplicaKey


@dataclass(frozen=True)
class Facts:
    """Facts that keys and buckets have in common."""

    identity: str
    """The same for two objects that stand for one resource."""
    arn: str
    stack: Stack | None
    """The stack of this app that makes it; none if it is imported."""
    account: str
    region: str
    construct: IConstruct | None = None
    """The object that stands for it in the app; none if it is known by an ARN alone."""


@dataclass(frozen=True)
class KeyFacts(Facts):
    """One key."""

    l2: kms.Key | None = None
    own_l1: KeyL1 | None = None
    """Its L1, where no L2 stands above it."""
    is_alias: bool = False

    @cached_property
    def l1(self) -> KeyL1 | None:
        """The L1 of a key that this app makes."""
        return self.own_l1 if self.l2 is None else cast("kms.CfnKey", self.l2.node.default_child)


@dataclass(frozen=True)
class BucketFacts(Facts):
    """One bucket."""

    l2: s3.Bucket | None = None
    own_l1: s3.CfnBucket | None = None
    """Its L1, where no L2 stands above it."""
    imported_key: kms.IKey | None = None
    """The encryption key that a bucket was imported with, whatever it encrypts with by default."""

    @cached_property
    def l1(self) -> s3.CfnBucket | None:
        """The L1 of a bucket that this app makes."""
        return self.own_l1 if self.l2 is None else cast("s3.CfnBucket", self.l2.node.default_child)

    @cached_property
    def key_of_l2(self) -> kms.IKey | None:
        """The encryption key that the L2 was given or made."""
        return None if self.l2 is None else self.l2.encryption_key


def key_facts(given: Any, here: Place) -> KeyFacts:
    """Find out what is known of a key: an L2, an L1, an imported one or a reference."""
    if isinstance(given, kms.Key):
        arn = given.key_arn
        return KeyFacts(arn, arn, *_environment(given, here), given, l2=given)
    arn = _arn_of_key(given)
    l1 = _key_l1_behind(arn)
    if l1 is not None:
        return _facts_of_key_l1(l1, here)
    is_alias = isinstance(given, kms.Alias) or ":alias/" in arn
    return KeyFacts(_identity(arn, here), arn, None, given.env.account, given.env.region, given, is_alias=is_alias)


def key_facts_of_arn(arn: str, here: Place) -> KeyFacts:
    """Find out what is known of a key whose ARN is all there is, in a bucket's L1 for example."""
    l1 = _key_l1_behind(arn)
    if l1 is not None:
        return _facts_of_key_l1(l1, here)
    _, _, _, region, account, *_ = arn.split(":", 5)
    return KeyFacts(arn, arn, None, account, region)


def bucket_facts(given: Any, here: Place) -> BucketFacts:
    """Find out what is known of a bucket: an L2, an L1, an imported one or a reference."""
    if isinstance(given, s3.Bucket):
        arn = given.bucket_arn
        return BucketFacts(arn, arn, *_environment(given, here), given, l2=given)
    arn = _arn_of_bucket(given)
    key = given.encryption_key if has(given, "encryption_key") else None
    l1 = l1_behind(arn, s3.CfnBucket)
    if l1 is None:
        environment = given.env
        return BucketFacts(
            _identity(arn, here), arn, None, environment.account, environment.region, given, imported_key=key
        )
    owner = l1.node.scope
    if isinstance(owner, s3.Bucket):
        facts = bucket_facts(owner, here)
    else:
        facts = BucketFacts(l1.attr_arn, l1.attr_arn, *_environment(l1, here), l1, own_l1=l1)
    # ``Bucket.from_cfn_bucket`` makes a child of the L1, with the key that stands there.
    is_wrapper = key is not None and given.node.scope.node.path == l1.node.path
    return facts if is_wrapper else replace(facts, imported_key=key)


def _key_l1_behind(arn: str) -> KeyL1 | None:
    return l1_behind(arn, kms.CfnKey) or l1_behind(arn, kms.CfnReplicaKey)


def _facts_of_key_l1(l1: KeyL1, here: Place) -> KeyFacts:
    owner = l1.node.scope
    if isinstance(owner, kms.Key):
        return key_facts(owner, here)
    return KeyFacts(l1.attr_arn, l1.attr_arn, *_environment(l1, here), l1, own_l1=l1)


def _arn_of_key(given: Any) -> str:
    if isinstance(given, (kms.CfnKey, kms.CfnReplicaKey)):
        return given.attr_arn
    return str(given.key_arn if has(given, "key_arn") else given.key_ref.key_arn)


def _arn_of_bucket(given: Any) -> str:
    if isinstance(given, s3.CfnBucket):
        return given.attr_arn
    return str(given.bucket_arn if has(given, "bucket_arn") else given.bucket_ref.bucket_arn)


def _environment(made: kms.Key | s3.Bucket | CfnResource, here: Place) -> tuple[Stack, str, str]:
    """Return stack, account and Region of what this app makes."""
    made_in = made.stack
    # Of a stack that JavaScript has made, an included nested one for example, jsii hands over another object each time.
    if made_in is here.stack or made_in.node.path == here.stack.node.path:
        return here.stack, here.account, here.region
    place = Place.of(made_in)
    return made_in, place.account, place.region


def _identity(arn: str, here: Place) -> str:
    # Two tokens for one value may be different strings, unless they are of a construct: two stacks may have constructs
    # of one logical id, and what their attributes resolve to doesn't say of which stack they are.
    if not is_token(arn) or names_a_resource(arn):
        return arn
    return json.dumps(here.stack.resolve(arn))
