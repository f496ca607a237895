"""Requests to Personalize to create something, by a resource of a template or a call of its API, and who makes them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
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

# Of an integration of AWS's SDK.
_CALL = re.compile(rf"aws-sdk:personalize:(?:{'|'.join(KINDS)})\b")


class Request(NamedTuple):
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
    describes: bool = False
    """True if the caller also asks for the status of what it creates."""
    state: str = ""
    """The name of the state, if a state machine makes the call."""
    caller: str = ""
    """The ARN or the name of the role that makes the call; empty where the template doesn't show it."""
    assumed_by: str = ""
    """The same of the role that has to assume it; empty where none has to."""

    def text(self, *path: str) -> str | None:
        """Return an argument, or none; a hole for one that isn't known, or that each execution chooses."""
        found: Any = self.arguments
        for name in path:
            if not isinstance(found, dict):
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
    def made_for(self) -> str:
        """The ARN of its dataset group, dataset or solution version; a hole if none is given."""
        given = self.text("datasetgrouparn") or self._argument(self.permissions.made_for)
        return given or unknown(f"{self.permissions.made_for} of {self.name}")

    @property
    def environment(self) -> tuple[str, str]:
        """The account and the Region in which the call is made."""
        template = self.resource.stack.template
        return self.account or template.account, template.region

    def calls_on(self, job_name: str, made_for: str) -> tuple[str, ...]:
        """Return the ARNs that the caller needs the API's action on.

        The names that a job may have, as a pattern, and what it is made for say more than the arguments, where known.
        """
        made_for = made_for or self.made_for
        row, (account, region) = self.permissions, self.environment
        here = f"arn:{self.resource.stack.partition}:personalize:{region}:{account}"
        name_argument = "jobname" if row.is_job else "name"
        name = job_name or self.text(name_argument) or unknown(f"name of {self.name}")
        made = f"{here}:{row.arn_type}/{name}"
        if not row.parents:
            return (made,)
        (parent,) = row.parents
        if split_arn(made_for) is None:
            return f"{here}:{parent}/{made_for}", made
        # A solution version is of the solution's type.
        solution = "/".join(split(made_for, "/")[:2])
        return (*([solution] if parent == "solution" else []), made_for, made)

    @property
    def also_calls(self) -> tuple[str, ...]:
        """The actions that the caller needs on what is made, besides making it."""
        tags = self.arguments.get("tags") if isinstance(self.arguments, dict) else None
        describing = (self.permissions.describe_action,) if self.describes else ()
        return (*describing, matrix.TAG) if isinstance(tags, list) and tags else describing

    @property
    def is_of_group(self) -> bool:
        """True if a dataset group is to be made, which may have neither a role nor a key."""
        return self.permissions.resource == "dataset group"

    @property
    def places(self) -> dict[str, tuple[str | None, str | None]]:
        """The paths of ``source`` and ``destination``, where it has them, each with the key that it names."""
        row = self.permissions
        return {
            name: (self._argument(access.path_argument), self._argument(access.key_argument))
            for name, access in (("source", row.source), ("destination", row.destination))
            if access is not None
        }

    @property
    def chosen_by(self) -> str:
        """The conditions that may leave out a role, a key or a place, or that choose all of it, in words."""
        row = self.permissions
        names = [row.role_argument, "KmsKeyArn" if self.is_of_group else ""]
        for access in (row.source, row.destination):
            names += [] if access is None else [access.path_argument, access.key_argument]
        return all_conditions(*(self._chosen_by(name) for name in names if name))

    def _chosen_by(self, name: str) -> str:
        found: Any = self.arguments
        for part in name.lower().split("."):
            if isinstance(found, Either):
                return found.condition
            found = found.get(part) if isinstance(found, dict) else None
        return left_out_by(found)

    def refused(self) -> Iterator[tuple[Reason, str]]:
        """Yield what is wrong with the role, the key and the places, as far as they alone say it, with AWS's pages.

        It couldn't be told otherwise what has to be allowed. What else Personalize refuses is left to it.
        """
        role, key = self.role_arn, self.key_arn
        if role is None:
            if not self.is_of_group:
                yield Reason.of(Cause.NO_ROLE), matrix.KMS_PAGE
            elif key is not None:
                yield Reason.of(Cause.KEY_WITHOUT_ROLE), matrix.KMS_PAGE
            return
        if self.is_of_group and key is None:
            yield Reason.of(Cause.ROLE_WITHOUT_KEY), matrix.KMS_PAGE
            return
        names: list[tuple[str, str, str | None]] = [("its role", "role", role)]
        if self.is_of_group:
            names.append(("the dataset group's key", "key", key))
        for what, (path, key_of_place) in self.places.items():
            names.append((f"the key of its {what}", "key", key_of_place))
            if path is not None and not path.startswith((S3_URI, "${")):
                yield Reason.of(Cause.NO_S3_URI, what=what, given=repr(path)), self.permissions.page
        for what, kind, given in names:
            if given is not None and _is_no_arn(given, kind):
                yield Reason.of(Cause.NO_ARN, what=what, given=given, kind=kind), matrix.KMS_PAGE

    def _argument(self, name: str) -> str | None:
        return self.text(*name.lower().split(".")) if name else None


