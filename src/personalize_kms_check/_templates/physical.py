"""Names and ARNs of resources, with holes for the ids that AWS generates."""

from __future__ import annotations

from collections.abc import Callable

from .._values import has_unknown, last_part, split_arn, unknown
from .stacks import Resource, Stack

KEYS = ("AWS::KMS::Key", "AWS::KMS::ReplicaKey")
ALIAS = "AWS::KMS::Alias"
ALIAS_PREFIX = "alias/"
ROLE = "AWS::IAM::Role"
MANAGED_POLICY = "AWS::IAM::ManagedPolicy"
PRINCIPALS = {ROLE: "role", "AWS::IAM::User": "user", "AWS::IAM::Group": "group"}
BUCKET = "AWS::S3::Bucket"
DATASET_GROUP = "AWS::Personalize::DatasetGroup"
DATASET = "AWS::Personalize::Dataset"
SOLUTION = "AWS::Personalize::Solution"
_TYPES_IN_ARNS = {DATASET_GROUP: "dataset-group", SOLUTION: "solution"}


def key_arn(resource: Resource) -> str:
    """Return the ARN of a key."""
    return resource.arn("kms", f"key/{resource.generated_id}")


def alias_name(resource: Resource) -> str:
    """Return the name of an alias, ``alias/`` included."""
    return resource.text("AliasName") or resource.unknown("AliasName")


def role_name(resource: Resource) -> str:
    """Return the name of a role."""
    return resource.name_in("RoleName")


def role_arn(resource: Resource) -> str:
    """Return the ARN of a role."""
    path = resource.text("Path") or "/"
    return resource.arn("iam", f"role{path}{role_name(resource)}", region=False)


def managed_policy_arn(resource: Resource) -> str:
    """Return the ARN of a managed policy."""
    name = resource.name_in("ManagedPolicyName")
    path = resource.text("Path") or "/"
    return resource.arn("iam", f"policy{path}{name}", region=False)


def bucket_name(resource: Resource) -> str:
    """Return the name of a bucket."""
    return resource.name_in("BucketName")


def bucket_arn(resource: Resource) -> str:
    """Return the ARN of a bucket."""
    return resource.arn("s3", bucket_name(resource), region=False, account=False)


def arn_by_name(resource: Resource) -> str:
    """Return the ARN of a dataset group or a solution."""
    name = resource.text("Name") or resource.generated_id
    return resource.arn("personalize", f"{_TYPES_IN_ARNS[resource.type]}/{name}")


def dataset_arn(resource: Resource) -> str:
    """Return the ARN of a dataset: with the name of its dataset group, and its type in capitals."""
    group, kind = resource.text("DatasetGroupArn") or "", resource.text("DatasetType") or ""
    name = last_part(group) if split_arn(group) else resource.unknown("DatasetGroupArn")
    if not has_unknown(kind):
        kind = kind.upper()
    return resource.arn("personalize", f"dataset/{name}/{kind}")


def _generated_id(resource: Resource) -> str:
    return resource.generated_id


_REFS: dict[str, Callable[[Resource], str]] = {
    **dict.fromkeys(KEYS, _generated_id),
    ROLE: role_name,
    MANAGED_POLICY: managed_policy_arn,
    BUCKET: bucket_name,
    ALIAS: alias_name,
}
_ATTRIBUTES: dict[tuple[str, str], Callable[[Resource], str]] = {
    **{(type, "Arn"): key_arn for type in KEYS},
    **{(type, "KeyId"): _generated_id for type in KEYS},
    (ROLE, "Arn"): role_arn,
    (MANAGED_POLICY, "PolicyArn"): managed_policy_arn,
    (BUCKET, "Arn"): bucket_arn,
    (DATASET_GROUP, "DatasetGroupArn"): arn_by_name,
    (DATASET, "DatasetArn"): dataset_arn,
    (SOLUTION, "SolutionArn"): arn_by_name,
}


def ref(resource: Resource) -> str:
    """Return the value of ``Ref`` of a resource."""
    value_of = _REFS.get(resource.type)
    return (
        value_of(resource) if value_of else unknown(f"{resource.stack.name}.{resource.logical_id}")
    )


def attribute(resource: Resource, name: str) -> str:
    """Return the value of ``Fn::GetAtt`` of a resource."""
    value_of = _ATTRIBUTES.get((resource.type, name))
    if value_of is None:
        return unknown(f"{resource.stack.name}.{resource.logical_id}.{name}")
    return value_of(resource)


def nearest(resources: list[Resource], beside: Stack) -> Resource:
    """Return the resource that is deployed with a stack, of several that have one name.

    Stacks that don't say their account and Region may have such resources.
    """
    for resource in resources:
        if resource.stack.top is beside.top:
            return resource
    return resources[0]


def alias_in(arn: str) -> str:
    """Return the name of the alias in an ARN, or nothing."""
    parts = split_arn(arn)
    return parts[5] if parts and parts[5].startswith(ALIAS_PREFIX) else ""
