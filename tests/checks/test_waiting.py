"""Resources that exist before a resource: by references, by stacks, and in nested stacks."""

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_kms_check import check_assembly
from tests.checks.templates import (
    CLEAN,
    KEY,
    ROLE,
    check,
    complete,
    dataset_group,
    edit,
    findings,
    key,
    managed,
    nested_stack,
    policy,
    role,
    write,
)

ROLE_NAME = "movies"
ROLE_ARN = "arn:aws:iam::111122223333:role/movies"


def early(directory: Path) -> set[str]:
    """The policies that the dataset group may be created before."""
    report = check_assembly(directory)
    assert (report.missing, report.undecided) == ((), ())
    assert {problem.kind for problem in report.problems} <= {"ordering"}
    return {
        problem.message.partition("before ")[2].partition(",")[0] for problem in report.problems
    }


def tag(value: Any) -> dict[str, Any]:
    """A resource that refers to something."""
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}


@pytest.mark.parametrize(
    ("reference", "waits"),
    [
        ({"Ref": "Policy"}, True),
        ({"Fn::GetAtt": ["Policy", "PolicyArn"]}, True),
        ({"Fn::Sub": "${Policy.PolicyArn}"}, True),
        ({"Fn::Sub": ["${Policy}${arn}", {"arn": "x"}]}, True),
        ({"Fn::Join": ["", ["a", {"Fn::Select": [0, [{"Ref": "Policy"}]]}]]}, True),
        ({"Fn::If": ["Always", {"Ref": "Policy"}, "x"]}, True),
        ("Policy", False),
        ({"Fn::Sub": "${!Policy}"}, False),
        ({"Fn::Sub": ["${Policy}", {"Policy": "x"}]}, False),
        ({"Fn::Sub": ["${Policy.PolicyArn}", {"Policy": "x"}]}, True),
        ({"Fn::Sub": "${Policies}"}, False),
    ],
)
def test_a_reference_is_a_dependency(reference: Any, waits: bool, tmp_path: Path) -> None:
    """Through another resource too, in every function of CloudFormation."""
    template = complete(Movies=dataset_group(waits="Between"), Between=tag(reference))
    assert early(write(tmp_path, {"Main": template})) == (
        set() if waits else {"policy Main/Policy"}
    )


def test_metadata_and_conditions_are_no_dependencies(tmp_path: Path) -> None:
    """CloudFormation doesn't wait for the resources that they name."""
    between = {**tag("x"), "Metadata": {"of": {"Ref": "Policy"}}, "Condition": "Policy"}
    template = complete(Movies=dataset_group(waits=["Between"]), Between=between)
    template["Conditions"] = {"Policy": {"Fn::Equals": ["a", "a"]}}
    assert early(write(tmp_path, {"Main": template})) == {"policy Main/Policy"}


def nested(file: str, waits: Any = (), **parameters: Any) -> dict[str, Any]:
    return nested_stack(file, parameters, DependsOn=list(waits))


def group_alone(**more: Any) -> dict[str, Any]:
    """A template of a dataset group whose key and role are parameters."""
    group = dataset_group({"Ref": "KeyArn"}, {"Ref": "RoleArn"}, waits=[])
    parameters = {"KeyArn": {"Type": "String"}, "RoleArn": {"Type": "String"}}
    return {"Parameters": parameters, "Resources": {"Movies": group, **more}}


GIVEN = {"KeyArn": KEY, "RoleArn": ROLE}


@pytest.mark.parametrize(("waits", "expected"), [(["Policy"], set()), ([], {"policy Main/Policy"})])
def test_what_is_in_a_nested_stack_waits_for_what_the_nested_stack_waits_for(
    waits: list[str], expected: set[str], tmp_path: Path
) -> None:
    """At every depth."""
    for depth in (1, 2):
        parts = complete()["Resources"]
        del parts["Movies"]
        main = {
            "Resources": {
                **parts,
                "Nested": nested("group.json" if depth == 1 else "between.json", waits, **GIVEN),
            }
        }
        passed = {name: {"Ref": name} for name in GIVEN}
        between = {**group_alone(), "Resources": {"Inner": nested("group.json", **passed)}}
        files = {"between.json": between, "group.json": group_alone()}
        assert early(write(tmp_path / str(depth), {"Main": main}, files=files)) == expected


@pytest.mark.parametrize(
    ("waits", "expected"), [(["Nested"], set()), ([], {"policy Main/Nested/Policy"})]
)
def test_all_of_a_nested_stack_exists_before_what_waits_for_it(
    waits: list[str], expected: set[str], tmp_path: Path
) -> None:
    """The policies in it, and those in a stack nested in it."""
    for depth in (1, 2):
        parts = {"Key": key(ROLE_ARN), "Role": role(RoleName=ROLE_NAME)}
        file = "policy.json" if depth == 1 else "between.json"
        group = dataset_group(role=ROLE_ARN, waits=["Role", *waits])
        main = {"Resources": {**parts, "Movies": group, "Nested": nested(file, KeyArn=KEY)}}
        parameters = {"KeyArn": {"Type": "String"}}
        inner = {
            "Parameters": parameters,
            "Resources": {"Policy": policy({"Ref": "KeyArn"}, ROLE_NAME)},
        }
        between = {
            "Parameters": parameters,
            "Resources": {"Inner": nested("policy.json", KeyArn={"Ref": "KeyArn"})},
        }
        files = {"between.json": between, "policy.json": inner}
        assert early(write(tmp_path / str(depth), {"Main": main}, files=files)) == {
            path.replace("/Policy", "/Inner/Policy" * (depth == 2) or "/Policy")
            for path in expected
        }


