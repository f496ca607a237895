"""A key policy and a role that it names, when that role is deleted and made anew."""

from __future__ import annotations

import json
from typing import Any

from embedded_aws import EmbeddedAws

ROOT = {"AWS": "arn:aws:iam::111111111111:root"}
ROLE = "arn:aws:iam::111111111111:role/reader"


def test_a_key_policy_keeps_the_id_of_a_deleted_role(aws: EmbeddedAws, refusal: Any) -> None:
    """The role of the same name isn't the one that the policy is about, and KMS takes no policy with the id."""
    iam, kms = aws.client("iam"), aws.client("kms")
    trust = {"Effect": "Allow", "Principal": {"Service": "personalize.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role_id = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"][
        "RoleId"
    ]
    assert role_id.startswith("AROA")
    statements = [
        {"Effect": "Allow", "Principal": ROOT, "Action": "kms:*", "Resource": "*"},
        {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "kms:Decrypt", "Resource": "*"},
        {"Effect": "Allow", "Principal": {"AWS": [ROLE]}, "Action": "kms:Encrypt", "Resource": "*"},
    ]
    key = kms.create_key(Policy=json.dumps({"Statement": statements}))["KeyMetadata"]["KeyId"]

    iam.delete_role(RoleName="reader")
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))

    policy = kms.get_key_policy(KeyId=key)["Policy"]
    assert [each["Principal"] for each in json.loads(policy)["Statement"]] == [
        {"AWS": "arn:aws:iam::111111111111:root"},
        {"AWS": role_id},
        {"AWS": [role_id]},
    ]
    assert refusal(kms.put_key_policy, KeyId=key, Policy=policy) == (
        "MalformedPolicyDocumentException",
        "Policy contains a statement with one or more invalid principals.",
    )
