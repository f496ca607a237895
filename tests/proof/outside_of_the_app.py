"""Keys, roles and buckets of others, or that aren't touched: each function is an arrangement."""

from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import SourceAccountCheck
from tests.proof.building import OTHER_ACCOUNT, Building, encrypted_bucket, key_in, personalize_role


def imported_role(it: Building) -> None:
    it.wire(encryption_key=key_in(it.stack("Security")), service_role=it.imported_role("/service/"))


def role_imported_by_name(it: Building) -> None:
    it.wire(service_role=it.role_imported_by_name())


def immutable_role(it: Building) -> None:
    it.wire(service_role=it.imported_role(mutable=False))


def role_without_policy_updates(it: Building) -> None:
    it.wire(service_role=personalize_role(it.main).without_policy_updates())


def imported_key(it: Building) -> None:
    it.wire(encryption_key=it.imported_key())


def imported_key_and_role(it: Building) -> None:
    it.wire(encryption_key=it.imported_key(), service_role=it.imported_role())


def imported_key_and_nameless_role(it: Building) -> None:
    it.wire(encryption_key=it.imported_key(), service_role=personalize_role(it.main))


def imported_key_and_nameless_role_of_another_stack(it: Building) -> None:
    it.wire(encryption_key=it.imported_key(), service_role=personalize_role(it.stack("Roles")))


def key_of_another_account(it: Building) -> None:
    it.wire(encryption_key=it.imported_key(account=OTHER_ACCOUNT), role_name="personalize")


def key_of_another_account_and_imported_role(it: Building) -> None:
    it.wire(encryption_key=it.imported_key(account=OTHER_ACCOUNT), service_role=it.imported_role())


def key_of_another_account_and_immutable_role(it: Building) -> None:
    it.wire(
        encryption_key=it.imported_key(account=OTHER_ACCOUNT),
        service_role=it.imported_role(mutable=False),
    )


def key_of_another_account_and_nameless_role(it: Building) -> None:
    it.wire(
        encryption_key=it.imported_key(account=OTHER_ACCOUNT),
        service_role=personalize_role(it.main),
    )


def key_of_another_account_and_role_imported_by_name(it: Building) -> None:
    it.wire(
        encryption_key=it.imported_key(account=OTHER_ACCOUNT),
        service_role=it.role_imported_by_name(),
    )


def imported_bucket(it: Building) -> None:
    it.wire(picks=it.picks(it.imported_bucket()))


def imported_bucket_that_knows_its_key(it: Building) -> None:
    it.wire(picks=it.picks(it.imported_bucket(encryption_key=it.imported_key())))


def imported_bucket_whose_key_is_given(it: Building) -> None:
    it.wire(picks=it.picks(it.imported_bucket(), encryption_key=it.imported_key()))


def bucket_of_the_app_with_an_imported_key(it: Building) -> None:
    it.wire(picks=it.picks(encrypted_bucket(it.main, it.imported_key())))


def everything_is_imported(it: Building) -> None:
    it.wire(
        picks=it.picks(it.imported_bucket(encryption_key=it.imported_key(id="abcd1234"))),
        encryption_key=it.imported_key(),
        service_role=it.imported_role(mutable=False),
    )


def bucket_of_another_account(it: Building) -> None:
    key = it.imported_key(account=OTHER_ACCOUNT)
    bucket = it.imported_bucket(account=OTHER_ACCOUNT, encryption_key=key)
    it.wire(picks=it.picks(bucket), role_name="personalize")


def _bucket_of_another_accounts_stack(it: Building) -> s3.Bucket:
    return s3.Bucket(it.stack("Data", account=OTHER_ACCOUNT), "Data", bucket_name="their-ratings")


def bucket_of_another_accounts_stack(it: Building) -> None:
    it.wire(picks=it.picks(_bucket_of_another_accounts_stack(it)))


def bucket_of_another_accounts_stack_and_imported_role(it: Building) -> None:
    it.wire(picks=it.picks(_bucket_of_another_accounts_stack(it)), service_role=it.imported_role())


def bucket_with_a_key_of_another_accounts_stack(it: Building) -> None:
    data = it.stack("Data", account=OTHER_ACCOUNT)
    bucket = s3.Bucket(
        data, "Data", bucket_name="their-ratings", encryption_key=kms.Key(data, "DataKey")
    )
    it.wire(picks=it.picks(bucket), source_account_check=SourceAccountCheck.REQUIRED)


def key_of_another_accounts_stack(it: Building) -> None:
    it.wire(encryption_key=key_in(it.stack("Security", account=OTHER_ACCOUNT)))


def key_of_another_accounts_stack_and_imported_role(it: Building) -> None:
    key = key_in(it.stack("Security", account=OTHER_ACCOUNT))
    it.wire(encryption_key=key, service_role=it.imported_role())
