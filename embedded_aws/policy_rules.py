"""Rules of IAM and S3 for roles and policies; ministack takes most as they come.

A principal that is a role or user has to be there, for S3 and KMS too (IAM user guide,
reference_policies_elements_principal). Sizes are those of reference_iam-quotas. The words are AWS's
where users report them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from ministack.services import iam, s3
from ministack.services.cloudformation import provisioners

from embedded_aws import deployed
from embedded_aws.errors import PROPERTIES_AT, RefusedError, check_call, check_resource

Document = dict[str, Any] | str
Fields = dict[str, Any]

ROLE_OR_USER = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:(role|user)/.+")
UNIQUE_ID = re.compile(r"A(ROA|IDA)[A-Z0-9]+")
OF_IAM = RefusedError("MalformedPolicyDocument", "Invalid principal in policy")
OF_S3 = RefusedError("MalformedPolicy", "Invalid principal in policy")


def register() -> None:
    """Check what comes in through IAM, S3 and CloudFormation, which have the same names for it."""
    calls: dict[str, Callable[[Fields], None]] = {
        "CreateRole": _check_new_role,
        "UpdateAssumeRolePolicy": _check_trust,
        "CreatePolicy": _check_managed,
        "AttachRolePolicy": lambda fields: None,  # what it calls is checked
        "PutRolePermissionsBoundary": _check_boundary,
    }
    for name, check in calls.items():
        check_call(
            iam._IAM_HANDLERS, name, partial(_check_parameters, check), partial(iam._error, 400)
        )
    check_call(
        vars(s3),
        "_put_bucket_policy",
        lambda bucket, document: check_principals(document, OF_S3),
        lambda code, text: s3._error(code, text, 400),
    )
    check_resource("AWS::IAM::Role", _check_new_role, "create")
    check_resource("AWS::IAM::Role", _check_role, "update")
    _keep_boundaries(provisioners._RESOURCE_HANDLERS["AWS::IAM::Role"])
    check_resource("AWS::IAM::ManagedPolicy", _check_managed)
    check_resource("AWS::IAM::ManagedPolicy", provisioners._iam_policy_require_entities)
    check_resource(
        "AWS::S3::BucketPolicy", lambda given: check_principals(given["PolicyDocument"], OF_S3)
    )
    iam.attach_managed_policy = partial(_attach_up_to_ten, iam.attach_managed_policy)


def check_principals(document: Document | bytes, refusal: RefusedError) -> None:
    """Refuse a policy that names a role or user that doesn't exist."""
    policy = document if isinstance(document, dict) else json.loads(document)
    for statement in _listed(policy.get("Statement", [])):
        principal = statement.get("Principal", {})
        named = principal.get("AWS", []) if isinstance(principal, dict) else principal
        if not all(map(_exists, _listed(named))):
            raise refusal


def compact(document: Document) -> str:
    """A template's policy as it is counted: without the spaces of JSON."""
    return document if isinstance(document, str) else json.dumps(document, separators=(",", ":"))


def _listed(value: Any) -> list[Any]:
    """An element's values, which may be one without a list."""
    return value if isinstance(value, list) else [value]


def _exists(principal: str) -> bool:
    """Tell if a principal is there, where it is a role or a user."""
    if ROLE_OR_USER.fullmatch(principal):
        return deployed.principal_exists(principal)
    return not UNIQUE_ID.fullmatch(principal)


def _check_parameters(check: Callable[[Fields], None], parameters: Fields) -> None:
    check({name: iam._p(parameters, name) for name in parameters})


def _check_trust(fields: Fields) -> None:
    check_principals(fields.get("AssumeRolePolicyDocument") or fields["PolicyDocument"], OF_IAM)


def _check_role(fields: Fields) -> None:
    _check_boundary(fields)
    _check_trust(fields)


def _check_new_role(fields: Fields) -> None:
    """Refuse an existing role name: "Names are not distinguished by case" (API, CreateRole)."""
    name = fields.get("RoleName")
    if name and name.lower() in {role.lower() for role in iam._roles}:
        raise RefusedError("EntityAlreadyExists", f"Role with name {name} already exists.")
    _check_role(fields)


def _check_boundary(fields: Fields) -> None:
    arn = fields.get("PermissionsBoundary")
    # ministack has few of the policies that AWS manages.
    if arn and not iam._is_aws_managed_arn(arn) and not iam._policy_exists(arn):
        raise RefusedError("NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.")


def _keep_boundaries(handlers: Fields) -> None:
    """Have roles of stacks keep their boundary, which ministack leaves out."""

    def keep(
        handler: Callable[..., tuple[str, Fields]], position: int, *args: Any
    ) -> tuple[str, Fields]:
        name, attributes = handler(*args)
        iam._roles[name]["PermissionsBoundary"] = args[position].get("PermissionsBoundary")
        return name, attributes

    for operation, position in PROPERTIES_AT.items():
        handlers[operation] = partial(keep, handlers[operation], position)


def _check_managed(fields: Fields) -> None:
    """Refuse a policy of more characters than IAM takes, which counts no white space."""
    if len("".join(compact(fields["PolicyDocument"]).split())) > 6_144:
        raise RefusedError("LimitExceeded", "Cannot exceed quota for PolicySize: 6144")


def _attach_up_to_ten(attach: Callable[..., None], entity: Fields, arn: str) -> None:
    if "RoleName" in entity and len({*entity["AttachedPolicies"], arn}) > 10:
        raise RefusedError("LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10")
    attach(entity, arn)
