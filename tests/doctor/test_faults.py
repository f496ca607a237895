"""Each fault made on the deployed account, one at a time: the doctor names exactly that one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from demo.doctor_run import broken_and_mended
from tests.doctor import faults
from tests.doctor.conftest import Deployed, Report
from tests.doctor.fake_account import BASE_5, EXPORT_6
from tests.doctor.findings import bad, findings, should_have

SERVICE = "personalize.amazonaws.com"
DENY_ALL = {
    "Sid": "NobodyElse",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "kms:Decrypt",
    "Resource": "*",
}


@faults.of_policies
def statements_pending(deployed: Deployed, policies: faults.DeployedPolicies) -> None:
    """The key policy has only the statement with which the CDK begins one."""
    del policies.keys[deployed.key][1:]


def name_the_role(policies: faults.DeployedPolicies, key: str, *roles: str) -> None:
    """Name roles in a key policy, as on AWS's page, beside Personalize itself."""
    statements = policies.keys[key]
    statements[:] = [allowed for allowed in statements if "Service" in str(allowed["Principal"])]
    for role in roles:
        named = {"Effect": "Allow", "Principal": {"AWS": role}, "Action": BASE_5, "Resource": "*"}
        statements.append(named)


@faults.of_policies
def no_delegation(deployed: Deployed, policies: faults.DeployedPolicies) -> None:
    name_the_role(policies, deployed.data_key)


@faults.of_policies
def names_the_role(deployed: Deployed, policies: faults.DeployedPolicies) -> None:
    name_the_role(policies, deployed.data_key, deployed.role)


@contextmanager
def role_made_anew(deployed: Deployed) -> Iterator[None]:
    """The key policy has only the id of the old role."""
    with names_the_role(deployed):
        with faults.without_role(deployed):
            pass
        yield


@contextmanager
def key_disabled(deployed: Deployed) -> Iterator[None]:
    deployed.client("kms").disable_key(KeyId=deployed.key)
    yield
    deployed.client("kms").enable_key(KeyId=deployed.key)


@contextmanager
def another_key(deployed: Deployed, kms: Any, **kind: str) -> Iterator[None]:
    """The bucket has another default key, which its own policy and the role's policies allow."""
    policy = deployed.client("kms").get_key_policy(KeyId=deployed.data_key)["Policy"]
    arn = kms.create_key(Policy=policy, **kind)["KeyMetadata"]["Arn"]

    @faults.of_policies
    def allow_it(_: Deployed, policies: faults.DeployedPolicies) -> None:
        policies.policies["P"].append({"Effect": "Allow", "Action": BASE_5, "Resource": arn})

    with allow_it(deployed), faults.bucket_key(deployed, arn):
        yield


def key_of_wrong_kind(deployed: Deployed) -> Any:
    return another_key(
        deployed, deployed.client("kms"), KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC"
    )


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


def key_of_s3(deployed: Deployed) -> Any:
    return faults.bucket_key(deployed, None)


@faults.of_policies
def denied_by_key(deployed: Deployed, policies: faults.DeployedPolicies) -> None:
    policies.keys[deployed.key].append(DENY_ALL)


@faults.of_policies
def service_denied_by_key(deployed: Deployed, policies: faults.DeployedPolicies) -> None:
    deny = {**DENY_ALL, "Principal": {"Service": SERVICE}, "Action": "kms:*"}
    policies.keys[deployed.data_key].append(deny)


@faults.of_policies
def denied_by_bucket(deployed: Deployed, policies: faults.DeployedPolicies) -> None:
    resource = f"arn:aws:s3:::{deployed.bucket}/*"
    policies.bucket_policy.append({**DENY_ALL, "Action": "s3:PutObject", "Resource": resource})


@faults.of_policies
def denied_by_iam(_: Deployed, policies: faults.DeployedPolicies) -> None:
    deny = {"Sid": "NoGrants", "Effect": "Deny", "Action": "kms:ListGrants", "Resource": "*"}
    policies.policies["P"].append(deny)


def boundary(deployed: Deployed) -> Any:
    return faults.boundary(
        deployed, {"Effect": "Allow", "Action": ["s3:*", "cloudwatch:*"], "Resource": "*"}
    )


