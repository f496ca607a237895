"""Rules on key policies that KMS has and ministack lacks.

The rules are those of PutKeyPolicy and CreateKey in the KMS API reference: the caller keeps the
right to change the policy (unless `BypassPolicyLockoutSafetyCheck`), and the document has at most
32 KiB. CloudFormation's AWS::KMS::Key goes through the same check.

When a role is deleted that a key policy names, KMS keeps its unique id in the place of the
ARN, and takes no new text with that id in it, whoever wants to change something else:
https://repost.aws/knowledge-center/kms-policy-error-invalid-principals.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from ministack.core.iam_evaluator import EvalContext, caller_arn, evaluate_resource_policy
from ministack.core.responses import error_response_json, request_scope
from ministack.services import iam, kms
from ministack.services.cloudformation import provisioners

from embedded_aws import deployed
from embedded_aws.access import in_effect
from embedded_aws.errors import RefusedError, check_call
from embedded_aws.policy_rules import Fields, check_principals, compact

BYTES_AT_MOST = 32_768

INVALID_PRINCIPAL = RefusedError(
    "MalformedPolicyDocumentException",
    "Policy contains a statement with one or more invalid principals.",
)
LOCKOUT = "The new key policy will not allow you to update the key policy in the future."


def register() -> None:
    """Check key policies from KMS and CloudFormation, also when a role is deleted."""
    for name in ("_create_key", "_put_key_policy", "_replicate_key"):
        check_call(
            vars(kms), name, _check_request, lambda code, text: error_response_json(code, text, 400)
        )
    keys = provisioners._RESOURCE_HANDLERS["AWS::KMS::Key"]
    keys["update"] = partial(_update_checked, keys["update"])
    # Creating goes through kms._create_key; the policy is counted without the spaces of JSON.
    provisioners._kms_create_key_payload = partial(
        _payload_without_spaces, provisioners._kms_create_key_payload
    )
    provisioners._RESOURCE_HANDLERS["AWS::KMS::ReplicaKey"] = {**keys, "create": _create_replica}
    provisioners._REPLACING_PROPERTIES["AWS::KMS::ReplicaKey"] = ("PrimaryKeyArn",)
    iam._roles.__class__ = _orphaning(type(iam._roles))


def check(policy: str, bypass_lockout_check: bool = False) -> None:
    """Refuse a key policy that KMS would not take."""
    if len(policy.encode()) > BYTES_AT_MOST:
        raise RefusedError(
            "LimitExceededException", f"The key policy is longer than {BYTES_AT_MOST} bytes"
        )
    check_principals(policy, INVALID_PRINCIPAL)
    if not bypass_lockout_check and not _caller_keeps_control(policy):
        raise RefusedError(INVALID_PRINCIPAL.code, LOCKOUT)


def _check_request(request: Fields) -> None:
    # Without a policy CreateKey writes the default one; an unknown key is for the operation to
    # refuse.
    if request.get("Policy") is not None:
        check(request["Policy"], bool(request.get("BypassPolicyLockoutSafetyCheck")))


def _payload_without_spaces(payload: Callable[[Fields], Fields], properties: Fields) -> Fields:
    request = payload(properties)
    if properties.get("KeyPolicy"):
        request["Policy"] = compact(properties["KeyPolicy"])
    return request


def _update_checked(
    update: Callable[..., Any], key: str, old: Fields, new: Fields, *rest: Any
) -> Any:
    """Check a changed policy: updating writes it straight into the key's record."""
    policy = new.get("KeyPolicy")
    if policy not in (None, old.get("KeyPolicy")):
        check(compact(policy))
    return update(key, old, new, *rest)


def _create_replica(logical_id: str, properties: Fields, stack_name: str) -> tuple[str, Fields]:
    """Make a replica of a multi-Region key in the stack's Region, with its own key policy."""
    primary = properties["PrimaryKeyArn"]
    region = deployed.caller_region()
    request = {
        **provisioners._kms_create_key_payload(properties),
        "KeyId": primary,
        "ReplicaRegion": region,
    }
    with request_scope(deployed.caller_account(), primary.split(":")[3]):
        status, _, body = kms._replicate_key(request)
    if status != 200:
        raise ValueError(f"AWS::KMS::ReplicaKey {logical_id}: {json.loads(body)['message']}")
    replica = kms._keys[primary.rpartition("/")[2]]
    return replica["KeyId"], provisioners._kms_key_attrs(replica)


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
    for key in kms._keys._data.values():
        if arn in str(key.get("Policy")):
            key["Policy"] = _orphaned(key["Policy"], arn, unique_id)


def _orphaned(policy: str, arn: str, unique_id: str) -> str:
    document = json.loads(policy)
    listed = document["Statement"]
    for statement in listed if isinstance(listed, list) else [listed]:
        principal = statement.get("Principal")
        if isinstance(principal, dict) and "AWS" in principal:
            named = principal["AWS"]
            if isinstance(named, list):
                principal["AWS"] = [unique_id if name == arn else name for name in named]
            elif named == arn:
                principal["AWS"] = unique_id
    if document == json.loads(policy):
        return policy
    # as KMS prints it
    return json.dumps(document, indent=2, separators=(",", " : "), ensure_ascii=False)
