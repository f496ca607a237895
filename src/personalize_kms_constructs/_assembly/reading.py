"""A cloud assembly as an access model: what is asked of Personalize, and every policy that bears on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from .._access.causes import IF_PARAMETER, Cause
from .._access.declarations import Declaration
from .._access.model import AccessModel, Asked, Location, OpenQuestion, PolicyOwner, Problem, Role
from .._access.needs import keys_of
from .._values import split
from . import physical
from .app import App
from .choices import left_out_by
from .constructs import Left, left_by_constructs
from .dataset_groups import DatasetGroups, key_left_open
from .deployment import Deployment
from .given_policies import GivenPolicies
from .manifest import Assembly
from .parameter_values import NO_VALUES, ParameterValues
from .pasting import Pasting
from .policies_by_code import leave_replaced_policies_open
from .requesters import requests_of
from .requests import S3_URI, Request
from .stacks import Resource, Stack
from .state_machines import STATE_MACHINES
from .templates import NESTED_STACKS, Template, Unread, noted
from .undeclared import undeclared
from .waiting import CreationOrder


def read_assemblies(
    assemblies: list[Assembly],
    unread: list[Unread],
    parameters: ParameterValues = NO_VALUES,
    policies: GivenPolicies | None = None,
) -> Iterator[ReadAssembly]:
    """Yield an app and its stages with what they deploy; what can't be read, of models too, is noted and left out."""
    app = App([template for assembly in assemblies for template in assembly.templates], unread, parameters, policies)
    resources: dict[Path, list[Resource]] = {assembly.directory: [] for assembly in assemblies}
    for assembly in assemblies:
        for stack in app.stacks_of(assembly):
            with noted(unread, stack.template):
                resources[assembly.directory] += stack.resources()
    of_app = [each for found in resources.values() for each in found]
    everything = Deployment.of(of_app, unread)
    for assembly in assemblies:
        own = resources[assembly.directory]
        deployment = everything if len(assemblies) == 1 else Deployment.of(own, unread, everything)
        yield ReadAssembly(assembly, app, own, deployment, unread)


