"""The door for keys and resources: it looks each up once, and refuses what can't work.

A resource counts as made by this app if its L1 is in the app. Users may pass that L1, an L2 or a
reference to its ARN, for example ``kms.Key.from_key_arn(self, "Key", cfn_key.attr_arn)``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, cast

from aws_cdk import CfnResource, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from .._refusals.arguments import arn_of, has, is_key, not_a_resource
from .._tokens import (
    is_token,
    is_yet_to_be_looked_up,
    l1_behind,
    late_text,
    reference_in,
    resolved_early,
)
from ..locations import S3Location
from ..resources import PersonalizeResource
from .elsewhere import text_elsewhere
from .environments import bucket_problems, key_problems, prefix_problems
from .paths import resource_problems
from .place import Place
from .resolved import (
    KEY_ARN,
    KeyL1,
    ResolvedBucket,
    ResolvedKey,
    ResolvedLocation,
    ResolvedResource,
)
from .role import ServiceRole

_PARTS_OF_ARN = 6
_GIVE_THE_KEY = (
    "pass the key that it stands for, as S3Location(…, encryption_key=kms.Key.from_key_arn(…))"
)
_OWN_KEY = (
    "encrypt the bucket with a key of your own, or pass the key of the objects, as S3Location(…, "
    "encryption_key=…)"
)


class Door:
    """Looks up keys and resources for a construct, and explains why Personalize can't use them.

    Questions change nothing in the app. The fields remember answers.
    """

    def __init__(
        self, here: Place, role: ServiceRole | None, *, manages_imported_keys: bool
    ) -> None:
        self.here = here
        self.role = role
        self._managed = manages_imported_keys
        self._keys: dict[object, ResolvedKey] = {}
        self._buckets: dict[object, ResolvedBucket] = {}
        self._locations: dict[S3Location, ResolvedLocation] = {}
        self._encryptions: dict[str, _Encryption] = {}

    def key(self, value: object) -> ResolvedKey:
        """Return the facts about a key: an L2, an L1, an imported key or a reference."""
        if value not in self._keys:
            self._keys[value] = _resolved_key(value, self.here)
        return self._keys[value]

    def resources(self, values: Iterable[object]) -> list[ResolvedResource]:
        """Return resources with their locations, and leave out values of other types."""
        resources = []
        for resource in values:
            if isinstance(resource, PersonalizeResource):
                source, destination = map(self._location, (resource.source, resource.destination))
                resources.append(ResolvedResource(resource, source, destination))
        return resources

    def _location(self, s3_location: S3Location | None) -> ResolvedLocation | None:
        return None if s3_location is None else self.location(s3_location)

    def location(self, s3_location: S3Location) -> ResolvedLocation:
        if s3_location in self._locations:
            return self._locations[s3_location]
        location = self._resolved_location(s3_location)
        # The app may correct a bucket with a problem, and allow it then.
        if not location.problem:
            self._locations[s3_location] = location
        return location

    def problems(self, values: Iterable[object]) -> Iterator[str]:
        """Explain why Personalize can't use these resources, their buckets and their keys here."""
        for value in values:
            if not isinstance(value, PersonalizeResource):
                yield not_a_resource(value)
        for resource in self.resources(values):
            yield from resource_problems(resource)
            for subject, location in resource.locations:
                yield from bucket_problems(
                    f"bucket of the {subject}", location.bucket, self.here, self.role
                )
                yield from prefix_problems(subject, location, self.here, self.role)
                if location.problem:
                    yield f"bucket of the {subject} {location.problem}"
                if location.key is not None:
                    yield from self._key_problems(f"key of the {subject}", location.key)

    def problems_of_key(self, subject: str, value: object) -> Iterator[str]:
        """Explain why Personalize can't use a key; its type is checked elsewhere."""
        if is_key(value):
            yield from self._key_problems(subject, self.key(value))

    def _key_problems(self, subject: str, key: ResolvedKey) -> Iterator[str]:
        return key_problems(subject, key, self.here, self.role, managed=self._managed)

    def _resolved_location(self, s3_location: S3Location) -> ResolvedLocation:
        if s3_location.bucket not in self._buckets:
            self._buckets[s3_location.bucket] = _resolved_bucket(s3_location.bucket, self.here)
        bucket = self._buckets[s3_location.bucket]
        imported_with = _key_of_imported(s3_location.bucket, bucket)
        if s3_location.encryption_key is not None:
            encryption = _Encryption(self.key(s3_location.encryption_key))
        elif imported_with is not None:
            encryption = self._by_key(imported_with)
        else:
            encryption = self._of_bucket(bucket)
        here, prefix = self.here.stack, s3_location.prefix
        prefix_there = prefix
        if is_token(prefix) and bucket.stack not in (None, here):
            prefix_there = late_text(lambda _: text_elsewhere(prefix, here))
        return ResolvedLocation(
            s3_location,
            bucket,
            encryption.key,
            encryption.problem,
            encryption.is_unknown,
            key_is_in_template=s3_location.encryption_key is None and imported_with is None,
            prefix=prefix,
            prefix_in_bucket_policy=prefix_there,
        )

    def _of_bucket(self, bucket: ResolvedBucket) -> _Encryption:
        """Return the encryption of a bucket of this app, read once for all its locations."""
        known = self._encryptions.get(bucket.identity)
        if known is None or known.problem:
            known = self._encryptions[bucket.identity] = self._read_from(bucket)
        return known

    def _read_from(self, bucket: ResolvedBucket) -> _Encryption:
        known = None if bucket.l2 is None else bucket.l2.encryption_key
        if known is not None:
            return self._by_key(known)
        algorithm, key_id = _default_encryption(bucket.made_by)
        if algorithm is None or is_token(algorithm):
            return _Encryption(is_unknown=True)
        if not algorithm.startswith("aws:kms"):
            return _Encryption()
        if key_id is None:
            problem = (
                f"is encrypted by {algorithm} with aws/s3, a key of AWS whose policy nobody can "
                f"change, so Personalize can't use it: {_OWN_KEY}"
            )
            return _Encryption(problem=problem)
        return self._by_id(key_id)

    def _by_key(self, key: Any) -> _Encryption:
        if not has(key, "alias_target_key"):
            return _Encryption(self.key(key))
        try:
            return _Encryption(self.key(key.alias_target_key))
        except RuntimeError:  # an alias imported by its name, which has no key
            problem = (
                f"is encrypted by an alias, {key.alias_name}, which no policy can name: "
                f"{_GIVE_THE_KEY}"
            )
            return _Encryption(problem=problem)

    def _by_id(self, key_id: str) -> _Encryption:
        if is_yet_to_be_looked_up(key_id):
            return _Encryption(is_unknown=True)
        if KEY_ARN.fullmatch(key_id):
            _, _, _, region, account, *_ = key_id.split(":", 5)
            return _Encryption(ResolvedKey(key_id, key_id, None, account, region))
        target = reference_in(key_id)
        if isinstance(target, kms.CfnAlias):
            return self._by_id(target.target_key_id)
        if isinstance(target, KeyL1):
            return _Encryption(self.key(target))
        its_key = "a value that is known only at deployment" if is_token(key_id) else repr(key_id)
        return _Encryption(
            problem=f"is encrypted with {its_key}, which isn't the ARN of a key: {_GIVE_THE_KEY}"
        )


