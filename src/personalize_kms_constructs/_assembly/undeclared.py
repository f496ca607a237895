"""Roles of the app that may create resources of Personalize, where nothing says which."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from .._access import decision
from .._access.answers import Answer
from .._access.calls import Call, role, service
from .._access.causes import Cause
from .._access.model import AccessModel, OpenQuestion, Role
from .._access.values import matches
from .._access.written import actions_of, allow_statements, has_variables, resources_of
from ..matrix import PASS_ROLE, ROWS
from . import physical
from .deployment import Deployment
from .physical import of_any_partition
from .stacks import Resource
from .templates import Unread, noted


def undeclared(
    model: AccessModel, resources: Iterable[Resource], deployment: Deployment, unread: list[Unread]
) -> Iterator[OpenQuestion]:
    """Yield each role that may pass a role to Personalize for which nothing is asked.

    Args:
        model: what is asked.
        resources: the resources of the templates.
        deployment: the same, by what refers to them.
        unread: takes what can't be read.
    """
    asked_for = {each.role_arn for each in model.asked}
    roles = [each for each in resources if each.type == physical.ROLE]
    read, passed = AccessModel(), {}
    for resource in roles:
        with noted(unread, resource.stack.template):
            arn = physical.role_arn(resource)
            if arn not in asked_for and "personalize" in json.dumps(resource.body).lower():
                deployment.add_role(read, arn)
                if _trusts_personalize(read.role(arn), resource):
                    passed[of_any_partition(arn)] = arn, resource.path
    for resource in roles if passed else ():
        with noted(unread, resource.stack.template):
            arn = physical.role_arn(resource)
            deployment.add_role(read, arn)
            caller, region = read.role(arn), resource.stack.template.region
            named = _named_to_pass(caller) if _may_create(caller) else frozenset()
            # Most roles name the one that they pass, so that the others needn't be judged.
            meant = passed if any(map(_may_be_another, named)) else set(map(of_any_partition, named))
            names = [path for name, (arn, path) in passed.items() if name in meant and _may_pass(caller, arn, region)]
            if names:
                yield OpenQuestion(resource.path, ", ".join(names), resource.declared, cause=Cause.NOT_DECLARED)


def _trusts_personalize(passed: Role, resource: Resource) -> bool:
    template = resource.stack.template
    return decision.trust(service(template.account, template.region), passed).answer is not Answer.NO


def _may_create(caller: Role) -> bool:
    """Report whether a statement of a role names the creation of something that takes a role."""
    written = [actions_of(each.body, "personalize") for each in allow_statements(caller.identity)]
    named = {action.lower() for actions in written for action in actions if action != "*"}
    return any(matches(row.create_action.lower(), each) is Answer.YES for row in ROWS for each in named)


def _named_to_pass(caller: Role) -> frozenset[str]:
    """Return the resources of the statements that may allow a role to pass roles."""
    written = [resources_of(each.body) for each in allow_statements(caller.identity) if each.may_be_about(PASS_ROLE)]
    return frozenset(resource for resources in written for resource in resources)


def _may_be_another(resource: str) -> bool:
    """Report whether a resource may be one with another name: by a wildcard, a variable, or what isn't known of it."""
    return bool(set("*?") & set(resource)) or has_variables(resource)


def _may_pass(caller: Role, arn: str, region: str) -> bool:
    call = Call(role(caller, region), PASS_ROLE, arn, caller.account, region)
    return decision.role_by_iam(call, caller).answer is Answer.YES
