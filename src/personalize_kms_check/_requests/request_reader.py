"""Requests of templates in the terms of the model: with ARNs, locations, keys, and who calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .._model.asked import S3_URI, Asked, Location, OpenQuestion
from .._model.causes import Cause
from .._owners.deployment import Deployment
from .._owners.waiting import CreationOrder
from .._shared.values import open_parts
from .._templates.choices import left_out_by
from .dataset_groups import DatasetGroups, key_left_open
from .request import Request

AllowedByConstructs = Mapping[tuple[str, str], list[Asked]]
"""What constructs of ours allow, by the ARN of the role and the kind of resource."""


class RequestReader:
    """Reads requests with the keys, roles, buckets and dataset groups of a deployment."""

    def __init__(self, deployment: Deployment, groups: DatasetGroups, order: CreationOrder) -> None:
        self._deployment = deployment
        self._groups = groups
        self._order = order

    def read(
        self, request: Request, allowed: AllowedByConstructs, *, ours: bool
    ) -> tuple[Asked | None, list[OpenQuestion]]:
        """Return none for what asks for no access, and questions where a part isn't known."""
        if request.role_arn is None or (request.is_of_group and request.key_arn is None):
            return None, []
        role_arn = self._role_arn(request)
        questions: list[OpenQuestion] = []
        key_arn: str | OpenQuestion | None = request.key_arn
        if not request.is_of_group:
            of_constructs = allowed.get((role_arn, request.permissions.resource), [])
            key_arn = self._key_of_group(request, of_constructs)
        if isinstance(key_arn, OpenQuestion):
            questions.append(key_arn)
            key_arn = None
        locations: dict[str, Location] = {}
        for side in request.paths:
            location = self._location(request, side)
            if isinstance(location, OpenQuestion):
                questions.append(location)
            elif location is not None:
                locations[side] = location
        resource = request.resource
        account, region = request.environment
        waits_for = None
        if key_arn is not None:
            key_arn = self._groups.key_arn(key_arn, resource)
        if request.at_deployment:
            waits_for = self._order.there(resource.stack, resource.logical_id)
        asked = Asked(
            name=request.name,
            permissions=request.permissions,
            role_arn=role_arn,
            account=account,
            region=region,
            dataset_group_key=key_arn,
            source=locations.get("source"),
            destination=locations.get("destination"),
            declared=resource.declared,
            waits_for=waits_for,
            ours=ours,
        )
        return self.with_caller(asked, request), questions

    def used_by(self, request: Request) -> set[str]:
        """Return the ARNs of the role and of the dataset group's key, as far as they are known."""
        arns = {self._role_arn(request)}
        key_arn = request.key_arn if request.is_of_group else self._key_of_group(request, [])
        if isinstance(key_arn, str):
            arns.add(self._groups.key_arn(key_arn, request.resource))
        return arns

    def question_of_choice(self, request: Request) -> OpenQuestion:
        reason = f"what it asks for depends on the condition {request.chosen_by}"
        role_arns: tuple[str, ...] = ()
        if request.role_arn is not None:
            role_arns = (self._role_arn(request),)
        services = ("kms", "s3") if request.paths else ("kms",)
        declared = request.resource.declared
        return OpenQuestion(request.name, reason, declared, role_arns, services, Cause.CHOSEN)

    def with_caller(
        self, asked: Asked, request: Request, job_name: str = "", made_for: str = ""
    ) -> Asked:
        if not request.caller:
            return asked
        return replace(
            asked,
            caller_arn=self._deployment.role_arn(request.caller, request.resource),
            calls_on=request.calls_on(job_name, made_for),
            also_calls=request.also_calls,
        )

    def _role_arn(self, request: Request) -> str:
        return self._deployment.role_arn(request.role_arn or "", request.resource)

    def _location(self, request: Request, side: str) -> Location | OpenQuestion | None:
        """Return none for a missing or refused path, and a question where it isn't known."""
        path, key = request.paths[side]
        resource = request.resource
        if path is None:
            return None
        if path.startswith("${"):
            reason = f"its {side} {path} isn't known before deployment"
            role_arns = (self._role_arn(request),)
            question = OpenQuestion(request.name, reason, resource.declared, role_arns)
            return question._replace(values=(("parts", tuple(open_parts(path))),))
        if not path.startswith(S3_URI):
            return None
        key_arn = None if key is None else self._groups.key_arn(key, resource)
        is_read, partition = side == "source", resource.stack.partition
        return Location.at(path, partition, key_arn, is_folder=not is_read, is_read=is_read)

    def _key_of_group(
        self, request: Request, of_constructs: list[Asked]
    ) -> str | OpenQuestion | None:
        """Return the key of the dataset group of a job or a metric attribution, or the question.

        Where no template shows the dataset group, it is the key of the construct behind the request
        or, if they have one key, of all constructs with such jobs for this role.
        """
        resource, made_for = request.resource, request.made_for
        group = self._groups.of(made_for, resource.stack)
        if group is not None:
            key_arn = self._groups.key_of(group)
            condition = left_out_by(key_arn)
            if not condition:
                return key_arn
            role_arn = self._role_arn(request)
            return key_left_open(request.name, condition, resource.declared, role_arn)
        made_by = [asked for asked in of_constructs if resource.path.startswith(f"{asked.name}/")]
        keys = {asked.dataset_group_key for asked in made_by or of_constructs}
        if len(keys) == 1:
            return keys.pop()
        reason = (
            "its dataset group can't be seen, so it isn't known whether that has a key, and which: "
            f"{made_for}"
        )
        role_arns = (self._role_arn(request),)
        return OpenQuestion(request.name, reason, resource.declared, role_arns, ("kms",))
