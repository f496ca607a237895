"""Each fault made on the deployed account, one at a time: the doctor names exactly that one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from click.testing import Result

from demo.doctor_run import broken_and_mended
from tests.doctor import faults
from tests.doctor.conftest import Check, Deployed

BASE_4 = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]
BASE_5 = ["kms:CreateGrant", *BASE_4]
BASE_6 = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
BASE_6 += ["kms:GenerateDataKeyWithoutPlaintext", "kms:ListGrants"]
SERVICE = "personalize.amazonaws.com"
DENY_ALL = {"Sid": "NobodyElse", "Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}


def action_missing_on_key(deployed: Deployed) -> Any:
    return faults.key_policy(deployed, deployed.data_key, faults.without_action("PersonalizeService", "kms:ListGrants"))


def statement_missing_in_bucket(deployed: Deployed) -> Any:
    return faults.bucket_policy(deployed, faults.without("PersonalizeServiceReadObjects"))


def action_missing_in_iam(deployed: Deployed) -> Any:
    (arn,) = faults.managed_policies(deployed)
    return faults.managed_policy(deployed, arn, faults.without_action("ListBucket", "s3:ListBucket"))


def statements_pending(deployed: Deployed) -> Any:
    return faults.key_policy(deployed, deployed.key, faults.only_account)


def no_delegation(deployed: Deployed) -> Any:
    def change(statements: faults.Statements) -> faults.Statements:
        return [each for each in statements if each.get("Sid", "").startswith("PersonalizeService")]

    return faults.key_policy(deployed, deployed.data_key, change)


@contextmanager
def role_made_anew(deployed: Deployed) -> Iterator[None]:
    """The key policy named the role, as AWS's page has it, and knows only the id of the old one now."""

    def name_the_role(statements: faults.Statements) -> faults.Statements:
        service = [each for each in statements if each.get("Sid", "").startswith("PersonalizeService")]
        principal = {"AWS": deployed.role}
        role = {"Sid": "Role", "Effect": "Allow", "Principal": principal, "Action": BASE_5, "Resource": "*"}
        return [role, *service]

    with faults.key_policy(deployed, deployed.data_key, name_the_role):
        with faults.without_role(deployed):
            pass
        yield


@contextmanager
def key_disabled(deployed: Deployed) -> Iterator[None]:
    deployed.client("kms").disable_key(KeyId=deployed.key)
    yield
    deployed.client("kms").enable_key(KeyId=deployed.key)


@contextmanager
def key_pending_deletion(deployed: Deployed) -> Iterator[None]:
    deployed.client("kms").schedule_key_deletion(KeyId=deployed.data_key, PendingWindowInDays=7)
    yield
    deployed.client("kms").cancel_key_deletion(KeyId=deployed.data_key)
    deployed.client("kms").enable_key(KeyId=deployed.data_key)


@contextmanager
def another_key(deployed: Deployed, kms: Any, **kind: str) -> Iterator[None]:
    """The bucket's default key is another one, of which the role's policies and its own know everything."""
    policy = deployed.client("kms").get_key_policy(KeyId=deployed.data_key, PolicyName="default")["Policy"]
    arn = kms.create_key(Policy=policy, **kind)["KeyMetadata"]["Arn"]
    statement = {"Effect": "Allow", "Action": BASE_5, "Resource": arn}
    with faults.inline_policy(deployed, statement), faults.bucket_key(deployed, arn):
        yield


