"""Requests that the embedded Personalize accepts and refuses, by the policies as deployed at the call."""

from __future__ import annotations

import json
from typing import Any

import pytest

from embedded_aws import EmbeddedAws

INVALID = "InvalidInputException"


def test_everything_allowed_is_accepted(scenario: Any) -> None:
    """With all that the pages ask for, group, dataset, import job and metric attribution are made and described."""
    dataset = scenario.create_dataset()
    job = scenario.import_data(dataset)
    group = "arn:aws:personalize:eu-west-1:111111111111:dataset-group/movies"
    attribution = scenario.create_metric_attribution(group)
    described = scenario.personalize.describe_dataset_group(datasetGroupArn=group)["datasetGroup"]
    assert (described["status"], described["kmsKeyArn"]) == ("ACTIVE", scenario.key_arn)
    imported = scenario.finish(scenario.personalize.describe_dataset_import_job, datasetImportJobArn=job)
    assert imported["status"] == "ACTIVE"
    assert imported["dataSource"] == {"dataLocation": "s3://movies-data/import/"}
    listed = scenario.personalize.list_metric_attributions(datasetGroupArn=group)["metricAttributions"]
    assert [entry["metricAttributionArn"] for entry in listed] == [attribution]


@pytest.mark.parametrize(
    "action", ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:CreateGrant", "kms:ListGrants"]
)
def test_a_dataset_group_needs_each_action_for_the_service(scenario: Any, refusal: Any, action: str) -> None:
    """One action short in the service's key statement, and the refusal names that action, the key and the place."""
    rest = [name for name in scenario.base_5 if name != action]
    scenario.key_policy(
        scenario.allow({"AWS": scenario.account}, ["kms:*"]),
        scenario.allow({"AWS": scenario.role_arn}, scenario.base_5),
        scenario.allow(scenario.service, rest),
    )
    message = (
        "Insufficient privileges for dataset group movies: "
        f"personalize.amazonaws.com needs {action} on {scenario.key_arn} (key policy)"
    )
    assert refusal(scenario.create_dataset_group) == (INVALID, message)


def test_a_dataset_group_needs_create_grant_for_the_role(scenario: Any, refusal: Any) -> None:
    """IAM has the page's four actions, so an account statement doesn't make up for a role statement without it."""
    scenario.key_policy(
        scenario.allow({"AWS": scenario.account}, ["kms:*"]),
        scenario.allow({"AWS": scenario.role_arn}, scenario.base_4),
        scenario.allow(scenario.service, scenario.base_5),
    )
    message = (
        f"Insufficient privileges for dataset group movies: {scenario.role_arn} needs kms:CreateGrant on "
        f"{scenario.key_arn} (IAM policies of the role: the key policy only delegates to its account)"
    )
    assert refusal(scenario.create_dataset_group) == (INVALID, message)


def test_a_dataset_group_needs_kms_in_iam_though_the_key_policy_names_the_role(scenario: Any, refusal: Any) -> None:
    """The page asks for both documents."""
    scenario.role_policy(scenario.allow_role(["kms:Decrypt", "kms:DescribeKey", "kms:ListGrants"], scenario.key_arn))
    message = (
        f"Insufficient privileges for dataset group movies: {scenario.role_arn} needs kms:GenerateDataKey on "
        f"{scenario.key_arn} (IAM policies of the role)"
    )
    assert refusal(scenario.create_dataset_group) == (INVALID, message)


def test_a_managed_policy_counts_while_it_is_attached(scenario: Any, refusal: Any) -> None:
    """IAM is read at the call: with the policy attached the group is made, after detaching it isn't."""
    scenario.iam.delete_role_policy(RoleName="personalize", PolicyName="inline")
    document = scenario.policy(scenario.allow_role(scenario.base_4, scenario.key_arn))
    managed = scenario.iam.create_policy(PolicyName="key", PolicyDocument=document)["Policy"]["Arn"]
    scenario.iam.attach_role_policy(RoleName="personalize", PolicyArn=managed)
    scenario.create_dataset_group("attached")
    scenario.iam.detach_role_policy(RoleName="personalize", PolicyArn=managed)
    code, message = refusal(scenario.create_dataset_group, "detached")
    assert code == INVALID
    assert message.startswith("Insufficient privileges for dataset group detached: ")


def test_the_role_has_to_trust_personalize(scenario: Any, refusal: Any) -> None:
    """A trust policy for another account's Personalize resources lets nobody in."""
    trust = {
        "Effect": "Allow",
        "Principal": scenario.service,
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": "222222222222"}},
    }
    scenario.iam.update_assume_role_policy(RoleName="personalize", PolicyDocument=scenario.policy(trust))
    message = (
        "Insufficient privileges for dataset group movies: personalize.amazonaws.com needs sts:AssumeRole on "
        f"{scenario.role_arn} (trust policy of the role)"
    )
    assert refusal(scenario.create_dataset_group) == (INVALID, message)