class ReadAssembly:
    """An assembly, an app or one of its stages, with what it deploys."""

    def __init__(
        self,
        assembly: Assembly,
        app: App,
        resources: list[Resource],
        deployment: Deployment,
        unread: list[Unread],
    ) -> None:
        self._resources = resources
        self._stacks = app.stacks_of(assembly)
        self._deployment = deployment
        self._unread = unread
        self._groups = DatasetGroups(resources, deployment, unread)
        self.without_key = self._groups.without_key
        """The dataset groups that Personalize encrypts with a key of its own."""
        self._order = CreationOrder(assembly, app)
        self._order.note_circle_of_stacks(unread)
        self.constructs = list(left_by_constructs(assembly, app, self._groups, unread))
        """What constructs and jobs of ours have left, and what users have declared."""
        self._buckets: dict[str, list[Location]] = {}
        """The places in each bucket that constructs, jobs and users speak of."""
        for asked in (each for left in self.constructs for each in left.asked):
            for location in asked.locations:
                self._buckets.setdefault(location.bucket_arn, []).append(location)
        self._paths = {each.path for each in self.constructs if each.ours}
        self._jobs: dict[tuple[Stack, str, str], list[tuple[Left, Asked]]] = {}
        """The jobs of ours, by the states that start them: their stack, their name, and the kind of job."""
        for left in self.constructs:
            if left.state is not None:
                for asked in left.asked:
                    self._jobs.setdefault((*left.state, asked.kind), []).append((left, asked))

    def model(self, *, only_ours: bool = False) -> AccessModel:
        """Return what is asked of Personalize, or what of it constructs of ours answer for, and all policies on it.

        The order matters. What constructs left comes first, since requests look for their keys there. Each request
        brings its keys, roles and buckets into the model. Once all of them are there, the policies that code may
        replace are taken out, and at last each owner learns what it waits for, and its statements what they refer to.
        """
        model = AccessModel()
        allowed = self._add_constructs(model, only_ours=only_ours)
        self._add_requests(model, allowed, only_ours=only_ours)
        self._add_unseen(model)
        if not only_ours:
            self._add_owners_beside(model)
            model.open_questions += undeclared(model, self._resources, self._deployment, self._unread)
        model.without_key += (group.path for group in self.without_key)
        leave_replaced_policies_open(model, self._resources, self._deployment, self._unread)
        self._add_order_and_names(model)
        return model

    def _add_requests(self, model: AccessModel, allowed: dict[tuple[str, str], Asked], *, only_ours: bool) -> None:
        """Put into the model what resources of the templates ask for."""
        jobs = {name: list(each) for name, each in self._jobs.items()}
        for resource in self._resources:
            ours = self._is_ours(resource.path)
            has_jobs = resource.type in STATE_MACHINES and self._jobs
            if not (ours or has_jobs or not only_ours):
                continue
            with noted(self._unread, resource.stack.template):
                for request in requests_of(resource):
                    if isinstance(request, OpenQuestion):
                        model.open_questions.append(request)
                        continue
                    name = (resource.stack, request.state, request.permissions.resource)
                    if name in jobs:
                        # The job has left it in the metadata, with all that each execution chooses.
                        _add_refusals(model, request, ours=True)
                        if jobs[name]:
                            left, asked = job = _started_by(request, jobs[name])
                            jobs[name].remove(job)
                            started = replace(asked, **self._caller(request, left.job_name, left.made_for))
                            self._add(model, started, left.template)
                    elif ours or not only_ours:
                        self._add_request(model, request, allowed, ours=ours)
        for left, asked in (job for not_started in jobs.values() for job in not_started):
            self._add(model, asked, left.template)

    def _add_order_and_names(self, model: AccessModel) -> None:
        """Add to the owners of a model what they wait for, and to the model names, functions and defaults."""
        for role in (role for found in self._deployment.roles.values() for role in found):
            model.names_of_others[physical.role_arn(role)] = role.path
        made = {resource.declared: resource for resource in self._resources}
        for owner in model.owners:
            there = None if owner.declared is None else made.get(owner.declared)
            if there is not None:
                self._leave_open_what_macros_put_in(owner, there.stack)
                with noted(self._unread, there.stack.template):
                    owner.waits_for = self._order.before(there.stack, there.logical_id)
        origins = {str(stack.template.path): stack.origins for stack in self._stacks}
        model.pasted = Pasting(model, origins).pasted
        for stack in self._stacks:
            model.assumed |= stack.assumed

    def _is_ours(self, path: str) -> bool:
        """Tell if one of our constructs made what stands at a path."""
        parent = path.rpartition("/")[0]
        return bool(parent) and (parent in self._paths or self._is_ours(parent))

    def _add_constructs(self, model: AccessModel, *, only_ours: bool) -> dict[tuple[str, str], Asked]:
        """Put into the model what constructs of ours ask for, and return it by role and kind.

        Of jobs only what is wrong with them, since their callers aren't known yet.
        """
        allowed: dict[tuple[str, str], Asked] = {}
        for left in self.constructs:
            if only_ours and not left.ours:
                continue
            model.open_questions += left.questions
            model.problems += left.problems
            for asked in left.asked:
                if left.state is None:
                    allowed.setdefault((asked.role_arn, asked.kind), asked)
                    self._add(model, asked, left.template)
        return allowed

    def _add(self, model: AccessModel, asked: Asked, template: Template) -> None:
        """Put a request into the model, with the role, the buckets and the keys that it names, if they can be read."""
        for role_arn in filter(None, (asked.role_arn, asked.caller_arn, asked.assumed_by)):
            with noted(self._unread, template):
                self._deployment.add_role(model, role_arn)
        for location in asked.locations:
            with noted(self._unread, template):
                self._add_bucket(model, location, asked)
        for key in keys_of(model, asked):
            with noted(self._unread, template):
                self._deployment.add_key(model, key)
        model.asked.append(asked)

    def _add_bucket(self, model: AccessModel, location: Location, asked: Asked) -> None:
        """Put a bucket into the model; of one that no template makes, the app may have said account and key."""
        arn = location.bucket_arn
        said = self._buckets.get(arn, [])
        self._deployment.add_bucket(model, arn, next(filter(None, (each.account for each in said)), asked.account))
        keys = {each.key_arn for each in said if each.key_arn is not None}
        if model.buckets[arn].unseen_encryption and len(keys) == 1:
            model.buckets[arn].key_arn, model.buckets[arn].unseen_encryption = keys.pop(), ""

    def _add_request(
        self, model: AccessModel, request: Request, allowed: dict[tuple[str, str], Asked], *, ours: bool
    ) -> None:
        """Put into the model what a resource of a template asks for, and what is wrong with it.

        What conditions may leave out is one open question.
        """
        resource = request.resource
        role = self._deployment.role_arn(request.role_arn or "", resource)
        if request.chosen_by:
            because = f"what it asks for depends on the condition {request.chosen_by}"
            roles = () if request.role_arn is None else (role,)
            asks = ("kms", "s3") if request.places else ("kms",)
            question = OpenQuestion(request.name, because, resource.declared, roles, asks, Cause.CHOSEN)
            model.open_questions.append(question)
            return
        _add_refusals(model, request, ours=ours)
        key = request.key_arn
        if request.role_arn is None or (request.is_of_group and key is None):
            return
        if not request.is_of_group:
            key = self._key_of_group(model, request, allowed.get((role, request.permissions.resource)))
        account, region = request.environment
        places = {what: self._location(model, request, what, *place) for what, place in request.places.items()}
        asked = Asked(
            name=request.name,
            permissions=request.permissions,
            role_arn=role,
            account=account,
            region=region,
            dataset_group_key=None if key is None else self._groups.key_arn(key, resource),
            source=places.get("source"),
            destination=places.get("destination"),
            declared=resource.declared,
            waits_for=self._order.there(resource.stack, resource.logical_id) if request.at_deployment else None,
            ours=ours,
            **self._caller(request),
        )
        self._add(model, asked, resource.stack.template)

    def _caller(self, request: Request, job_name: str = "", made_for: str = "") -> dict[str, Any]:
        """Return who calls for a request, and on what, for what is asked."""
        if not request.caller:
            return {}
        caller = self._deployment.role_arn(request.caller, request.resource)
        by = request.assumed_by and self._deployment.role_arn(request.assumed_by, request.resource)
        on = request.calls_on(job_name, made_for)
        return {"caller_arn": caller, "assumed_by": by, "calls_on": on, "also_calls": request.also_calls}

    def _location(
        self, model: AccessModel, request: Request, what: str, path: str | None, key: str | None
    ) -> Location | None:
        """Return the bucket and the prefix in a path; none, and an open question, where the path isn't known."""
        resource = request.resource
        if path is None:
            return None
        if path.startswith("${"):
            because = f"its {what} {path} isn't known before deployment ({IF_PARAMETER})"
            role = self._deployment.role_arn(request.role_arn or "", resource)
            model.open_questions.append(OpenQuestion(request.name, because, resource.declared, (role,)))
            return None
        if not path.startswith(S3_URI):
            return None  # it is refused
        bucket, *prefix = split(path.removeprefix(S3_URI), "/", 1)
        key_arn = self._groups.key_arn(key, resource) if key is not None else None
        bucket_arn = resource.arn("s3", bucket, region=False, account=False)
        return Location(bucket_arn, "".join(prefix), key_arn, is_folder=what == "destination", is_read=what == "source")

    def _key_of_group(self, model: AccessModel, request: Request, allowed: Asked | None) -> str | None:
        """Return the key of the dataset group that a job or a metric attribution belongs to.

        Where no template tells the dataset group, it is the one of the construct that allows such jobs to this role.
        """
        which = request.made_for
        found = self._groups.of(which, request.resource.stack)
        if found is not None and (condition := left_out_by(self._groups.key_of(found))):
            role = self._deployment.role_arn(request.role_arn or "", request.resource)
            question = key_left_open(request.name, condition, request.resource.declared, role)
            model.open_questions.append(question)
            return None
        if found is not None:
            return self._groups.key_of(found)
        if allowed is not None:
            return allowed.dataset_group_key
        because = f"its dataset group can't be seen, so it isn't known whether that has a key, and which: {which}"
        resource, asks = request.resource, ("kms",)
        role = self._deployment.role_arn(request.role_arn or "", resource)
        model.open_questions.append(OpenQuestion(request.name, because, resource.declared, (role,), asks))
        return None

    def _add_unseen(self, model: AccessModel) -> None:
        """Put into the model what may ask for something or change policies, where what it makes can't be seen.

        Where nothing is asked, only of what speaks of Personalize.
        """
        for resource in self._resources:
            is_stack = resource.type in NESTED_STACKS and resource.logical_id not in resource.stack.nested
            if not is_stack and not resource.type.endswith("::MODULE"):
                continue
            url = resource.body.get("Properties", {}).get(NESTED_STACKS.get(resource.type))
            its = f"its template {url}" if isinstance(url, str) and "://" not in url else "its template"
            because = f"{its} isn't in the assembly, so what it does to policies isn't known"
            if model.asked or "personalize" in json.dumps(resource.body).lower():
                model.open_questions.append(OpenQuestion(resource.path, because, resource.declared))
        for stack in self._stacks:
            template = stack.template
            if template.macros and (model.asked or template.speaks_of_personalize):
                because = f"{_put_in(template)}, so what becomes of its policies isn't known"
                where = Declaration(str(template.path), stack.name)
                model.open_questions.append(OpenQuestion(stack.name, because, where))

    def _add_owners_beside(self, model: AccessModel) -> None:
        """Add to the model the owners of policies in templates that speak of Personalize."""
        beside = AccessModel()
        for resource in self._resources:
            template = resource.stack.template
            with noted(self._unread, template):
                if not template.speaks_of_personalize:
                    continue
                if resource.type in physical.KEYS:
                    self._deployment.add_key(beside, physical.key_arn(resource))
                elif resource.type == physical.ROLE:
                    self._deployment.add_role(beside, physical.role_arn(resource))
                elif resource.type == "AWS::S3::BucketPolicy":
                    arn = resource.arn("s3", resource.text("Bucket") or "", region=False, account=False)
                    self._deployment.add_bucket(beside, arn, template.account)
        model.owners_beside += [*beside.keys.values(), *beside.roles.values(), *beside.buckets.values()]
        model.names_of_others.update(beside.names)

    def _leave_open_what_macros_put_in(self, owner: PolicyOwner, made_by: Stack) -> None:
        """Leave the policies of a key, a role or a bucket open where a macro or a loop of its stack may add to them."""
        unseen = [_put_in(each.template) for each in made_by.top.with_nested() if each.template.macros]
        if unseen:
            owner.unseen = "; ".join(filter(None, [owner.unseen, *unseen]))
            if isinstance(owner, Role):
                owner.unseen_trust = "; ".join(filter(None, [owner.unseen_trust, *unseen]))


def _put_in(template: Template) -> str:
    return f"what {', '.join(template.macros)} puts in isn't in the template"


def _started_by(request: Request, jobs: list[tuple[Left, Asked]]) -> tuple[Left, Asked]:
    """Return the job that a state starts, of those whose states have its name, in several state machines maybe."""
    said = json.dumps(request.resource.body)
    return next((job for job in jobs if job[0].job_name.rstrip("*") in said), jobs[0])


def _add_refusals(model: AccessModel, request: Request, *, ours: bool) -> None:
    """Put into the model what is wrong with the role, the key and the places of a request."""
    declared, needed_by = (request.resource.declared,), (request.name,)
    for reason, page in request.refused():
        problem = Problem(
            "configuration", request.name, reason, page=page, needed_by=needed_by, declared=declared, of_ours=ours
        )
        model.problems.append(problem)
