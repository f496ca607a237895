"""Managed policies of AWS on a service role: what is known to be in them, and those of which nothing is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_kms_constructs._access.declarations import Declaration
from tests.checks.templates import (
    CLEAN,
    IN_IAM,
    NO_VALUE,
    Json,
    check,
    complete,
    dataset,
    findings,
    importing,
    policy,
    role,
)

OF_AWS = "arn:aws:iam::aws:policy/"
ANYWHERE = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::aws:policy/AdministratorAccess"]]}
KMS_ALONE = {"kms:Decrypt"}
POWER_USER = "CreateAlias CreateKey DeleteAlias GenerateRandom TagResource UntagResource"


def attached(*arns: Any, **properties: Any) -> Any:
    """A template with a role that has these policies, and of its own ``kms:Decrypt`` alone."""
    of_role = role(ManagedPolicyArns=[f"{OF_AWS}{each}" if isinstance(each, str) else each for each in arns])
    of_role["Properties"] |= properties
    return complete(Role=of_role, Policy=policy(actions=sorted(KMS_ALONE)))


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("AWSKeyManagementServicePowerUser", {"kms:DescribeKey", "kms:ListGrants"}),
        ("AWSLambdaExecute", set()),
        ("AWSStepFunctionsFullAccess", set()),
        ("AWSXRayDaemonWriteAccess", set()),
        ("AWSXrayWriteOnlyAccess", set()),
        ("AmazonS3FullAccess", set()),
        ("AmazonS3ReadOnlyAccess", set()),
        ("AmazonSSMManagedInstanceCore", set()),
        ("AdministratorAccess", set(IN_IAM)),
        (ANYWHERE, set(IN_IAM)),
        ("CloudWatchAgentServerPolicy", set()),
        ("CloudWatchFullAccess", set()),
        ("CloudWatchFullAccessV2", set()),
        ("CloudWatchLogsFullAccess", set()),
        ("PowerUserAccess", set(IN_IAM)),
        ("service-role/AWSLambdaBasicExecutionRole", set()),
        ("service-role/AWSLambdaDynamoDBExecutionRole", set()),
        ("service-role/AWSLambdaKinesisExecutionRole", set()),
        ("service-role/AWSLambdaRole", set()),
        ("service-role/AWSLambdaSQSQueueExecutionRole", set()),
        ("service-role/AWSLambdaVPCAccessExecutionRole", set()),
        ("service-role/AmazonPersonalizeFullAccess", set()),
    ],
)
def test_what_a_known_policy_says_of_kms_is_decided(name: Any, allowed: set[str], tmp_path: Path) -> None:
    """Most say nothing of it, so that what is missing is missing."""
    found = check(tmp_path, attached(name))
    assert {each.action for each in found.missing} == set(IN_IAM) - KMS_ALONE - allowed
    assert (found.undecided, found.problems) == ((), ())


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        (["AmazonS3FullAccess"], set()),
        (["AmazonS3ReadOnlyAccess"], set()),
        (["PowerUserAccess"], set()),
        (["CloudWatchFullAccess", "AWSKeyManagementServicePowerUser"], {"s3:GetObject", "s3:ListBucket"}),
        (["AWSLambdaExecute"], {"s3:ListBucket"}),
        (["service-role/AWSLambdaBasicExecutionRole"], {"s3:GetObject", "s3:ListBucket"}),
    ],
)
def test_what_a_known_policy_says_of_s3_is_decided(names: list[str], missing: set[str], tmp_path: Path) -> None:
    """For an import of ratings, whose statements the role hasn't."""
    template = importing(Role=role(ManagedPolicyArns=[f"{OF_AWS}{each}" for each in names]), Data=dataset("One"))
    del template["Resources"]["Read"]
    found = check(tmp_path, template)
    assert {each.action for each in found.missing if each.policy == "role"} == missing
    assert found.undecided == ()


