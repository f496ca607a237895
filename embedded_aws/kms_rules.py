"""Rules on key policies that KMS has and ministack lacks.

The rules are those of PutKeyPolicy and CreateKey in the KMS API reference: besides the grammar, the
caller keeps the right to change the policy (unless `BypassPolicyLockoutSafetyCheck`), and the
document has at most 32 KiB. CloudFormation's AWS::KMS::Key goes through the same check.

When a role or user is deleted that a key policy names, KMS keeps its unique id in the place of the
ARN, and takes no new text with that id in it, whoever wants to change something else:
https://repost.aws/knowledge-center/kms-policy-error-invalid-principals.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ministack.core.iam_evaluator import EvalContext, caller_arn, evaluate_resource_policy
from ministack.core.responses import error_response_json, request_scope
from ministack.services import iam, kms
from ministack.services.cloudformation import provisioners

from embedded_aws import deployed
from embedded_aws.access import in_effect
from embedded_aws.errors import RefusedError
from embedded_aws.policy_rules import Kind, check_grammar, compact

BYTES_AT_MOST = 32_768

# A statement without Action or Resource has no effect, and is taken.
KEY = Kind(
    "MalformedPolicyDocumentException",
    ("Principal",),
    invalid_principal="Policy contains a statement with one or more invalid principals.",
)
LOCKOUT = "The new key policy will not allow you to update the key policy in the future."


def register() -> None:
    """Check key policies from KMS and CloudFormation, also when a principal is deleted."""
    kms._create_key = _checked(kms._create_key)
    kms._put_key_policy = _checked(kms._put_key_policy)
    kms._replicate_key = _checked(kms._replicate_key)
    _check_cloudformation()
    keys = provisioners._RESOURCE_HANDLERS["AWS::KMS::Key"]
    provisioners._RESOURCE_HANDLERS["AWS::KMS::ReplicaKey"] = {**keys, "create": _create_replica}
    provisioners._REPLACING_PROPERTIES["AWS::KMS::ReplicaKey"] = ("PrimaryKeyArn",)
    iam._roles.__class__ = _store_of(type(iam._roles), "RoleId")
    iam._users.__class__ = _store_of(type(iam._users), "UserId")


def check(policy: str, bypass_lockout_check: bool = False) -> None:
    """Refuse a key policy that KMS would not take."""
    if len(policy.encode()) > BYTES_AT_MOST:
        raise RefusedError(
            "LimitExceededException", f"The key policy is longer than {BYTES_AT_MOST} bytes"
        )
    check_grammar(policy, KEY)
    if not bypass_lockout_check and not _caller_keeps_control(policy):
        raise RefusedError(KEY.code, LOCKOUT)


def _checked(operation: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    def check_first(request: dict[str, Any]) -> Any:
        policy = request.get("Policy")
        # Without a policy CreateKey writes the default one; an unknown key is for the operation to
        # refuse.
        if policy is not None:
            try:
                check(policy, bool(request.get("BypassPolicyLockoutSafetyCheck")))
            except RefusedError as refusal:
                return error_response_json(refusal.code, str(refusal), 400)
        return operation(request)

    return check_first


def _check_cloudformation() -> None:
    # Creating goes through kms._create_key; the policy is counted without the spaces of JSON.
    payload = provisioners._kms_create_key_payload

    def payload_without_spaces(properties: dict[str, Any]) -> dict[str, Any]:
        request: dict[str, Any] = payload(properties)
        if isinstance(properties.get("KeyPolicy"), dict):
            request["Policy"] = compact(properties["KeyPolicy"])
        return request

    provisioners._kms_create_key_payload = payload_without_spaces

    # Updating writes the policy straight into the key's record.
    handlers = provisioners._RESOURCE_HANDLERS["AWS::KMS::Key"]
    update = handlers["update"]

    def update_checked(
        physical_id: str, old: dict[str, Any], new: dict[str, Any], stack_name: str
    ) -> Any:
        policy = new.get("KeyPolicy")
        if policy is not None and policy != old.get("KeyPolicy"):
            check(policy if isinstance(policy, str) else compact(policy))
        return update(physical_id, old, new, stack_name)

    handlers["update"] = update_checked


def _create_replica(
    logical_id: str, properties: dict[str, Any], stack_name: str
) -> tuple[str, dict[str, str]]:
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


def _store_of(store: type, unique_id: str) -> type:
    class Orphaning(store):  # type: ignore[misc]
        __slots__ = ()

        def pop(self, name: str, *default: Any) -> Any:
            record = super().pop(name, *default)
            if isinstance(record, dict) and unique_id in record:
                _orphan(record["Arn"], record[unique_id])
            return record

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
