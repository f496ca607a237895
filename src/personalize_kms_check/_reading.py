"""A cloud assembly as an access model: the requests to Personalize, and every policy on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ._model.asked import Location
from ._model.model import AccessModel, PolicyOwner
from ._owners.deployment import Deployment
from ._owners.policies_by_code import PoliciesByCode
from ._owners.policy_owners import Assembled, Owners
from ._owners.shared_names import raise_for_two_deployments
from ._owners.unseen_parts import questions_of_unseen_parts
from ._owners.waiting import CreationOrder
from ._requests.all_requests import AllRequests
from ._requests.constructs import left_by_constructs
from ._requests.dataset_groups import DatasetGroups
from ._requests.request_reader import RequestReader
from ._templates import physical
from ._templates.app import App
from ._templates.given_policies import GivenPolicies
from ._templates.manifest import Assembly
from ._templates.parameter_values import NO_VALUES, ParameterValues
from ._templates.stacks import Resource, Stack
from ._templates.template import Template


def read_assemblies(
    assemblies: list[Assembly],
    parameters: ParameterValues = NO_VALUES,
    policies: GivenPolicies | None = None,
) -> list[ReadAssembly]:
    """Unreadable parts, now or when a model is made, are left out: see ``Template.errors``."""
    templates: list[Template] = []
    for assembly in assemblies:
        templates += assembly.templates
    app = App(templates, parameters, policies)
    resources = [_resources_of(app.stacks_of(assembly)) for assembly in assemblies]
    of_app: list[Resource] = []
    for own in resources:
        of_app += own
    whole = Deployment(of_app)
    if not any(assembly.dependencies for assembly in assemblies):
        raise_for_two_deployments(of_app)
    if len(assemblies) == 1:
        return [ReadAssembly(assemblies[0], app, of_app, whole)]
    read: list[ReadAssembly] = []
    for assembly, own in zip(assemblies, resources, strict=True):
        read.append(ReadAssembly(assembly, app, own, Deployment(own, whole)))
    return read


def _resources_of(stacks: Iterable[Stack]) -> list[Resource]:
    resources: list[Resource] = []
    for stack in stacks:
        with stack.template.noting_errors():
            for resource in stack.resources():
                resources.append(resource)
    return resources


class ReadAssembly:
    """An assembly, an app or one of its stages, with the resources it deploys."""

    def __init__(
        self, assembly: Assembly, app: App, resources: list[Resource], deployment: Deployment
    ) -> None:
        self.assembly = assembly
        self._resources = resources
        self._stacks = app.stacks_of(assembly)
        self._deployment = deployment
        self._given = app.policies
        groups = DatasetGroups(resources, deployment)
        self.without_key = groups.without_key
        """The dataset groups that Personalize encrypts with a key of its own."""
        self._order = CreationOrder(assembly, app)
        self._reader = RequestReader(deployment, groups, self._order)
        self.constructs = left_by_constructs(assembly, app, groups)
        """The metadata that constructs and jobs of ours left, and users' declarations."""
        self._locations: dict[str, list[Location]] = {}
        """The locations that constructs, jobs and users name, by the ARN of the bucket."""
        for left in self.constructs:
            for asked in left.asked:
                for location in asked.locations:
                    self._locations.setdefault(location.bucket_arn, []).append(location)

    def model(self, *, only_ours: bool = False) -> AccessModel:
        """Return the requests, all or only those of constructs of ours, with all policies on them.

        Each step needs the steps before it: requests bring their keys, roles and buckets. What
        stacks note while values are resolved is read last.
        """
        requests = AllRequests(self.constructs, self._resources, self._reader, only_ours=only_ours)
        asked = [request for request, _ in requests.asked]
        by_code = PoliciesByCode(self._resources, self._deployment)
        owners = Owners(
            self._deployment, Assembled(self._order, by_code, self._locations, self._given)
        )
        for request, template in requests.asked:
            owners.add_named_by(request, template)
        model = owners.model
        questions = [*requests.questions, *model.open_questions]
        questions += questions_of_unseen_parts(self._resources, self._stacks, is_asked=bool(asked))
        beside = Owners(self._deployment)
        if not only_ours:
            self._add_owners_beside(beside)
            # Saves time: the judge asks only for what constructs create.
            from ._requests.undeclared import undeclared

            questions += undeclared(asked, self._resources, self._deployment)
        names_of_others = dict(beside.model.names)
        for roles in self._deployment.own["roles"].values():
            for role in roles:
                names_of_others[physical.role_arn(role)] = role.path
        # Stacks know these when all of the above is resolved.
        assumed: dict[str, str] = {}
        for stack in self._stacks:
            if asked or "AWS::Personalize::" in str(stack.template.body):
                assumed |= stack.assumed
        return replace(
            model,
            asked=asked,
            owners_beside=[*beside.model.owners],
            problems=[*requests.problems, *model.problems],
            without_key=[group.path for group in self.without_key],
            open_questions=questions,
            names_of_others=names_of_others,
            functions=_functions_of(self._stacks, model.owners),
            assumed=assumed,
        )

    def _add_owners_beside(self, owners: Owners) -> None:
        for resource in self._resources:
            template = resource.stack.template
            with template.noting_errors():
                if not template.speaks_of_personalize:
                    continue
                if resource.type in physical.KEYS:
                    owners.add_key(physical.key_arn(resource))
                elif resource.type == physical.ROLE:
                    owners.add_role(physical.role_arn(resource))
                elif resource.type == "AWS::S3::BucketPolicy":
                    bucket_name = resource.text("Bucket") or ""
                    arn = resource.arn("s3", bucket_name, region=False, account=False)
                    owners.add_bucket(arn, template.account)


def _functions_of(
    stacks: Iterable[Stack], owners: Iterable[PolicyOwner]
) -> dict[str, dict[str, Any]]:
    """Return the resolved functions, and those of owners, by the path of a template."""
    functions = {str(stack.template.path): dict(stack.origins) for stack in stacks}
    for owner in owners:
        if owner.declared is not None and owner.declared.template in functions:
            function = {"Fn::GetAtt": [owner.declared.logical_id, "Arn"]}
            functions[owner.declared.template][owner.arn] = function
    return functions
