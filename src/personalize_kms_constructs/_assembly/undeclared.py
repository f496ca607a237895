"""Principals of the app that may create resources of Personalize, where nothing says which."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._access import calls, decision
from .._access.aws_managed_policies import meant_by, policy_of_aws
from .._access.calls import Call
from .._access.causes import Cause
from .._access.elements import actions_of, principals_of, resources_of
from .._access.model import AccessModel, OpenQuestion, Role
from .._access.policy_documents import Policy, allow_statements, has_variables
from .._answers import Answer
from .._values import PARTITION, matches, unknown
from ..matrix import DATASET_GROUP, PASS_ROLE, ROWS, SERVICE_PRINCIPAL
from . import physical
from .choices import items_of
from .deployment import Deployment
from .physical import of_any_partition
from .policies_in_properties import policy_in
from .stacks import Resource
from .templates import Unread, noted

_POLICIES = (
    "AWS::IAM::Policy",
    physical.MANAGED_POLICY,
    "AWS::IAM::UserPolicy",
    "AWS::IAM::GroupPolicy",
)
_USERS = ("AWS::IAM::User", "AWS::IAM::Group")
# SAM makes a role of their policies
# (https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html).
_OF_SAM = ("AWS::Serverless::Function", "AWS::Serverless::StateMachine")
_CALLERS = (physical.ROLE, *_POLICIES, *_USERS, *_OF_SAM)
_NOT_FOR_ROLES = ("Users", "Groups", "UserName", "GroupName")


@dataclass(frozen=True)
class _Passed:
    """A role that a caller may pass to Personalize."""

    arn: str
    path: str
    """The name in reports; empty for a role that only requests name."""


def undeclared(
    model: AccessModel, resources: Iterable[Resource], deployment: Deployment, unread: list[Unread]
) -> list[OpenQuestion]:
    """Return a question for each principal that may create resources that nothing asks for.

    It may do so with a role that it may pass to Personalize.
    """
    asked = {(request.role_arn, request.permissions.create_action) for request in model.asked}
    callers = [resource for resource in resources if resource.type in _CALLERS]
    passed = _service_roles(callers, deployment, unread)
    if not passed and not model.asked:
        passed[""] = _Passed(unknown("a role outside of the app"), "any role")
    questions: list[OpenQuestion] = []
    if not passed:
        return questions
    for role_arn, _ in asked:
        passed.setdefault(of_any_partition(role_arn), _Passed(role_arn, ""))
    for resource in callers:
        with noted(unread, resource.stack.template):
            question = _question(resource, _caller(resource, deployment), passed, asked)
            if question is not None:
                questions.append(question)
    return questions


def _service_roles(
    callers: Iterable[Resource], deployment: Deployment, unread: list[Unread]
) -> dict[str, _Passed]:
    """Return the roles that Personalize may assume, by their ARNs without partition."""
    roles: dict[str, _Passed] = {}
    for resource in callers:
        template = resource.stack.template
        with noted(unread, template):
            if resource.type != physical.ROLE:
                continue
            if "personalize" not in json.dumps(resource.body).lower():
                continue
            arn = physical.role_arn(resource)
            personalize = calls.service(template.account, template.region)
            if decision.trust(personalize, deployment.role(arn)).answer is not Answer.NO:
                roles[of_any_partition(arn)] = _Passed(arn, resource.path)
    return roles


def _question(
    resource: Resource,
    caller: Role,
    passed: Mapping[str, _Passed],
    asked: set[tuple[str, str]],
) -> OpenQuestion | None:
    """Return the question for a principal, if it may create more than is asked.

    ``asked`` has the role and the call of each request.
    """
    created = _may_create(caller)
    if not created:
        return None
    named = _roles_named(caller)
    own: list[_Passed] = []
    for name, role_passed in passed.items():
        is_meant = named is None or name in named
        if is_meant and _may_pass(caller, role_passed.arn, resource.stack.template.region):
            own.append(role_passed)
    own_arns = {role_passed.arn for role_passed in own}
    # A request for one job says nothing of other jobs that are allowed by name, nor of other roles.
    calls_asked = {call for role_arn, call in asked if role_arn in own_arns}
    not_asked = [action for action in created if calls_asked.isdisjoint(created[action])]
    calls_created = set().union(*created.values())
    roles_asked = {role_arn for role_arn, call in asked if call in calls_created}
    roles: dict[str, str] = {}
    for role_passed in own:
        if role_passed.path and (not_asked or role_passed.arn not in roles_asked):
            roles[role_passed.arn] = role_passed.path
    if not roles:
        return None
    values = ("actions", tuple(not_asked or created)), ("roles", tuple(roles.values()))
    return OpenQuestion(
        resource.path,
        "",
        resource.declared,
        tuple(roles),
        cause=Cause.NOT_DECLARED,
        values=values,
    )


def _caller(resource: Resource, deployment: Deployment) -> Role:
    """Return a principal as a role; it has no policies if only Personalize or nobody uses it.

    A policy stands for the users and groups that have it.
    """
    if resource.type == physical.ROLE:
        role = deployment.role(physical.role_arn(resource))
        return Role(role.arn) if _is_for_personalize(role) else role
    documents: list[Any] = []
    if resource.type in _USERS or (resource.type in _OF_SAM and resource.get("Role") is None):
        documents = [resource.get("Policies"), resource.get("ManagedPolicyArns")]
    elif resource.type in _POLICIES and any(resource.get(name) for name in _NOT_FOR_ROLES):
        documents = [resource.get("PolicyDocument")]
    caller = Role(resource.arn("iam", resource.generated_id, region=False))
    for document, _ in items_of(documents):
        policy = _policy(document, resource)
        if policy is not None:
            caller.identity.append(policy)
    return caller


def _is_for_personalize(role: Role) -> bool:
    """Report whether nobody but Personalize may assume a role."""
    for statement in allow_statements(role.trust):
        for name in principals_of(statement.body):
            if name != SERVICE_PRINCIPAL:
                return False
    return True


def _policy(value: Any, resource: Resource) -> Policy | None:
    """Return an inline policy, or a managed policy of AWS, which SAM takes by its name."""
    if isinstance(value, str):
        arn = value if ":" in value else f"arn:{PARTITION}:iam::aws:policy/{value}"
        return policy_of_aws(meant_by(arn) or arn, resource.path)
    if isinstance(value, Mapping):
        return policy_in(value.get("PolicyDocument", value), resource, resource.path)
    return None


def calls_of(action: str) -> set[str]:
    """Return the calls with a role that an action of a policy allows."""
    allowed: set[str] = set()
    for row in ROWS:
        if matches(row.create_action.lower(), action.lower()) is Answer.YES:
            allowed.add(row.create_action)
    return allowed


def _may_create(caller: Role) -> dict[str, set[str]]:
    """Return the calls with a role by each action in a caller's policies.

    Dataset groups count only if there are no other calls.
    """
    created: dict[str, set[str]] = {}
    jobs: dict[str, set[str]] = {}
    for statement in allow_statements(caller.identity):
        for action in actions_of(statement.body, "personalize"):
            allowed = set() if action == "*" else calls_of(action)
            if allowed:
                created[action] = allowed
            of_jobs = allowed - {DATASET_GROUP.create_action}
            if of_jobs:
                jobs[action] = of_jobs
    return jobs or created


def _roles_named(caller: Role) -> set[str] | None:
    """Return the roles that a caller's policies name, or none if they leave open which.

    A name tells a role from others: the caller may be allowed to pass a role that isn't of the app,
    which isn't judged.
    """
    named: set[str] = set()
    for statement in allow_statements(caller.identity):
        for action in actions_of(statement.body, "iam"):
            if matches(PASS_ROLE.lower(), action.lower()) is not Answer.NO:
                named.update(resources_of(statement.body))
    for arn in named:
        if "*" in arn or "?" in arn or has_variables(arn):
            return None
    return {of_any_partition(arn) for arn in named}


def _may_pass(caller: Role, arn: str, region: str) -> bool:
    call = Call(calls.role(caller, region), PASS_ROLE, arn, caller.account, region)
    return decision.role_by_iam(decision.of_role(caller, call)).answer is not Answer.NO
