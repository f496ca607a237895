"""A cloud assembly as an access model: what is asked of Personalize, and every policy that bears on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from .._access.accepted import folder, is_folder
from .._access.causes import Cause, Reason, because
from .._access.model import AccessModel, Asked, Location, OpenQuestion, Problem
from .._access.needs import location_key
from .._access.values import has_unknown, split, split_arn, unknown
from ..matrix import KMS_PAGE
from .app import App
from .asked import Request
from .constructs import Left, left_by_constructs
from .dataset_groups import DatasetGroups
from .deployment import Deployment
from .manifest import Assembly
from .physical import alias_in
from .references import conditional_references
from .requests import requests_of
from .stacks import Resource, Stack
from .state_machines import STATE_MACHINE
from .templates import NESTED_STACK, Template, Unread, noted
from .waiting import CreationOrder

_S3 = "s3://"
# Express workflows run for five minutes at most.
_EXPRESS_PAGE = "https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html"


@dataclass
class ReadAssembly:
    """An assembly, an app or one of its stages, with what it deploys and asks for."""

    assembly: Assembly
    model: AccessModel = field(default_factory=AccessModel)
    constructs: list[Left] = field(default_factory=list)
    """What constructs and jobs of ours have left."""


def read_assemblies(
    assemblies: list[Assembly], unread: list[Unread], *, only_ours: bool = False
) -> Iterator[ReadAssembly]:
    """Yield what each assembly deploys and asks for; what can't be read is noted, and left out.

    Args:
        assemblies: an app and its stages.
        unread: takes what can't be read.
        only_ours: whether to take only the requests that constructs of ours answer for.
    """
    app = App([template for assembly in assemblies for template in assembly.templates], unread)
    resources: dict[Path, list[Resource]] = {assembly.directory: [] for assembly in assemblies}
    for stack in app.stacks:
        with noted(unread, stack.template):
            resources[stack.template.path.parent] += stack.resources()
    everything = Deployment.of((each for found in resources.values() for each in found), unread)
    for assembly in assemblies:
        own = resources[assembly.directory]
        deployment = everything if len(assemblies) == 1 else Deployment.of(own, unread, everything)
        yield _Reading(assembly, app, own, deployment, unread, only_ours=only_ours).read()


class _Reading:
    """One assembly on its way into a model."""

    def __init__(
        self,
        assembly: Assembly,
        app: App,
        resources: list[Resource],
        deployment: Deployment,
        unread: list[Unread],
        *,
        only_ours: bool,
    ) -> None:
        self._app = app
        self._resources = resources
        self._deployment = deployment
        self._unread = unread
        self._only_ours = only_ours
        self._groups = DatasetGroups(resources, deployment, unread)
        self._order = CreationOrder(assembly, app)
        self._found = ReadAssembly(assembly)
        self._asked: list[tuple[Asked, Template]] = []
        """What is asked for, with the template that says so."""
        self._allowed: dict[tuple[str, str], Asked] = {}
        """What constructs allow, by role and kind."""
        self._paths: set[str] = set()
        """The paths of our constructs."""
        self._states: set[tuple[Stack, str, str]] = set()
        """The states that start jobs of ours: their stack, their name, and the kind of job."""

    def read(self) -> ReadAssembly:
        model = self._found.model
        self._order.note_circles(self._unread)
        self._take_constructs()
        for resource in self._resources:
            has_jobs = resource.type == STATE_MACHINE and self._states
            if not self._only_ours or has_jobs or self._is_ours(resource.path):
                with noted(self._unread, resource.stack.template):
                    self._take_requests_of(resource)
        if self._asked:
            self._add_unseen_stacks()
        for asked, template in self._asked:
            with noted(self._unread, template):
                self._add_deployed(asked)
                model.asked.append(asked)
        asked_by = {each.declared: each for each in model.asked}
        model.dataset_groups += self._groups.in_model(asked_by, self._unread)
        model.references += conditional_references(model, self._resources)
        return self._found

    def _take_constructs(self) -> None:
        """Take what our constructs were told to allow, and the jobs."""
        for left in left_by_constructs(self._found.assembly, self._app, self._groups, self._unread):
            self._found.constructs.append(left)
            if self._only_ours and not left.ours:
                continue
            self._found.model.open_questions += left.questions
            self._found.model.problems += left.problems
            if left.ours:
                self._paths.add(left.path)
            for asked in left.asked:
                if left.state is None:
                    self._allowed.setdefault((asked.role_arn, asked.kind), asked)
                    for reason in _place_problems(asked.source, asked.destination):
                        self._found.model.problems.append(_problem_of(asked, reason))
                else:
                    self._states.add((*left.state, asked.kind))
                self._asked.append((asked, left.template))

    def _take_requests_of(self, resource: Resource) -> None:
        """Take what a resource of a template asks for."""
        model = self._found.model
        for request in requests_of(resource):
            if isinstance(request, OpenQuestion):
                model.open_questions.append(request)
                continue
            if (resource.stack, request.state, request.permissions.resource) in self._states:
                # The job has left it in the metadata, with all that each execution chooses.
                model.problems += (replace(each, of_ours=True) for each in _express_problems(request))
                continue
            if self._only_ours and not self._is_ours(resource.path):
                continue
            for each in self._requested(request):
                if isinstance(each, Asked):
                    self._asked.append((each, resource.stack.template))
                elif isinstance(each, Problem):
                    model.problems.append(replace(each, of_ours=self._is_ours(resource.path)))
                else:
                    model.open_questions.append(each)

    def _add_unseen_stacks(self) -> None:
        """Put into the model that nested stacks may change policies, where their templates can't be seen."""
        for resource in self._resources:
            if resource.type == NESTED_STACK and resource.logical_id not in resource.stack.nested:
                because = "its template isn't in the assembly, so that what it does to policies isn't known"
                self._found.model.open_questions.append(OpenQuestion(resource.path, because, resource.declared))

    def _add_deployed(self, asked: Asked) -> None:
        """Put into the model the role, the buckets and the keys that a request names."""
        model = self._found.model
        self._deployment.add_role(model, asked.role_arn)
        for location in (asked.source, asked.destination):
            if location is not None:
                self._deployment.add_bucket(model, location.bucket_arn, asked.account)
                key = location_key(model, asked, location)
                if key is not None:
                    self._deployment.add_key(model, key)
        if asked.dataset_group_key is not None:
            self._deployment.add_key(model, asked.dataset_group_key)

    def _is_ours(self, path: str) -> bool:
        """Tell if one of our constructs made what stands at a path."""
        parent = path.rpartition("/")[0]
        return bool(parent) and (parent in self._paths or self._is_ours(parent))

    def _requested(self, request: Request) -> Iterator[Asked | OpenQuestion | Problem]:
        resource = request.resource
        yield from _express_problems(request)
        role, key = request.role_arn, request.key_arn
        is_group = request.permissions.resource == "dataset group"
        if is_group and role is None and key is None:
            return
        if is_group and (role is None or key is None):
            cause = Cause.KEY_WITHOUT_ROLE if role is None else Cause.ROLE_WITHOUT_KEY
            yield _problem(request, because(cause), KMS_PAGE)
            return
        if role is None:
            yield _problem(request, because(Cause.NO_ROLE), KMS_PAGE)
            return
        places = {}
        for what, access, place in (
            ("source", request.permissions.source, request.source),
            ("destination", request.permissions.destination, request.destination),
        ):
            if access is not None:
                places[what] = self._location(request, what, *place)
                yield from _name_problems(request, f"the key of its {what}", "key", place[1])
        for reason in _place_problems(places.get("source"), places.get("destination")):
            yield _problem(request, reason, request.permissions.page)
        for found in places.values():
            if isinstance(found, (Problem, OpenQuestion)):
                yield found
        yield from _name_problems(request, "its role", "role", role)
        if is_group:
            yield from _name_problems(request, "the dataset group's key", "key", key)
        role = self._deployment.role_arn(role, resource)
        group_key = self._groups.key_arn(str(key), resource) if is_group else self._key_of_group(request, role)
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
            waits_for=self._order.before(resource.stack, resource.logical_id) if request.at_deployment else None,
            only_if=resource.only_if,
            ours=self._is_ours(resource.path),
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
            reason = because(Cause.NO_S3_URI, what=what, given=repr(path))
            return _problem(request, reason, request.permissions.page)
        bucket, *prefix = split(path.removeprefix(_S3), "/", 1)
        key_arn = self._groups.key_arn(key, resource) if key is not None else None
        bucket_arn = resource.arn("s3", bucket, region=False, account=False)
        return Location(bucket_arn, "".join(prefix), key_arn, is_folder=what == "destination")

    def _key_of_group(self, request: Request, role: str) -> str | OpenQuestion | None:
        """The key of the dataset group that a job or a metric attribution belongs to."""
        group, dataset = request.text("datasetgrouparn"), request.text("datasetarn")
        found = self._groups.of(dataset, group, request.resource.stack)
        if found is not None:
            return self._groups.key_of(found)
        asked = self._allowed.get((role, request.permissions.resource))
        if asked is not None:
            return asked.dataset_group_key
        which = group or dataset or request.text("solutionversionarn") or unknown("dataset group")
        because = f"its dataset group can't be seen, so it isn't known whether that has a key, and which: {which}"
        return OpenQuestion(request.name, because, request.resource.declared)


