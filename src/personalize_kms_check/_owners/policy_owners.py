"""The keys, roles and buckets of a model, with their policies in a deployment."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, NamedTuple

from .._model.asked import Asked, Location, OpenQuestion
from .._model.causes import how_to_tell
from .._model.declarations import Declaration
from .._model.model import AWS_MANAGED_KEY, AccessModel, Bucket, Key, Role
from .._model.policy_documents import Policy, as_list
from .._shared.answers import Answer
from .._shared.values import (
    account_of,
    has_unknown,
    last_part,
    of_any_partition,
    open_parts,
    same,
    split_arn,
)
from .._templates import physical
from .._templates.choices import condition_in, left_out_by
from .._templates.given_policies import GivenPolicies, given_policy_of
from .._templates.physical import alias_in
from .._templates.stacks import Resource, Stack
from .deployment import Deployment, may_be_in
from .policies_by_code import PoliciesByCode
from .policies_in_properties import all_reasons, policy_of, policy_of_kms
from .role_policies import boundary_of, identity_policies, identity_policy
from .shared_names import bucket_policy_problems, name_in_account, not_told_apart
from .unseen_parts import put_in_around
from .waiting import CreationOrder


class Assembled(NamedTuple):
    """The parts of an assembly with a say in policies, beside their owners' own resources."""

    order: CreationOrder
    by_code: PoliciesByCode
    locations: Mapping[str, list[Location]]
    """The locations named by constructs, jobs and users, by the ARN of the bucket."""
    given: GivenPolicies
    """The policies of owners outside of the app, as users pass them."""