class _Encryption(NamedTuple):
    """The encryption of a location: its key, or the reason why no policy can name it."""

    key: ResolvedKey | None = None
    problem: str = ""
    is_unknown: bool = False


def _resolved_key(value: Any, here: Place) -> ResolvedKey:
    if isinstance(value, kms.Key):
        return _key_of_app(value.key_arn, cast("KeyL1", value.node.default_child), value, here)
    arn = arn_of("key", value)
    l1 = l1_behind(arn, kms.CfnKey) or l1_behind(arn, kms.CfnReplicaKey)
    if l1 is not None:
        owner = l1.node.scope
        if isinstance(owner, kms.Key):
            return _key_of_app(owner.key_arn, l1, owner, here)
        return _key_of_app(l1.attr_arn, l1, l1, here)
    return ResolvedKey(
        _identity(arn, here),
        arn,
        None,
        value.env.account,
        value.env.region,
        is_alias=isinstance(value, kms.Alias) or ":alias/" in arn,
    )


def _key_of_app(arn: str, l1: KeyL1, construct: kms.Key | KeyL1, here: Place) -> ResolvedKey:
    # A replica has the spec of its primary key, which is in another Region and maybe another app.
    spec = l1.key_spec if isinstance(l1, kms.CfnKey) else None
    stack, account, region = _environment(construct, here)
    spec = spec or "SYMMETRIC_DEFAULT"
    return ResolvedKey(arn, arn, stack, account, region, l1, construct, spec=spec)


