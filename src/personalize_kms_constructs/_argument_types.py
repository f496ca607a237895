"""Arguments of another type than expected: told in this library's words, before Python or jsii miss an attribute."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from types import FunctionType
from typing import TYPE_CHECKING, TypeAlias

from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3

from ._tokens import is_token, is_yet_to_be_looked_up
from .options import ImportedKeyPolicy, SourceAccountCheck

if TYPE_CHECKING:
    # References are new in aws-cdk-lib; the classes themselves are named for type checkers (jsii's protocols and
    # classes have different names of parameters).
    from aws_cdk.interfaces.aws_iam import IRoleRef
    from aws_cdk.interfaces.aws_kms import IKeyRef
    from aws_cdk.interfaces.aws_s3 import IBucketRef

    AnyKey: TypeAlias = kms.IKey | kms.Key | kms.CfnKey | kms.CfnReplicaKey | IKeyRef
    AnyBucket: TypeAlias = s3.IBucket | s3.Bucket | s3.CfnBucket | IBucketRef
    AnyRole: TypeAlias = iam.IRole | iam.Role | iam.CfnRole | IRoleRef
    AnyDatasetGroup: TypeAlias = personalize.CfnDatasetGroup | str


def shown(value: object) -> str:
    """Return a value in few words; the repr of an object may fill a page."""
    if value is None or isinstance(value, (str, int, float)):
        return repr(value)
    if isinstance(value, Enum):
        return str(value)
    if isinstance(value, (type, FunctionType)):
        return f"the {'class' if isinstance(value, type) else 'function'} {value.__qualname__}"
    return f"an object of type {type(value).__name__}"


def has(value: object, *members: str) -> bool:
    """Tell if this is an object with one of these members, without reading it.

    An imported key, for example, is an object that jsii puts together from interfaces.
    """
    parts = getattr(value, "_delegates", [value]) if hasattr(type(value), "__getattr__") else [value]
    return any(hasattr(type(part), member) for part in parts for member in members)


def argument_problems(
    resources: object,
    encryption_key: object,
    service_role: object,
    removal_policy: object,
    source_account_check: object,
    imported_key_policy: object,
    imported_key_policy_revision: object,
) -> Iterator[str]:
    """Report arguments of the constructor that are of another type."""
    yield from key_type_problems("encryption_key", encryption_key)
    if service_role is not None and not is_role(service_role):
        yield (
            f"service_role is {shown(service_role)} but a role is expected: pass an iam.Role or a CfnRole, or "
            "iam.Role.from_role_arn for an ARN"
        )
    if not is_list_of_resources(resources):
        yield (
            f"resources is {shown(resources)} but a list is expected: pass [PersonalizeResource.dataset_group()] or "
            "the like"
        )
    if not isinstance(removal_policy, RemovalPolicy) or removal_policy is RemovalPolicy.SNAPSHOT:
        yield (
            f"removal_policy is {shown(removal_policy)} but a key is kept or destroyed: use RemovalPolicy.RETAIN or "
            "RemovalPolicy.DESTROY"
        )
    for what, value, members in (
        ("source_account_check", source_account_check, SourceAccountCheck),
        ("imported_key_policy", imported_key_policy, ImportedKeyPolicy),
    ):
        # A plain string matches no member.
        if not isinstance(value, members):
            names = " or ".join(f"{members.__name__}.{member.name}" for member in members)
            yield f"{what} is {shown(value)} but a member of the enumeration is expected: use {names}"
    if imported_key_policy_revision is not None and not isinstance(imported_key_policy_revision, str):
        yield (
            f"imported_key_policy_revision is {shown(imported_key_policy_revision)} but a string is expected: use any, "
            "for example '2'"
        )


def is_list_of_resources(resources: object) -> bool:
    """Tell if this can be read more than once, which a generator can't."""
    return isinstance(resources, Sequence) and not isinstance(resources, str)


def is_role(value: object) -> bool:
    """Tell if this is a role, an L1 or a reference."""
    # L1s of other services have a role_arn too.
    is_l2 = has(value, "role_arn") and has(value, "grant_principal")
    return is_l2 or isinstance(value, iam.CfnRole) or has(value, "role_ref")


def is_key(value: object) -> bool:
    """Tell if this is a key, an L1 or a reference."""
    return isinstance(value, (kms.CfnKey, kms.CfnReplicaKey)) or has(value, "key_arn", "key_ref")


