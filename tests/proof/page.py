"""AWS's pages, transcribed by hand: who needs which action, in which policy, on which resource.

The KMS part is "Giving Amazon Personalize permission to use your AWS KMS key"; the S3 and
CloudWatch parts are "Giving Amazon Personalize access to Amazon S3 resources", "Dataset export job
permissions requirements", "Permissions requirements for batch workflows" and "Metric attribution
requirements". Nothing here is shared with the library or with the embedded AWS, so that their
mistakes can't be repeated.
"""

from collections.abc import Iterator
from dataclasses import dataclass

SERVICE = "personalize.amazonaws.com"
ROLE = "the service role"

KEY_POLICY = "key policy"
IAM = "IAM policies of the role"
BUCKET_POLICY = "bucket policy"

DATASET_GROUP_KEY = "the dataset group's key"
SOURCE_KEY = "the source's key"
DESTINATION_KEY = "the destination's key"
SOURCE_OBJECTS = "the source's objects"
SOURCE_BUCKET = "the source's bucket"
DESTINATION_OBJECTS = "the destination's objects"
DESTINATION_BUCKET = "the destination's bucket"
EVERYTHING = "*"

# "Your AWS KMS key policy and IAM policies must grant permissions for the following actions"
IN_KEY_POLICY = (
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "kms:DescribeKey",
    "kms:CreateGrant",
    "kms:ListGrants",
)
# "CreateGrant (only required in key policy)"
IN_IAM = ("kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:ListGrants")

TRUST_ACTION = "sts:AssumeRole"


@dataclass(frozen=True)
class Asked:
    """A sentence of a page."""

    principals: tuple[str, ...]
    where: str
    actions: tuple[str, ...]
    on: tuple[str, ...]


# "Dataset import job (only AWS KMS key policy must grant permissions)": no KMS in IAM
IMPORT_JOB: tuple[Asked, ...] = (
    Asked((ROLE, SERVICE), KEY_POLICY, IN_KEY_POLICY, (DATASET_GROUP_KEY, SOURCE_KEY)),
    Asked((ROLE,), IAM, ("s3:GetObject",), (SOURCE_OBJECTS,)),
    Asked((ROLE,), IAM, ("s3:ListBucket",), (SOURCE_BUCKET,)),
    Asked((SERVICE,), BUCKET_POLICY, ("s3:GetObject",), (SOURCE_OBJECTS,)),
    Asked((SERVICE,), BUCKET_POLICY, ("s3:ListBucket",), (SOURCE_BUCKET,)),
)
# "Permissions requirements for batch workflows" is about both kinds.
BATCH_JOB: tuple[Asked, ...] = (
    Asked(
        (ROLE, SERVICE), KEY_POLICY, IN_KEY_POLICY, (DATASET_GROUP_KEY, SOURCE_KEY, DESTINATION_KEY)
    ),
    Asked((ROLE,), IAM, IN_IAM, (DATASET_GROUP_KEY, SOURCE_KEY, DESTINATION_KEY)),
    Asked((ROLE,), IAM, ("s3:GetObject",), (SOURCE_OBJECTS,)),
    Asked((ROLE,), IAM, ("s3:PutObject",), (DESTINATION_OBJECTS,)),
    Asked((ROLE,), IAM, ("s3:ListBucket",), (SOURCE_BUCKET, DESTINATION_BUCKET)),
    Asked((SERVICE,), BUCKET_POLICY, ("s3:GetObject",), (SOURCE_OBJECTS,)),
    Asked((SERVICE,), BUCKET_POLICY, ("s3:PutObject",), (DESTINATION_OBJECTS,)),
    Asked((SERVICE,), BUCKET_POLICY, ("s3:ListBucket",), (SOURCE_BUCKET, DESTINATION_BUCKET)),
)
PAGE: dict[str, tuple[Asked, ...]] = {
    "dataset group": (
        Asked((ROLE, SERVICE), KEY_POLICY, IN_KEY_POLICY, (DATASET_GROUP_KEY,)),
        Asked((ROLE,), IAM, IN_IAM, (DATASET_GROUP_KEY,)),
    ),
    "dataset import job": IMPORT_JOB,
    "dataset export job": (
        Asked((ROLE, SERVICE), KEY_POLICY, IN_KEY_POLICY, (DATASET_GROUP_KEY, DESTINATION_KEY)),
        # "If you specify a key when you create a dataset group and want to export data from a
        # dataset, your key policy must include the GenerateDataKeyWithoutPlaintext action."
        Asked(
            (ROLE, SERVICE),
            KEY_POLICY,
            ("kms:GenerateDataKeyWithoutPlaintext",),
            (DATASET_GROUP_KEY,),
        ),
        Asked((ROLE,), IAM, IN_IAM, (DATASET_GROUP_KEY, DESTINATION_KEY)),
        Asked((ROLE,), IAM, ("s3:PutObject",), (DESTINATION_OBJECTS,)),
        Asked((ROLE,), IAM, ("s3:ListBucket",), (DESTINATION_BUCKET,)),
        Asked((SERVICE,), BUCKET_POLICY, ("s3:PutObject",), (DESTINATION_OBJECTS,)),
        Asked((SERVICE,), BUCKET_POLICY, ("s3:ListBucket",), (DESTINATION_BUCKET,)),
    ),
    "batch inference job": BATCH_JOB,
    "batch segment job": BATCH_JOB,
    # The pages differ: the list of the KMS page lacks it. The S3 page: "You can use the following
    # policy for dataset import jobs or data deletion jobs", and "If you use AWS Key Management
    # Service (AWS KMS) for encryption, you must grant Amazon Personalize and your Amazon
    # Personalize IAM service role permission to use your key." As for import jobs, then, and in the
    # key policy alone.
    "data deletion job": IMPORT_JOB,
    "metric attribution": (
        Asked((ROLE, SERVICE), KEY_POLICY, IN_KEY_POLICY, (DATASET_GROUP_KEY, DESTINATION_KEY)),
        Asked((ROLE,), IAM, IN_IAM, (DATASET_GROUP_KEY, DESTINATION_KEY)),
        Asked((ROLE,), IAM, ("cloudwatch:PutMetricData",), (EVERYTHING,)),
        Asked((ROLE,), IAM, ("s3:PutObject",), (DESTINATION_OBJECTS,)),
        Asked((SERVICE,), BUCKET_POLICY, ("s3:PutObject",), (DESTINATION_OBJECTS,)),
    ),
}


def _on_everything() -> Iterator[str]:
    for sentences in PAGE.values():
        for asked in sentences:
            if EVERYTHING in asked.on:
                yield from asked.actions


ON_EVERYTHING = frozenset(_on_everything())
"""The actions that take no narrower resource."""


def reads(kind: str) -> bool:
    """Tell if a resource has a source."""
    return any(SOURCE_OBJECTS in asked.on for asked in PAGE[kind])


def writes(kind: str) -> bool:
    """Tell if a resource has a destination."""
    return any(DESTINATION_OBJECTS in asked.on for asked in PAGE[kind])
