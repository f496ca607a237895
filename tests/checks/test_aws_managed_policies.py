"""Managed policies of AWS on a service role, with contents that are known or not."""

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_kms_check._model.declarations import Declaration
from personalize_kms_check.matrix import ASKED_ACTIONS
from tests.checks.templates import IN_IAM, check, complete, dataset, importing, policy, role

OF_AWS = "arn:aws:iam::aws:policy/"
ANYWHERE = {
    "Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::aws:policy/AdministratorAccess"]]
}
KMS_ALONE = {"kms:Decrypt"}
POWER_USER = "CreateAlias CreateKey DeleteAlias GenerateRandom TagResource UntagResource"


def attached(*arns: Any, **properties: Any) -> Any:
    """A template with a role that has these policies, and of its own ``kms:Decrypt`` alone."""
    of_role = role(
        ManagedPolicyArns=[f"{OF_AWS}{arn}" if isinstance(arn, str) else arn for arn in arns]
    )
    of_role["Properties"] |= properties
    return complete(Role=of_role, Policy=policy(actions=sorted(KMS_ALONE)))


def test_the_policies_were_read_for_all_services_of_which_something_is_asked() -> None:
    """Nothing is read of other services."""
    read_for = {"cloudwatch", "kms", "personalize", "s3"}
    others = {action for action in ASKED_ACTIONS if action.partition(":")[0] not in read_for}
    assert not others, "read what AWS's policies say of these into _owners/aws_managed_policies.py"


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("AWSKeyManagementServicePowerUser", {"kms:DescribeKey", "kms:ListGrants"}),
        ("AmazonS3FullAccess", set()),
        ("AdministratorAccess", set(IN_IAM)),
        (ANYWHERE, set(IN_IAM)),
        ("CloudWatchLogsFullAccess", set()),
        ("PowerUserAccess", set(IN_IAM)),
        ("service-role/AWSLambdaBasicExecutionRole", set()),
        ("service-role/AmazonPersonalizeFullAccess", set()),
    ],
)
def test_what_a_known_policy_says_of_kms_is_decided(
    name: Any, allowed: set[str], tmp_path: Path
) -> None:
    """Most say nothing of KMS, so that missing permissions are missing."""
    report = check(tmp_path, attached(name))
    assert {entry.action for entry in report.missing} == set(IN_IAM) - KMS_ALONE - allowed
    assert (report.undecided, report.problems) == ((), ())


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        (["AmazonS3FullAccess"], set()),
        (
            ["CloudWatchFullAccess", "AWSKeyManagementServicePowerUser"],
            {"s3:GetObject", "s3:ListBucket"},
        ),
        (["AWSLambdaExecute"], {"s3:ListBucket"}),
    ],
)
def test_what_a_known_policy_says_of_s3_is_decided(
    names: list[str], missing: set[str], tmp_path: Path
) -> None:
    """For an import of ratings, whose statements the role hasn't."""
    template = importing(
        Role=role(ManagedPolicyArns=[f"{OF_AWS}{name}" for name in names]), Data=dataset("One")
    )
    del template["Resources"]["Read"]
    report = check(tmp_path, template)
    assert {entry.action for entry in report.missing if entry.policy == "role"} == missing
    assert report.undecided == ()


@pytest.mark.parametrize(("name", "allowed"), [("ratings", False), ("personalize-ratings", True)])
def test_the_policy_of_personalize_is_about_buckets_with_its_name(
    name: str, allowed: bool, tmp_path: Path
) -> None:
    """Elsewhere it allows objects with the name in their keys, and not the bucket itself."""
    arn = f"{OF_AWS}service-role/AmazonPersonalizeFullAccess"
    given = importing(Role=role(ManagedPolicyArns=[arn]), Data=dataset("One"))
    del given["Resources"]["Read"]
    template = json.loads(
        json.dumps(given).replace("::ratings", f"::{name}").replace('"ratings"', f'"{name}"')
    )
    template["Resources"]["Data"]["Properties"]["DatasetImportJob"]["DataSource"][
        "DataLocation"
    ] = f"s3://{name}/in/"
    report = check(tmp_path, template)
    assert {entry.action for entry in report.missing} == (set() if allowed else {"s3:ListBucket"})
    assert {entry.action for entry in report.undecided} == (set() if allowed else {"s3:GetObject"})
    assert ("s3:DeleteObject" in {entry.action for entry in report.excess}) == allowed