def key_of_wrong_kind(deployed: Deployed) -> Any:
    return another_key(deployed, deployed.client("kms"), KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")


def key_of_another_region(deployed: Deployed) -> Any:
    kms = boto3.client(
        "kms",
        "us-east-1",
        endpoint_url=deployed.aws.endpoint,
        aws_access_key_id=deployed.aws.account,
        aws_secret_access_key="embedded",
        config=Config(proxies={}),
    )
    return another_key(deployed, kms)


@contextmanager
def default_key_changed(deployed: Deployed) -> Iterator[None]:
    with faults.bucket_key(deployed, deployed.client("kms").create_key()["KeyMetadata"]["KeyId"]):
        yield


def key_of_s3(deployed: Deployed) -> Any:
    return faults.bucket_key(deployed, None)


def denied_by_key(deployed: Deployed) -> Any:
    return faults.key_policy(deployed, deployed.key, faults.with_more(DENY_ALL))


def service_denied_by_key(deployed: Deployed) -> Any:
    deny = {**DENY_ALL, "Principal": {"Service": SERVICE}, "Action": "kms:*"}
    return faults.key_policy(deployed, deployed.data_key, faults.with_more(deny))


def denied_by_bucket(deployed: Deployed) -> Any:
    resource = f"arn:aws:s3:::{deployed.bucket}/*"
    deny = {**DENY_ALL, "Action": "s3:PutObject", "Resource": resource}
    return faults.bucket_policy(deployed, faults.with_more(deny))


def denied_by_iam(deployed: Deployed) -> Any:
    deny = {"Sid": "NoGrants", "Effect": "Deny", "Action": "kms:ListGrants", "Resource": "*"}
    return faults.inline_policy(deployed, deny)


def boundary(deployed: Deployed) -> Any:
    return faults.boundary(deployed, {"Effect": "Allow", "Action": ["s3:*", "cloudwatch:*"], "Resource": "*"})


def trust_without_personalize(deployed: Deployed) -> Any:
    def change(statements: faults.Statements) -> faults.Statements:
        return [{**each, "Principal": {"Service": "lambda.amazonaws.com"}} for each in statements]

    return faults.trust_policy(deployed, change)


def role_deleted(deployed: Deployed) -> Any:
    return faults.without_role(deployed)


Fault = Callable[[Deployed], AbstractContextManager[None]]

# The check, what it is about, the principal (none where there are two or where it is about no principal), the actions.
EXPECTED: list[tuple[Fault, str, str, str, list[str]]] = [
    (action_missing_on_key, "key-policy", "data_key", SERVICE, ["kms:ListGrants"]),
    (statement_missing_in_bucket, "bucket-policy", "bucket", SERVICE, ["s3:GetObject"]),
    (action_missing_in_iam, "role-policy", "role", "role", ["s3:ListBucket"]),
    (statements_pending, "statements-pending", "key", SERVICE, BASE_6),
    (no_delegation, "delegation", "data_key", "role", BASE_5),
    (role_made_anew, "orphaned-principal", "data_key", "role", BASE_5),
    (key_disabled, "key-state", "key", "", []),
    (key_pending_deletion, "key-state", "data_key", "", []),
    (key_of_wrong_kind, "key-state", "", "", []),
    (key_of_another_region, "key-state", "", "", []),
    (default_key_changed, "bucket-key", "bucket", "", BASE_5),
    (key_of_s3, "key-state", "", "", []),
    (denied_by_key, "denied", "key", "", ["kms:Decrypt"]),
    (service_denied_by_key, "denied", "data_key", SERVICE, BASE_5),
    (denied_by_bucket, "denied", "bucket", "", ["s3:PutObject"]),
    (denied_by_iam, "denied", "role", "role", ["kms:ListGrants"]),
    (boundary, "boundary", "role", "role", BASE_6),
    (trust_without_personalize, "trust", "role", "", []),
    (role_deleted, "role-exists", "role", "role", []),
]


@pytest.mark.parametrize(
    ("fault", "name", "of", "principal", "actions"), EXPECTED, ids=[each[0].__name__ for each in EXPECTED]
)
def test_a_fault_is_named_and_nothing_else(
    deployed: Deployed,
    checks: Callable[[], list[Check]],
    fault: Fault,
    name: str,
    of: str,
    principal: str,
    actions: list[str],
) -> None:
    """One check fails, nothing is left undecided, and all is green again when the fault is mended."""
    with fault(deployed):
        found = checks()
    broken = [each for each in found if each["status"] not in ("ok", "note")]
    assert [each["check"] for each in broken] == [name], json.dumps(broken, indent=2)
    (check,) = broken
    assert check["status"] == "failed"
    about = {"bucket": f"arn:aws:s3:::{deployed.bucket}"}.get(of) or (getattr(deployed, of) if of else check["of"])
    assert check["of"] == about
    assert check["principal"] == (deployed.role if principal == "role" else principal)
    if name != "role-exists":
        assert check["actions"] == actions
    assert check["next"] or check["add"]
    assert {each["status"] for each in checks()} == {"ok", "note"}


def test_what_is_to_be_added_mends_it(deployed: Deployed, checks: Callable[[], list[Check]]) -> None:
    """The statement is pasted as it is."""
    with statements_pending(deployed):
        (check,) = [each for each in checks() if each["status"] == "failed"]
        statements = [each["statement"] for each in check["add"]]
        with faults.key_policy(deployed, deployed.key, faults.with_more(*statements)):
            assert {each["status"] for each in checks()} == {"ok", "note"}


def test_the_trust_statement_mends_the_trust(deployed: Deployed, checks: Callable[[], list[Check]]) -> None:
    """With the conditions of AWS's page."""
    with trust_without_personalize(deployed):
        (check,) = [each for each in checks() if each["status"] == "failed"]
        (statement,) = [each["statement"] for each in check["add"]]
        assert statement == {
            "Effect": "Allow",
            "Principal": {"Service": "personalize.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": "111111111111"},
                "ArnLike": {"aws:SourceArn": "arn:aws:personalize:eu-west-1:111111111111:*"},
            },
        }
        with faults.trust_policy(deployed, faults.with_more(statement)):
            assert {each["status"] for each in checks()} == {"ok", "note"}


