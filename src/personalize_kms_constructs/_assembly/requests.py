"""Requests to Personalize to create something, and who makes them.

A resource of a template or a call of Personalize's API is such a request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from .. import matrix
from .._access.causes import Cause, Reason
from .._access.model import OpenQuestion
from .._access.policy_documents import all_conditions, as_list
from .._answers import Answer
from .._values import MARK, has_unknown, split, split_arn, unknown
from .choices import Either, left_out_by
from .physical import alias_in
from .references import functions
from .stacks import Resource

S3_URI = "s3://"
# https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
_FUNCTIONS = ("AWS::Lambda::Function", "AWS::Serverless::Function")

KINDS: Mapping[str, matrix.Permissions] = {f"create{row.noun.lower()}": row for row in matrix.ROWS}
"""The permissions that AWS's pages ask for, by the call of the API with its name in lower case."""

# An integration of AWS's SDK.
_CALL = re.compile(rf"aws-sdk:personalize:(?:{'|'.join(KINDS)})\b")


class Request(NamedTuple):
    """A call of Personalize's API, by code or by CloudFormation for a resource of a template."""

    resource: Resource
    """The resource of the template."""
    name: str
    """Where it is asked for, in words."""
    permissions: matrix.Permissions
    """The permissions that AWS's pages ask for."""
    arguments: Any
    """Its arguments, the names in lower case, since SDKs and templates spell them differently.

    A hole where an execution chooses all of them.
    """
    at_deployment: bool
    """True if the deployment of the stack makes the request, so that it waits for policies."""
    account: str = ""
    """The account in which the call is made, where it isn't that of the stack."""
    describes: bool = False
    """True if the caller also asks for the status of the new resource."""
    state: str = ""
    """The name of the state, if a state machine makes the call."""
    caller: str = ""
    """The ARN or the name of the role that calls; empty where the template doesn't show it."""
    assumed_by: str = ""
    """The ARN or the name of the role that has to assume the caller; empty where none has to."""

    def text(self, *path: str) -> str | None:
        """Return an argument, or none; a hole where it isn't known before an execution."""
        value: Any = self.arguments
        for name in path:
            if not isinstance(value, dict):
                break
            if f"{name}.$" in value:
                return self._unknown(name, path, value[f"{name}.$"])
            value = value.get(name)
        if value is None or (isinstance(value, str) and not value.startswith("{%")):
            return value
        return self._unknown(path[-1], path, value)

    def _unknown(self, name: str, path: tuple[str, ...], value: Any) -> str:
        stack_name, logical_id = self.resource.stack.name, self.resource.logical_id
        return unknown(f"{name} of {self.name}", stack_name, logical_id, path, value)

    @property
    def role_arn(self) -> str | None:
        """The role."""
        return self._argument(self.permissions.role_argument)

    @property
    def key_arn(self) -> str | None:
        """The key of a dataset group that is to be made."""
        return self.text("kmskeyarn")

    @property
    def made_for(self) -> str:
        """The ARN of its dataset group, dataset or solution version; a hole if none is given."""
        parent = self.text("datasetgrouparn") or self._argument(self.permissions.made_for)
        return parent or unknown(f"{self.permissions.made_for} of {self.name}")

    @property
    def environment(self) -> tuple[str, str]:
        """The account and the Region in which the call is made."""
        template = self.resource.stack.template
        return self.account or template.account, template.region

    def calls_on(self, job_name: str, made_for: str) -> tuple[str, ...]:
        """Return the ARNs that the caller needs the API's action on.

        Where they are known, the pattern of the job's names and the ARN of its parent say more than
        the arguments.
        """
        made_for = made_for or self.made_for
        row = self.permissions
        account, region = self.environment
        start = f"arn:{self.resource.stack.partition}:personalize:{region}:{account}"
        name_argument = "jobname" if row.is_job else "name"
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
        """The actions that the caller needs on the new resource, besides creating it."""
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
            path, key = self._argument(access.path_argument), self._argument(access.key_argument)
            paths[side] = (path, key)
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

    def refused(self) -> list[tuple[Reason, str]]:
        """Return the problems that role, key and paths alone show, each with the page.

        With these problems the check couldn't know the permissions to ask for. Whatever else
        Personalize refuses is left to Personalize.
        """
        role, key = self.role_arn, self.key_arn
        if role is None and not self.is_of_group:
            return [(Reason.of(Cause.NO_ROLE), matrix.KMS_PAGE)]
        if role is None:
            return [] if key is None else [(Reason.of(Cause.KEY_WITHOUT_ROLE), matrix.KMS_PAGE)]
        if self.is_of_group and key is None:
            return [(Reason.of(Cause.ROLE_WITHOUT_KEY), matrix.KMS_PAGE)]
        refused: list[tuple[Reason, str]] = []
        arns: list[tuple[str, str, str | None]] = [("its role", "role", role)]
        if self.is_of_group:
            arns.append(("the dataset group's key", "key", key))
        for side, (path, key_of_side) in self.paths.items():
            arns.append((f"the key of its {side}", "key", key_of_side))
            if path is not None and not path.startswith((S3_URI, "${")):
                reason = Reason.of(Cause.NO_S3_URI, what=side, given=repr(path))
                refused.append((reason, self.permissions.page))
        for subject, kind, arn in arns:
            if arn is not None and _is_no_arn(arn, kind):
                reason = Reason.of(Cause.NO_ARN, what=subject, given=arn, kind=kind)
                refused.append((reason, matrix.KMS_PAGE))
        return refused

    def _argument(self, name: str) -> str | None:
        return self.text(*name.lower().split(".")) if name else None


def _sides(row: matrix.Permissions) -> list[tuple[str, matrix.S3Access]]:
    """Return the access to ``source`` and ``destination``, where a request has them."""
    sides: list[tuple[str, matrix.S3Access]] = []
    for side, access in (("source", row.source), ("destination", row.destination)):
        if access is not None:
            sides.append((side, access))
    return sides


def _is_no_arn(text: str, kind: str) -> bool:
    """Report whether a key or a role isn't named by its ARN, the only name Personalize takes."""
    parts = split_arn(text)
    if parts is None or MARK in text:
        return not has_unknown(text)
    return kind == "key" and alias_in(text) != ""


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


def call_not_known(resource: Resource, name: str) -> OpenQuestion:
    """Return the question for a call that can't be read."""
    reason = "it calls Personalize, and what it asks for isn't known before deployment"
    return OpenQuestion(name, reason, resource.declared)


def may_call_otherwise(resource: Resource, number_read: int) -> bool:
    """Report whether a condition of the template chooses a call that wasn't read."""
    properties = resource.body.get("Properties")
    text = json.dumps(properties).lower()
    if '"fn::if"' not in text or "personalize" not in text:
        return False
    if len(_CALL.findall(text)) <= number_read:
        return False
    for function, argument in functions(properties):
        if function == "Fn::If":
            for condition in as_list(argument)[:1]:
                if resource.stack.condition(str(condition)) is Answer.MAYBE:
                    return True
    return False


def lower_case(value: Any) -> Any:
    """Return arguments with their names in lower case."""
    if isinstance(value, dict):
        return {str(name).lower(): lower_case(item) for name, item in value.items()}
    return [lower_case(item) for item in value] if isinstance(value, list) else value
