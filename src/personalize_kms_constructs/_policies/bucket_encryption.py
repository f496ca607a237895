"""The key that a bucket is encrypted with, as its L2 or its L1 says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_kms as kms

from .._argument_types import has
from .._tokens import is_token, reference_in
from .encryption_property import ExpressionError, as_token, default_encryption
from .place import Place
from .resources import BucketFacts, KeyFacts, key_facts, key_facts_of_arn

FactsOf = Callable[[Any], KeyFacts]

KEY_ARN = re.compile(r"arn:[a-z0-9-]+:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+")
_GIVE_THE_KEY = "give the key that it stands for, as S3Location(…, encryption_key=kms.Key.from_key_arn(…))"
_OWN_KEY = (
    "encrypt the bucket with a key of your own, or give the key of the objects, as S3Location(…, encryption_key=…)"
)
_SAY_THE_KEY = "give the key that it may have, as S3Location(…, encryption_key=…)"


@dataclass(frozen=True)
class BucketEncryption:
    """The encryption of a bucket by default."""

    key: KeyFacts | None = None
    """Its key; none where it has no KMS key, or none that this app knows of."""
    problem: str = ""
    """The reason why no policy can name its key, and what to do."""


def encryption_of(bucket: BucketFacts, here: Place, facts_of: FactsOf) -> BucketEncryption:
    """Find the key: the one that the bucket was imported with, or else by the L2 where it knows one."""
    known = bucket.key_of_l2 if bucket.imported_key is None else bucket.imported_key
    if known is not None:
        return _by_key(known, here, facts_of)
    return encryption_in_l1(bucket, here, facts_of)


def encryption_in_l1(
    bucket: BucketFacts, here: Place, facts_of: FactsOf, properties: Mapping[str, Any] | None = None
) -> BucketEncryption:
    """Find the key by what stands in the L1, which aspects and escape hatches may change until the end.

    A bucket that still has the key or the alias that its L2 was given has the key that stands behind it now.

    Args:
        bucket: the bucket.
        here: the construct's place.
        facts_of: finds out what is known of a key.
        properties: the resolved properties of the L1, where they are known.
    """
    l1 = bucket.l1
    if l1 is None:
        return BucketEncryption()
    try:
        algorithm, key_id = default_encryption(l1, properties)
    except ExpressionError:
        return BucketEncryption(
            problem="has an encryption that is known only at deployment, by a condition or a parameter, so that it "
            f"isn't known which key has to let Personalize in: {_SAY_THE_KEY}"
        )
    if not algorithm.startswith("aws:kms"):
        return BucketEncryption()
    if key_id is None:
        return BucketEncryption(
            problem=f"is encrypted by {algorithm} with aws/s3, a key of AWS whose policy nobody can change, so that "
            f"Personalize can't use it: {_OWN_KEY}"
        )
    known = bucket.key_of_l2
    if known is not None and key_id == (bucket.stack or l1.stack).resolve(known.key_arn):
        return _by_key(known, here, facts_of)
    return _by_id(key_id if isinstance(key_id, str) else as_token(l1, key_id), here)


def _by_key(key: Any, here: Place, facts_of: FactsOf) -> BucketEncryption:
    if not has(key, "alias_target_key"):
        return BucketEncryption(facts_of(key))
    try:
        target = key.alias_target_key
    except RuntimeError:  # an alias that was imported by its name, which says no key
        return BucketEncryption(
            problem=f"is encrypted by an alias, {key.alias_name}, which no policy can name: {_GIVE_THE_KEY}"
        )
    l1 = key.node.default_child
    if isinstance(l1, kms.CfnAlias) and not _is_same(l1.target_key_id, target.key_arn, l1.stack):
        return _by_id(l1.target_key_id, here)
    return BucketEncryption(facts_of(target))


def _by_id(key_id: str, here: Place) -> BucketEncryption:
    if KEY_ARN.fullmatch(key_id):
        return BucketEncryption(key_facts_of_arn(key_id, here))
    target = reference_in(key_id)
    if isinstance(target, (kms.CfnKey, kms.CfnReplicaKey)):
        return BucketEncryption(key_facts(target, here))
    if isinstance(target, kms.CfnAlias):
        return _by_id(target.target_key_id, here)
    shown = "a value that is known only at deployment" if is_token(key_id) else repr(key_id)
    return BucketEncryption(problem=f"is encrypted with {shown}, which is no ARN of a key: {_GIVE_THE_KEY}")


def _is_same(one: str, other: str, stack: Stack) -> bool:
    """Tell if two strings are one value in a stack; tokens of one value may differ."""
    return one == other or bool(stack.resolve(one) == stack.resolve(other))
