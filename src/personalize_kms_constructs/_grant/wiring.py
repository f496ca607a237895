"""The resources allowed so far, and the policies that have the statements for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from aws_cdk import Stage
from constructs import Construct, DependencyGroup, IDependable

from .._refusals import refuse
from ..options import SourceAccountCheck
from ..resources import PersonalizeResource
from .door import Door
from .l1_policies import BucketPolicies
from .place import Place
from .plan import Plan, Statements, Terms, make_plan
from .principals import role_principal, service_principal
from .resolved import ResolvedBucket, ResolvedKey, ResolvedLocation, ResolvedResource
from .role import ServiceRole
from .sids import foreign_suffix, take_suffix
from .targets import AddStatements, BucketTarget, KeyTarget, ManagedPolicyTarget, PolicyTarget


class Wiring:
    """Allows resources: makes a plan of all that is allowed, and puts what is new into the policies."""

    def __init__(
        self,
        scope: Construct,
        path: str,
        here: Place,
        role: ServiceRole,
        encryption_key: ResolvedKey,
        door: Door,
        *,
        source_account_check: SourceAccountCheck,
        manage: Callable[[str], AddStatements] | None,
    ) -> None:
        self.door = door
        self.role = role
        self.encryption_key = encryption_key
        self.allowed: dict[PersonalizeResource, ResolvedResource] = {}
        """The resources allowed so far, each once, in order."""
        self._permissions: DependencyGroup | None = None
        self.is_synthesized = False
        """True as soon as the templates are written, which nothing later can reach."""
        self._scope = scope
        self._path = path
        self._here = here
        self._service = service_principal(source_account_check, here)
        self._manage = manage
        self._terms: dict[str, Terms] = {}
        self._keys: dict[str, KeyTarget] = {}
        self._buckets: dict[str, BucketTarget] = {}
        self._of_role: list[ManagedPolicyTarget] = []
        self.of_others: list[PolicyTarget] = []
        """Policies that the construct needs besides those of the plan, and that take no statements."""

    @property
    def permissions(self) -> DependencyGroup:
        """All that must exist before Personalize is called, what is added later included."""
        if self._permissions is None:
            self._permissions = DependencyGroup()
        return self._permissions

    @property
    def keys(self) -> list[ResolvedKey]:
        """The keys in use: that of the dataset groups, and those of locations."""
        keys = (self.encryption_key, *(each.key for each in self._keys.values()))
        return list({each.identity: each for each in keys}.values())

    @property
    def locations(self) -> list[ResolvedLocation]:
        """The locations of all that is allowed."""
        return [
            location for resource in self.allowed.values() for _, location in resource.locations
        ]

    def wait_for(self, *dependables: IDependable) -> None:
        """Add what must exist before Personalize is called."""
        # Together at first, which is one call into jsii.
        if self._permissions is None:
            self._permissions = DependencyGroup(*dependables)
        else:
            self._permissions.add(*dependables)

    @property
    def policies(self) -> list[PolicyTarget]:
        """Every policy that has statements: those of keys, of the role, of buckets."""
        return [*self._keys.values(), *self._of_role, *self._buckets.values(), *self.of_others]

    def allow(self, resources: Iterable[PersonalizeResource]) -> None:
        """Put the statements for these resources, which the door has let in, into the policies.

        Raises:
            ValueError: if the templates are written already, and lack a statement.
        """
        new = [each for each in self.door.resources(resources) if each.given not in self.allowed]
        allowed = self.allowed | {each.given: each for each in new}
        policies = BucketPolicies(self._here.stack)
        for resource in new:
            self._add_targets(resource, policies)
        planned = list(
            self._planned(make_plan(allowed.values(), self.encryption_key.identity, self._terms))
        )
        changes = any(target.statements != tuple(statements) for target, statements in planned)
        refuse(self._scope, self.late_problems() if changes else ())
        # Before, so that no later plan is smaller than what the policies have if the CDK raises in
        # the middle.
        self.allowed = allowed
        self._put(planned)

    def late_problems(self) -> Iterator[str]:
        """Explain that a call comes too late to reach a template."""
        if self.is_synthesized:
            yield (
                "the stage was synthesized already (by app.synth(), Template.from_stack or "
                "add_stage of Pipelines), so what is added now would not reach its templates: add "
                "it before"
            )

    def late_resource_problems(self) -> Iterator[str]:
        """Explain that a new resource would reach no template of a stage; for an app, the CDK says so itself."""
        stage = Stage.of(self._scope) if self.is_synthesized else None
        if stage is not None and stage.parent_stage is not None:
            yield from self.late_problems()

    def _add_targets(self, resource: ResolvedResource, policies: BucketPolicies) -> None:
        """Add the policies of keys and buckets that a resource is the first to need, and settle their terms."""
        locations = [location for location, _ in resource.accessed]
        for key in (self.encryption_key, *(each.key for each in locations if each.key is not None)):
            if key.identity not in self._keys:
                refuse(self._scope, self.late_problems())
                self._keys[key.identity] = KeyTarget(key, self._manage)
                principals = (role_principal(self.role, key), self._service)
                self._terms[key.identity] = Terms(key.arn, principals, self._suffix(key))
        for location in locations:
            bucket, before = location.bucket, self._terms.get(location.bucket.identity)
            # In one account the role's IAM policies are enough; across accounts both sides have to
            # allow. The key of a later location may be the first to tell that an imported bucket is
            # of another account.
            in_one_account = all(map(self.role.is_of_account, location.accounts))
            principals = (
                *(() if in_one_account else (role_principal(self.role, bucket),)),
                self._service,
            )
            if before is None or len(before.principals) < len(principals):
                refuse(self._scope, self.late_problems())
                self._buckets.setdefault(bucket.identity, BucketTarget(bucket, policies))
                self._terms[bucket.identity] = Terms(bucket.arn, principals, self._suffix(bucket))

    def _suffix(self, resource: ResolvedKey | ResolvedBucket) -> str:
        if resource.stack is None:
            return foreign_suffix(self._path, self._here)
        return take_suffix(self._here.root, resource.identity)

    def _planned(self, plan: Plan) -> Iterator[tuple[PolicyTarget, Statements]]:
        """Yield the policies, each with what the plan has for it."""
        for identity, statements in plan.keys.items():
            yield self._keys[identity], statements
        for number, statements in enumerate(plan.role, 1):
            if number > len(self._of_role):
                self._of_role.append(ManagedPolicyTarget(self._scope, self._of_role, self.role))
            yield self._of_role[number - 1], statements
        for identity, statements in plan.buckets.items():
            yield self._buckets[identity], statements

    def _put(self, planned: Iterable[tuple[PolicyTarget, Statements]]) -> None:
        """Put into the policies what is planned and they don't have yet."""
        before = {target for target in self.policies if target.dependable is not None}
        for target, statements in planned:
            target.put(statements)
        new = [each for each in self.policies if each not in before and not self._is_implied(each)]
        dependables = [target.dependable for target in new if target.dependable is not None]
        if dependables:
            self.wait_for(*dependables)

    def _is_implied(self, target: PolicyTarget) -> bool:
        """Tell if who waits for the role's policies waits for a key too, since they refer to it."""
        named = [
            resource
            for policy in self._of_role
            for each in policy.statements
            for resource in each.resources
        ]
        return (
            isinstance(target, KeyTarget)
            and target.arn in named
            and not any(each.pending for each in self._of_role)
        )
