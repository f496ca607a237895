"""A cloud assembly as an access model: what is asked of Personalize, and every policy that bears on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .._access.model import AccessModel, Asked, Location, OpenQuestion, Problem
from .._access.needs import location_key
from .._access.values import has_unknown, split, split_arn, unknown
from ..matrix import KMS_PAGE
from . import physical
from .app import App
from .asked import Request
from .assembly import NESTED_STACK, Assembly
from .deployment import Deployment
from .finding import alias_in, nearest
from .metadata import asked_by_constructs
from .physical import Resource
from .requests import requests_of
from .waiting import Dependencies

_S3 = "s3://"
# Express workflows run for five minutes at most.
_EXPRESS_PAGE = "https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html"


def read_models(assemblies: list[Assembly]) -> Iterator[AccessModel]:
    """Yield a model of each assembly: an app and each of its stages."""
    app = App([template for assembly in assemblies for template in assembly.templates])
    resources: dict[Path, list[Resource]] = {assembly.directory: [] for assembly in assemblies}
    for stack in app.stacks:
        resources[stack.template.path.parent] += stack.resources()
    everything = Deployment.of(each for found in resources.values() for each in found)
    for assembly in assemblies:
        own = resources[assembly.directory]
        deployment = everything if len(assemblies) == 1 else Deployment.of(own, everything)
        yield _Reading(assembly, app, own, deployment).model()


@dataclass
class _Reading:
    """One assembly on its way into a model."""

    assembly: Assembly
    app: App
    resources: list[Resource]
    deployment: Deployment

    def model(self) -> AccessModel:
        model = AccessModel()
        dependencies = Dependencies(self.assembly, self.app)
        dependencies.refuse_circles()
        self._index_dataset_groups()
        self._add_asked_by_constructs(model)
        self._add_asked_by_resources(model, dependencies)
        if model.asked:
            self._add_unseen_stacks(model)
        for asked in model.asked:
            self._add_deployed(model, asked)
        return model

    def _add_asked_by_constructs(self, model: AccessModel) -> None:
        """Put into the model what our constructs were told to allow."""
        self._constructs: dict[tuple[str, str], Asked] = {}
        for found in asked_by_constructs(self.assembly, self.app):
            if isinstance(found, Asked):
                self._constructs.setdefault((found.role_arn, found.kind), found)
                model.asked.append(found)
            else:
                model.open_questions.append(found)

    def _add_asked_by_resources(self, model: AccessModel, dependencies: Dependencies) -> None:
        """Put into the model what resources of templates ask for."""
        for resource in self.resources:
            for request in requests_of(resource):
                if isinstance(request, OpenQuestion):
                    model.open_questions.append(request)
                    continue
                for each in self._asked(request, dependencies):
                    if isinstance(each, Asked):
                        model.asked.append(each)
                    elif isinstance(each, Problem):
                        model.problems.append(each)
                    else:
                        model.open_questions.append(each)

    def _add_unseen_stacks(self, model: AccessModel) -> None:
        """Put into the model that nested stacks may change policies, where their templates can't be seen."""
        for resource in self.resources:
            if resource.type == NESTED_STACK and resource.logical_id not in resource.stack.nested:
                because = "its template isn't in the assembly, so that what it does to policies isn't known"
                model.open_questions.append(OpenQuestion(resource.path, because, resource.declared))

    def _add_deployed(self, model: AccessModel, asked: Asked) -> None:
        """Put into the model the role, the buckets and the keys that a request names."""
        self.deployment.add_role(model, asked.role_arn)
        for location in (asked.source, asked.destination):
            if location is not None:
                self.deployment.add_bucket(model, location.bucket_arn, asked.account)
                key = location_key(model, asked, location)
                if key is not None:
                    self.deployment.add_key(model, key)
        if asked.dataset_group_key is not None:
            self.deployment.add_key(model, asked.dataset_group_key)

    def _index_dataset_groups(self) -> None:
        self._groups: dict[str, list[Resource]] = {}
        self._datasets: dict[str, list[Resource]] = {}
        for resource in self.resources:
            if resource.type == physical.DATASET_GROUP:
                for name in (physical.dataset_group_arn(resource), physical.ref(resource)):
                    self._groups.setdefault(name, []).append(resource)
            elif resource.type == physical.DATASET:
                self._datasets.setdefault(physical.dataset_arn(resource), []).append(resource)

    def _asked(self, request: Request, dependencies: Dependencies) -> Iterator[Asked | OpenQuestion | Problem]:
        resource = request.resource
        if request.in_express:
            message = (
                f"{request.name}: an execution of type EXPRESS waits for the job, and ends after five minutes, before "
                "most jobs do: use type STANDARD, for a distributed Map too"
            )
            yield _problem(request, message, _EXPRESS_PAGE)
        role, key = request.role_arn, request.key_arn
        is_group = request.permissions.resource == "dataset group"
        if is_group and role is None and key is None:
            return
        if is_group and (role is None or key is None):
            which = "a key but no role" if role is None else "a role but no key"
            message = f"{request.name} has {which}: key and role of a dataset group come together, or not at all"
            yield _problem(request, message, KMS_PAGE)
            return
        if role is None:
            message = f"{request.name} has no role, without which Personalize can't create it: give its RoleArn"
            yield _problem(request, message, KMS_PAGE)
            return
        places = {}
        for what, access, place in (
            ("source", request.permissions.source, request.source),
            ("destination", request.permissions.destination, request.destination),
        ):
            if access is not None:
                places[what] = self._location(request, what, *place)
                yield from _name_problems(request, f"the key of its {what}", "key", place[1])
        yield from _place_problems(request, places.get("source"), places.get("destination"))
        for found in places.values():
            if isinstance(found, (Problem, OpenQuestion)):
                yield found
        yield from _name_problems(request, "its role", "role", role)
        if is_group:
            yield from _name_problems(request, "the dataset group's key", "key", key)
        role = self.deployment.role_arn(role, resource)
        group_key = self._key(str(key), resource) if is_group else self._key_of_group(request, role)
        if isinstance(group_key, OpenQuestion):
            yield group_key
        source, destination = (places.get(what) for what in ("source", "destination"))
        yield Asked(
            name=request.name,
            permissions=request.permissions,
            role_arn=role,
            account=request.account or resource.stack.template.account,
            region=request.region or resource.stack.template.region,
            dataset_group_key=group_key if isinstance(group_key, str) else None,
            source=source if isinstance(source, Location) else None,
            destination=destination if isinstance(destination, Location) else None,
            declared=resource.declared,
            waits_for=dependencies.before(resource.stack, resource.logical_id) if request.at_deployment else None,
            only_if=resource.only_if,
        )

    def _location(
        self, request: Request, what: str, path: str | None, key: str | None
    ) -> Location | Problem | OpenQuestion | None:
        if path is None:
            return None
        resource = request.resource
        if not path.startswith(_S3):
            if path.startswith("${"):
                return OpenQuestion(
                    str(request.name), f"its {what} {path} isn't known before deployment", resource.declared
                )
            message = (
                f"{request.name}: its {what} is {path!r} but an s3:// URI is expected, for example s3://bucket/folder/"
            )
            return _problem(request, message, request.permissions.page)
        bucket, *prefix = split(path.removeprefix(_S3), "/", 1)
        key_arn = self._key(key, resource) if key is not None else None
        bucket_arn = resource.arn("s3", bucket, region=False, account=False)
        return Location(bucket_arn, "".join(prefix), key_arn, is_folder=what == "destination")

    def _key(self, given: str, resource: Resource) -> str:
        """The ARN of a key; a hole for that of an alias which isn't part of the app."""
        arn = self.deployment.key_arn(given, resource)
        alias = alias_in(arn)
        return unknown(f"key of {alias}") if alias else arn

    def _key_of_group(self, request: Request, role: str) -> str | OpenQuestion | None:
        """The key of the dataset group that a job or a metric attribution belongs to."""
        group = request.text("datasetgrouparn")
        dataset = request.text("datasetarn")
        if dataset is not None and dataset in self._datasets:
            group = nearest(self._datasets[dataset], request.resource).text("DatasetGroupArn")
        if group is not None and group in self._groups:
            found = nearest(self._groups[group], request.resource)
            key = found.text("KmsKeyArn")
            return None if key is None else self._key(key, found)
        asked = self._constructs.get((role, request.permissions.resource))
        if asked is not None:
            return asked.dataset_group_key
        which = group or dataset or request.text("solutionversionarn") or unknown("dataset group")
        because = f"its dataset group can't be seen, so it isn't known whether that has a key, and which: {which}"
        return OpenQuestion(request.name, because, request.resource.declared)


