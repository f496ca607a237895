"""A deployment to which nothing was done: all green, in each form."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from click.testing import Result

from tests.doctor.conftest import Deployed, Report
from tests.doctor.fake_account import BASE_4, BASE_5, EXPORT_6
from tests.doctor.findings import bad

S3 = ["s3:GetObject", "s3:ListBucket", "s3:PutObject"]


def test_all_is_green(deployed: Deployed, report: Callable[[], Report]) -> None:
    """The doctor looked for every action of AWS's pages: dataset group, jobs and metrics."""
    group = report()
    assert bad(group) == []
    access: dict[tuple[str, str, str], set[str]] = {}
    for entry in group["allowed"]:
        access.setdefault((entry["principal"], entry["policy"], entry["policy_of"]), set()).add(
            entry["action"]
        )
    assert access == {
        ("role", "key", deployed.key): {*EXPORT_6},
        ("service", "key", deployed.key): {*EXPORT_6},
        ("role", "key", deployed.data_key): {*BASE_5},
        ("service", "key", deployed.data_key): {*BASE_5},
        ("role", "role", deployed.role): {"cloudwatch:PutMetricData", *BASE_4, *S3},
        ("service", "bucket", f"arn:aws:s3:::{deployed.bucket}"): {*S3},
    }


def test_it_is_told_in_lines(deployed: Deployed, doctor: Callable[..., Result]) -> None:
    """The notes, the counts, the control policies, and the counts of all dataset groups."""
    result = doctor()
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == f"account {deployed.aws.account}, Region {deployed.aws.region}"
    assert lines[2] == "dataset group movies"
    assert lines[3] == "· it is ACTIVE, and has a key and a role"
    assert re.match(r"· jobs and metric attributions that were looked at: \d+", lines[4])
    assert "too much" not in result.stdout
    counts = (
        r"1 dataset group: 0 missing, 0 problems, 0 warnings, 0 undecided, \d\d as AWS's pages ask"
    )
    assert re.fullmatch(counts, lines[-1])
    assert "service and resource control policies can't be read" in result.stdout


def test_strict_finds_nothing_either(doctor: Callable[..., Result]) -> None:
    """Notes never count."""
    result = doctor("--strict", "--quiet")
    assert (result.exit_code, result.stderr) == (0, "")
    assert len(result.stdout.splitlines()) == 3


def test_json_is_one_document(deployed: Deployed, doctor: Callable[..., Result]) -> None:
    """With counts, and what control policies must leave alone."""
    document = json.loads(doctor("movies", "--format", "json").stdout)
    assert (document["account"], document["region"]) == (deployed.aws.account, "eu-west-1")
    assert document["not_answered"] == []
    (group,) = document["dataset_groups"]
    nothing = dict.fromkeys(("missing", "problems", "warnings", "undecided"), 0)
    assert document["summary"] == {**nothing, "allowed": len(group["allowed"])}
    assert (group["arn"], group["name"]) == (deployed.group, "movies")
    assert document["control_policies"]["must_leave_alone"]["service"] == sorted([*EXPORT_6, *S3])
