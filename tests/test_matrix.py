"""Each row of AWS's pages, as whole statements written out from the pages."""

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
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


def test_a_dataset_group_needs_the_key_in_both_policies(stack: cdk.Stack) -> None:
    """The key policy allows role and service all five actions, IAM the role four of them, and S3 is not involved."""
    PersonalizeEncryption(stack, "Encryption", resources=[PersonalizeResource.dataset_group()])
    assert key_policy(stack, "EncryptionKey3A692D6E") == KEY_POLICY
    assert role_policy(stack) == [ROLE_USES_KEY]
    assert bucket_policy(stack) == []


def test_an_import_job_has_no_kms_in_iam(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """The key policy alone grants permissions for import jobs; role and service read the source."""
    source = S3Location(bucket, "import/")
    PersonalizeEncryption(stack, "Encryption", resources=[PersonalizeResource.dataset_import_job(source)])
    assert key_policy(stack, "EncryptionKey3A692D6E") == KEY_POLICY
    assert role_policy(stack) == [
        {"Sid": "ListBucket", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": BUCKET},
        {"Sid": "ReadObjects", "Effect": "Allow", "Action": "s3:GetObject", "Resource": below("import/")},
    ]
    assert bucket_policy(stack) == [
        {
            "Sid": "PersonalizeServiceListBucket",
            "Effect": "Allow",
            "Principal": PERSONALIZE,
            "Action": "s3:ListBucket",
            "Resource": BUCKET,
            "Condition": OF_THIS_ACCOUNT,
        },
        {
            "Sid": "PersonalizeServiceReadObjects",
            "Effect": "Allow",
            "Principal": PERSONALIZE,
            "Action": "s3:GetObject",
            "Resource": below("import/"),
            "Condition": OF_THIS_ACCOUNT,
        },
    ]


def test_an_export_job_generates_data_keys_without_plaintext(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """The dataset group's key policy has a sixth action for exports, IAM has not; role and service write."""
    destination = S3Location(bucket, "export/")
    PersonalizeEncryption(stack, "Encryption", resources=[PersonalizeResource.dataset_export_job(destination)])
    assert key_policy(stack, "EncryptionKey3A692D6E") == EXPORT_KEY_POLICY
    assert role_policy(stack) == [
        {"Sid": "ListBucket", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": BUCKET},
        ROLE_USES_KEY,
        {"Sid": "WriteObjects", "Effect": "Allow", "Action": "s3:PutObject", "Resource": below("export/")},
    ]
    assert bucket_policy(stack) == [
        {
            "Sid": "PersonalizeServiceListBucket",
            "Effect": "Allow",
            "Principal": PERSONALIZE,
            "Action": "s3:ListBucket",
            "Resource": BUCKET,
            "Condition": OF_THIS_ACCOUNT,
        },
        {
            "Sid": "PersonalizeServiceWriteObjects",
            "Effect": "Allow",
            "Principal": PERSONALIZE,
            "Action": "s3:PutObject",
            "Resource": below("export/"),
            "Condition": OF_THIS_ACCOUNT,
        },
    ]


def test_an_export_allowed_later_completes_the_key_policy(stack: cdk.Stack) -> None:
    """The statements of a dataset group's key grow by the export's action, wherever in the program it comes."""
    encryption = PersonalizeEncryption(stack, "Encryption", resources=[PersonalizeResource.dataset_group()])
    encryption.allow(PersonalizeResource.dataset_export_job())
    assert key_policy(stack, "EncryptionKey3A692D6E") == EXPORT_KEY_POLICY
    assert role_policy(stack) == [ROLE_USES_KEY]


BATCH_ROLE_POLICY = [
    {"Sid": "ListBucket", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": BUCKET},
    {"Sid": "ReadObjects", "Effect": "Allow", "Action": "s3:GetObject", "Resource": below("in/")},
    ROLE_USES_KEY,
    {"Sid": "WriteObjects", "Effect": "Allow", "Action": "s3:PutObject", "Resource": below("out/")},
]
BATCH_BUCKET_POLICY = [
    {
        "Sid": "PersonalizeServiceListBucket",
        "Effect": "Allow",
        "Principal": PERSONALIZE,
        "Action": "s3:ListBucket",
        "Resource": BUCKET,
        "Condition": OF_THIS_ACCOUNT,
    },
    {
        "Sid": "PersonalizeServiceReadObjects",
        "Effect": "Allow",
        "Principal": PERSONALIZE,
        "Action": "s3:GetObject",
        "Resource": below("in/"),
        "Condition": OF_THIS_ACCOUNT,
    },
    {
        "Sid": "PersonalizeServiceWriteObjects",
        "Effect": "Allow",
        "Principal": PERSONALIZE,
        "Action": "s3:PutObject",
        "Resource": below("out/"),
        "Condition": OF_THIS_ACCOUNT,
    },
]


def test_a_batch_inference_job_reads_its_input_and_writes_its_output(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """Reading is limited to the source and writing to the destination, for role and service."""
    job = PersonalizeResource.batch_inference_job(S3Location(bucket, "in/"), S3Location(bucket, "out/"))
    PersonalizeEncryption(stack, "Encryption", resources=[job])
    assert key_policy(stack, "EncryptionKey3A692D6E") == KEY_POLICY
    assert role_policy(stack) == BATCH_ROLE_POLICY
    assert bucket_policy(stack) == BATCH_BUCKET_POLICY


def test_a_batch_segment_job_needs_what_batch_inference_needs(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """AWS documents the same permissions for both kinds of batch job."""
    job = PersonalizeResource.batch_segment_job(S3Location(bucket, "in/"), S3Location(bucket, "out/"))
    PersonalizeEncryption(stack, "Encryption", resources=[job])
    assert key_policy(stack, "EncryptionKey3A692D6E") == KEY_POLICY
    assert role_policy(stack) == BATCH_ROLE_POLICY
    assert bucket_policy(stack) == BATCH_BUCKET_POLICY


PUBLISH_METRICS = {
    "Sid": "PublishMetrics",
    "Effect": "Allow",
    "Action": "cloudwatch:PutMetricData",
    "Resource": "*",
}


def test_a_metric_attribution_publishes_to_cloudwatch(stack: cdk.Stack) -> None:
    """Without a destination there is no S3 access at all."""
    PersonalizeEncryption(stack, "Encryption", resources=[PersonalizeResource.metric_attribution()])
    assert key_policy(stack, "EncryptionKey3A692D6E") == KEY_POLICY
    assert role_policy(stack) == [PUBLISH_METRICS, ROLE_USES_KEY]
    assert bucket_policy(stack) == []


def test_a_metric_attribution_writes_reports_without_listing(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """With a destination role and service may put objects there, and nothing else."""
    destination = S3Location(bucket, "metrics/")
    PersonalizeEncryption(stack, "Encryption", resources=[PersonalizeResource.metric_attribution(destination)])
    assert key_policy(stack, "EncryptionKey3A692D6E") == KEY_POLICY
    assert role_policy(stack) == [
        PUBLISH_METRICS,
        ROLE_USES_KEY,
        {"Sid": "WriteObjects", "Effect": "Allow", "Action": "s3:PutObject", "Resource": below("metrics/")},
    ]
    assert bucket_policy(stack) == [
        {
            "Sid": "PersonalizeServiceWriteObjects",
            "Effect": "Allow",
            "Principal": PERSONALIZE,
            "Action": "s3:PutObject",
            "Resource": below("metrics/"),
            "Condition": OF_THIS_ACCOUNT,
        }
    ]


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
