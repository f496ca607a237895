"""Policies that KMS, S3 and IAM refuse, and ministack by itself would take."""

from __future__ import annotations

import json
from typing import Any

import pytest

from embedded_aws import EmbeddedAws

ROOT = {"AWS": "arn:aws:iam::111111111111:root"}
MALFORMED = "MalformedPolicyDocumentException"
LOCKOUT = "The new key policy will not allow you to update the key policy in the future."


def _key_policy(*principals: dict[str, str], actions: str = "kms:*", sids: tuple[str, ...] = ()) -> str:
    statements = [
        {"Effect": "Allow", "Principal": principal, "Action": actions, "Resource": "*"} for principal in principals
    ]
    for statement, sid in zip(statements, sids, strict=False):
        statement["Sid"] = sid
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def test_a_key_policy_may_not_lock_the_caller_out(aws: EmbeddedAws, refusal: Any) -> None:
    """CreateKey and PutKeyPolicy refuse a policy under which the caller couldn't change it again."""
    kms = aws.client("kms")
    service_only = _key_policy({"Service": "personalize.amazonaws.com"})
    assert refusal(kms.create_key, Policy=service_only) == (MALFORMED, LOCKOUT)
    key = kms.create_key(Policy=_key_policy(ROOT))["KeyMetadata"]["KeyId"]
    assert refusal(kms.put_key_policy, KeyId=key, Policy=service_only) == (MALFORMED, LOCKOUT)
    assert refusal(kms.put_key_policy, KeyId=key, Policy=_key_policy(ROOT, actions="kms:Decrypt")) == (
        MALFORMED,
        LOCKOUT,
    )
    assert json.loads(kms.get_key_policy(KeyId=key)["Policy"]) == json.loads(_key_policy(ROOT))


def test_the_lockout_check_can_be_bypassed(aws: EmbeddedAws) -> None:
    """`BypassPolicyLockoutSafetyCheck` takes the policy as it is."""
    service_only = _key_policy({"Service": "personalize.amazonaws.com"})
    aws.client("kms").create_key(Policy=service_only, BypassPolicyLockoutSafetyCheck=True)


@pytest.mark.parametrize("principal", ["role/absent", "user/absent", "role/*"])
def test_a_key_policy_names_only_who_is_there(aws: EmbeddedAws, refusal: Any, principal: str) -> None:
    """A role or user that doesn't exist is an invalid principal."""
    document = _key_policy(ROOT, {"AWS": f"arn:aws:iam::111111111111:{principal}"})
    assert refusal(aws.client("kms").create_key, Policy=document) == (
        MALFORMED,
        "Policy contains a statement with one or more invalid principals.",
    )


def test_an_account_that_nobody_has_seen_is_a_valid_principal(aws: EmbeddedAws) -> None:
    """Whole accounts may be named before anything of theirs exists."""
    aws.client("kms").create_key(Policy=_key_policy(ROOT, {"AWS": "arn:aws:iam::333333333333:root"}))


def test_a_key_policy_has_a_size(aws: EmbeddedAws, refusal: Any) -> None:
    """32,768 bytes are the most a key policy may have."""
    kms = aws.client("kms")
    document = _key_policy(ROOT)
    kms.create_key(Policy=document + " " * (32_768 - len(document)))
    code, _ = refusal(kms.create_key, Policy=document + " " * (32_769 - len(document)))
    assert code == "LimitExceededException"


def test_a_sid_is_used_once_in_a_key_policy(aws: EmbeddedAws, refusal: Any) -> None:
    """The same sid twice is refused, two sids are not."""
    kms = aws.client("kms")
    kms.create_key(Policy=_key_policy(ROOT, ROOT, sids=("A", "B")))
    assert refusal(kms.create_key, Policy=_key_policy(ROOT, ROOT, sids=("A", "A"))) == (
        MALFORMED,
        "Statement IDs (SID) in a single policy must be unique.",
    )


def test_a_sid_is_used_once_in_bucket_and_iam_policies(scenario: Any, refusal: Any) -> None:
    """S3 and IAM refuse a repeated sid, each under its own error code."""
    twice = scenario.policy(
        {"Sid": "A", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::movies-data/*"},
        {"Sid": "A", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::movies-data"},
    )
    assert refusal(scenario.iam.create_policy, PolicyName="twice", PolicyDocument=twice) == (
        "MalformedPolicyDocument",
        "Statement IDs (SID) in a single policy must be unique.",
    )
    statement = scenario.allow(scenario.service, ["s3:GetObject"], "arn:aws:s3:::movies-data/*", Sid="A")
    assert refusal(scenario.bucket_policy, statement, statement) == (
        "MalformedPolicy",
        "Statement IDs (SID) in a single policy must be unique.",
    )
