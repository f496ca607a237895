"""The account in which it runs, and what was deployed there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, NoRegionError

PREFIX = "PersonalizeKmsInteg-"
"""The names of all runs begin so, a run's stacks with the run's, and nobody else's should."""


class Aws(Protocol):
    """Clients of one account and Region; an embedded AWS is one, too."""

    account: str
    region: str

    def client(self, service: str) -> Any:
        """Return a boto3 client."""


class OwnAccount:
    """An account by AWS's usual credentials."""

    def __init__(self, profile: str | None, region: str | None) -> None:
        self._session = boto3.session.Session(profile_name=profile, region_name=region)
        if not self._session.region_name:
            raise NoRegionError
        self._clients: dict[str, Any] = {}
        self.region: str = self._session.region_name
        self.account: str = self.client("sts").get_caller_identity()["Account"]

    def client(self, service: str) -> Any:
        """Return a boto3 client, which tries again for a minute or two, also for a quota."""
        if service not in self._clients:
            config = Config(retries={"mode": "standard", "total_max_attempts": 12})
            create: Any = self._session.client  # no overload of the stubs has any string
            self._clients[service] = create(service, config=config)
        return self._clients[service]


@dataclass(frozen=True)
class Patience:
    """Times to wait, in seconds."""

    for_all: float
    """Until it stops, whatever it waits for, and takes everything down."""
    for_taking_down: float = 2 * 3600
    between_looks: float = 30


@dataclass(frozen=True)
class Context:
    """Where it runs, and how it waits and tells."""

    aws: Aws
    environment: Mapping[str, str]
    """The variables of the CDK's CLI and of the doctor."""
    patience: Patience
    tell: Callable[[str], None]


def stacks_of(aws: Aws, run: str) -> list[Any]:
    """Return CloudFormation's descriptions of a run's stacks, users of an export first."""
    pages = aws.client("cloudformation").get_paginator("describe_stacks").paginate()
    stacks = [stack for page in pages for stack in page["Stacks"]]
    stacks.sort(key=lambda stack: stack["CreationTime"], reverse=True)
    return [stack for stack in stacks if stack["StackName"].startswith(run)]


def stack_status(aws: Aws, stack: str) -> str:
    """Return the status of a stack, or nothing if there is none of this name."""
    try:
        return str(_described(aws, stack)["StackStatus"])
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        return ""


def outputs_of(aws: Aws, stack: str) -> dict[str, str]:
    """Return the ARNs and names of what a stack has made; see the app for their names."""
    outputs = _described(aws, stack).get("Outputs", ())
    return {output["OutputKey"]: output["OutputValue"] for output in outputs}


def job_types(aws: Aws) -> dict[str, str]:
    """Return what CloudFormation says of the jobs' types: how it provisions them, or an error."""
    describe, types = aws.client("cloudformation").describe_type, {}
    for job in ("BatchInferenceJob", "BatchSegmentJob", "DataDeletionJob"):
        try:
            described = describe(Type="RESOURCE", TypeName=f"AWS::Personalize::{job}")
            types[job] = described["ProvisioningType"]
        except ClientError as error:
            types[job] = error.response["Error"]["Code"]
    return types


def resources_of(aws: Aws, stack: str, *, deleted: bool = False) -> list[Any]:
    """Return CloudFormation's descriptions of all that a stack has, or that it has had, too."""
    described = aws.client("cloudformation").describe_stack_resources(StackName=stack)
    resources = described["StackResources"]
    return [made for made in resources if deleted or made["ResourceStatus"] != "DELETE_COMPLETE"]


def ids_of(resources: list[Any], resource_type: str) -> list[str]:
    """Return the physical ids of the resources of a type; one that isn't made yet has none."""
    of_type = [resource for resource in resources if resource["ResourceType"] == resource_type]
    return [made["PhysicalResourceId"] for made in of_type if "PhysicalResourceId" in made]


def _described(aws: Aws, stack: str) -> Any:
    (described,) = aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return described
