"""Policies of keys and buckets that code of the app may replace."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from .._access.elements import resources_of
from .._access.model import AccessModel, Bucket, Key
from .._access.policy_documents import allow_statements, as_list
from .._answers import Answer
from .._values import matches, split_arn
from .deployment import Deployment
from .physical import ROLE, of_any_partition, role_arn
from .policy_owners import role_with_policies
from .stacks import Resource

_CUSTOM = "Custom::AWS"
_CALLS = {"putkeypolicy": "kms", "putbucketpolicy": "s3"}
# The function of all AwsCustomResources makes the calls that these name, and our own function keeps
# the statements of others in a policy (``_managed_key_policy.shared_function``).
_FUNCTIONS_THAT_ARE_KNOWN = ("AWS679f53fac002430cb0da5b7982bd2287", "PersonalizeKeyPolicies")


def leave_replaced_policies_open(
    model: AccessModel, resources: Iterable[Resource], deployment: Deployment
) -> None:
    """Leave open the policies that ``AwsCustomResource``s or Lambda functions may replace."""
    replaced: list[tuple[str, str]] = []
    for resource in resources:
        if resource.type not in (_CUSTOM, ROLE):
            continue
        with resource.stack.template.noting_errors():
            for arn in _replaced_by(resource, deployment):
                replaced.append((arn, resource.path))
    if not replaced:
        return
    owners: list[Key | Bucket] = [*model.keys.values(), *model.buckets.values()]
    for owner in owners:
        # Our own function keeps the rest of the policy that it merges into.
        if deployment.own["merged key policies"].get(of_any_partition(owner.arn)):
            continue
        paths: list[str] = []
        for arn, path in replaced:
            if path not in paths and _may_be(owner.arn, arn):
                paths.append(path)
        if paths:
            owner.policies = []
            owner.unseen = f"{' and '.join(paths)} may replace it"


def _replaced_by(resource: Resource, deployment: Deployment) -> Iterator[str]:
    """Yield the owners whose policies a resource replaces: ARNs, or a service for all of it."""
    if resource.type != _CUSTOM:
        if _is_of_function(resource):
            yield from _replaceable_by(resource, deployment)
        return
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


def _replaceable_by(role: Resource, deployment: Deployment) -> list[str]:
    """Return the ARNs whose policies a role may replace, by statements that name the action."""
    allowed: list[str] = []
    for statement in allow_statements(role_with_policies(role_arn(role), deployment).identity):
        actions = {str(action).lower() for action in as_list(statement.body.get("Action"))}
        for call, service in _CALLS.items():
            if f"{service}:{call}" not in actions:
                continue
            for arn in resources_of(statement.body):
                allowed.append(service if arn == "*" else arn)
    return allowed


def _is_of_function(role: Resource) -> bool:
    for part in role.path.split("/"):
        if part.startswith(_FUNCTIONS_THAT_ARE_KNOWN):
            return False
    return "lambda.amazonaws.com" in json.dumps(role.get("AssumeRolePolicyDocument"))


def _may_be(arn: str, given: str) -> bool:
    return given in (split_arn(arn) or ())[2:3] or matches(arn, given) is not Answer.NO
