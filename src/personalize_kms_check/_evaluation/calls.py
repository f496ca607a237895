"""Personalize's calls, with the documented values of their condition keys.

A key without documentation for Personalize has no entry, so a condition on it stays undecided.

* https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
* https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
* https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-s3-access.html
  ("doesn't communicate with AWS VPCs")
* https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import NamedTuple

from .._model.model import Key, Owner, Role
from .._shared.answers import Answer
from .._shared.values import open_parts, same, split, split_arn, unknown, with_open_ids
from ..matrix import ASKED_ACTIONS, ASSUME_ROLE, PASS_ROLE, SERVICE_PRINCIPAL
from .conditions import Alternatives, Context

# AWS's endpoints take no older version
# (https://docs.aws.amazon.com/AmazonS3/latest/userguide/network-isolation.html).
_TLS_VERSIONS = ("1.2", "1.3")
_ABSENT = (None,)
_BY_PERSONALIZE: Context = {
    **dict.fromkeys(("aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip"), _ABSENT),
    # A user's device makes it true
    # (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html), and Personalize is
    # no user. Without it there is no age.
    "aws:multifactorauthpresent": (None, "false"),
    "aws:multifactorauthage": _ABSENT,
}
_BY_SERVICE: Context = {
    "aws:principalisawsservice": ("true",),
    # A service principal is a member of no organization.
    "aws:principalorgid": _ABSENT,
    "aws:principalorgpaths": _ABSENT,
}
_BY_ROLE: Context = {
    "aws:principalisawsservice": ("false",),
    "aws:principaltype": ("AssumedRole",),
    # "requests that are made using … IAM roles do not include this key" (the first page above).
    "aws:username": _ABSENT,
    # Only calls of a service principal have these.
    "aws:principalservicename": _ABSENT,
    "aws:principalservicenameslist": _ABSENT,
    "aws:sourceaccount": _ABSENT,
    "aws:sourcearn": _ABSENT,
    "aws:sourceorgid": _ABSENT,
    "aws:sourceorgpaths": _ABSENT,
}
_IN_S3: Context = {
    "s3:tlsversion": _TLS_VERSIONS,
    # Its keys come with each request, and Personalize takes none.
    "s3:x-amz-server-side-encryption-customer-algorithm": _ABSENT,
}
# False for a service role
# (https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html); calls of
# KMS may be those that S3 forwards.
_BY_ROLE_IN_S3: Context = {
    "aws:viaawsservice": ("false",),
    **dict.fromkeys(("aws:calledvia", "aws:calledviafirst", "aws:calledvialast"), _ABSENT),
}
_WITH_ALGORITHM = (
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
)
# Keys that not all operations of their service have. For S3 see
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
_ONLY_IN: Mapping[str, tuple[str, ...]] = {
    "kms:encryptionalgorithm": _WITH_ALGORITHM,
    "kms:encryptioncontext:": (*_WITH_ALGORITHM, "CreateGrant"),
    "kms:encryptioncontextkeys": (*_WITH_ALGORITHM, "CreateGrant"),
    "kms:grantconstrainttype": ("CreateGrant",),
    "kms:granteeprincipal": ("CreateGrant",),
    "kms:grantisforawsresource": ("CreateGrant", "ListGrants", "RevokeGrant"),
    "kms:grantoperations": ("CreateGrant",),
    "kms:retiringprincipal": ("CreateGrant",),
    "s3:delimiter": ("ListBucket",),
    "s3:max-keys": ("ListBucket",),
    "s3:prefix": ("ListBucket",),
    "s3:x-amz-acl": ("PutObject",),
    "s3:x-amz-server-side-encryption": ("PutObject",),
    "s3:x-amz-server-side-encryption-aws-kms-key-id": ("PutObject",),
    "s3:x-amz-storage-class": ("PutObject",),
}
# The operations of which it is known which of those keys they have. A new one has all of them open
# until it is looked up, too:
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
_LOOKED_UP = frozenset(
    {
        "PutMetricData",
        "CreateGrant",
        "Decrypt",
        "DescribeKey",
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
        "ListGrants",
        "GetObject",
        "ListBucket",
        "PutObject",
    }
)
# The names of holes for parameters, exports and dynamic references.
_OF_OTHERS = re.compile(r"[^ .]+\.\w+(?: of Systems Manager)?|export .+|resolve:.+")
# Equal to no account that somebody writes, nor to that of a stack.
_ACCOUNT_OF_AWS = "account of AWS"


class Caller(NamedTuple):
    """The service role, Personalize itself, or a role of the app calling Personalize."""

    arn: str
    """The ARN of the role, or the service principal."""
    account: str
    """The account Personalize works for."""
    region: str
    is_service: bool = False
    unique_id: str = ""
    is_bounded: bool = False
    """True if it is a role with a permissions boundary."""
    organization: str = ""
    """The id of the organization of the account, where it is known."""


@cache  # Saves time: it is asked for each need.
def service(account: str, region: str, organization: str = "") -> Caller:
    return Caller(SERVICE_PRINCIPAL, account, region, is_service=True, organization=organization)


def role(role: Role, region: str, organization: str = "") -> Caller:
    return Caller(
        role.arn,
        role.account,
        region,
        unique_id=role.unique_id,
        is_bounded=role.boundary is not None,
        organization=organization,
    )


@dataclass(eq=False)
class Call:
    """A call, as IAM sees it."""

    caller: Caller
    action: str
    resource_arn: str
    resource_account: str
    resource_region: str
    resource_organization: str = ""
    """The organization of the resource's account, where it is known."""
    is_on_own: bool = False
    """True if a construct asks for it, on a key or a bucket whose policy it writes."""
    is_on_path: bool = False
    """True if no template makes the bucket of the objects: ``s3://${Path}`` may be a file."""

    def names_others(self, pattern: str) -> bool:
        """Tell if a pattern names what others give, as a construct never names its own."""
        named = pattern if self.action.startswith("kms:") else split(pattern, "/")[0]
        return self.is_on_own and any(map(_OF_OTHERS.fullmatch, open_parts(named)))

    def within(self, context: Context) -> Call:
        call = replace(self)
        call.context = context
        return call

    @cached_property  # Saves time: each policy that exists already asks for it.
    def among_ids(self) -> Call:
        """The same call for a policy with real ids, where those of templates are unknown."""
        caller = self.caller._replace(arn=with_open_ids(self.caller.arn))
        return replace(self, caller=caller, resource_arn=with_open_ids(self.resource_arn))

    @cached_property  # Saves time: each statement with a condition asks for it.
    def context(self) -> Context:
        context = dict(_keys_of(self.action, self.caller.is_service))
        if self.action != PASS_ROLE:
            context["aws:requestedregion"] = (self.resource_region,)
        if self.action.startswith(("kms:", "s3:")):
            context["aws:resourceaccount"] = (self.resource_account,)
        if self.action.startswith("s3:"):
            context["s3:resourceaccount"] = (self.resource_account,)
        if self.resource_organization:
            context["aws:resourceorgid"] = (self.resource_organization,)
        of_caller = self._keys_of_service if self.caller.is_service else self._keys_of_role
        return context | of_caller

    @property
    def _keys_of_role(self) -> dict[str, Alternatives]:
        caller = self.caller
        keys: dict[str, Alternatives] = {
            "aws:principalarn": (caller.arn,),
            "aws:principalaccount": (caller.account,),
        }
        if caller.organization:
            keys["aws:principalorgid"] = (caller.organization,)
        if self.action.startswith("kms:"):
            keys["kms:calleraccount"] = (caller.account,)
        return keys

    @property
    def _keys_of_service(self) -> dict[str, Alternatives]:
        caller = self.caller
        partition = (split_arn(self.resource_arn) or ("", unknown("partition")))[1]
        source_arn = f"arn:{partition}:personalize:{caller.region}:{caller.account}:*"
        # IAM's guide has roles, users and sessions of accounts as values, and a service is none of
        # a customer's.
        of_aws = f"arn:{partition}:iam::{_ACCOUNT_OF_AWS}:{unknown('principal of Personalize')}"
        # Documented for the trust policy; for KMS and S3 it isn't known whether Personalize sends
        # them.
        maybe_absent = () if self.action == ASSUME_ROLE else _ABSENT
        keys: dict[str, Alternatives] = {
            "aws:principalservicename": (caller.arn,),
            # A customer and a third party agree on it
            # (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html).
            "sts:externalid": _ABSENT,
            "aws:principalarn": (None, of_aws),
            "aws:sourceaccount": (*maybe_absent, caller.account),
            "aws:sourcearn": (*maybe_absent, source_arn),
        }
        if caller.organization:
            keys["aws:sourceorgid"] = (None, caller.organization)
        return keys


