"""Policies that AWS publishes and that people write with the CDK: what is wrong with each, written out by hand."""

from personalize_kms_constructs._access.comparison import compare
from personalize_kms_constructs._access.model import Key
from tests.access.models import (
    ACCOUNT_STATEMENT,
    ANOTHER_ACCOUNT,
    BUCKET,
    EXPORT_JOB,
    IMPORT_JOB,
    KEY,
    ROLE,
    asked,
    iam,
    lines,
    location,
    model,
    policy,
    report,
    role,
    service,
)

AWS_PAGE_KEY_POLICY = {
    "Sid": "Allow use of the key",
    "Effect": "Allow",
    "Principal": {"AWS": ROLE, "Service": "personalize.amazonaws.com"},
    "Action": ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:CreateGrant", "kms:ListGrants"],
    "Resource": "*",
}
AWS_PAGE_IAM_POLICY = {
    "Effect": "Allow",
    "Action": ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:ListGrants"],
    "Resource": "*",
}
# "Attaching an Amazon Personalize access policy to your Amazon S3 bucket", and the one for the role.
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
    found = report(key=[AWS_PAGE_KEY_POLICY], iam=[AWS_PAGE_IAM_POLICY])
    assert lines(found.missing) == set()
    assert lines(found.excess) == {
        ("role", "role", "kms:Decrypt", "*"),
        ("role", "role", "kms:GenerateDataKey", "*"),
        ("role", "role", "kms:DescribeKey", "*"),
        ("role", "role", "kms:ListGrants", "*"),
        ("service", "key", "kms:Decrypt", KEY),
        ("service", "key", "kms:GenerateDataKey", KEY),
        ("service", "key", "kms:DescribeKey", KEY),
        ("service", "key", "kms:CreateGrant", KEY),
        ("service", "key", "kms:ListGrants", KEY),
    }
    assert found.undecided == ()
    assert found.problems == ()


def test_the_page_as_it_stands_exports_nothing() -> None:
    """Its sample lacks the action that the sentence above it asks for."""
    export = asked(EXPORT_JOB, name="export", destination=location("export/"))
    found = report(
        export,
        key=[AWS_PAGE_KEY_POLICY],
        iam=[AWS_PAGE_IAM_POLICY, AWS_PAGE_EXPORT_ROLE_POLICY],
        bucket=[AWS_PAGE_EXPORT_BUCKET_POLICY],
    )
    assert lines(found.missing) == {
        ("role", "key", "kms:GenerateDataKeyWithoutPlaintext", KEY),
        ("service", "key", "kms:GenerateDataKeyWithoutPlaintext", KEY),
    }
    assert {line for line in lines(found.excess) if line[2].startswith("s3:")} == {
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
    write = iam(
        [
            "kms:Encrypt",
            "kms:ReEncrypt",
            "kms:Decrypt",
            "kms:CreateGrant",
            "kms:RevokeGrant",
            "kms:RetireGrant",
            "kms:ListGrants",
            "kms:GenerateDataKey",
            "kms:DescribeKey",
        ],
        [KEY],
    )
    read = iam(["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"], [KEY])
    found = report(key=[key_policy, ACCOUNT_STATEMENT], iam=[write, read])
    assert lines(found.missing) == {
        ("service", "key", "kms:CreateGrant", KEY),
        ("service", "key", "kms:ListGrants", KEY),
    }
    assert lines(found.excess) == {
        ("role", "role", "kms:Encrypt", KEY),
        ("role", "role", "kms:ReEncrypt", KEY),
        ("role", "role", "kms:RevokeGrant", KEY),
        ("role", "role", "kms:RetireGrant", KEY),
        ("service", "key", "kms:Encrypt", KEY),
        ("service", "key", "kms:Decrypt", KEY),
        ("service", "key", "kms:GenerateDataKey", KEY),
        ("service", "key", "kms:DescribeKey", KEY),
    }


def test_the_import_role_of_awss_own_solution() -> None:
    """It has no KMS, which an import job doesn't need in IAM; the account's statement leaves the key to IAM."""
    import_job = asked(IMPORT_JOB, name="import", source=location("train/"))
    everything = [f"{BUCKET}/*", BUCKET]
    read = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": everything}
    of_bucket = {**read, "Principal": {"Service": "personalize.amazonaws.com"}}
    found = report(import_job, key=[ACCOUNT_STATEMENT], iam=[read], bucket=[of_bucket])
    assert lines(found.missing) == {
        ("role", "key", "kms:Decrypt", KEY),
        ("role", "key", "kms:GenerateDataKey", KEY),
        ("role", "key", "kms:DescribeKey", KEY),
        ("role", "key", "kms:CreateGrant", KEY),
        ("role", "key", "kms:ListGrants", KEY),
        ("service", "key", "kms:Decrypt", KEY),
        ("service", "key", "kms:GenerateDataKey", KEY),
        ("service", "key", "kms:DescribeKey", KEY),
        ("service", "key", "kms:CreateGrant", KEY),
        ("service", "key", "kms:ListGrants", KEY),
    }
    assert lines(found.excess) == {
        ("role", "role", "s3:GetObject", f"{BUCKET}/*"),
        ("service", "bucket", "s3:GetObject", f"{BUCKET}/*"),
        ("service", "bucket", "s3:GetObject", f"{BUCKET}/train/*"),
        ("service", "bucket", "s3:ListBucket", BUCKET),
    }


def test_plain_cdk_grants() -> None:
    """``key.grant_encrypt_decrypt(role)`` and ``bucket.grant_read(role)``, as the CDK writes them."""
    on_key = iam(["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"])
    on_bucket = iam(["s3:GetBucket*", "s3:GetObject*", "s3:List*"], [BUCKET, f"{BUCKET}/*"])
    group, job = asked(), asked(IMPORT_JOB, name="import", source=location())
    found = report(group, job, key=[ACCOUNT_STATEMENT], iam=[on_key, on_bucket])
    assert lines(found.missing) == {
        ("role", "key", "kms:DescribeKey", KEY),
        ("role", "key", "kms:CreateGrant", KEY),
        ("role", "key", "kms:ListGrants", KEY),
        ("role", "role", "kms:DescribeKey", KEY),
        ("role", "role", "kms:ListGrants", KEY),
        ("service", "key", "kms:Decrypt", KEY),
        ("service", "key", "kms:GenerateDataKey", KEY),
        ("service", "key", "kms:DescribeKey", KEY),
        ("service", "key", "kms:CreateGrant", KEY),
        ("service", "key", "kms:ListGrants", KEY),
        ("service", "bucket", "s3:GetObject", f"{BUCKET}/import/*"),
        ("service", "bucket", "s3:ListBucket", BUCKET),
    }
    assert lines(found.excess) == {
        ("role", "role", "kms:Encrypt", KEY),
        ("role", "role", "kms:GenerateDataKey*", KEY),
        ("role", "role", "kms:ReEncrypt*", KEY),
        ("role", "role", "s3:GetBucket*", BUCKET),
        ("role", "role", "s3:GetBucket*", f"{BUCKET}/*"),
        ("role", "role", "s3:GetObject*", BUCKET),
        ("role", "role", "s3:GetObject*", f"{BUCKET}/*"),
        ("role", "role", "s3:List*", BUCKET),
        ("role", "role", "s3:List*", f"{BUCKET}/*"),
    }


def test_the_sample_notebook() -> None:
    """A key with the default policy, and a role that may encrypt and decrypt."""
    found = report(key=[ACCOUNT_STATEMENT], iam=[iam(["kms:Encrypt", "kms:Decrypt"])])
    assert lines(found.missing) == {
        ("role", "key", "kms:GenerateDataKey", KEY),
        ("role", "key", "kms:DescribeKey", KEY),
        ("role", "key", "kms:CreateGrant", KEY),
        ("role", "key", "kms:ListGrants", KEY),
        ("role", "role", "kms:GenerateDataKey", KEY),
        ("role", "role", "kms:DescribeKey", KEY),
        ("role", "role", "kms:ListGrants", KEY),
        ("service", "key", "kms:Decrypt", KEY),
        ("service", "key", "kms:GenerateDataKey", KEY),
        ("service", "key", "kms:DescribeKey", KEY),
        ("service", "key", "kms:CreateGrant", KEY),
        ("service", "key", "kms:ListGrants", KEY),
    }
    assert lines(found.excess) == {("role", "role", "kms:Encrypt", KEY)}


def test_the_notebook_of_the_workshop() -> None:
    """A key with the default policy, and a role that may do everything with it."""
    found = report(key=[ACCOUNT_STATEMENT], iam=[iam(["kms:*"], [KEY])])
    assert lines(found.missing) == {
        ("service", "key", "kms:Decrypt", KEY),
        ("service", "key", "kms:GenerateDataKey", KEY),
        ("service", "key", "kms:DescribeKey", KEY),
        ("service", "key", "kms:CreateGrant", KEY),
        ("service", "key", "kms:ListGrants", KEY),
    }
    assert lines(found.excess) == {("role", "role", "kms:*", KEY)}


def test_the_construct_in_one_stack() -> None:
    """Named in the key policy, the page's four actions in IAM, the account checked if Personalize says it."""
    actions = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]
    in_iam = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]
    found = report(key=[ACCOUNT_STATEMENT, role(actions), service(actions)], iam=[iam(in_iam)])
    assert (found.missing, found.excess, found.undecided, found.problems) == ((), (), (), ())


