"""Arguments of another type than expected: told in this library's words, before Python or jsii miss an attribute."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import FunctionType
from typing import TYPE_CHECKING, TypeAlias

from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3

from .._tokens import is_token, is_yet_to_be_looked_up
from ..options import ImportedKeyPolicy, SourceAccountCheck

if TYPE_CHECKING:
    # The classes themselves are named for type checkers: jsii's protocols and classes name parameters differently.
    from aws_cdk.interfaces.aws_iam import IRoleRef
    from aws_cdk.interfaces.aws_kms import IKeyRef
    from aws_cdk.interfaces.aws_s3 import IBucketRef

    AnyKey: TypeAlias = kms.IKey | kms.Key | kms.CfnKey | kms.CfnReplicaKey | IKeyRef
    AnyBucket: TypeAlias = s3.IBucket | s3.Bucket | s3.CfnBucket | IBucketRef
    AnyRole: TypeAlias = iam.IRole | iam.Role | iam.CfnRole | IRoleRef
    AnyDatasetGroup: TypeAlias = personalize.CfnDatasetGroup | str


def has(value: object, *members: str) -> bool:
    """Tell if this is an object with one of these members, without reading it.

    An imported key, for example, is an object that jsii puts together from interfaces.
    """
    parts = getattr(value, "_delegates", [value]) if hasattr(type(value), "__getattr__") else [value]
    return any(hasattr(type(part), member) for part in parts for member in members)


def shown(value: object) -> str:
    """Return a value in few words; the repr of an object may fill a page."""
    if value is None or isinstance(value, (str, int, float)):
        return repr(value)
    if isinstance(value, Enum):
        return str(value)
    if isinstance(value, (type, FunctionType)):
        return f"the {'class' if isinstance(value, type) else 'function'} {value.__qualname__}"
    return f"an object of type {type(value).__name__}"


def is_role(value: object) -> bool:
    """Tell if this is a role, an L1 or a reference."""
    # L1s of other services have a role_arn too.
    is_l2 = has(value, "role_arn") and has(value, "grant_principal")
    return is_l2 or isinstance(value, iam.CfnRole) or has(value, "role_ref")


def is_key(value: object) -> bool:
    """Tell if this is a key, an L1 or a reference."""
    return isinstance(value, (kms.CfnKey, kms.CfnReplicaKey)) or has(value, "key_arn", "key_ref")


def is_sequence(value: object) -> bool:
    """Tell if this can be read more than once, which a generator can't."""
    return isinstance(value, Sequence) and not isinstance(value, str)


def _may_be_arn_of(kind: str) -> Callable[[object], bool]:
    """Tell if something is the ARN of such a resource of Personalize, or a string that may become one."""
    return lambda value: (
        isinstance(value, str)
        and (is_token(value) or is_yet_to_be_looked_up(value) or (value.startswith("arn:") and f":{kind}/" in value))
    )


@dataclass(frozen=True)
class Expected:
    """The type of an argument."""

    noun: str
    fits: Callable[[object], bool]
    way: str
    """A way to get one."""


def _member_of(members: type[Enum]) -> Expected:
    names = " or ".join(f"{members.__name__}.{member.name}" for member in members)
    # A plain string matches no member.
    return Expected("a member of the enumeration", lambda value: isinstance(value, members), f"use {names}")


STRING = Expected("a string", lambda value: isinstance(value, str), "pass one")
KEY = Expected("a key", is_key, "pass a kms.Key or a CfnKey, or kms.Key.from_key_arn for an ARN")
ROLE = Expected("a role", is_role, "pass an iam.Role or a CfnRole, or iam.Role.from_role_arn for an ARN")
BUCKET = Expected(
    "a bucket",
    lambda value: isinstance(value, s3.CfnBucket) or has(value, "bucket_arn", "bucket_ref"),
    "pass an s3.Bucket or a CfnBucket, or s3.Bucket.from_bucket_name for a name",
)
PREFIX = Expected("a string", STRING.fits, "pass the key prefix below the bucket, as 'import/'")
RESOURCES = Expected("a list", is_sequence, "pass [PersonalizeResource.dataset_group()] or the like")
REVISION = Expected("a string", STRING.fits, "use any, for example '2'")
SOURCE_ACCOUNT_CHECK = _member_of(SourceAccountCheck)
IMPORTED_KEY_POLICY = _member_of(ImportedKeyPolicy)
REMOVAL_POLICY = Expected(
    "RETAIN or DESTROY",
    lambda value: isinstance(value, RemovalPolicy) and value is not RemovalPolicy.SNAPSHOT,
    "use RemovalPolicy.RETAIN or RemovalPolicy.DESTROY",
)
SCHEMA = Expected(
    "the ARN of a schema",
    _may_be_arn_of("schema"),
    "pass one, the attr_schema_arn of a personalize.CfnSchema for example",
)
DATASET_GROUP = Expected(
    "a dataset group",
    lambda value: has(value, "attr_dataset_group_arn") or _may_be_arn_of("dataset-group")(value),
    "pass what add_dataset_group returned, a personalize.CfnDatasetGroup or an ARN",
)
TAGS = Expected(
    "a mapping of strings",
    lambda value: isinstance(value, Mapping) and all(isinstance(text, str) for tag in value.items() for text in tag),
    "pass {'key': 'value'}",
)
METRICS = Expected(
    "a list of metrics",
    lambda value: is_sequence(value) and all(has(each, "event_type", "resolve") for each in value),  # type: ignore[attr-defined]
    "pass [personalize.CfnMetricAttribution.MetricAttributeProperty(…)]",
)
GRANTEE = Expected(
    "a caller",
    lambda value: has(value, "grant_principal"),
    "pass a role, a user or a function, or iam.Role.from_role_arn for an ARN",
)
TARGET = Expected(
    "a target of a rule", lambda value: has(value, "bind"), "wrap it, as in aws_events_targets.SnsTopic(topic)"
)


def type_problems(expected: Expected, *, optional: bool = False, **given: object) -> Iterator[str]:
    """Report the arguments that are of another type, given by their names."""
    for what, value in given.items():
        if not (optional and value is None) and not expected.fits(value):
            yield f"{what} is {shown(value)} but {expected.noun} is expected: {expected.way}"


def not_a_location(what: str, value: object) -> str:
    """Report a source or a destination that is no location: an address for example, or none where one is needed."""
    return f"{what} is {shown(value)} but a location is expected: pass S3Location(bucket, prefix)"


def not_a_resource(value: object) -> str:
    """Report something that no factory made: a factory that wasn't called, or a list of resources."""
    return (
        f"{shown(value)} is not a resource: call a factory, as in PersonalizeResource.dataset_group(), and unpack "
        "lists with *"
    )
