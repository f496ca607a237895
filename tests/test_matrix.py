"""Each row of AWS's pages, as whole statements; a new row needs an entry in WRITTEN_OUT."""

from typing import Any, NamedTuple

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3

from personalize_kms_check import matrix
from personalize_kms_check.matrix import ROWS, Permissions
from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from tests.actions import FIVE, FOUR
from tests.life.conftest import GROUP, allowing
from tests.policies import bucket_policy, key_policy, role_policy

Statement = dict[str, Any]

KEY = {"Fn::GetAtt": ["EncryptionKey3A692D6E", "Arn"]}
DATA_KEY = {"Fn::GetAtt": ["DataKey17AFBB84", "Arn"]}
ROLE = {"Fn::GetAtt": ["EncryptionRole2D2265A5", "Arn"]}
BUCKET = {"Fn::GetAtt": ["EncryptedBucket6730B3DC", "Arn"]}
READ = {"Fn::Join": ["", [BUCKET, "/in/*"]]}
WRITTEN = {"Fn::Join": ["", [BUCKET, "/out/*"]]}


def of_role(sid: str, action: str | list[str], resource: Any) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource}


def of_service(sid: str, action: str | list[str], resource: Any) -> Statement:
    """Wherever the service says for whom it calls; whether it does is not documented."""
    principal = {"Service": "personalize.amazonaws.com"}
    condition = {"StringEqualsIfExists": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    return {**of_role(sid, action, resource), "Principal": principal, "Condition": condition}


def in_key_policy(*actions: str) -> list[Statement]:
    """The statements of a key policy, for both principals; ``*`` is the key there."""
    return [
        {**of_role("PersonalizeRole", [*actions], "*"), "Principal": {"AWS": ROLE}},
        of_service("PersonalizeService", [*actions], "*"),
    ]


# "Your AWS KMS key policy and IAM policies must grant permissions for the following actions", key
# policy.
KEY_POLICY = in_key_policy(*FIVE)
# The same for a key whose dataset group's data will be exported.
EXPORT_KEY_POLICY = in_key_policy(*FIVE, "kms:GenerateDataKeyWithoutPlaintext")
# The IAM policy example, scoped to the keys.
USES_KEY = of_role("UseKey", FOUR, KEY)
USES_KEYS = of_role("UseKey", FOUR, [KEY, DATA_KEY])

# Role and service list the bucket, read below in/, and write below out/.
LISTS = of_role("ListBucket", "s3:ListBucket", BUCKET)
READS = of_role("ReadObjects", "s3:GetObject", READ)
WRITES = of_role("WriteObjects", "s3:PutObject", WRITTEN)
SERVICE_LISTS = of_service("PersonalizeServiceListBucket", "s3:ListBucket", BUCKET)
SERVICE_READS = of_service("PersonalizeServiceReadObjects", "s3:GetObject", READ)
SERVICE_WRITES = of_service("PersonalizeServiceWriteObjects", "s3:PutObject", WRITTEN)
PUBLISHES = of_role("PublishMetrics", "cloudwatch:PutMetricData", "*")


class Policies(NamedTuple):
    """The statements for one resource, from in/ to out/ of a bucket with a key."""

    of_dataset_groups_key: list[Statement]
    of_buckets_key: list[Statement]
    of_role: list[Statement]
    of_bucket: list[Statement]


IMPORT_JOB = Policies(KEY_POLICY, KEY_POLICY, [LISTS, READS], [SERVICE_LISTS, SERVICE_READS])
BATCH_JOB = Policies(
    KEY_POLICY,
    KEY_POLICY,
    [LISTS, READS, USES_KEYS, WRITES],
    [SERVICE_LISTS, SERVICE_READS, SERVICE_WRITES],
)
WRITTEN_OUT = {
    "dataset group": Policies(KEY_POLICY, [], [USES_KEY], []),
    # "only AWS KMS key policy must grant permissions"
    "dataset import job": IMPORT_JOB,
    # "If you specify a key when you create a dataset group and want to export data": of that key
    # alone.
    "dataset export job": Policies(
        EXPORT_KEY_POLICY, KEY_POLICY, [LISTS, USES_KEYS, WRITES], [SERVICE_LISTS, SERVICE_WRITES]
    ),
    "batch inference job": BATCH_JOB,
    "batch segment job": BATCH_JOB,
    "data deletion job": IMPORT_JOB,
    # It puts reports without listing.
    "metric attribution": Policies(
        KEY_POLICY, KEY_POLICY, [PUBLISHES, USES_KEYS, WRITES], [SERVICE_WRITES]
    ),
}


def policies(stack: cdk.Stack) -> Policies:
    """The statements in the template."""
    return Policies(
        key_policy(stack, "EncryptionKey3A692D6E"),
        key_policy(stack, "DataKey17AFBB84"),
        role_policy(stack),
        bucket_policy(stack),
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.resource)
def test_each_row_makes_these_statements(
    stack: cdk.Stack, encrypted_bucket: s3.Bucket, row: Permissions
) -> None:
    """The policies of both keys, the role and the bucket have them, and no others."""
    factory = getattr(PersonalizeResource, row.resource.replace(" ", "_"))
    locations = {}
    if row.source is not None:
        locations["source"] = S3Location(encrypted_bucket, "in/")
    if row.destination is not None:
        locations["destination"] = S3Location(encrypted_bucket, "out/")
    PersonalizeEncryption(stack, "Encryption", resources=[factory(**locations)])
    assert policies(stack) == WRITTEN_OUT[row.resource]


@pytest.mark.parametrize(
    ("resources", "of_key", "of_role"),
    [
        ([], [], []),
        # There is no managed policy when IAM has nothing to say.
        ([PersonalizeResource.dataset_import_job()], KEY_POLICY, []),
        (
            [PersonalizeResource.batch_inference_job(), PersonalizeResource.batch_segment_job()],
            KEY_POLICY,
            [USES_KEY],
        ),
        ([PersonalizeResource.metric_attribution()], KEY_POLICY, [PUBLISHES, USES_KEY]),
    ],
    ids=["nothing", "import", "batch", "metrics"],
)
def test_resources_without_locations_leave_s3_alone(
    stack: cdk.Stack,
    encrypted_bucket: s3.Bucket,
    resources: list[PersonalizeResource],
    of_key: list[Statement],
    of_role: list[Statement],
) -> None:
    """Only KMS is wired for jobs whose locations others look after, and nothing for nothing."""
    PersonalizeEncryption(stack, "Encryption", resources=resources)
    assert policies(stack) == Policies(of_key, [], of_role, [])


def test_an_export_allowed_later_completes_the_key_policy(
    stack: cdk.Stack, encrypted_bucket: s3.Bucket
) -> None:
    """The dataset group's key policy gets the export's action, wherever the call stands."""
    encryption = allowing(stack, GROUP)
    encryption.allow(PersonalizeResource.dataset_export_job())
    assert policies(stack) == Policies(EXPORT_KEY_POLICY, [], [USES_KEY], [])


def test_every_row_is_one_of_the_rows() -> None:
    """Every row of the module is in the list of all rows."""
    assert tuple(value for value in vars(matrix).values() if isinstance(value, Permissions)) == ROWS
