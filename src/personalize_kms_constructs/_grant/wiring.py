"""The resources allowed so far, and the policies with their statements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import cast

import jsii
from aws_cdk import Stage
from constructs import Construct, Dependable, IConstruct, IDependable

from .._refusals import refuse
from ..options import SourceAccountCheck
from ..resources import PersonalizeResource
from .door import Door
from .l1_policies import BucketPolicies
from .plan import Plan, Statements, Terms, make_plan
from .principals import role_principal, service_principal
from .resolved import ResolvedBucket, ResolvedKey, ResolvedLocation, ResolvedResource
from .role import ServiceRole
from .sids import foreign_suffix, take_suffix
from .targets import AddStatements, BucketTarget, KeyTarget, ManagedPolicyTarget, PolicyTarget


@jsii.implements(IDependable)
class Permissions(Dependable):
    """The constructs to wait for, read when the CDK asks, so the order of calls doesn't show."""

    def __init__(self, wiring: Wiring, key_arn: str | None = None) -> None:
        """``key_arn`` is the key's if the waiting resource refers to it itself."""
        super().__init__()
        Dependable.implement(self, self)
        self._wiring, self._key_arn = wiring, key_arn

    @property
    def dependency_roots(self) -> list[IConstruct]:
        """Return everything to wait for, except keys implied by a reference."""
        roots = list(self._wiring.managed)
        for target in self._wiring.targets:
            is_implied = target.arn == self._key_arn or self._wiring.is_implied(target)
            if target.dependable is not None and not is_implied:
                roots.append(cast("IConstruct", target.dependable))
        return roots


class Wiring:
    """Allows resources: plans all statements, and adds new statements to policies."""

    def __init__(
        self,
        scope: Construct,
        door: Door,
        encryption_key: ResolvedKey,
        check: SourceAccountCheck,
        manage: Callable[[str], AddStatements] | None,
    ) -> None:
        """``manage`` makes the custom resource of an imported key; none leaves it pending."""
        self.door = door
        self.role = cast("ServiceRole", door.role)
        self.encryption_key = encryption_key
        self.allowed: dict[PersonalizeResource, ResolvedResource] = {}
        """The resources allowed so far, in order."""
        self.of_jobs: set[PersonalizeResource] = set()
        """The resources of jobs, which know their paths below the prefixes."""
        self.managed: list[IConstruct] = []
        """The custom resources that write the policies of imported keys."""
        self.is_synthesized = False
        """True as soon as the templates are written. Later calls can't reach them."""
        self._scope = scope
        self._here = door.here
        self._service = service_principal(check, door.here)
        self._manage = manage
        self._terms: dict[str, Terms] = {}
        self._keys: dict[str, KeyTarget] = {}
        self._buckets: dict[str, BucketTarget] = {}
        self._iam_targets: list[ManagedPolicyTarget] = []

    def wait_for(self, managed: IConstruct) -> None:
        """Make every waiting resource depend on a custom resource too."""
        self.managed.append(managed)

    def end(self) -> None:
        """Refuse what would come too late."""
        self.is_synthesized = True

    @property
    def keys(self) -> list[ResolvedKey]:
        by_identity = {self.encryption_key.identity: self.encryption_key}
        by_identity |= {identity: target.key for identity, target in self._keys.items()}
        return list(by_identity.values())

    @property
    def locations(self) -> list[ResolvedLocation]:
        locations = []
        for resource in self.allowed.values():
            locations += [location for _, location in resource.locations]
        return locations

    @property
    def targets(self) -> list[PolicyTarget]:
        return [*self._keys.values(), *self._iam_targets, *self._buckets.values()]

    def allow(self, resources: Iterable[PersonalizeResource]) -> None:
        """The resources must have passed the door."""
        allowed = dict(self.allowed)
        bucket_policies = BucketPolicies(self._here.stack)
        for resolved in self.door.resources(resources):
            if resolved.resource not in self.allowed:
                allowed[resolved.resource] = resolved
                self._add_keys(resolved)
                self._add_buckets(resolved, bucket_policies)
        plan = make_plan(allowed.values(), self.encryption_key.identity, self._terms)
        while len(self._iam_targets) < len(plan.role):
            self._iam_targets.append(ManagedPolicyTarget(self._scope, self._iam_targets, self.role))
        planned = self._planned(plan)
        if any(target.statements != statements for target, statements in planned):
            refuse(self._scope, self.late_problems())
        # Set first: if the CDK raises in the middle, later plans still have all that policies have.
        self.allowed = allowed
        for target, statements in planned:
            target.put(statements)

    def late_problems(self) -> Iterator[str]:
        """Explain that a call comes too late to reach a template."""
        if self.is_synthesized:
            yield (
                "the stage was synthesized already (by app.synth(), Template.from_stack or "
                "add_stage of Pipelines), so additions would not reach its templates: add "
                "them before"
            )

    def late_resource_problems(self) -> Iterator[str]:
        """Explain it for a stage: for an app the CDK raises an error itself."""
        stage = Stage.of(self._scope) if self.is_synthesized else None
        if stage is not None and stage.parent_stage is not None:
            yield from self.late_problems()

    def _add_keys(self, resource: ResolvedResource) -> None:
        keys = [self.encryption_key]
        for location, _ in resource.accessed:
            if location.key is not None:
                keys.append(location.key)
        for key in keys:
            if key.identity not in self._keys:
                refuse(self._scope, self.late_problems())
                self._keys[key.identity] = KeyTarget(key, self._manage)
                principals = (role_principal(self.role, key), self._service)
                self._terms[key.identity] = Terms(key.arn, principals, self._suffix(key))

    def _add_buckets(self, resource: ResolvedResource, bucket_policies: BucketPolicies) -> None:
        """Add the policies of new buckets, and settle their terms.

        In one account the role's IAM policies are enough; across accounts both sides must allow.
        The key of a later location may reveal that an imported bucket is in another account.
        """
        for location, _ in resource.accessed:
            bucket, before = location.bucket, self._terms.get(location.bucket.identity)
            in_one_account = all(map(self.role.is_of_account, location.accounts))
            role_principals = () if in_one_account else (role_principal(self.role, bucket),)
            principals = (*role_principals, self._service)
            if before is None or len(before.principals) < len(principals):
                refuse(self._scope, self.late_problems())
                self._buckets.setdefault(bucket.identity, BucketTarget(bucket, bucket_policies))
                self._terms[bucket.identity] = Terms(bucket.arn, principals, self._suffix(bucket))

    def _suffix(self, resource: ResolvedKey | ResolvedBucket) -> str:
        if resource.stack is None:
            return foreign_suffix(self._scope.node.path, self._here)
        return take_suffix(resource.identity)

    def _planned(self, plan: Plan) -> list[tuple[PolicyTarget, Statements]]:
        planned: list[tuple[PolicyTarget, Statements]] = []
        planned += [(self._keys[identity], plan.keys[identity]) for identity in plan.keys]
        planned += zip(self._iam_targets, plan.role, strict=False)
        planned += [(self._buckets[identity], plan.buckets[identity]) for identity in plan.buckets]
        return planned

    @cached_property
    def permissions(self) -> IDependable:
        """Everything that must exist before Personalize is called, later additions included."""
        return Permissions(self)

    def is_implied(self, target: PolicyTarget) -> bool:
        """Tell if the role's policies refer to a key, so waiting for them includes the key."""
        if not isinstance(target, KeyTarget):
            return False
        is_named = False
        for iam_target in self._iam_targets:
            if iam_target.is_pending:
                return False
            for statement in iam_target.statements:
                is_named = is_named or target.arn in statement.resources
        return is_named
