"""The construct with more than one imported key to look after."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import ImportedKeyPolicy, PersonalizeEncryption, PersonalizeResource, S3Location
from tests.policies import resources


def test_each_imported_key_has_a_custom_resource(stack: cdk.Stack) -> None:
    """Each for its own key, by ids that come from the keys, and with the removal policy that was asked for."""
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
        "EncryptionKeyPolicy6AEEC13DA37C2A85": ("0", "Delete"),
        "EncryptionKeyPolicyFD13841532C16880": ("1", "Delete"),
        "EncryptionKeyPolicyBD526FFB92692317": ("2", "Delete"),
    }
    (group,) = resources(stack, "AWS::Personalize::DatasetGroup").values()
    assert set(found) < set(group["DependsOn"])
    assert encryption.pending_statements == ()


def test_the_id_of_a_key_does_not_depend_on_its_place_or_on_tokens_before_it() -> None:
    """Else the clean-up for one key would take out what was just written for another."""

    def ids(*names: str, tokens_before: int) -> dict[str, str]:
        stack = cdk.Stack(cdk.App(analytics_reporting=False), "Stack")
        for number in range(tokens_before):
            cdk.CfnParameter(stack, f"Before{number}").value_as_string  # noqa: B018
        encryption = PersonalizeEncryption(
            stack,
            "Encryption",
            imported_key_policy=ImportedKeyPolicy.MANAGED,
            encryption_key=kms.Key.from_key_arn(stack, "Main", "arn:aws:kms:us-east-1:111122223333:key/main"),
        )
        for name in names:
            arn = cdk.CfnParameter(stack, name).value_as_string
            key = kms.Key.from_key_arn(stack, f"Key{name}", arn)
            bucket = s3.Bucket(stack, f"Bucket{name}", encryption_key=key)
            encryption.allow(PersonalizeResource.dataset_import_job(S3Location(bucket, "import/")))
        return {
            str(resource["Properties"]["KeyArn"]): id
            for id, resource in resources(stack, "Custom::PersonalizeKeyPolicy").items()
        }

    first = ids("A", "B", tokens_before=0)
    assert len(set(first.values())) == 3
    assert ids("C", "B", "A", tokens_before=3).items() > first.items()
