"""Each row of AWS's pages, as whole statements written out from the pages; a new row has an entry in WRITTEN_OUT."""

from typing import Any, NamedTuple

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from personalize_kms_constructs.matrix import ROWS, Permissions
from tests.policies import bucket_policy, key_policy, role_policy

KEY = {"Fn::GetAtt": ["EncryptionKey3A692D6E", "Arn"]}
ROLE = {"Fn::GetAtt": ["EncryptionRole2D2265A5", "Arn"]}
BUCKET = {"Fn::GetAtt": ["Bucket83908E77", "Arn"]}
PERSONALIZE = {"Service": "personalize.amazonaws.com"}
# Wherever the service says for whom it calls; whether it does is not documented.
OF_THIS_ACCOUNT = {"StringEqualsIfExists": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def below(prefix: str) -> dict[str, object]:
    """The objects below a prefix of the bucket."""
    return {"Fn::Join": ["", [BUCKET, f"/{prefix}*"]]}


# "Your AWS KMS key policy and IAM policies must grant permissions for the following actions", key policy.
KEY_POLICY = [
    {
        "Sid": "PersonalizeRole",
        "Effect": "Allow",
        "Principal": {"AWS": ROLE},
        "Action": [
            "kms:CreateGrant",
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:GenerateDataKey",
            "kms:ListGrants",
        ],
        "Resource": "*",
    },
    {
        "Sid": "PersonalizeService",
        "Effect": "Allow",
        "Principal": PERSONALIZE,
        "Action": [
            "kms:CreateGrant",
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:GenerateDataKey",
            "kms:ListGrants",
        ],
        "Resource": "*",
        "Condition": OF_THIS_ACCOUNT,
    },
]
# The same for a key whose dataset group's data will be exported.
EXPORT_KEY_POLICY = [
    {
        "Sid": "PersonalizeRole",
        "Effect": "Allow",
        "Principal": {"AWS": ROLE},
        "Action": [
            "kms:CreateGrant",
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:GenerateDataKey",
            "kms:ListGrants",
            "kms:GenerateDataKeyWithoutPlaintext",
        ],
        "Resource": "*",
    },
    {
        "Sid": "PersonalizeService",
        "Effect": "Allow",
        "Principal": PERSONALIZE,
        "Action": [
            "kms:CreateGrant",
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:GenerateDataKey",
            "kms:ListGrants",
            "kms:GenerateDataKeyWithoutPlaintext",
        ],
        "Resource": "*",
        "Condition": OF_THIS_ACCOUNT,
    },
]
# The IAM policy example, scoped to the key.
ROLE_USES_KEY = {
    "Sid": "UseKey",
    "Effect": "Allow",
    "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"],
    "Resource": KEY,
}


