"""A synthesized cloud assembly as the policies that its deployment would leave in effect."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.proof.model import (
    Bucket,
    Deployed,
    Environment,
    Key,
    PersonalizeResource,
    Role,
    UnresolvableError,
)
from tests.proof.physical import Resource, attribute
from tests.proof.stacks import Stack, Template, read


class Assembly:
    """The stacks of an app or a stage."""

    def __init__(self, templates: Iterable[Template]) -> None:
        self.templates = list(templates)
        top: dict[str, Stack] = {}
        for template in self.templates:
            top[template.file] = Stack(top, template, {})
        self._stacks: dict[str, Stack] = {}
        for outermost in top.values():
            self._stacks.update((stack.file, stack) for stack in outermost.with_nested())

    @staticmethod
    def read(directory: Path, agnostic: Environment) -> Assembly:
        """The assembly of a directory; ``agnostic`` is where stacks go that don't say where."""
        return Assembly(read(directory, agnostic))

    def value(self, template_file: str, expression: Any) -> Any:
        """An expression in the words of a template, resolved."""
        if template_file not in self._stacks:
            raise UnresolvableError(template_file, "no such template")
        return self._stacks[template_file].value(expression, template_file)

    def deployed(self, outside: Deployed | None = None) -> Deployed:
        """The policies of everything here and, given with theirs, of what exists already."""
        deployed = copy.deepcopy(outside) if outside is not None else Deployed()
        deployed.outside = {*deployed.keys, *deployed.buckets}
        resources: list[Resource] = []
        for stack in self._stacks.values():
            resources += stack.resources()
        for resource in resources:
            _make(deployed, resource)
        for resource in resources:
            _attach(deployed, resource)
        return deployed


def _new(existing: Mapping[str, object], arn: str, resource: Resource) -> str:
    if arn in existing:
        raise UnresolvableError(resource.place, f"{arn} exists already")
    return arn


def _make(deployed: Deployed, resource: Resource) -> None:
    if resource.type == "AWS::KMS::Key":
        arn = _new(deployed.keys, attribute(resource, "Arn", resource.place), resource)
        deployed.keys[arn] = Key(arn, resource.resolved("KeyPolicy"))
    elif resource.type == "AWS::IAM::Role":
        arn = _new(deployed.roles, attribute(resource, "Arn", resource.place), resource)
        for name in ("PermissionsBoundary", "Policies", "ManagedPolicyArns"):
            if resource.resolved(name):
                raise UnresolvableError(resource.place, f"{name} of a role is not modelled")
        deployed.roles[arn] = Role(arn, resource.resolved("AssumeRolePolicyDocument"))
    elif resource.type == "AWS::S3::Bucket":
        arn = _new(deployed.buckets, attribute(resource, "Arn", resource.place), resource)
        deployed.buckets[arn] = Bucket(arn, resource.environment.account, key=_bucket_key(resource))
    elif resource.type.startswith("AWS::Personalize::"):
        names = (
            "KmsKeyArn",
            "RoleArn",
            "DatasetImportJob",
            "MetricsOutputConfig",
            "DatasetGroupArn",
            "Name",
        )
        properties = {name: resource.resolved(name) for name in names}
        deployed.personalize.append(PersonalizeResource(resource.place, resource.type, properties))


def _bucket_key(resource: Resource) -> str | None:
    rules = (resource.resolved("BucketEncryption") or {}).get(
        "ServerSideEncryptionConfiguration", []
    )
    for rule in rules:
        key = rule.get("ServerSideEncryptionByDefault", {}).get("KMSMasterKeyID")
        if key is not None:
            return str(key)
    return None


def _attach(deployed: Deployed, resource: Resource) -> None:
    if resource.type in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"):
        for name in resource.resolved("Roles") or []:
            role = deployed.role_named(resource.environment.account, name, resource.place)
            role.identity.append(resource.resolved("PolicyDocument"))
    elif resource.type == "AWS::S3::BucketPolicy":
        bucket = deployed.bucket_named(resource.resolved("Bucket"), resource.place)
        if bucket.policy is not None:
            raise UnresolvableError(resource.place, f"bucket {bucket.name} has a policy already")
        bucket.policy = resource.resolved("PolicyDocument")
