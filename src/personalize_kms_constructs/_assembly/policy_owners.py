"""The keys, roles and buckets of a model, with the policies that a deployment has of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._access.causes import IF_PARAMETER
from .._access.model import AccessModel, Asked, Bucket, Key, Location, OpenQuestion, Role
from .._access.needs import keys_of
from .._access.policy_documents import Policy, as_list
from .._access.problems import AWS_MANAGED_KEY
from .._answers import Answer
from .._values import has_unknown, last_part, open_parts, same, split_arn
from . import physical
from .choices import condition_in, left_out_by
from .deployment import Deployment, may_be_in
from .physical import alias_in, of_any_partition
from .policies_in_properties import (
    all_reasons,
    policy_of,
    policy_of_kms,
)
from .role_policies import add_boundary, add_identity_policies, identity_policy
from .shared_names import bucket_policy_problems, name_in_account, not_told_apart
from .stacks import Resource
from .templates import Template


def role_with_policies(arn: str, deployment: Deployment) -> Role:
    """Return a role as a model has it."""
    model = AccessModel()
    Owners(model, deployment).add_role(arn)
    return model.roles[arn]


class Owners:
    """Adds keys, roles and buckets to a model, with the questions and problems that they have."""

    def __init__(
        self,
        model: AccessModel,
        deployment: Deployment,
        locations: Mapping[str, list[Location]] | None = None,
    ) -> None:
        self._model = model
        self._deployment = deployment
        self._locations = locations or {}
        """The locations that constructs, jobs and users name, by the ARN of the bucket."""

    def add_named_by(self, asked: Asked, template: Template) -> None:
        """Add the roles, buckets and keys of a request of a template, as far as they can be read.

        The key of a bucket is known when the bucket is there.
        """
        for role_arn in (asked.role_arn, asked.caller_arn):
            if role_arn:
                with template.noting_errors():
                    self.add_role(role_arn)
        for location in asked.locations:
            with template.noting_errors():
                self.add_bucket(location.bucket_arn, asked.account)
        for key_arn in keys_of(self._model, asked):
            with template.noting_errors():
                self.add_key(key_arn)

    def add_key(self, arn: str) -> None:
        """Add a key, unless the model has it."""
        model = self._model
        if arn in model.keys:
            return
        resources = self._deployment.find("keys", of_any_partition(arn))
        if not resources:
            model.keys[arn] = self._imported_key(arn)
            return
        resource = resources[0]
        model.names[arn] = resource.path
        key = model.keys[arn] = _key(resource, arn)
        reason = _doubt_about(key, resource)
        if reason:
            question = OpenQuestion(resource.path, reason, resource.declared, asks=())
            model.open_questions.append(question)

    def _imported_key(self, arn: str) -> Key:
        """Return a key of which at most the statements that this app merges are known."""
        merged = self._deployment.find("merged key policies", of_any_partition(arn))
        if not merged:
            return Key(arn, unseen=self._why_unseen(arn))
        policies = [policy_of(resource, "PolicyDocument") for resource in merged]
        return Key(arn, policies, unseen="only what this app merges into it is known")

    def add_role(self, arn: str) -> None:
        """Add a role, unless the model has it."""
        if arn in self._model.roles:
            return
        resources = self._deployment.find("roles", of_any_partition(arn))
        role = self._role(arn, resources) if resources else self._imported_role(arn)
        self._model.roles[arn] = role

    def _role(self, arn: str, resources: list[Resource]) -> Role:
        """Return a role that templates make; stacks without an account may make several."""
        resource = resources[0]
        of_this_name = self._deployment.find("roles by name", name_in_account(resource))
        mixed_up = not_told_apart(resource, of_this_name)
        if mixed_up:
            question = OpenQuestion(resource.path, mixed_up, resource.declared, asks=())
            self._model.open_questions.append(question)
        self._model.names[arn] = resource.path
        role = Role(
            arn,
            trust=[policy_of(resource, "AssumeRolePolicyDocument")],
            unseen_trust=mixed_up if len(resources) > 1 else "",
            declared=resource.declared,
        )
        add_identity_policies(role, resource, self._deployment)
        role.unseen = all_reasons(role.unseen, mixed_up)
        name, unclaimed = physical.role_name(resource), self._deployment.unclaimed_role_policies
        for reason, policy in _may_be_of(name, role.account, unclaimed).items():
            role.unseen = all_reasons(role.unseen, reason)
            if len(policy.allowing) < len(policy.statements):
                role.unseen_denials = all_reasons(role.unseen_denials, reason)
        add_boundary(role, resource, self._deployment)
        return role

    def _imported_role(self, arn: str) -> Role:
        """Return a role of which at most the policies that name it are known."""
        unseen = self._why_unseen(arn)
        role = Role(arn, unseen=unseen, unseen_trust=unseen, unseen_boundary=unseen)
        # Where the path isn't known, it isn't known either where the name begins.
        name = last_part(arn)
        for policy in self._deployment.policies_naming(name, role.account):
            role.identity.append(identity_policy(policy, arn, self._deployment))
        return role

    def add_bucket(self, arn: str, account: str) -> None:
        """Add a bucket with the key of its encryption, unless the model has it.

        The account is that of the request; the app may name another for an imported bucket.
        """
        model = self._model
        if arn in model.buckets:
            return
        name = (split_arn(arn) or [arn])[-1]
        policies = self._deployment.of_bucket("bucket policies", arn)
        made = self._deployment.of_bucket("buckets", arn)
        account_in_app = ""
        keys: set[str] = set()
        for location in self._locations.get(arn, []):
            account_in_app = account_in_app or location.account
            if location.key_arn is not None:
                keys.add(location.key_arn)
        account = account_in_app or account
        bucket = Bucket(
            arn,
            account,
            [policy_of(policy, "PolicyDocument") for policy in policies],
        )
        model.problems += bucket_policy_problems(arn, name, policies, made)
        if made:
            resource = made[0]
            model.names[arn] = resource.path
            bucket.account, bucket.declared = resource.stack.template.account, resource.declared
            bucket.unseen = bucket.unseen_encryption = not_told_apart(resource, made)
            if not bucket.unseen:
                bucket.key_arn, bucket.unseen_encryption = self._encryption(resource)
        else:
            bucket.unseen_encryption = self._why_unseen(arn)
            bucket.unseen = "" if policies else bucket.unseen_encryption
        unclaimed = self._deployment.unclaimed_bucket_policies
        bucket.unseen = all_reasons(bucket.unseen, *_may_be_of(name, account, unclaimed))
        if bucket.unseen_encryption and len(keys) == 1:
            bucket.key_arn, bucket.unseen_encryption = keys.pop(), ""
        model.buckets[arn] = bucket

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

    def _why_unseen(self, arn: str) -> str:
        if has_unknown(arn) and arn.startswith("${"):
            return f"it isn't known before deployment ({IF_PARAMETER})"
        return self._model.unseen


def _key(resource: Resource, arn: str) -> Key:
    """Return a key of the templates."""
    policy = policy_of(resource, "KeyPolicy")
    has_default_policy = policy.document is None
    if has_default_policy:
        policy = policy_of_kms(resource)
    condition = left_out_by(resource.get("KeyPolicy"))
    unseen = condition and f"whether it has one of its own depends on the condition {condition}"
    is_disabled = str(resource.get("Enabled")).lower() == "false"
    return Key(
        arn,
        [policy],
        spec=resource.text("KeySpec") or "SYMMETRIC_DEFAULT",
        usage=resource.text("KeyUsage") or "ENCRYPT_DECRYPT",
        state="Disabled" if is_disabled else "Enabled",
        has_default_policy=has_default_policy,
        declared=resource.declared,
        unseen=unseen,
    )


def _doubt_about(key: Key, resource: Resource) -> str:
    """Return the reason why a key may be of no use, or nothing."""
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
    """Return the policies that may be an owner's, by the reason why that isn't known."""
    policies: dict[str, Policy] = {}
    for other, resources in unclaimed.items():
        if not has_unknown(other + name) or same(other, name) is not Answer.MAYBE:
            continue
        parts = ", ".join(dict.fromkeys(open_parts(other) + open_parts(name)))
        for resource in resources:
            if may_be_in(account, resource):
                policy = policy_of(resource, "PolicyDocument")
                reason = f"whether {policy.name} is its own depends on {parts} ({IF_PARAMETER})"
                policies[reason] = policy
    return policies
