"""Much of everything: accepted as long as AWS accepts it, and refused with the figure and a way out beyond.

Policies are counted at synth, as they are then: with the statements of others, whoever added them.
"""

import json
import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from tests.life.conftest import l1_role, trusted_role
from tests.policies import resources, template

ACTIONS = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]

# What CloudFormation fills in, at its longest.
FILLED_IN = {
    "AWS::Partition": "aws-us-gov",
    "AWS::Region": "ap-southeast-1",
    "AWS::AccountId": "111111111111",
}


LONGEST_BUCKET = f"arn:aws-us-gov:s3:::{'b' * 63}"
LONGEST_ROLE = f"arn:aws-us-gov:iam::111111111111:role/{'r' * 64}"


def deployed(value: Any, bucket: str = LONGEST_BUCKET, role: str = LONGEST_ROLE) -> Any:
    """The policy as it can be after deployment: names chosen by CloudFormation have their full length."""
    if isinstance(value, list):
        return [deployed(item, bucket, role) for item in value]
    if not isinstance(value, dict):
        return value
    if "Ref" in value:
        return FILLED_IN[value["Ref"]]
    if "Fn::GetAtt" in value:
        return bucket if "Bucket" in value["Fn::GetAtt"][0] else role
    if "Fn::Join" in value:
        return "".join(deployed(part, bucket, role) for part in value["Fn::Join"][1])
    return {key: deployed(item, bucket, role) for key, item in value.items()}


def size(document: Any, **arns: str) -> int:
    return len(json.dumps(deployed(document, **arns), separators=(",", ":")))


def warnings(stack: cdk.Stack) -> list[str]:
    """The warnings of the synth, each with its id at the end."""
    found = assertions.Annotations.from_stack(stack).find_warning("*", assertions.Match.any_value())
    return [str(annotation.entry.data) for annotation in found]


def problems(stack: cdk.Stack) -> list[str]:
    """The findings of a synth that fails."""
    with pytest.raises(RuntimeError) as error:
        template(stack)
    return re.findall("ERROR (.*) \\(Personalize\\)", str(error.value))


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
    """A permission of an earlier managed policy isn't repeated in a later one."""
    jobs = [PersonalizeResource.dataset_import_job(S3Location(bucket, f"import/{number:02}/")) for number in range(80)]
    encryption = PersonalizeEncryption(stack, "Encryption", resources=jobs)
    before = template(stack)
    assert len(resources(stack, "AWS::IAM::ManagedPolicy")) == 2
    encryption.allow(jobs[0])
    assert template(stack) == before


def test_too_many_locations_in_one_bucket_whatever_its_name(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """The synth fails if the shortest name that there is would be too long, and says how to do with less."""
    jobs = [PersonalizeResource.dataset_import_job(S3Location(bucket, f"import/{n:03}/")) for n in range(700)]
    PersonalizeEncryption(stack, "Encryption", resources=jobs)
    (problem,) = problems(stack)
    found = re.fullmatch(r"policy Stack/Bucket/Policy has at least ([\d,]+) bytes but AWS takes 20,480.*", problem)
    # 17 bytes of a path, 16 of the bucket's ARN, and two quotes and a comma, less the last comma.
    assert found
    assert 700 * 18 < int(found[1].replace(",", "")) < 700 * 34


def full_key_policy(stack: cdk.Stack, *, more: int) -> None:
    """A key policy of 32,768 bytes and some more, with our statements; nothing in it is a token."""
    ours = [
        {
            "Sid": "PersonalizeRole",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111111111111:role/personalize"},
            "Action": ACTIONS,
            "Resource": "*",
        },
        {
            "Sid": "PersonalizeService",
            "Effect": "Allow",
            "Principal": {"Service": "personalize.amazonaws.com"},
            "Action": ACTIONS,
            "Resource": "*",
            "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": "111111111111"}},
        },
    ]

    def admin(team: str) -> dict[str, Any]:
        principal = {"AWS": "arn:aws:iam::111111111111:role/admin"}
        condition = {"StringNotEquals": {"aws:PrincipalTag/team": team}}
        return {"Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*", "Condition": condition}

    room = 32768 - size({"Version": "2012-10-17", "Statement": [admin(""), *ours]})
    policy = {"Version": "2012-10-17", "Statement": [admin("x" * (room + more))]}
    PersonalizeEncryption(
        stack,
        "Encryption",
        encryption_key=kms.CfnKey(stack, "Key", key_policy=policy),
        service_role=iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::111111111111:role/personalize"),
        resources=[PersonalizeResource.dataset_group()],
    )