def _resolved_bucket(value: Any, here: Place) -> ResolvedBucket:
    if isinstance(value, s3.Bucket):
        arn = value.bucket_arn
        return ResolvedBucket(arn, arn, *_environment(value, here), l2=value)
    arn = arn_of("bucket", value)
    parts = arn.split(":")
    # The whole ARN refers to a bucket of this app, or the whole name in it.
    is_by_name = len(parts) == _PARTS_OF_ARN and parts[0] == "arn"
    l1 = l1_behind(parts[-1] if is_by_name else arn, s3.CfnBucket)
    if l1 is None:
        # A reference to a bucket knows neither, since a bucket's ARN has neither.
        account, region = value.env.account, value.env.region or here.region
        return ResolvedBucket(_identity(arn, here), arn, None, account, region)
    owner = l1.node.scope
    if isinstance(owner, s3.Bucket):
        return _resolved_bucket(owner, here)
    arn = l1.attr_arn
    return ResolvedBucket(arn, arn, *_environment(l1, here), l1=l1)


def _key_of_imported(value: Any, bucket: ResolvedBucket) -> kms.IKey | None:
    """Return the key with which a bucket was imported, if any.

    The result of ``s3.Bucket.from_cfn_bucket`` has a key too. It comes from the L1's property,
    which may still change.
    """
    if isinstance(value, s3.Bucket) or not has(value, "encryption_key"):
        return None
    is_wrapper = bucket.l1 is not None and value.node.id == "@FromCfnBucket"
    return None if is_wrapper else cast("kms.IKey | None", value.encryption_key)


def _default_encryption(l1: s3.CfnBucket | None) -> tuple[str | None, str | None]:
    """Return algorithm and key id of the L1's property; no algorithm if an expression decides.

    jsii raises, or returns nothing, where its types have no room for an expression.
    """
    try:
        encryption: Any = None if l1 is None else l1.bucket_encryption
        if encryption is None:
            return "", None
        rules = encryption.server_side_encryption_configuration
        if not isinstance(rules, list):
            return None, None
        default = rules[0].server_side_encryption_by_default if rules else None
        if default is not None:
            return default.sse_algorithm, default.kms_master_key_id
        is_expression = bool(rules) and rules[0].bucket_key_enabled is None
        return (None if is_expression else ""), None
    except (AttributeError, KeyError, RuntimeError):
        return None, None


def _environment(owner: kms.Key | s3.Bucket | CfnResource, here: Place) -> tuple[Stack, str, str]:
    made_in = owner.stack
    # jsii returns another object each time for a stack that JavaScript has made, for example an
    # included nested stack.
    if made_in is here.stack or made_in.node.path == here.path:
        return here.stack, here.account, here.region
    place = Place.of(made_in)
    return made_in, place.account, place.region


def _identity(arn: str, here: Place) -> str:
    # One value may have two tokens that are different strings.
    return json.dumps(resolved_early(arn, here.stack)) if is_token(arn) else arn