def call_on(
    owner: Owner | None, caller: Caller, action: str, resource_arn: str, *, is_on_own: bool = False
) -> Call:
    """Return a call about a key, a role, a bucket or its objects, or about anything else.

    A bucket has to be in the Region of the call to Personalize. Resources of the templates, and
    all others of the caller's account, are of the given organization.
    """
    account = caller.account if owner is None else owner.account
    region = caller.region
    if isinstance(owner, Key):
        parts = split_arn(owner.arn)
        region = parts[3] if parts else unknown(f"Region of {owner.arn}")
    is_given = owner is None or owner.declared or same(account, caller.account) is Answer.YES
    organization = caller.organization if is_given else ""
    is_path = owner is not None and not owner.declared and resource_arn == f"{owner.arn}/*"
    return Call(caller, action, resource_arn, account, region, organization, is_on_own, is_path)


def assume_role(caller: Caller, role: Role) -> Call:
    return call_on(role, caller, ASSUME_ROLE, role.arn)


@cache  # Saves time: few actions are asked of many resources.
def _keys_of(action: str, is_service: bool) -> Context:
    """Return the condition keys with the same values for every caller and resource."""
    prefix, _, operation = action.partition(":")
    keys: dict[str, Alternatives] = {"aws:securetransport": ("true",)}
    if prefix in ("iam", "personalize"):
        # A role of the app calls, in a network of its own. What is passed is in the check of
        # ``iam:PassRole`` alone
        # (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonpersonalize.html).
        keys["iam:passedtoservice"] = (SERVICE_PRINCIPAL,) if action == PASS_ROLE else _ABSENT
    else:
        keys |= _BY_PERSONALIZE
    keys |= _BY_SERVICE if is_service else _BY_ROLE
    for service in ("kms:", "s3:"):
        # "Service-specific condition keys are defined for use with an individual AWS service" (the
        # first page above).
        if not action.startswith(service):
            keys[service] = _ABSENT
    if operation in _LOOKED_UP or action not in ASKED_ACTIONS:
        for key, operations in _ONLY_IN.items():
            if key.startswith(f"{prefix}:") and operation not in operations:
                keys[key] = _ABSENT
    if prefix == "s3":
        keys |= _IN_S3 if is_service else {**_IN_S3, **_BY_ROLE_IN_S3}
    return keys