def test_create_grant_in_iam_is_too_much_where_the_key_policy_names_the_role() -> None:
    """The page: "CreateGrant (only required in key policy)"."""
    actions = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]
    found = report(key=[role(actions), service(actions)], iam=[iam(actions)])
    assert found.missing == ()
    assert lines(found.excess) == {("role", "role", "kms:CreateGrant", KEY)}


def test_create_grant_in_iam_is_needed_where_the_key_policy_delegates() -> None:
    """The account root with the role's ARN in a condition leaves the decision to IAM."""
    actions = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]
    delegated = role(
        actions,
        Principal={"AWS": "arn:aws:iam::111122223333:root"},
        Condition={"ArnEquals": {"aws:PrincipalArn": ROLE}},
    )
    found = report(key=[delegated, service(actions)], iam=[iam(actions)])
    assert (found.missing, found.excess) == ((), ())
    without = report(key=[delegated, service(actions)], iam=[iam(actions[1:])])
    assert lines(without.missing) == {("role", "key", "kms:CreateGrant", KEY)}
    (entry,) = without.missing
    assert entry.add_to == "role"
    assert entry.add == {"Effect": "Allow", "Action": ["kms:CreateGrant"], "Resource": KEY}


def test_a_key_of_another_account_wants_both_sides() -> None:
    """Named in its policy, the role needs every action in IAM as well."""
    theirs = KEY.replace("111122223333", ANOTHER_ACCOUNT)
    actions = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]
    found = model(asked(dataset_group_key=theirs), iam=[iam(actions[1:], theirs)])
    found.keys[theirs] = Key(theirs, [policy("key policy", [role(actions), service(actions)])])
    assert lines(compare(found).missing) == {("role", "key", "kms:CreateGrant", theirs)}
    found.roles[ROLE].identity = [policy("IAM policy", [iam(actions, theirs)])]
    assert (compare(found).missing, compare(found).excess) == ((), ())