class Owners:
    """Collects keys, roles and buckets, with their names, and questions and problems of them."""

    def __init__(self, deployment: Deployment, assembled: Assembled | None = None) -> None:
        self.model = AccessModel()
        """The owners, without requests."""
        self._deployment = deployment
        self._assembled = assembled

    def add_named_by(self, asked: Asked, stack: Stack) -> None:
        """Add them as far as they can be read. A bucket's key is known when the bucket is there."""
        for role_arn in (asked.role_arn, asked.caller_arn):
            if role_arn:
                with stack.noting_errors():
                    self.add_role(role_arn)
        for location in asked.locations:
            with stack.noting_errors():
                self.add_bucket(location.bucket_arn, asked.account)
        for key_arn in self.model.keys_of(asked):
            with stack.noting_errors():
                self.add_key(key_arn)

    def add_key(self, arn: str) -> None:
        if arn in self.model.keys:
            return
        resources = self._deployment.find("keys", of_any_partition(arn))
        if resources:
            self._add_made_key(arn, resources[0])
        else:
            self.model.keys[arn] = self._imported_key(arn)

    def _add_made_key(self, arn: str, resource: Resource) -> None:
        self.model.names[arn] = resource.path
        policy = policy_of(resource, "KeyPolicy")
        has_default_policy = policy.document is None
        if has_default_policy:
            policy = policy_of_kms(resource)
        condition = left_out_by(resource.get("KeyPolicy"))
        unseen = condition and f"whether it has one of its own depends on the condition {condition}"
        policies, unseen = self._not_replaced(arn, [policy, *self._merged_into(arn)], unseen)
        is_disabled = str(resource.get("Enabled")).lower() == "false"
        put_in, before = self._put_in_and_before(resource)
        key = self.model.keys[arn] = Key(
            arn,
            policies,
            spec=resource.text("KeySpec") or "SYMMETRIC_DEFAULT",
            usage=resource.text("KeyUsage") or "ENCRYPT_DECRYPT",
            state="Disabled" if is_disabled else "Enabled",
            has_default_policy=has_default_policy,
            declared=resource.declared,
            unseen=all_reasons(unseen, put_in),
            waits_for=before,
        )
        self._ask(resource, _doubt_about(key, resource))

    def _imported_key(self, arn: str) -> Key:
        """Return a key with its given policy, or else with the parts this app merges into it."""
        policies = self._merged_into(arn)
        unseen = "only what this app merges into it is known" if policies else _why_unseen(arn)
        if given := self._given("key", arn):
            policies, unseen = [*given, *policies], ""
        policies, unseen = self._not_replaced(arn, policies, unseen)
        return Key(arn, policies, unseen=unseen)

    def _merged_into(self, arn: str) -> list[Policy]:
        """Return the statements of managed functions for a key."""
        merged = self._deployment.find("merged key policies", of_any_partition(arn))
        return [policy_of(resource, "PolicyDocument") for resource in merged]

    def add_role(self, arn: str) -> None:
        if arn in self.model.roles:
            return
        resources = self._deployment.find("roles", of_any_partition(arn))
        if resources:
            self._add_made_role(arn, resources)
        else:
            self.model.roles[arn] = self._imported_role(arn)

    def _add_made_role(self, arn: str, resources: list[Resource]) -> None:
        """Add a role of the templates; stacks without an account may make several."""
        resource, deployment = resources[0], self._deployment
        of_this_name = deployment.find("roles by name", name_in_account(resource))
        mixed_up = not_told_apart(resource, of_this_name)
        self._ask(resource, mixed_up)
        self.model.names[arn] = resource.path
        trust = policy_of(resource, "AssumeRolePolicyDocument")
        identity, others, other_denials = identity_policies(resource, arn, deployment)
        unseen, unseen_denials = [others, mixed_up], [other_denials]
        name, unclaimed = physical.role_name(resource), deployment.unclaimed_role_policies
        for reason, policy in _may_be_of(name, account_of(arn), unclaimed).items():
            unseen.append(reason)
            if len(policy.allowing) < len(policy.statements):
                unseen_denials.append(reason)
        boundary, unseen_boundary = boundary_of(resource, deployment)
        put_in, before = self._put_in_and_before(resource)
        self.model.roles[arn] = Role(
            arn,
            trust=[trust],
            identity=identity,
            boundary=boundary,
            unseen=all_reasons(*unseen, put_in),
            unseen_denials=all_reasons(*unseen_denials),
            unseen_trust=all_reasons(mixed_up if len(resources) > 1 else "", put_in),
            unseen_boundary=unseen_boundary,
            declared=resource.declared,
            waits_for=before,
        )

    def _imported_role(self, arn: str) -> Role:
        """Return a role of which at most the policies that name it are known."""
        why = _why_unseen(arn)
        identity: list[Policy] = []
        # Where the path isn't known, it isn't known either where the name begins.
        for policy in self._deployment.policies_naming(last_part(arn), account_of(arn)):
            identity.append(identity_policy(policy, arn, self._deployment))
        return Role(arn, identity=identity, unseen=why, unseen_trust=why, unseen_boundary=why)

    def add_bucket(self, arn: str, account: str) -> None:
        """Add it with its key. The account is the request's; the app may name another one."""
        if arn in self.model.buckets:
            return
        policies = self._deployment.of_bucket("bucket policies", arn)
        made = self._deployment.of_bucket("buckets", arn)
        documents = [policy_of(policy, "PolicyDocument") for policy in policies]
        name = (split_arn(arn) or [arn])[-1]
        self.model.problems += bucket_policy_problems(arn, name, policies, made)
        account, keys = self._told_of_bucket(arn, account)
        resource = made[0] if made else None
        if resource is None:
            key_arn, unseen_encryption = None, _why_unseen(arn)
            documents = documents or self._given("bucket", arn)
            unseen = "" if documents else unseen_encryption
        else:
            self.model.names[arn] = resource.path
            unseen = not_told_apart(resource, made)
            key_arn, unseen_encryption = (None, unseen) if unseen else self._encryption(resource)
        if unseen_encryption and len(keys) == 1:
            key_arn, unseen_encryption = keys.pop(), ""
        may_be = _may_be_of(name, account, self._deployment.unclaimed_bucket_policies)
        documents, unseen = self._not_replaced(arn, documents, all_reasons(unseen, *may_be))
        put_in, before = self._put_in_and_before(resource)
        self.model.buckets[arn] = Bucket(
            arn,
            resource.stack.account if resource else account,
            documents,
            key_arn,
            unseen_encryption,
            unseen=all_reasons(unseen, put_in),
            declared=resource.declared if resource else None,
            waits_for=before,
        )

    def _encryption(self, bucket: Resource) -> tuple[str | None, str]:
        """Return the key of a bucket's default encryption, or the reason why it can't be seen."""
        encryption = bucket.get("BucketEncryption")
        if encryption is None:
            return None, ""
        condition = condition_in(encryption)
        if condition:
            return None, f"it depends on the condition {condition}"
        key_arn: str | None = None
        rules: list[Any] = [None]
        if isinstance(encryption, dict):
            rules = as_list(encryption.get("ServerSideEncryptionConfiguration"))
        for rule in rules:
            default: Any = None
            if isinstance(rule, dict):
                default = rule.get("ServerSideEncryptionByDefault", {})
            algorithm = default.get("SSEAlgorithm") if isinstance(default, dict) else None
            if not isinstance(algorithm, str) or has_unknown(algorithm):
                return None, "its encryption isn't known before deployment"
            if not algorithm.startswith("aws:kms"):
                continue
            key = str(default.get("KMSMasterKeyID") or AWS_MANAGED_KEY)
            key_arn = self._deployment.key_arn(key, bucket)
            if alias_in(key_arn) not in ("", AWS_MANAGED_KEY):
                return None, f"it is encrypted with {key_arn}, an alias that isn't part of the app"
        return key_arn, ""

    def _told_of_bucket(self, arn: str, account: str) -> tuple[str, set[str]]:
        """Return the account and the keys the app names for a bucket, or else the given account."""
        locations = self._assembled.locations.get(arn, []) if self._assembled else []
        accounts = [location.account for location in locations if location.account]
        keys = {location.key_arn for location in locations if location.key_arn is not None}
        return [*accounts, account][0], keys

    def _given(self, kind: str, arn: str) -> list[Policy]:
        return given_policy_of(kind, arn, self._assembled.given) if self._assembled else []

    def _ask(self, resource: Resource, doubt: str) -> None:
        if doubt:
            question = OpenQuestion(resource.path, doubt, resource.declared, asks=())
            self.model.open_questions.append(question)

    def _not_replaced(
        self, arn: str, policies: list[Policy], unseen: str
    ) -> tuple[list[Policy], str]:
        """Return the remaining policies of a key or bucket, and why there may be others."""
        reason = self._assembled.by_code.why_replaced(arn) if self._assembled else ""
        return ([], reason) if reason else (policies, unseen)

    def _put_in_and_before(
        self, resource: Resource | None
    ) -> tuple[str, Container[Declaration | None]]:
        """Return the reason why macros may add policies, and the resources created before."""
        assembled = self._assembled
        if assembled is None or resource is None or not assembled.order.has(resource.stack):
            return "", ()
        return put_in_around(resource.stack), assembled.order.before(resource)


