"""Names and ARNs of resources, with holes for the ids that AWS generates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._access.values import generated, unknown
from .errors import AssemblyError
from .intrinsics import NO_VALUE

if TYPE_CHECKING:
    from .stacks import Stack

KEYS = ("AWS::KMS::Key", "AWS::KMS::ReplicaKey")
ALIAS = "AWS::KMS::Alias"
ROLE = "AWS::IAM::Role"
MANAGED_POLICY = "AWS::IAM::ManagedPolicy"
BUCKET = "AWS::S3::Bucket"
DATASET_GROUP = "AWS::Personalize::DatasetGroup"
DATASET = "AWS::Personalize::Dataset"


@dataclass(frozen=True)
class Resource:
    """A resource of a template."""

    stack: Stack
    logical_id: str
    body: dict[str, Any]

    @property
    def type(self) -> str:
        """Its type."""
        return str(self.body["Type"])

    @property
    def path(self) -> str:
        """Its construct path."""
        return self.stack.template.path_of(self.logical_id)

    @property
    def declared(self) -> str:
        """Its name in the model."""
        return self.stack.declared(self.logical_id)

    @property
    def only_if(self) -> frozenset[str]:
        """The conditions that can't be decided, on which it depends."""
        return self.stack.only_if(self.logical_id)

    def get(self, name: str) -> Any:
        """Return a property, resolved, or none."""
        properties = self.body.get("Properties", {})
        try:
            found = self.stack.value(properties[name]) if name in properties else None
        except RecursionError:
            raise self.too_deep(f"{self.path} {name}") from None
        return None if found is NO_VALUE else found

    def text(self, name: str) -> str | None:
        """Return a property that has to be a string; a hole where it is something else."""
        found = self.get(name)
        return found if found is None or isinstance(found, str) else self.unknown(name)

    def unknown(self, name: str) -> str:
        """Return the hole for a property."""
        return unknown(f"{self.path} {name}", self.stack.name, self.logical_id)

    def name_in(self, name: str) -> str:
        """Return the name that a property gives it, or the id that AWS generates for one without a name."""
        found = self.text(name)
        if found and self.stack.may_be_no_value(self.body["Properties"][name]):
            # Two resources with this expression needn't have one name.
            return self.unknown(name)
        return found or self.generated_id

    def too_deep(self, what: str) -> AssemblyError:
        """Return the error for what is nested so deeply that it can't be read."""
        return AssemblyError(f"{self.stack.template.path}: {what} is nested too deeply to be read")

    @property
    def generated_id(self) -> str:
        """The id that AWS generates."""
        return generated(f"{self.stack.template.name}.{self.logical_id}")

    def arn(self, service: str, resource: str, *, region: bool = True, account: bool = True) -> str:
        """Return an ARN in the stack's environment."""
        template = self.stack.template
        where = f"{template.region if region else ''}:{template.account if account else ''}"
        return f"arn:{self.stack.partition}:{service}:{where}:{resource}"


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
    return resource.arn("iam", f"role{resource.text('Path') or '/'}{role_name(resource)}", region=False)


def managed_policy_arn(resource: Resource) -> str:
    """Return the ARN of a managed policy."""
    name = resource.name_in("ManagedPolicyName")
    return resource.arn("iam", f"policy{resource.text('Path') or '/'}{name}", region=False)


def bucket_name(resource: Resource) -> str:
    """Return the name of a bucket."""
    return resource.name_in("BucketName")


def bucket_arn(resource: Resource) -> str:
    """Return the ARN of a bucket."""
    return resource.arn("s3", bucket_name(resource), region=False, account=False)


def _personalize(kind: str) -> Callable[[Resource], str]:
    return lambda resource: resource.arn("personalize", f"{kind}/{resource.text('Name') or resource.generated_id}")


dataset_group_arn = _personalize("dataset-group")
solution_arn = _personalize("solution")


def dataset_arn(resource: Resource) -> str:
    """Return what stands for the ARN of a dataset, which has the name of its dataset group in it."""
    return resource.arn("personalize", f"dataset/{resource.generated_id}")


_REFS: dict[str, Callable[[Resource], str]] = {
    **dict.fromkeys(KEYS, lambda resource: resource.generated_id),
    ROLE: role_name,
    MANAGED_POLICY: managed_policy_arn,
    BUCKET: bucket_name,
    ALIAS: alias_name,
}
_ATTRIBUTES: dict[tuple[str, str], Callable[[Resource], str]] = {
    **{(each, "Arn"): key_arn for each in KEYS},
    **{(each, "KeyId"): (lambda resource: resource.generated_id) for each in KEYS},
    (ROLE, "Arn"): role_arn,
    (MANAGED_POLICY, "PolicyArn"): managed_policy_arn,
    (BUCKET, "Arn"): bucket_arn,
    (DATASET_GROUP, "DatasetGroupArn"): dataset_group_arn,
    (DATASET, "DatasetArn"): dataset_arn,
    ("AWS::Personalize::Solution", "SolutionArn"): solution_arn,
}


def ref(resource: Resource) -> str:
    """Return what ``Ref`` of a resource is."""
    found = _REFS.get(resource.type)
    return found(resource) if found else unknown(f"{resource.stack.template.name}.{resource.logical_id}")


def attribute(resource: Resource, name: str) -> str:
    """Return what ``Fn::GetAtt`` of a resource is."""
    found = _ATTRIBUTES.get((resource.type, name))
    return found(resource) if found else unknown(f"{resource.stack.template.name}.{resource.logical_id}.{name}")
