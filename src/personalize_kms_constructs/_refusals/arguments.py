"""Arguments of another type than expected: told in this library's words, before Python or jsii miss an attribute."""

from __future__ import annotations

import re
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

from .._tokens import attribute_in, is_token, is_yet_to_be_looked_up
from ..options import ImportedKeyPolicy, SourceAccountCheck

if TYPE_CHECKING:
    # The classes themselves are named for type checkers: jsii's protocols and classes name
    # parameters differently.
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
    parts = (
        getattr(value, "_delegates", [value]) if hasattr(type(value), "__getattr__") else [value]
    )
    return any(hasattr(type(part), member) for part in parts for member in members)


def shown(value: object) -> str:
    """Return a value in few words; the repr of an object may fill a page, and a float is a token most often."""
    if value is None or isinstance(value, (str, int)):
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


def _is_string(value: object) -> bool:
    return isinstance(value, str)


def kind_of_arn(value: str) -> str:
    """Return the type in the ARN of a resource of Personalize; nothing for what only the deployment knows.

    The attribute of an L1 says it in its name, ``DatasetGroupArn`` for example; ``Ref`` may be a
    name.
    """
    if not is_token(value):
        found = re.match(r"arn:.*:([a-z-]+)/", value)
        return found[1] if found else ""
    attribute = re.fullmatch(r"(\w+)Arn", attribute_in(value, "Personalize"))
    return re.sub(r"(?<!^)(?=[A-Z])", "-", attribute[1]).lower() if attribute else ""


def _may_be_arn_of(*kinds: str) -> Callable[[object], bool]:
    """Tell if something is the ARN of such a resource of Personalize, or a string that may become one."""

    def fits(value: object) -> bool:
        if not isinstance(value, str):
            return False
        return is_yet_to_be_looked_up(value) or kind_of_arn(value) in (
            ("", *kinds) if is_token(value) else kinds
        )

    return fits


@dataclass(frozen=True)
class Expected:
    """The type of an argument."""

    noun: str
    fits: Callable[[object], bool]
    way: str
    """A way to get one."""
    member_fits: Callable[[object], bool] = lambda _: True
    """The type of its members, where it has any."""


def _member_of(members: type[Enum]) -> Expected:
    names = " or ".join(f"{members.__name__}.{member.name}" for member in members)
    # A plain string matches no member.
    return Expected(
        "a member of the enumeration", lambda value: isinstance(value, members), f"use {names}"
    )


KEY = Expected("a key", is_key, "pass a kms.Key or a CfnKey, or kms.Key.from_key_arn for an ARN")
ROLE = Expected(
    "a role", is_role, "pass an iam.Role or a CfnRole, or iam.Role.from_role_arn for an ARN"
)
BUCKET = Expected(
    "a bucket",
    lambda value: isinstance(value, s3.CfnBucket) or has(value, "bucket_arn", "bucket_ref"),
    (
        "pass an s3.Bucket or a CfnBucket, or s3.Bucket.from_bucket_name for a name, and the "
        "folder as prefix"
    ),
)
PREFIX = Expected("a string", _is_string, "pass the key prefix below the bucket, as 'import/'")
RESOURCES = Expected(
    "a list", is_sequence, "pass one, as [PersonalizeResource.dataset_import_job(source=…)]"
)
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
    lambda value: isinstance(value, Mapping),
    "pass {'key': 'value'}",
    _is_string,
)
METRICS = Expected(
    "a list of metrics",
    is_sequence,
    "pass [personalize.CfnMetricAttribution.MetricAttributeProperty(…)]",
    lambda value: has(value, "event_type", "resolve"),
)
GRANTEE = Expected(
    "a caller",
    lambda value: has(value, "grant_principal"),
    "pass a role, a user or a function, or iam.Role.from_role_arn for an ARN",
)
ON = Expected(
    "a list of ARNs",
    is_sequence,
    "pass [dataset.attr_dataset_arn], or ARNs of dataset groups or solutions",
    _may_be_arn_of("dataset", "dataset-group", "solution"),
)
TARGET = Expected(
    "a target of a rule",
    lambda value: has(value, "bind"),
    "wrap it, as in aws_events_targets.SnsTopic(topic)",
)


def type_problems(expected: Expected, *, optional: bool = False, **given: object) -> Iterator[str]:
    """Report the arguments that are of another type, given by their names, or have a member of another type."""
    for what, value in given.items():
        if optional and value is None:
            continue
        if not expected.fits(value):
            yield f"{what} is {shown(value)} but {expected.noun} is expected: {expected.way}"
            continue
        wrong = [member for member in _members(value) if not expected.member_fits(member)]
        if wrong:
            yield f"{what} has {shown(wrong[0])} but {expected.noun} is expected: {expected.way}"


def _members(value: object) -> list[object]:
    """Return the members of a list, and the keys and values of a mapping."""
    if isinstance(value, Mapping):
        return [text for item in value.items() for text in item]
    return list(value) if isinstance(value, Sequence) else []


def constructor_problems(
    resources: object,
    encryption_key: object,
    service_role: object,
    role_name: object,
    removal_policy: object,
    source_account_check: object,
    imported_key_policy: object,
    imported_key_policy_revision: object,
) -> Iterator[str]:
    """Report arguments of the construct that are of another type, or that are for what it doesn't make."""
    yield from type_problems(KEY, optional=True, encryption_key=encryption_key)
    yield from type_problems(ROLE, optional=True, service_role=service_role)
    yield from type_problems(RESOURCES, resources=resources)
    yield from type_problems(REMOVAL_POLICY, removal_policy=removal_policy)
    yield from type_problems(SOURCE_ACCOUNT_CHECK, source_account_check=source_account_check)
    yield from type_problems(IMPORTED_KEY_POLICY, imported_key_policy=imported_key_policy)
    if service_role is not None and role_name is not None:
        yield "role_name is for the role made here, but service_role is set: leave one out"
    if imported_key_policy is ImportedKeyPolicy.MANAGED:
        return
    if imported_key_policy_revision is not None:
        yield (
            "imported_key_policy_revision is for ImportedKeyPolicy.MANAGED, which is not chosen: "
            "leave it out, or set imported_key_policy=ImportedKeyPolicy.MANAGED"
        )
    if encryption_key is not None and removal_policy is RemovalPolicy.DESTROY:
        yield "removal_policy is for the key made here, but encryption_key is set: leave one out"


def not_a_resource(value: object) -> str:
    """Report something that no factory made: a list of resources, a location, or a factory that wasn't called."""
    if is_sequence(value):
        return f"{shown(value)} is not a resource: unpack it, as *resources"
    if has(value, "uri"):
        return f"{shown(value)} is not a resource: pass it to one, as PersonalizeResource.dataset_import_job(source=…)"
    return f"{shown(value)} is not a resource: call a factory, as in PersonalizeResource.dataset_group()"