def _why_unseen(arn: str) -> str:
    if has_unknown(arn) and arn.startswith("${"):
        return "it isn't known before deployment"
    return AccessModel.unseen


def _doubt_about(key: Key, resource: Resource) -> str:
    if has_unknown(key.spec + key.usage):
        return (
            "its KeySpec or KeyUsage isn't known, and Personalize needs a symmetric encryption key"
        )
    if has_unknown(str(resource.get("Enabled"))):
        return "whether it is enabled isn't known before deployment"
    if resource.text("Origin") == "EXTERNAL":
        return "it can't be used until its key material is imported, which a template doesn't show"
    return ""


def _may_be_of(
    name: str, account: str, unclaimed: Mapping[str, list[Resource]]
) -> dict[str, Policy]:
    """Return the policies that may be an owner's, by the reason why this isn't known."""
    policies: dict[str, Policy] = {}
    for other, resources in unclaimed.items():
        if not has_unknown(other + name) or same(other, name) is not Answer.MAYBE:
            continue
        parts = tuple(dict.fromkeys(open_parts(other) + open_parts(name)))
        depends = f"depends on {', '.join(parts)} ({how_to_tell(parts)})"
        for resource in resources:
            if may_be_in(account, resource):
                policy = policy_of(resource, "PolicyDocument")
                policies[f"whether {policy.name} is its own {depends}"] = policy
    return policies