@pytest.mark.parametrize(
    ("name", "too_much"),
    [
        ("AdministratorAccess", {("*", "*")}),
        (
            "AWSKeyManagementServicePowerUser",
            {
                (f"kms:{action}", "*")
                for action in (*POWER_USER.split(), "Describe*", "Get*", "List*")
            },
        ),
        ("AmazonS3FullAccess", set()),
    ],
)
def test_what_a_known_policy_allows_beyond_what_is_needed_is_too_much(
    name: str, too_much: set[tuple[str, str]], tmp_path: Path
) -> None:
    """The reason says its version, since AWS changes its policies; its place is the role."""
    report = check(tmp_path, complete(Role=role(ManagedPolicyArns=[f"{OF_AWS}{name}"])))
    assert {(entry.action, entry.resource) for entry in report.excess} == too_much
    assert (report.missing, report.undecided, report.problems) == ((), (), ())
    if too_much:
        assert {entry.places for entry in report.excess} == {
            (Declaration(str(tmp_path / "Main.template.json"), "Main/Role", "Role"),)
        }
        assert f"managed policy {name} (v" in report.excess[0].because


@pytest.mark.parametrize(
    ("own", "where", "new"),
    [
        (policy(), "Policy", ""),
        (
            {"Type": "AWS::SNS::Topic"},
            "Role",
            "a new AWS::IAM::Policy; have Main/Movies wait for it by DependsOn; ",
        ),
    ],
)
def test_a_policy_of_aws_is_detached(own: Any, where: str, new: str, tmp_path: Path) -> None:
    """Nothing can be taken out of it."""
    template = complete(Role=role(ManagedPolicyArns=[f"{OF_AWS}AdministratorAccess"]), Policy=own)
    report = check(tmp_path, template)
    assert [entry.where for entry in report.excess] == [
        [{"template": "Main.template.json", "logical_id": "Role"}]
    ]
    (of_role,) = report.policies
    assert of_role.where == [{"template": "Main.template.json", "logical_id": where}]
    assert of_role.should_have == (
        {"Effect": "Allow", "Action": IN_IAM, "Resource": {"Fn::GetAtt": ["Key", "Arn"]}},
    )
    said = f"({new}detach the policy that isn't the app's, since others have it):\n"
    of_main = "IAM policies of Main/Role, replacing the actions that are too much"
    assert f"{of_main} {said}" in report.to_text()


@pytest.mark.parametrize(
    ("name", "missing"),
    [("PowerUserAccess", set()), ("AmazonS3FullAccess", {"kms:CreateGrant", *IN_IAM})],
)
def test_a_known_policy_may_be_the_boundary(name: str, missing: set[str], tmp_path: Path) -> None:
    """It limits the other policies."""
    report = check(tmp_path, complete(Role=role(PermissionsBoundary=f"{OF_AWS}{name}")))
    assert {entry.action for entry in report.missing} == missing
    assert (report.undecided, report.problems) == ((), ())


@pytest.mark.parametrize(
    "arn",
    [
        f"{OF_AWS}ReadOnlyAccess",
        f"{OF_AWS}AWSLambdaBasicExecutionRole",
        "arn:aws-cn:iam::aws:policy/AdministratorAccess",
        "arn:aws:iam::111122223333:policy/AdministratorAccess",
    ],
)
def test_other_policies_are_not_known(arn: str, tmp_path: Path) -> None:
    """Nor those of another path, partition or account."""
    report = check(tmp_path, attached(ManagedPolicyArns=[arn]))
    assert report.excess == ()
    assert report.undecided != ()
    assert all("isn't part of the app" in entry.because for entry in report.undecided)
