"""Permissions of an import job and a metric attribution where data is read and written, through boto3."""

from __future__ import annotations

from typing import Any

INVALID = "InvalidInputException"


def test_an_import_needs_no_kms_in_iam(scenario: Any) -> None:
    """The key policy names the role, and that is all an import needs of KMS."""
    dataset = scenario.create_dataset()
    scenario.role_policy(
        scenario.allow_role(["s3:GetObject"], "arn:aws:s3:::movies-data/import/*"),
        scenario.allow_role(["s3:ListBucket"], "arn:aws:s3:::movies-data"),
    )
    scenario.import_data(dataset)


def test_an_import_needs_the_bucket_policy(scenario: Any, refusal: Any) -> None:
    """Without a bucket policy the service reads nothing, whatever the role may."""
    dataset = scenario.create_dataset()
    scenario.s3.delete_bucket_policy(Bucket=scenario.bucket)
    assert refusal(scenario.import_data, dataset) == (
        INVALID,
        "Insufficient privileges for dataset import job first: personalize.amazonaws.com needs s3:GetObject on "
        "arn:aws:s3:::movies-data/import/data.csv (bucket policy); personalize.amazonaws.com needs s3:ListBucket on "
        "arn:aws:s3:::movies-data (bucket policy)",
    )


def test_an_import_needs_s3_in_iam(scenario: Any, refusal: Any) -> None:
    """Without S3 in its policies the role reads nothing, whatever the service may."""
    dataset = scenario.create_dataset()
    scenario.role_policy(scenario.allow_role(["s3:GetObject"], "arn:aws:s3:::movies-data/elsewhere/*"))
    assert refusal(scenario.import_data, dataset) == (
        INVALID,
        f"Insufficient privileges for dataset import job first: {scenario.role_arn} needs s3:GetObject on "
        f"arn:aws:s3:::movies-data/import/data.csv (IAM policies of the role); {scenario.role_arn} needs "
        "s3:ListBucket on arn:aws:s3:::movies-data (IAM policies of the role)",
    )


def test_an_import_needs_the_key_of_the_bucket(scenario: Any, refusal: Any) -> None:
    """A bucket with a key of its own brings that key into play, next to the dataset group's."""
    dataset = scenario.create_dataset()
    own = scenario.kms.create_key()["KeyMetadata"]["Arn"]
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": own}
    scenario.s3.put_bucket_encryption(
        Bucket=scenario.bucket,
        ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": default}]},
    )
    five = "kms:Decrypt, kms:GenerateDataKey, kms:DescribeKey, kms:CreateGrant, kms:ListGrants"
    assert refusal(scenario.import_data, dataset) == (
        INVALID,
        f"Insufficient privileges for dataset import job first: personalize.amazonaws.com needs {five} on {own} "
        f"(key policy); {scenario.role_arn} needs {five} on {own} (IAM policies of the role: the key policy only "
        "delegates to its account)",
    )


def test_an_import_needs_data(scenario: Any, refusal: Any) -> None:
    """An empty prefix and a file that isn't there are refused; one file by its full name is taken."""
    dataset = scenario.create_dataset()
    for location in ("s3://movies-data/import/none/", "s3://movies-data/import/dat"):
        assert refusal(scenario.import_data, dataset, location) == (INVALID, f"No data found at {location}")
    scenario.import_data(dataset, "s3://movies-data/import/data.csv")


def test_an_import_needs_the_columns_of_the_schema(scenario: Any) -> None:
    """A field that can be null may be left out of the file, any other may not: the job fails, and says so."""
    dataset = scenario.create_dataset()
    scenario.put_data("import/bad.csv", "USER_ID,EVENT_VALUE\nu1,1.0\n")
    job = scenario.import_data(dataset, "s3://movies-data/import/bad.csv")
    described = scenario.finish(scenario.personalize.describe_dataset_import_job, datasetImportJobArn=job)
    assert (described["status"], described["failureReason"]) == (
        "CREATE FAILED",
        "Input csv import/bad.csv is missing the following columns: ITEM_ID, TIMESTAMP",
    )


def test_a_metric_attribution_needs_cloudwatch_and_kms_in_iam(scenario: Any, refusal: Any) -> None:
    """Each permission that the role lacks is named, on the dataset group's key too."""
    group = scenario.create_dataset_group()
    scenario.role_policy(scenario.allow_role(["s3:PutObject"], "arn:aws:s3:::movies-data/metrics/*"))
    four = "kms:Decrypt, kms:GenerateDataKey, kms:DescribeKey, kms:ListGrants"
    assert refusal(scenario.create_metric_attribution, group) == (
        INVALID,
        f"Insufficient privileges for metric attribution watched: {scenario.role_arn} needs {four} on "
        f"{scenario.key_arn} (IAM policies of the role); {scenario.role_arn} needs cloudwatch:PutMetricData on * "
        "(IAM policies of the role)",
    )


def test_a_metric_attribution_needs_the_bucket_policy(scenario: Any, refusal: Any) -> None:
    """The service writes the files, so the bucket policy names it."""
    group = scenario.create_dataset_group()
    scenario.s3.delete_bucket_policy(Bucket=scenario.bucket)
    assert refusal(scenario.create_metric_attribution, group) == (
        INVALID,
        "Insufficient privileges for metric attribution watched: personalize.amazonaws.com needs s3:PutObject on "
        "arn:aws:s3:::movies-data/metrics/output.csv (bucket policy)",
    )


def test_a_metric_attribution_may_have_a_key_of_its_own(scenario: Any, refusal: Any) -> None:
    """The key given with the destination is judged, not the bucket's."""
    group = scenario.create_dataset_group()
    own = scenario.kms.create_key()["KeyMetadata"]["Arn"]
    code, message = refusal(scenario.create_metric_attribution, group, path="s3://movies-data/metrics/", kmsKeyArn=own)
    five = "kms:Decrypt, kms:GenerateDataKey, kms:DescribeKey, kms:CreateGrant, kms:ListGrants"
    assert code == INVALID
    assert f"personalize.amazonaws.com needs {five} on {own} (key policy)" in message