def _name_problems(request: Request, what: str, kind: str, given: str | None) -> Iterator[Problem]:
    """Yield what is wrong with the name of a key or a role, for which Personalize takes nothing but an ARN."""
    if given is None or (has_unknown(given) and not split_arn(given)):
        return
    parts = split_arn(given)
    if parts is None or (kind == "key" and alias_in(given)):
        message = (
            f"{request.name}: {what} is given as {given}, and Personalize takes the ARN of a {kind} alone: give the "
            f"{kind}'s ARN"
        )
        yield _problem(request, message, KMS_PAGE)


def _place_problems(request: Request, source: object, destination: object) -> Iterator[Problem]:
    """Yield what Personalize refuses of the places that a job reads from and writes to."""
    if isinstance(destination, Location):
        path, prefix = request.destination[0], destination.prefix
        # A hole at the end may become a string that ends in a slash.
        if prefix and not prefix.endswith(("/", "}")):
            message = f"{request.name}: its destination is {path}, which is not a folder: end it in /"
            yield _problem(request, message, request.permissions.page)
        if isinstance(source, Location) and _folder(source) == _folder(destination):
            message = (
                f"{request.name} has the same source and destination, {path}, but Personalize wants another folder for "
                "the output: change one of them"
            )
            yield _problem(request, message, request.permissions.page)


def _folder(location: Location) -> tuple[str, str]:
    return location.bucket_arn, location.prefix.rstrip("/")


def _problem(request: Request, message: str, page: str) -> Problem:
    return Problem("configuration", message, request.name, request.resource.declared, page)