def _is_no_arn(given: str, kind: str) -> bool:
    """Tell if a key or a role is named by something else than its ARN, which is all that Personalize takes."""
    parts = split_arn(given)
    if parts is None or MARK in given:
        return not has_unknown(given)
    return kind == "key" and alias_in(given) != ""


def role_of_function(function: Any, beside: Resource) -> str:
    """Return the role of a function, by its ARN or its name, that is in a stack with a resource; else a hole."""
    for stack in beside.stack.top.with_nested():
        for logical_id, body in stack.template.resources.items():
            is_function = body.get("Type") in _FUNCTIONS
            if is_function and function in (stack.get_att(logical_id, "Arn"), stack.ref(logical_id)):
                return role_of(stack.resource(logical_id), "Role")
    return unknown(f"role of the function that {beside.path} tells")


def role_of(resource: Resource, property_name: str) -> str:
    """Return the role in a property; a hole for the one that SAM makes where there is none."""
    return resource.text(property_name) or unknown(f"role of {resource.path}")


def role_of_task(state: Mapping[str, Any], role_of_machine: str, place: str) -> str:
    """Return the role by which a task calls: that of its credentials (``ASSUMING_PAGE``), or of the state machine."""
    credentials = state.get("Credentials")
    if not credentials:
        return role_of_machine
    arn = credentials.get("RoleArn") if isinstance(credentials, dict) else None
    is_known = isinstance(arn, str) and split_arn(arn) is not None
    return str(arn) if is_known else unknown(f"role of {place}")


def call_not_known(resource: Resource, name: str) -> OpenQuestion:
    """Return what is to be said of a call that can't be read."""
    because = "it calls Personalize, and what it asks for isn't known before deployment"
    return OpenQuestion(name, because, resource.declared)


def may_call_otherwise(resource: Resource, found: int) -> bool:
    """Report whether a condition of the template chooses a call, so that not all calls of a resource were found."""
    properties = resource.body.get("Properties")
    said = json.dumps(properties).lower()
    if '"fn::if"' not in said or "personalize" not in said or len(_CALL.findall(said)) <= found:
        return False
    conditions = (as_list(argument)[:1] for function, argument in functions(properties) if function == "Fn::If")
    return any(resource.stack.condition(str(name)) is Answer.MAYBE for condition in conditions for name in condition)


def lower_case(value: Any) -> Any:
    """Return arguments with their names in lower case."""
    if isinstance(value, dict):
        return {str(name).lower(): lower_case(each) for name, each in value.items()}
    return [lower_case(each) for each in value] if isinstance(value, list) else value
