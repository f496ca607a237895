"""Several keys and buckets, several constructs, and the props that change statements."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import S3Location, SourceAccountCheck
from tests.proof.building import Building, Pick, encrypted_bucket, l1_bucket, l1_key, l1_role, personalize_role


def bucket_without_a_key(it: Building) -> None:
    stack = it.stack("Main")
    it.wire(stack, "Encryption", it.picks(s3.Bucket(stack, "Data")))


def one_key_for_all(it: Building) -> None:
    stack = it.stack("Main")
    key = kms.Key(stack, "Key")
    it.wire(stack, "Encryption", it.picks(s3.Bucket(stack, "Data", encryption_key=key)), encryption_key=key)


def several_keys(it: Building) -> None:
    stack = it.stack("Main")
    source = s3.Bucket(stack, "Input", encryption_key=kms.Key(stack, "InputKey"))
    destination = s3.Bucket(stack, "Output", encryption_key=kms.Key(stack, "OutputKey"))
    it.wire(stack, "Encryption", it.picks(source, destination))


def several_keys_in_several_stacks(it: Building) -> None:
    stack, data = it.stack("Main"), it.stack("Data")
    source = s3.Bucket(data, "Input", encryption_key=kms.Key(it.stack("Security"), "InputKey"))
    destination = s3.Bucket(stack, "Output", encryption_key=kms.Key(stack, "OutputKey"))
    it.wire(stack, "Encryption", it.picks(source, destination))


def two_constructs_on_one_key_and_bucket(it: Building) -> None:
    stack = it.stack("Main")
    key = kms.Key(stack, "Key")
    bucket = s3.Bucket(stack, "Data", encryption_key=key)
    for id in ("Movies", "Books"):
        it.wire(stack, id, it.picks(bucket), encryption_key=key)


def two_constructs_with_one_role(it: Building) -> None:
    stack = it.stack("Main")
    role = personalize_role(stack)
    bucket = encrypted_bucket(stack)
    for id in ("Movies", "Books"):
        it.wire(stack, id, it.picks(bucket), service_role=role)


def two_constructs_in_two_stacks(it: Building) -> None:
    key = kms.Key(it.stack("Security"), "Key")
    bucket = s3.Bucket(it.stack("Data"), "Data", encryption_key=key)
    for id in ("Movies", "Books"):
        it.wire(it.stack(id), "Encryption", it.picks(bucket), encryption_key=key)


def _owners_key(stack: cdk.Stack) -> kms.Key:
    """A key whose policy says nothing of the account, so that IAM alone gives nobody anything."""
    admin = iam.PolicyStatement(
        sid="OwnerAdministers",
        actions=["kms:Create*", "kms:Put*", "kms:Describe*", "kms:ScheduleKeyDeletion"],
        resources=["*"],
        principals=[iam.ServicePrincipal("cloudformation.amazonaws.com")],
    )
    return kms.Key(stack, "Key", policy=iam.PolicyDocument(statements=[admin]))


def key_without_the_account_statement(it: Building) -> None:
    stack = it.stack("Main")
    it.wire(stack, "Encryption", it.picks(encrypted_bucket(stack)), encryption_key=_owners_key(stack))


def key_without_the_account_statement_in_another_stack(it: Building) -> None:
    key = _owners_key(it.stack("Security"))
    stack = it.stack("Main")
    it.wire(stack, "Encryption", it.picks(encrypted_bucket(stack)), encryption_key=key)


def source_account_required(it: Building) -> None:
    stack = it.stack("Main")
    check = SourceAccountCheck.REQUIRED
    it.wire(stack, "Encryption", it.picks(encrypted_bucket(stack)), source_account_check=check)


def source_account_required_in_three_stacks(it: Building) -> None:
    key = kms.Key(it.stack("Security"), "Key")
    bucket = encrypted_bucket(it.stack("Data"))
    check = SourceAccountCheck.REQUIRED
    it.wire(it.stack("Main"), "Encryption", it.picks(bucket), encryption_key=key, source_account_check=check)


def source_account_not_checked(it: Building) -> None:
    stack = it.stack("Main")
    check = SourceAccountCheck.NONE
    it.wire(stack, "Encryption", it.picks(encrypted_bucket(stack)), source_account_check=check)


def source_account_not_checked_in_three_stacks(it: Building) -> None:
    key = kms.Key(it.stack("Security"), "Key")
    bucket = encrypted_bucket(it.stack("Data"))
    check = SourceAccountCheck.NONE
    it.wire(it.stack("Main"), "Encryption", it.picks(bucket), encryption_key=key, source_account_check=check)


def each_source_account_check_on_one_key(it: Building) -> None:
    stack = it.stack("Main")
    key = kms.Key(stack, "Key")
    bucket = s3.Bucket(stack, "Data", encryption_key=key)
    for check in SourceAccountCheck:
        it.wire(stack, check.name, it.picks(bucket), encryption_key=key, source_account_check=check)


def allowed_later_in_another_order(it: Building) -> None:
    stack = it.stack("Main")
    picks = it.picks(encrypted_bucket(stack))
    it.wire(stack, "Encryption", [], later=picks[::-1])


def allowed_in_two_halves_across_stacks(it: Building) -> None:
    picks = it.picks(encrypted_bucket(it.stack("Data")))
    half = len(picks) // 2
    it.wire(it.stack("Main"), "Encryption", picks[half:], later=picks[:half])


def without_locations(it: Building) -> None:
    picks: list[Pick] = [(kind, None, None) for kind in it.kinds]
    it.wire(it.stack("Main"), "Encryption", picks)


def bucket_that_enforces_tls(it: Building) -> None:
    stack = it.stack("Main")
    it.wire(stack, "Encryption", it.picks(s3.Bucket(stack, "Data", enforce_ssl=True)))


def whole_bucket_and_single_files(it: Building) -> None:
    stack = it.stack("Main")
    bucket = encrypted_bucket(stack)
    picks: list[Pick] = [
        ("dataset import job", S3Location(bucket, "import/ratings.csv"), None),
        ("dataset import job", S3Location(bucket, "import/2026/"), None),
        ("dataset import job", S3Location(bucket, "import/2026/"), None),
        ("dataset export job", None, S3Location(s3.Bucket(stack, "Exports"))),
    ]
    it.wire(stack, "Encryption", picks)


def more_than_one_managed_policy_holds(it: Building) -> None:
    stack = it.stack("Main")
    bucket = encrypted_bucket(stack)
    picks: list[Pick] = [
        ("dataset import job", S3Location(bucket, f"{'import' * 20}/{number}/"), None) for number in range(45)
    ]
    it.wire(stack, "Encryption", [*it.picks(bucket), *picks])


def l1s_in_one_stack(it: Building) -> None:
    stack = it.stack("Main")
    key, role = l1_key(stack, "Key"), l1_role(stack)
    bucket = l1_bucket(stack, "Data", l1_key(stack, "DataKey"))
    it.wire(stack, "Encryption", it.picks(bucket), encryption_key=key, service_role=role)


def l1s_in_several_stacks(it: Building) -> None:
    key = l1_key(it.stack("Security"), "Key")
    data = it.stack("Data")
    bucket = l1_bucket(data, "Data", l1_key(data, "DataKey"))
    role = l1_role(it.stack("Roles"), role_name="personalize", path="/service/")
    it.wire(it.stack("Main"), "Encryption", it.picks(bucket), encryption_key=key, service_role=role)


def two_constructs_on_l1s(it: Building) -> None:
    stack = it.stack("Main")
    key = l1_key(stack, "Key")
    bucket = l1_bucket(stack, "Data", key)
    for id in ("Movies", "Books"):
        it.wire(stack, id, it.picks(bucket), encryption_key=key)


def places_of_one_bucket_with_different_keys(it: Building) -> None:
    stack = it.stack("Main")
    bucket = encrypted_bucket(stack)
    other_key = kms.Key(it.stack("Security"), "OtherKey")
    picks: list[Pick] = [
        ("dataset import job", S3Location(bucket, "import/"), None),
        ("dataset import job", S3Location(bucket, "more/", encryption_key=other_key), None),
        ("dataset export job", None, S3Location(bucket, "export/", encryption_key=other_key)),
    ]
    it.wire(stack, "Encryption", picks)
