"""The resources allowed so far, and the policies that have the statements for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from aws_cdk import Stage
from constructs import Construct, DependencyGroup, IDependable

from .._refusals import refuse
from ..options import SourceAccountCheck
from ..resources import PersonalizeResource
from .door import Door
from .place import Place
from .plan import Plan, Statements, Terms, make_plan
from .principals import role_principal, service_principal
from .resolved import ResolvedBucket, ResolvedKey, ResolvedResource
from .role import ServiceRole
from .sids import foreign_suffix, give_back_suffix, take_suffix
from .targets import AddStatements, BucketTarget, KeyTarget, ManagedPolicyTarget, PolicyTarget


class Wiring:
    """Allows resources: makes a plan of all that is allowed, and puts what is new into the policies, or refuses it."""

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
            ValueError: if the templates are written already; nothing has changed then.
        """
        resolved = self.door.resources(resources)
        allowed = {**self.allowed, **{each.given: each for each in resolved if each.given not in self.allowed}}
        new = self._add_terms(allowed.values())
        plan = make_plan(allowed.values(), self.encryption_key.identity, self._terms)
        problems = list(self._late_problems(plan))
        if problems:
            for identity in new:
                self._forget(identity)
        refuse(self._scope, problems)
        self.allowed = allowed
        self._put(plan)

    def late_problems(self) -> Iterator[str]:
        """Explain that a call comes too late to reach a template."""
        if self.is_synthesized:
            yield (
                "the stage was synthesized already (by app.synth(), Template.from_stack or add_stage of Pipelines), "
                "so what is added now would not reach its templates: add it before"
            )

    def late_resource_problems(self) -> Iterator[str]:
        """Explain that a new resource would reach no template of a stage; for an app, the CDK says so itself."""
        stage = Stage.of(self._scope) if self.is_synthesized else None
        if stage is not None and stage.parent_stage is not None:
            yield from self.late_problems()

    def _late_problems(self, plan: Plan) -> Iterator[str]:
        planned = list(self._planned(plan))
        if self.is_synthesized and any(target is None or target.statements != found for target, found in planned):
            yield from self.late_problems()
            return
        for target, statements in planned:
            if target is not None and target.is_frozen(statements):
                yield (
                    f"the policy of {target} was resolved already, by stack.resolve for example, after which the CDK "
                    "changes no statement of it: allow everything before"
                )

    def _planned(self, plan: Plan) -> Iterator[tuple[PolicyTarget | None, Statements]]:
        """Yield what is planned for each policy, with the policy if there is one already."""
        for identity, statements in plan.keys.items():
            yield self._keys.get(identity), statements
        for identity, statements in plan.buckets.items():
            yield self._buckets.get(identity), statements
        for number, statements in enumerate(plan.role):
            yield self._of_role[number] if number < len(self._of_role) else None, statements

    def _put(self, plan: Plan) -> None:
        """Put the plan into the policies."""
        before = {target for target in self.policies if target.dependable is not None}
        keys, buckets = self._used()
        for identity, statements in plan.keys.items():
            if identity not in self._keys:
                self._keys[identity] = KeyTarget(keys[identity], self._manage)
            self._keys[identity].put(statements)
        for number, statements in enumerate(plan.role, 1):
            if number > len(self._of_role):
                self._of_role.append(ManagedPolicyTarget(self._scope, number, self.role))
            self._of_role[number - 1].put(statements)
        for identity, statements in plan.buckets.items():
            if identity not in self._buckets:
                self._buckets[identity] = BucketTarget(buckets[identity])
            self._buckets[identity].put(statements)
        new = [each for each in self.policies if each not in before and not self._is_implied(each)]
        dependables = [target.dependable for target in new if target.dependable is not None]
        if dependables:
            self.wait_for(*dependables)

    def _is_implied(self, target: PolicyTarget) -> bool:
        """Tell if who waits for the role's policies waits for a key too, since they refer to it."""
        named = [resource for policy in self._of_role for each in policy.statements for resource in each.resources]
        return isinstance(target, KeyTarget) and target.arn in named and not any(each.pending for each in self._of_role)

    def _used(self) -> tuple[dict[str, ResolvedKey], dict[str, ResolvedBucket]]:
        """Return the keys and the buckets of all that is allowed, by their identities."""
        locations = [location for resource in self.allowed.values() for location, _ in resource.accessed]
        keys = [self.encryption_key, *(location.key for location in locations if location.key is not None)]
        return {key.identity: key for key in keys}, {each.bucket.identity: each.bucket for each in locations}

    def _add_terms(self, allowed: Iterable[ResolvedResource]) -> list[str]:
        """Settle the terms of each policy that hasn't any yet, and return the identities of these."""
        new = []
        for resource in allowed:
            keys = [self.encryption_key, *(each.key for each, _ in resource.accessed if each.key is not None)]
            for key in keys:
                if key.identity not in self._terms:
                    role = role_principal(self.role, key)
                    self._terms[key.identity] = Terms(key.arn, (role, self._service), self._suffix(key))
                    new.append(key.identity)
            for bucket in (each.bucket for each, _ in resource.accessed):
                if bucket.identity not in self._terms:
                    # In one account the role's IAM policies are enough; across accounts both sides have to allow.
                    in_one_account = self.role.is_of_account(bucket.account)
                    of_role = () if in_one_account else (role_principal(self.role, bucket),)
                    terms = Terms(bucket.arn, (*of_role, self._service), self._suffix(bucket))
                    self._terms[bucket.identity] = terms
                    new.append(bucket.identity)
        return new

    def _suffix(self, resource: ResolvedKey | ResolvedBucket) -> str:
        if resource.stack is None:
            return foreign_suffix(self._path, self._here)
        return take_suffix(self._here.root, resource.identity)

    def _forget(self, identity: str) -> None:
        """Forget the terms of a policy that nothing was written into."""
        give_back_suffix(self._here.root, identity, self._terms.pop(identity).suffix)
