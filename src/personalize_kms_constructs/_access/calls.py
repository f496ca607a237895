"""Calls that Personalize makes, with the values that AWS documents for their condition keys.

A key that AWS doesn't document for Personalize has no entry, so that a condition on it stays undecided.

* https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
* https://docs.aws.amazon.com/kms/latest/developerguide/policy-conditions.html
* https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-s3-access.html ("doesn't communicate with AWS
  VPCs")
* https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ..matrix import PASS_ROLE, SERVICE_PRINCIPAL
from .answers import Answer
from .conditions import Alternatives, Context
from .model import Bucket, Key, Role
from .values import same, split_arn, unknown

_TRUST_ACTION = "sts:AssumeRole"

# AWS's endpoints take no older version (https://docs.aws.amazon.com/AmazonS3/latest/userguide/network-isolation.html).
_TLS_VERSIONS = ("1.2", "1.3")
_ABSENT = (None,)
_OF_NETWORKS = ("aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip")
_OF_ORGANIZATIONS = ("aws:principalorgid", "aws:principalorgpaths")
# Only calls of a service principal have these.
_OF_SERVICES = (
    "aws:principalservicename",
    "aws:principalservicenameslist",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
)
_OF_FORWARDED = ("aws:calledvia", "aws:calledviafirst", "aws:calledvialast")
_OF_PUT_OBJECT = (
    "s3:x-amz-acl",
    "s3:x-amz-server-side-encryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3:x-amz-server-side-encryption-customer-algorithm",
    "s3:x-amz-storage-class",
)
_OF_LIST_BUCKET = ("s3:delimiter", "s3:max-keys", "s3:prefix")
_OF_CREATE_GRANT = ("kms:grantconstrainttype", "kms:granteeprincipal", "kms:grantoperations", "kms:retiringprincipal")


@dataclass(frozen=True, eq=False)
class Caller:
    """The service role, Personalize itself, or a role of the app that calls Personalize."""

    arn: str
    """The ARN of the role, or the service principal."""
    account: str
    """The account that Personalize works for."""
    region: str
    is_service: bool = False
    unique_id: str = ""
    is_bounded: bool = False
    """True if it is a role that has a permissions boundary."""
    only_if: frozenset[str] = frozenset()
    """Conditions of templates that hold whenever it calls."""
    organization: str = ""
    """The id of the organization of the account, where it is told."""

    @property
    def kind(self) -> str:
        """``"role"`` or ``"service"``."""
        return "service" if self.is_service else "role"


def service(account: str, region: str, only_if: frozenset[str] = frozenset(), organization: str = "") -> Caller:
    """Return Personalize, at work for this account and Region."""
    return Caller(SERVICE_PRINCIPAL, account, region, is_service=True, only_if=only_if, organization=organization)


def role(role: Role, region: str, only_if: frozenset[str] = frozenset(), organization: str = "") -> Caller:
    """Return the role, at work in this Region."""
    return Caller(
        role.arn,
        role.account,
        region,
        unique_id=role.unique_id,
        is_bounded=role.boundary is not None,
        only_if=only_if,
        organization=organization,
    )


@dataclass(eq=False)
class Call:
    """One call, as IAM sees it."""

    caller: Caller
    action: str
    resource: str
    resource_account: str
    resource_region: str
    resource_organization: str = ""
    """The organization of the resource's account, where it is told."""

    @cached_property
    def context(self) -> Context:
        """Its condition keys."""
        caller = self.caller
        if self.action.startswith(("iam:", "personalize:")):
            return _keys_of_caller(self)
        found = dict(_keys_of(self.action, caller.is_service))
        found["aws:requestedregion"] = (self.resource_region,)
        if self.action.startswith(("kms:", "s3:")):
            found["aws:resourceaccount"] = (self.resource_account,)
        if self.action.startswith("s3:"):
            found["s3:resourceaccount"] = (self.resource_account,)
        if self.resource_organization:
            found["aws:resourceorgid"] = (self.resource_organization,)
        if not caller.is_service:
            if caller.organization:
                found["aws:principalorgid"] = (caller.organization,)
            found["aws:principalarn"] = (caller.arn,)
            found["aws:principalaccount"] = (caller.account,)
            if self.action.startswith("kms:"):
                found["kms:calleraccount"] = (caller.account,)
            return found
        partition = (split_arn(self.resource) or ("", unknown("partition")))[1]
        source_arn = f"arn:{partition}:personalize:{caller.region}:{caller.account}:*"
        # Documented for the trust policy; for KMS and S3 it isn't known whether Personalize sends them.
        maybe_absent = () if self.action == _TRUST_ACTION else _ABSENT
        found["aws:principalservicename"] = (caller.arn,)
        found["aws:sourceaccount"] = (*maybe_absent, caller.account)
        found["aws:sourcearn"] = (*maybe_absent, source_arn)
        if caller.organization:
            found["aws:sourceorgid"] = (None, caller.organization)
        return found


