"""Arguments of a wrong type, reported clearly before Python or jsii miss an attribute."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeAlias

from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3

from .._tokens import attribute_in, is_replaced_later, is_token
from ..options import ImportedKeyPolicy, SourceAccountCheck

if TYPE_CHECKING:
    # Type checkers need the classes too: jsii's protocols and classes name parameters differently.
    from aws_cdk.interfaces.aws_iam import IRoleRef
    from aws_cdk.interfaces.aws_kms import IKeyRef
    from aws_cdk.interfaces.aws_s3 import IBucketRef

    AnyKey: TypeAlias = kms.IKey | kms.Key | kms.CfnKey | kms.CfnReplicaKey | IKeyRef
    AnyBucket: TypeAlias = s3.IBucket | s3.Bucket | s3.CfnBucket | IBucketRef
    AnyRole: TypeAlias = iam.IRole | iam.Role | iam.CfnRole | IRoleRef
    AnyDatasetGroup: TypeAlias = personalize.CfnDatasetGroup | str


def has(value: object, *members: str) -> bool:
    """Tell if this is an object with any of these members, without reading it.

    An imported key, for example, is an object put together from interfaces by jsii.
    """
    is_put_together = hasattr(type(value), "__getattr__")
    for part in getattr(value, "_delegates", [value]) if is_put_together else [value]:
        if any(hasattr(type(part), member) for member in members):
            return True
    return False


def brief(value: object) -> str:
    """The repr of an object may fill a page. A float is most often a token."""
    if value is None or isinstance(value, (str, int)):
        return repr(value)
    if isinstance(value, Enum):
        return str(value)
    if isinstance(value, (type, FunctionType)):
        return f"the {'class' if isinstance(value, type) else 'function'} {value.__qualname__}"
    return f"an object of type {type(value).__name__}"


def is_role(value: object) -> bool:
    """Tell if this is a role: an L2, an L1 or a reference."""
    # L1s of other services have a role_arn too.
    is_l2 = has(value, "role_arn") and has(value, "grant_principal")
    return is_l2 or isinstance(value, iam.CfnRole) or has(value, "role_ref")


def is_key(value: object) -> bool:
    """Tell if this is a key: an L2, an L1 or a reference."""
    return isinstance(value, (kms.CfnKey, kms.CfnReplicaKey)) or has(value, "key_arn", "key_ref")


def arn_of(kind: str, value: Any) -> str:
    """Return the ARN of a ``"key"``, ``"bucket"`` or ``"role"``: an L2, an L1 or a reference."""
    if has(value, "attr_arn"):
        return str(value.attr_arn)
    owner = value if has(value, f"{kind}_arn") else getattr(value, f"{kind}_ref")
    return str(getattr(owner, f"{kind}_arn"))


def is_sequence(value: object) -> bool:
    """Tell if this can be read more than once, unlike a generator."""
    return isinstance(value, Sequence) and not isinstance(value, str)


def _is_string(value: object) -> bool:
    return isinstance(value, str)


def kind_of_arn(value: str) -> str:
    """Return the type in the ARN of a Personalize resource, or nothing if it isn't known at synth.

    An L1's attribute has it in its name, for example ``DatasetGroupArn``; ``Ref`` may be a name.
    """
    if not is_token(value):
        arn = re.match(r"arn:.*:([a-z-]+)/", value)
        return arn[1] if arn else ""
    attribute = re.fullmatch(r"(\w+)Arn", attribute_in(value, "Personalize"))
    return re.sub(r"(?<!^)(?=[A-Z])", "-", attribute[1]).lower() if attribute else ""


def _may_be_arn_of(*kinds: str) -> Callable[[object], bool]:
    """Return a test for ARNs of these Personalize resources, and for strings with unknown parts."""

    def fits(value: object) -> bool:
        if not isinstance(value, str):
            return False
        if is_replaced_later(value):
            return True
        kind = kind_of_arn(value)
        return kind in kinds or (is_token(value) and not kind)

    return fits


@dataclass(frozen=True)
class TypeTest:
    """The expected type of an argument, and the test for it."""

    noun: str
    fits: Callable[[object], bool]
    way: str
    """The way to get such a value."""
    member_fits: Callable[[object], bool] = lambda _: True
    """The test for its members, if it has any."""


def _member_of(members: type[Enum]) -> TypeTest:
    names = " or ".join(f"{members.__name__}.{member.name}" for member in members)
    # A plain string matches no member.
    return TypeTest(
        "a member of the enumeration", lambda value: isinstance(value, members), f"use {names}"
    )


KEY = TypeTest("a key", is_key, "pass a kms.Key or a CfnKey, or kms.Key.from_key_arn for an ARN")
ROLE = TypeTest(
    "a role", is_role, "pass an iam.Role or a CfnRole, or iam.Role.from_role_arn for an ARN"
)
BUCKET = TypeTest(
    "a bucket",
    lambda value: isinstance(value, s3.CfnBucket) or has(value, "bucket_arn", "bucket_ref"),
    (
        "pass an s3.Bucket or a CfnBucket, or s3.Bucket.from_bucket_name for a name, and the "
        "folder as prefix"
    ),
)
PREFIX = TypeTest("a string", _is_string, "pass the key prefix below the bucket, as 'import/'")
STRING = TypeTest("a string", _is_string, "pass one, as '2'")
RESOURCES = TypeTest(
    "a list", is_sequence, "pass one, as [PersonalizeResource.dataset_import_job(source=…)]"
)
SOURCE_ACCOUNT_CHECK = _member_of(SourceAccountCheck)
IMPORTED_KEY_POLICY = _member_of(ImportedKeyPolicy)
REMOVAL_POLICY = TypeTest(
    "RETAIN or DESTROY",
    lambda value: isinstance(value, RemovalPolicy) and value is not RemovalPolicy.SNAPSHOT,
    "use RemovalPolicy.RETAIN or RemovalPolicy.DESTROY",
)
SCHEMA = TypeTest(
    "the ARN of a schema",
    _may_be_arn_of("schema"),
    "pass one, the attr_schema_arn of a personalize.CfnSchema for example",
)
DATASET_GROUP = TypeTest(
    "a dataset group",
    lambda value: has(value, "attr_dataset_group_arn") or _may_be_arn_of("dataset-group")(value),
    "pass what add_dataset_group returned, a personalize.CfnDatasetGroup or an ARN",
)
TAGS = TypeTest(
    "a mapping of strings",
    lambda value: isinstance(value, Mapping),
    "pass {'key': 'value'}",
    _is_string,
)
METRICS = TypeTest(
    "a list of metrics",
    is_sequence,
    "pass [personalize.CfnMetricAttribution.MetricAttributeProperty(…)]",
    lambda value: has(value, "event_type", "resolve"),
)
GRANTEE = TypeTest(
    "a caller",
    lambda value: has(value, "grant_principal"),
    "pass a role, a user or a function, or iam.Role.from_role_arn for an ARN",
)
ON = TypeTest(
    "a list of ARNs",
    is_sequence,
    "pass [dataset.attr_dataset_arn], or ARNs of dataset groups or solutions",
    _may_be_arn_of("dataset", "dataset-group", "solution"),
)
SCOPE = TypeTest("a construct", lambda value: has(value, "node"), "pass the stack")
TARGET = TypeTest(
    "a target of a rule",
    lambda value: has(value, "bind"),
    "wrap it, as in aws_events_targets.SnsTopic(topic)",
)


def type_problems(expected: TypeTest, *, optional: bool = False, **values: object) -> Iterator[str]:
    """Report arguments, given by name, with a wrong type or with a member of a wrong type."""
    for name, value in values.items():
        if optional and value is None:
            continue
        if not expected.fits(value):
            yield f"{name} is {brief(value)}, expected {expected.noun}: {expected.way}"
            continue
        for member in _members(value):
            if not expected.member_fits(member):
                yield f"{name} has {brief(member)}, expected {expected.noun}: {expected.way}"
                break


def _members(value: object) -> list[object]:
    if isinstance(value, Mapping):
        return [*value, *value.values()]
    return list(value) if isinstance(value, Sequence) else []


def revision_problems(imported_key_policy: object, revision: object) -> Iterator[str]:
    yield from type_problems(STRING, optional=True, imported_key_policy_revision=revision)
    if imported_key_policy is not ImportedKeyPolicy.MANAGED and revision is not None:
        yield (
            "imported_key_policy_revision is for ImportedKeyPolicy.MANAGED, which is not chosen: "
            "leave it out, or set imported_key_policy=ImportedKeyPolicy.MANAGED"
        )


def not_a_resource(value: object) -> str:
    """Report a value that is not a resource: a list, a location, a bucket, a factory."""
    if is_sequence(value):
        way = "unpack it, as *resources"
    elif has(value, "uri"):
        way = "pass it to one, as PersonalizeResource.dataset_import_job(source=…)"
    elif BUCKET.fits(value):
        way = (
            "name the job that uses it, as "
            "PersonalizeResource.dataset_import_job(source=S3Location(bucket, 'import/'))"
        )
    else:
        way = "call a factory, as in PersonalizeResource.dataset_group()"
    return f"{brief(value)} is not a resource: {way}"
