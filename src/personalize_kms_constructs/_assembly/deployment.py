"""The keys, roles and buckets of an assembly with their policies, found when they are asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

from .._access.aws_managed_policies import policy_of_aws
from .._access.causes import IF_PARAMETER
from .._access.model import AccessModel, Bucket, Key, OpenQuestion, Role
from .._access.policy_documents import Policy, Position, all_conditions, as_list
from .._access.problems import AWS_MANAGED_KEY
from .._answers import Answer
from .._default_key_policy import default_key_policy
from .._values import account_of, has_unknown, last_part, open_parts, same, split_arn, without_case
from . import physical, shared_names
from .choices import Either, condition_in, items_of, left_out_by
from .files import AssemblyError
from .physical import ALIAS_PREFIX, alias_in, nearest, of_any_partition
from .stacks import Resource
from .templates import Unread, noted

_MERGED_KEY_POLICY = "Custom::PersonalizeKeyPolicy"
_PRINCIPALS = {physical.ROLE: "role", "AWS::IAM::User": "user", "AWS::IAM::Group": "group"}
_IDENTITY_POLICIES = ("AWS::IAM::Policy", physical.MANAGED_POLICY, "AWS::IAM::RolePolicy")
_DENYING = re.compile(r"Deny|Quarantine")
_T = TypeVar("_T")


@dataclass
class Deployment:
    """The resources of one assembly, by what refers to them."""

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
    def of(resources: Iterable[Resource], unread: list[Unread], beside: Deployment | None = None) -> Deployment:
        """Return the deployment of these resources, those that can be read."""
        found = Deployment(beside)
        for resource in resources:
            with noted(unread, resource.stack.template):
                found._take(resource)
        return found

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
            self.roles.setdefault(of_any_partition(physical.role_arn(resource)), []).append(resource)
            self.roles_by_name.setdefault(shared_names.name_in_account(resource), []).append(resource)
        elif type == physical.BUCKET:
            self.buckets.setdefault(physical.bucket_name(resource), []).append(resource)
        elif type == "AWS::S3::BucketPolicy":
            self.bucket_policies.setdefault(resource.text("Bucket") or "", []).append(resource)
        if type == physical.MANAGED_POLICY:
            arn = of_any_partition(physical.managed_policy_arn(resource))
            self.managed_policies.setdefault(arn, []).append(resource)
        if type in _PRINCIPALS:
            for arn in as_list(resource.get("ManagedPolicyArns")):
                self.attached.setdefault(of_any_partition(str(arn)), []).append(resource)
        if type in _IDENTITY_POLICIES:
            for name in as_list(resource.get("Roles")) + as_list(resource.get("RoleName")):
                self.role_policies.setdefault(str(name), []).append(resource)

    def find(self, look: Callable[[Deployment], _T | None]) -> _T | None:
        """Look here, then in the rest of the app."""
        found = look(self)
        return found if found is not None or self.beside is None else self.beside.find(look)

    def add_key(self, model: AccessModel, arn: str) -> None:
        """Put a key into the model."""
        if arn in model.keys:
            return
        name = of_any_partition(arn)
        resource = self.find(lambda each: each.keys.get(name))
        if resource is None:
            merged = self.find(lambda each: each.merged_key_policies.get(name)) or []
            unseen = "only what this app merges into it is known" if merged else _why_unseen(arn, model)
            policies = [_policy_of(each, "PolicyDocument") for each in merged]
            model.keys[arn] = Key(arn, policies, unseen=unseen)
            return
        model.names[arn] = resource.path
        written = _policy_of(resource, "KeyPolicy")
        policy = _policy_of_kms(resource) if written.document is None else written
        left_out = left_out_by(resource.get("KeyPolicy"))
        enabled = str(resource.get("Enabled"))
        key = model.keys[arn] = Key(
            arn,
            [policy],
            spec=resource.text("KeySpec") or "SYMMETRIC_DEFAULT",
            usage=resource.text("KeyUsage") or "ENCRYPT_DECRYPT",
            state="Disabled" if enabled.lower() == "false" else "Enabled",
            has_default_policy=policy is not written,
            declared=resource.declared,
            unseen=left_out and f"whether it has one of its own depends on the condition {left_out}",
        )
        because = ""
        if has_unknown(key.spec + key.usage):
            because = "its KeySpec or KeyUsage isn't known, and Personalize needs a symmetric encryption key"
        elif has_unknown(enabled):
            because = "whether it is enabled isn't known before deployment"
        elif resource.text("Origin") == "EXTERNAL":
            because = "it can't be used until its key material is imported, which a template doesn't show"
        if because:
            model.open_questions.append(OpenQuestion(resource.path, because, resource.declared, asks=()))

    def add_role(self, model: AccessModel, arn: str) -> None:
        """Put a role into the model."""
        if arn in model.roles:
            return
        resources = self.find(lambda each: each.roles.get(of_any_partition(arn)))
        # Where a path isn't known, it isn't known either where the name begins.
        name = physical.role_name(resources[0]) if resources else last_part(arn)
        identity = {policy.declared: (policy, "") for policy in self._policies_of(name, account_of(arn))}
        if resources is None:
            unseen = _why_unseen(arn, model)
            role = Role(arn, unseen=unseen, unseen_trust=unseen, unseen_boundary=unseen)
            role.identity = [self._identity_policy(policy, arn) for policy, _ in identity.values()]
            role.may_have = _may_be_of(name, account_of(arn), self._unclaimed_role_policies)
            model.roles[arn] = role
            return
        resource = resources[0]
        alike = self._roles_named_as(resource)
        mixed_up = shared_names.not_known_whose(resource, alike)
        if mixed_up:
            model.open_questions.append(shared_names.question_of_one_role_name(resource, alike))
        model.names[arn] = resource.path
        role = Role(
            arn,
            trust=[_policy_of(resource, "AssumeRolePolicyDocument")],
            unseen_trust=mixed_up if len(resources) > 1 else "",
            declared=resource.declared,
        )
        foreign: list[str] = []
        from_outside: list[Policy] = []
        # First those that are there in any case, whatever conditions choose besides.
        attached = sorted(items_of(resource.get("ManagedPolicyArns") or []), key=lambda item: item.position.condition)
        for policy_arn, (_, condition) in attached:
            policies = self._managed_policies(policy_arn, resource)
            for policy in policies:
                identity.setdefault(policy.declared, (policy, condition))
            known = None if policies else _policy_from_outside(policy_arn, resource, condition)
            if known is not None:
                from_outside.append(known)
            elif not policies:
                foreign.append(str(policy_arn))
        role.unseen = "; ".join(filter(None, [_not_of_the_app(foreign), mixed_up]))
        role.may_have = _may_be_of(name, account_of(arn), self._unclaimed_role_policies)
        role.unseen_denials = _not_of_the_app(each for each in foreign if _may_deny(each))
        role.identity = [self._identity_policy(policy, arn, condition) for policy, condition in identity.values()]
        role.identity += [*_inline_policies_of(resource), *from_outside]
        boundary = resource.text("PermissionsBoundary")
        if boundary is not None:
            policies = self._managed_policies(boundary, resource)
            limits = [_policy_of(policy, "PolicyDocument") for policy in policies[:1]]
            role.boundary = limits[0] if limits else _policy_from_outside(boundary, resource)
            if role.boundary is None:
                role.unseen_boundary = _not_of_the_app([boundary])
        model.roles[arn] = role

    def add_bucket(self, model: AccessModel, arn: str, account: str) -> None:
        """Put a bucket into the model, with the key of its encryption."""
        if arn in model.buckets:
            return
        name = (split_arn(arn) or [arn])[-1]
        written = self.find(lambda each: each.bucket_policies.get(name)) or []
        policies = [_policy_of(each, "PolicyDocument") for each in written]
        may_have = _may_be_of(name, account, self._unclaimed_bucket_policies)
        made = shared_names.one_of_each_deployment(name, self.find(lambda each: each.buckets.get(name)) or [])
        model.problems += shared_names.bucket_policy_problems(arn, name, written, made)
        if not made:
            unseen = _why_unseen(arn, model)
            model.buckets[arn] = Bucket(
                arn,
                account,
                policies,
                unseen="" if policies else unseen,
                unseen_encryption=unseen,
                may_have=may_have,
            )
            return
        resource, *others = made
        model.names[arn] = resource.path
        bucket = Bucket(arn, resource.stack.template.account, policies, may_have=may_have, declared=resource.declared)
        bucket.unseen = bucket.unseen_encryption = shared_names.not_told_apart(others)
        encryption = resource.get("BucketEncryption")
        if encryption is not None and not others:
            self._take_encryption(bucket, resource, encryption)
        model.buckets[arn] = bucket

    def key_arn(self, key: str, resource: Resource) -> str:
        """Return the ARN of a key that a property names by its id, its ARN or an alias; of the alias if that is all."""
        if has_unknown(key) and split_arn(key) is None:
            return key
        arn = key if split_arn(key) else resource.arn("kms", key if key.startswith(ALIAS_PREFIX) else f"key/{key}")
        name = alias_in(arn)
        aliases = self.find(lambda each: each.aliases.get(name)) if name else None
        alias = nearest(aliases, resource.stack) if aliases else None
        target = alias.text("TargetKeyId") if alias is not None else None
        return arn if alias is None or target is None else self.key_arn(target, alias)

    def role_arn(self, role: str, resource: Resource) -> str:
        """Return the ARN of a role that a property names by its name or its ARN."""
        if has_unknown(role) or split_arn(role):
            return role
        name = (resource.stack.template.account, without_case(role))
        found = self.find(lambda each: each.roles_by_name.get(name))
        return physical.role_arn(found[0]) if found else resource.arn("iam", f"role/{role}", region=False)

    def _take_encryption(self, bucket: Bucket, resource: Resource, encryption: Any) -> None:
        if condition := condition_in(encryption):
            bucket.unseen_encryption = f"it depends on the condition {condition}"
        else:
            bucket.key_arn, bucket.unseen_encryption = self._key_of_bucket(resource, encryption)

    def _key_of_bucket(self, resource: Resource, encryption: Any) -> tuple[str | None, str]:
        """Return the key of a bucket's default encryption, if it has one, or the reason why it can't be seen."""
        key: str | None = None
        rules = as_list(encryption.get("ServerSideEncryptionConfiguration")) if isinstance(encryption, dict) else [None]
        for rule in rules:
            default = rule.get("ServerSideEncryptionByDefault", {}) if isinstance(rule, dict) else None
            algorithm = default.get("SSEAlgorithm") if isinstance(default, dict) else None
            if not isinstance(default, dict) or not isinstance(algorithm, str) or has_unknown(algorithm):
                return None, "its encryption isn't known before deployment"
            if algorithm.startswith("aws:kms"):
                key = self.key_arn(str(default.get("KMSMasterKeyID") or AWS_MANAGED_KEY), resource)
                if alias_in(key) not in ("", AWS_MANAGED_KEY):
                    return None, f"it is encrypted with {key}, an alias that isn't part of the app"
        return key, ""

    def _managed_policies(self, arn: Any, role: Resource) -> list[Resource]:
        """Return the policy with an ARN: more than one where conditions say which of one name is made."""
        found = self.find(lambda each: each.managed_policies.get(of_any_partition(str(arn)))) or []
        return [each for each in found if each.stack.top is nearest(found, role.stack).stack.top]

    def _identity_policy(self, resource: Resource, role_arn: str, condition: str = "") -> Policy:
        """Return an IAM policy of a role, with all others that have it."""
        names = as_list(resource.get("Roles")) + as_list(resource.get("RoleName"))
        arns = [self.role_arn(str(each), resource) for each in names]
        for kind in ("user", "group"):
            named = as_list(resource.get(f"{kind.capitalize()}s"))
            arns += [resource.arn("iam", f"{kind}/{each}", region=False) for each in named]
        if resource.type == physical.MANAGED_POLICY:
            policy = of_any_partition(physical.managed_policy_arn(resource))
            arns += map(_arn_of_principal, self.find(lambda each: each.attached.get(policy)) or [])
        own = of_any_partition(role_arn)
        others = tuple(each for each in dict.fromkeys(arns) if of_any_partition(each) != own)
        return replace(_policy_of(resource, "PolicyDocument", condition), also_of=others)

    @cached_property
    def _unclaimed_role_policies(self) -> dict[str, list[Resource]]:
        """The policies by names of roles that no resource of the app has."""
        claimed = {name for _, name in self.roles_by_name}
        return {name: found for name, found in self.role_policies.items() if without_case(name) not in claimed}

    @cached_property
    def _unclaimed_bucket_policies(self) -> dict[str, list[Resource]]:
        return {name: found for name, found in self.bucket_policies.items() if name not in self.buckets}

    def _roles_named_as(self, role: Resource) -> list[Resource]:
        """The roles that have one role's name in its account, itself included.

        Stages may be for different accounts, unless they say theirs.
        """
        one_account = not has_unknown(role.stack.template.account)
        everywhere = self.beside if self.beside is not None and one_account else self
        return everywhere.find(lambda each: each.roles_by_name.get(shared_names.name_in_account(role))) or []

    def _policies_of(self, role_name: str, account: str) -> list[Resource]:
        found = self.find(lambda each: each.role_policies.get(role_name)) or []
        return [each for each in found if same(each.stack.template.account, account) is not Answer.NO]


def _arn_of_principal(resource: Resource) -> str:
    """Return the ARN of a role, a user or a group."""
    if resource.type == physical.ROLE:
        return physical.role_arn(resource)
    kind = _PRINCIPALS[resource.type]
    return resource.arn("iam", f"{kind}/{resource.name_in(f'{kind.capitalize()}Name')}", region=False)


def _may_be_of(name: str, account: str, unclaimed: Mapping[str, list[Resource]]) -> list[Policy]:
    """Return the policies that may be an owner's, since its name isn't known or that of the owner whom they name."""
    is_open = has_unknown(name)
    return [
        replace(_policy_of(policy, "PolicyDocument"), inline="", whose=(*open_parts(other), *open_parts(name)))
        for other, policies in unclaimed.items()
        if (is_open or has_unknown(other)) and same(other, name) is Answer.MAYBE
        for policy in policies
        if same(policy.stack.template.account, account) is not Answer.NO
    ]


def _why_unseen(arn: str, model: AccessModel) -> str:
    is_open = has_unknown(arn) and arn.startswith("${")
    return f"it isn't known before deployment ({IF_PARAMETER})" if is_open else model.unseen


def _policy_of(resource: Resource, property_name: str, condition: str = "") -> Policy:
    """Return the policy in a property; that of a key or a role is there whenever these are."""
    kind = {"KeyPolicy": "key policy of", "AssumeRolePolicyDocument": "trust policy of"}.get(property_name)
    inline = ""
    if resource.type in _IDENTITY_POLICIES and resource.type != physical.MANAGED_POLICY:
        inline = resource.text("PolicyName") or resource.unknown("PolicyName")
    return policy_in(
        resource.get(property_name),
        resource,
        f"{kind or 'policy'} {resource.path}",
        condition="" if kind else all_conditions(condition, resource.condition),
        inline=inline,
    )


def _inline_policies_of(role: Resource) -> Iterator[Policy]:
    """Yield the policies in the properties of a role."""
    for item, position in items_of(role.get("Policies") or []):
        document = item.get("PolicyDocument") if isinstance(item, dict) else item
        given = item.get("PolicyName") if isinstance(item, dict) else None
        policy_name = given if isinstance(given, str) else ""
        name = f"inline policy{policy_name and ' '}{policy_name} of {role.path}"
        inline = policy_name or role.unknown(f"Policies {position.number}")
        yield policy_in(document, role, name, condition=position.condition, inline=inline)


def policy_in(found: Any, resource: Resource, name: str, *, condition: str = "", inline: str = "") -> Policy:
    """Return a policy of a resource, with all statements that conditions may put into its document."""
    document: Any = None
    bodies: list[Any] = []
    positions: list[Position] = []
    for choice, (_, of_choice) in items_of(found) if isinstance(found, Either) else [(found, Position(1))]:
        document = _document(choice, resource)
        if isinstance(document, dict):
            statements = items_of(document.get("Statement", []), of_choice)
        else:
            statements = items_of(document, of_choice)
        for body, of_body in statements:
            bodies.append(body)
            positions.append(of_body)
    if not any(position.condition for position in positions):
        return Policy(document, name, resource.declared, condition, inline=inline)
    elements = document if isinstance(document, dict) else {}
    return Policy({**elements, "Statement": bodies}, name, resource.declared, condition, tuple(positions), inline)


def _document(found: Any, resource: Resource) -> Any:
    """Return a policy document, which a template may have as JSON text; text that can't be parsed stays unknown."""
    if isinstance(found, str) and found.lstrip().startswith("{"):
        with suppress(AssemblyError):
            return resource.parsed(found, "a policy")
    return found


