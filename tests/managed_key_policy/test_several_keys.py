"""The construct with more than one imported key to look after."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import (
    ImportedKeyPolicy,
    PersonalizeEncryption,
    PersonalizeResource,
    S3Location,
)
from tests.policies import resources


def arn_of(number: int) -> str:
    return f"arn:aws:kms:us-east-1:111122223333:key/{number:036}"


def managed(
    stack: cdk.Stack, key_arn: str, id: str = "Encryption", **options: Any
) -> PersonalizeEncryption:
    """Make a construct for a dataset group with an imported key."""
    return PersonalizeEncryption(
        stack,
        id,
        imported_key_policy=ImportedKeyPolicy.MANAGED,
        encryption_key=kms.Key.from_key_arn(stack, f"Key{id}", key_arn),
        resources=[PersonalizeResource.dataset_group()],
        **options,
    )


def import_from(encryption: PersonalizeEncryption, key_arn: str, id: str) -> None:
    """Allow imports from a bucket with another imported key."""
    bucket = s3.Bucket(
        encryption,
        f"Bucket{id}",
        encryption_key=kms.Key.from_key_arn(encryption, f"Key{id}", key_arn),
    )
    encryption.allow(PersonalizeResource.dataset_import_job(S3Location(bucket, "import/")))


def configuration_of(stack: cdk.Stack) -> Any:
    """The parts of the function's configuration."""
    (function,) = resources(stack, "AWS::Lambda::Function").values()
    return function["Properties"]["Environment"]["Variables"]["MAY_WRITE"]["Fn::Join"][1]


def test_each_imported_key_has_a_custom_resource(stack: cdk.Stack) -> None:
    """The ids of the custom resources come from the keys; they have the given removal policy."""
    encryption = managed(stack, arn_of(0), removal_policy=cdk.RemovalPolicy.DESTROY)
    for number in (1, 2):
        import_from(encryption, arn_of(number), str(number))
    encryption.add_dataset_group("Movies", name="movies")

    custom = resources(stack, "Custom::PersonalizeKeyPolicy")
    assert {
        id: (resource["Properties"]["KeyArn"], resource["DeletionPolicy"])
        for id, resource in custom.items()
    } == {
        "EncryptionKeyPolicyA560CB3BAC05B9A1": (arn_of(0), "Delete"),
        "EncryptionKeyPolicyFEB96F28BD0891FF": (arn_of(1), "Delete"),
        "EncryptionKeyPolicyE3AB0A4DDC19DE54": (arn_of(2), "Delete"),
    }
    (group,) = resources(stack, "AWS::Personalize::DatasetGroup").values()
    assert set(custom) < set(group["DependsOn"])
    assert encryption.pending_statements == ()


def test_the_id_of_a_key_does_not_depend_on_its_place_or_on_tokens_before_it() -> None:
    """The clean-up for a key doesn't take out the new statements of another."""

    def ids(*names: str, tokens_before: int) -> dict[str, str]:
        stack = cdk.Stack(cdk.App(analytics_reporting=False), "Stack")
        for number in range(tokens_before):
            cdk.CfnParameter(stack, f"Before{number}").value_as_string  # noqa: B018
        encryption = managed(stack, arn_of(0))
        for name in names:
            import_from(encryption, cdk.CfnParameter(stack, name).value_as_string, name)
        custom = resources(stack, "Custom::PersonalizeKeyPolicy")
        return {str(resource["Properties"]["KeyArn"]): id for id, resource in custom.items()}

    first = ids("A", "B", tokens_before=0)
    assert len(set(first.values())) == 3
    assert ids("C", "B", "A", tokens_before=3).items() > first.items()


def test_constructs_of_one_key_wait_for_each_other(stack: cdk.Stack) -> None:
    """At the same time they would undo each other's work again and again."""
    for number in range(3):
        managed(stack, arn_of(0), f"Encryption{number}")
    custom = resources(stack, "Custom::PersonalizeKeyPolicy")
    first, second, third = custom
    waits = {}
    for id, resource in custom.items():
        waits[id] = [other for other in custom if other in resource["DependsOn"]]
    assert waits == {first: [], second: [first], third: [second]}


KNOWN = {"AWS::Partition": "aws", "AWS::AccountId": "111122223333", "AWS::Region": "us-east-1"}


def test_each_key_has_one_of_the_ten_policies_of_the_role(stack: cdk.Stack) -> None:
    """A key that is a parameter, too."""
    encryption = managed(stack, arn_of(0))
    for number in range(1, 11):
        import_from(
            encryption, cdk.CfnParameter(stack, f"Key{number}").value_as_string, str(number)
        )
    assertions.Annotations.from_stack(stack).has_warning(
        "*",
        "role Stack/PersonalizeKeyPolicies/Role has 11 managed policies, one for each key, but "
        "the quota is 10 by default: have it raised, or use another stack for some of the "
        "constructs, or ImportedKeyPolicy.PENDING [ack: "
        "personalize-kms-constructs:manyManagedPolicies]",
    )


def test_one_key_of_many_names_has_one_policy(stack: cdk.Stack) -> None:
    """Each look at an export is another token."""
    for number in range(11):
        managed(stack, cdk.Fn.import_value("Key"), f"Encryption{number}")
    assertions.Annotations.from_stack(stack).has_no_warning(
        "*", assertions.Match.string_like_regexp("managed policies")
    )


def test_a_role_made_here_stands_in_the_configuration_once(stack: cdk.Stack) -> None:
    """The role's ARN is another token for each key, and becomes one text in the template."""
    encryption = managed(stack, arn_of(0))
    for number in (1, 2):
        import_from(encryption, arn_of(number), str(number))
    parts = [
        part if isinstance(part, str) else KNOWN[part["Ref"]] for part in configuration_of(stack)
    ]
    configuration = json.loads("".join(parts))
    role_arn = "arn:aws:iam::111122223333:role/Stack-Encryption-8875952E-us-east-1"
    assert configuration["Conditions"] == [
        {"ArnEquals": {"aws:PrincipalArn": role_arn}},
        {"StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}},
    ]
    assert [list(key["Sids"].values()) for key in configuration["Keys"]] == [[0, 1], [0, 1], [0, 1]]


@pytest.mark.parametrize(("role_name", "refers"), [(None, True), ("personalize", False)])
def test_the_configuration_refers_to_a_given_role_without_a_name(
    stack: cdk.Stack, role_name: str | None, refers: bool
) -> None:
    """The configuration has the ARN of a role without a name, so the page says to name it."""
    service: Any = iam.ServicePrincipal("personalize.amazonaws.com")
    managed(
        stack,
        arn_of(0),
        service_role=iam.Role(stack, "Role", assumed_by=service, role_name=role_name),
    )
    assert ({"Fn::GetAtt": ["Role1ABCC5F0", "Arn"]} in configuration_of(stack)) == refers
