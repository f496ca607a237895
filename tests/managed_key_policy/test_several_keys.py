"""The construct with more than one imported key to look after."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import ImportedKeyPolicy, PersonalizeEncryption, PersonalizeResource, S3Location
from tests.policies import resources


def test_each_imported_key_has_a_custom_resource(stack: cdk.Stack) -> None:
    """Each for its own key, by ids that depend on the key alone, and with the removal policy that was asked for."""
    keys = [
        kms.Key.from_key_arn(stack, f"Imported{number}", f"arn:aws:kms:us-east-1:111122223333:key/{number}")
        for number in range(3)
    ]
    encryption = PersonalizeEncryption(
        stack,
        "Encryption",
        encryption_key=keys[0],
        imported_key_policy=ImportedKeyPolicy.MANAGED,
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    for number, key in enumerate(keys[1:]):
        bucket = s3.Bucket(stack, f"Bucket{number}", encryption_key=key)
        encryption.allow(PersonalizeResource.dataset_import_job(S3Location(bucket, "import/")))
    encryption.add_dataset_group("Movies", name="movies")

    found = resources(stack, "Custom::PersonalizeKeyPolicy")
    assert {
        id: (resource["Properties"]["KeyArn"].rpartition("/")[2], resource["DeletionPolicy"])
        for id, resource in found.items()
    } == {
        "EncryptionKeyPolicyF90B8445002A36A5": ("0", "Delete"),
        "EncryptionKeyPolicyD1FFF1A7EA963060": ("1", "Delete"),
        "EncryptionKeyPolicyA08A05263BC6DB4D": ("2", "Delete"),
    }
    (group,) = resources(stack, "AWS::Personalize::DatasetGroup").values()
    assert set(found) < set(group["DependsOn"])
    assert encryption.pending_statements == ()


def managed_ids(*numbers: int) -> dict[str, str]:
    """The ids of the custom resources by the keys that they stand for, with locations in this order."""
    stack = cdk.Stack(cdk.App(analytics_reporting=False), "Stack")
    keys = {n: kms.Key.from_key_arn(stack, f"I{n}", f"arn:aws:kms:us-east-1:111122223333:key/{n}") for n in numbers}
    encryption = PersonalizeEncryption(stack, "Encryption", imported_key_policy=ImportedKeyPolicy.MANAGED)
    for number, key in keys.items():
        bucket = s3.Bucket(stack, f"Bucket{number}", encryption_key=key)
        encryption.allow(PersonalizeResource.dataset_import_job(S3Location(bucket, "import/")))
    found = resources(stack, "Custom::PersonalizeKeyPolicy")
    return {resource["Properties"]["KeyArn"]: id for id, resource in found.items()}


def test_a_key_keeps_its_custom_resource_whatever_comes_before_it() -> None:
    """Inserted, removed and reordered locations make no custom resource stand for another key."""
    before, inserted, reordered = managed_ids(1, 2), managed_ids(3, 1, 2), managed_ids(2, 1)
    assert before == reordered
    assert before.items() < inserted.items()


def test_a_key_by_a_token_is_known_by_what_it_resolves_to() -> None:
    """The strings of tokens differ with the number of tokens that were made before."""

    def id_of(tokens_before: int) -> list[str]:
        stack = cdk.Stack(cdk.App(analytics_reporting=False), "Stack")
        for number in range(tokens_before):
            cdk.Fn.import_value(f"Other{number}")
        key = kms.Key.from_key_arn(stack, "Key", cdk.Fn.import_value("KeyArn"))
        PersonalizeEncryption(
            stack,
            "Encryption",
            encryption_key=key,
            imported_key_policy=ImportedKeyPolicy.MANAGED,
            resources=[PersonalizeResource.dataset_group()],
        )
        return list(resources(stack, "Custom::PersonalizeKeyPolicy"))

    assert id_of(0) == id_of(7)
