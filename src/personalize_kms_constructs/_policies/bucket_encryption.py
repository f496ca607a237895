"""The key that a bucket is encrypted with, as its L2 or its L1 says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_kms as kms

from .._argument_types import has
from .._tokens import is_token, reference_in
from .place import Place
from .resources import BucketFacts, KeyFacts, key_facts, key_facts_of_arn

KEY_ARN = re.compile(r"arn:[a-z0-9-]+:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+")
_GIVE_THE_KEY = "give the key that it stands for, as S3Location(…, encryption_key=kms.Key.from_key_arn(…))"
_OWN_KEY = (
    "encrypt the bucket with a key of your own, or give the key of the objects, as S3Location(…, encryption_key=…)"
)


@dataclass(frozen=True)
class BucketEncryption:
    """The encryption of a bucket by default."""

    key: KeyFacts | None = None
    """Its key; none where it has no KMS key, or none that this app knows of."""
    problem: str = ""
    """The reason why no policy can name its key, and what to do."""


def encryption_of(bucket: BucketFacts, here: Place) -> BucketEncryption:
    """Find the key: the one that the bucket was imported with, or else by the L2 where it knows one."""
    known = bucket.imported_key
    if known is None and bucket.l2 is not None:
        known = bucket.l2.encryption_key
    if known is not None:
        return _by_key(known, here)
    return encryption_in_l1(bucket, here)


def encryption_at_synth(bucket: BucketFacts, wired: KeyFacts | None, here: Place) -> BucketEncryption:
    """Find the key by what stands in the L1, which aspects and escape hatches may change until the end.

    A bucket that still has the key that its L2 was given has the one that was wired.
    """
    if bucket.l2 is not None and wired is not None and bucket.l1 is not None:
        known = bucket.l2.encryption_key
        _, key_id = _default_encryption(bucket.l1.bucket_encryption, here.stack)
        if known is not None and here.stack.resolve(key_id) == here.stack.resolve(known.key_arn):
            return BucketEncryption(wired)
    return encryption_in_l1(bucket, here)


def encryption_in_l1(bucket: BucketFacts, here: Place) -> BucketEncryption:
    """Find the key by what stands in the L1."""
    l1 = bucket.l1
    if l1 is None:
        return BucketEncryption()
    algorithm, key_id = _default_encryption(l1.bucket_encryption, here.stack)
    if not str(algorithm).startswith("aws:kms"):
        return BucketEncryption()
    if key_id is None:
        return BucketEncryption(
            problem=f"is encrypted by {algorithm} with aws/s3, a key of AWS whose policy nobody can change, so that "
            f"Personalize can't use it: {_OWN_KEY}"
        )
    return _by_id(str(key_id), here)


def _by_key(key: Any, here: Place) -> BucketEncryption:
    if has(key, "alias_target_key"):
        try:
            key = key.alias_target_key
        except RuntimeError:  # an alias that was imported by its name, which says no key
            return BucketEncryption(
                problem=f"is encrypted by an alias, {key.alias_name}, which no policy can name: {_GIVE_THE_KEY}"
            )
    return BucketEncryption(key_facts(key, here))


def _by_id(key_id: str, here: Place) -> BucketEncryption:
    if KEY_ARN.fullmatch(key_id):
        return BucketEncryption(key_facts_of_arn(key_id, here))
    target = reference_in(key_id)
    if isinstance(target, kms.CfnKey):
        return BucketEncryption(key_facts(target, here))
    if isinstance(target, kms.CfnAlias):
        return _by_id(target.target_key_id, here)
    shown = "a value that is known only at deployment" if is_token(key_id) else repr(key_id)
    return BucketEncryption(problem=f"is encrypted with {shown}, which is no ARN of a key: {_GIVE_THE_KEY}")


def _default_encryption(value: Any, stack: Stack) -> tuple[object, object]:
    """Return algorithm and key id from the property of an L1, whoever wrote it."""
    rules = _member(value, "serversideencryptionconfiguration", stack)
    rule = rules[0] if isinstance(rules, Sequence) and rules else None
    default = _member(rule, "serversideencryptionbydefault", stack)
    return _member(default, "ssealgorithm", stack), _member(default, "kmsmasterkeyid", stack)


def _member(value: Any, name: str, stack: Stack) -> Any:
    """Return a member of a struct, a mapping or what can be resolved to one, in any spelling of its name."""
    if value is None:
        return None
    members = getattr(value, "_values", value)
    if not isinstance(members, Mapping):
        members = stack.resolve(value)
    if not isinstance(members, Mapping):
        return None
    return next((member for key, member in members.items() if key.replace("_", "").lower() == name), None)
