"""Routing: from the resources chosen to the policies of keys, role and buckets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from aws_cdk import Stage
from constructs import Construct

from ._policies.dependencies import Dependencies
from ._policies.keys import KeyPolicy
from ._policies.known import KnownResources
from ._policies.limits import MANAGED_POLICIES_AT_MOST, too_many_policies
from ._policies.registry import PolicyRegistry
from ._refusal import refuse
from .locations import S3Location
from .matrix import KeyAccess, S3Access
from .resources import PersonalizeResource


class Wiring:
    """The one place that knows which key and which bucket plays which part for a resource."""

    def __init__(
        self,
        scope: Construct,
        known: KnownResources,
        policies: PolicyRegistry,
        encryption_key: KeyPolicy,
        permissions: Dependencies,
    ) -> None:
        self.policies = policies
        self.permissions = permissions
        self.allowed: dict[PersonalizeResource, None] = {}
        """The resources allowed so far, each once, in order."""
        self.is_synthesized = False
        """True as soon as the templates are written, which nothing later can reach."""
        self._scope = scope
        self.known = known
        self.encryption_key = encryption_key
        self._ordered: set[object] = set()
        self.before_allowing: list[Callable[[Sequence[PersonalizeResource]], None]] = []
        """Functions that raise an error if these resources mustn't be allowed."""

    def allow(self, resources: Sequence[PersonalizeResource]) -> None:
        """Put the statements for these resources into the policies.

        Raises:
            ValueError: if the role gets too many policies by it, the templates are written already, or two stacks would
                need each other; nothing has changed then.
        """
        for check in self.before_allowing:
            check(resources)
        for resource in resources:
            self._collect(resource)
        problems = list(self._problems())
        if problems:
            self.policies.roll_back()
        refuse(self._scope, problems)
        self.policies.attach()
        self.allowed.update(dict.fromkeys(resources))
        self._order(resources)

    def key_arn(self, location: S3Location) -> str | None:
        """Return the ARN of the key that encrypts a location, if one does."""
        key = self.known.encryption_of(location).key
        return None if key is None else key.arn

    def late_resource_problems(self) -> Iterator[str]:
        """Explain that a new resource would reach no template of a stage; for an app, the CDK says so itself."""
        stage = Stage.of(self._scope) if self.is_synthesized else None
        if stage is not None and stage.parent_stage is not None:
            yield from self.late_problems()

    def late_problems(self) -> Iterator[str]:
        """Explain that a call comes too late to reach a template."""
        if self.is_synthesized:
            yield (
                "the stage was synthesized already (add_stage of CDK Pipelines does so at once), so that what is "
                "added now would not reach its templates: add it before"
            )

    def _problems(self) -> Iterator[str]:
        if self.is_synthesized and any(policy.has_news for policy in self.policies):
            yield from self.late_problems()
            return
        for policy in self.policies:
            if policy.is_frozen:
                yield (
                    f"the policy of {policy.kind} {policy.name} was resolved already, by stack.resolve for example, "
                    "after which the CDK changes no statement of it: allow everything before"
                )
        number = len(list(self.policies.of_role))
        if number > MANAGED_POLICIES_AT_MOST:
            yield too_many_policies(self.policies.role, number, ours=number)

    def _collect(self, resource: PersonalizeResource) -> None:
        row = resource.permissions
        self._collect_on_key(self.encryption_key, row.on_dataset_group_key)
        for location, access in _accessed(resource):
            bucket = self.policies.of_bucket(self.known.bucket(location.bucket))
            bucket.collect_access(access, location.prefix)
            self.policies.of_role.collect_access(access, bucket.resource_arn, location.prefix)
            key = self.known.encryption_of(location).key
            if key is not None:
                self._collect_on_key(self.policies.of_key(key), access.on_key)
        for actions in row.role_on_everything:
            self.policies.of_role.collect_actions(actions, "*")

    def _collect_on_key(self, key: KeyPolicy, access: KeyAccess) -> None:
        key.collect_actions(access.key_policy)
        for actions in access.key_policy if key.role_needs_iam else access.role_policies:
            self.policies.of_role.collect_actions(actions, key.resource_arn)

    def _order(self, resources: Sequence[PersonalizeResource]) -> None:
        """Make resources wait for the policies that these ones need, where the template doesn't say so anyhow."""
        for policy in (*self.policies.of_buckets, *self.policies.of_role):
            if policy.dependable is not None and policy not in self._ordered:
                self._ordered.add(policy)
                self.permissions.add(policy.dependable)
        for key in self.policies.of_keys:
            if key.l1 is not None and key not in self._ordered:
                self._ordered.add(key)
                self.permissions.add_key(key.l1, is_implied=self._is_implied(key, resources))

    def _is_implied(self, key: KeyPolicy, resources: Sequence[PersonalizeResource]) -> bool:
        """Tell if what resources wait for refers to a key: a policy of the role, or the policy of the key's bucket."""
        if self.policies.of_role.refers_to(key.resource_arn):
            return True
        return key is not self.encryption_key and all(
            self.known.is_by_bucket(location)
            for resource in resources
            for location, _ in _accessed(resource)
            if self.known.encryption_of(location).key is key.key
        )


def _accessed(resource: PersonalizeResource) -> Iterator[tuple[S3Location, S3Access]]:
    """Yield the locations of a resource, each with the access that Personalize needs."""
    row = resource.permissions
    for location, access in ((resource.source, row.source), (resource.destination, row.destination)):
        if location is not None and access is not None:
            yield location, access
