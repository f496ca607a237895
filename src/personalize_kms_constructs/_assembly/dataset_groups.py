"""The dataset groups of an assembly, to which jobs and metric attributions belong."""

from __future__ import annotations

from collections.abc import Iterable

from .._access.causes import Cause
from .._access.declarations import Declaration
from .._access.model import OpenQuestion
from .._values import split, unknown
from . import physical
from .deployment import Deployment
from .physical import alias_in, nearest
from .stacks import Resource, Stack
from .templates import Unread, noted

_MEMBERS = {physical.DATASET: physical.dataset_arn, physical.SOLUTION: physical.solution_arn}


class DatasetGroups:
    """Dataset groups, and the datasets and solutions in them, by what refers to them."""

    def __init__(self, resources: Iterable[Resource], deployment: Deployment, unread: list[Unread]) -> None:
        self._deployment = deployment
        self.without_key: list[Resource] = []
        """Those that Personalize encrypts with a key of its own."""
        self._groups: dict[str, list[Resource]] = {}
        self._members: dict[str, list[Resource]] = {}
        for resource in (each for each in resources if each.type in (physical.DATASET_GROUP, *_MEMBERS)):
            with noted(unread, resource.stack.template):
                if resource.type == physical.DATASET_GROUP:
                    for name in (physical.dataset_group_arn(resource), physical.ref(resource)):
                        self._groups.setdefault(name, []).append(resource)
                    if resource.get("KmsKeyArn") is None and resource.get("RoleArn") is None:
                        self.without_key.append(resource)
                else:
                    self._members.setdefault(_MEMBERS[resource.type](resource), []).append(resource)

    def of(self, made_for: str, beside: Stack) -> Resource | None:
        """Return the dataset group of a dataset, a solution or its version, or of itself, if it is part of the app."""
        named, *others = split(made_for, "/")
        # A solution version has its solution's name before its own, and a dataset the name of its dataset group.
        members = self._members.get(made_for) or self._members.get("/".join([named, *others[:1]]))
        if members:
            group = nearest(members, beside).text("DatasetGroupArn")
        elif others and named.endswith(":dataset"):
            group = f"{named}-group/{others[0]}"
        else:
            group = made_for
        return nearest(self._groups[group], beside) if group in self._groups else None

    def key_of(self, group: Resource) -> str | None:
        """Return the ARN of the key of a dataset group, if it has one."""
        key = group.text("KmsKeyArn")
        return None if key is None else self.key_arn(key, group)

    def key_arn(self, given: str, resource: Resource) -> str:
        """Return the ARN of a key; a hole for that of an alias which isn't part of the app."""
        arn = self._deployment.key_arn(given, resource)
        alias = alias_in(arn)
        return unknown(f"key of {alias}") if alias else arn


def key_left_open(name: str, condition: str, declared: Declaration, role_arn: str) -> OpenQuestion:
    """Return the question for what belongs to a dataset group that has a key under a condition only."""
    because = f"the key of its dataset group depends on the condition {condition}"
    return OpenQuestion(name, because, declared, (role_arn,), ("kms",), Cause.CHOSEN)
