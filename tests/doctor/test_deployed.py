"""A deployment to which nothing was done, read with the policy of the page, and broken once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from demo.doctor_run import broken_and_mended
from tests.doctor.conftest import Deployed, Report
from tests.doctor.fake_account import BASE_4, BASE_5, EXPORT_6
from tests.doctor.findings import bad

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "doctor.md"
S3 = ["s3:GetObject", "s3:ListBucket", "s3:PutObject"]
# Written out from the service authorization reference.
ACTIONS = {
    *(f"iam:Get{what}" for what in ("Policy", "PolicyVersion", "Role", "RolePolicy")),
    *("iam:ListAttachedRolePolicies", "iam:ListRolePolicies"),
    *("kms:DescribeKey", "kms:GetKeyPolicy"),
    *("personalize:DescribeBatchInferenceJob", "personalize:ListBatchInferenceJobs"),
    *("personalize:DescribeBatchSegmentJob", "personalize:ListBatchSegmentJobs"),
    *("personalize:DescribeDataDeletionJob", "personalize:ListDataDeletionJobs"),
    *("personalize:DescribeDatasetExportJob", "personalize:ListDatasetExportJobs"),
    *("personalize:DescribeDatasetGroup", "personalize:ListDatasetGroups"),
    *("personalize:DescribeDatasetImportJob", "personalize:ListDatasetImportJobs"),
    *("personalize:DescribeMetricAttribution", "personalize:ListMetricAttributions"),
    *("personalize:ListDatasets", "personalize:ListSolutions"),
    *("s3:GetBucketLocation", "s3:GetBucketPolicy", "s3:GetEncryptionConfiguration"),
}


def test_all_is_green(deployed: Deployed, report: Callable[[], Report]) -> None:
    """The doctor looked for every action of AWS's pages: dataset group, jobs and metrics."""
    found = report()
    assert bad(found) == []
    access: dict[tuple[str, str, str], set[str]] = {}
    for entry in found["allowed"]:
        policy = (entry["principal"], entry["policy"], entry["policy_of"])
        access.setdefault(policy, set()).add(entry["action"])
    assert access == {
        ("role", "key", deployed.key): {*EXPORT_6},
        ("service", "key", deployed.key): {*EXPORT_6},
        ("role", "key", deployed.data_key): {*BASE_5},
        ("service", "key", deployed.data_key): {*BASE_5},
        ("role", "role", deployed.role): {"cloudwatch:PutMetricData", *BASE_4, *S3},
        ("service", "bucket", f"arn:aws:s3:::{deployed.bucket}"): {*S3},
    }


def test_it_is_told_in_lines(deployed: Deployed, doctor: Callable[..., Result]) -> None:
    """What was checked, the control policies, and the counts; quiet, nothing."""
    result = doctor()
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == f"account {deployed.aws.account}, Region {deployed.aws.region}"
    assert lines[1].startswith("checked: ")
    assert re.fullmatch(r"1 dataset group: \d\d as documented", lines[-1])
    assert "service and resource control policies can't be read" in result.stdout
    result = doctor("--strict", "--quiet")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


def test_json_is_one_document(deployed: Deployed, doctor: Callable[..., Result]) -> None:
    """With the check's fields, counts, and what control policies must leave alone."""
    document = json.loads(doctor("movies", "--format", "json").stdout)
    assert (document["account"], document["region"]) == (deployed.aws.account, "eu-west-1")
    assert document["dataset_groups"] == [{"arn": deployed.group, "name": "movies"}]
    assert document["not_answered"] == []
    nothing = dict.fromkeys(("missing", "problems", "warnings", "undecided"), 0)
    assert document["summary"] == {**nothing, "allowed": len(document["allowed"])}
    assert document["control_policies"]["must_leave_alone"]["service"] == sorted([*EXPORT_6, *S3])
    of_check = ("asked", "missing", "excess", "undecided", "problems", "allowed", "policies")
    assert document.keys() >= {*of_check, "without_key", "left_out", "names", "assumed"}


def policy_on_the_page() -> Any:
    """The policy that the page tells to give to whoever runs the doctor."""
    page = PAGE.read_text(encoding="utf-8")
    (text,) = re.findall(r"```json\n(\{\n  \"Version\".*?)```", page, re.DOTALL)
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


def test_the_demo_breaks_what_the_doctor_finds(
    deployed: Deployed, report: Callable[[], Report], tmp_path: Path
) -> None:
    """By the command itself, and puts it back."""
    assert broken_and_mended(deployed.aws, tmp_path) == (
        "personalize.amazonaws.com lacks kms:Decrypt: the key policy has no statement that allows "
        "it"
    )
    assert bad(report()) == []
