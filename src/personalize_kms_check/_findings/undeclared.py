"""Roles of the app that may create resources of Personalize, where no template says which.

Functions, notebooks and pipelines have such roles. IAM users and groups aren't looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from .._evaluation import calls, decision
from .._evaluation.elements import actions_of, calls_of, principals_of, resources_of
from .._model.causes import Cause
from .._model.model import AccessModel, Role, TemplateRole
from .._model.policy_documents import allow_statements, has_variables
from .._model.requests import OpenQuestion
from .._shared.answers import Answer
from .._shared.values import HOLE, has_unknown, matches, of_any_partition, unknown
from .._templates.choices import items_of
from ..matrix import DATASET_GROUP, PASS_ROLE, SERVICE_PRINCIPAL


class _PassableRole(NamedTuple):
    """A role that may be passed to Personalize."""

    arn: str
    path: str
    """The name in reports; empty for a role known from requests only."""
    calls: set[str]
    """The calls of requests that use it."""


def with_undeclared(model: AccessModel) -> AccessModel:
    """Return a model with a question for each role that may create, and pass a role, unasked."""
    passable = _passable_roles(model)
    questions = [*model.open_questions]
    for creator in model.template_roles:
        if not _is_for_personalize_alone(creator.role):
            questions += _questions(creator, passable, model)
    return replace(model, open_questions=questions)


def _passable_roles(model: AccessModel) -> list[_PassableRole]:
    """Return the roles Personalize may assume, and the roles of requests.

    Without a request and without such a role in the app, it may be any role outside of the app.
    """
    passable: dict[str, _PassableRole] = {}
    for resource in model.template_roles:
        role = resource.role
        if not resource.names_personalize:
            continue
        call = calls.assume_role(calls.service(role.account, resource.region), role)
        if decision.by_owner(call, role).answer is not Answer.NO:
            name = of_any_partition(role.arn)
            passable[name] = _PassableRole(role.arn, resource.declared.path, set())
    if not passable:
        outside = _PassableRole(unknown("a role outside of the app"), "any role", set())
        return [] if model.requests else [outside]
    for request in model.requests:
        name = of_any_partition(request.role_arn)
        of_request = passable.setdefault(name, _PassableRole(request.role_arn, "", set()))
        of_request.calls.add(request.permissions.create_action)
    return list(passable.values())


def _is_for_personalize_alone(role: Role) -> bool:
    """Tell if no code has it; a role that SAM makes is a function's, without a policy."""
    for statement in allow_statements(role.trust):
        for name in principals_of(statement.body):
            if name != SERVICE_PRINCIPAL:
                return False
    return bool(role.trust)


def _questions(
    creator: TemplateRole, passable: Sequence[_PassableRole], model: AccessModel
) -> list[OpenQuestion]:
    calls_by_action = _may_create(creator.role)
    if not calls_by_action:
        return []
    roles = _may_pass(creator, passable, model)
    # A request for one job says nothing of other jobs that are allowed by name.
    known = set().union(*(role.calls for role in roles))
    actions = [action for action in calls_by_action if known.isdisjoint(calls_by_action[action])]
    if not actions:
        # Nor does it say anything of other roles.
        actions = [*calls_by_action]
        all_calls = set().union(*calls_by_action.values())
        roles = [role for role in roles if role.calls.isdisjoint(all_calls)]
    roles = [role for role in roles if role.path]
    if not roles:
        return []
    paths = tuple(role.path for role in roles)
    question = OpenQuestion(
        creator.declared.path,
        "",
        creator.declared,
        tuple(role.arn for role in roles),
        cause=Cause.NOT_DECLARED,
        values=(("actions", tuple(actions)), ("roles", paths)),
    )
    return [question]


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


def _may_pass(
    creator: TemplateRole, passable: Sequence[_PassableRole], model: AccessModel
) -> list[_PassableRole]:
    """Return the roles that a creator may pass to Personalize.

    If its policies name roles, only roles with these names count. An unknown name may be any
    role's, unless another name is the name of a role for Personalize.
    """
    named = _roles_named(creator.role)
    is_open = any(_is_pattern(arn) for arn in named)
    if named.isdisjoint(of_any_partition(role.arn) for role in passable):
        is_open |= any(has_unknown(arn) and arn not in model.role_arns for arn in named)
    caller = calls.role(creator.role, creator.region)
    roles: list[_PassableRole] = []
    for role in passable:
        if is_open or of_any_partition(role.arn) in named:
            call = calls.call_on(None, caller, PASS_ROLE, role.arn)
            if decision.role_by_iam(call, creator.role).answer is not Answer.NO:
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
