"""Each statement taken out of each deployed policy: all that it allowed is found, and nothing else.

The key policies are without the statement that the CDK begins them with: it gives the account everything, so that the
role's statement could be missing and its IAM policies would do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack

import pytest

from tests.doctor import faults
from tests.doctor.conftest import Deployed, Report
from tests.doctor.findings import findings

BASE_4 = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]
BASE_5 = ["kms:CreateGrant", *BASE_4]
EXPORT = "kms:GenerateDataKeyWithoutPlaintext"

# The policy, the statement's sid, its actions: as AWS's pages ask, written out.
STATEMENTS: list[tuple[str, str, list[str]]] = [
    ("key", "PersonalizeRole", [*BASE_5, EXPORT]),
    ("key", "PersonalizeService", [*BASE_5, EXPORT]),
    ("data_key", "PersonalizeRole", BASE_5),
    ("data_key", "PersonalizeService", BASE_5),
    ("iam", "UseKey", BASE_4),
    ("iam", "CreateGrants", ["kms:CreateGrant"]),
    ("iam", "ExportData", [EXPORT]),
    ("iam", "ReadObjects", ["s3:GetObject"]),
    ("iam", "WriteObjects", ["s3:PutObject"]),
    ("iam", "ListBucket", ["s3:ListBucket"]),
    ("iam", "PublishMetrics", ["cloudwatch:PutMetricData"]),
    ("bucket", "PersonalizeServiceReadObjects", ["s3:GetObject"]),
    ("bucket", "PersonalizeServiceWriteObjects", ["s3:PutObject"]),
    ("bucket", "PersonalizeServiceListBucket", ["s3:ListBucket"]),
    ("trust", "", ["sts:AssumeRole"]),
]


@pytest.fixture(scope="module")
def strict(deployed: Deployed) -> Iterator[None]:
    """Both keys without a statement for the whole account."""
    with ExitStack() as stack:
        for key in (deployed.key, deployed.data_key):
            stack.enter_context(faults.key_policy(deployed, key, lambda statements: statements[1:]))
        yield


@pytest.mark.usefixtures("strict")
def test_every_statement_is_listed(deployed: Deployed) -> None:
    """None of the deployed statements for Personalize is left out above, and none of their actions."""
    kms, iam, s3 = (deployed.client(name) for name in ("kms", "iam", "s3"))
    (arn,) = faults.managed_policies(deployed)
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    role = iam.get_role(RoleName=deployed.role_name)["Role"]
    documents = {
        "key": kms.get_key_policy(KeyId=deployed.key, PolicyName="default")["Policy"],
        "data_key": kms.get_key_policy(KeyId=deployed.data_key, PolicyName="default")["Policy"],
        "iam": iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"],
        "bucket": s3.get_bucket_policy(Bucket=deployed.bucket)["Policy"],
        "trust": role["AssumeRolePolicyDocument"],
    }
    found = []
    for policy, document in documents.items():
        for each in (json.loads(document) if isinstance(document, str) else document)["Statement"]:
            if each["Effect"] == "Allow":
                found.append((policy, each.get("Sid", ""), sorted(faults.actions_of(each))))
    assert sorted(found) == sorted((policy, sid, sorted(actions)) for policy, sid, actions in STATEMENTS)


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize(("policy", "sid", "actions"), STATEMENTS, ids=[f"{each[0]}-{each[1]}" for each in STATEMENTS])
def test_a_statement_that_is_taken_out_is_found(
    deployed: Deployed, report: Callable[[], Report], policy: str, sid: str, actions: list[str]
) -> None:
    """Every finding names the actions, and whose policy lacks them."""
    change = faults.without(sid)
    ways: dict[str, Callable[[], AbstractContextManager[None]]] = {
        "key": lambda: faults.key_policy(deployed, deployed.key, change),
        "data_key": lambda: faults.key_policy(deployed, deployed.data_key, change),
        "iam": lambda: faults.managed_policy(deployed, faults.managed_policies(deployed)[0], change),
        "bucket": lambda: faults.bucket_policy(deployed, change),
        "trust": lambda: faults.trust_policy(deployed, change),
    }
    with ways[policy]():
        found = findings(report())
    about = {"key": deployed.key, "data_key": deployed.data_key, "bucket": f"arn:aws:s3:::{deployed.bucket}"}
    assert {(each.status, each.of) for each in found} == {("failed", about.get(policy, deployed.role))}
    added = {action for each in found for statement in each.statements for action in faults.actions_of(statement)}
    assert added == {*actions}
    if policy == "trust":
        assert [each.cause for each in found] == ["not-trusted"]
    else:
        assert {action for each in found for action in each.actions} == {*actions}
        who = "personalize.amazonaws.com" if "Service" in sid else deployed.role
        assert {principal for each in found for principal in each.principals} == {who}
