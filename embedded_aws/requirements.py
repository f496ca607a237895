"""AWS's permission matrix as data: the actions to allow before Personalize creates a resource.

Transcribed from AWS's pages, named in each row (PDG = Personalize developer guide,
docs.aws.amazon.com/personalize/latest/dg/PAGE.html). It shares nothing with the construct library
on purpose: a mistake in the library's table must not be repeated here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

PERSONALIZE = "personalize.amazonaws.com"

KMS_PAGE = "granting-personalize-key-access"

# "Your AWS KMS key policy and IAM policies must grant permissions for the following actions"
# (KMS_PAGE)
KEY_POLICY_ACTIONS = (
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "kms:DescribeKey",
    "kms:CreateGrant",
    "kms:ListGrants",
)
# "CreateGrant (only required in key policy)" (the same list)
IAM_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:ListGrants")

BUCKET_ACTIONS = frozenset({"s3:ListBucket"})
"""The S3 actions on the bucket itself; every other one is on its objects."""


@dataclass(frozen=True)
class Row:
    """The permissions that one kind of Personalize resource needs.

    `key_policy` is needed by the role and by the service principal, on every key in play, and
    `dataset_group_key_policy` and its like besides on that one. `role_kms` must be in the role's
    own IAM policies whatever the key policy says. `role_any` is needed on `*`. `source` and
    `destination` are needed by the role in its IAM policies and by the service principal in the
    bucket's policy.
    """

    resource: str
    pages: tuple[str, ...]
    key_policy: tuple[str, ...]
    dataset_group_key_policy: tuple[str, ...] = ()
    source_key_policy: tuple[str, ...] = ()
    destination_key_policy: tuple[str, ...] = ()
    role_kms: tuple[str, ...] = ()
    role_any: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    destination: tuple[str, ...] = ()


DATASET_GROUP = Row(
    resource="dataset group",
    pages=(KMS_PAGE,),
    key_policy=KEY_POLICY_ACTIONS,
    role_kms=IAM_ACTIONS,
)

DATASET_IMPORT_JOB = Row(
    resource="dataset import job",
    pages=(KMS_PAGE, "granting-personalize-s3-access"),
    # "Dataset import job (only AWS KMS key policy must grant permissions)": so no role_kms
    key_policy=KEY_POLICY_ACTIONS,
    source=("s3:GetObject", "s3:ListBucket"),
)

METRIC_ATTRIBUTION = Row(
    resource="metric attribution",
    pages=(KMS_PAGE, "metric-attribution-requirements"),
    key_policy=KEY_POLICY_ACTIONS,
    role_kms=IAM_ACTIONS,
    role_any=("cloudwatch:PutMetricData",),
    destination=("s3:PutObject",),
)

DATASET_EXPORT_JOB = Row(
    resource="dataset export job",
    pages=(KMS_PAGE, "export-permissions"),
    key_policy=KEY_POLICY_ACTIONS,
    # "If you specify a key when you create a dataset group and want to export data from a dataset,
    # your key policy must include the GenerateDataKeyWithoutPlaintext action" (KMS_PAGE)
    dataset_group_key_policy=("kms:GenerateDataKeyWithoutPlaintext",),
    role_kms=IAM_ACTIONS,
    destination=("s3:PutObject", "s3:ListBucket"),
)

# No page has KMS permissions for it alone. "You can use the following policy for dataset import
# jobs or data deletion jobs", and with KMS "you must grant Amazon Personalize and your Amazon
# Personalize IAM service role permission to use your key" (granting-personalize-s3-access): as
# import jobs, so no role_kms
DATA_DELETION_JOB = replace(DATASET_IMPORT_JOB, resource="data deletion job")

BATCH_INFERENCE_JOB = Row(
    resource="batch inference job",
    pages=(KMS_PAGE, "batch-permissions"),
    key_policy=KEY_POLICY_ACTIONS,
    role_kms=IAM_ACTIONS,
    source=("s3:GetObject", "s3:ListBucket"),
    destination=("s3:PutObject", "s3:ListBucket"),
)

BATCH_SEGMENT_JOB = replace(BATCH_INFERENCE_JOB, resource="batch segment job")
