"""The actions that the doctor needs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.doctor.conftest import Deployed

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "doctor.md").read_text(encoding="utf-8")

# Written out from the service authorization reference.
ACTIONS = {
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    "kms:DescribeKey",
    "kms:GetKeyPolicy",
    "personalize:DescribeBatchInferenceJob",
    "personalize:DescribeBatchSegmentJob",
    "personalize:DescribeDataDeletionJob",
    "personalize:DescribeDatasetExportJob",
    "personalize:DescribeDatasetGroup",
    "personalize:DescribeDatasetImportJob",
    "personalize:DescribeMetricAttribution",
    "personalize:ListBatchInferenceJobs",
    "personalize:ListBatchSegmentJobs",
    "personalize:ListDataDeletionJobs",
    "personalize:ListDatasetExportJobs",
    "personalize:ListDatasetGroups",
    "personalize:ListDatasetImportJobs",
    "personalize:ListDatasets",
    "personalize:ListMetricAttributions",
    "personalize:ListSolutions",
    "s3:GetBucketLocation",
    "s3:GetBucketPolicy",
    "s3:GetEncryptionConfiguration",
}


def policy_on_the_page() -> Any:
    """The policy that the page tells to give to whoever runs the doctor."""
    (text,) = re.findall(r"```json\n(\{\n  \"Version\".*?)```", PAGE, re.DOTALL)
    return json.loads(text)


@pytest.fixture
def as_role(
    deployed: Deployed, doctor: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Result]]:
    """Run the doctor as a role that has the policy of the page."""
    iam, name = deployed.client("iam"), "Doctor"
    account = {"AWS": f"arn:aws:iam::{deployed.aws.account}:root"}
    trust = {"Effect": "Allow", "Principal": account, "Action": "sts:AssumeRole"}
    trusting = json.dumps({"Statement": [trust]})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusting)["Role"]["Arn"]
    document = json.dumps(policy_on_the_page())
    iam.put_role_policy(RoleName=name, PolicyName="reads", PolicyDocument=document)
    session = deployed.client("sts").assume_role(RoleArn=arn, RoleSessionName="doctor")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", session["Credentials"]["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", session["Credentials"]["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", session["Credentials"]["SessionToken"])
    yield doctor
    iam.delete_role_policy(RoleName=name, PolicyName="reads")
    iam.delete_role(RoleName=name)


def test_the_policy_on_the_page_is_enough(as_role: Callable[..., Result]) -> None:
    """It has no action that isn't listed here, and every answer is got with it."""
    listed = chain.from_iterable(
        statement["Action"] for statement in policy_on_the_page()["Statement"]
    )
    assert set(listed) == ACTIONS
    result = as_role("--format", "json", "--strict")
    assert json.loads(result.stdout)["not_answered"] == []
    assert result.exit_code == 0
