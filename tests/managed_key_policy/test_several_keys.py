"""The construct with more than one imported key to look after."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import ImportedKeyPolicy, PersonalizeEncryption, PersonalizeResource, S3Location
from tests.policies import resources


def test_each_imported_key_has_a_custom_resource(stack: cdk.Stack) -> None:
    """Each for its own key, by ids that count, and with the removal policy that was asked for."""
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
        "EncryptionKeyPolicyEC3482CF": ("0", "Delete"),
        "EncryptionKeyPolicy2244EA0BA": ("1", "Delete"),
        "EncryptionKeyPolicy3B1C25F55": ("2", "Delete"),
    }
    (group,) = resources(stack, "AWS::Personalize::DatasetGroup").values()
    assert set(found) < set(group["DependsOn"])
    assert encryption.pending_statements == ()
