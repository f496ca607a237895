"""The actions that the doctor needs, and its report when one of them is denied."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
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
# There is no such job, or no inline policy, in what is deployed.
NOT_ASKED = {"personalize:DescribeBatchSegmentJob", "iam:GetRolePolicy"}


def policy_on_the_page() -> Any:
    """The policy that the page tells to give to whoever runs the doctor."""
    (text,) = re.findall(r"```json\n(\{\n  \"Version\".*?)```", PAGE, re.DOTALL)
    return json.loads(text)


@pytest.fixture
def as_role(
    deployed: Deployed, doctor: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """Run the doctor as a role that has the policy of the page, less some actions."""
    iam, name = deployed.client("iam"), "Doctor"

    def run(*arguments: str, less: str = "") -> Result:
        trust = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{deployed.aws.account}:root"},
            "Action": "sts:AssumeRole",
        }
        document = policy_on_the_page()
        for statement in document["Statement"]:
            statement["Action"] = [action for action in statement["Action"] if action != less]
        arn = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]})
        )["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="reads", PolicyDocument=json.dumps(document))
        credentials = deployed.client("sts").assume_role(RoleArn=arn, RoleSessionName="doctor")[
            "Credentials"
        ]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", credentials["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", credentials["SecretAccessKey"])
        monkeypatch.setenv("AWS_SESSION_TOKEN", credentials["SessionToken"])
        try:
            return doctor(*arguments)
        finally:
            iam.delete_role_policy(RoleName=name, PolicyName="reads")
            iam.delete_role(RoleName=name)

    return run


def test_the_policy_on_the_page_is_enough(as_role: Callable[..., Result]) -> None:
    """It has no action that isn't listed here, and every answer is got with it."""
    listed = chain.from_iterable(
        statement["Action"] for statement in policy_on_the_page()["Statement"]
    )
    assert set(listed) == ACTIONS
    result = as_role("--format", "json", "--strict")
    assert json.loads(result.stdout)["not_answered"] == []
    assert result.exit_code == 0


@pytest.mark.parametrize("action", sorted(ACTIONS - NOT_ASKED))
def test_what_is_not_answered_is_listed(as_role: Callable[..., Result], action: str) -> None:
    """The action alone, and nothing is called missing because of it."""
    if action == "personalize:ListDatasetGroups":
        assert ": name the dataset groups, " in as_role(less=action).stderr
        return
    result = as_role("movies", "--format", "json", less=action)
    document = json.loads(result.stdout)
    assert [denial["action"] for denial in document["not_answered"]] == [action]
    assert (document["summary"]["missing"], document["summary"]["problems"]) == (0, 0)
    # Without the dataset group nothing is left to look at.
    assert result.exit_code == (2 if action == "personalize:DescribeDatasetGroup" else 0)
    assert document["summary"]["undecided"]
