"""Requests to Personalize to create something, made by a resource of a template or by a call of its API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import matrix
from .._access.model import OpenQuestion
from .._access.values import account_of, unknown
from .stacks import Resource

KINDS: Mapping[str, matrix.Permissions] = {f"create{row.noun.lower()}": row for row in matrix.ROWS}
"""The permissions that AWS's pages ask for, by the call of the API with its name in lower case."""


@dataclass(frozen=True)
class Request:
    """One call of Personalize's API, or a resource of a template for which CloudFormation makes the call."""

    resource: Resource
    """The resource of the template."""
    name: str
    """Where it is asked for, in words."""
    permissions: matrix.Permissions
    """The permissions that AWS's pages ask for it."""
    arguments: Any
    """Its arguments, the names in lower case, since SDKs and templates spell them differently; a hole where an
    execution chooses all of them."""
    at_deployment: bool
    """True if it happens while the stack is deployed, so that it has to wait for policies."""
    account: str = ""
    """The account in which the call is made, where it isn't that of the stack."""
    region: str = ""
    """The Region in which the call is made, where it isn't that of the stack."""
    in_express: bool = False
    """True if the execution that makes it, and waits for what it starts, is of type Express."""
    state: str = ""
    """The name of the state, if a state machine makes the call."""

    def text(self, *path: str) -> str | None:
        """Return an argument, or none; a hole for one that isn't known, or that each execution chooses."""
        found: Any = self.arguments
        for name in path:
            if not isinstance(found, Mapping):
                break
            if f"{name}.$" in found:
                return self._unknown(name, path, found[f"{name}.$"])
            found = found.get(name)
        if found is None or (isinstance(found, str) and not found.startswith("{%")):
            return found
        return self._unknown(path[-1], path, found)

    def _unknown(self, name: str, path: tuple[str, ...], found: Any) -> str:
        return unknown(f"{name} of {self.name}", self.resource.stack.name, self.resource.logical_id, path, found)

    @property
    def role_arn(self) -> str | None:
        """The role."""
        return self._argument(self.permissions.role_argument)

    @property
    def key_arn(self) -> str | None:
        """The key of a dataset group that is to be made."""
        return self.text("kmskeyarn")

    @property
    def source(self) -> tuple[str | None, str | None]:
        """The path of the input, and the key that it names."""
        return self._place(self.permissions.source)

    @property
    def destination(self) -> tuple[str | None, str | None]:
        """The path of the output, and the key that it names."""
        return self._place(self.permissions.destination)

    def _place(self, access: matrix.S3Access | None) -> tuple[str | None, str | None]:
        if access is None:
            return None, None
        return self._argument(access.path_argument), self._argument(access.key_argument)

    def _argument(self, name: str) -> str | None:
        return self.text(*name.lower().split(".")) if name else None


def of_sdk_call(resource: Resource, name: str, call: Any, *, at_deployment: bool) -> Request | None:
    """Return a call as the CDK's functions for calls of AWS's SDK are told of it: ``service``, ``action``…"""
    if not isinstance(call, Mapping) or "personalize" not in str(call.get("service")).lower():
        return None
    action = str(call.get("action")).lower().removesuffix("command")
    if action not in KINDS:
        return None
    assumed = call.get("assumedRoleArn")
    return Request(
        resource,
        name,
        KINDS[action],
        lower_case(call.get("parameters") or {}),
        at_deployment=at_deployment,
        account=account_of(str(assumed)) if assumed else "",
        region=str(call.get("region") or ""),
    )


def call_not_known(resource: Resource, name: str) -> OpenQuestion:
    """Return what is to be said of a call that can't be read."""
    because = "it calls Personalize, and what it asks for isn't known before deployment"
    return OpenQuestion(name, because, resource.declared)


def lower_case(value: Any) -> Any:
    """Return arguments with their names in lower case."""
    if isinstance(value, Mapping):
        return {str(name).lower(): lower_case(each) for name, each in value.items()}
    return [lower_case(each) for each in value] if isinstance(value, list) else value