@pytest.mark.parametrize(("name", "allowed"), [("ratings", False), ("personalize-ratings", True)])
def test_the_policy_of_personalize_is_about_buckets_with_its_name(name: str, allowed: bool, tmp_path: Path) -> None:
    """In another bucket it is about the objects that have the name in their keys, and not about the bucket."""
    given = importing(
        Role=role(ManagedPolicyArns=[f"{OF_AWS}service-role/AmazonPersonalizeFullAccess"]), Data=dataset("One")
    )
    del given["Resources"]["Read"]
    template = json.loads(json.dumps(given).replace("::ratings", f"::{name}").replace('"ratings"', f'"{name}"'))
    template["Resources"]["Data"]["Properties"]["DatasetImportJob"]["DataSource"]["DataLocation"] = f"s3://{name}/in/"
    found = check(tmp_path, template)
    assert {each.action for each in found.missing} == (set() if allowed else {"s3:ListBucket"})
    assert {each.action for each in found.undecided} == (set() if allowed else {"s3:GetObject"})
    assert ("s3:DeleteObject" in {each.action for each in found.excess}) == allowed


@pytest.mark.parametrize(
    ("name", "too_much"),
    [
        ("AdministratorAccess", {("*", "*")}),
        ("PowerUserAccess", {("kms:*", "*")}),
        (
            "AWSKeyManagementServicePowerUser",
            {(f"kms:{each}", "*") for each in (*POWER_USER.split(), "Describe*", "Get*", "List*")},
        ),
        ("AmazonS3FullAccess", set()),
    ],
)
def test_what_a_known_policy_allows_beyond_what_is_needed_is_too_much(
    name: str, too_much: set[tuple[str, str]], tmp_path: Path
) -> None:
    """Its version is said, since AWS changes its policies; where it stands is the role."""
    found = check(tmp_path, complete(Role=role(ManagedPolicyArns=[f"{OF_AWS}{name}"])))
    assert {(each.action, each.resource) for each in found.excess} == too_much
    assert (found.missing, found.undecided, found.problems) == ((), (), ())
    if too_much:
        assert {each.declared for each in found.excess} == {
            (Declaration(str(tmp_path / "Main.template.json"), "Main/Role", "Role"),)
        }
        assert f"managed policy {name} (v" in found.excess[0].because


@pytest.mark.parametrize(
    ("own", "fix"),
    [
        (policy(), "detach that policy of AWS, which nobody else can change"),
        (
            policy(actions=sorted(KMS_ALONE)),
            "detach that policy of AWS, which nobody else can change, and put what is needed into a new "
            "AWS::IAM::Policy of role arn:aws:iam::111122223333:role/${Main.Role}",
        ),
    ],
)
def test_a_policy_of_aws_is_detached(own: Any, fix: str, tmp_path: Path) -> None:
    """Nothing can be taken out of it."""
    template = complete(Role=role(ManagedPolicyArns=[f"{OF_AWS}AdministratorAccess"]), Policy=own)
    assert {each.fix for each in check(tmp_path, template).excess} == {fix}


@pytest.mark.parametrize(
    ("name", "missing"),
    [("PowerUserAccess", set()), ("AmazonS3FullAccess", {"kms:CreateGrant", *IN_IAM})],
)
def test_a_known_policy_may_be_the_boundary(name: str, missing: set[str], tmp_path: Path) -> None:
    """It limits what the others allow."""
    found = check(tmp_path, complete(Role=role(PermissionsBoundary=f"{OF_AWS}{name}")))
    assert {each.action for each in found.missing} == missing
    assert (found.undecided, found.problems) == ((), ())


@pytest.mark.parametrize(
    "arn",
    [
        f"{OF_AWS}ReadOnlyAccess",
        f"{OF_AWS}AWSLambdaBasicExecutionRole",
        "arn:aws-cn:iam::aws:policy/AdministratorAccess",
        "arn:aws:iam::111122223333:policy/AdministratorAccess",
    ],
)
@pytest.mark.parametrize("property", ["ManagedPolicyArns", "PermissionsBoundary"])
def test_other_policies_are_not_known(arn: str, property: str, tmp_path: Path) -> None:
    """Nor those of another path, partition or account."""
    given = {property: [arn] if property == "ManagedPolicyArns" else arn}
    found = check(tmp_path, attached(**given))
    assert found.excess == ()
    assert found.undecided != ()
    assert all("isn't part of the app" in each.because for each in found.undecided)


