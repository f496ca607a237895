"""Requests of templates in the terms of the model: with ARNs, locations, keys, and who calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .._model.causes import Cause
from .._model.requests import S3_URI, Location, OpenQuestion, Request
from .._owners.deployment import Deployment
from .._owners.waiting import CreationOrder
from .._shared.values import open_parts
from .._templates.choices import left_out_by
from .dataset_groups import DatasetGroups, key_left_open
from .request import TemplateRequest

ConstructRequests = Mapping[tuple[str, str], list[Request]]
"""What constructs of ours allow, by the ARN of the role and the kind of resource."""


class RequestReader:
    """Reads requests with the keys, roles, buckets and dataset groups of a deployment."""

    def __init__(self, deployment: Deployment, groups: DatasetGroups, order: CreationOrder) -> None:
        self._deployment = deployment
        self._groups = groups
        self._order = order

    def read(
        self, original: TemplateRequest, allowed: ConstructRequests, *, ours: bool
    ) -> tuple[Request | None, list[OpenQuestion]]:
        """Return none for what asks for no access, and questions where a part isn't known."""
        if original.role_arn is None or (original.is_of_group and original.key_arn is None):
            return None, []
        role_arn = self._role_arn(original)
        questions: list[OpenQuestion] = []
        key_arn: str | OpenQuestion | None = original.key_arn
        if not original.is_of_group:
            candidates = allowed.get((role_arn, original.permissions.resource), [])
            key_arn = self._key_of_group(original, candidates)
        if isinstance(key_arn, OpenQuestion):
            questions.append(key_arn)
            key_arn = None
        locations: dict[str, Location] = {}
        for side in original.paths:
            location = self._location(original, side)
            if isinstance(location, OpenQuestion):
                questions.append(location)
            elif location is not None:
                locations[side] = location
        resource = original.resource
        account, region = original.environment
        waits_for = None
        if key_arn is not None:
            key_arn = self._groups.key_arn(key_arn, resource)
        if original.at_deployment:
            waits_for = self._order.there(resource.stack, resource.logical_id)
        request = Request(
            name=original.name,
            permissions=original.permissions,
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
        return self.with_caller(request, original), questions

    def used_by(self, original: TemplateRequest) -> set[str]:
        """Return the ARNs of the role and of the dataset group's key, as far as they are known."""
        arns = {self._role_arn(original)}
        key_arn = original.key_arn if original.is_of_group else self._key_of_group(original, [])
        if isinstance(key_arn, str):
            arns.add(self._groups.key_arn(key_arn, original.resource))
        return arns

    def question_of_choice(self, original: TemplateRequest) -> OpenQuestion:
        reason = f"what it asks for depends on the condition {original.chosen_by}"
        role_arns = () if original.role_arn is None else (self._role_arn(original),)
        services = ("kms", "s3") if original.paths else ("kms",)
        declared = original.resource.declared
        return OpenQuestion(original.name, reason, declared, role_arns, services, Cause.CHOSEN)

    def with_caller(
        self, request: Request, original: TemplateRequest, job_name: str = "", made_for: str = ""
    ) -> Request:
        if not original.caller:
            return request
        return replace(
            request,
            caller_arn=self._deployment.role_arn(original.caller, original.resource),
            calls_on=original.calls_on(job_name, made_for),
            also_calls=original.also_calls,
        )

    def _role_arn(self, original: TemplateRequest) -> str:
        return self._deployment.role_arn(original.role_arn or "", original.resource)

    def _location(self, original: TemplateRequest, side: str) -> Location | OpenQuestion | None:
        """Return none for a missing or refused path, and a question where it isn't known."""
        path, key = original.paths[side]
        resource = original.resource
        if path is None:
            return None
        if path.startswith("${"):
            reason = f"its {side} {path} isn't known before deployment"
            role_arns = (self._role_arn(original),)
            question = OpenQuestion(original.name, reason, resource.declared, role_arns)
            return question._replace(values=(("parts", tuple(open_parts(path))),))
        if not path.startswith(S3_URI):
            return None
        key_arn = None if key is None else self._groups.key_arn(key, resource)
        is_read, partition = side == "source", resource.stack.partition
        return Location.at(path, partition, key_arn, is_folder=not is_read, is_read=is_read)

    def _key_of_group(
        self, original: TemplateRequest, candidates: list[Request]
    ) -> str | OpenQuestion | None:
        """Return the key of the dataset group of a job or a metric attribution, or the question.

        Where no template shows the dataset group, it is the key of the construct behind the request
        or, if they have one key, of all constructs with such jobs for this role.
        """
        resource, made_for = original.resource, original.made_for
        group = self._groups.of(made_for, resource.stack)
        if group is not None:
            key_arn = self._groups.key_of(group)
            condition = left_out_by(key_arn)
            if not condition:
                return key_arn
            role_arn = self._role_arn(original)
            return key_left_open(original.name, condition, resource.declared, role_arn)
        made_by = [
            request for request in candidates if resource.path.startswith(f"{request.name}/")
        ]
        keys = {request.dataset_group_key for request in made_by or candidates}
        if len(keys) == 1:
            return keys.pop()
        reason = (
            "its dataset group can't be seen, so it isn't known whether that has a key, and which: "
            f"{made_for}"
        )
        role_arns = (self._role_arn(original),)
        return OpenQuestion(original.name, reason, resource.declared, role_arns, ("kms",))
