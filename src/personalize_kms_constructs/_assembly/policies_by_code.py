"""Policies of keys and buckets that ``AwsCustomResource``s may replace."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from .._access.model import AccessModel, Bucket, Key
from .._answers import Answer
from .._values import matches, split_arn
from .deployment import Deployment
from .stacks import Resource

_CALLS = {"putkeypolicy": "kms", "putbucketpolicy": "s3"}


def leave_replaced_policies_open(
    model: AccessModel, resources: Iterable[Resource], deployment: Deployment
) -> None:
    """Leave open the policies that ``AwsCustomResource``s may replace."""
    replaced: list[tuple[str, str]] = []
    for resource in resources:
        if resource.type == "Custom::AWS":
            with resource.stack.template.noting_errors():
                for arn in _replaced_by(resource, deployment):
                    replaced.append((arn, resource.path))
    owners: list[Key | Bucket] = [*model.keys.values(), *model.buckets.values()]
    for owner in owners:
        paths: list[str] = []
        for arn, path in replaced:
            if path not in paths and _may_be(owner.arn, arn):
                paths.append(path)
        if paths:
            owner.policies = []
            owner.unseen = f"{' and '.join(paths)} may replace it"


def _replaced_by(resource: Resource, deployment: Deployment) -> Iterator[str]:
    """Yield the owners whose policies a resource replaces: ARNs, or a service for all of it."""
    for event in ("Create", "Update"):
        text = json.dumps(resource.body.get("Properties", {}).get(event)).lower()
        for call, service in _CALLS.items():
            if call in text:
                yield _owner_in(resource, event, deployment) or service


def _owner_in(resource: Resource, event: str, deployment: Deployment) -> str:
    """Return the ARN in the call of an ``AwsCustomResource``, or nothing where it has none."""
    call = resource.get(event)
    if isinstance(call, str):
        call = resource.parsed(call, f"{event} of {resource.path}")
    match call:
        case {"parameters": {"KeyId": str(key)}}:
            return deployment.key_arn(key, resource)
        case {"parameters": {"Bucket": str(bucket)}}:
            return resource.arn("s3", bucket, region=False, account=False)
    return ""


def _may_be(arn: str, given: str) -> bool:
    return given in (split_arn(arn) or ())[2:3] or matches(arn, given) is not Answer.NO
