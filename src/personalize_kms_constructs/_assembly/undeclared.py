"""Principals of the app that may create resources of Personalize, where nothing says which."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from .._access import decision
from .._access.aws_managed_policies import meant_by, policy_of_aws
from .._access.calls import Call, role, service
from .._access.causes import Cause
from .._access.model import AccessModel, OpenQuestion, Role
from .._access.policy_documents import (
    Policy,
    actions_of,
    allow_statements,
    has_variables,
    principals_of,
    resources_of,
)
from .._answers import Answer
from .._values import PARTITION, matches, unknown
from ..matrix import DATASET_GROUP, PASS_ROLE, ROWS, SERVICE_PRINCIPAL
from . import physical
from .choices import items_of
from .deployment import Deployment, policy_in
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
    """Yield each principal that may create what nothing asks for with a role that it may pass."""
    asked = {(each.role_arn, each.permissions.create_action) for each in model.asked}
    callers = [each for each in resources if each.type in _CALLERS]
    read, passed = AccessModel(), {}
    for resource in callers:
        template = resource.stack.template
        with noted(unread, template):
            if resource.type == physical.ROLE and "personalize" in json.dumps(resource.body).lower():
                arn = physical.role_arn(resource)
                deployment.add_role(read, arn)
                trusted = decision.trust(service(template.account, template.region), read.role(arn))
                if trusted.answer is not Answer.NO:
                    passed[of_any_partition(arn)] = arn, resource.path
    if not passed and not model.asked:
        passed[""] = unknown("a role outside of the app"), "any role"
    known = passed | {name: (arn, "") for arn, _ in asked if (name := of_any_partition(arn)) not in passed}
    for resource in callers if passed else ():
        with noted(unread, resource.stack.template):
            caller, region = _caller(resource, read, deployment), resource.stack.template.region
            created = _may_create(caller)
            meant = _may_be_meant(caller, known) if created else ()
            own = {arn: path for name, (arn, path) in known.items() if name in meant and _may_pass(caller, arn, region)}
            shown = {action for arn, action in asked if arn in own}
            # One job that is asked for says nothing of others that are allowed by name, nor of other roles.
            not_shown = tuple(action for action, calls in created.items() if shown.isdisjoint(calls))
            every = set().union(*created.values())
            told = {arn for arn, action in asked if action in every}
            roles = {arn: path for arn, path in own.items() if path and (not_shown or arn not in told)}
            if roles:
                values = ("actions", not_shown or tuple(created)), ("roles", tuple(roles.values()))
                arns, cause = tuple(roles), Cause.NOT_DECLARED
                yield OpenQuestion(resource.path, "", resource.declared, arns, cause=cause, values=values)


def _caller(resource: Resource, read: AccessModel, deployment: Deployment) -> Role:
    """Return a principal as a role; one without policies where nobody has them, or where only Personalize uses it.

    A policy stands for the users and groups that have it.
    """
    if resource.type == physical.ROLE:
        arn = physical.role_arn(resource)
        deployment.add_role(read, arn)
        found = read.role(arn)
        names = (name for each in allow_statements(found.trust) for name in principals_of(each.body))
        return Role(arn) if all(name == SERVICE_PRINCIPAL for name in names) else found
    written: list[Any] = []
    if resource.type in _USERS or (resource.type in _OF_SAM and resource.get("Role") is None):
        written = [resource.get("Policies"), resource.get("ManagedPolicyArns")]
    elif resource.type in _POLICIES and any(
        resource.get(each) for each in ("Users", "Groups", "UserName", "GroupName")
    ):
        written = [resource.get("PolicyDocument")]
    identity = [policy for item in items_of(written) if (policy := _policy(item.value, resource)) is not None]
    return Role(resource.arn("iam", resource.generated_id, region=False), identity=identity)


def _policy(found: Any, resource: Resource) -> Policy | None:
    """Return an inline policy, or a managed one of AWS, which SAM takes by its name."""
    if isinstance(found, str):
        arn = found if ":" in found else f"arn:{PARTITION}:iam::aws:policy/{found}"
        return policy_of_aws(meant_by(arn) or arn, resource.path)
    is_policy = isinstance(found, Mapping)
    return policy_in(found.get("PolicyDocument", found), resource, resource.path) if is_policy else None


def calls_of(action: str) -> set[str]:
    """Return the calls with a role that an action of a policy allows."""
    return {row.create_action for row in ROWS if matches(row.create_action.lower(), action.lower()) is Answer.YES}


def _may_create(caller: Role) -> dict[str, set[str]]:
    """Return the calls with a role by each action of a caller as it is written; for dataset groups if no others."""
    created: dict[str, set[str]] = {}
    for statement in allow_statements(caller.identity):
        for action in actions_of(statement.body, "personalize"):
            if action != "*" and (calls := calls_of(action)):
                created[action] = calls
    jobs = {action: calls - {DATASET_GROUP.create_action} for action, calls in created.items()}
    return {action: calls for action, calls in jobs.items() if calls} or created


def _may_be_meant(caller: Role, known: Collection[str]) -> Collection[str]:
    """Return the roles that a caller's policies name, or all if one isn't named for certain.

    A name tells it from others: it may be allowed to pass a role that isn't of the app, and so isn't judged.
    """
    named: set[str] = set()
    for statement in allow_statements(caller.identity):
        actions = actions_of(statement.body, "iam")
        if any(matches(PASS_ROLE.lower(), action.lower()) is not Answer.NO for action in actions):
            named.update(resources_of(statement.body))
    # By a wildcard, a variable, or what isn't known of it, any is meant.
    is_open = any(set("*?") & set(each) or has_variables(each) for each in named)
    return known if is_open else set(map(of_any_partition, named))


def _may_pass(caller: Role, arn: str, region: str) -> bool:
    call = Call(role(caller, region), PASS_ROLE, arn, caller.account, region)
    return decision.role_by_iam(decision.of_role(caller, call)).answer is not Answer.NO
