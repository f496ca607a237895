"""Arguments of another type than expected: told in this library's words, before Python or jsii miss an attribute."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import FunctionType

from .options import ImportedKeyPolicy


def shown(value: object) -> str:
    """A value in few words; the repr of an object may fill a page."""
    if value is None or isinstance(value, (str, int, float)):
        return repr(value)
    if isinstance(value, (type, FunctionType)):
        return f"the {'class' if isinstance(value, type) else 'function'} {value.__qualname__}"
    return f"an object of type {type(value).__name__}"


def has(value: object, member: str) -> bool:
    """Whether this may be an object of the CDK with this member, asked without a crossing into jsii.

    What jsii returns as an interface, an imported key for example, would tell only across: it passes.
    """
    return hasattr(type(value), member) or hasattr(type(value), "__getattr__")


def argument_problems(
    resources: object, encryption_key: object, service_role: object, imported_key_policy: object
) -> Iterator[str]:
    """What the construct can't work with, whatever it is asked for."""
    yield from key_type_problems("encryption_key", encryption_key)
    if service_role is not None and not has(service_role, "role_arn"):
        yield (
            f"service_role is {shown(service_role)} but a role is expected: pass an iam.Role, or "
            "iam.Role.from_role_arn for an ARN"
        )
    # A generator could be read once only.
    if isinstance(resources, str) or not isinstance(resources, Sequence):
        yield (
            f"resources is {shown(resources)} but a list is expected: pass [PersonalizeResource.dataset_group()] or "
            "the like"
        )
    # A text would be taken for none of the two.
    if not isinstance(imported_key_policy, ImportedKeyPolicy):
        yield (
            f"imported_key_policy is {shown(imported_key_policy)} but a member of the enumeration is expected: use "
            "ImportedKeyPolicy.PENDING or ImportedKeyPolicy.MANAGED"
        )


def key_type_problems(what: str, key: object) -> Iterator[str]:
    """Something that is no key, an ARN for example."""
    if key is not None and not has(key, "key_arn"):
        yield (
            f"{what} is {shown(key)} but a key is expected: pass a kms.Key, or kms.Key.from_key_arn for an ARN and "
            "kms.Key.from_cfn_key for a CfnKey"
        )


def bucket_type_problems(bucket: object) -> Iterator[str]:
    """Something that is no bucket, a name for example."""
    if not has(bucket, "bucket_arn"):
        yield (
            f"bucket is {shown(bucket)} but a bucket is expected: pass an s3.Bucket, or s3.Bucket.from_bucket_name for "
            "a name and s3.Bucket.from_cfn_bucket for a CfnBucket"
        )


def prefix_type_problems(prefix: object) -> Iterator[str]:
    """A prefix that is no text."""
    if not isinstance(prefix, str):
        yield f"prefix is {shown(prefix)} but a text is expected: pass the key prefix below the bucket, as 'import/'"


def not_a_location(what: str, value: object) -> str:
    """Why a source or a destination is refused: an address for example, or none where one is needed."""
    return f"{what} is {shown(value)} but a location is expected: pass S3Location(bucket, prefix)"


def not_a_resource(value: object) -> str:
    """Why something is refused that no factory made: a factory that wasn't called, or a list of resources."""
    return (
        f"{shown(value)} is not a resource: use a factory as PersonalizeResource.dataset_group(), and unpack lists "
        "with *"
    )


def dataset_group_type_problems(dataset_group: object) -> Iterator[str]:
    """A name or an ARN instead of the L1."""
    if not has(dataset_group, "attr_dataset_group_arn"):
        yield (
            f"dataset_group is {shown(dataset_group)} but a dataset group is expected: pass what add_dataset_group "
            "returned, or a personalize.CfnDatasetGroup"
        )


def tags_type_problems(tags: object) -> Iterator[str]:
    """A list of tags, as L1s take it."""
    if tags is not None and not isinstance(tags, Mapping):
        yield f"tags is {shown(tags)} but a mapping is expected: pass {{'key': 'value'}}"


def metrics_type_problems(metrics: Sequence[object]) -> Iterator[str]:
    """Dictionaries, which jsii doesn't take in a list."""
    is_list = isinstance(metrics, Sequence) and not isinstance(metrics, str)
    wrong = [metric for metric in metrics if isinstance(metric, (str, Mapping))] if is_list else [metrics]
    if wrong:
        yield (
            f"metrics {'has' if is_list else 'is'} {shown(wrong[0])} but a list of metrics is expected: pass "
            "[personalize.CfnMetricAttribution.MetricAttributeProperty(…)]"
        )


def grantee_type_problems(grantee: object) -> Iterator[str]:
    """Something that has no principal, an ARN for example."""
    if not has(grantee, "grant_principal"):
        yield (
            f"grantee is {shown(grantee)} but a caller is expected: pass a role, a user or a function, or "
            "iam.Role.from_role_arn for an ARN"
        )


def target_type_problems(target: object) -> Iterator[str]:
    """A topic or a function that isn't wrapped."""
    if target is not None and not has(target, "bind"):
        yield (
            f"target is {shown(target)} but a target of a rule is expected: wrap it, as "
            "aws_events_targets.SnsTopic(topic)"
        )
