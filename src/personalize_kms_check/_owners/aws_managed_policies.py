"""AWS's managed policies in common use: their KMS, S3, CloudWatch and Personalize parts.

Each has a page in the reference, which is about the partition ``aws``. These are the versions of
August 2026. Statements on other services are left out, and so is ``iam:PassRole`` to services
other than Personalize; none of them denies anything.

https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
"""

from __future__ import annotations

from typing import Any

from .._model.policy_documents import Policy
from .._shared.values import PARTITION

_PREFIXES = ("arn:aws:iam::aws:policy/", f"arn:{PARTITION}:iam::aws:policy/")


def _allow(*actions: str, on: list[str] | None = None, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on or "*", **more}


_POLICIES: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "AWSKeyManagementServicePowerUser": (
        "v2",
        [
            _allow(
                "kms:CreateAlias",
                "kms:CreateKey",
                "kms:DeleteAlias",
                "kms:Describe*",
                "kms:GenerateRandom",
                "kms:Get*",
                "kms:List*",
                "kms:TagResource",
                "kms:UntagResource",
            )
        ],
    ),
    "AWSLambdaExecute": ("v1", [_allow("s3:GetObject", "s3:PutObject", on=["arn:aws:s3:::*"])]),
    "AWSStepFunctionsFullAccess": ("v1", []),
    "AWSXRayDaemonWriteAccess": ("v2", []),
    "AWSXrayWriteOnlyAccess": ("v2", []),
    "AdministratorAccess": ("v1", [_allow("*")]),
    "AmazonS3FullAccess": ("v2", [_allow("s3:*")]),
    "AmazonS3ReadOnlyAccess": ("v3", [_allow("s3:Get*", "s3:List*", "s3:Describe*")]),
    "AmazonSSMManagedInstanceCore": ("v2", []),
    "CloudWatchAgentServerPolicy": ("v3", [_allow("cloudwatch:PutMetricData")]),
    "CloudWatchFullAccess": ("v4", [_allow("cloudwatch:*")]),
    "CloudWatchFullAccessV2": ("v16", [_allow("cloudwatch:*")]),
    "CloudWatchLogsFullAccess": (
        "v8",
        [_allow("cloudwatch:GenerateQuery", "cloudwatch:GenerateQueryResultsSummary")],
    ),
    "PowerUserAccess": (
        "v12",
        [
            {
                "Effect": "Allow",
                "NotAction": ["iam:*", "organizations:*", "account:*"],
                "Resource": "*",
            }
        ],
    ),
    "service-role/AWSLambdaBasicExecutionRole": ("v1", []),
    "service-role/AWSLambdaDynamoDBExecutionRole": ("v1", []),
    "service-role/AWSLambdaKinesisExecutionRole": ("v2", []),
    "service-role/AWSLambdaRole": ("v1", []),
    "service-role/AWSLambdaSQSQueueExecutionRole": ("v1", []),
    "service-role/AWSLambdaVPCAccessExecutionRole": ("v3", []),
    "service-role/AmazonPersonalizeFullAccess": (
        "v2",
        [
            _allow("personalize:*"),
            _allow("cloudwatch:PutMetricData", "cloudwatch:ListMetrics"),
            _allow(
                "s3:GetObject",
                "s3:PutObject",
                "s3:DeleteObject",
                "s3:ListBucket",
                on=["arn:aws:s3:::*Personalize*", "arn:aws:s3:::*personalize*"],
            ),
            _allow(
                "iam:PassRole",
                Condition={"StringEquals": {"iam:PassedToService": "personalize.amazonaws.com"}},
            ),
        ],
    ),
}


def policy_of_aws(arn: str, of: str, **more: Any) -> Policy | None:
    """Return the policy with this ARN, attached to the role of this name; none if it isn't here."""
    name = ""
    for prefix in _PREFIXES:
        if arn.startswith(prefix):
            name = arn.removeprefix(prefix)
    if name not in _POLICIES:
        return None
    version, statements = _POLICIES[name]
    document = {"Version": "2012-10-17", "Statement": statements}
    title = f"managed policy {name.rpartition('/')[2]} ({version}) of {of}"
    return Policy(document, title, of_aws=True, **more)


def policies_of_aws_named(name: str, of: str) -> list[Policy]:
    """Return a policy as SAM takes it: by its name, without a path, or by its ARN."""
    arn = name
    for known in _POLICIES:
        if known.rpartition("/")[2] == name:
            arn = f"{_PREFIXES[0]}{known}"
    policy = policy_of_aws(arn, of)
    return [] if policy is None else [policy]
