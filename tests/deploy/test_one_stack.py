"""Key and role in one stack: the key policy names the role, and IAM has what the page asks for."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3

from embedded_aws import EmbeddedAws
from personalize_kms_constructs import PersonalizeResource, S3Location
from tests.datasets import METRIC
from tests.deploy.stacks import Templates, deploy, of_type
from tests.life.conftest import allowing
from tests.policies import template


@pytest.fixture
def templates(stack: cdk.Stack) -> Templates:
    """A dataset group, and a metric attribution that writes to a bucket."""
    bucket = s3.Bucket(stack, "Bucket", encryption=s3.BucketEncryption.KMS)
    encryption = allowing(stack, PersonalizeResource.dataset_export_job())
    movies = encryption.add_dataset_group("Movies", name="movies")
    encryption.add_metric_attribution(
        "Metrics",
        dataset_group=movies,
        name="metrics",
        metrics=[METRIC],
        destination=S3Location(bucket, "metrics/"),
    )
    return {"Stack": template(stack)}


def statements_of(template: Any, what: str) -> list[Any]:
    """The statements of the only policy of the role, or of a key or bucket by its logical id."""
    if what == "role":
        (policy,) = of_type(template, "AWS::IAM::ManagedPolicy")
        return list(policy["Properties"]["PolicyDocument"]["Statement"])
    properties = template["Resources"][what]["Properties"]
    return list((properties.get("KeyPolicy") or properties["PolicyDocument"])["Statement"])


@pytest.mark.parametrize(
    ("policy", "sid", "action", "missing"),
    [
        # CreateGrant is only in the key policy, which then lacks it.
        ("EncryptionKey3A692D6E", "PersonalizeRole", "kms:CreateGrant", "needs kms:CreateGrant"),
        (
            "BucketKey7E4AEAB8",
            "PersonalizeService",
            "kms:GenerateDataKey",
            "personalize.amazonaws.com needs kms:",
        ),
        # The page wants the four actions in IAM although the key policy allows them.
        ("role", "UseKey", "kms:ListGrants", "needs kms:ListGrants"),
        ("role", "PublishMetrics", "cloudwatch:PutMetricData", "needs cloudwatch:PutMetricData"),
        (
            "BucketPolicyE9A3008A",
            "PersonalizeServiceWriteObjects",
            "s3:PutObject",
            "amazonaws.com needs s3:PutObject",
        ),
    ],
)
def test_without_an_action_it_fails_to_deploy(
    aws: EmbeddedAws, templates: Templates, policy: str, sid: str, action: str, missing: str
) -> None:
    """The stack fails, and its events name the missing action."""
    (statement,) = [
        statement
        for statement in statements_of(templates["Stack"], policy)
        if statement.get("Sid") == sid
    ]
    actions = (
        statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    )
    statement["Action"] = [other for other in actions if other != action] or [
        "s3:GetBucketLocation"
    ]
    reasons = deploy(aws, templates)
    assert any(missing in reason for reason in reasons), reasons


@pytest.mark.parametrize("policy", ["EncryptionPolicy3F28E3E0", "BucketPolicyE9A3008A"])
def test_every_dependency_is_needed(aws: EmbeddedAws, templates: Templates, policy: str) -> None:
    """Without it, CloudFormation may make the policy when it is too late."""
    waiting = [
        resource["DependsOn"]
        for resource in templates["Stack"]["Resources"].values()
        if "DependsOn" in resource
    ]
    assert set().union(*waiting) == {"EncryptionPolicy3F28E3E0", "BucketPolicyE9A3008A"}
    for dependencies in waiting:
        dependencies.remove(policy)
    assert any("Insufficient privileges" in reason for reason in deploy(aws, templates))
