"""Policies of keys and buckets that code of the app writes.

Those that it may replace aren't known, and the function of ``ImportedKeyPolicy.MANAGED`` may not do its work, by a
boundary of all roles for example.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from .._access import decision
from .._access.calls import Call, role
from .._access.causes import Cause, Reason
from .._access.model import AccessModel, Bucket, Key, Problem, declared_of
from .._access.written import allow_statements, as_list, resources_of
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
_NEEDED = ("kms:GetKeyPolicy", "kms:PutKeyPolicy")
_PAGE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html"


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


def unable_functions(model: AccessModel, deployment: Deployment, unread: list[Unread]) -> Iterator[Problem]:
    """Yield the custom resources that can't merge statements into the policy of a key of the model, for certain."""
    for key in model.keys:
        for resource in deployment.merged_key_policies.get(of_any_partition(key), ()):
            with noted(unread, resource.stack.template):
                yield from _problem(resource, key, deployment)


def _problem(resource: Resource, key: str, deployment: Deployment) -> Iterator[Problem]:
    arn, found = role_of_function(resource.text("ServiceToken"), resource), AccessModel()
    deployment.add_role(found, arn)
    own, region = found.role(arn), resource.stack.template.region
    calls = [Call(role(own, region), action, key, own.account, region) for action in _NEEDED]
    answers = {call.action: decision.role_by_iam(decision.of_role(own, call)) for call in calls}
    refused = {action: (each.reason, *each.further) for action, each in answers.items() if each.answer is Answer.NO}
    if refused:
        why, *more = next(iter(refused.values()))
        declared = declared_of([own.boundary if why.cause is Cause.BOUNDARY and own.boundary else own])
        reason = Reason(Cause.FUNCTION_REFUSED, {"key": key, "actions": ", ".join(refused)}, doubts=(why, *more))
        yield Problem("configuration", resource.path, reason, page=_PAGE, declared=declared, of_ours=True)
