"""Decisions about access, from policy documents alone.

Pure functions: nothing here reads a server. The extension feeds them the policies deployed in its
own process, a test literals, a demo what boto3 read back. Statements, conditions and denies are
judged by ministack's IAM evaluator; this module adds which of the documents have to say yes:

* the role on a key: the key policy names it; or the key policy delegates to the role's account and
  IAM allows; or, for a key of another account, both (KMS developer guide, "Determining access to
  AWS KMS keys")
* the service principal: the resource's own policy, which is the only place that can name it
* the role on a bucket: its IAM policies, and no denial in the bucket policy
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ministack.core.iam_evaluator import (
    EvalContext,
    combine_resource_policy,
    evaluate,
    evaluate_resource_policy,
    parse_policy_document,
)

from embedded_aws.requirements import BUCKET_ACTIONS, PERSONALIZE, Row

Document = dict[str, Any] | str
"""A policy as a JSON object or as its text."""

KEY_POLICY = "key policy"
BUCKET_POLICY = "bucket policy"
ROLE_POLICIES = "IAM policies of the role"
TRUST_POLICY = "trust policy of the role"


def account_of(arn: str) -> str:
    """The account that a role, a key or a Personalize resource is in."""
    return arn.split(":")[4]


def listed(value: Any) -> list[Any]:
    """An element's values, which may be one without a list."""
    return value if isinstance(value, list) else [value]


def in_effect(key_policy: Document) -> Document:
    """Return a key policy without statements that lack Action or Resource (KMS, PutKeyPolicy).

    These have no effect.
    """
    policy = json.loads(key_policy) if isinstance(key_policy, str) else key_policy
    effective = []
    for statement in listed(policy["Statement"]):
        has_action = "Action" in statement or "NotAction" in statement
        has_resource = "Resource" in statement or "NotResource" in statement
        if has_action and has_resource:
            effective.append(statement)
    return {"Statement": effective}


@dataclass(frozen=True)
class Role:
    """A service role with its policies; `identity` holds inline and managed policies alike."""

    arn: str
    trust: Document
    identity: tuple[Document, ...] = ()
    boundary: Document | None = None


@dataclass(frozen=True)
class Key:
    """A KMS key and its key policy."""

    arn: str
    policy: Document


@dataclass(frozen=True)
class Location:
    """A place in a bucket: the object keys Personalize will touch, and the prefix it lists."""

    bucket: str
    account: str
    policy: Document | None
    objects: tuple[str, ...]
    prefix: str = ""
    key: Key | None = None
    """The key that encrypts the data there, if one does."""
    own_keys: tuple[Key, ...] = ()
    """The keys of objects that have another one."""

    @property
    def keys(self) -> tuple[Key, ...]:
        """All keys of the data there."""
        return (*self.own_keys, self.key) if self.key else self.own_keys

    def resources(self, action: str) -> tuple[str, ...]:
        """The ARNs on which `action` is asked."""
        bucket = f"arn:aws:s3:::{self.bucket}"
        if action in BUCKET_ACTIONS:
            return (bucket,)
        return tuple(f"{bucket}/{key}" for key in self.objects)


@dataclass(frozen=True)
class Uses:
    """The data and the key that a Personalize resource uses.

    `source` is read and `destination` written; `dataset_group_key` encrypts the dataset group.
    """

    source: Location | None = None
    destination: Location | None = None
    dataset_group_key: Key | None = None

    def keys(self, row: Row) -> list[tuple[Key, tuple[str, ...]]]:
        """The keys in play, each with the actions that a row asks of its key policy."""
        source, destination = row.source_key_policy, row.destination_key_policy
        keys = []
        for location, more in ((self.source, source), (self.destination, destination)):
            if location is not None:
                keys += [(key, (*row.key_policy, *more)) for key in location.keys]
        if self.dataset_group_key is not None:
            actions = (*row.key_policy, *row.dataset_group_key_policy)
            keys.append((self.dataset_group_key, actions))
        return keys


@dataclass(frozen=True)
class Caller:
    """The Personalize resource on whose behalf the service calls.

    `aws:SourceAccount` and `aws:SourceArn` are recommended for the trust policy and "in resource
    policies" (PDG cross-service-confused-deputy-prevention), so calls of the service principal
    carry both.
    """

    arn: str

    @property
    def region(self) -> str:
        """The Region of the call."""
        return self.arn.split(":")[3]


@dataclass(frozen=True)
class Missing:
    """A permission that is not there: principal, action, resource, and the policy to add it to."""

    principal: str
    action: str
    resource: str
    where: str


def by_service(
    policy: Document | None, action: str, resource: str, caller: Caller, prefix: str = ""
) -> bool:
    """Tell if a resource policy or trust policy allows `action` to Personalize's principal."""
    context = EvalContext(
        # A service call has no IAM principal: an account named in the policy doesn't let it in.
        principal_arn="",
        principal_type="AWSService",
        principal_account="",
        action=action,
        resource_arn=resource,
        region=caller.region,
        secure_transport=True,
        service_context={
            "aws:sourceaccount": account_of(caller.arn),
            "aws:sourcearn": caller.arn,
            "aws:principalisawsservice": "true",
            "aws:principalservicename": PERSONALIZE,
            **_list_prefix(action, prefix),
        },
    )
    return bool(evaluate_resource_policy(policy, context, service=PERSONALIZE).decision == "Allow")