@pytest.fixture
def concrete(app: cdk.App) -> cdk.Stack:
    return cdk.Stack(app, "Stack", env=cdk.Environment(account="111111111111", region="eu-west-1"))


def test_a_key_policy_may_be_full_to_the_last_byte(concrete: cdk.Stack) -> None:
    """32,768 bytes, the user's own statements included."""
    full_key_policy(concrete, more=0)
    (key,) = resources(concrete, "AWS::KMS::Key").values()
    assert size(key["Properties"]["KeyPolicy"]) == 32768
    assert warnings(concrete) == []


def test_a_key_policy_takes_not_one_byte_more(concrete: cdk.Stack) -> None:
    """A policy that is certainly too large fails the synth."""
    full_key_policy(concrete, more=1)
    (problem,) = problems(concrete)
    assert problem.startswith("key policy of Stack/Key has at least 32,769 bytes but AWS takes 32,768")


def test_as_many_managed_policies_as_a_role_takes_by_default(stack: cdk.Stack) -> None:
    """Ten are accepted without a word, and numbered from the second on."""
    jobs = import_jobs(stack, buckets=11, folders=50)
    encryption = PersonalizeEncryption(stack, "Encryption", resources=jobs)
    managed = [child.node.id for child in encryption.node.children if isinstance(child, iam.ManagedPolicy)]
    assert managed == ["Policy", *(f"Policy{number}" for number in range(2, 11))]
    assert warnings(stack) == []


def test_more_managed_policies_than_a_role_takes_by_default(stack: cdk.Stack) -> None:
    """The quota can be raised to twenty, so that this may be right."""
    jobs = import_jobs(stack, buckets=12, folders=50)
    PersonalizeEncryption(stack, "Encryption", resources=jobs)
    assert len(resources(stack, "AWS::IAM::ManagedPolicy")) == 11
    assert warnings(stack) == []


def test_more_managed_policies_than_a_role_ever_takes(stack: cdk.Stack) -> None:
    """Twenty are given on request, and no more."""
    PersonalizeEncryption(stack, "Encryption", resources=import_jobs(stack, buckets=60, folders=20))
    (problem,) = problems(stack)
    assert problem.startswith("Stack/Encryption/Role has 22 managed policies but AWS takes ")


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
    for number in range(70):
        PersonalizeEncryption(
            stack,
            f"Encryption{number}",
            encryption_key=data_key,
            resources=[PersonalizeResource.dataset_group()],
        )
    (problem,) = problems(stack)
    assert re.match(r"key policy of Stack/DataKey has at least 3\d,\d{3} bytes but AWS takes 32,768", problem)


def allow(sid: str, action: str, resource: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": [action], "Resource": resource}


def test_a_managed_policy_fits_in_every_partition(stack: cdk.Stack) -> None:
    """The partition of a bucket that was imported by name is known at deployment; its longest is ``aws-us-gov``."""
    bucket = s3.Bucket.from_bucket_name(stack, "Imported", "ratings")
    jobs = [PersonalizeResource.dataset_import_job(S3Location(bucket, f"{number:04}/")) for number in range(300)]
    PersonalizeEncryption(stack, "Encryption", resources=jobs)
    policies = resources(stack, "AWS::IAM::ManagedPolicy").values()
    assert len(policies) > 1
    sizes = [size(policy["Properties"]["PolicyDocument"]) for policy in policies]
    assert [each for each in sizes if each > 6144] == []


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


@pytest.mark.parametrize("make", [l1_role, trusted_role])
def test_policies_that_others_attach_in_nested_stacks(stack: cdk.Stack, make: Any) -> None:
    """A nested stack has the role by a parameter, which looks like a role of its own."""
    group = PersonalizeResource.dataset_group()
    role, key = make(stack, role_name="personalize"), kms.Key(stack, "Key")
    for number in range(21):
        nested = cdk.NestedStack(stack, f"Nested{number}")
        PersonalizeEncryption(nested, "Encryption", service_role=role, encryption_key=key, resources=[group])
    assert any("has 21 managed policies but AWS takes " in problem for problem in problems(stack))
