"""Arrangements with several keys, buckets and constructs, or props that change statements."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import S3Location, SourceAccountCheck
from tests.life.conftest import encrypted_by, l1_key, l1_role
from tests.proof.building import Building, encrypted_bucket, key_in, personalize_role
from tests.proof.uses import Pick


def one_key_for_all(it: Building) -> None:
    key = key_in(it.main)
    it.wire(picks=it.picks(encrypted_bucket(it.main, key)), encryption_key=key)


def several_keys(it: Building) -> None:
    source = s3.Bucket(it.main, "Input", encryption_key=kms.Key(it.main, "InputKey"))
    destination = s3.Bucket(it.main, "Output", encryption_key=kms.Key(it.main, "OutputKey"))
    it.wire(picks=it.picks(source, destination))


def several_keys_in_several_stacks(it: Building) -> None:
    source = s3.Bucket(
        it.stack("Data"), "Input", encryption_key=kms.Key(it.stack("Security"), "InputKey")
    )
    destination = s3.Bucket(it.main, "Output", encryption_key=kms.Key(it.main, "OutputKey"))
    it.wire(picks=it.picks(source, destination))


def two_constructs_on_one_key_and_bucket(it: Building) -> None:
    key = key_in(it.main)
    bucket = encrypted_bucket(it.main, key)
    for id in ("Movies", "Books"):
        it.wire(picks=it.picks(bucket), id=id, encryption_key=key)


def two_constructs_with_one_role(it: Building) -> None:
    role, bucket = personalize_role(it.main), encrypted_bucket(it.main)
    for id in ("Movies", "Books"):
        it.wire(picks=it.picks(bucket), id=id, service_role=role)


def two_constructs_in_two_stacks(it: Building) -> None:
    key = key_in(it.stack("Security"))
    bucket = encrypted_bucket(it.stack("Data"), key)
    for id in ("Movies", "Books"):
        it.wire(it.stack(id), it.picks(bucket), encryption_key=key)


def _owners_key(stack: cdk.Stack) -> kms.Key:
    """A key whose policy says nothing of the account, so that IAM alone gives nobody anything."""
    admin = iam.PolicyStatement(
        sid="OwnerAdministers",
        actions=["kms:Create*", "kms:Put*", "kms:Describe*", "kms:ScheduleKeyDeletion"],
        resources=["*"],
        principals=[iam.ArnPrincipal(f"arn:{stack.partition}:iam::{stack.account}:role/Owner")],
    )
    return kms.Key(stack, "Key", policy=iam.PolicyDocument(statements=[admin]))


def key_without_the_account_statement(it: Building) -> None:
    it.wire(encryption_key=_owners_key(it.main))


def key_without_the_account_statement_in_another_stack(it: Building) -> None:
    it.wire(encryption_key=_owners_key(it.stack("Security")))


def source_account_required(it: Building) -> None:
    it.wire(source_account_check=SourceAccountCheck.REQUIRED)


def source_account_required_in_three_stacks(it: Building) -> None:
    _in_three_stacks(it, SourceAccountCheck.REQUIRED)


def source_account_not_checked(it: Building) -> None:
    it.wire(source_account_check=SourceAccountCheck.NONE)


def source_account_not_checked_in_three_stacks(it: Building) -> None:
    _in_three_stacks(it, SourceAccountCheck.NONE)


def _in_three_stacks(it: Building, check: SourceAccountCheck) -> None:
    it.wire(
        picks=it.picks(encrypted_bucket(it.stack("Data"))),
        encryption_key=key_in(it.stack("Security")),
        source_account_check=check,
    )


def each_source_account_check_on_one_key(it: Building) -> None:
    key = key_in(it.main)
    bucket = encrypted_bucket(it.main, key)
    for check in SourceAccountCheck:
        it.wire(
            picks=it.picks(bucket), id=check.name, encryption_key=key, source_account_check=check
        )


def allowed_later_in_another_order(it: Building) -> None:
    it.wire(picks=[], later=it.picks(encrypted_bucket(it.main))[::-1])


def without_locations(it: Building) -> None:
    it.wire(picks=[(kind, None, None) for kind in it.kinds])


def bucket_that_enforces_tls(it: Building) -> None:
    it.wire(picks=it.picks(s3.Bucket(it.main, "Data", enforce_ssl=True)))


def whole_bucket_and_single_files(it: Building) -> None:
    bucket = encrypted_bucket(it.main)
    picks: list[Pick] = [
        ("dataset import job", S3Location(bucket, "import/ratings.csv"), None),
        ("dataset import job", S3Location(bucket, "import/2026/"), None),
        ("dataset import job", S3Location(bucket, "import/2026/"), None),
        ("dataset export job", None, S3Location(s3.Bucket(it.main, "Exports"), "")),
    ]
    it.wire(picks=picks)


def places_of_one_bucket_with_different_keys(it: Building) -> None:
    bucket = encrypted_bucket(it.main)
    other_key = kms.Key(it.stack("Security"), "OtherKey")
    picks: list[Pick] = [
        ("dataset import job", S3Location(bucket, "import/"), None),
        ("dataset import job", S3Location(bucket, "more/", encryption_key=other_key), None),
        ("dataset export job", None, S3Location(bucket, "export/", encryption_key=other_key)),
    ]
    it.wire(picks=picks)


def more_than_one_managed_policy_holds(it: Building) -> None:
    bucket = encrypted_bucket(it.main)
    picks: list[Pick] = [
        ("dataset import job", S3Location(bucket, f"{'import' * 20}/{number}/"), None)
        for number in range(45)
    ]
    it.wire(picks=[*it.picks(bucket), *picks])


def l1s_in_one_stack(it: Building) -> None:
    bucket = _l1_bucket(l1_key(it.main, "DataKey"))
    it.wire(
        picks=it.picks(bucket), encryption_key=l1_key(it.main, "Key"), service_role=l1_role(it.main)
    )


def l1s_in_several_stacks(it: Building) -> None:
    data = it.stack("Data")
    it.wire(
        picks=it.picks(_l1_bucket(l1_key(data, "DataKey"))),
        encryption_key=l1_key(it.stack("Security"), "Key"),
        service_role=l1_role(it.stack("Roles"), role_name="personalize", path="/service/"),
    )


def two_constructs_on_l1s(it: Building) -> None:
    key = l1_key(it.main, "Key")
    bucket = _l1_bucket(key)
    for id in ("Movies", "Books"):
        it.wire(picks=it.picks(bucket), id=id, encryption_key=key)


def _l1_bucket(key: kms.CfnKey) -> s3.CfnBucket:
    """An L1 bucket that is encrypted with a key, beside it."""
    return s3.CfnBucket(key.stack, "Data", bucket_encryption=encrypted_by(key.attr_arn))
