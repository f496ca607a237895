"""The dataset groups of an assembly, which jobs and metric attributions belong to."""

from __future__ import annotations

from collections.abc import Iterable

from .._model.causes import Cause
from .._model.declarations import Declaration
from .._model.requests import OpenQuestion
from .._owners.deployment import Deployment
from .._shared.values import split, unknown
from .._templates import physical
from .._templates.physical import alias_in, nearest
from .._templates.stacks import Resource, Stack

_MEMBERS = {physical.DATASET: physical.dataset_arn, physical.SOLUTION: physical.arn_by_name}


class DatasetGroups:
    """Dataset groups, with their datasets and solutions, by ARNs and references."""

    def __init__(self, resources: Iterable[Resource], deployment: Deployment) -> None:
        self._deployment = deployment
        self.without_key: list[Resource] = []
        """The dataset groups that Personalize encrypts with a key of its own."""
        self._groups: dict[str, list[Resource]] = {}
        self._members: dict[str, list[Resource]] = {}
        for resource in resources:
            if resource.type == physical.DATASET_GROUP:
                with resource.stack.noting_errors():
                    for name in (
                        physical.arn_by_name(resource),
                        physical.attribute(resource, physical.REF),
                    ):
                        self._groups.setdefault(name, []).append(resource)
                    if resource.get("KmsKeyArn") is None and resource.get("RoleArn") is None:
                        self.without_key.append(resource)
            elif resource.type in _MEMBERS:
                with resource.stack.noting_errors():
                    arn = _MEMBERS[resource.type](resource)
                    self._members.setdefault(arn, []).append(resource)

    def of(self, made_for: str, beside: Stack) -> Resource | None:
        """Return the group of a dataset, a solution or its version; none outside of the app."""
        start, *names = split(made_for, "/")
        # The ARN of a solution version begins with that of its solution.
        members = self._members.get(made_for) or self._members.get("/".join([start, *names[:1]]))
        if members:
            group = nearest(members, beside).text("DatasetGroupArn")
        elif names and start.endswith(":dataset"):
            # The ARN of a dataset has the name of its dataset group.
            group = f"{start}-group/{names[0]}"
        else:
            group = made_for
        return nearest(self._groups[group], beside) if group in self._groups else None

    def key_of(self, group: Resource) -> str | None:
        key = group.text("KmsKeyArn")
        return None if key is None else self.key_arn(key, group)

    def key_arn(self, key: str, resource: Resource) -> str:
        """Return the ARN of a key; a hole for the key of an alias outside of the app."""
        arn = self._deployment.key_arn(key, resource)
        alias = alias_in(arn)
        return unknown(f"key of {alias}") if alias else arn


def key_left_open(name: str, condition: str, declared: Declaration, role_arn: str) -> OpenQuestion:
    reason = f"the key of its dataset group depends on the condition {condition}"
    return OpenQuestion(name, reason, declared, (role_arn,), ("kms",), Cause.CHOSEN)
