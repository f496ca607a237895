"""The permissions that AWS asks for, for each resource of Amazon Personalize: its documentation as data.

Every action this library ever grants is named here, in a row with the pages it comes from; nothing here
knows the CDK. A row is about one resource, two principals (the service role, and the service principal
``personalize.amazonaws.com``) and three places (key policies, the role's IAM policies, bucket policies).
"""

from __future__ import annotations

from dataclasses import dataclass

SERVICE_PRINCIPAL = "personalize.amazonaws.com"

_GUIDE = "https://docs.aws.amazon.com/personalize/latest/dg"
KMS_PAGE = f"{_GUIDE}/granting-personalize-key-access.html"
IMPORT_PAGE = f"{_GUIDE}/granting-personalize-s3-access.html"
EXPORT_PAGE = f"{_GUIDE}/export-permissions.html"
BATCH_PAGE = f"{_GUIDE}/batch-permissions.html"
METRICS_PAGE = f"{_GUIDE}/metric-attribution-requirements.html"


@dataclass(frozen=True)
class Actions:
    """Actions that always go together, on one kind of resource; the name is that of their statements."""

    name: str
    actions: tuple[str, ...]


# "Your AWS KMS key policy and IAM policies must grant permissions for the following actions" (KMS_PAGE).
USE_KEY = Actions("UseKey", ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"))
# "CreateGrant (only required in key policy)".
CREATE_GRANTS = Actions("CreateGrants", ("kms:CreateGrant",))
# "If you specify a key when you create a dataset group and want to export data from a dataset, your key policy must
# include the GenerateDataKeyWithoutPlaintext action."
EXPORT_DATA = Actions("ExportData", ("kms:GenerateDataKeyWithoutPlaintext",))

# All that a row ever asks of a key policy.
KEY_POLICY_ACTIONS = tuple(sorted((*CREATE_GRANTS.actions, *USE_KEY.actions, *EXPORT_DATA.actions)))

READ_OBJECTS = Actions("ReadObjects", ("s3:GetObject",))
WRITE_OBJECTS = Actions("WriteObjects", ("s3:PutObject",))
LIST_BUCKET = Actions("ListBucket", ("s3:ListBucket",))

# The service authorization reference knows no resource for it.
PUBLISH_METRICS = Actions("PublishMetrics", ("cloudwatch:PutMetricData",))


@dataclass(frozen=True)
class S3Access:
    """The S3 actions of a resource on one of its locations; the role and the service need the same."""

    on_objects: Actions
    """On the objects below the location's prefix."""
    on_bucket: tuple[Actions, ...] = (LIST_BUCKET,)
    """On the bucket itself."""


@dataclass(frozen=True)
class Permissions:
    """One row: what must be allowed before Personalize can create the resource."""

    resource: str
    """The resource as AWS's page calls it."""
    pages: tuple[str, ...]
    """Where each of the following is documented."""
    key_policy: tuple[Actions, ...] = (CREATE_GRANTS, USE_KEY)
    """In the policy of every key involved, for the role and for the service."""
    dataset_group_key_policy: tuple[Actions, ...] = ()
    """Besides those, in the policy of the dataset group's key."""
    role_on_keys: tuple[Actions, ...] = (USE_KEY,)
    """In the role's IAM policies, on every key involved."""
    role_on_everything: tuple[Actions, ...] = ()
    """In the role's IAM policies, on ``*``: actions that take no narrower resource."""
    source: S3Access | None = None
    """Data that Personalize reads; none where the resource reads nothing."""
    destination: S3Access | None = None
    """Data that Personalize writes; none where the resource writes nothing."""
    note: str = ""
    """Where the pages differ, and which was chosen."""


DATASET_GROUP = Permissions(resource="dataset group", pages=(KMS_PAGE,))

DATASET_IMPORT_JOB = Permissions(
    resource="dataset import job",
    pages=(KMS_PAGE, IMPORT_PAGE),
    role_on_keys=(),  # "only AWS KMS key policy must grant permissions"
    source=S3Access(READ_OBJECTS),
)

DATASET_EXPORT_JOB = Permissions(
    resource="dataset export job",
    pages=(KMS_PAGE, EXPORT_PAGE),
    dataset_group_key_policy=(EXPORT_DATA,),
    destination=S3Access(WRITE_OBJECTS),
)

BATCH_INFERENCE_JOB = Permissions(
    resource="batch inference job",
    pages=(KMS_PAGE, BATCH_PAGE),
    source=S3Access(READ_OBJECTS),
    destination=S3Access(WRITE_OBJECTS),
)

BATCH_SEGMENT_JOB = Permissions(
    resource="batch segment job",
    pages=(KMS_PAGE, BATCH_PAGE),
    source=S3Access(READ_OBJECTS),
    destination=S3Access(WRITE_OBJECTS),
)

# The pages differ. KMS_PAGE lists what needs permission to use a key, and no data deletion job. IMPORT_PAGE has one
# policy for "dataset import jobs or data deletion jobs", and says in step 4: "If you use AWS Key Management Service
# (AWS KMS) for encryption, you must grant Amazon Personalize and your Amazon Personalize IAM service role permission to
# use your key." CreateDataDeletionJob's API reference says of S3 that permissions "are the same as importing data".
# Chosen: the row of import jobs, since it lets both use the keys and is the least that does: the key policy alone.
DATA_DELETION_JOB = Permissions(
    resource="data deletion job",
    pages=(KMS_PAGE, IMPORT_PAGE),
    role_on_keys=(),
    source=S3Access(READ_OBJECTS),
    note=(
        "AWS's pages differ: the page on KMS doesn't list data deletion jobs, and the page on S3 asks that with KMS "
        "role and service may use the key. Chosen: the KMS permissions of dataset import jobs."
    ),
)

METRIC_ATTRIBUTION = Permissions(
    resource="metric attribution",
    pages=(KMS_PAGE, METRICS_PAGE),
    role_on_everything=(PUBLISH_METRICS,),
    destination=S3Access(WRITE_OBJECTS, on_bucket=()),
)
