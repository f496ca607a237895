"""An account as it was read: one dataset group, its keys, role and bucket."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from personalize_kms_constructs import matrix
from personalize_kms_constructs._access.model import Bucket, Key, Role
from personalize_kms_constructs._access.report import AccessReport
from personalize_kms_constructs._access.written import Policy
from personalize_kms_constructs._doctor.diagnosis import diagnose
from personalize_kms_constructs._doctor.gathering import gather
from personalize_kms_constructs._doctor.groups import Group, JobKind, Jobs, PersonalizeJob

ACCOUNT, REGION = "111122223333", "eu-west-1"
GROUP = f"arn:aws:personalize:{REGION}:{ACCOUNT}:dataset-group/movies"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Reader"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
BUCKET_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/9999abcd-12ab-34cd-56ef-1234567890ab"
OTHER_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0000abcd-12ab-34cd-56ef-1234567890ab"
BUCKET = "arn:aws:s3:::ratings"
SERVICE = {"Service": "personalize.amazonaws.com"}
BASE_4 = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]
BASE_5 = ["kms:CreateGrant", *BASE_4]


def allow(actions: list[str], principal: Any = None, resource: Any = "*") -> dict[str, Any]:
    """A statement."""
    found: dict[str, Any] = {"Effect": "Allow", "Action": actions, "Resource": resource}
    return {**found, "Principal": principal} if principal else found


def policy(name: str, *statements: dict[str, Any]) -> Policy:
    """A policy as it is read."""
    return Policy({"Version": "2012-10-17", "Statement": list(statements)}, name)


def key(arn: str = KEY, *statements: dict[str, Any], **more: Any) -> Key:
    """A key, by default with the statements of AWS's page."""
    given = statements or (allow(BASE_5, {"AWS": ROLE}), allow(BASE_5, SERVICE))
    return Key(arn, [policy("the key policy", *given)], **more)


def trust(*statements: dict[str, Any]) -> list[Policy]:
    """A trust policy."""
    return [policy("the trust policy", *statements)]


def bucket_policy(*statements: dict[str, Any]) -> list[Policy]:
    """A bucket policy."""
    return [policy("the bucket policy", *statements)]


TRUSTED = {"Effect": "Allow", "Principal": SERVICE, "Action": "sts:AssumeRole"}
THE_ROLE = Role(
    ROLE,
    unique_id="AROALIVINGLIVING",
    trust=trust(TRUSTED),
    identity=[policy("policy P", allow([*BASE_4, "s3:GetObject", "s3:ListBucket", "s3:PutObject"]))],
)
OPEN = bucket_policy(allow(["s3:GetObject", "s3:ListBucket", "s3:PutObject"], SERVICE, [BUCKET, f"{BUCKET}/*"]))
THE_BUCKET = Bucket(BUCKET, ACCOUNT, OPEN, region=REGION)
IMPORTED = PersonalizeJob(
    JobKind(matrix.DATASET_IMPORT_JOB),
    "load",
    f"{GROUP}/load",
    ROLE,
    source=("s3://ratings/in/", None),
    when="2026-11-01",
)
THE_GROUP = Group(GROUP, "movies", "ACTIVE", KEY, ROLE)


def look(
    *jobs: PersonalizeJob,
    keys: tuple[Key, ...] | None = None,
    roles: tuple[Role, ...] = (THE_ROLE,),
    bucket: Bucket = THE_BUCKET,
    group: Group = THE_GROUP,
    of_jobs: Jobs | None = None,
) -> AccessReport:
    """The report on a dataset group about which this was read."""
    known = {each.arn: each for each in ((key(),) if keys is None else keys)}
    reader: Any = SimpleNamespace(
        account=SimpleNamespace(id=ACCOUNT, region=REGION, partition="aws"),
        key=lambda reference: known.get(reference) or Key(reference, exists=False),
        role={each.arn: each for each in roles}.__getitem__,
        bucket=lambda _: replace(bucket),
    )
    return diagnose(gather(reader, group, of_jobs or Jobs(list(jobs))))
