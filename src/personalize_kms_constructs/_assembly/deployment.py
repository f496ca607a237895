"""The keys, roles and buckets of an assembly with their policies, looked up on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

from .._access.causes import IF_PARAMETER
from .._access.model import AccessModel, Bucket, Key, OpenQuestion, Role
from .._access.policy_documents import Policy, as_list
from .._access.problems import AWS_MANAGED_KEY
from .._answers import Answer
from .._values import has_unknown, last_part, open_parts, same, split_arn, without_case
from . import physical, shared_names
from .choices import Item, condition_in, items_of, left_out_by
from .physical import ALIAS_PREFIX, alias_in, nearest, of_any_partition
from .policies_in_properties import (
    IDENTITY_POLICIES,
    inline_policies_of,
    may_deny,
    not_of_the_app,
    policy_from_outside,
    policy_of,
    policy_of_kms,
)
from .stacks import Resource

_MERGED_KEY_POLICY = "Custom::PersonalizeKeyPolicy"
_PRINCIPALS = {physical.ROLE: "role", "AWS::IAM::User": "user", "AWS::IAM::Group": "group"}
_T = TypeVar("_T")


@dataclass
class Deployment:
    """The resources of one assembly, by the names and ARNs that refer to them."""

    beside: Deployment | None = None
    """The whole app, for an assembly that is one of its stages."""
    keys: dict[str, Resource] = field(default_factory=dict)
    merged_key_policies: dict[str, list[Resource]] = field(default_factory=dict)
    aliases: dict[str, list[Resource]] = field(default_factory=dict)
    roles: dict[str, list[Resource]] = field(default_factory=dict)
    """More than one where stacks that don't say their accounts have roles of one name."""
    roles_by_name: dict[tuple[str, str], list[Resource]] = field(default_factory=dict)
    """By account and by name in lower case."""
    role_policies: dict[str, list[Resource]] = field(default_factory=dict)
    """Policies that name their roles, by the names of these."""
    managed_policies: dict[str, list[Resource]] = field(default_factory=dict)
    attached: dict[str, list[Resource]] = field(default_factory=dict)
    """Roles, users and groups that name managed policies, by the ARNs of these."""
    buckets: dict[str, list[Resource]] = field(default_factory=dict)
    """More than one where stacks that don't say their Regions have buckets of one name."""
    bucket_policies: dict[str, list[Resource]] = field(default_factory=dict)

    @staticmethod
    def of(resources: Iterable[Resource], beside: Deployment | None = None) -> Deployment:
        """Return the deployment of these resources, as far as they can be read."""
        deployment = Deployment(beside)
        for resource in resources:
            with resource.stack.template.noting_errors():
                deployment._take(resource)
        return deployment

    def _take(self, resource: Resource) -> None:
        type = resource.type
        if type in physical.KEYS:
            self.keys.setdefault(of_any_partition(physical.key_arn(resource)), resource)
        elif type == physical.ALIAS:
            self.aliases.setdefault(physical.alias_name(resource), []).append(resource)
        elif type == _MERGED_KEY_POLICY:
            arn = of_any_partition(resource.text("KeyArn") or "")
            self.merged_key_policies.setdefault(arn, []).append(resource)
        elif type == physical.ROLE:
            arn = of_any_partition(physical.role_arn(resource))
            self.roles.setdefault(arn, []).append(resource)
            name = shared_names.name_in_account(resource)
            self.roles_by_name.setdefault(name, []).append(resource)
        elif type == physical.BUCKET:
            self.buckets.setdefault(physical.bucket_name(resource), []).append(resource)
        elif type == "AWS::S3::BucketPolicy":
            self.bucket_policies.setdefault(resource.text("Bucket") or "", []).append(resource)
        elif type == physical.MANAGED_POLICY:
            arn = of_any_partition(physical.managed_policy_arn(resource))
            self.managed_policies.setdefault(arn, []).append(resource)
        if type in _PRINCIPALS:
            for policy_arn in as_list(resource.get("ManagedPolicyArns")):
                arn = of_any_partition(str(policy_arn))
                self.attached.setdefault(arn, []).append(resource)
        if type in IDENTITY_POLICIES:
            for role_name in _roles_named_in(resource):
                self.role_policies.setdefault(role_name, []).append(resource)

    def find(self, look: Callable[[Deployment], _T | None]) -> _T | None:
        """Look here, then in the rest of the app."""
        result = look(self)
        return result if result is not None or self.beside is None else self.beside.find(look)

    def add_key(self, model: AccessModel, arn: str) -> None:
        """Put a key into the model."""
        if arn in model.keys:
            return
        name = of_any_partition(arn)
        resource = self.find(lambda deployment: deployment.keys.get(name))
        if resource is None:
            model.keys[arn] = self._imported_key(model, arn)
            return
        model.names[arn] = resource.path
        key = model.keys[arn] = _key(resource, arn)
        reason = ""
        if has_unknown(key.spec + key.usage):
            reason = (
                "its KeySpec or KeyUsage isn't known, and Personalize needs a symmetric encryption "
                "key"
            )
        elif has_unknown(str(resource.get("Enabled"))):
            reason = "whether it is enabled isn't known before deployment"
        elif resource.text("Origin") == "EXTERNAL":
            reason = (
                "it can't be used until its key material is imported, which a template doesn't show"
            )
        if reason:
            question = OpenQuestion(resource.path, reason, resource.declared, asks=())
            model.open_questions.append(question)

    def _imported_key(self, model: AccessModel, arn: str) -> Key:
        """Return a key of which at most the statements that this app merges are known."""
        name = of_any_partition(arn)
        merged = self.find(lambda deployment: deployment.merged_key_policies.get(name))
        if not merged:
            return Key(arn, unseen=_why_unseen(arn, model))
        policies = [policy_of(resource, "PolicyDocument") for resource in merged]
        return Key(arn, policies, unseen="only what this app merges into it is known")

    def add_role(self, model: AccessModel, arn: str) -> None:
        """Put a role into the model."""
        if arn in model.roles:
            return
        name = of_any_partition(arn)
        resources = self.find(lambda deployment: deployment.roles.get(name))
        if resources is None:
            model.roles[arn] = self._imported_role(model, arn)
            return
        resource = resources[0]
        alike = self._roles_named_as(resource)
        mixed_up = shared_names.not_known_whose(resource, alike)
        if mixed_up:
            model.open_questions.append(shared_names.question_of_one_role_name(resource, alike))
        model.names[arn] = resource.path
        role = Role(
            arn,
            trust=[policy_of(resource, "AssumeRolePolicyDocument")],
            unseen_trust=mixed_up if len(resources) > 1 else "",
            declared=resource.declared,
        )
        role_name = physical.role_name(resource)
        role.may_have = _may_be_of(role_name, role.account, self._unclaimed_role_policies)
        self._add_identity_policies(role, resource)
        if mixed_up:
            role.unseen = f"{role.unseen}; {mixed_up}" if role.unseen else mixed_up
        self._add_boundary(role, resource)
        model.roles[arn] = role

    def role(self, arn: str) -> Role:
        """Return a role with its policies."""
        model = AccessModel()
        self.add_role(model, arn)
        return model.roles[arn]

    def _imported_role(self, model: AccessModel, arn: str) -> Role:
        """Return a role of which at most the policies that name it are known."""
        unseen = _why_unseen(arn, model)
        role = Role(arn, unseen=unseen, unseen_trust=unseen, unseen_boundary=unseen)
        # Where the path isn't known, it isn't known either where the name begins.
        name = last_part(arn)
        for policy in self._policies_naming(name, role.account):
            role.identity.append(self._identity_policy(policy, arn))
        role.may_have = _may_be_of(name, role.account, self._unclaimed_role_policies)
        return role

    def _add_identity_policies(self, role: Role, resource: Resource) -> None:
        """Add the policies that name the role, that it names, and that its properties have."""
        # By declarations, since both sides may name the other.
        policies: dict[object, tuple[Resource, str]] = {}
        for policy in self._policies_naming(physical.role_name(resource), role.account):
            policies[policy.declared] = (policy, "")
        not_known: list[str] = []
        from_outside: list[Policy] = []
        for policy_arn, (_, condition) in _managed_policy_arns(resource):
            of_app = self._managed_policies(policy_arn, resource)
            for policy in of_app:
                policies.setdefault(policy.declared, (policy, condition))
            if of_app:
                continue
            known = policy_from_outside(policy_arn, resource, condition)
            if known is None:
                not_known.append(str(policy_arn))
            else:
                from_outside.append(known)
        role.unseen = not_of_the_app(not_known)
        role.unseen_denials = not_of_the_app(arn for arn in not_known if may_deny(arn))
        for policy, condition in policies.values():
            role.identity.append(self._identity_policy(policy, role.arn, condition))
        role.identity += inline_policies_of(resource)
        role.identity += from_outside

    def _add_boundary(self, role: Role, resource: Resource) -> None:
        arn = resource.text("PermissionsBoundary")
        if arn is None:
            return
        of_app = self._managed_policies(arn, resource)
        if of_app:
            role.boundary = policy_of(of_app[0], "PolicyDocument")
        else:
            role.boundary = policy_from_outside(arn, resource)
        if role.boundary is None:
            role.unseen_boundary = not_of_the_app([arn])

    def add_bucket(self, model: AccessModel, arn: str, account: str) -> None:
        """Put a bucket into the model, with the key of its encryption."""
        if arn in model.buckets:
            return
        name = (split_arn(arn) or [arn])[-1]
        policies = self.find(lambda deployment: deployment.bucket_policies.get(name)) or []
        buckets = self.find(lambda deployment: deployment.buckets.get(name)) or []
        made = shared_names.one_of_each_deployment(name, buckets)
        bucket = Bucket(
            arn,
            account,
            [policy_of(policy, "PolicyDocument") for policy in policies],
            may_have=_may_be_of(name, account, self._unclaimed_bucket_policies),
        )
        model.problems += shared_names.bucket_policy_problems(arn, name, policies, made)
        if made:
            resource, *others = made
            model.names[arn] = resource.path
            bucket.account, bucket.declared = resource.stack.template.account, resource.declared
            bucket.unseen = bucket.unseen_encryption = shared_names.not_told_apart(others)
            encryption = resource.get("BucketEncryption")
            if encryption is not None and not others:
                self._take_encryption(bucket, resource, encryption)
        else:
            bucket.unseen_encryption = _why_unseen(arn, model)
            bucket.unseen = "" if policies else bucket.unseen_encryption
        model.buckets[arn] = bucket

    def key_arn(self, key: str, resource: Resource) -> str:
        """Return the ARN of a key that a property names by its id, its ARN or an alias.

        The ARN of the alias, where its key isn't known.
        """
        arn = key
        if split_arn(key) is None:
            if has_unknown(key):
                return key
            arn = resource.arn("kms", key if key.startswith(ALIAS_PREFIX) else f"key/{key}")
        name = alias_in(arn)
        aliases = self.find(lambda deployment: deployment.aliases.get(name)) if name else None
        if not aliases:
            return arn
        alias = nearest(aliases, resource.stack)
        target = alias.text("TargetKeyId")
        return arn if target is None else self.key_arn(target, alias)

    def role_arn(self, role: str, resource: Resource) -> str:
        """Return the ARN of a role that a property names by its name or its ARN."""
        if has_unknown(role) or split_arn(role):
            return role
        name = (resource.stack.template.account, without_case(role))
        roles = self.find(lambda deployment: deployment.roles_by_name.get(name))
        if roles:
            return physical.role_arn(roles[0])
        return resource.arn("iam", f"role/{role}", region=False)

    def _take_encryption(self, bucket: Bucket, resource: Resource, encryption: Any) -> None:
        """Add the key of a bucket's default encryption, or the reason why it can't be seen."""
        condition = condition_in(encryption)
        if condition:
            bucket.unseen_encryption = f"it depends on the condition {condition}"
            return
        rules: list[Any] = [None]
        if isinstance(encryption, dict):
            rules = as_list(encryption.get("ServerSideEncryptionConfiguration"))
        for rule in rules:
            default: Any = None
            if isinstance(rule, dict):
                default = rule.get("ServerSideEncryptionByDefault", {})
            algorithm = default.get("SSEAlgorithm") if isinstance(default, dict) else None
            if not isinstance(algorithm, str) or has_unknown(algorithm):
                bucket.key_arn = None
                bucket.unseen_encryption = "its encryption isn't known before deployment"
                return
            if not algorithm.startswith("aws:kms"):
                continue
            key = str(default.get("KMSMasterKeyID") or AWS_MANAGED_KEY)
            key_arn = self.key_arn(key, resource)
            if alias_in(key_arn) not in ("", AWS_MANAGED_KEY):
                bucket.key_arn = None
                bucket.unseen_encryption = (
                    f"it is encrypted with {key_arn}, an alias that isn't part of the app"
                )
                return
            bucket.key_arn = key_arn

    def _managed_policies(self, arn: Any, role: Resource) -> list[Resource]:
        """Return the policy with an ARN: several where conditions say which of a name is made."""
        name = of_any_partition(str(arn))
        policies = self.find(lambda deployment: deployment.managed_policies.get(name))
        if not policies:
            return []
        top = nearest(policies, role.stack).stack.top
        return [policy for policy in policies if policy.stack.top is top]

    def _identity_policy(self, policy: Resource, role_arn: str, condition: str = "") -> Policy:
        """Return an IAM policy of a role, with all other principals that have it."""
        arns = [self.role_arn(name, policy) for name in _roles_named_in(policy)]
        for kind, property_name in (("user", "Users"), ("group", "Groups")):
            for name in as_list(policy.get(property_name)):
                arns.append(policy.arn("iam", f"{kind}/{name}", region=False))
        if policy.type == physical.MANAGED_POLICY:
            policy_arn = of_any_partition(physical.managed_policy_arn(policy))
            principals = self.find(lambda deployment: deployment.attached.get(policy_arn)) or []
            arns += [_arn_of_principal(principal) for principal in principals]
        own = of_any_partition(role_arn)
        others = tuple(arn for arn in dict.fromkeys(arns) if of_any_partition(arn) != own)
        return replace(policy_of(policy, "PolicyDocument", condition), also_of=others)

    @cached_property
    def _unclaimed_role_policies(self) -> dict[str, list[Resource]]:
        """The policies by names of roles that no resource of the app has."""
        made = {name for _, name in self.roles_by_name}
        policies = self.role_policies
        return {name: policies[name] for name in policies if without_case(name) not in made}

    @cached_property
    def _unclaimed_bucket_policies(self) -> dict[str, list[Resource]]:
        """The policies by names of buckets that no resource of the app has."""
        policies = self.bucket_policies
        return {name: policies[name] for name in policies if name not in self.buckets}

    def _roles_named_as(self, role: Resource) -> list[Resource]:
        """Return all roles with the name and the account of a role, itself included.

        Stages may be for different accounts, unless they say theirs.
        """
        name = shared_names.name_in_account(role)
        one_account = not has_unknown(role.stack.template.account)
        everywhere = self.beside if self.beside is not None and one_account else self
        return everywhere.find(lambda deployment: deployment.roles_by_name.get(name)) or []

    def _policies_naming(self, role_name: str, account: str) -> list[Resource]:
        """Return the policies that name a role of an account."""
        policies = self.find(lambda deployment: deployment.role_policies.get(role_name)) or []
        return [policy for policy in policies if _may_be_in(account, policy)]


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