def by_iam(role: Role, action: str, resource: str, region: str, **keys: str) -> bool:
    """Tell if the role's policies and its boundary allow `action` with these condition keys."""
    context = _role_context(role, action, resource, region, **keys)
    return bool(_identity_decision(role, context).decision == "Allow")


def on_key(role: Role, key: Key, action: str, region: str) -> str | None:
    """None when `action` is in effect for the role on the key, else the policy that lacks it."""
    context = _role_context(role, action, key.arn, region)
    identity = _identity_decision(role, context)
    limits = _limits(role)
    decision = combine_resource_policy(
        identity, context, key.policy, account_of(key.arn), required=True, limits=limits
    )
    if decision.decision == "Allow":
        return None
    of_key = evaluate_resource_policy(key.policy, context)
    return ROLE_POLICIES if of_key.decision == "Allow" else KEY_POLICY


def in_bucket(
    role: Role, location: Location, action: str, resource: str, region: str
) -> str | None:
    """None when `action` is in effect for the role in the bucket, else the policy that lacks it."""
    keys = _list_prefix(action, location.prefix)
    if not by_iam(role, action, resource, region, **keys):
        return ROLE_POLICIES
    context = _role_context(role, action, resource, region, **keys)
    decision = evaluate_resource_policy(location.policy, context).decision
    is_other = location.account != account_of(role.arn)
    denied = decision == "Deny" or (is_other and decision != "Allow")
    return BUCKET_POLICY if denied else None


def missing(row: Row, caller: Caller, role: Role, uses: Uses) -> tuple[Missing, ...]:
    """Everything AWS's page asks for and the policies don't give, in the order of the page."""
    places = [(uses.source, row.source), (uses.destination, row.destination)]
    entries = list(_missing_on_keys(row, caller, role, uses))
    for location, actions in places:
        if location is not None:
            entries += _missing_in_bucket(location, actions, caller, role)
    if not by_service(role.trust, "sts:AssumeRole", role.arn, caller):
        entries.insert(0, Missing(PERSONALIZE, "sts:AssumeRole", role.arn, TRUST_POLICY))
    return tuple(dict.fromkeys(entries))


def _missing_on_keys(row: Row, caller: Caller, role: Role, uses: Uses) -> Iterator[Missing]:
    for key, actions in uses.keys(row):
        for action in actions:
            if not by_service(key.policy, action, key.arn, caller):
                yield Missing(PERSONALIZE, action, key.arn, KEY_POLICY)
            if where := on_key(role, key, action, caller.region):
                yield Missing(role.arn, action, key.arn, where)
        for action in row.role_kms:
            if not by_iam(role, action, key.arn, caller.region):
                yield Missing(role.arn, action, key.arn, ROLE_POLICIES)
    for action in row.role_any:
        if not by_iam(role, action, "*", caller.region):
            yield Missing(role.arn, action, "*", ROLE_POLICIES)


def _missing_in_bucket(
    location: Location, actions: tuple[str, ...], caller: Caller, role: Role
) -> Iterator[Missing]:
    for action in actions:
        for resource in location.resources(action):
            if not by_service(location.policy, action, resource, caller, location.prefix):
                yield Missing(PERSONALIZE, action, resource, BUCKET_POLICY)
            if where := in_bucket(role, location, action, resource, caller.region):
                yield Missing(role.arn, action, resource, where)


def describe(entries: Iterable[Missing]) -> str:
    """Name every missing permission in a line, grouped by principal, resource and policy."""
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for entry in entries:
        grouped.setdefault((entry.principal, entry.resource, entry.where), []).append(entry.action)
    return "; ".join(
        f"{principal} needs {', '.join(actions)} on {resource} ({where})"
        for (principal, resource, where), actions in grouped.items()
    )


def _role_context(role: Role, action: str, resource: str, region: str, **keys: str) -> EvalContext:
    return EvalContext(
        principal_arn=role.arn,
        principal_type="AssumedRole",
        principal_account=account_of(role.arn),
        action=action,
        resource_arn=resource,
        region=region,
        secure_transport=True,
        service_context={
            "aws:principalisawsservice": "false",
            # Only KMS has it.
            **({"kms:calleraccount": account_of(role.arn)} if action.startswith("kms:") else {}),
            **{key.lower(): value for key, value in keys.items()},
        },
    )


def _list_prefix(action: str, prefix: str) -> dict[str, str]:
    """The condition key that a listing carries and an object call doesn't."""
    return {"s3:prefix": prefix} if action in BUCKET_ACTIONS else {}


def _limits(role: Role) -> tuple[list[list[Any]], ...]:
    return () if role.boundary is None else ([parse_policy_document(role.boundary)],)


def _identity_decision(role: Role, context: EvalContext) -> Any:
    policies = [parse_policy_document(document) for document in role.identity]
    return evaluate(context, policies, *_limits(role))
