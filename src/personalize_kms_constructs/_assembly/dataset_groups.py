"""The dataset groups of an assembly, to which jobs and metric attributions belong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .._access.declarations import Declaration
from .._access.model import Asked, DatasetGroup
from .._access.values import split, unknown
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
        self._groups: dict[str, list[Resource]] = {}
        self._members: dict[str, list[Resource]] = {}
        for resource in resources:
            with noted(unread, resource.stack.template):
                if resource.type == physical.DATASET_GROUP:
                    for name in (physical.dataset_group_arn(resource), physical.ref(resource)):
                        self._groups.setdefault(name, []).append(resource)
                elif resource.type in _MEMBERS:
                    self._members.setdefault(_MEMBERS[resource.type](resource), []).append(resource)

    def in_model(self, asked: Mapping[Declaration, Asked], unread: list[Unread]) -> Iterator[DatasetGroup]:
        """Yield them all, and those of the same ARN in the rest of the app, with the requests of what asks for them."""
        everywhere = (self._deployment.beside or self._deployment).dataset_groups
        for resource in (each for name in self._groups for each in everywhere.get(name, ())):
            with noted(unread, resource.stack.template):
                yield DatasetGroup(
                    resource.text("Name") or resource.generated_id,
                    resource.path,
                    resource.stack.template.account,
                    resource.stack.template.region,
                    resource.declared,
                    resource.only_if,
                    asked.get(resource.declared),
                    without_key=resource.get("KmsKeyArn") is None and resource.get("RoleArn") is None,
                )

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
