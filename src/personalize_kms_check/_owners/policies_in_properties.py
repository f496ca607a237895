"""Policies in the properties of resources, and managed policies from outside."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from .._model.hints import how_to_tell
from .._model.policy_documents import Policy, Position, all_conditions
from .._shared.values import account_of, last_part, open_parts
from .._templates.choices import Either, Item, items_of
from .._templates.files import AssemblyError
from .._templates.physical import MANAGED_POLICY
from .._templates.stacks import Resource
from .aws_managed_policies import policy_of_aws

IDENTITY_POLICIES = ("AWS::IAM::Policy", MANAGED_POLICY, "AWS::IAM::RolePolicy")
"""The types of IAM policies that name their roles."""

_OF_OWNERS = {"KeyPolicy": "key policy of", "AssumeRolePolicyDocument": "trust policy of"}
_DENYING = re.compile(r"Deny|Quarantine")


def policy_of(resource: Resource, property_name: str, condition: str = "") -> Policy:
    """A key or role always has its own; any other depends on its resource's conditions too."""
    inline = ""
    if resource.type in IDENTITY_POLICIES and resource.type != MANAGED_POLICY:
        inline = resource.text("PolicyName") or resource.unknown("PolicyName")
    kind = _OF_OWNERS.get(property_name)
    if kind is None:
        kind, condition = "policy", all_conditions(condition, resource.condition)
    else:
        condition = ""
    document = resource.get(property_name)
    name = f"{kind} {resource.path}"
    return policy_in(document, resource, name, condition=condition, inline=inline)


def inline_policies_of(role: Resource) -> list[Policy]:
    policies: list[Policy] = []
    for item, position in items_of(role.get("Policies") or []):
        document, policy_name = item, ""
        if isinstance(item, dict):
            document = item.get("PolicyDocument")
            if isinstance(item.get("PolicyName"), str):
                policy_name = item["PolicyName"]
        name = f"inline policy {policy_name} of {role.path}"
        if not policy_name:
            name = f"inline policy of {role.path}"
        inline = policy_name or role.unknown(f"Policies {position.number}")
        condition = position.condition
        policy = policy_in(document, role, name, condition=condition, inline=inline)
        policies.append(policy)
    return policies


def policy_in(
    value: Any, resource: Resource, name: str, *, condition: str = "", inline: str = ""
) -> Policy:
    """Return a policy, with its statements under all conditions."""
    choices = items_of(value) if isinstance(value, Either) else [Item(value, Position(1))]
    document: Any = None
    bodies: list[Any] = []
    positions: list[Position] = []
    for choice, of_choice in choices:
        document = _document(choice, resource)
        statements = document.get("Statement", []) if isinstance(document, dict) else document
        for body, position in items_of(statements, of_choice.condition):
            bodies.append(body)
            positions.append(position)
    if not any(position.condition for position in positions):
        return Policy(document, name, resource.declared, condition, inline=inline)
    elements = document if isinstance(document, dict) else {}
    document = {**elements, "Statement": bodies}
    return Policy(document, name, resource.declared, condition, tuple(positions), inline)


def _document(value: Any, resource: Resource) -> Any:
    """Return a policy document, which a template may have as JSON; other text stays unknown."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        with suppress(AssemblyError):
            return resource.parsed(value, "a policy")
    return value


def policy_from_outside(arn: Any, role: Resource, condition: str = "") -> Policy | None:
    """Return a managed policy from outside of the templates: AWS's own, or given by the user."""
    of_aws = policy_of_aws(str(arn), role.path, declared=role.declared, condition=condition)
    name = last_part(str(arn))
    document = role.stack.app.documents.get(name)
    if of_aws is not None or document is None:
        return of_aws
    name = f"managed policy {name} of {role.path}"
    return Policy(document, name, condition=condition, is_given=True)


def may_deny(managed_policy_arn: str) -> bool:
    """Tell if a policy outside of the app may deny a need of Personalize.

    AWS's own policies that deny keys and objects say so in their names, for example AWSDenyAll and
    AWSCompromisedKeyQuarantineV3.

    https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
    """
    return account_of(managed_policy_arn) != "aws" or bool(_DENYING.search(managed_policy_arn))


def not_of_the_app(managed_policy_arns: Iterable[str]) -> str:
    """Return the reason why managed policies can't be seen."""
    reasons: list[str] = []
    for arn in managed_policy_arns:
        if isinstance(arn, Either):
            reasons.append(f"which managed policy it has depends on the condition {arn.condition}")
            continue
        name = last_part(arn)
        how = how_to_tell(tuple(open_parts(name))) or f"pass it with --policy {name}=FILE"
        reasons.append(f"managed policy {arn} isn't part of the app ({how})")
    return all_reasons(*reasons)


def all_reasons(*reasons: str) -> str:
    return "; ".join(filter(None, reasons))
