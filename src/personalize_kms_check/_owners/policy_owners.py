"""The keys, roles and buckets of a model, with their policies in a deployment."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any, TypeVar

from .._model.causes import NOT_OF_THE_APP
from .._model.declarations import Declaration
from .._model.hints import how_to_tell
from .._model.model import AWS_MANAGED_KEY, AccessModel, Bucket, Key, Role, TemplateRole
from .._model.policy_documents import Policy, as_list
from .._model.requests import Location, OpenQuestion, Request
from .._shared.answers import Answer
from .._shared.default_key_policy import default_key_policy
from .._shared.values import (
    account_of,
    has_unknown,
    last_part,
    of_any_partition,
    open_parts,
    same,
    split_arn,
    unknown,
)
from .._templates import physical
from .._templates.choices import condition_in, left_out_by
from .._templates.given_policies import GivenPolicies, given_policy_of
from .._templates.physical import alias_in
from .._templates.stacks import Resource, Stack
from .deployment import Deployment, may_be_in
from .policies_by_code import PoliciesByCode
from .policies_in_properties import all_reasons, policy_of
from .role_policies import boundary_of, identity_policies, identity_policy, role_made_by_sam
from .shared_names import bucket_policy_problems, name_in_account, not_told_apart
from .unseen_parts import put_in_around
from .waiting import CreationOrder

AnOwner = TypeVar("AnOwner", Key, Role, Bucket)


class Owners:
    """Reads keys, roles and buckets with their policies, each once, as an assembly shows them."""

    def __init__(
        self,
        deployment: Deployment,
        order: CreationOrder,
        by_code: PoliciesByCode,
        locations: Mapping[str, list[Location]],
        documents: GivenPolicies,
    ) -> None:
        self._deployment = deployment
        self._order = order
        self._by_code = by_code
        self._locations = locations
        """The locations named by constructs, jobs and users, by the ARN of the bucket."""
        self._documents = documents
        """The policies of owners outside of the app, as users pass them."""
        self._key = cache(self._read_key)
        self._role = cache(self._read_role)
        self._bucket = cache(self._read_bucket)

    def named_by(self, requests: Iterable[tuple[Request, Stack]]) -> AccessModel:
        """Return the owners as far as they can be read, with names, questions and problems.

        A bucket's key is known when the bucket is there.
        """
        model, deployment = AccessModel(), self._deployment
        for request, stack in requests:
            for arn in filter(None, (request.role_arn, request.caller_arn)):
                with stack.noting_errors():
                    resources = deployment.find("roles", of_any_partition(arn))
                    self._add(arn, self._role, resources, model.roles, model)
            for location in request.locations:
                arn = location.bucket_arn
                with stack.noting_errors():
                    resources = deployment.of_bucket("buckets", arn)
                    if arn not in model.buckets:
                        policy_resources = deployment.of_bucket("bucket policies", arn)
                        model.problems += bucket_policy_problems(arn, policy_resources, resources)
                    read = partial(self._bucket, account=request.account)
                    self._add(arn, read, resources, model.buckets, model)
                    if same(model.buckets[arn].account, read(arn).account) is Answer.NO:
                        # It is in one of the accounts that use it, if in any.
                        account = unknown(f"account of {arn}")
                        model.buckets[arn] = replace(model.buckets[arn], account=account)
            for arn in model.keys_of(request):
                with stack.noting_errors():
                    resources = deployment.find("keys", of_any_partition(arn))
                    self._add(arn, self._key, resources, model.keys, model)
        return model

    def _add(
        self,
        arn: str,
        read: Callable[[str], AnOwner],
        resources: list[Resource],
        owners: dict[str, AnOwner],
        model: AccessModel,
    ) -> None:
        if arn in owners:
            return
        resource = resources[0] if resources else None
        if resource is not None:
            model.names[arn] = resource.path
        owner = read(arn)
        owners[arn] = self._in_assembly(owner, resource)
        if resource is not None and owner.doubt:
            question = OpenQuestion(resource.path, owner.doubt, resource.declared, asks=())
            model.open_questions.append(question)

    def _in_assembly(self, owner: AnOwner, resource: Resource | None) -> AnOwner:
        """Return an owner with the say of code and macros, and with the resources before it."""
        before: Container[Declaration | None] = ()
        put_in = ""
        if resource is not None and self._order.has(resource.stack):
            put_in, before = put_in_around(resource.stack), self._order.before(resource)
        if isinstance(owner, Role):
            unseen_trust = all_reasons(owner.unseen_trust, put_in)
            unseen = all_reasons(owner.unseen, put_in)
            return replace(owner, unseen=unseen, unseen_trust=unseen_trust, waits_for=before)
        replaced = self._by_code.why_replaced(owner.arn)
        policies = [] if replaced else owner.policies
        unseen = all_reasons(replaced or owner.unseen, put_in)
        return replace(owner, policies=policies, unseen=unseen, waits_for=before)

    def beside(self, resources: Iterable[Resource]) -> AccessModel:
        """Return all roles of templates, and the owners in templates with Personalize's name."""
        model = AccessModel()
        for resource in resources:
            with resource.stack.noting_errors():
                self._add_beside(resource, model)
        return model

    def _add_beside(self, resource: Resource, model: AccessModel) -> None:
        stack = resource.stack
        speaks_of_personalize = stack.template.speaks_of_personalize
        role = role_made_by_sam(resource)
        if resource.type == physical.ROLE:
            role = self._role(physical.role_arn(resource))
            if speaks_of_personalize:
                model.roles[role.arn] = role
        elif speaks_of_personalize and resource.type in physical.KEYS:
            arn = physical.key_arn(resource)
            model.keys[arn] = self._key(arn)
        elif speaks_of_personalize and resource.type == physical.BUCKET_POLICY:
            arn = physical.arn_of_bucket(resource.text("Bucket") or "", resource)
            model.buckets.setdefault(arn, self._bucket(arn, account=stack.account))
        if role is not None:
            declared, names_personalize = resource.declared, _names_personalize(resource)
            creator = TemplateRole(role, declared, stack.region, names_personalize)
            model.template_roles.append(creator)

    def _read_key(self, arn: str) -> Key:
        """Return a key; of one outside of the app, what is given, and what this app merges in."""
        resources = self._deployment.find("keys", of_any_partition(arn))
        functions = self._deployment.find("merged key policies", of_any_partition(arn))
        merged = [policy_of(function, "PolicyDocument") for function in functions]
        if not resources:
            unseen = "only what this app merges into it is known" if merged else _why_unseen(arn)
            given = given_policy_of("key", arn, self._documents)
            return Key(arn, [*given, *merged], unseen="" if given else unseen)
        resource = resources[0]
        policy = policy_of(resource, "KeyPolicy")
        has_default_policy = policy.document is None
        if has_default_policy:
            document = default_key_policy(resource.arn("iam", "root", region=False))
            policy = Policy(document, f"default key policy of {resource.path}", resource.declared)
        condition = left_out_by(resource.get("KeyPolicy"))
        is_disabled = str(resource.get("Enabled")).lower() == "false"
        spec = resource.text("KeySpec") or "SYMMETRIC_DEFAULT"
        usage = resource.text("KeyUsage") or "ENCRYPT_DECRYPT"
        return Key(
            arn,
            [policy, *merged],
            spec=spec,
            usage=usage,
            state="Disabled" if is_disabled else "Enabled",
            has_default_policy=has_default_policy,
            declared=resource.declared,
            unseen=condition
            and f"whether it has one of its own depends on the condition {condition}",
            doubt=_doubt_about(spec + usage, resource),
        )

    def _read_role(self, arn: str) -> Role:
        """Return a role; stacks without an account may make several of its name."""
        deployment = self._deployment
        resources = deployment.find("roles", of_any_partition(arn))
        if not resources:
            return self._imported_role(arn)
        resource = resources[0]
        of_this_name = deployment.find("roles by name", name_in_account(resource))
        mixed_up = not_told_apart(resource, of_this_name)
        trust = policy_of(resource, "AssumeRolePolicyDocument")
        identity, others, other_denials = identity_policies(resource, arn, deployment)
        unseen, unseen_denials = [others, mixed_up], [other_denials]
        name, unclaimed = physical.role_name(resource), deployment.unclaimed_role_policies
        for reason, policy in _may_be_of(name, account_of(arn), unclaimed).items():
            unseen.append(reason)
            if len(policy.allowing) < len(policy.statements):
                unseen_denials.append(reason)
        boundary, unseen_boundary = boundary_of(resource, deployment)
        return Role(
            arn,
            trust=[trust],
            identity=identity,
            boundary=boundary,
            unseen=all_reasons(*unseen),
            unseen_denials=all_reasons(*unseen_denials),
            unseen_trust=mixed_up if len(resources) > 1 else "",
            unseen_boundary=unseen_boundary,
            declared=resource.declared,
            doubt=mixed_up,
        )

    def _imported_role(self, arn: str) -> Role:
        """Return a role of which at most the policies that name it are known."""
        why = _why_unseen(arn)
        # Where the path isn't known, it isn't known either where the name begins.
        resources = self._deployment.policies_naming(last_part(arn), account_of(arn))
        identity = [identity_policy(resource, arn, self._deployment) for resource in resources]
        return Role(arn, identity=identity, unseen=why, unseen_trust=why, unseen_boundary=why)

    def _read_bucket(self, arn: str, account: str) -> Bucket:
        """Return it with its key. The account is the request's; the app may name another one."""
        resources = self._deployment.of_bucket("buckets", arn)
        policy_resources = self._deployment.of_bucket("bucket policies", arn)
        policies = [policy_of(resource, "PolicyDocument") for resource in policy_resources]
        locations = self._locations.get(arn, [])
        account = next(filter(None, [location.account for location in locations]), account)
        keys = {location.key_arn for location in locations if location.key_arn is not None}
        resource = resources[0] if resources else None
        if resource is None:
            key_arn, unseen_encryption = None, _why_unseen(arn)
            policies = policies or given_policy_of("bucket", arn, self._documents)
            unseen = "" if policies else unseen_encryption
        else:
            unseen = not_told_apart(resource, resources)
            key_arn, unseen_encryption = (None, unseen) if unseen else self._encryption(resource)
        if unseen_encryption and len(keys) == 1:
            key_arn, unseen_encryption = keys.pop(), ""
        name = (split_arn(arn) or [arn])[-1]
        may_be = _may_be_of(name, account, self._deployment.unclaimed_bucket_policies)
        return Bucket(
            arn,
            resource.stack.account if resource else account,
            policies,
            key_arn,
            unseen_encryption,
            unseen=all_reasons(unseen, *may_be),
            declared=resource.declared if resource else None,
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


def _names_personalize(role: Resource) -> bool:
    """Tell if a resource, with the values that its trust policy looks up, has the name."""
    trust = str(role.body.get("Properties", {}).get("AssumeRolePolicyDocument"))
    more = role.stack.template.body.get("Mappings") if "Fn::FindInMap" in trust else role.body
    return "personalize" in f"{trust}{more}".lower()


def _why_unseen(arn: str) -> str:
    if has_unknown(arn) and arn.startswith("${"):
        return "it isn't known before deployment"
    return NOT_OF_THE_APP


def _doubt_about(spec_and_usage: str, resource: Resource) -> str:
    if has_unknown(spec_and_usage):
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
    by_reason: dict[str, Policy] = {}
    for other, resources in unclaimed.items():
        if not has_unknown(other + name) or same(other, name) is not Answer.MAYBE:
            continue
        parts = tuple(dict.fromkeys(open_parts(other) + open_parts(name)))
        depends = f"depends on {', '.join(parts)} ({how_to_tell(parts)})"
        for resource in resources:
            if may_be_in(account, resource):
                policy = policy_of(resource, "PolicyDocument")
                by_reason[f"whether {policy.name} is its own {depends}"] = policy
    return by_reason