def _managed_policy_arns(role: Resource) -> list[Item]:
    """Return the ARNs of a role's managed policies, first those without a condition."""
    arns = items_of(role.get("ManagedPolicyArns") or [])
    return sorted(arns, key=lambda item: item.position.condition)


def _roles_named_in(policy: Resource) -> list[str]:
    names = as_list(policy.get("Roles")) + as_list(policy.get("RoleName"))
    return [str(name) for name in names]


def _arn_of_principal(resource: Resource) -> str:
    """Return the ARN of a role, a user or a group."""
    if resource.type == physical.ROLE:
        return physical.role_arn(resource)
    kind = _PRINCIPALS[resource.type]
    name = resource.name_in(f"{kind.capitalize()}Name")
    return resource.arn("iam", f"{kind}/{name}", region=False)


def _may_be_of(name: str, account: str, unclaimed: Mapping[str, list[Resource]]) -> list[Policy]:
    """Return the policies that may be an owner's, where its name or theirs isn't known."""
    policies: list[Policy] = []
    is_open = has_unknown(name)
    for other, resources in unclaimed.items():
        if not is_open and not has_unknown(other):
            continue
        if same(other, name) is not Answer.MAYBE:
            continue
        whose = (*open_parts(other), *open_parts(name))
        for resource in resources:
            if _may_be_in(account, resource):
                policy = policy_of(resource, "PolicyDocument")
                policies.append(replace(policy, inline="", whose=whose))
    return policies


def _may_be_in(account: str, resource: Resource) -> bool:
    return same(resource.stack.template.account, account) is not Answer.NO


def _why_unseen(arn: str, model: AccessModel) -> str:
    if has_unknown(arn) and arn.startswith("${"):
        return f"it isn't known before deployment ({IF_PARAMETER})"
    return model.unseen