@faults.of_policies
def trust_without_personalize(_: Deployed, policies: faults.DeployedPolicies) -> None:
    for statement in policies.trust:
        statement["Principal"] = {"Service": "lambda.amazonaws.com"}


def role_deleted(deployed: Deployed) -> Any:
    return faults.without_role(deployed)


Fault = Callable[[Deployed], AbstractContextManager[None]]

# The cause, what it is about ("" for a key that the fault makes), the principals and the actions
# that are missing.
EXPECTED: list[tuple[Fault, str, list[str], list[str], list[str]]] = [
    (statements_pending, "no-statement", ["key"], [SERVICE], EXPORT_6),
    (no_delegation, "no-statement", ["data_key"], ["role"], BASE_5),
    (key_disabled, "key-state", ["key"], [], []),
    (key_of_wrong_kind, "key-spec", [""], [], []),
    (key_of_another_region, "key-region", [""], [], []),
    (key_of_s3, "key-of-aws", ["s3_key"], [], []),
    (denied_by_key, "denied", ["key"], ["role", SERVICE], ["kms:Decrypt"]),
    (service_denied_by_key, "denied", ["data_key"], [SERVICE], BASE_5),
    (denied_by_bucket, "denied", ["bucket"], ["role", SERVICE], ["s3:PutObject"]),
    (denied_by_iam, "denied", ["key", "data_key", "role"], ["role"], ["kms:ListGrants"]),
    (boundary, "boundary", ["role"], ["role"], EXPORT_6),
    (trust_without_personalize, "not-trusted", ["role"], [], []),
    (role_deleted, "role-absent", ["role"], [], []),
]


@pytest.mark.parametrize("expected", EXPECTED, ids=[row[0].__name__ for row in EXPECTED])
def test_a_fault_is_named_and_nothing_else(
    deployed: Deployed,
    report: Callable[[], Report],
    expected: tuple[Fault, str, list[str], list[str], list[str]],
) -> None:
    """There is one cause and nothing undecided, and all is green when the fault is mended."""
    fault, cause, of, principals, actions = expected
    arns = {
        "bucket": f"arn:aws:s3:::{deployed.bucket}",
        "s3_key": "arn:aws:kms:eu-west-1:111111111111:alias/aws/s3",
        **{name: getattr(deployed, name) for name in ("key", "data_key", "role")},
    }
    with fault(deployed):
        reported = findings(report())
    assert {(finding.status, finding.cause) for finding in reported} == {("failed", cause)}
    known = {arn: name for name, arn in arns.items()}
    assert sorted(known.get(finding.of, "") for finding in reported) == sorted(of)
    assert set(chain.from_iterable(finding.principals for finding in reported)) == {
        arns.get(name, name) for name in principals
    }
    missing = chain.from_iterable(finding.actions for finding in reported)
    assert set(missing) == set(actions)
    assert bad(report()) == []


def test_a_role_that_was_made_anew(deployed: Deployed, report: Callable[[], Report]) -> None:
    """The key policy lacks it, and has an id that nobody needs."""
    with role_made_anew(deployed):
        by_cause = {(finding.status, finding.cause): finding for finding in findings(report())}
    assert by_cause.keys() == {("failed", "no-statement"), ("warning", "unused-id")}
    assert by_cause["failed", "no-statement"].principals == [deployed.role]
    assert {finding.of for finding in by_cause.values()} == {deployed.data_key}


def test_the_boundary_takes_the_statements(
    deployed: Deployed, report: Callable[[], Report]
) -> None:
    """It lacks actions on two keys, and gets a single statement for all that the role needs."""
    with boundary(deployed):
        actions = sorted(
            [*EXPORT_6, "cloudwatch:PutMetricData", "s3:GetObject", "s3:ListBucket", "s3:PutObject"]
        )
        assert should_have(report()) == {
            ("boundary", deployed.role): [{"Effect": "Allow", "Action": actions, "Resource": "*"}]
        }


def test_the_demo_breaks_what_the_doctor_finds(
    deployed: Deployed, report: Callable[[], Report], tmp_path: Path
) -> None:
    """By the command itself, and puts it back."""
    assert broken_and_mended(deployed.aws, tmp_path) == (
        "personalize.amazonaws.com lacks kms:Decrypt: the key policy has no statement that allows "
        "it"
    )
    assert bad(report()) == []
