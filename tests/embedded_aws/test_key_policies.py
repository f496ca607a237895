"""Key policies that KMS refuses, and ministack by itself would take."""

import json
from typing import Any

from embedded_aws import EmbeddedAws
from tests.embedded_aws.scenario import ACCOUNT, SERVICE, allow, policy, trust

MALFORMED = "MalformedPolicyDocumentException"
LOCKOUT = "The new key policy will not allow you to update the key policy in the future."
INVALID_PRINCIPAL = "Policy contains a statement with one or more invalid principals."
OWNER = allow(ACCOUNT, ["kms:*"])


def test_a_key_policy_may_not_lock_the_caller_out(aws: EmbeddedAws, refusal: Any) -> None:
    """CreateKey and PutKeyPolicy refuse a policy that wouldn't let the caller change it again."""
    kms = aws.client("kms")
    service_only = policy(allow(SERVICE, ["kms:*"]))
    assert refusal(kms.create_key, Policy=service_only) == (MALFORMED, LOCKOUT)
    key = kms.create_key(Policy=policy(OWNER))["KeyMetadata"]["KeyId"]
    for locked in (service_only, policy(allow(ACCOUNT, ["kms:Decrypt"]))):
        assert refusal(kms.put_key_policy, KeyId=key, Policy=locked) == (MALFORMED, LOCKOUT)
    assert json.loads(kms.get_key_policy(KeyId=key)["Policy"]) == json.loads(policy(OWNER))
    kms.create_key(Policy=service_only, BypassPolicyLockoutSafetyCheck=True)


def test_a_key_policy_keeps_the_id_of_a_deleted_role(aws: EmbeddedAws, refusal: Any) -> None:
    """A new role of the same name isn't in the policy, and KMS takes no policy with the id."""
    iam, kms = aws.client("iam"), aws.client("kms")
    role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=policy(trust(SERVICE)))[
        "Role"
    ]
    assert role["RoleId"].startswith("AROA")
    named, listed = (
        allow({"AWS": role["Arn"]}, ["kms:Decrypt"]),
        allow({"AWS": [role["Arn"]]}, ["kms:Encrypt"]),
    )
    key = kms.create_key(Policy=policy(OWNER, named, listed))["KeyMetadata"]["KeyId"]

    iam.delete_role(RoleName="reader")
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument=policy(trust(SERVICE)))

    orphaned = kms.get_key_policy(KeyId=key)["Policy"]
    principals = [statement["Principal"] for statement in json.loads(orphaned)["Statement"]]
    assert principals == [ACCOUNT, {"AWS": role["RoleId"]}, {"AWS": [role["RoleId"]]}]
    assert refusal(kms.put_key_policy, KeyId=key, Policy=orphaned) == (MALFORMED, INVALID_PRINCIPAL)


def test_a_key_policy_has_a_size(aws: EmbeddedAws, refusal: Any) -> None:
    """32,768 bytes are the most a key policy may have."""
    kms = aws.client("kms")
    document = policy(OWNER)
    kms.create_key(Policy=document + " " * (32_768 - len(document)))
    code, _ = refusal(kms.create_key, Policy=document + " " * (32_769 - len(document)))
    assert code == "LimitExceededException"
