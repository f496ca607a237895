"""A key policy that KMS changes and then refuses, and ministack by itself would take."""

import json
from typing import Any

from embedded_aws import EmbeddedAws
from tests.embedded_aws.scenario import ACCOUNT, SERVICE, allow, policy, trust

OWNER = allow(ACCOUNT, ["kms:*"])


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
    code, _ = refusal(kms.put_key_policy, KeyId=key, Policy=orphaned)
    assert code == "MalformedPolicyDocumentException"
