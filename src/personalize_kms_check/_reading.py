"""A cloud assembly as an access model: the requests to Personalize, and every policy on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from ._model.model import AccessModel
from ._model.requests import Location
from ._owners.deployment import Deployment
from ._owners.policies_by_code import PoliciesByCode
from ._owners.policy_owners import Owners
from ._owners.shared_names import raise_for_two_deployments
from ._owners.unseen_parts import questions_of_unseen_parts
from ._owners.waiting import CreationOrder
from ._requests.all_requests import AllRequests
from ._requests.constructs import Metadata, constructs_of
from ._requests.dataset_groups import DatasetGroups
from ._requests.request_reader import RequestReader
from ._templates import physical
from ._templates.app import App
from ._templates.given_policies import GivenPolicies
from ._templates.manifest import Assembly
from ._templates.parameter_values import NO_VALUES, ParameterValues
from ._templates.stacks import Resource
from ._templates.template import Template

Errors = Sequence[tuple[Template, str]]


@dataclass(frozen=True)
class Reading:
    """An assembly, an app or one of its stages, when all of it is read."""

    model: AccessModel
    """With the parameters assumed, and the functions behind values."""
    constructs: Sequence[Metadata]
    """The metadata that constructs and jobs of ours left, and users' declarations."""
    without_key: Sequence[Resource]
    errors: Errors
    """The errors of templates, each once, whose parts are left out."""
    broken: Errors
    """Those outside of requests and policies."""


def read_assemblies(
    assemblies: Sequence[Assembly],
    parameters: ParameterValues = NO_VALUES,
    documents: GivenPolicies | None = None,
    *,
    only_ours: bool = False,
) -> list[Reading]:
    """Read all requests, or only those of constructs of ours, with all policies on them."""
    templates = chain.from_iterable(assembly.templates for assembly in assemblies)
    app = App(templates, parameters, documents)
    resources = [app.resources_of(assembly) for assembly in assemblies]
    of_app = [*chain.from_iterable(resources)]
    whole = Deployment(of_app)
    if not any(assembly.dependencies for assembly in assemblies):
        raise_for_two_deployments(of_app)
    parts: list[_Parts] = []
    for assembly, own in zip(assemblies, resources, strict=True):
        deployment = Deployment(own, whole) if len(assemblies) > 1 else whole
        parts.append(_Parts(assembly, app, own, deployment))
    broken = [part.errors() for part in parts]
    models = [part.model(only_ours=only_ours) for part in parts]
    # Stacks have noted everything when all of them are read.
    return [*map(_Parts.reading, parts, models, broken)]


class _Parts:
    """The parts of an assembly, and the resources that it deploys."""

    def __init__(
        self, assembly: Assembly, app: App, resources: list[Resource], deployment: Deployment
    ) -> None:
        self._assembly = assembly
        self._resources = resources
        self._stacks = app.stacks_of(assembly)
        self._deployment = deployment
        self._documents = app.documents
        groups = DatasetGroups(resources, deployment)
        self.without_key = groups.without_key
        self._order = CreationOrder(assembly, app)
        self._reader = RequestReader(deployment, groups, self._order)
        self.constructs = constructs_of(assembly, app, groups)
        self._locations: dict[str, list[Location]] = {}
        """The locations that constructs, jobs and users name, by the ARN of the bucket."""
        for construct in self.constructs:
            for request in construct.requests:
                for location in request.locations:
                    self._locations.setdefault(location.bucket_arn, []).append(location)

    def model(self, *, only_ours: bool) -> AccessModel:
        """Return the requests with all policies on them.

        Each step needs the steps before it: requests bring their keys, roles and buckets.
        """
        requests = AllRequests(self.constructs, self._resources, self._reader, only_ours=only_ours)
        by_code = PoliciesByCode(self._resources, self._deployment)
        owners = Owners(self._deployment, self._order, by_code, self._locations, self._documents)
        model = owners.named_by(requests.with_stacks)
        questions = [*requests.questions, *model.open_questions]
        is_asked = bool(requests.with_stacks)
        questions += questions_of_unseen_parts(self._resources, self._stacks, is_asked=is_asked)
        # Saves time: the judge asks only for what constructs create.
        beside = AccessModel() if only_ours else owners.beside(self._resources)
        names_of_others: dict[str, str] = {}
        for owner in beside.owners:
            if owner.declared is not None:
                names_of_others[owner.arn] = owner.declared.path
        for roles in self._deployment.own["roles"].values():
            for role in roles:
                names_of_others[physical.role_arn(role)] = role.path
        return replace(
            model,
            requests=[request for request, _ in requests.with_stacks],
            owners_beside=[*beside.owners],
            template_roles=beside.template_roles,
            role_arns=self._deployment.role_arns(),
            problems=[*requests.problems, *model.problems],
            without_key=[group.path for group in self.without_key],
            open_questions=questions,
            names_of_others=names_of_others,
        )

    def errors(self) -> Errors:
        """Return the errors up to now."""
        noted = {stack.template: stack.notes.errors for stack in self._stacks}
        errors: list[tuple[Template, str]] = []
        for template in self._assembly.with_nested():
            for reason in dict.fromkeys([*template.errors, *noted.get(template, [])]):
                errors.append((template, reason))
        return errors

    def reading(self, model: AccessModel, broken: Errors) -> Reading:
        """Return all of it, with what its stacks have noted."""
        assumed: dict[str, str] = {}
        functions: dict[str, dict[str, Any]] = {}
        for stack in self._stacks:
            functions[str(stack.template.path)] = dict(stack.notes.functions)
            if model.requests or "AWS::Personalize::" in str(stack.template.body):
                assumed |= stack.notes.assumed
        for owner in model.owners:
            if owner.declared is not None and owner.declared.template in functions:
                function = {"Fn::GetAtt": [owner.declared.logical_id, "Arn"]}
                functions[owner.declared.template][owner.arn] = function
        model = replace(model, functions=functions, assumed=assumed)
        return Reading(model, self.constructs, self.without_key, self.errors(), broken)
