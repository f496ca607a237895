"""Principals of the app that may create resources of Personalize, where nothing says which."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .._access import decision
from .._access.answers import Answer
from .._access.aws_managed_policies import meant_by, policy_of_aws
from .._access.calls import Call, role, service
from .._access.causes import Cause
from .._access.model import AccessModel, OpenQuestion, Role
from .._access.values import PARTITION, matches, unknown
from .._access.written import (
    Policy,
    actions_of,
    allow_statements,
    as_list,
    has_variables,
    principals_of,
    resources_of,
)
from ..matrix import DATASET_GROUP, PASS_ROLE, ROWS, SERVICE_PRINCIPAL, Permissions
from . import physical
from .deployment import Deployment
from .physical import of_any_partition
from .stacks import Resource
from .templates import Unread, noted

_POLICIES = ("AWS::IAM::Policy", physical.MANAGED_POLICY, "AWS::IAM::UserPolicy", "AWS::IAM::GroupPolicy")
_USERS = ("AWS::IAM::User", "AWS::IAM::Group")
# SAM makes a role of their policies
# (https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html).
_OF_SAM = ("AWS::Serverless::Function", "AWS::Serverless::StateMachine")
_CALLERS = (physical.ROLE, *_POLICIES, *_USERS, *_OF_SAM)


def undeclared(
    model: AccessModel, resources: Iterable[Resource], deployment: Deployment, unread: list[Unread]
) -> Iterator[OpenQuestion]:
    """Yield each principal that may pass a role to Personalize for which nothing is asked, and note its problems."""
    asked = {(each.role_arn, each.permissions) for each in model.asked}
    callers = [each for each in resources if each.type in _CALLERS]
    read, passed = AccessModel(), {}
    for resource in callers:
        with noted(unread, resource.stack.template):
            if resource.type == physical.ROLE and "personalize" in json.dumps(resource.body).lower():
                arn = physical.role_arn(resource)
                deployment.add_role(read, arn)
                if _trusts_personalize(read.role(arn), resource):
                    passed[of_any_partition(arn)] = arn, resource.path
    if not passed and not model.asked:
        passed[""] = unknown("a role outside of the app"), "a role outside of the app"
    for resource in callers if passed else ():
        with noted(unread, resource.stack.template):
            caller, region = _caller(resource, read, deployment), resource.stack.template.region
            rows = _may_create(caller)
            named = _named_to_pass(caller) if rows else frozenset()
            # Most roles name the one that they pass, so that the others needn't be judged.
            meant = passed if any(map(_may_be_another, named)) else set(map(of_any_partition, named))
            roles = [
                (arn, path)
                for name, (arn, path) in passed.items()
                if name in meant and asked.isdisjoint((arn, row) for row in rows) and _may_pass(caller, arn, region)
            ]
            if roles:
                arns, paths = zip(*roles, strict=True)
                yield OpenQuestion(resource.path, ", ".join(paths), resource.declared, arns, cause=Cause.NOT_DECLARED)
    model.problems += read.problems


def _caller(resource: Resource, read: AccessModel, deployment: Deployment) -> Role:
    """Return a principal as a role; one without policies where nobody has them, or where only Personalize uses it.

    A policy stands for the users and groups that have it.
    """
    if resource.type == physical.ROLE:
        arn = physical.role_arn(resource)
        deployment.add_role(read, arn)
        found = read.role(arn)
        return Role(arn) if _is_of_personalize_alone(found) else found
    documents: list[Any] = []
    if resource.type in _USERS or (resource.type in _OF_SAM and resource.get("Role") is None):
        documents = [*as_list(resource.get("Policies")), *as_list(resource.get("ManagedPolicyArns"))]
    elif resource.type in _POLICIES and any(
        resource.get(each) for each in ("Users", "Groups", "UserName", "GroupName")
    ):
        documents = [resource.get("PolicyDocument")]
    identity = [policy for each in documents if (policy := _policy(each, resource)) is not None]
    return Role(resource.arn("iam", resource.generated_id, region=False), identity=identity)


def _policy(found: Any, resource: Resource) -> Policy | None:
    """Return an inline policy, or a managed one of AWS, which SAM takes by its name."""
    if isinstance(found, str):
        arn = found if ":" in found else f"arn:{PARTITION}:iam::aws:policy/{found}"
        return policy_of_aws(meant_by(arn) or arn, resource.path)
    return Policy(found.get("PolicyDocument", found), resource.path) if isinstance(found, Mapping) else None


def _is_of_personalize_alone(role: Role) -> bool:
    names = (name for each in allow_statements(role.trust) for name in principals_of(each.body))
    return all(name == SERVICE_PRINCIPAL for name in names)


def _trusts_personalize(passed: Role, resource: Resource) -> bool:
    template = resource.stack.template
    return decision.trust(service(template.account, template.region), passed).answer is not Answer.NO


def _may_create(caller: Role) -> list[Permissions]:
    """Return what takes a role, and whose creation a statement of a role names; dataset groups only if nothing else."""
    written = [actions_of(each.body, "personalize") for each in allow_statements(caller.identity)]
    named = {action.lower() for actions in written for action in actions if action != "*"}
    rows = [row for row in ROWS if any(matches(row.create_action.lower(), each) is Answer.YES for each in named)]
    return [row for row in rows if row is not DATASET_GROUP] or rows


def _named_to_pass(caller: Role) -> frozenset[str]:
    """Return the resources of the statements that may allow a role to pass roles."""
    written = [resources_of(each.body) for each in allow_statements(caller.identity) if each.may_be_about(PASS_ROLE)]
    return frozenset(resource for resources in written for resource in resources)


def _may_be_another(resource: str) -> bool:
    """Report whether a resource may be one with another name: by a wildcard, a variable, or what isn't known of it."""
    return bool(set("*?") & set(resource)) or has_variables(resource)


def _may_pass(caller: Role, arn: str, region: str) -> bool:
    call = Call(role(caller, region), PASS_ROLE, arn, caller.account, region)
    return decision.role_by_iam(call, caller).answer is not Answer.NO
