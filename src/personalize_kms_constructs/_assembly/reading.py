"""A cloud assembly as an access model: the requests to Personalize, and every policy on them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from .._access.declarations import Declaration
from .._access.model import AccessModel, Asked, Location, OpenQuestion, PolicyOwner, Role
from .._access.needs import keys_of
from . import physical
from .app import App
from .constructs import Left, left_by_constructs
from .dataset_groups import DatasetGroups
from .deployment import Deployment
from .given_policies import GivenPolicies
from .manifest import Assembly
from .parameter_values import NO_VALUES, ParameterValues
from .pasting import Pasting
from .policies_by_code import leave_replaced_policies_open
from .request_reader import AllowedByConstructs, RequestReader, refusals
from .requesters import requests_of
from .requests import Request
from .stacks import Resource, Stack
from .state_machines import STATE_MACHINES
from .templates import NESTED_STACKS, Template
from .undeclared import undeclared
from .waiting import CreationOrder


def read_assemblies(
    assemblies: list[Assembly],
    parameters: ParameterValues = NO_VALUES,
    policies: GivenPolicies | None = None,
) -> list[ReadAssembly]:
    """Return an app and its stages with the resources that they deploy.

    A part that can't be read, now or when a model is made, is left out: see ``Template.errors``.
    """
    templates: list[Template] = []
    for assembly in assemblies:
        templates += assembly.templates
    app = App(templates, parameters, policies)
    resources = [_resources_of(app.stacks_of(assembly)) for assembly in assemblies]
    of_app: list[Resource] = []
    for own in resources:
        of_app += own
    whole = Deployment.of(of_app)
    if len(assemblies) == 1:
        return [ReadAssembly(assemblies[0], app, of_app, whole)]
    read: list[ReadAssembly] = []
    for assembly, own in zip(assemblies, resources, strict=True):
        deployment = Deployment.of(own, whole)
        read.append(ReadAssembly(assembly, app, own, deployment))
    return read


def _resources_of(stacks: Iterable[Stack]) -> list[Resource]:
    resources: list[Resource] = []
    for stack in stacks:
        with stack.template.noting_errors():
            for resource in stack.resources():
                resources.append(resource)
    return resources


@dataclass(frozen=True, eq=False)
class _Job:
    """A job of ours, with all values that its executions may choose, as its construct left it."""

    left: Left
    asked: Asked


class ReadAssembly:
    """An assembly, an app or one of its stages, with the resources that it deploys."""

    def __init__(
        self,
        assembly: Assembly,
        app: App,
        resources: list[Resource],
        deployment: Deployment,
    ) -> None:
        self.assembly = assembly
        self._resources = resources
        self._stacks = app.stacks_of(assembly)
        self._deployment = deployment
        groups = DatasetGroups(resources, deployment)
        self.without_key = groups.without_key
        """The dataset groups that Personalize encrypts with a key of its own."""
        self._order = CreationOrder(assembly, app)
        self._order.note_circle_of_stacks()
        self._requests = RequestReader(deployment, groups, self._order)
        self.constructs = left_by_constructs(assembly, app, groups)
        """The metadata that constructs and jobs of ours left, and users' declarations."""
        self._locations: dict[str, list[Location]] = {}
        """The locations that constructs, jobs and users name, by the ARN of the bucket."""
        self._jobs: dict[tuple[Stack, str, str], list[_Job]] = {}
        """The jobs of ours, by the state that starts them (its stack, its name) and their kind."""
        for left in self.constructs:
            for asked in left.asked:
                for location in asked.locations:
                    self._locations.setdefault(location.bucket_arn, []).append(location)
                if left.state is not None:
                    state = (*left.state, asked.kind)
                    self._jobs.setdefault(state, []).append(_Job(left, asked))
        self._paths = {left.path for left in self.constructs if left.ours}

    def model(self, *, only_ours: bool = False) -> AccessModel:
        """Return the requests, all or only those of constructs of ours, with all policies on them.

        Each step needs the steps before it.
        """
        model = AccessModel()
        # Each request brings its keys, roles and buckets.
        self._add_constructs(model, only_ours=only_ours)
        self._add_requests(model, only_ours=only_ours)
        # Now it is known if anything is asked.
        self._add_unseen(model)
        if not only_ours:
            self._add_owners_beside(model)
            of_creators = undeclared(model, self._resources, self._deployment)
            model.open_questions += of_creators
        model.without_key += [group.path for group in self.without_key]
        # Now all keys, roles and buckets are there.
        leave_replaced_policies_open(model, self._resources, self._deployment)
        self._leave_open_what_macros_add(model)
        self._add_order(model)
        self._add_names(model)
        # Statements refer to no role that waits for their resource, so this comes last.
        self._add_functions(model)
        return model

    def _add_constructs(self, model: AccessModel, *, only_ours: bool) -> None:
        """Add the requests of constructs of ours; of jobs only their problems, before a start."""
        for left in self.constructs:
            if only_ours and not left.ours:
                continue
            model.open_questions += left.questions
            model.problems += left.problems
            if left.state is None:
                for asked in left.asked:
                    self._add(model, asked, left.template)

    def _allowed(self, *, only_ours: bool) -> AllowedByConstructs:
        """Return the requests that constructs allow."""
        allowed: dict[tuple[str, str], Asked] = {}
        for left in self.constructs:
            if left.state is None and (left.ours or not only_ours):
                for asked in left.asked:
                    allowed.setdefault((asked.role_arn, asked.kind), asked)
        return allowed

    def _add_requests(self, model: AccessModel, *, only_ours: bool) -> None:
        """Add the requests of templates, and the jobs of ours."""
        allowed = self._allowed(only_ours=only_ours)
        started: set[_Job] = set()
        for resource in self._resources:
            ours = self._is_ours(resource.path)
            is_counted = ours or not only_ours
            may_start_job = bool(self._jobs) and resource.type in STATE_MACHINES
            if not is_counted and not may_start_job:
                continue
            with resource.stack.template.noting_errors():
                for request in requests_of(resource):
                    if isinstance(request, OpenQuestion):
                        model.open_questions.append(request)
                    elif self._jobs_of(request):
                        self._add_job(model, request, started)
                    elif is_counted:
                        self._add_request(model, request, allowed, ours=ours)
        for jobs in self._jobs.values():
            for job in jobs:
                if job not in started:
                    self._add(model, job.asked, job.left.template)

    def _jobs_of(self, request: Request) -> list[_Job]:
        """Return the jobs of ours in states with the name of a request's state."""
        state = (request.resource.stack, request.state, request.permissions.resource)
        return self._jobs.get(state, [])

    def _add_job(self, model: AccessModel, request: Request, started: set[_Job]) -> None:
        """Add the job that a state starts, with its caller, and note that it is started.

        The metadata of the job has all values that its executions may choose.
        """
        model.problems += refusals(request, ours=True)
        jobs = [job for job in self._jobs_of(request) if job not in started]
        if not jobs:
            return
        job = _started_by(request, jobs)
        started.add(job)
        left = job.left
        asked = self._requests.with_caller(job.asked, request, left.job_name, left.made_for)
        self._add(model, asked, left.template)

    def _add_request(
        self, model: AccessModel, request: Request, allowed: AllowedByConstructs, *, ours: bool
    ) -> None:
        """Add a request of a template, with its problems and questions."""
        if request.chosen_by:
            model.open_questions.append(self._requests.question_of_choice(request))
            return
        model.problems += refusals(request, ours=ours)
        read = self._requests.read(request, allowed, ours=ours)
        model.open_questions += read.questions
        if read.asked is not None:
            self._add(model, read.asked, request.resource.stack.template)

    def _add(self, model: AccessModel, asked: Asked, template: Template) -> None:
        """Add a request, with the roles, buckets and keys that it names, if they can be read."""
        for role_arn in (asked.role_arn, asked.caller_arn, asked.assumed_by):
            if role_arn:
                with template.noting_errors():
                    self._deployment.add_role(model, role_arn)
        for location in asked.locations:
            with template.noting_errors():
                self._add_bucket(model, location.bucket_arn, asked.account)
        for key_arn in keys_of(model, asked):
            with template.noting_errors():
                self._deployment.add_key(model, key_arn)
        model.asked.append(asked)

    def _add_bucket(self, model: AccessModel, arn: str, account: str) -> None:
        """Add a bucket; the app may have named the account and the key of an imported bucket."""
        account_in_app = ""
        keys: set[str] = set()
        for location in self._locations.get(arn, []):
            account_in_app = account_in_app or location.account
            if location.key_arn is not None:
                keys.add(location.key_arn)
        self._deployment.add_bucket(model, arn, account_in_app or account)
        bucket = model.buckets[arn]
        if bucket.unseen_encryption and len(keys) == 1:
            bucket.key_arn, bucket.unseen_encryption = keys.pop(), ""

    def _add_unseen(self, model: AccessModel) -> None:
        """Add questions for nested stacks, modules and macros that can't be seen.

        They may ask for something or change policies. Where nothing is asked, only those count that
        speak of Personalize.
        """
        for resource in self._resources:
            is_nested_elsewhere = (
                resource.type in NESTED_STACKS and resource.logical_id not in resource.stack.nested
            )
            if not is_nested_elsewhere and not resource.type.endswith("::MODULE"):
                continue
            if not model.asked and "personalize" not in json.dumps(resource.body).lower():
                continue
            url = resource.body.get("Properties", {}).get(NESTED_STACKS.get(resource.type))
            is_file = isinstance(url, str) and "://" not in url
            its_template = f"its template {url}" if is_file else "its template"
            reason = (
                f"{its_template} isn't in the assembly, so what it does to policies isn't known"
            )
            model.open_questions.append(OpenQuestion(resource.path, reason, resource.declared))
        for stack in self._stacks:
            template = stack.template
            if template.macros and (model.asked or template.speaks_of_personalize):
                reason = f"{_put_in(template)}, so what becomes of its policies isn't known"
                declared = Declaration(str(template.path), stack.name)
                model.open_questions.append(OpenQuestion(stack.name, reason, declared))

    def _add_owners_beside(self, model: AccessModel) -> None:
        """Add the owners of policies in templates that speak of Personalize."""
        beside = AccessModel()
        for resource in self._resources:
            template = resource.stack.template
            with template.noting_errors():
                if not template.speaks_of_personalize:
                    continue
                if resource.type in physical.KEYS:
                    self._deployment.add_key(beside, physical.key_arn(resource))
                elif resource.type == physical.ROLE:
                    self._deployment.add_role(beside, physical.role_arn(resource))
                elif resource.type == "AWS::S3::BucketPolicy":
                    bucket_name = resource.text("Bucket") or ""
                    arn = resource.arn("s3", bucket_name, region=False, account=False)
                    self._deployment.add_bucket(beside, arn, template.account)
        model.owners_beside += beside.keys.values()
        model.owners_beside += beside.roles.values()
        model.owners_beside += beside.buckets.values()
        model.names_of_others.update(beside.names)

    def _leave_open_what_macros_add(self, model: AccessModel) -> None:
        """Leave open the policies of owners whose stacks have macros or loops."""
        for owner, resource in self._made(model):
            for stack in resource.stack.top.with_nested():
                if stack.template.macros:
                    _leave_open(owner, _put_in(stack.template))

    def _add_order(self, model: AccessModel) -> None:
        """Add to each owner the resources that exist before it."""
        for owner, resource in self._made(model):
            with resource.stack.template.noting_errors():
                owner.waits_for = self._order.before(resource.stack, resource.logical_id)

    def _made(self, model: AccessModel) -> list[tuple[PolicyOwner, Resource]]:
        """Return the owners of a model that the assembly makes, with their resources."""
        resources = {resource.declared: resource for resource in self._resources}
        made: list[tuple[PolicyOwner, Resource]] = []
        for owner in model.owners:
            resource = None if owner.declared is None else resources.get(owner.declared)
            if resource is not None:
                made.append((owner, resource))
        return made

    def _add_names(self, model: AccessModel) -> None:
        """Add the names of roles, and the defaults by which conditions were decided."""
        for roles in self._deployment.roles.values():
            for role in roles:
                model.names_of_others[physical.role_arn(role)] = role.path
        for stack in self._stacks:
            model.assumed |= stack.assumed

    def _add_functions(self, model: AccessModel) -> None:
        """Add the functions of templates that statements are written with."""
        origins = {str(stack.template.path): stack.origins for stack in self._stacks}
        model.pasted = Pasting(model, origins).pasted

    def _is_ours(self, path: str) -> bool:
        """Report whether one of our constructs made the resource at a path."""
        parent = path.rpartition("/")[0]
        return bool(parent) and (parent in self._paths or self._is_ours(parent))


def _leave_open(owner: PolicyOwner, reason: str) -> None:
    owner.unseen = _and_reason(owner.unseen, reason)
    if isinstance(owner, Role):
        owner.unseen_trust = _and_reason(owner.unseen_trust, reason)


def _and_reason(reasons: str, reason: str) -> str:
    return f"{reasons}; {reason}" if reasons else reason


def _put_in(template: Template) -> str:
    return f"what {', '.join(template.macros)} puts in isn't in the template"


def _started_by(request: Request, jobs: list[_Job]) -> _Job:
    """Return the job that a state starts; several state machines may have a state of its name."""
    text = json.dumps(request.resource.body)
    for job in jobs:
        if job.left.job_name.rstrip("*") in text:
            return job
    return jobs[0]
