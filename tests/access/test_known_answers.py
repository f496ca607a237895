"""Policies that AWS publishes or the CDK writes, with all findings written out by hand."""

import pytest

from tests.access.models import (
    ACCOUNT_STATEMENT,
    BUCKET,
    EXPORT_JOB,
    IMPORT_JOB,
    KEY,
    ROLE,
    Line,
    Statement,
    asked,
    iam,
    lines,
    location,
    of,
    report_of,
)

AWS_PAGE_KEY_POLICY = {
    "Sid": "Allow use of the key",
    "Effect": "Allow",
    "Principal": {"AWS": ROLE, "Service": "personalize.amazonaws.com"},
    "Action": [
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "kms:DescribeKey",
        "kms:CreateGrant",
        "kms:ListGrants",
    ],
    "Resource": "*",
}
AWS_PAGE_IAM_POLICY = {
    "Effect": "Allow",
    "Action": ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:ListGrants"],
    "Resource": "*",
}
# "Attaching an Amazon Personalize access policy to your Amazon S3 bucket", and the one for the
# role.
AWS_PAGE_EXPORT_BUCKET_POLICY = {
    "Sid": "PersonalizeS3BucketAccessPolicy",
    "Effect": "Allow",
    "Principal": {"Service": "personalize.amazonaws.com"},
    "Action": ["s3:PutObject", "s3:ListBucket"],
    "Resource": [BUCKET, f"{BUCKET}/*"],
}
AWS_PAGE_EXPORT_ROLE_POLICY = {
    "Sid": "PersonalizeS3BucketAccessPolicy",
    "Effect": "Allow",
    "Action": ["s3:PutObject", "s3:ListBucket"],
    "Resource": [BUCKET, f"{BUCKET}/*"],
}


def test_the_page_as_it_stands() -> None:
    """Nothing is missing for a dataset group; the samples are wider than they need be."""
    report = report_of(key=[AWS_PAGE_KEY_POLICY], iam=[AWS_PAGE_IAM_POLICY])
    assert (report.missing, report.undecided, report.problems) == ((), (), ())
    assert lines(report.excess) == of(
        "role", "role", "kms:Decrypt kms:GenerateDataKey kms:DescribeKey kms:ListGrants", "*"
    ) | of(
        "service",
        "key",
        "kms:Decrypt kms:GenerateDataKey kms:DescribeKey kms:CreateGrant kms:ListGrants",
    )


def test_the_page_as_it_stands_exports_nothing() -> None:
    """Its sample lacks the action that the sentence above it asks for."""
    export = asked(EXPORT_JOB, name="export", destination=location("export/"))
    report = report_of(
        export,
        key=[AWS_PAGE_KEY_POLICY],
        iam=[AWS_PAGE_IAM_POLICY, AWS_PAGE_EXPORT_ROLE_POLICY],
        bucket=[AWS_PAGE_EXPORT_BUCKET_POLICY],
    )
    assert lines(report.missing) == {
        ("role", "key", "kms:GenerateDataKeyWithoutPlaintext", KEY),
        ("service", "key", "kms:GenerateDataKeyWithoutPlaintext", KEY),
    }
    assert {line for line in lines(report.excess) if line[2].startswith("s3:")} == {
        ("role", "role", "s3:PutObject", f"{BUCKET}/*"),
        ("service", "bucket", "s3:PutObject", f"{BUCKET}/*"),
        ("service", "bucket", "s3:PutObject", f"{BUCKET}/export/*"),
        ("service", "bucket", "s3:ListBucket", BUCKET),
    }


