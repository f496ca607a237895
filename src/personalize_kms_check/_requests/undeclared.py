"""Roles of the app that may create resources of Personalize, where no template says which.

Functions, notebooks and pipelines have such roles. IAM users and groups aren't looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from .._evaluation import calls, decision
from .._evaluation.calls import Call
from .._evaluation.elements import actions_of, principals_of, resources_of
from .._model.asked import Asked, OpenQuestion
from .._model.causes import Cause
from .._model.model import Role
from .._model.policy_documents import Policy, allow_statements, has_variables
from .._owners.aws_managed_policies import policies_of_aws_named
from .._owners.deployment import Deployment
from .._owners.policies_in_properties import policy_in
from .._owners.policy_owners import Owners
from .._shared.answers import Answer
from .._shared.values import HOLE, has_unknown, matches, of_any_partition, unknown
from .._templates import physical
from .._templates.choices import items_of
from .._templates.stacks import Resource
from ..matrix import DATASET_GROUP, PASS_ROLE, ROWS, SERVICE_PRINCIPAL

# SAM makes a role of its policies
# (https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html).
_SAM_FUNCTION = "AWS::Serverless::Function"


class _Passed(NamedTuple):
    """A role that may be passed to Personalize."""

    arn: str
    path: str
    """The name in reports; empty for a role known from requests only."""
    calls: set[str]
    """The calls of requests that use it."""


def undeclared(
    asked: Sequence[Asked], resources: Iterable[Resource], deployment: Deployment
) -> list[OpenQuestion]:
    """Return a question for each role that may create, and pass a role, without a request."""
    passed = _passed(asked, resources, deployment)
    questions: list[OpenQuestion] = []
    for resource in resources:
        with resource.stack.noting_errors():
            creator = _creator(resource, deployment)
            question = None if creator is None else _question(resource, creator, passed, deployment)
            if question is not None:
                questions.append(question)
    return questions


def _passed(
    asked: Sequence[Asked], resources: Iterable[Resource], deployment: Deployment
) -> list[_Passed]:
    """Return the roles Personalize may assume, and the roles of requests.

    Without a request and without such a role in the app, it may be any role outside of the app.
    """
    passed: dict[str, _Passed] = {}
    for resource in resources:
        with resource.stack.noting_errors():
            if _may_be_for_personalize(resource, deployment):
                arn = physical.role_arn(resource)
                passed[of_any_partition(arn)] = _Passed(arn, resource.path, set())
    if not passed:
        outside = _Passed(unknown("a role outside of the app"), "any role", set())
        return [] if asked else [outside]
    for request in asked:
        name = of_any_partition(request.role_arn)
        role = passed.setdefault(name, _Passed(request.role_arn, "", set()))
        role.calls.add(request.permissions.create_action)
    return list(passed.values())


def _may_be_for_personalize(resource: Resource, deployment: Deployment) -> bool:
    """Report whether a resource is a role that speaks of Personalize and may trust it."""
    template = resource.stack.template
    trust = str(resource.body.get("Properties", {}).get("AssumeRolePolicyDocument"))
    more = template.body.get("Mappings") if "Fn::FindInMap" in trust else resource.body
    if resource.type != physical.ROLE or "personalize" not in f"{trust}{more}".lower():
        return False
    personalize = calls.service(resource.stack.account, resource.stack.region)
    role = _role_of(resource, deployment)
    call = calls.assume_role(personalize, role)
    return decision.by_owner(call, role).answer is not Answer.NO


def _creator(resource: Resource, deployment: Deployment) -> Role | None:
    """Return the role of a template, or the role made by SAM, if code may call with it."""
    if resource.type == physical.ROLE:
        role = _role_of(resource, deployment)
        return None if _is_for_personalize_alone(role) else role
    if resource.type != _SAM_FUNCTION or resource.get("Role") is not None:
        return None
    identity: list[Policy] = []
    for document, _ in items_of(resource.get("Policies")):
        if isinstance(document, Mapping):
            identity.append(policy_in(document, resource, resource.path))
        elif isinstance(document, str):
            identity += policies_of_aws_named(document, resource.path)
    return Role(resource.arn("iam", resource.generated_id, region=False), identity=identity)


def _role_of(resource: Resource, deployment: Deployment) -> Role:
    arn, owners = physical.role_arn(resource), Owners(deployment)
    owners.add_role(arn)
    return owners.model.role(arn)


def _is_for_personalize_alone(role: Role) -> bool:
    for statement in allow_statements(role.trust):
        for name in principals_of(statement.body):
            if name != SERVICE_PRINCIPAL:
                return False
    return True


def _question(
    resource: Resource, creator: Role, passed: Sequence[_Passed], deployment: Deployment
) -> OpenQuestion | None:
    calls_by_action = _may_create(creator)
    if not calls_by_action:
        return None
    roles = _may_pass(creator, passed, resource.stack.region, deployment)
    # A request for one job says nothing of other jobs that are allowed by name.
    asked = set().union(*(role.calls for role in roles))
    actions = [action for action in calls_by_action if asked.isdisjoint(calls_by_action[action])]
    if not actions:
        # Nor does it say anything of other roles.
        actions = [*calls_by_action]
        all_calls = set().union(*calls_by_action.values())
        roles = [role for role in roles if role.calls.isdisjoint(all_calls)]
    roles = [role for role in roles if role.path]
    if not roles:
        return None
    paths = tuple(role.path for role in roles)
    return OpenQuestion(
        resource.path,
        "",
        resource.declared,
        tuple(role.arn for role in roles),
        cause=Cause.NOT_DECLARED,
        values=(("actions", tuple(actions)), ("roles", paths)),
    )


def _may_create(creator: Role) -> dict[str, set[str]]:
    """Return the calls with a role by each action; of dataset groups if there are no others."""
    created: dict[str, set[str]] = {}
    jobs: dict[str, set[str]] = {}
    for statement in allow_statements(creator.identity):
        for action in actions_of(statement.body, "personalize"):
            allowed = set() if action == "*" else calls_of(action)
            if allowed:
                created[action] = allowed
            if allowed - {DATASET_GROUP.create_action}:
                jobs[action] = allowed - {DATASET_GROUP.create_action}
    return jobs or created


def calls_of(action: str) -> set[str]:
    """Return the calls, of those with a role, allowed by an action of a policy."""
    allowed: set[str] = set()
    for row in ROWS:
        if matches(row.create_action.lower(), action.lower()) is Answer.YES:
            allowed.add(row.create_action)
    return allowed


def _may_pass(
    creator: Role, passed: Sequence[_Passed], region: str, deployment: Deployment
) -> list[_Passed]:
    """Return the roles that a creator may pass to Personalize.

    If its policies name roles, only roles with these names count. An unknown name may be any
    role's, unless another name is the name of a role for Personalize.
    """
    named = _roles_named(creator)
    is_open = any(_is_pattern(arn) for arn in named)
    if named.isdisjoint(of_any_partition(role.arn) for role in passed):
        is_open |= any(has_unknown(arn) and not deployment.find("roles", arn) for arn in named)
    roles: list[_Passed] = []
    for role in passed:
        if is_open or of_any_partition(role.arn) in named:
            call = Call(calls.role(creator, region), PASS_ROLE, role.arn, creator.account, region)
            may_pass = decision.role_by_iam(decision.of_role(creator, call)).answer
            if may_pass is not Answer.NO:
                roles.append(role)
    return roles


def _is_pattern(arn: str) -> bool:
    text = HOLE.sub("", arn)
    return "*" in text or "?" in text or has_variables(arn)


def _roles_named(creator: Role) -> set[str]:
    """Return the roles in statements about passing roles, without their partitions."""
    named: set[str] = set()
    for statement in allow_statements(creator.identity):
        for action in actions_of(statement.body, "iam"):
            if matches(PASS_ROLE.lower(), action.lower()) is not Answer.NO:
                for arn, _ in items_of(resources_of(statement.body)):
                    named.add(of_any_partition(str(arn)))
    return named
