"""Policies that KMS, S3 and IAM refuse, and ministack by itself would take."""

from __future__ import annotations

import json
from typing import Any

import pytest

from embedded_aws import EmbeddedAws
from tests.embedded_aws.scenario import ACCOUNT, SERVICE, Scenario, allow, policy, trust

MALFORMED = "MalformedPolicyDocumentException"
LOCKOUT = "The new key policy will not allow you to update the key policy in the future."
INVALID_PRINCIPAL = "Policy contains a statement with one or more invalid principals."
REPEATED = "Statement IDs (SID) in a single policy must be unique."
OWNER = allow(ACCOUNT, ["kms:*"])


def test_a_key_policy_may_not_lock_the_caller_out(aws: EmbeddedAws, refusal: Any) -> None:
    """CreateKey and PutKeyPolicy refuse a policy under which the caller couldn't change it again."""
    kms = aws.client("kms")
    service_only = policy(allow(SERVICE, ["kms:*"]))
    assert refusal(kms.create_key, Policy=service_only) == (MALFORMED, LOCKOUT)
    key = kms.create_key(Policy=policy(OWNER))["KeyMetadata"]["KeyId"]
    for locked in (service_only, policy(allow(ACCOUNT, ["kms:Decrypt"]))):
        assert refusal(kms.put_key_policy, KeyId=key, Policy=locked) == (MALFORMED, LOCKOUT)
    assert json.loads(kms.get_key_policy(KeyId=key)["Policy"]) == json.loads(policy(OWNER))
    kms.create_key(Policy=service_only, BypassPolicyLockoutSafetyCheck=True)


@pytest.mark.parametrize("principal", ["role/absent", "user/absent", "role/*"])
def test_a_key_policy_names_only_who_is_there(aws: EmbeddedAws, refusal: Any, principal: str) -> None:
    """A role or user that doesn't exist is an invalid principal; an account that nobody has seen is not."""
    kms = aws.client("kms")
    named = {"AWS": f"arn:aws:iam::111111111111:{principal}"}
    assert refusal(kms.create_key, Policy=policy(OWNER, allow(named, ["kms:*"]))) == (MALFORMED, INVALID_PRINCIPAL)
    kms.create_key(Policy=policy(OWNER, allow({"AWS": "arn:aws:iam::333333333333:root"}, ["kms:*"])))


def test_a_key_policy_keeps_the_id_of_a_deleted_role(aws: EmbeddedAws, refusal: Any) -> None:
    """The role of the same name isn't the one that the policy is about, and KMS takes no policy with the id."""
    iam, kms = aws.client("iam"), aws.client("kms")
    role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=policy(trust(SERVICE)))["Role"]
    assert role["RoleId"].startswith("AROA")
    named, listed = allow({"AWS": role["Arn"]}, ["kms:Decrypt"]), allow({"AWS": [role["Arn"]]}, ["kms:Encrypt"])
    key = kms.create_key(Policy=policy(OWNER, named, listed))["KeyMetadata"]["KeyId"]

    iam.delete_role(RoleName="reader")
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument=policy(trust(SERVICE)))

    orphaned = kms.get_key_policy(KeyId=key)["Policy"]
    principals = [each["Principal"] for each in json.loads(orphaned)["Statement"]]
    assert principals == [ACCOUNT, {"AWS": role["RoleId"]}, {"AWS": [role["RoleId"]]}]
    assert refusal(kms.put_key_policy, KeyId=key, Policy=orphaned) == (MALFORMED, INVALID_PRINCIPAL)


def test_a_key_policy_has_a_size(aws: EmbeddedAws, refusal: Any) -> None:
    """32,768 bytes are the most a key policy may have."""
    kms = aws.client("kms")
    document = policy(OWNER)
    kms.create_key(Policy=document + " " * (32_768 - len(document)))
    code, _ = refusal(kms.create_key, Policy=document + " " * (32_769 - len(document)))
    assert code == "LimitExceededException"


def test_a_sid_is_used_once_in_a_policy(scenario: Scenario, refusal: Any) -> None:
    """KMS, S3 and IAM refuse a repeated sid, each under its own error code; two sids are fine."""
    scenario.kms.create_key(Policy=policy({**OWNER, "Sid": "A"}, {**OWNER, "Sid": "B"}))
    twice = policy({**OWNER, "Sid": "A"}, {**OWNER, "Sid": "A"})
    assert refusal(scenario.kms.create_key, Policy=twice) == (MALFORMED, REPEATED)
    of_role = {"Sid": "A", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::movies-data/*"}
    assert refusal(scenario.iam.create_policy, PolicyName="twice", PolicyDocument=policy(of_role, of_role)) == (
        "MalformedPolicyDocument",
        REPEATED,
    )
    of_bucket = allow(SERVICE, ["s3:GetObject"], "arn:aws:s3:::movies-data/*", Sid="A")
    assert refusal(scenario.bucket_policy, of_bucket, of_bucket) == ("MalformedPolicy", REPEATED)