def call_on(owner: Key | Bucket | None, caller: Caller, action: str, resource: str) -> Call:
    """Return a call about a key, about a bucket or its objects, or about what is in no policy of its own.

    A bucket has to be in the Region that Personalize is called in. What the templates make is of the organization that
    is told, and so is what else the caller's account has.
    """
    account, region = caller.account if owner is None else owner.account, caller.region
    if isinstance(owner, Key):
        parts = split_arn(owner.arn)
        region = parts[3] if parts else unknown(f"Region of {owner.arn}")
    is_its_own = owner is None or owner.declared or same(account, caller.account) is Answer.YES
    return Call(caller, action, resource, account, region, caller.organization if is_its_own else "")


def assume_role(caller: Caller, role: Role) -> Call:
    """Return the call by which Personalize becomes the role."""
    return Call(caller, _TRUST_ACTION, role.arn, role.account, caller.region)


def _keys_of_caller(call: Call) -> Context:
    """Return the condition keys of a call of Personalize's API, by a role of the app in a network of its own.

    What the role is passed to is in the check of ``iam:PassRole`` alone
    (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonpersonalize.html).
    """
    caller = call.caller
    of_action: dict[str, Alternatives] = {"iam:passedtoservice": (SERVICE_PRINCIPAL,)}
    if call.action != PASS_ROLE:
        of_action = {"iam:passedtoservice": _ABSENT, "aws:requestedregion": (call.resource_region,)}
    if caller.organization:
        of_action["aws:principalorgid"] = of_action["aws:resourceorgid"] = (caller.organization,)
    return {
        **dict.fromkeys(_OF_SERVICES, _ABSENT),
        "aws:securetransport": ("true",),
        "aws:principalisawsservice": ("false",),
        "aws:principaltype": ("AssumedRole",),
        "aws:principalarn": (caller.arn,),
        "aws:principalaccount": (caller.account,),
        **of_action,
    }


def _keys_of(action: str, is_service: bool) -> Context:
    """Return the condition keys that are the same for every caller and resource."""
    prefix, _, operation = action.partition(":")
    found: dict[str, Alternatives] = {"aws:securetransport": ("true",), **dict.fromkeys(_OF_NETWORKS, _ABSENT)}
    if is_service:
        # A service principal is a member of no organization.
        found |= {"aws:principalisawsservice": ("true",), **dict.fromkeys(_OF_ORGANIZATIONS, _ABSENT)}
    else:
        found |= {"aws:principalisawsservice": ("false",), "aws:principaltype": ("AssumedRole",)}
        found |= dict.fromkeys(_OF_SERVICES, _ABSENT)
    if prefix == "s3":
        found["s3:tlsversion"] = _TLS_VERSIONS
        if not is_service:
            # False for a service role
            # (https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html); calls of KMS may
            # be those that S3 forwards.
            found |= {"aws:viaawsservice": ("false",), **dict.fromkeys(_OF_FORWARDED, _ABSENT)}
        if operation != "PutObject":
            found |= dict.fromkeys(_OF_PUT_OBJECT, _ABSENT)
        if operation != "ListBucket":
            found |= dict.fromkeys(_OF_LIST_BUCKET, _ABSENT)
    if prefix == "kms":
        if operation != "CreateGrant":
            found |= dict.fromkeys(_OF_CREATE_GRANT, _ABSENT)
        if operation not in ("CreateGrant", "ListGrants", "RevokeGrant"):
            found["kms:grantisforawsresource"] = _ABSENT
    return found
