"""A role, a key and a bucket in one account, and what tests say of reports."""

from typing import Any

from personalize_kms_check import matrix
from personalize_kms_check._comparison import compare
from personalize_kms_check._model.declarations import Declaration
from personalize_kms_check._model.finding import Finding
from personalize_kms_check._model.model import AccessModel, Bucket, Key, Role
from personalize_kms_check._model.policy_documents import Policy
from personalize_kms_check._model.report import AccessReport
from personalize_kms_check._model.requests import Location, Request

ACCOUNT = "111122223333"
ANOTHER_ACCOUNT = "444455556666"
REGION = "eu-west-1"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/PersonalizeRole"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
BUCKET = "arn:aws:s3:::ratings"
SERVICE = "personalize.amazonaws.com"

TRUST = {
    "Effect": "Allow",
    "Principal": {"Service": "personalize.amazonaws.com"},
    "Action": "sts:AssumeRole",
    "Condition": {
        "StringEquals": {"aws:SourceAccount": "111122223333"},
        "ArnLike": {"aws:SourceArn": "arn:aws:personalize:eu-west-1:111122223333:*"},
    },
}
# In the order of AWS's page, not of ``tests.actions``.
KEY_POLICY_ACTIONS = [
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "kms:DescribeKey",
    "kms:CreateGrant",
    "kms:ListGrants",
]
IAM_ACTIONS = [action for action in KEY_POLICY_ACTIONS if action != "kms:CreateGrant"]

DATASET_GROUP = matrix.DATASET_GROUP
IMPORT_JOB = matrix.DATASET_IMPORT_JOB
EXPORT_JOB = matrix.DATASET_EXPORT_JOB
BATCH_INFERENCE_JOB = matrix.BATCH_INFERENCE_JOB

Statement = dict[str, Any]

Line = tuple[str, str, str, str]
"""Principal, policy, action and resource."""


def in_main(logical_id: str) -> Declaration:
    """A resource of the template Main."""
    return Declaration("Main", f"Main/{logical_id}", logical_id)


def policy(name: str, statements: list[Any], **more: Any) -> Policy:
    return Policy({"Version": "2012-10-17", "Statement": statements}, name, **more)


def asked(permissions: matrix.Permissions = DATASET_GROUP, **more: Any) -> Request:
    given: dict[str, Any] = {
        "name": "movies",
        "role_arn": ROLE,
        "account": ACCOUNT,
        "region": REGION,
        "dataset_group_key": KEY,
    }
    return Request(permissions=permissions, **{**given, **more})


def model_of(
    *requests: Request,
    key: list[Statement] | None = None,
    iam: list[Statement] | None = None,
    bucket: list[Statement] | None = None,
    trust: list[Statement] | None = None,
) -> AccessModel:
    """A model of these statements; each policy is empty that isn't given."""
    model = AccessModel(requests=list(requests) or [asked()])
    model.keys[KEY] = Key(KEY, [policy("key policy", key or [])])
    identity = [] if iam is None else [policy("IAM policy", iam)]
    model.roles[ROLE] = Role(
        ROLE, trust=[policy("trust policy", trust or [TRUST])], identity=identity
    )
    policies = [] if bucket is None else [policy("bucket policy", bucket)]
    model.buckets[BUCKET] = Bucket(BUCKET, ACCOUNT, policies)
    return model


def report_of(*requests: Request, **statements: Any) -> AccessReport:
    return compare(model_of(*requests, **statements))


def lines(entries: tuple[Finding, ...]) -> set[Line]:
    """Return what entries say, and that none is there twice."""
    told = [(entry.principal, entry.policy, entry.action, entry.resource) for entry in entries]
    assert len(told) == len(set(told))
    return set(told)


def lacking(report: AccessReport) -> dict[str, set[str]]:
    """Return the actions that each kind of policy lacks."""
    actions: dict[str, set[str]] = {}
    for policy in report.policies:
        if policy.lacks:
            actions.setdefault(policy.policy, set()).update(entry.action for entry in policy.lacks)
    return actions


def of(principal: str, policy: str, actions: str, resource: str = KEY) -> set[Line]:
    """Return what entries for these actions on one resource say."""
    return {(principal, policy, action, resource) for action in actions.split()}


def location(prefix: str = "import/", **more: Any) -> Location:
    return Location(BUCKET, prefix, **more)


def iam(actions: Any, resource: Any = KEY, **elements: Any) -> Statement:
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **elements}


def role(actions: Any, **elements: Any) -> Statement:
    return iam(actions, "*", **{"Principal": {"AWS": ROLE}, **elements})


def service(actions: Any, **elements: Any) -> Statement:
    condition = {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}
    of_service = {"Principal": {"Service": SERVICE}, "Condition": condition}
    return iam(actions, "*", **{**of_service, **elements})


ACCOUNT_STATEMENT = role("kms:*", Principal={"AWS": ROOT})
# All that a dataset group needs on its key, and an import job from "import/" besides.
ON_KEY = [role(KEY_POLICY_ACTIONS), service(KEY_POLICY_ACTIONS)]
READ = [iam(["s3:GetObject"], f"{BUCKET}/import/*"), iam(["s3:ListBucket"], BUCKET)]
ON_BUCKET = [
    service(["s3:GetObject"], Resource=f"{BUCKET}/import/*"),
    service(["s3:ListBucket"], Resource=BUCKET),
]
