"""Rules on key policies that KMS has and ministack lacks.

The rules are those of PutKeyPolicy and CreateKey in the KMS API reference: the caller keeps the
right to change the policy (unless `BypassPolicyLockoutSafetyCheck`), a principal that is a role or
user is there, and the document has at most 32 KiB. CloudFormation's AWS::KMS::Key goes through the
same check.

When a role is deleted that a key policy names, KMS keeps its unique id in the place of the
ARN, and takes no new text with that id in it, whoever wants to change something else:
https://repost.aws/knowledge-center/kms-policy-error-invalid-principals.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ministack.core.iam_evaluator import EvalContext, caller_arn, evaluate_resource_policy
from ministack.services import iam, kms
from ministack.services.cloudformation import provisioners

from embedded_aws import deployed
from embedded_aws.access import in_effect, listed
from embedded_aws.errors import RefusedError, check_call
from embedded_aws.personalize_store import Fields

BYTES_AT_MOST = 32_768
ROLE_OR_USER = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:(role|user)/.+")
UNIQUE_ID = re.compile(r"A(ROA|IDA)[A-Z0-9]+")

MALFORMED = "MalformedPolicyDocumentException"
INVALID_PRINCIPAL = "Policy contains a statement with one or more invalid principals."
LOCKOUT = "The new key policy will not allow you to update the key policy in the future."


def register() -> None:
    """Check key policies from KMS and CloudFormation, also when a role is deleted."""
    for name in ("_create_key", "_put_key_policy"):
        check_call(kms, name, _check_request)
    # Creating goes through kms._create_key, updating straight into the key's record.
    create_payload = provisioners._kms_create_key_payload
    provisioners._kms_create_key_payload = lambda given: _without_spaces(create_payload(given))
    keys = provisioners._RESOURCE_HANDLERS["AWS::KMS::Key"]
    update = keys["update"]

    def update_checked(key: str, old: Fields, new: Fields, *rest: Any) -> Any:
        policy = new.get("KeyPolicy")
        if policy not in (None, old.get("KeyPolicy")):
            check(json.dumps(policy, separators=(",", ":")))
        return update(key, old, new, *rest)

    keys["update"] = update_checked
    iam._roles.__class__ = _orphaning(type(iam._roles))


def check(policy: str, bypass_lockout_check: bool = False) -> None:
    """Refuse a key policy that KMS would not take."""
    if len(policy.encode()) > BYTES_AT_MOST:
        why = f"The key policy is longer than {BYTES_AT_MOST} bytes"
        raise RefusedError("LimitExceededException", why)
    for statement in listed(json.loads(policy)["Statement"]):
        principal = statement.get("Principal", {})
        named = principal.get("AWS", []) if isinstance(principal, dict) else principal
        if not all(map(_exists, listed(named))):
            raise RefusedError(MALFORMED, INVALID_PRINCIPAL)
    if not bypass_lockout_check and not _caller_keeps_control(policy):
        raise RefusedError(MALFORMED, LOCKOUT)


def _check_request(request: Fields) -> None:
    # Without a policy CreateKey writes the default one; an unknown key is for the operation to
    # refuse.
    if request.get("Policy") is not None:
        check(request["Policy"], bool(request.get("BypassPolicyLockoutSafetyCheck")))


def _without_spaces(request: Fields) -> Fields:
    """A request with its policy as KMS counts a template's: without the spaces of JSON."""
    if "Policy" in request:
        request["Policy"] = json.dumps(json.loads(request["Policy"]), separators=(",", ":"))
    return request


def _exists(principal: str) -> bool:
    """Tell if a principal is there, where it is a role or a user."""
    if ROLE_OR_USER.fullmatch(principal):
        return deployed.principal(principal) is not None
    return not UNIQUE_ID.fullmatch(principal)


def _caller_keeps_control(policy: str) -> bool:
    """Tell if the caller, or its account, may call PutKeyPolicy under the new policy.

    Whether IAM lets the caller make use of what its account is given is not part of KMS's check.
    """
    caller = caller_arn()
    context = EvalContext(
        principal_arn=caller,
        principal_type="Root" if caller.endswith(":root") else "AssumedRole",
        principal_account=deployed.caller_account(),
        action="kms:PutKeyPolicy",
        resource_arn="*",
        region=deployed.caller_region(),
        secure_transport=True,
    )
    return bool(evaluate_resource_policy(in_effect(policy), context).decision == "Allow")


def _orphaning(store: type) -> type:
    class Orphaning(store):  # type: ignore[misc]
        __slots__ = ()

        def pop(self, name: str, *default: Any) -> Any:
            role = super().pop(name, *default)
            if isinstance(role, dict):
                _orphan(role["Arn"], role["RoleId"])
            return role

    return Orphaning


def _orphan(arn: str, unique_id: str) -> None:
    """Put the unique id of a deleted role in its place among the principals of key policies."""
    for key in kms._keys._data.values():
        if arn not in str(key.get("Policy")):
            continue
        policy = json.loads(key["Policy"])
        for statement in listed(policy["Statement"]):
            if "Principal" in statement:
                named = json.dumps(statement["Principal"])
                statement["Principal"] = json.loads(named.replace(f'"{arn}"', f'"{unique_id}"'))
        if policy != json.loads(key["Policy"]):
            as_kms_prints: Any = {"indent": 2, "separators": (",", " : "), "ensure_ascii": False}
            key["Policy"] = json.dumps(policy, **as_kms_prints)
