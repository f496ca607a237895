"""Much of everything: accepted as long as AWS accepts it, and refused with the figure and a way out beyond."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from tests.policies import resources, template

# What CloudFormation fills in, at its longest.
FILLED_IN = {
    "AWS::Partition": "aws-us-gov",
    "AWS::Region": "ap-southeast-1",
    "AWS::AccountId": "111111111111",
}


def deployed(value: Any) -> Any:
    """The policy as it can be after deployment: names chosen by CloudFormation have their full length."""
    if isinstance(value, list):
        return [deployed(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "Ref" in value:
        return FILLED_IN[value["Ref"]]
    if "Fn::GetAtt" in value:
        logical_id = value["Fn::GetAtt"][0]
        if "Bucket" in logical_id:
            return f"arn:aws-us-gov:s3:::{'b' * 63}"
        return f"arn:aws-us-gov:iam::111111111111:role/{'r' * 64}"
    if "Fn::Join" in value:
        return "".join(deployed(part) for part in value["Fn::Join"][1])
    return {key: deployed(item) for key, item in value.items()}


def size(document: Any) -> int:
    return len(json.dumps(deployed(document), separators=(",", ":")))


def import_jobs(stack: cdk.Stack, *, buckets: int, folders: int) -> list[PersonalizeResource]:
    """A job for each of so many folders in each of so many buckets."""
    return [
        PersonalizeResource.dataset_import_job(S3Location(bucket, f"import/{folder:02}/"))
        for bucket in [s3.Bucket(stack, f"Bucket{number}") for number in range(buckets)]
        for folder in range(folders)
    ]


def test_200_locations_of_one_construct(stack: cdk.Stack) -> None:
    """Ten buckets of twenty prefixes each: every policy is one that AWS accepts, and the stack has few resources."""
    jobs = import_jobs(stack, buckets=10, folders=20)
    PersonalizeEncryption(stack, "Encryption", resources=jobs)
    managed = resources(stack, "AWS::IAM::ManagedPolicy").values()
    assert 1 < len(managed) <= 10
    assert all(size(policy["Properties"]["PolicyDocument"]) <= 6144 for policy in managed)
    of_buckets = resources(stack, "AWS::S3::BucketPolicy").values()
    assert len(of_buckets) == 10
    assert all(size(policy["Properties"]["PolicyDocument"]) <= 20480 for policy in of_buckets)
    assert len(template(stack)["Resources"]) < 500


def test_the_same_location_again_when_a_policy_is_full(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """What an earlier managed policy allows isn't repeated in a later one."""
    jobs = [PersonalizeResource.dataset_import_job(S3Location(bucket, f"import/{number:02}/")) for number in range(80)]
    encryption = PersonalizeEncryption(stack, "Encryption", resources=jobs)
    before = template(stack)
    assert len(resources(stack, "AWS::IAM::ManagedPolicy")) == 2
    encryption.allow(jobs[0])
    assert template(stack) == before


def test_too_many_locations_in_one_bucket(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """A bucket policy holds 20 KB, and the message says how to do with less."""
    jobs = [PersonalizeResource.dataset_import_job(S3Location(bucket, f"import/{n:03}/")) for n in range(200)]
    with pytest.raises(
        ValueError,
        match=r"what Personalize needs on bucket Stack/Bucket takes 2\d,\d{3} bytes of policy but AWS takes 20,480: "
        r"give fewer, wider prefixes",
    ):
        PersonalizeEncryption(stack, "Encryption", resources=jobs)


def test_too_many_locations_for_one_role(stack: cdk.Stack) -> None:
    """A role takes ten managed policies."""
    jobs = import_jobs(stack, buckets=60, folders=20)
    with pytest.raises(ValueError, match=r"takes \d\d managed policies but AWS takes 10: give fewer, wider prefixes"):
        PersonalizeEncryption(stack, "Encryption", resources=jobs)


def test_as_many_managed_policies_as_a_role_takes(stack: cdk.Stack) -> None:
    """Ten are accepted, and numbered from the second on."""
    jobs = import_jobs(stack, buckets=10, folders=50)
    encryption = PersonalizeEncryption(stack, "Encryption", resources=jobs)
    managed = [child.node.id for child in encryption.node.children if isinstance(child, iam.ManagedPolicy)]
    assert managed == ["Policy", *(f"Policy{number}" for number in range(2, 11))]


def test_40_constructs_on_one_key(stack: cdk.Stack, data_key: kms.Key) -> None:
    """The key policy stays below 32,768 bytes even in the longer, delegating form."""
    for number in range(40):
        nested = cdk.NestedStack(stack, f"Nested{number}")
        PersonalizeEncryption(
            nested,
            "Encryption",
            encryption_key=data_key,
            resources=[PersonalizeResource.dataset_group(), PersonalizeResource.dataset_export_job()],
        )
    (key,) = resources(stack, "AWS::KMS::Key").values()
    policy = key["Properties"]["KeyPolicy"]
    assert len(policy["Statement"]) == 81
    assert size(policy) <= 32768
    sids = [statement["Sid"] for statement in policy["Statement"][1:]]
    assert len(set(sids)) == 80


def test_too_many_constructs_on_one_key(stack: cdk.Stack, data_key: kms.Key) -> None:
    """The constructs are counted together, since the key policy is one."""

    def add_constructs() -> None:
        for number in range(100):
            PersonalizeEncryption(
                stack,
                f"Encryption{number}",
                encryption_key=data_key,
                resources=[PersonalizeResource.dataset_group()],
            )

    with pytest.raises(
        ValueError,
        match=r"what Personalize needs on key Stack/DataKey takes 3\d,\d{3} bytes of policy but AWS takes 32,768: "
        r"use one construct for several of the dataset groups, or another key",
    ):
        add_constructs()


def allow(sid: str, action: str, resource: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": [action], "Resource": resource}


@pytest.mark.parametrize(("more", "policies"), [(0, 1), (1, 2)], ids=["full", "too full"])
def test_a_managed_policy_is_filled_to_its_size(stack: cdk.Stack, more: int, policies: int) -> None:
    """6,144 characters, with room for a statement of its own for what comes next; not one more."""
    arn = "arn:aws:s3:::ratings"
    bucket = s3.Bucket.from_bucket_arn(stack, "Imported", arn)
    prefixes = [f"{number:0190}" for number in range(27)]
    objects = [f"{arn}/{prefix}*" for prefix in prefixes]
    statements = [allow("ReadObjects", "s3:GetObject", objects), allow("ListBucket", "s3:ListBucket", [arn])]
    written = {"Version": "2012-10-17", "Statement": [*statements, allow("ReadObjects", "s3:GetObject", [f"{arn}/*"])]}
    room = 6144 - size(written)
    assert 0 < room < 200

    jobs = [
        PersonalizeResource.dataset_import_job(S3Location(bucket, prefix))
        for prefix in [*prefixes, "x" * (room + more)]
    ]
    PersonalizeEncryption(stack, "Encryption", resources=jobs)
    assert len(resources(stack, "AWS::IAM::ManagedPolicy")) == policies
