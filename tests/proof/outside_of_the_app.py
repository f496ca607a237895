"""Keys, roles and buckets that exist already, or belong to another account, or must not be touched."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import SourceAccountCheck
from tests.proof.building import OTHER_ACCOUNT, Building, encrypted_bucket, personalize_role


def imported_role(it: Building) -> None:
    stack = it.stack("Main")
    role = iam.Role.from_role_arn(stack, "Imported", it.existing_role(path="/service/"))
    key = kms.Key(it.stack("Security"), "Key")
    it.wire(stack, "Encryption", it.picks(encrypted_bucket(stack)), encryption_key=key, service_role=role)


def role_imported_by_name(it: Building) -> None:
    stack = it.stack("Main")
    it.existing_role()
    role = iam.Role.from_role_name(stack, "Imported", "personalize")
    it.wire(stack, "Encryption", it.picks(encrypted_bucket(stack)), service_role=role)


def immutable_role(it: Building) -> None:
    stack = it.stack("Main")
    role = iam.Role.from_role_arn(stack, "Imported", it.existing_role(), mutable=False)
    it.wire(stack, "Encryption", it.picks(encrypted_bucket(stack)), service_role=role)


def role_without_policy_updates(it: Building) -> None:
    stack = it.stack("Main")
    role = personalize_role(stack).without_policy_updates()
    it.wire(stack, "Encryption", it.picks(encrypted_bucket(stack)), service_role=role)


def imported_key(it: Building) -> None:
    stack = it.stack("Main")
    key = kms.Key.from_key_arn(stack, "Imported", it.existing_key())
    it.wire(stack, "Encryption", it.picks(encrypted_bucket(stack)), encryption_key=key)


def imported_key_and_role(it: Building) -> None:
    stack = it.stack("Main")
    key = kms.Key.from_key_arn(stack, "Imported", it.existing_key())
    role = iam.Role.from_role_arn(stack, "ImportedRole", it.existing_role())
    it.wire(stack, "Encryption", it.picks(encrypted_bucket(stack)), encryption_key=key, service_role=role)


def key_of_another_account(it: Building) -> None:
    stack = it.stack("Main")
    key = kms.Key.from_key_arn(stack, "Imported", it.existing_key(account=OTHER_ACCOUNT))
    it.wire(stack, "Encryption", it.picks(encrypted_bucket(stack)), encryption_key=key, role_name="personalize")


def key_of_another_account_and_imported_role(it: Building) -> None:
    stack = it.stack("Main")
    key = kms.Key.from_key_arn(stack, "Imported", it.existing_key(account=OTHER_ACCOUNT))
    role = iam.Role.from_role_arn(stack, "ImportedRole", it.existing_role())
    it.wire(stack, "Encryption", it.picks(encrypted_bucket(stack)), encryption_key=key, service_role=role)


def key_of_another_account_and_immutable_role(it: Building) -> None:
    stack = it.stack("Main")
    key = kms.Key.from_key_arn(stack, "Imported", it.existing_key(account=OTHER_ACCOUNT))
    role = iam.Role.from_role_arn(stack, "ImportedRole", it.existing_role(), mutable=False)
    it.wire(stack, "Encryption", it.picks(encrypted_bucket(stack)), encryption_key=key, service_role=role)


def imported_bucket(it: Building) -> None:
    stack = it.stack("Main")
    bucket = s3.Bucket.from_bucket_arn(stack, "Imported", it.existing_bucket())
    it.wire(stack, "Encryption", it.picks(bucket))


def imported_bucket_that_knows_its_key(it: Building) -> None:
    stack = it.stack("Main")
    key = kms.Key.from_key_arn(stack, "ImportedKey", it.existing_key())
    bucket = s3.Bucket.from_bucket_attributes(stack, "Imported", bucket_arn=it.existing_bucket(), encryption_key=key)
    it.wire(stack, "Encryption", it.picks(bucket))


def imported_bucket_whose_key_is_given(it: Building) -> None:
    stack = it.stack("Main")
    bucket = s3.Bucket.from_bucket_name(stack, "Imported", "ratings")
    it.existing_bucket()
    key = kms.Key.from_key_arn(stack, "ImportedKey", it.existing_key())
    it.wire(stack, "Encryption", it.picks(bucket, encryption_key=key))


def everything_is_imported(it: Building) -> None:
    stack = it.stack("Main")
    key = kms.Key.from_key_arn(stack, "ImportedKey", it.existing_key())
    other_key = kms.Key.from_key_arn(stack, "OtherKey", it.existing_key(id="abcd1234"))
    bucket = s3.Bucket.from_bucket_attributes(
        stack, "Imported", bucket_arn=it.existing_bucket(), encryption_key=other_key
    )
    role = iam.Role.from_role_arn(stack, "ImportedRole", it.existing_role(), mutable=False)
    it.wire(stack, "Encryption", it.picks(bucket), encryption_key=key, service_role=role)


def bucket_of_the_app_with_an_imported_key(it: Building) -> None:
    stack = it.stack("Main")
    key = kms.Key.from_key_arn(stack, "Imported", it.existing_key())
    it.wire(stack, "Encryption", it.picks(s3.Bucket(stack, "Data", encryption_key=key)))


def imported_key_and_nameless_role(it: Building) -> None:
    stack = it.stack("Main")
    key = kms.Key.from_key_arn(stack, "Imported", it.existing_key())
    role = personalize_role(stack)
    it.wire(stack, "Encryption", it.picks(encrypted_bucket(stack)), encryption_key=key, service_role=role)


def key_of_another_account_and_nameless_role(it: Building) -> None:
    stack = it.stack("Main")
    key = kms.Key.from_key_arn(stack, "Imported", it.existing_key(account=OTHER_ACCOUNT))
    role = personalize_role(stack)
    it.wire(stack, "Encryption", it.picks(encrypted_bucket(stack)), encryption_key=key, service_role=role)


def key_of_another_account_and_role_imported_by_name(it: Building) -> None:
    stack = it.stack("Main")
    it.existing_role()
    key = kms.Key.from_key_arn(stack, "Imported", it.existing_key(account=OTHER_ACCOUNT))
    role = iam.Role.from_role_name(stack, "ImportedRole", "personalize")
    it.wire(stack, "Encryption", it.picks(encrypted_bucket(stack)), encryption_key=key, service_role=role)


def bucket_of_another_account(it: Building) -> None:
    stack = it.stack("Main")
    key = kms.Key.from_key_arn(stack, "ImportedKey", it.existing_key(account=OTHER_ACCOUNT))
    bucket = s3.Bucket.from_bucket_attributes(
        stack,
        "Imported",
        bucket_arn=it.existing_bucket(account=OTHER_ACCOUNT),
        account=OTHER_ACCOUNT,
        encryption_key=key,
    )
    it.wire(stack, "Encryption", it.picks(bucket), role_name="personalize")


def bucket_of_another_accounts_stack(it: Building) -> None:
    bucket = s3.Bucket(it.stack("Data", account=OTHER_ACCOUNT), "Data", bucket_name="their-ratings")
    it.wire(it.stack("Main"), "Encryption", it.picks(bucket))


def bucket_of_another_accounts_stack_and_imported_role(it: Building) -> None:
    bucket = s3.Bucket(it.stack("Data", account=OTHER_ACCOUNT), "Data", bucket_name="their-ratings")
    stack = it.stack("Main")
    role = iam.Role.from_role_arn(stack, "Imported", it.existing_role())
    it.wire(stack, "Encryption", it.picks(bucket), service_role=role)


def bucket_with_a_key_of_another_accounts_stack(it: Building) -> None:
    data = it.stack("Data", account=OTHER_ACCOUNT)
    bucket = s3.Bucket(data, "Data", bucket_name="their-ratings", encryption_key=kms.Key(data, "DataKey"))
    it.wire(it.stack("Main"), "Encryption", it.picks(bucket), source_account_check=SourceAccountCheck.REQUIRED)


def key_of_another_accounts_stack(it: Building) -> None:
    key = kms.Key(it.stack("Security", account=OTHER_ACCOUNT), "Key")
    stack = it.stack("Main")
    it.wire(stack, "Encryption", it.picks(encrypted_bucket(stack)), encryption_key=key)


def imported_key_and_nameless_role_of_another_stack(it: Building) -> None:
    stack = it.stack("Main")
    key = kms.Key.from_key_arn(stack, "Imported", it.existing_key())
    role = personalize_role(it.stack("Roles"))
    it.wire(stack, "Encryption", it.picks(encrypted_bucket(stack)), encryption_key=key, service_role=role)


def role_without_policy_updates_and_bucket_of_another_stack(it: Building) -> None:
    stack = it.stack("Main")
    role = personalize_role(stack, role_name="personalize").without_policy_updates()
    it.wire(stack, "Encryption", it.picks(encrypted_bucket(it.stack("Data"))), service_role=role)