def test_several_statements_can_be_pasted_into_a_list(deployed: Deployed, doctor: Callable[..., Result]) -> None:
    """The boundary lacks some actions on one key, and others on another."""
    with boundary(deployed):
        told = doctor().stdout
    start, end = told.index("→ add to the boundary:") + len("→ add to the boundary:"), told.index("needed by")
    statements = json.loads(f"[{told[start:end]}]")
    assert sorted(each["Resource"] for each in statements) == sorted([[deployed.key], [deployed.data_key]])


def test_the_text_has_reason_and_next_step(deployed: Deployed, doctor: Callable[..., Result]) -> None:
    """Beneath the line that failed, with a statement that can be pasted as it is."""
    with action_missing_on_key(deployed):
        result = doctor("movies")
    assert result.exit_code == 1
    start = result.stdout.index("  ✘ Personalize lacks kms:ListGrants\n")
    told = result.stdout[start : result.stdout.index("needed by", start)]
    assert told.splitlines()[1:3] == [
        "      the key policy has no statement that allows it",
        "      → add to the key policy:",
    ]
    assert json.loads(told[told.index("{") :]) == {
        "Effect": "Allow",
        "Principal": {"Service": "personalize.amazonaws.com"},
        "Action": ["kms:ListGrants"],
        "Resource": "*",
        "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": deployed.aws.account}},
    }
    assert result.stdout.splitlines()[-1].startswith("1 dataset group: 1 failed, 0 undecided")


def test_a_failed_job_is_told_with_its_own_reason(deployed: Deployed, checks: Callable[[], list[Check]]) -> None:
    """Beside what the policies say about it today: they weren't to blame."""
    personalize, name = deployed.client("personalize"), "forget"
    deployed.client("s3").put_object(Bucket=deployed.bucket, Key="deletion/wrong.csv", Body=b"USER\n22\n")
    arn = personalize.create_data_deletion_job(
        jobName=name,
        datasetGroupArn=deployed.group,
        dataSource={"dataLocation": f"s3://{deployed.bucket}/deletion/wrong.csv"},
        roleArn=deployed.role,
    )["dataDeletionJobArn"]
    while personalize.describe_data_deletion_job(dataDeletionJobArn=arn)["dataDeletionJob"]["status"] != "FAILED":
        pass
    (told,) = [each for each in checks() if each["check"] == "failure"]
    assert told["status"] == "note"
    assert told["title"].startswith("forget (data deletion job) failed on 20")
    assert told["title"].endswith(": Input deletion/wrong.csv has to have the one column USER_ID")
    assert told["because"] == "today the policies give all that it needs"


def test_the_demo_breaks_what_the_doctor_finds(
    deployed: Deployed, checks: Callable[[], list[Check]], tmp_path: Path
) -> None:
    """By the command itself, and puts it back."""
    assert broken_and_mended(deployed.aws, tmp_path) == "Personalize lacks kms:Decrypt"
    assert {each["status"] for each in checks()} == {"ok", "note"}


def test_statements_for_several_policies_say_which(deployed: Deployed, doctor: Callable[..., Result]) -> None:
    """The new default key of the bucket is unknown to its own policy and to the role's."""
    with default_key_changed(deployed):
        told = doctor().stdout
    start = told.index("→ make that the default key again, or allow the new one:")
    told = " ".join(told[start : told.index("needed by", start)].split())
    assert f"an IAM policy of role {deployed.role_name}: {{" in told
    assert "the key policy of arn:aws:kms:eu-west-1:111111111111:key/" in told
