"""A deployment to which nothing was done: all green, in each form."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import Result

from tests.doctor.conftest import Check, Deployed


def test_all_is_green(deployed: Deployed, checks: Callable[[], list[Check]]) -> None:
    """Every action of AWS's pages was looked for: for a dataset group, each of its jobs, and metrics."""
    found = checks()
    assert {each["status"] for each in found} == {"ok", "note"}
    export = "kms:GenerateDataKeyWithoutPlaintext"
    base_4 = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]
    base_5 = ["kms:CreateGrant", *base_4]
    service, role, bucket = "personalize.amazonaws.com", deployed.role, f"arn:aws:s3:::{deployed.bucket}"
    access = {(each["principal"], each["kind"], each["of"]): each["actions"] for each in found if each["principal"]}
    assert access == {
        (role, "key", deployed.key): sorted([*base_5, export]),
        (service, "key", deployed.key): sorted([*base_5, export]),
        (role, "key", deployed.data_key): base_5,
        (service, "key", deployed.data_key): base_5,
        (role, "role", role): ["cloudwatch:PutMetricData", *base_4, "s3:GetObject", "s3:ListBucket", "s3:PutObject"],
        (service, "bucket", bucket): ["s3:GetObject", "s3:ListBucket", "s3:PutObject"],
    }


def test_it_is_told_in_lines(deployed: Deployed, doctor: Callable[..., Result]) -> None:
    """Grouped under what they are about, a mark each, and the counts at the end."""
    result = doctor()
    assert result.exit_code == 0
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert lines[0] == f"account {deployed.aws.account}, Region {deployed.aws.region}"
    assert lines[2] == "dataset group movies"
    assert "  ✔ it is ACTIVE, and has a key and a role" in lines
    assert f"key {deployed.key}" in lines
    assert lines.count("  ✔ it is Enabled, SYMMETRIC_DEFAULT for ENCRYPT_DECRYPT, and in eu-west-1") == 2
    assert lines.count("  ✔ Personalize may do all that is needed (key policy)") == 2
    assert f"role {deployed.role_name}" in lines
    assert "  ✔ Personalize may assume it (trust policy)" in lines
    assert "  ✔ it has no permissions boundary" in lines
    assert f"bucket {deployed.bucket}" in lines
    assert lines[-1] == "1 dataset group: 0 failed, 0 undecided, 0 warnings, 12 ok"
    assert "service and resource control policies can't be read" in result.stdout


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_strict_finds_nothing_either(doctor: Callable[..., Result], form: str) -> None:
    """Notes never count."""
    result = doctor("--strict", "--format", form)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith("\n")


def test_json_is_one_document(deployed: Deployed, doctor: Callable[..., Result]) -> None:
    """With counts, and what control policies must leave alone."""
    found = json.loads(doctor("movies", "--format", "json").stdout)
    assert (found["account"], found["region"], found["error"]) == (deployed.aws.account, "eu-west-1", "")
    assert found["not_answered"] == []
    del found["summary"]["note"]
    assert found["summary"] == {"ok": 12, "failed": 0, "undecided": 0, "warning": 0}
    assert found["control_policies"]["must_leave_alone"]["service"] == [
        "kms:CreateGrant",
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:GenerateDataKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ListGrants",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
    ]
