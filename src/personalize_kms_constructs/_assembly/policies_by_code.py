"""Policies of keys and buckets that code of the app may replace, so that they aren't known."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from .._access.model import AccessModel, Bucket, Key
from .._access.policy_documents import allow_statements, as_list, resources_of
from .._answers import Answer
from .._values import matches, split_arn
from .deployment import Deployment
from .physical import ROLE, of_any_partition, role_arn
from .requests import role_of_function
from .stacks import Resource
from .templates import Unread, noted

_CUSTOM = "Custom::AWS"
_CALLS = {"putkeypolicy": "kms", "putbucketpolicy": "s3"}
# The function of all AwsCustomResources does what these tell it.
_TOLD_BY_CUSTOM_RESOURCES = "AWS679f53fac002430cb0da5b7982bd2287"


def leave_replaced_policies_open(
    model: AccessModel, resources: Iterable[Resource], deployment: Deployment, unread: list[Unread]
) -> None:
    """Take the policies out of a model that ``AwsCustomResource``s or Lambda functions of the app may replace."""
    replaced: list[tuple[str, str]] = []
    merging = _roles_of_merging_functions(deployment, unread)
    for resource in (each for each in resources if each.type in (_CUSTOM, ROLE)):
        with noted(unread, resource.stack.template):
            if resource.type == ROLE and role_arn(resource) in merging:
                continue
            replaced += ((arn, resource.path) for arn in _replaced_by(resource, deployment))
    owners: list[Key | Bucket] = [*model.keys.values(), *model.buckets.values()]
    for owner in owners if replaced else ():
        by = dict.fromkeys(path for arn, path in replaced if _may_be(owner.arn, arn))
        # What our own function merges into a policy leaves the rest of it alone.
        merged = deployment.merged_key_policies.get(of_any_partition(owner.arn))
        if by and not merged:
            owner.policies = []
            owner.unseen = f"{' and '.join(by)} may replace it"


def _roles_of_merging_functions(deployment: Deployment, unread: list[Unread]) -> set[str]:
    """Return the roles of our own functions, which leave alone what others have in a policy."""
    roles: set[str] = set()
    for merged in deployment.merged_key_policies.values():
        for resource in merged:
            with noted(unread, resource.stack.template):
                roles.add(role_of_function(resource.text("ServiceToken"), resource))
    return roles


def _replaced_by(resource: Resource, deployment: Deployment) -> Iterator[str]:
    """Yield whose policies a resource of a template replaces: ARNs, or a service for all of its."""
    if resource.type == _CUSTOM:
        for event in ("Create", "Update"):
            text = json.dumps(resource.body.get("Properties", {}).get(event)).lower()
            for service in (service for call, service in _CALLS.items() if call in text):
                yield _told(resource, event, deployment) or service
    elif _is_of_function(resource):
        yield from _allowed(resource, deployment)


def _told(resource: Resource, event: str, deployment: Deployment) -> str:
    """Return the ARN of what an ``AwsCustomResource`` calls for, or nothing where that isn't told."""
    told = resource.get(event)
    match resource.parsed(told, f"{event} of {resource.path}") if isinstance(told, str) else told:
        case {"parameters": {"KeyId": str(key)}}:
            return deployment.key_arn(key, resource)
        case {"parameters": {"Bucket": str(bucket)}}:
            return resource.arn("s3", bucket, region=False, account=False)
    return ""


def _allowed(role: Resource, deployment: Deployment) -> Iterator[str]:
    """Yield what a role may do it on, by statements that name the action."""
    found, arn = AccessModel(), role_arn(role)
    deployment.add_role(found, arn)
    for statement in allow_statements(found.roles[arn].identity):
        actions = {str(each).lower() for each in as_list(statement.body.get("Action"))}
        for service in (service for call, service in _CALLS.items() if f"{service}:{call}" in actions):
            yield from (service if each == "*" else each for each in resources_of(statement.body))


def _is_of_function(role: Resource) -> bool:
    trust = json.dumps(role.get("AssumeRolePolicyDocument"))
    return "lambda.amazonaws.com" in trust and not role.logical_id.startswith(_TOLD_BY_CUSTOM_RESOURCES)


def _may_be(arn: str, given: str) -> bool:
    return given in (split_arn(arn) or ())[2:3] or matches(arn, given) is not Answer.NO
