"""Requests to Personalize to create something, and who makes them.

A resource of a template or a call of Personalize's API is such a request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .. import matrix
from .._model.policy_documents import all_conditions
from .._model.requests import OpenQuestion
from .._shared.values import split, split_arn, unknown
from .._templates.choices import Either, left_out_by
from .._templates.stacks import Resource

KINDS: Mapping[str, matrix.Permissions] = {f"create{row.noun.lower()}": row for row in matrix.ROWS}
"""The permissions required by AWS's pages, by the call of the API with its name in lower case."""


class TemplateRequest(NamedTuple):
    """A call of Personalize's API, by code or by CloudFormation for a resource of a template."""

    resource: Resource
    """The resource of the template."""
    name: str
    """Where it is asked for, in words."""
    permissions: matrix.Permissions
    """The permissions required by AWS's pages."""
    arguments: Any
    """Its arguments, the names in lower case, since SDKs and templates spell them differently.

    A hole where an execution chooses all of them.
    """
    at_deployment: bool
    """True if the deployment of the stack makes the request, and has to wait for policies."""
    account: str = ""
    """The account in which the call is made, where it isn't the stack's."""
    describes: bool = False
    """True if the caller also asks for the status of the new resource."""
    state: str = ""
    """The name of the state, if a state machine makes the call."""
    caller: str = ""
    """The ARN or the name of the caller's role; empty where the template doesn't show it."""
    is_express: bool = False
    """True if an Express execution makes the call."""

    def text(self, argument: str) -> str | None:
        """Return an argument, or none; a hole where it isn't known before an execution."""
        value: Any = self.arguments if argument else None
        for name in argument.lower().split("."):
            if not isinstance(value, dict):
                break
            # In a list it is no known string.
            value = [value[f"{name}.$"]] if f"{name}.$" in value else value.get(name)
        if value is None or (isinstance(value, str) and not value.startswith("{%")):
            return value
        name, stack_name = argument.rpartition(".")[2], self.resource.stack.name
        of_resource = (stack_name, self.resource.logical_id)
        return unknown(f"{name} of {self.name}", *of_resource, argument, value)

    @property
    def role_arn(self) -> str | None:
        return self.text(self.permissions.role_argument)

    @property
    def key_arn(self) -> str | None:
        """The key of a dataset group to be made."""
        return self.text("KmsKeyArn")

    @property
    def made_for(self) -> str:
        """The ARN of its dataset group, dataset or solution version; a hole if none is given."""
        parent = self.text("DatasetGroupArn") or self.text(self.permissions.made_for)
        return parent or unknown(f"{self.permissions.made_for} of {self.name}")

    @property
    def environment(self) -> tuple[str, str]:
        stack = self.resource.stack
        return self.account or stack.account, stack.region

    def calls_on(self, job_name: str, made_for: str) -> tuple[str, ...]:
        """Return the ARNs on which the caller needs the API's action.

        Where they are known, the pattern of the job's names and the ARN of its parent say more than
        the arguments.
        """
        made_for = made_for or self.made_for
        row = self.permissions
        account, region = self.environment
        start = f"arn:{self.resource.stack.partition}:personalize:{region}:{account}"
        name_argument = "JobName" if row.is_job else "Name"
        name = job_name or self.text(name_argument) or unknown(f"name of {self.name}")
        arn = f"{start}:{row.arn_type}/{name}"
        if not row.parent:
            return (arn,)
        if split_arn(made_for) is None:
            return f"{start}:{row.parent}/{made_for}", arn
        if row.parent == "solution":
            # A solution version's ARN begins with the solution's, and has the solution's type.
            return "/".join(split(made_for, "/")[:2]), made_for, arn
        return made_for, arn

    @property
    def also_calls(self) -> tuple[str, ...]:
        actions: list[str] = []
        if self.describes:
            actions.append(self.permissions.describe_action)
        tags = self.arguments.get("tags") if isinstance(self.arguments, dict) else None
        if isinstance(tags, list) and tags:
            actions.append(matrix.TAG)
        return tuple(actions)

    @property
    def is_of_group(self) -> bool:
        """True if a dataset group is to be made, which may have neither a role nor a key."""
        return self.permissions.resource == "dataset group"

    @property
    def paths(self) -> dict[str, tuple[str | None, str | None]]:
        """The paths of ``source`` and ``destination``, where it has them, each with its key."""
        paths: dict[str, tuple[str | None, str | None]] = {}
        for side, access in _sides(self.permissions):
            paths[side] = self.text(access.path_argument), self.text(access.key_argument)
        return paths

    @property
    def chosen_by(self) -> str:
        """The conditions that may leave out a role, a key or a path, or that choose all of it."""
        names = [self.permissions.role_argument]
        if self.is_of_group:
            names.append("KmsKeyArn")
        for _, access in _sides(self.permissions):
            names += [access.path_argument, access.key_argument]
        return all_conditions(*(self._chosen_by(name) for name in names if name))

    def _chosen_by(self, name: str) -> str:
        value: Any = self.arguments
        for part in name.lower().split("."):
            if isinstance(value, Either):
                return value.condition
            value = value.get(part) if isinstance(value, dict) else None
        return left_out_by(value)


def _sides(row: matrix.Permissions) -> Iterator[tuple[str, matrix.S3Access]]:
    for side, access in (("source", row.source), ("destination", row.destination)):
        if access is not None:
            yield side, access


def call_not_known(resource: Resource, name: str) -> OpenQuestion:
    reason = "it calls Personalize, and what it asks for isn't known before deployment"
    return OpenQuestion(name, reason, resource.declared)


def lower_case(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name).lower(): lower_case(item) for name, item in value.items()}
    return [lower_case(item) for item in value] if isinstance(value, list) else value
