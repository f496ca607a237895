"""The ids that CloudFormation would choose: invented here, always the same for the same place."""

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.proof.model import Environment, UnresolvableError


@dataclass(frozen=True)
class Resource:
    """A resource of a template, and how to resolve its properties."""

    stack_name: str
    environment: Environment
    logical_id: str
    type: str
    resolved: Callable[[str], Any]
    """The resolved property of that name, or none."""
    place: str

    @property
    def seed(self) -> str:
        """A name that makes its invented ids differ from all others."""
        return f"{self.environment}/{self.stack_name}/{self.logical_id}"

    def invented_name(self, longest: int) -> str:
        """A name as CloudFormation makes them up."""
        suffix = hashlib.sha256(self.seed.encode()).hexdigest()[:12]
        return f"{self.stack_name}-{self.logical_id}"[: longest - 13] + f"-{suffix}"

    def arn(self, service: str, path: str, *, region: bool = True, account: bool = True) -> str:
        """An ARN in the stack's environment."""
        here = self.environment
        where = f"{here.region if region else ''}:{here.account if account else ''}"
        return f"arn:{here.partition}:{service}:{where}:{path}"


def _key_id(resource: Resource) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, resource.seed))


def _key_arn(resource: Resource) -> str:
    return resource.arn("kms", f"key/{_key_id(resource)}")


def _role_name(resource: Resource) -> str:
    return str(resource.resolved("RoleName") or resource.invented_name(64))


def _role_arn(resource: Resource) -> str:
    path = resource.resolved("Path") or "/"
    return resource.arn("iam", f"role{path}{_role_name(resource)}", region=False)


def _bucket_name(resource: Resource) -> str:
    return str(resource.resolved("BucketName") or resource.invented_name(63).lower())


def _bucket_arn(resource: Resource) -> str:
    return resource.arn("s3", _bucket_name(resource), region=False, account=False)


def _dataset_group_arn(resource: Resource) -> str:
    return resource.arn("personalize", f"dataset-group/{resource.resolved('Name')}")


_REFS: dict[str, Callable[[Resource], str]] = {
    "AWS::KMS::Key": _key_id,
    "AWS::IAM::Role": _role_name,
    "AWS::S3::Bucket": _bucket_name,
}
_ATTRIBUTES: dict[tuple[str, str], Callable[[Resource], str]] = {
    ("AWS::KMS::Key", "Arn"): _key_arn,
    ("AWS::IAM::Role", "Arn"): _role_arn,
    ("AWS::S3::Bucket", "Arn"): _bucket_arn,
    ("AWS::Personalize::DatasetGroup", "DatasetGroupArn"): _dataset_group_arn,
}


def ref(resource: Resource, place: str) -> str:
    """Return the value of ``Ref`` for the resource."""
    if resource.type not in _REFS:
        raise UnresolvableError(
            place, f"Ref of {resource.logical_id}, a {resource.type}, is not modelled"
        )
    return _REFS[resource.type](resource)


def attribute(resource: Resource, name: str, place: str) -> str:
    """Return the value of ``Fn::GetAtt`` for the resource."""
    attribute_of = _ATTRIBUTES.get((resource.type, name))
    if attribute_of is None:
        raise UnresolvableError(
            place, f"{name} of {resource.logical_id}, a {resource.type}, is not modelled"
        )
    return attribute_of(resource)