def in_three_stacks(directory: Path, dependencies: dict[str, list[str]], **group: Any) -> Path:
    """A stack of key and role, a stack of the policy, and a stack of the dataset group."""
    exported = {"Key": {"Value": KEY, "Export": {"Name": "key"}}}
    shared = {"Key": key(ROLE_ARN, Description="x"), "Role": role(RoleName=ROLE_NAME)}
    key_arn = {"Fn::ImportValue": "key"}
    return write(
        directory,
        {
            "Shared": {"Resources": shared, "Outputs": exported},
            "Policies": {
                "Resources": {"Policy": policy(key_arn, ROLE_NAME)},
                "Outputs": {"Arn": {"Value": {"Ref": "Policy"}, "Export": {"Name": "policy"}}},
            },
            "Groups": {
                "Resources": {"Movies": dataset_group(key_arn, ROLE_ARN, waits=[]), **group},
                "Outputs": {"Name": {"Value": "movies", "Export": {"Name": "group"}}},
            },
        },
        dependencies=dependencies,
    )


@pytest.mark.parametrize(
    ("dependencies", "group", "expected"),
    [
        ({}, {}, {"policy Policies/Policy"}),
        ({"Groups": ["Policies"]}, {}, set()),
        ({"Policies": ["Groups"]}, {}, {"policy Policies/Policy"}),
        ({}, {"Other": tag({"Fn::ImportValue": "policy"})}, set()),
        (
            {},
            {"Other": tag({"Fn::GetStackOutput": {"StackName": "Policies", "OutputName": "Arn"}})},
            set(),
        ),
        # Of itself, once it is deployed, without a circle.
        ({}, {"Other": tag({"Fn::ImportValue": "group"})}, {"policy Policies/Policy"}),
    ],
)
def test_stacks_are_deployed_in_the_order_of_their_dependencies(
    dependencies: dict[str, list[str]], group: Any, expected: set[str], tmp_path: Path
) -> None:
    """As the manifest says, and as outputs are read."""
    assert early(in_three_stacks(tmp_path, dependencies, **group)) == expected


def test_dependencies_of_the_manifest_reach_through_other_artifacts_and_stacks(
    tmp_path: Path,
) -> None:
    """The assets of a stack for example, and a stack between."""
    directory = in_three_stacks(tmp_path, {"Groups": ["Groups.assets"]})
    assets = {"type": "cdk:asset-manifest", "dependencies": ["Policies"]}
    edit(directory / "manifest.json", **{"Groups.assets": assets})
    assert early(directory) == set()
    directory = in_three_stacks(
        tmp_path / "between", {"Groups": ["Shared"], "Shared": ["Policies"]}
    )
    template = json.loads((directory / "Policies.template.json").read_text())
    template["Resources"]["Policy"] = policy("*", ROLE_NAME)
    (directory / "Policies.template.json").write_text(json.dumps(template))
    assert early(directory) == set()


def test_a_role_that_may_assume_itself(tmp_path: Path) -> None:
    """Its trust policy names the account, since the role isn't there yet."""
    itself = role(RoleName=ROLE_NAME)
    itself["Properties"]["AssumeRolePolicyDocument"]["Statement"].append(
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
            "Action": "sts:AssumeRole",
            "Condition": {"ArnEquals": {"aws:PrincipalArn": ROLE_ARN}},
        }
    )
    allowing = managed({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": ROLE_ARN})
    report = check(tmp_path, complete(Role=itself, Itself=allowing))
    assert (*findings(report), report.excess) == (*CLEAN, ())


IF_PROD = {"Fn::If": ["IsProd", {"Ref": "Key"}, "x"]}


@pytest.mark.parametrize(
    "resources",
    [
        {
            "Key": key({"Fn::GetAtt": ["Role", "Arn"]}),
            "Role": role(Tags=[{"Key": "k", "Value": {"Ref": "Key"}}]),
        },
        {"One": {**tag(IF_PROD), "DependsOn": "Two"}, "Two": tag({"Ref": "One"})},
    ],
)
def test_resources_that_wait_for_each_other(resources: dict[str, Any], tmp_path: Path) -> None:
    """CloudFormation refuses them; the check goes on with the rest."""
    report = check_assembly(write(tmp_path, {"Main": complete(**resources)}))
    assert (bool(report.allowed), report.missing, report.problems) == (True, (), ())
