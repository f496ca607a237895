"""The values that AWS documents for the condition keys of Personalize's calls.

A key that AWS doesn't document for Personalize has no entry, so that a condition on it stays undecided.

* https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
* https://docs.aws.amazon.com/kms/latest/developerguide/policy-conditions.html
* https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-s3-access.html ("doesn't communicate with AWS
  VPCs")
* https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html
"""

from __future__ import annotations

from functools import cache

from .conditions import Alternatives, Context

TRUST_ACTION = "sts:AssumeRole"

# AWS's endpoints take no older version (https://docs.aws.amazon.com/AmazonS3/latest/userguide/network-isolation.html).
_TLS_VERSIONS = ("1.2", "1.3")
ABSENT = (None,)
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
    "s3:x-amz-content-sha256",
    "s3:x-amz-server-side-encryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3:x-amz-server-side-encryption-customer-algorithm",
    "s3:x-amz-storage-class",
)
_OF_LIST_BUCKET = ("s3:delimiter", "s3:max-keys", "s3:prefix")
_OF_CREATE_GRANT = ("kms:grantconstrainttype", "kms:granteeprincipal", "kms:grantoperations", "kms:retiringprincipal")

ACTION_KEYS = frozenset((*_OF_PUT_OBJECT, *_OF_LIST_BUCKET, *_OF_CREATE_GRANT, "kms:grantisforawsresource"))
"""Condition keys that calls of some actions have, and those of others lack."""


@cache
def keys_of(action: str, is_service: bool) -> Context:
    """Return the condition keys that are the same for every caller and resource."""
    prefix, _, operation = action.partition(":")
    found: dict[str, Alternatives] = {"aws:securetransport": ("true",), **dict.fromkeys(_OF_NETWORKS, ABSENT)}
    if is_service:
        # A service principal is a member of no organization.
        found |= {"aws:principalisawsservice": ("true",), **dict.fromkeys(_OF_ORGANIZATIONS, ABSENT)}
    else:
        found |= {"aws:principalisawsservice": ("false",), "aws:principaltype": ("AssumedRole",)}
        found |= dict.fromkeys(_OF_SERVICES, ABSENT)
    if prefix == "s3":
        found["s3:tlsversion"] = _TLS_VERSIONS
        if not is_service:
            # False for a service role
            # (https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html); calls of KMS may
            # be those that S3 forwards.
            found |= {"aws:viaawsservice": ("false",), **dict.fromkeys(_OF_FORWARDED, ABSENT)}
        if operation != "PutObject":
            found |= dict.fromkeys(_OF_PUT_OBJECT, ABSENT)
        if operation != "ListBucket":
            found |= dict.fromkeys(_OF_LIST_BUCKET, ABSENT)
    if prefix == "kms":
        if operation != "CreateGrant":
            found |= dict.fromkeys(_OF_CREATE_GRANT, ABSENT)
        if operation not in ("CreateGrant", "ListGrants", "RevokeGrant"):
            found["kms:grantisforawsresource"] = ABSENT
    return found
