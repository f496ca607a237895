"""Checks at synth, when nothing of the app changes any more.

Aspects, escape hatches and later calls come after the constructor; what they leave is what is deployed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import jsii
from aws_cdk import CfnDeletionPolicy, CfnResource
from constructs import Construct, IValidation

from ._checks import key_spec_problems
from ._environment_checks import bucket_at_synth_problems, role_reference_problems
from ._judgement import prefix_at_synth_problems
from ._metadata import DescribedLocation, leave_resources
from ._name_checks import group_name_problems
from ._policies.app import contents_at_synth
from ._policies.attached import number_attached
from ._policies.bucket_encryption import encryption_in_l1
from ._policies.buckets import BucketPolicy
from ._policies.finished import FinishedPolicy
from ._policies.known import KnownResources
from ._policies.limits import (
    MANAGED_POLICIES_AT_MOST,
    number_warning,
    too_many_policies,
)
from ._policies.pasted import known_values
from ._policies.pending import pending_warnings
from ._policies.place import Place
from ._policies.policy import Policy
from ._policies.resources import BucketFacts, KeyFacts
from ._role_at_synth import detached_policy_problems, role_problems
from ._template_conditions import conditional_reference_warnings
from ._warnings import warn
from ._ways_out import is_added_elsewhere, ways_out
from ._wiring import Wiring
from .locations import S3Location

_NOTHING: Any = {}
"""The document of a policy that somebody has taken out of the app."""

_ONE_POLICY_OF_AN_L1 = (
    "put all statements into one policy, and make it before the construct, which adds its statements to it"
)
_ONE_POLICY_OF_AN_L2 = (
    "make it before the construct and give it to the bucket, by bucket.policy = …, or add its statements by "
    "bucket.add_to_resource_policy"
)


@jsii.implements(IValidation)
class SynthChecks:
    """Fails the synth for what can't be right, and warns of what may be right elsewhere."""

    def __init__(
        self,
        scope: Construct,
        here: Place,
        wiring: Wiring,
        known: KnownResources,
        retained: dict[str, CfnResource],
        resources: Collection[CfnResource],
    ) -> None:
        self._scope = scope
        self._here = here
        self._stack = here.stack
        self._wiring = wiring
        self._known = known
        self._retained = retained
        self._resources = resources
        """The dataset groups and other L1s of Personalize that the construct makes."""
        self._policies = wiring.policies

    def validate(self) -> list[str]:
        """Return the problems, annotate the construct with the warnings, and leave what is allowed in the metadata."""
        if not self._wiring.is_synthesized:
            self._leave_metadata()
        self._wiring.is_synthesized = True
        self._app = contents_at_synth(self._here, self._scope)
        documents = {policy: self._document(policy) for policy in self._policies}
        finished = [FinishedPolicy(policy, found) for policy, found in documents.items() if found is not None]
        number = number_attached(self._policies.role, len(list(self._policies.of_role)), self._app)
        for warning_id, text in self._warnings(finished, number):
            warn(self._scope, warning_id, text)
        return list(dict.fromkeys(self._problems(finished, number)))

    def _leave_metadata(self) -> None:
        role = self._policies.role
        leave_resources(
            self._scope,
            service_role=role.arn,
            encryption_key=self._wiring.encryption_key.resource_arn,
            resources=[
                (each.permissions, self._described(each.source), self._described(each.destination))
                for each in self._wiring.allowed
            ],
            pending=[(policy.kind, policy.resource_arn) for policy in self._policies if policy.pending],
            own={
                facts.arn: facts.l1
                for facts in (role, *self._policies.resources)
                if facts.stack is self._stack and facts.l1 is not None
            },
        )

    def _described(self, location: S3Location | None) -> DescribedLocation | None:
        if location is None:
            return None
        key = self._known.encryption_of(location).key
        arn = None if key is None or self._known.is_in_template(location) else key.arn
        return DescribedLocation(self._known.bucket(location.bucket).arn, location.prefix, arn)

    def _document(self, policy: Policy) -> Any:
        """Return a finished policy, with all that others have in it; none for one of others."""
        if policy.pending:
            return None
        l1 = policy.l1_of_policy
        if l1 is None:
            # An imported key, whose policy a custom resource changes, or a policy that was taken out of its L2.
            return None if policy.kind == "key" else _NOTHING
        if l1 not in self._app:
            return _NOTHING
        return self._app.properties_of(l1, policy.stack_of_policy).get(policy.document_property, _NOTHING)

    def _problems(self, finished: Sequence[FinishedPolicy], number: int) -> Iterator[str]:
        yield from role_problems(self._policies.role, self._app)
        yield from group_name_problems(self._app.dataset_groups.get(self._here.path, ()), self._resources)
        if number > MANAGED_POLICIES_AT_MOST:
            yield too_many_policies(self._policies.role, number, ours=len(list(self._policies.of_role)))
        for resource in self._wiring.allowed:
            yield from prefix_at_synth_problems(resource, self._known, self._stack)
        yield from self._key_problems()
        yield from self._bucket_problems()
        for policy in finished:
            yield from policy.problems()
        yield from detached_policy_problems(self._policies.of_role, self._app)

    def _warnings(self, finished: Sequence[FinishedPolicy], number: int) -> Iterator[tuple[str, str]]:
        if not self._policies.role.is_lookup_dummy:
            # Else this synth is there for the CLI to find out what to look up, and another one follows.
            yield from self._pending_warnings()
        if not self._wiring.allowed:
            yield (
                "nothingAllowed",
                "nothing is allowed, so that Personalize has access to nothing by this construct: say what it will "
                "create, by resources=[PersonalizeResource.dataset_group()] or allow(…)",
            )
        for what, resource in self._retained.items():
            if resource.cfn_options.deletion_policy is CfnDeletionPolicy.DELETE:
                yield (
                    "retainedResourceIsDeleted",
                    f"{what} should be retained, but something in the app (RemovalPolicies.of(…).destroy(), an aspect) "
                    "has it deleted with the stack, and with it the access to all that was encrypted: exclude it "
                    "there, or say removal_policy=RemovalPolicy.DESTROY",
                )
        yield from self._conditional_reference_warnings()
        for policy in finished:
            yield from policy.warnings()
        text = number_warning(self._policies.role, number)
        if text is not None:
            yield "manyManagedPolicies", text

    def _conditional_reference_warnings(self) -> Iterator[tuple[str, str]]:
        role, key = self._policies.role, self._wiring.encryption_key
        own = [(f"role {role}", role.stack, role.l1), (str(key), key.key.stack, key.l1)]
        needed = [(what, l1) for what, stack, l1 in own if stack is self._stack and l1 is not None and l1 in self._app]
        policies = (policy.l1_of_policy for policy in self._policies if policy.stack_of_policy is self._stack)
        users = [l1 for l1 in policies if l1 is not None and l1 in self._app]
        return conditional_reference_warnings(needed, [*users, *self._resources], self._app)

    def _pending_warnings(self) -> Iterator[tuple[str, str]]:
        role = self._policies.role

        def known() -> dict[str, str]:
            return known_values(
                self._here,
                key_arn=self._wiring.encryption_key.resource_arn,
                role_arn=role.arn,
                arns=[policy.resource_arn for policy in self._policies],
            )

        pending = [each for each in self._policies if each.pending and not is_added_elsewhere(each, self._app)]
        return pending_warnings(
            self._scope,
            self._here,
            pending,
            known,
            ways_out_of=lambda policy: ways_out(policy, self._wiring, self._app),
        )

    def _key_problems(self) -> Iterator[str]:
        for policy in self._policies.of_keys:
            if policy.l1 is not None:
                spec = self._app.properties_of(policy.l1, policy.key.stack).get("keySpec")
                yield from key_spec_problems(policy, spec)
                yield from role_reference_problems(policy, policy.key, self._policies.role)

    def _bucket_problems(self) -> Iterator[str]:
        for what, bucket, wired in self._buckets_that_say_their_key():
            l1 = bucket.l1
            properties = None if l1 is None else self._app.properties_of(l1, bucket.stack)
            at_synth = encryption_in_l1(bucket, self._here, self._known.key, properties)
            if at_synth.problem:
                yield f"bucket of the {what} {at_synth.problem}"
            elif (at_synth.key and at_synth.key.identity) != (wired and wired.identity):
                yield (
                    f"bucket of the {what} has got another encryption since it was given to the construct, so "
                    "that the statements are on the wrong key: change the bucket before, or give the key, as "
                    "S3Location(…, encryption_key=…)"
                )
        role = self._policies.role
        for policy in self._policies.of_buckets:
            yield from self._other_policies(policy)
            yield from bucket_at_synth_problems(policy, policy.bucket, self._here)
            if not role.is_of_account(policy.bucket.account):
                yield from role_reference_problems(policy, policy.bucket, role)

    def _buckets_that_say_their_key(self) -> Iterator[tuple[str, BucketFacts, KeyFacts | None]]:
        """Yield the buckets of the app whose key was not given with the location, each once."""
        seen = set()
        for resource in self._wiring.allowed:
            for what, location in resource.locations():
                bucket = self._known.bucket(location.bucket)
                if self._known.is_by_bucket(location) and bucket.identity not in seen:
                    seen.add(bucket.identity)
                    yield what, bucket, self._known.encryption_of(location).key

    def _other_policies(self, policy: BucketPolicy) -> Iterator[str]:
        l1 = policy.bucket.l1
        if l1 is None or policy.pending:
            return
        own = policy.l1_of_policy
        found = {self._app.id_of(each): each for each in self._app.bucket_policies_of(l1)}
        is_there = own is not None and found.pop(self._app.id_of(own), None) is not None
        others = [each.node.path for each in found.values()]
        if own is not None and not is_there and own in self._app:
            yield (
                f"the statements for bucket {policy.name} are in policy {own.node.path}, which has become that of "
                "another bucket: have the policy refer to the bucket, as bucket.ref, or change the names before the "
                "construct is made"
            )
        if others:
            way_out = _ONE_POLICY_OF_AN_L1 if policy.bucket.l2 is None else _ONE_POLICY_OF_AN_L2
            yield f"bucket {policy.name} has another policy, {others[0]}, but S3 keeps one of them only: {way_out}"