def _policy_from_outside(arn: Any, role: Resource, condition: str = "") -> Policy | None:
    """Return a managed policy that no template makes, AWS's own or one that is told, if it is known."""
    of_aws = policy_of_aws(str(arn), role.path, declared=role.declared, condition=condition)
    name = last_part(str(arn))
    document = role.stack.app.policies.get(name)
    if of_aws is not None or document is None:
        return of_aws
    return Policy(document, f"managed policy {name} of {role.path}", condition=condition)


def _policy_of_kms(resource: Resource) -> Policy:
    """Return what KMS gives a key that is made without a policy."""
    document = default_key_policy(resource.arn("iam", "root", region=False))
    return Policy(document, f"default key policy of {resource.path}", resource.declared)


def _may_deny(managed_policy_arn: str) -> bool:
    """Report whether a policy that isn't part of the app may deny what Personalize needs.

    Of AWS's own, those that deny keys and objects are taken to say so in their names, as AWSDenyAll and
    AWSCompromisedKeyQuarantineV3 do (https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html).
    """
    return account_of(managed_policy_arn) != "aws" or bool(_DENYING.search(managed_policy_arn))


def _not_of_the_app(managed_policy_arns: Iterable[str]) -> str:
    """Return the reason why managed policies can't be seen."""
    reasons = []
    for arn in managed_policy_arns:
        if isinstance(arn, Either):
            reasons.append(f"which managed policy it has depends on the condition {arn.condition}")
        else:
            name = last_part(arn)
            how = IF_PARAMETER if has_unknown(name) else f"pass it by --policy {name}=FILE, in Python by policies="
            reasons.append(f"managed policy {arn} isn't part of the app ({how})")
    return "; ".join(reasons)