def _express_problems(request: Request) -> Iterator[Problem]:
    """Yield that the execution which waits for a job ends before it."""
    if request.in_express:
        yield _problem(request, because(Cause.EXPRESS_EXECUTION), _EXPRESS_PAGE)


def _name_problems(request: Request, what: str, kind: str, given: str | None) -> Iterator[Problem]:
    """Yield what is wrong with the name of a key or a role, for which Personalize takes nothing but an ARN."""
    if given is None or (has_unknown(given) and not split_arn(given)):
        return
    parts = split_arn(given)
    if parts is None or (kind == "key" and alias_in(given)):
        yield _problem(request, because(Cause.NO_ARN, what=what, given=given, kind=kind), KMS_PAGE)


def _place_problems(source: object, destination: object) -> Iterator[Reason]:
    """Yield what Personalize refuses of the places that a job reads from and writes to."""
    if isinstance(destination, Location):
        prefix = destination.prefix
        given = f"s3://{split(destination.bucket_arn, ':')[-1]}/{prefix}"
        if not is_folder(prefix):
            yield because(Cause.DESTINATION_IS_NO_FOLDER, given=given)
        if isinstance(source, Location) and _folder(source) == _folder(destination):
            yield because(Cause.ONE_FOLDER, given=given)


def _folder(location: Location) -> tuple[str, str]:
    return location.bucket_arn, folder(location.prefix)


def _problem(request: Request, reason: Reason, page: str) -> Problem:
    declared = (request.resource.declared,)
    return Problem("configuration", request.name, reason, page=page, needed_by=(request.name,), declared=declared)


def _problem_of(asked: Asked, reason: Reason) -> Problem:
    page, label = asked.permissions.page, asked.label
    return Problem("configuration", label, reason, "", page, (label,), (asked.declared,), (asked,))
