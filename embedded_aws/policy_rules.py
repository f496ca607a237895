"""Rules and quotas of IAM and S3 for policies; ministack takes most policies as they come.

The grammar is IAM's, for S3 and KMS too (IAM user guide, reference_policies_grammar,
reference_policies_elements_sid, reference_policies_elements_principal). The quotas are the default
ones (reference_iam-quotas; S3 user guide, bucket-policies). The words are AWS's where users report
them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from ministack.core.iam_evaluator import _CONDITION_OPS
from ministack.services import iam, s3
from ministack.services.cloudformation import provisioners

from embedded_aws import deployed
from embedded_aws.errors import PROPERTIES_AT, RefusedError, check_call, check_resource

Document = dict[str, Any] | str
Fields = dict[str, Any]


class Kind(NamedTuple):
    """The error code of a kind of policy, and its statements' elements, also with "Not" before."""

    code: str
    required: tuple[str, ...]
    invalid_principal: str = "Invalid principal in policy"


MALFORMED = "MalformedPolicyDocument"
SYNTAX = "Syntax errors in policy."
IDENTITY = Kind(MALFORMED, ("Action", "Resource"))
TRUST = Kind(MALFORMED, ("Principal", "Action"))
BUCKET = Kind("MalformedPolicy", ("Principal", "Action", "Resource"))

ROLE_OR_USER = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:(role|user)/.+")
UNIQUE_ID = re.compile(r"A(ROA|IDA)[A-Z0-9]+")


def register() -> None:
    """Check what comes in through IAM, S3 and CloudFormation, which have the same names for it."""
    calls: dict[str, Callable[[Fields], None]] = {
        "CreateRole": _check_new_role,
        "UpdateAssumeRolePolicy": lambda fields: check_grammar(fields["PolicyDocument"], TRUST),
        "PutRolePolicy": _check_inline,
        "CreatePolicy": _check_managed,
        "CreatePolicyVersion": _check_managed,
        "AttachRolePolicy": lambda fields: None,  # what it calls is checked
        "PutRolePermissionsBoundary": _check_boundary,
    }
    for name, check in calls.items():
        check_call(
            iam._IAM_HANDLERS, name, partial(_check_parameters, check), partial(iam._error, 400)
        )
    check_call(
        vars(s3), "_put_bucket_policy", _check_bucket, lambda code, text: s3._error(code, text, 400)
    )
    check_resource("AWS::IAM::Role", _check_new_role, "create")
    check_resource("AWS::IAM::Role", _check_role, "update")
    _keep_boundaries(provisioners._RESOURCE_HANDLERS["AWS::IAM::Role"])
    check_resource("AWS::IAM::Policy", _check_inline)
    check_resource("AWS::IAM::ManagedPolicy", _check_managed)
    check_resource("AWS::IAM::ManagedPolicy", provisioners._iam_policy_require_entities)
    check_resource(
        "AWS::S3::BucketPolicy",
        lambda given: _check_bucket(given["Bucket"], given["PolicyDocument"]),
    )
    iam.attach_managed_policy = partial(_attach_up_to_ten, iam.attach_managed_policy)


def check_grammar(document: Document, kind: Kind) -> None:
    """Refuse a policy that isn't one of its kind, or names a role or user that doesn't exist."""
    try:
        policy = json.loads(document) if isinstance(document, str) else document
    except json.JSONDecodeError:
        raise RefusedError(kind.code, SYNTAX) from None
    for problem in _problems(_listed(policy.get("Statement", [])), kind):
        raise RefusedError(kind.code, problem)


def compact(document: dict[str, Any]) -> str:
    """A template's policy as it is counted: without the spaces of JSON."""
    return json.dumps(document, separators=(",", ":"))


def _listed(value: Any) -> list[Any]:
    """An element's values, which may be one without a list."""
    return value if isinstance(value, list) else [value]


def _problems(statements: list[dict[str, Any]], kind: Kind) -> Iterator[str]:
    sids = [statement["Sid"] for statement in statements if statement.get("Sid")]
    # "In IAM", says the page of sids.
    if kind.code == MALFORMED and len(sids) != len(set(sids)):
        yield "Statement IDs (SID) in a single policy must be unique."
    for statement in statements:
        for element in kind.required:
            if statement.get(element, statement.get(f"Not{element}")) in (None, [], {}):
                yield f"Policy statement must contain {element.lower()}s."
        if not all(map(_is_operator, statement.get("Condition", {}))):
            yield SYNTAX
        principal = statement.get("Principal", {})
        if not all(
            map(
                _exists,
                _listed(principal.get("AWS", []) if isinstance(principal, dict) else principal),
            )
        ):
            yield kind.invalid_principal


def _is_operator(name: str) -> bool:
    plain = re.sub(r"^for(all|any)values?:|ifexists$", "", name.lower())
    return plain == "null" or plain in _CONDITION_OPS


def _exists(principal: str) -> bool:
    """Tell if a principal is there, where it is a role or a user."""
    if ROLE_OR_USER.fullmatch(principal):
        return deployed.principal_exists(principal)
    return not UNIQUE_ID.fullmatch(principal)


def _check_parameters(check: Callable[[Fields], None], parameters: Fields) -> None:
    check({name: iam._p(parameters, name) for name in parameters})


def _check_role(fields: Fields) -> None:
    _check_boundary(fields)
    check_grammar(fields["AssumeRolePolicyDocument"], TRUST)
    for policy in fields.get("Policies") or ():
        _check_inline(policy)


def _check_new_role(fields: Fields) -> None:
    _check_name(fields)
    _check_role(fields)


def _check_name(fields: Fields) -> None:
    """Refuse an existing role name: "Names are not distinguished by case" (API, CreateRole)."""
    name = fields.get("RoleName")
    if name and name.lower() in {role.lower() for role in iam._roles}:
        raise RefusedError("EntityAlreadyExists", f"Role with name {name} already exists.")


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
    check_grammar(fields["PolicyDocument"], IDENTITY)
    _limit(_size(fields["PolicyDocument"]), 6_144, "Cannot exceed quota for PolicySize: 6144")


def _check_inline(fields: Fields) -> None:
    check_grammar(fields["PolicyDocument"], IDENTITY)
    for name in fields.get("Roles") or [fields.get("RoleName")]:
        there = (iam._roles.get(name) or {}).get("InlinePolicies", {})
        whole = {**there, fields["PolicyName"]: fields["PolicyDocument"]}.values()
        _limit(
            sum(map(_size, whole)),
            10_240,
            f"Maximum policy size of 10240 bytes exceeded for role {name}",
        )


def _attach_up_to_ten(attach: Callable[..., None], entity: Fields, arn: str) -> None:
    if "RoleName" in entity:
        _limit(
            len({*entity["AttachedPolicies"], arn}),
            10,
            "Cannot exceed quota for PoliciesPerRole: 10",
        )
    attach(entity, arn)


def _size(document: Document) -> int:
    """The length of a policy as IAM counts it: without white space."""
    text = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)
    return len("".join(text.split()))


def _limit(number: int, most: int, message: str) -> None:
    if number > most:
        raise RefusedError("LimitExceeded", message)


def _check_bucket(bucket: str, document: Fields | bytes) -> None:
    text = compact(document) if isinstance(document, dict) else document.decode()
    check_grammar(text, BUCKET)
    if len(text.encode()) > 20 * 1024:
        raise RefusedError(BUCKET.code, "Bucket policies are limited to 20 KB in size")