def test_key_and_role_come_together(scenario: Any, refusal: Any) -> None:
    """A dataset group takes both or neither."""
    assert refusal(scenario.create_dataset_group, kmsKeyArn=scenario.key_arn) == (
        INVALID,
        "kmsKeyArn is given without roleArn: a dataset group takes both or neither",
    )
    assert refusal(scenario.create_dataset_group, roleArn=scenario.role_arn) == (
        INVALID,
        "roleArn is given without kmsKeyArn: a dataset group takes both or neither",
    )
    scenario.create_dataset_group("plain", domain="ECOMMERCE")


def test_only_an_enabled_symmetric_key_by_its_arn_will_do(scenario: Any, refusal: Any) -> None:
    """Alias ARNs, keys that aren't there, disabled keys and keys for MACs are refused, each with its reason."""

    def answer(key_arn: str) -> Any:
        return refusal(scenario.create_dataset_group, kmsKeyArn=key_arn, roleArn=scenario.role_arn)[1]

    alias = "arn:aws:kms:eu-west-1:111111111111:alias/movies"
    assert answer(alias) == (
        f"Value '{alias}' at 'kmsKeyArn' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: arn:aws.*:kms:.*:[0-9]{12}:key/.*"
    )
    absent = "arn:aws:kms:eu-west-1:111111111111:key/absent"
    assert answer(absent) == f"KMS key {absent} does not exist"
    hmac = scenario.kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["Arn"]
    assert answer(hmac) == f"KMS key {hmac} is not a symmetric encryption key: it is HMAC_256 for GENERATE_VERIFY_MAC"
    scenario.kms.disable_key(KeyId=scenario.key_arn)
    assert answer(scenario.key_arn) == f"KMS key {scenario.key_arn} is not enabled: its state is Disabled"


def test_a_role_of_another_account_cannot_be_passed(scenario: Any, refusal: Any) -> None:
    """Personalize says "Cross-account pass role is not allowed."."""
    foreign = "arn:aws:iam::222222222222:role/personalize"
    call = refusal(scenario.create_dataset_group, kmsKeyArn=scenario.key_arn, roleArn=foreign)
    assert call == (INVALID, "Cross-account pass role is not allowed.")


def test_a_key_of_another_account_needs_the_whole_set_in_iam(scenario: Any, aws: EmbeddedAws, refusal: Any) -> None:
    """The key policy names the role, and still IAM lacks CreateGrant across accounts."""
    key = aws.client("kms", account="222222222222").create_key(
        Policy=scenario.policy(
            scenario.allow({"AWS": "arn:aws:iam::222222222222:root"}, ["kms:*"]),
            scenario.allow({"AWS": scenario.role_arn}, scenario.base_5),
            scenario.allow(scenario.service, scenario.base_5),
        )
    )["KeyMetadata"]["Arn"]
    scenario.role_policy(scenario.allow_role(scenario.base_4, key))
    options = {"kmsKeyArn": key, "roleArn": scenario.role_arn}
    message = (
        f"Insufficient privileges for dataset group movies: {scenario.role_arn} needs kms:CreateGrant on {key} "
        "(IAM policies of the role: the key belongs to another account)"
    )
    assert refusal(scenario.create_dataset_group, **options) == (INVALID, message)
    scenario.role_policy(scenario.allow_role(scenario.base_5, key))
    scenario.create_dataset_group(**options)


def test_names_are_taken_once_and_things_in_use_stay(scenario: Any, refusal: Any) -> None:
    """Personalize's own error codes for a name that is taken, a thing in use and a thing that isn't there."""
    dataset = scenario.create_dataset()
    group = "arn:aws:personalize:eu-west-1:111111111111:dataset-group/movies"
    assert refusal(scenario.create_dataset_group)[0] == "ResourceAlreadyExistsException"
    assert refusal(scenario.personalize.delete_dataset_group, datasetGroupArn=group)[0] == "ResourceInUseException"
    scenario.import_data(dataset)
    scenario.personalize.delete_dataset(datasetArn=dataset)
    scenario.personalize.delete_dataset_group(datasetGroupArn=group)
    assert refusal(scenario.personalize.describe_dataset_group, datasetGroupArn=group) == (
        "ResourceNotFoundException",
        f"Resource Arn {group} does not exist.",
    )


def test_tags_are_kept_and_listings_come_in_pages(aws: EmbeddedAws) -> None:
    """Tags come back as they were given, and a listing continues where it stopped."""
    personalize = aws.client("personalize")
    tags = [{"tagKey": "team", "tagValue": "movies"}]
    arns = [personalize.create_dataset_group(name=f"g{n}", tags=tags)["datasetGroupArn"] for n in range(3)]
    assert personalize.list_tags_for_resource(resourceArn=arns[0])["tags"] == tags
    pages = personalize.get_paginator("list_dataset_groups").paginate(PaginationConfig={"PageSize": 2})
    assert [len(page["datasetGroups"]) for page in pages] == [2, 1]


def test_a_schema_has_to_be_an_avro_record(aws: EmbeddedAws, refusal: Any) -> None:
    """Text that isn't JSON, or no record, is refused when the schema is created."""
    create = aws.client("personalize").create_schema
    assert refusal(create, name="s", schema=json.dumps({"type": "string"})) == (
        INVALID,
        "Schema must be an Avro record with fields",
    )
