"""Roles with which functions, state machines and their tasks call Personalize."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._values import split_arn, unknown
from .stacks import Resource

# https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
_FUNCTIONS = ("AWS::Lambda::Function", "AWS::Serverless::Function")


def role_of_function(function: Any, beside: Resource) -> str:
    """Return the role of a function, by its ARN or its name, in a resource's stack; else a hole."""
    for stack in beside.stack.top.with_nested():
        for logical_id, body in stack.template.resources.items():
            if body.get("Type") not in _FUNCTIONS:
                continue
            if function in (stack.get_att(logical_id, "Arn"), stack.ref(logical_id)):
                return role_of(stack.resource(logical_id), "Role")
    return unknown(f"role of the function that {beside.path} tells")


def role_of(resource: Resource, property_name: str) -> str:
    """Return the role in a property; a hole for the role that SAM makes where there is none."""
    return resource.text(property_name) or unknown(f"role of {resource.path}")


def role_of_task(state: Mapping[str, Any], role_of_machine: str, name: str) -> str:
    """Return the role of a task: of its credentials (``ASSUMING_PAGE``), or of the machine."""
    credentials = state.get("Credentials")
    if not credentials:
        return role_of_machine
    arn = credentials.get("RoleArn") if isinstance(credentials, dict) else None
    is_known = isinstance(arn, str) and split_arn(arn) is not None
    return str(arn) if is_known else unknown(f"role of {name}")