# Role and service list the bucket, read below in/, and write below out/.
ROLE_LISTS = {"Sid": "ListBucket", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": BUCKET}
ROLE_READS = {"Sid": "ReadObjects", "Effect": "Allow", "Action": "s3:GetObject", "Resource": below("in/")}
ROLE_WRITES = {"Sid": "WriteObjects", "Effect": "Allow", "Action": "s3:PutObject", "Resource": below("out/")}
SERVICE_LISTS = {
    "Sid": "PersonalizeServiceListBucket",
    "Effect": "Allow",
    "Principal": PERSONALIZE,
    "Action": "s3:ListBucket",
    "Resource": BUCKET,
    "Condition": OF_THIS_ACCOUNT,
}
SERVICE_READS = {
    "Sid": "PersonalizeServiceReadObjects",
    "Effect": "Allow",
    "Principal": PERSONALIZE,
    "Action": "s3:GetObject",
    "Resource": below("in/"),
    "Condition": OF_THIS_ACCOUNT,
}
SERVICE_WRITES = {
    "Sid": "PersonalizeServiceWriteObjects",
    "Effect": "Allow",
    "Principal": PERSONALIZE,
    "Action": "s3:PutObject",
    "Resource": below("out/"),
    "Condition": OF_THIS_ACCOUNT,
}
PUBLISH_METRICS = {
    "Sid": "PublishMetrics",
    "Effect": "Allow",
    "Action": "cloudwatch:PutMetricData",
    "Resource": "*",
}


class Policies(NamedTuple):
    """The statements for one resource, whose source is in/ and whose destination out/ of one bucket without a key."""

    of_key: list[dict[str, Any]]
    of_role: list[dict[str, Any]]
    of_bucket: list[dict[str, Any]]


WRITTEN_OUT = {
    "dataset group": Policies(KEY_POLICY, [ROLE_USES_KEY], []),
    # "only AWS KMS key policy must grant permissions"
    "dataset import job": Policies(KEY_POLICY, [ROLE_LISTS, ROLE_READS], [SERVICE_LISTS, SERVICE_READS]),
    "dataset export job": Policies(
        EXPORT_KEY_POLICY, [ROLE_LISTS, ROLE_USES_KEY, ROLE_WRITES], [SERVICE_LISTS, SERVICE_WRITES]
    ),
    "batch inference job": Policies(
        KEY_POLICY,
        [ROLE_LISTS, ROLE_READS, ROLE_USES_KEY, ROLE_WRITES],
        [SERVICE_LISTS, SERVICE_READS, SERVICE_WRITES],
    ),
    "batch segment job": Policies(
        KEY_POLICY,
        [ROLE_LISTS, ROLE_READS, ROLE_USES_KEY, ROLE_WRITES],
        [SERVICE_LISTS, SERVICE_READS, SERVICE_WRITES],
    ),
    # As import jobs.
    "data deletion job": Policies(KEY_POLICY, [ROLE_LISTS, ROLE_READS], [SERVICE_LISTS, SERVICE_READS]),
    # It puts reports without listing.
    "metric attribution": Policies(KEY_POLICY, [PUBLISH_METRICS, ROLE_USES_KEY, ROLE_WRITES], [SERVICE_WRITES]),
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.resource)
def test_each_row_makes_these_statements(stack: cdk.Stack, bucket: s3.Bucket, row: Permissions) -> None:
    """In the key's policy, the role's and the bucket's, and no others."""
    source = None if row.source is None else S3Location(bucket, "in/")
    destination = None if row.destination is None else S3Location(bucket, "out/")
    resource = PersonalizeResource(row, source=source, destination=destination)
    PersonalizeEncryption(stack, "Encryption", resources=[resource])
    found = Policies(key_policy(stack, "EncryptionKey3A692D6E"), role_policy(stack), bucket_policy(stack))
    assert found == WRITTEN_OUT[row.resource]


def test_an_export_allowed_later_completes_the_key_policy(stack: cdk.Stack) -> None:
    """The statements of a dataset group's key grow by the export's action, wherever in the program it comes."""
    encryption = PersonalizeEncryption(stack, "Encryption", resources=[PersonalizeResource.dataset_group()])
    encryption.allow(PersonalizeResource.dataset_export_job())
    assert key_policy(stack, "EncryptionKey3A692D6E") == EXPORT_KEY_POLICY
    assert role_policy(stack) == [ROLE_USES_KEY]


def test_a_metric_attribution_without_a_destination_has_no_s3_access(stack: cdk.Stack) -> None:
    """It publishes to CloudWatch alone."""
    PersonalizeEncryption(stack, "Encryption", resources=[PersonalizeResource.metric_attribution()])
    assert key_policy(stack, "EncryptionKey3A692D6E") == KEY_POLICY
    assert role_policy(stack) == [PUBLISH_METRICS, ROLE_USES_KEY]
    assert bucket_policy(stack) == []


def test_nothing_chosen_allows_nothing(stack: cdk.Stack) -> None:
    """An empty selection makes a key and a role that know nothing of each other."""
    PersonalizeEncryption(stack, "Encryption")
    assert key_policy(stack, "EncryptionKey3A692D6E") == []
    assert role_policy(stack) == []
    assert bucket_policy(stack) == []


def test_resources_without_locations_leave_s3_alone(stack: cdk.Stack) -> None:
    """Only KMS is wired for jobs whose locations somebody else looks after."""
    PersonalizeEncryption(
        stack,
        "Encryption",
        resources=[
            PersonalizeResource.dataset_import_job(),
            PersonalizeResource.batch_inference_job(),
            PersonalizeResource.batch_segment_job(),
        ],
    )
    assert key_policy(stack, "EncryptionKey3A692D6E") == KEY_POLICY
    assert role_policy(stack) == [ROLE_USES_KEY]
    assert bucket_policy(stack) == []


def test_an_import_alone_without_location_needs_no_iam_policy(stack: cdk.Stack) -> None:
    """There is no managed policy when IAM has nothing to say."""
    PersonalizeEncryption(stack, "Encryption", resources=[PersonalizeResource.dataset_import_job()])
    assert key_policy(stack, "EncryptionKey3A692D6E") == KEY_POLICY
    assert role_policy(stack) == []
