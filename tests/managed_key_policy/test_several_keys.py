"""The construct with more than one imported key to look after."""

import re

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
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


def managed_keys(stack: cdk.Stack, *, keys: int, constructs: int = 1) -> list[PersonalizeEncryption]:
    return [
        PersonalizeEncryption(
            stack,
            f"Encryption{construct}x{key}",
            imported_key_policy=ImportedKeyPolicy.MANAGED,
            encryption_key=kms.Key.from_key_arn(
                stack, f"Key{construct}x{key}", f"arn:aws:kms:us-east-1:111122223333:key/{key:036}"
            ),
            resources=[PersonalizeResource.dataset_group()],
        )
        for construct in range(constructs)
        for key in range(keys)
    ]


def test_constructs_of_one_key_wait_for_each_other(stack: cdk.Stack) -> None:
    """At the same time they would undo each other's work again and again."""
    managed_keys(stack, keys=1, constructs=3)
    found = resources(stack, "Custom::PersonalizeKeyPolicy")
    first, second, third = found
    waits = {id: [other for other in found if other in resource["DependsOn"]] for id, resource in found.items()}
    assert waits == {first: [], second: [first], third: [second]}


@pytest.mark.parametrize(("keys", "constructs"), [(21, 1), (10, 3)], ids=["policies of the role", "configuration"])
def test_more_keys_than_the_function_has_room_for(stack: cdk.Stack, keys: int, constructs: int) -> None:
    """IAM takes twenty managed policies a role, and Lambda 4 KB of environment."""
    managed_keys(stack, keys=keys, constructs=constructs)
    with pytest.raises(RuntimeError) as error:
        resources(stack, "AWS::Lambda::Function")
    assert re.search(
        rf"\[Stack/PersonalizeKeyPolicies\] the stack manages the policies of {keys} keys, by \d?\d,\d\d\d bytes of "
        r"configuration, but its function has room for 20 keys and 4,096 bytes: use another stack for some of the "
        r"constructs, or ImportedKeyPolicy\.PENDING",
        str(error.value),
    )


def test_more_keys_than_a_role_has_policies_by_default(stack: cdk.Stack) -> None:
    """The quota can be raised to twenty."""
    managed_keys(stack, keys=11)
    annotations = assertions.Annotations.from_stack(stack).find_warning(
        "/Stack/PersonalizeKeyPolicies/Warnings", assertions.Match.any_value()
    )
    assert "has 11 managed policies but the quota is 10 by default" in str(annotations[0].entry.data)
