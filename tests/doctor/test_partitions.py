"""China and GovCloud: ARNs of another partition, from the caller's identity to the statements."""

from __future__ import annotations

import pytest

from personalize_kms_check import matrix
from tests.doctor.fake_account import ACCOUNT, BASE_4, ROOT, SERVICE, FakeAccount, allow


@pytest.fixture(
    params=[("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1"), ("aws", "eu-west-1")]
)
def account(request: pytest.FixtureRequest) -> FakeAccount:
    """A key that leaves all to the account, and is the bucket's default key by its id."""
    account = FakeAccount(*request.param)
    account.add(matrix.DATASET_IMPORT_JOB, "load")
    root = {"AWS": ROOT["AWS"].replace("arn:aws:", f"arn:{account.partition}:")}
    account.keys = {
        account.key: [allow(["kms:*"], root), allow(["kms:CreateGrant", *BASE_4], SERVICE)]
    }
    account.policies["P"].append(allow(["kms:CreateGrant"], None, account.key))
    account.default_key = account.key.rpartition("/")[2]
    return account


def test_a_healthy_account(account: FakeAccount) -> None:
    """The ARNs of policies and those that the doctor makes are alike."""
    assert account.bad() == []


def test_what_is_to_be_added(account: FakeAccount) -> None:
    """The statements have the partition's ARNs."""
    account.trust, account.bucket_policy = [], []
    account.policies["P"] = [allow(["kms:*"])]
    causes = sorted(cause for cause, _, _ in account.bad())
    assert causes == ["no-statement", "not-in-iam", "not-trusted"]
    condition = {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}
    of_personalize = f"arn:{account.partition}:personalize:{account.region}"
    reading = [
        allow(["s3:ListBucket"], None, account.bucket),
        allow(["s3:GetObject"], None, f"{account.bucket}/in/*"),
    ]
    assert account.should_have() == {
        ("bucket", account.bucket): [
            {**statement, "Principal": SERVICE, "Condition": condition} for statement in reading
        ],
        ("role", account.role): reading,
        ("trust", account.role): [
            {
                "Effect": "Allow",
                "Principal": SERVICE,
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": ACCOUNT},
                    "ArnLike": {"aws:SourceArn": f"{of_personalize}:{ACCOUNT}:*"},
                },
            }
        ],
    }