def key_type_problems(what: str, key: object) -> Iterator[str]:
    """Report something that is no key, an ARN for example."""
    if key is not None and not is_key(key):
        yield (
            f"{what} is {shown(key)} but a key is expected: pass a kms.Key or a CfnKey, or kms.Key.from_key_arn for an "
            "ARN"
        )


def bucket_type_problems(bucket: object) -> Iterator[str]:
    """Report something that is no bucket, a name for example."""
    if not isinstance(bucket, s3.CfnBucket) and not has(bucket, "bucket_arn", "bucket_ref"):
        yield (
            f"bucket is {shown(bucket)} but a bucket is expected: pass an s3.Bucket or a CfnBucket, or "
            "s3.Bucket.from_bucket_name for a name"
        )


def text_type_problems(what: str, text: object) -> Iterator[str]:
    """Report something that is no string, an L1 in place of its ARN for example."""
    if not isinstance(text, str):
        yield f"{what} is {shown(text)} but a string is expected: pass one"


def schema_problems(arn: object) -> Iterator[str]:
    """Report something that is no ARN of a schema, its L1 or its name for example."""
    if not _may_be_arn_of("schema", arn):
        yield (
            f"schema_arn is {shown(arn)} but the ARN of a schema is expected: pass one, the attr_schema_arn of a "
            "personalize.CfnSchema for example"
        )


def _may_be_arn_of(kind: str, value: object) -> bool:
    """Tell if this is the ARN of such a resource of Personalize, or a string that may become one."""
    return isinstance(value, str) and (
        is_token(value) or is_yet_to_be_looked_up(value) or (value.startswith("arn:") and f":{kind}/" in value)
    )


def prefix_type_problems(prefix: object) -> Iterator[str]:
    """Report a prefix that is no string."""
    if not isinstance(prefix, str):
        yield f"prefix is {shown(prefix)} but a string is expected: pass the key prefix below the bucket, as 'import/'"


def not_a_location(what: str, value: object) -> str:
    """Report a source or a destination that is no location: an address for example, or none where one is needed."""
    return f"{what} is {shown(value)} but a location is expected: pass S3Location(bucket, prefix)"


def not_a_resource(value: object) -> str:
    """Report something that no factory made: a factory that wasn't called, or a list of resources."""
    return (
        f"{shown(value)} is not a resource: call a factory, as in PersonalizeResource.dataset_group(), and unpack "
        "lists with *"
    )


def dataset_group_problems(dataset_group: object) -> Iterator[str]:
    """Report something that is neither an L1 nor an ARN, a name for example."""
    if not _may_be_arn_of("dataset-group", dataset_group) and not has(dataset_group, "attr_dataset_group_arn"):
        yield (
            f"dataset_group is {shown(dataset_group)} but a dataset group is expected: pass what add_dataset_group "
            "returned, a personalize.CfnDatasetGroup or an ARN"
        )


def tags_type_problems(tags: object) -> Iterator[str]:
    """Report a list of tags, as L1s take it, and tags that are no strings."""
    if tags is not None and not isinstance(tags, Mapping):
        yield f"tags is {shown(tags)} but a mapping is expected: pass {{'key': 'value'}}"
    elif tags is not None:
        wrong = [text for tag in tags.items() for text in tag if not isinstance(text, str)]
        if wrong:
            yield f"tags has {shown(wrong[0])} but strings are expected: pass {{'key': 'value'}}"


def metrics_type_problems(metrics: Sequence[object]) -> Iterator[str]:
    """Report what is no metric: dictionaries, for example, which jsii doesn't take in a list."""
    is_list = isinstance(metrics, Sequence) and not isinstance(metrics, str)
    wrong = [metric for metric in metrics if not has(metric, "event_type", "resolve")] if is_list else [metrics]
    if wrong:
        yield (
            f"metrics {'has' if is_list else 'is'} {shown(wrong[0])} but a list of metrics is expected: pass "
            "[personalize.CfnMetricAttribution.MetricAttributeProperty(…)]"
        )


def grantee_type_problems(grantee: object) -> Iterator[str]:
    """Report something that has no principal, an ARN for example."""
    if not has(grantee, "grant_principal"):
        yield (
            f"grantee is {shown(grantee)} but a caller is expected: pass a role, a user or a function, or "
            "iam.Role.from_role_arn for an ARN"
        )


def target_type_problems(target: object) -> Iterator[str]:
    """Report a topic or a function that isn't wrapped."""
    if target is not None and not has(target, "bind"):
        yield (
            f"target is {shown(target)} but a target of a rule is expected: wrap it, as in "
            "aws_events_targets.SnsTopic(topic)"
        )
