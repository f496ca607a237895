"""Policies of keys and buckets that ``AwsCustomResource``s may replace."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from .._shared.answers import Answer
from .._shared.values import matches, split_arn
from .._templates.physical import arn_of_bucket
from .._templates.stacks import Resource
from .deployment import Deployment

_CALLS = {"putkeypolicy": "kms", "putbucketpolicy": "s3"}


class PoliciesByCode:
    """The policies that ``AwsCustomResource``s may replace."""

    def __init__(self, resources: Iterable[Resource], deployment: Deployment) -> None:
        self._replaced: list[tuple[str, str]] = []
        """The owners, as ARNs or services, each with the path of the resource."""
        for resource in resources:
            if resource.type == "Custom::AWS":
                with resource.stack.noting_errors():
                    for arn in _replaced_by(resource, deployment):
                        self._replaced.append((arn, resource.path))

    def why_replaced(self, owner_arn: str) -> str:
        paths = dict.fromkeys(path for arn, path in self._replaced if _may_be(owner_arn, arn))
        return f"{' and '.join(paths)} may replace it" if paths else ""


def _replaced_by(resource: Resource, deployment: Deployment) -> Iterator[str]:
    """Yield the owners whose policies a resource replaces: ARNs, or a service for all of it."""
    for event in ("Create", "Update"):
        text = json.dumps(resource.body.get("Properties", {}).get(event)).lower()
        for call, service in _CALLS.items():
            if call in text:
                yield _owner_in(resource, event, deployment) or service


def _owner_in(resource: Resource, event: str, deployment: Deployment) -> str:
    call = resource.get(event)
    if isinstance(call, str):
        call = resource.parsed(call, f"{event} of {resource.path}")
    match call:
        case {"parameters": {"KeyId": str(key)}}:
            return deployment.key_arn(key, resource)
        case {"parameters": {"Bucket": str(bucket)}}:
            return arn_of_bucket(bucket, resource)
    return ""


def _may_be(arn: str, name: str) -> bool:
    return name in (split_arn(arn) or ())[2:3] or matches(arn, name) is not Answer.NO
