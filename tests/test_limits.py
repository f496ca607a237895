"""Large numbers: accepted as long as AWS accepts them, in policies counted at their longest."""

import json
from collections.abc import Iterable
from graphlib import TopologicalSorter
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from personalize_kms_constructs._grant.sizes import most_of
from tests.life.conftest import GROUP, allowing
from tests.policies import resources, sids_of, template

# What CloudFormation fills in, at its longest.
FILLED_IN = {
    "AWS::Partition": "aws-us-gov",
    "AWS::Region": "ap-southeast-1",
    "AWS::AccountId": "111111111111",
    "AWS::StackName": "s" * 128,
}


def deployed(value: Any) -> Any:
    """The longest the policy can be after deployment: CloudFormation's names have full length."""
    if isinstance(value, list):
        return [deployed(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "Ref" in value:
        return FILLED_IN[value["Ref"]]
    if "Fn::GetAtt" in value:
        is_bucket = "Bucket" in value["Fn::GetAtt"][0]
        return (
            f"arn:aws-us-gov:s3:::{'b' * 63}"
            if is_bucket
            else f"arn:aws-us-gov:iam::111111111111:role/{'r' * 64}"
        )
    if "Fn::Join" in value:
        return "".join(deployed(part) for part in value["Fn::Join"][1])
    return {key: deployed(item) for key, item in value.items()}


def size(document: Any) -> int:
    return len(json.dumps(deployed(document), separators=(",", ":")))


def sizes(stack: cdk.Stack, kind: str) -> list[int]:
    """The sizes of all policies of a kind."""
    policies = resources(stack, kind).values()
    return [size(policy["Properties"]["PolicyDocument"]) for policy in policies]


def imports(bucket: s3.IBucket, folders: Iterable[str]) -> list[PersonalizeResource]:
    """An import job for each of these folders."""
    return [PersonalizeResource.dataset_import_job(S3Location(bucket, name)) for name in folders]


def import_jobs(
    stack: cdk.Stack, *, buckets: int, folders: int, above: str = "import"
) -> list[PersonalizeResource]:
    """A job for each of so many folders in each of so many buckets."""
    jobs: list[PersonalizeResource] = []
    for number in range(buckets):
        bucket = s3.Bucket(stack, f"Bucket{number}")
        jobs += imports(bucket, (f"{above}/{folder:02}/" for folder in range(folders)))
    return jobs


def test_200_locations_of_one_construct(stack: cdk.Stack) -> None:
    """Ten buckets of twenty prefixes each: AWS accepts every policy, and the resources are few."""
    jobs = import_jobs(stack, buckets=10, folders=20)
    PersonalizeEncryption(stack, "Encryption", resources=jobs)
    managed = sizes(stack, "AWS::IAM::ManagedPolicy")
    assert 1 < len(managed) <= 10
    assert max(managed) <= 6144
    of_buckets = sizes(stack, "AWS::S3::BucketPolicy")
    assert len(of_buckets) == 10
    assert max(of_buckets) <= 20480
    assert len(template(stack)["Resources"]) < 500


def test_the_same_location_again_when_a_policy_is_full(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """A later managed policy doesn't repeat a permission of an earlier policy."""
    jobs = imports(bucket, (f"import/{number:02}/" for number in range(80)))
    encryption = PersonalizeEncryption(stack, "Encryption", resources=jobs)
    before = template(stack)
    assert len(resources(stack, "AWS::IAM::ManagedPolicy")) == 2
    encryption.allow(jobs[0])
    assert template(stack) == before


def test_a_location_before_others_takes_nothing_away_meanwhile() -> None:
    """It moves the last locations to the next policy, which CloudFormation has to update first."""
    folders = [f"import/{number:03}{'x' * 120}/" for number in range(60)]
    before, after = policies_of_folders(folders[1:]), policies_of_folders(folders)
    policies = {policy: readable for policy, (readable, _) in before.items()}
    waiting = {policy: waits for policy, (_, waits) in after.items()}
    assert waiting == {"Policy": ["Policy2"], "Policy2": ["Policy3"], "Policy3": []}
    kept = set().union(*policies.values())
    for policy in TopologicalSorter(waiting).static_order():
        policies[policy], _ = after[policy]
        assert kept <= set().union(*policies.values())


def policies_of_folders(folders: list[str]) -> dict[str, tuple[set[str], list[str]]]:
    """The objects that each managed policy of a role lets it read, and its dependencies."""
    stack = cdk.Stack(cdk.App(analytics_reporting=False), "Stack")
    bucket = s3.Bucket(stack, "Data")
    PersonalizeEncryption(stack, "Encryption", resources=imports(bucket, folders))
    readable_by_policy = {}
    for logical_id, policy in resources(stack, "AWS::IAM::ManagedPolicy").items():
        statements = {
            statement["Sid"]: statement
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        }
        readable = {json.dumps(arn) for arn in statements["ReadObjects"]["Resource"]}
        readable_by_policy[name(logical_id)] = (
            readable,
            [name(id) for id in policy.get("DependsOn", [])],
        )
    return readable_by_policy


def name(logical_id: str) -> str:
    return logical_id.removeprefix("Encryption")[:-8]


def test_more_managed_policies_than_a_role_takes_by_default(
    stack: cdk.Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are numbered from the second on; the quota of ten can be raised, so twelve are fine."""
    monkeypatch.setattr("personalize_kms_constructs._grant.plan.MANAGED_POLICY_SIZE", 1024)
    jobs = import_jobs(stack, buckets=2, folders=17, above="x" * 160)
    encryption = PersonalizeEncryption(stack, "Encryption", resources=jobs)
    managed = [
        child.node.id for child in encryption.node.children if isinstance(child, iam.ManagedPolicy)
    ]
    assert managed == ["Policy", *(f"Policy{number}" for number in range(2, 13))]
    warnings = assertions.Annotations.from_stack(stack).find_warning(
        "*", assertions.Match.any_value()
    )
    assert warnings == []


def test_20_constructs_on_one_key(stack: cdk.Stack, data_key: kms.Key) -> None:
    """They take half of a key policy's 32,768 bytes, even in the longer, delegating form."""
    for number in range(20):
        nested = cdk.NestedStack(stack, f"Nested{number}")
        allowing(nested, GROUP, PersonalizeResource.dataset_export_job(), encryption_key=data_key)
    (key,) = resources(stack, "AWS::KMS::Key").values()
    policy = key["Properties"]["KeyPolicy"]
    assert size(policy) <= 16384
    sids = sids_of(policy["Statement"][1:])
    assert len(set(sids)) == len(sids) == 40


@pytest.mark.parametrize(
    "above", ["", f"{cdk.Aws.STACK_NAME}/"], ids=["a literal", "the stack's name"]
)
def test_a_managed_policy_fits_in_every_partition_and_stack(stack: cdk.Stack, above: str) -> None:
    """The partition of an imported bucket is known at deployment; its longest is ``aws-us-gov``."""
    bucket = s3.Bucket.from_bucket_name(stack, "Imported", "ratings")
    folders = [f"{above}{number:012}/" for number in range(150)]
    PersonalizeEncryption(stack, "Encryption", resources=imports(bucket, folders))
    managed = sizes(stack, "AWS::IAM::ManagedPolicy")
    assert len(managed) > 1
    assert max(managed) <= 6144


@pytest.mark.parametrize(
    ("value", "most"),
    [
        ("Allow", 7),
        ("ö", 4),
        ('"', 4),
        ([], 2),
        (["a", "b"], 9),
        ({"a": "b"}, 9),
        ({"a": "b", "c": ["d"]}, 19),
    ],
)
def test_the_size_of(value: Any, most: int) -> None:
    """Strings have quotes, lists and objects brackets and commas, and nothing has white space."""
    assert most_of(value) == most


def test_the_size_of_pseudo_parameters() -> None:
    """Pseudo parameters count with the longest partition, Region and account."""
    assert most_of(f"arn:{cdk.Aws.PARTITION}:x") == 2 + 4 + 10 + 2
    assert most_of(cdk.Aws.REGION) == 2 + 15
    assert most_of(cdk.Aws.ACCOUNT_ID) == 2 + 12


def test_the_size_of_an_arn(stack: cdk.Stack) -> None:
    """An ARN before a folder is that of a bucket, whose name has up to 63 characters."""
    arn = s3.Bucket(stack, "Data").bucket_arn
    assert most_of(arn) == 2 + 96
    assert most_of(f"{arn}/in/*") == 2 + 20 + 63 + 5
    assert most_of(f"{arn}-x") == 2 + 96 + 2
