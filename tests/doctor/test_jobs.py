"""Jobs that differ in one thing are judged apart: each may lack what the others have."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from personalize_kms_constructs import matrix
from personalize_kms_constructs._doctor.diagnosis import diagnose
from personalize_kms_constructs._doctor.facts import gather
from personalize_kms_constructs._doctor.groups import Group, Job, Jobs, Kind
from tests.doctor.test_diagnosis import (
    ACCOUNT,
    BASE_5,
    BUCKET,
    BUCKET_FACTS,
    GROUP,
    IMPORTED,
    KEY,
    REGION,
    ROLE,
    ROLE_FACTS,
    SERVICE,
    allow,
    bad,
    key,
    look,
    policy,
)

WRITER = f"arn:aws:iam::{ACCOUNT}:role/Writer"
EXPORTED = Job(Kind(matrix.DATASET_EXPORT_JOB), "dump", f"{GROUP}/dump", ROLE, destination=("s3://ratings/out/", None))
ACTIONS = [*BASE_5, "kms:GenerateDataKeyWithoutPlaintext"]


def test_jobs_with_other_destinations() -> None:
    """The bucket policy knows one of the folders."""
    only = policy(allow(["s3:PutObject", "s3:ListBucket"], SERVICE, [BUCKET, f"{BUCKET}/out/*"]))
    whole = key(KEY, allow(ACTIONS, {"AWS": ROLE}), allow(ACTIONS, SERVICE))
    other = replace(EXPORTED, name="other", arn=f"{GROUP}/other", destination=("s3://ratings/elsewhere/", None))
    checks = look(EXPORTED, other, keys=(whole,), bucket=replace(BUCKET_FACTS, policy=only))
    (check,) = [each for each in checks if each.status.value == "failed"]
    assert check.resources == [f"{BUCKET}/elsewhere/*"]
    assert check.needed_by == ["other (dataset export job)"]


def test_jobs_with_other_roles() -> None:
    """The second one has no permission at all."""
    roles = {ROLE: ROLE_FACTS, WRITER: replace(ROLE_FACTS, arn=WRITER, policies=(), unique_id="AROAWRITERWRITER")}
    reader: Any = SimpleNamespace(
        account=SimpleNamespace(id=ACCOUNT, region=REGION, partition="aws"),
        key=lambda _: key(),
        role=roles.__getitem__,
        bucket=lambda _: BUCKET_FACTS,
    )
    other = replace(IMPORTED, name="other", arn=f"{GROUP}/other", role_arn=WRITER)
    group = Group(GROUP, "movies", "ACTIVE", KEY, ROLE)
    checks = diagnose(gather(reader, group, Jobs([IMPORTED, other])), REGION)
    failed = [each for each in checks if each.status.value == "failed"]
    assert {each.principal for each in failed} == {WRITER}
    assert {each.of for each in failed} == {WRITER, KEY}
    assert {by for each in failed for by in each.needed_by} == {"other (dataset import job)"}


def test_a_dataset_group_whose_role_is_not_told() -> None:
    """The API's model promises none; what its jobs need is judged all the same."""
    checks = look(IMPORTED, group=Group(GROUP, "movies", "ACTIVE", KEY, None))
    assert {name for name, status, _ in bad(checks) if status == "failed"} == set()


def test_the_id_of_a_living_role() -> None:
    """It is no orphan."""
    named = allow(["kms:Encrypt"], {"AWS": ROLE_FACTS.unique_id})
    statements = (allow(BASE_5, {"AWS": ROLE}), allow(BASE_5, SERVICE), named)
    assert bad(look(keys=(key(KEY, *statements),))) == []