def test_the_role_and_the_key_policy_of_awss_own_solution() -> None:
    """Its key policy lacks two actions for the service; its role has four that nothing asks for."""
    key_policy = {
        "Sid": "Allow use for the Personalize service",
        "Effect": "Allow",
        "Principal": {"Service": "personalize.amazonaws.com"},
        "Action": ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"],
        "Resource": "*",
    }
    actions = (
        "kms:Encrypt kms:ReEncrypt kms:Decrypt kms:CreateGrant kms:RevokeGrant kms:RetireGrant "
        "kms:ListGrants kms:GenerateDataKey kms:DescribeKey"
    )
    read = iam(["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"], [KEY])
    report = report_of(key=[key_policy, ACCOUNT_STATEMENT], iam=[iam(actions.split(), [KEY]), read])
    assert lines(report.missing) == of("service", "key", "kms:CreateGrant kms:ListGrants")
    assert lines(report.excess) == of(
        "role", "role", "kms:Encrypt kms:ReEncrypt kms:RevokeGrant kms:RetireGrant"
    ) | of("service", "key", "kms:Encrypt kms:Decrypt kms:GenerateDataKey kms:DescribeKey")


EVERY_ACTION = "kms:Decrypt kms:GenerateDataKey kms:DescribeKey kms:CreateGrant kms:ListGrants"


def test_the_import_role_of_awss_own_solution() -> None:
    """The role has no KMS actions, though the account's statement leaves the key to IAM."""
    import_job = asked(IMPORT_JOB, name="import", source=location("train/"))
    everything = [f"{BUCKET}/*", BUCKET]
    read = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": everything}
    of_bucket = {**read, "Principal": {"Service": "personalize.amazonaws.com"}}
    report = report_of(import_job, key=[ACCOUNT_STATEMENT], iam=[read], bucket=[of_bucket])
    assert lines(report.missing) == of("role", "key", EVERY_ACTION) | of(
        "service", "key", EVERY_ACTION
    )
    assert lines(report.excess) == {
        ("role", "role", "s3:GetObject", f"{BUCKET}/*"),
        ("service", "bucket", "s3:GetObject", f"{BUCKET}/*"),
        ("service", "bucket", "s3:GetObject", f"{BUCKET}/train/*"),
        ("service", "bucket", "s3:ListBucket", BUCKET),
    }


def test_plain_cdk_grants() -> None:
    """The CDK's statements for ``key.grant_encrypt_decrypt`` and ``bucket.grant_read``."""
    on_key = iam(["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"])
    on_bucket = iam(["s3:GetBucket*", "s3:GetObject*", "s3:List*"], [BUCKET, f"{BUCKET}/*"])
    group, job = asked(), asked(IMPORT_JOB, name="import", source=location())
    report = report_of(group, job, key=[ACCOUNT_STATEMENT], iam=[on_key, on_bucket])
    assert lines(report.missing) == {
        *of("role", "key", "kms:DescribeKey kms:CreateGrant kms:ListGrants"),
        *of("role", "role", "kms:DescribeKey kms:ListGrants"),
        *of("service", "key", EVERY_ACTION),
        ("service", "bucket", "s3:GetObject", f"{BUCKET}/import/*"),
        ("service", "bucket", "s3:ListBucket", BUCKET),
    }
    assert lines(report.excess) == {
        *of("role", "role", "kms:Encrypt kms:GenerateDataKey* kms:ReEncrypt*"),
        *of("role", "role", "s3:GetBucket* s3:GetObject* s3:List*", BUCKET),
        *of("role", "role", "s3:GetBucket* s3:GetObject* s3:List*", f"{BUCKET}/*"),
    }


@pytest.mark.parametrize(
    ("statement", "missing", "excess"),
    [
        # The sample notebook.
        (
            iam(["kms:Encrypt", "kms:Decrypt"]),
            of("role", "key", "kms:GenerateDataKey kms:DescribeKey kms:CreateGrant kms:ListGrants")
            | of("role", "role", "kms:GenerateDataKey kms:DescribeKey kms:ListGrants"),
            of("role", "role", "kms:Encrypt"),
        ),
        # The notebook of the workshop.
        (iam(["kms:*"], [KEY]), set(), of("role", "role", "kms:*")),
    ],
)
def test_a_notebook_and_a_key_with_the_default_policy(
    statement: Statement, missing: set[Line], excess: set[Line]
) -> None:
    """The account's statement leaves the role to IAM, and nothing lets Personalize in."""
    report = report_of(key=[ACCOUNT_STATEMENT], iam=[statement])
    assert lines(report.missing) == missing | of("service", "key", EVERY_ACTION)
    assert lines(report.excess) == excess