OTHER = f"{OF_AWS}AmazonS3FullAccess"


def of_function(arn: str) -> Json:
    """The role of a function, which has this policy and may create resources of Personalize."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    allowed = {"Effect": "Allow", "Action": ["personalize:Create*", "iam:PassRole"], "Resource": "*"}
    inline = [{"PolicyName": "Own", "PolicyDocument": {"Statement": [allowed]}}]
    return role(AssumeRolePolicyDocument={"Statement": [trust]}, Policies=inline, ManagedPolicyArns=[arn])


@pytest.mark.parametrize(
    ("arn", "meant"),
    [
        (f"{OF_AWS}AmazonPersonalizeFullAccess", f"{OF_AWS}service-role/AmazonPersonalizeFullAccess"),
        (f"{OF_AWS}service-role/AmazonS3FullAccess", f"{OF_AWS}AmazonS3FullAccess"),
        (
            {"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AWSLambdaBasicExecutionRole"},
            f"{OF_AWS}service-role/AWSLambdaBasicExecutionRole",
        ),
        (f"{OF_AWS}service-role/AmazonPersonalizeFullAccess", ""),
        (f"{OF_AWS}ReadOnlyAccess", ""),
        ("arn:aws:iam::111122223333:policy/AmazonPersonalizeFullAccess", ""),
    ],
)
@pytest.mark.parametrize("property", ["ManagedPolicyArns", "PermissionsBoundary"])
def test_a_policy_of_aws_below_another_path(arn: Any, meant: str, property: str, tmp_path: Path) -> None:
    """No role can be made with what AWS doesn't have."""
    given = {property: [arn] if property == "ManagedPolicyArns" else arn}
    found = check(tmp_path, complete(Role=role(**given)))
    # The Region is one of the partition aws.
    written = arn if isinstance(arn, str) else f"{OF_AWS}AWSLambdaBasicExecutionRole"
    says = f"Main/Role has the managed policy {written}, which AWS doesn't have: did you mean {meant}?"
    assert [(each.message, each.declared[0].logical_id) for each in found.problems] == [(says, "Role")] * bool(meant)


MOVED = f"{OF_AWS}AmazonPersonalizeFullAccess"


@pytest.mark.parametrize(
    ("id", "of_role"),
    [
        ("Role", role(ManagedPolicyArns=[{"Fn::If": ["Always", MOVED, NO_VALUE]}])),
        ("Role", role(PermissionsBoundary={"Fn::If": ["Never", OTHER, MOVED]})),
        # One with which nothing is asked, and that of a function that may ask.
        ("Spare", role(ManagedPolicyArns=[MOVED])),
        ("Ours", of_function(MOVED)),
    ],
)
def test_a_policy_of_aws_below_another_path_wherever_it_stands(id: str, of_role: Json, tmp_path: Path) -> None:
    """In the app no role can be made with it."""
    problems = check(tmp_path, complete(**{id: of_role})).problems
    meant = f"did you mean {OF_AWS}service-role/AmazonPersonalizeFullAccess?"
    assert [(each.fix, each.declared[0].logical_id) for each in problems] == [(meant, id)]


def test_a_known_policy_counts_as_one_of_the_roles_managed_policies(tmp_path: Path) -> None:
    """AWS takes ten by default, and an unknown policy of AWS may allow beside it."""
    few = [f"{OF_AWS}AmazonS3FullAccess", f"{OF_AWS}ReadOnlyAccess"]
    assert findings(check(tmp_path, complete(Role=role(ManagedPolicyArns=few)))) == CLEAN
    many = [f"{OF_AWS}AWSXrayWriteOnlyAccess"] * 10
    found = check(tmp_path, complete(Role=role(ManagedPolicyArns=many)))
    assert ["has 11 managed policies" in each.message for each in found.problems] == [True]
