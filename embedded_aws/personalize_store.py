"""The resources that Personalize holds, by ARN, and the forms of requests.

Requests and descriptions have the field names of the API.
"""

from __future__ import annotations

import re
import time
from typing import Any

from embedded_aws import deployed
from embedded_aws.errors import RefusedError, invalid_input

Fields = dict[str, Any]

ROLE_ARN = re.compile(r"arn:([a-z\d-]+):iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+")
NAME = re.compile(r"^[a-zA-Z0-9][a-zA-Z0-9\-_]{0,62}")

_resources: dict[str, Fields] = {}
_tags: dict[str, list[Fields]] = {}


def clear() -> None:
    """Forget everything."""
    _resources.clear()
    _tags.clear()


def put(arn: str, arn_field: str, request: Fields) -> str:
    """Keep a new resource with the fields of its request, and its tags."""
    now = time.time()
    resource = {arn_field: arn, "creationDateTime": now, "lastUpdatedDateTime": now}
    resource.update({field: value for field, value in request.items() if field != "tags"})
    _resources[arn] = {**resource, "status": "ACTIVE"}
    _tags[arn] = list(request.get("tags") or [])
    return arn


def describe(arn: str) -> Fields:
    """The resource of that ARN, not a copy of it."""
    if arn not in _resources:
        raise RefusedError("ResourceNotFoundException", f"Resource Arn {arn} does not exist.")
    return _resources[arn]


def listing(arn_type: str, **equal: str | None) -> list[Fields]:
    """Every resource of a type in the caller's account and Region with these fields but None."""
    start = arn_of(arn_type, "")
    wanted = {field: value for field, value in equal.items() if value is not None}
    resources = [resource for arn, resource in list(_resources.items()) if arn.startswith(start)]
    for field, value in wanted.items():
        resources = [resource for resource in resources if resource.get(field) == value]
    return resources


def tags_of(arn: str) -> list[Fields]:
    """The tags a resource was created with."""
    describe(arn)
    return _tags[arn]


def delete(arn: str) -> None:
    """Delete a resource nothing else refers to, but for its jobs and versions, which go with it.

    Not while one of them is at work (PDG API_DeleteDataset, API_DeleteSolution).
    """
    describe(arn)
    dependents = []
    for other, resource in list(_resources.items()):
        if other == arn or arn not in resource.values():
            continue
        dependents.append(other)
        at_work = str(resource.get("status")).endswith(("PENDING", "PROGRESS"))
        if at_work or ("-job/" not in other and not other.startswith(f"{arn}/")):
            raise RefusedError("ResourceInUseException", f"Resource {arn} is in use by {other}")
    for name in (arn, *dependents):
        del _resources[name]


def arn_of(arn_type: str, name: str) -> str:
    """An ARN in the caller's account and Region."""
    region, account = deployed.caller_region(), deployed.caller_account()
    return f"arn:aws:personalize:{region}:{account}:{arn_type}/{name}"


def new_arn(arn_type: str, name: str) -> str:
    """The ARN of something that must not be there yet."""
    arn = arn_of(arn_type, name)
    if arn in _resources:
        why = f"Another resource with Arn {arn} already exists."
        raise RefusedError("ResourceAlreadyExistsException", why)
    return arn


def required(fields: Fields, name: str) -> Any:
    """A field that has to be there."""
    value = fields.get(name)
    if value is None or value == "":
        raise invalid_input(
            f"Value null at '{name}' failed to satisfy constraint: Member must not be null"
        )
    return value


def name_in(request: Fields, field: str = "name") -> str:
    """A name in the form that Personalize takes."""
    return _matching(NAME, field, required(request, field))


def role_in(fields: Fields) -> str:
    """A role's ARN in the form that Personalize takes."""
    return _matching(ROLE_ARN, "roleArn", required(fields, "roleArn"))


def _matching(pattern: re.Pattern[str], field: str, value: str) -> str:
    if not pattern.fullmatch(value):
        raise invalid_input(
            f"Value '{value}' at '{field}' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {pattern.pattern}"
        )
    return value
