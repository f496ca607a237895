"""Key and role of one stack: the key policy names the role, and IAM has what the page says and no more."""

from collections.abc import Callable

import aws_cdk as cdk
import pytest
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3

from embedded_aws import EmbeddedAws
from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from tests.deploy.stacks import Templates, deploy, of_type
from tests.policies import template


@pytest.fixture
def templates(stack: cdk.Stack) -> Templates:
    """A dataset group, and a metric attribution that writes to a bucket."""
    bucket = s3.Bucket(stack, "Bucket", encryption=s3.BucketEncryption.KMS)
    encryption = PersonalizeEncryption(stack, "Encryption", resources=[PersonalizeResource.dataset_export_job()])
    movies = encryption.add_dataset_group("Movies", name="movies")
    encryption.add_metric_attribution(
        "Metrics",
        dataset_group=movies,
        name="metrics",
        metrics=[
            personalize.CfnMetricAttribution.MetricAttributeProperty(
                metric_name="RATINGS", event_type="rating", expression="SAMPLECOUNT()"
            )
        ],
        destination=S3Location(bucket, "metrics/"),
    )
    return {"Stack": template(stack)}


def test_it_deploys(aws: EmbeddedAws, templates: Templates) -> None:
    """Nothing is missing in the named form."""
    assert deploy(aws, templates) == []


def test_it_deploys_without_account_statements_when_others_keep_the_key(aws: EmbeddedAws, templates: Templates) -> None:
    """Nothing relies on the account statement: an administrator's statement instead of it is enough."""
    for key in of_type(templates["Stack"], "AWS::KMS::Key"):
        account = key["Properties"]["KeyPolicy"]["Statement"][0]
        account["Action"] = ["kms:PutKeyPolicy", "kms:GetKeyPolicy"]
    assert deploy(aws, templates) == []


def role_may_not_create_grants(templates: Templates) -> None:
    """``CreateGrant`` is only in the key policy, which then lacks it."""
    key = templates["Stack"]["Resources"]["EncryptionKey3A692D6E"]
    (role, _) = [s for s in key["Properties"]["KeyPolicy"]["Statement"] if "Sid" in s]
    role["Action"].remove("kms:CreateGrant")


def role_has_no_key_in_iam(templates: Templates) -> None:
    """The page wants the four actions in IAM although the key policy allows them."""
    (policy,) = of_type(templates["Stack"], "AWS::IAM::ManagedPolicy")
    document = policy["Properties"]["PolicyDocument"]
    document["Statement"] = [s for s in document["Statement"] if s["Sid"] != "UseKey"]


def role_may_not_publish(templates: Templates) -> None:
    """The metric attribution needs CloudWatch."""
    (policy,) = of_type(templates["Stack"], "AWS::IAM::ManagedPolicy")
    document = policy["Properties"]["PolicyDocument"]
    document["Statement"] = [s for s in document["Statement"] if s["Sid"] != "PublishMetrics"]


def another_account_is_trusted(templates: Templates) -> None:
    """Personalize can't assume the role for this account."""
    (role,) = of_type(templates["Stack"], "AWS::IAM::Role")
    (statement,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    statement["Condition"]["StringEquals"]["aws:SourceAccount"] = "222222222222"


@pytest.mark.parametrize(
    ("break_it", "missing"),
    [
        (role_may_not_create_grants, "needs kms:CreateGrant"),
        (role_has_no_key_in_iam, "needs kms:Decrypt, kms:GenerateDataKey, kms:DescribeKey, kms:ListGrants"),
        (role_may_not_publish, "needs cloudwatch:PutMetricData"),
        (another_account_is_trusted, "needs sts:AssumeRole"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "message",
)
def test_a_broken_variant_fails_to_deploy(
    aws: EmbeddedAws, templates: Templates, break_it: Callable[[Templates], None], missing: str
) -> None:
    """The stack fails, and its events name what is missing."""
    break_it(templates)
    reasons = deploy(aws, templates)
    assert any(missing in reason for reason in reasons), reasons


@pytest.mark.parametrize("policy", ["EncryptionPolicy3F28E3E0", "BucketPolicyE9A3008A"])
def test_every_dependency_is_needed(aws: EmbeddedAws, templates: Templates, policy: str) -> None:
    """Without it, CloudFormation may make the policy when it is too late."""
    waiting = [each["DependsOn"] for each in templates["Stack"]["Resources"].values() if "DependsOn" in each]
    assert {dependency for each in waiting for dependency in each} == {
        "EncryptionPolicy3F28E3E0",
        "BucketPolicyE9A3008A",
    }
    for dependencies in waiting:
        dependencies.remove(policy)
    assert any("Insufficient privileges" in reason for reason in deploy(aws, templates))
