"""What exists before a resource: by references, by dependencies of stacks, and through nested stacks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_kms_constructs._access.causes import Cause
from personalize_kms_constructs.checks import check_assembly
from tests.checks.templates import (
    ACTIONS,
    CLEAN,
    KEY,
    NO_VALUE,
    ROLE,
    check,
    complete,
    dataset_group,
    edit,
    findings,
    importing,
    key,
    managed,
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
    assert {each.kind for each in report.problems} <= {"ordering"}
    return {each.message.partition("before ")[2].partition(",")[0] for each in report.problems}


def tag(value: Any) -> dict[str, Any]:
    """A resource that refers to something."""
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}


@pytest.mark.parametrize(
    ("reference", "waits"),
    [
        ({"Ref": "Policy"}, True),
        ({"Fn::GetAtt": ["Policy", "PolicyArn"]}, True),
        ({"Fn::GetAtt": "Policy.PolicyArn"}, True),
        ({"Fn::Sub": "${Policy}"}, True),
        ({"Fn::Sub": "${Policy.PolicyArn}"}, True),
        ({"Fn::Sub": ["${arn}", {"arn": {"Ref": "Policy"}}]}, True),
        ({"Fn::Sub": ["${Policy}${arn}", {"arn": "x"}]}, True),
        ({"Fn::Join": ["", ["a", {"Fn::Select": [0, [{"Ref": "Policy"}]]}]]}, True),
        ({"Fn::If": ["Always", {"Ref": "Policy"}, "x"]}, True),
        ([{"a": [{"Ref": "Policy"}]}], True),
        ("Policy", False),
        ({"Fn::Sub": "${!Policy}"}, False),
        ({"Fn::Sub": ["${Policy}", {"Policy": "x"}]}, False),
        ({"Fn::Sub": ["${Policy.PolicyArn}", {"Policy.PolicyArn": "x"}]}, False),
        ({"Fn::Sub": ["${Policy.PolicyArn}", {"Policy": "x"}]}, True),
        ({"Fn::Sub": "${Policies}"}, False),
        ({"Ref": "AWS::Region"}, False),
    ],
)
def test_a_reference_is_a_dependency(reference: Any, waits: bool, tmp_path: Path) -> None:
    """Through another resource too, in every function of CloudFormation."""
    template = complete(Movies=dataset_group(waits="Between"), Between=tag(reference))
    assert early(write(tmp_path, {"Main": template})) == (set() if waits else {"policy Main/Policy"})


def test_metadata_and_conditions_are_no_dependencies(tmp_path: Path) -> None:
    """CloudFormation doesn't wait for what they name."""
    between = {**tag("x"), "Metadata": {"of": {"Ref": "Policy"}}, "Condition": "Policy"}
    template = complete(Movies=dataset_group(waits=["Between"]), Between=between)
    template["Conditions"] = {"Policy": {"Fn::Equals": ["a", "a"]}}
    assert early(write(tmp_path, {"Main": template})) == {"policy Main/Policy"}


def nested(file: str, waits: Any = (), **parameters: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {"TemplateURL": "x", "Parameters": parameters},
        "Metadata": {"aws:asset:path": file},
        "DependsOn": list(waits),
    }


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
        parts = {name: each for name, each in complete()["Resources"].items() if name != "Movies"}
        main = {
            "Resources": {**parts, "Nested": nested("group.json" if depth == 1 else "between.json", waits, **GIVEN)}
        }
        passed = {name: {"Ref": name} for name in GIVEN}
        between = {**group_alone(), "Resources": {"Inner": nested("group.json", **passed)}}
        files = {"between.json": between, "group.json": group_alone()}
        assert early(write(tmp_path / str(depth), {"Main": main}, files=files)) == expected


@pytest.mark.parametrize(("waits", "expected"), [(["Nested"], set()), ([], {"policy Main/Nested/Policy"})])
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
        inner = {"Parameters": parameters, "Resources": {"Policy": policy({"Ref": "KeyArn"}, ROLE_NAME)}}
        between = {"Parameters": parameters, "Resources": {"Inner": nested("policy.json", KeyArn={"Ref": "KeyArn"})}}
        files = {"between.json": between, "policy.json": inner}
        assert early(write(tmp_path / str(depth), {"Main": main}, files=files)) == {
            each.replace("/Policy", "/Inner/Policy" * (depth == 2) or "/Policy") for each in expected
        }


def in_three_stacks(directory: Path, dependencies: dict[str, list[str]], **group: Any) -> Path:
    """Key and role in one, the policy in another, and the dataset group in a third."""
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
        ({"Groups": ["Shared"]}, {}, {"policy Policies/Policy"}),
        ({"Policies": ["Groups"]}, {}, {"policy Policies/Policy"}),
        ({}, {"Other": tag({"Fn::ImportValue": "policy"})}, set()),
        ({}, {"Other": tag({"Fn::GetStackOutput": {"StackName": "Policies", "OutputName": "Arn"}})}, set()),
        (
            {},
            {"Other": tag({"Fn::GetStackOutput": {"StackName": "Shared", "OutputName": "Key"}})},
            {"policy Policies/Policy"},
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


def test_dependencies_of_the_manifest_reach_through_other_artifacts_and_stacks(tmp_path: Path) -> None:
    """The assets of a stack for example, and a stack between."""
    directory = in_three_stacks(tmp_path, {"Groups": ["Groups.assets"]})
    assets = {"type": "cdk:asset-manifest", "dependencies": ["Policies"]}
    edit(directory / "manifest.json", **{"Groups.assets": assets})
    assert early(directory) == set()
    directory = in_three_stacks(tmp_path / "between", {"Groups": ["Shared"], "Shared": ["Policies"]})
    template = json.loads((directory / "Policies.template.json").read_text())
    template["Resources"]["Policy"] = policy("*", ROLE_NAME)
    (directory / "Policies.template.json").write_text(json.dumps(template))
    assert early(directory) == set()


@pytest.mark.parametrize(
    ("principal", "waits", "is_early"),
    [
        (ROLE_ARN, [], True),
        ({"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/movies"}, [], True),
        ([ROLE_ARN, "arn:aws:iam::111122223333:root"], [], True),
        (ROLE_ARN, ["Role"], False),
        (ROLE, [], False),
        ({"Fn::Sub": "${Role.Arn}"}, [], False),
        ("arn:aws:iam::111122223333:role/theirs", [], False),
        ("arn:aws:iam::444455556666:role/movies", [], False),
    ],
)
@pytest.mark.parametrize("where", ["Key", "Bucket", "Role"])
def test_a_role_that_a_policy_names_by_text(
    where: str, principal: Any, waits: list[str], is_early: bool, tmp_path: Path
) -> None:
    """AWS refuses the policy of a key or bucket, and a trust policy, while the role isn't there."""
    root = key("arn:aws:iam::111122223333:root")
    roles = {"Role": role(RoleName=ROLE_NAME), "Caller": role(RoleName="caller")}
    template = importing(Key=root, Policy=policy(actions=ACTIONS), **roles)
    owner = template["Resources"][{"Bucket": "One"}.get(where, where)]
    name = {"Key": "KeyPolicy", "Bucket": "PolicyDocument", "Role": "AssumeRolePolicyDocument"}[where]
    action = {"Key": "kms:Sign", "Bucket": "s3:GetObjectAcl", "Role": "sts:AssumeRole"}[where]
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action}
    statement |= {} if where == "Role" else {"Resource": "arn:aws:s3:::ratings/*" if where == "Bucket" else "*"}
    text = json.dumps(statement)
    if where == "Role":
        # Here the caller takes the role's place.
        text = text.replace("movies", "caller").replace('"Role', '"Caller').replace("${Role", "${Caller")
    owner["Properties"][name]["Statement"].append(json.loads(text))
    owner["DependsOn"] = ["Caller" if where == "Role" else each for each in waits]
    problems = check_assembly(write(tmp_path, {"Main": template})).problems
    path, of = {"Key": ("Key", "key policy"), "Bucket": ("One", "policy"), "Role": ("Role", "trust policy")}[where]
    subject = f"{of} Main/{path}" if where == "Bucket" else f"{of} of Main/{path}"
    named = "Caller" if where == "Role" else "Role"
    assert [(each.kind, each.message) for each in problems] == [
        (
            "ordering",
            f"{subject} names Main/{named} by its ARN as a string and may be created before it; AWS refuses a policy "
            "with a principal that doesn't exist: refer to the role, or make the policy depend on it",
        )
    ] * is_early
    assert all("Main/Data (dataset import job)" in each.needed_by for each in problems)


def test_a_role_that_a_policy_names_by_text_under_a_condition(tmp_path: Path) -> None:
    """AWS refuses the policy where the condition holds, so that it is no error of the synth."""
    template = complete(Key=key("arn:aws:iam::111122223333:root"), Role=role(RoleName=ROLE_NAME))
    template["Resources"] |= {"Policy": policy(actions=ACTIONS)}
    template["Resources"]["Key"].pop("DependsOn")
    statement: Any = {"Effect": "Allow", "Principal": {"AWS": ROLE_ARN}, "Action": "kms:Sign", "Resource": "*"}
    statements = template["Resources"]["Key"]["Properties"]["KeyPolicy"]["Statement"]
    statements.append({"Fn::If": ["IsProd", statement, NO_VALUE]})
    (problem,) = check_assembly(write(tmp_path, {"Main": template})).problems
    assert (problem.kind, problem.certain) == ("ordering", False)
    assert problem.message.startswith("key policy of Main/Key names Main/Role by its ARN as a string")


@pytest.mark.parametrize("order", [1, -1])
def test_a_role_that_a_policy_names_whatever_a_condition_chooses(order: int, tmp_path: Path) -> None:
    """Its statement has other parts that the condition chooses, and another may name the role as well."""
    template = complete(Key=key("arn:aws:iam::111122223333:root"), Role=role(RoleName=ROLE_NAME))
    template["Resources"] |= {"Policy": policy(actions=ACTIONS)}
    template["Resources"]["Key"].pop("DependsOn")
    action = {"Fn::If": ["IsProd", "kms:Sign", "kms:Verify"]}
    statement: Any = {"Effect": "Allow", "Principal": {"AWS": ROLE_ARN}, "Action": action, "Resource": "*"}
    both = [statement, {"Fn::If": ["IsProd", {**statement, "Action": "kms:Sign"}, NO_VALUE]}]
    template["Resources"]["Key"]["Properties"]["KeyPolicy"]["Statement"] += both[::order]
    (problem,) = check_assembly(write(tmp_path, {"Main": template})).problems
    assert (problem.kind, problem.certain) == ("ordering", True)


@pytest.mark.parametrize(
    ("of_key", "of_role", "certain"),
    [("", "", True), ("IsProd", "", False), ("", "IsProd", True), ("IsProd", "IsProd", True)],
)
def test_a_policy_that_may_not_be_there_is_not_early_for_certain(
    of_key: str, of_role: str, certain: bool, tmp_path: Path
) -> None:
    """It is where the role is made only with it."""
    template = complete(Key=key(ROLE_ARN), Role=role(RoleName=ROLE_NAME))
    del template["Resources"]["Key"]["DependsOn"]
    for id, condition in (("Key", of_key), ("Role", of_role)):
        template["Resources"][id] |= {"Condition": condition} if condition else {}
    problems = check_assembly(write(tmp_path, {"Main": template})).problems
    assert [each.certain for each in problems if each.cause is Cause.NAMED_EARLY] == [certain]


@pytest.mark.parametrize(
    "reason", [{"ManagedPolicyArns": [{"Ref": "Policy"}]}, {"Tags": [{"Key": "of", "Value": KEY}]}]
)
def test_a_role_that_waits_for_what_names_it_by_text(reason: Any, tmp_path: Path) -> None:
    """A reference, or a DependsOn, would make a circle."""
    template = complete(Key=key(ROLE_ARN), Role=role(RoleName=ROLE_NAME, **reason))
    template["Resources"]["Policy"]["Properties"] |= {"Roles": [] if "Tags" not in reason else [{"Ref": "Role"}]}
    del template["Resources"]["Key"]["DependsOn"]
    (problem,) = check_assembly(write(tmp_path, {"Main": template})).problems
    assert problem.message == (
        "key policy of Main/Key names Main/Role by the text of its ARN, but can't wait for it, and AWS refuses an "
        "absent principal: name its account instead, with the condition ArnEquals aws:PrincipalArn, and allow the same "
        "in its IAM policy"
    )


@pytest.mark.parametrize("principal", [ROLE_ARN, ["arn:aws:iam::111122223333:root", ROLE_ARN]])
def test_a_role_that_its_own_trust_policy_names(principal: Any, tmp_path: Path) -> None:
    """It can be written so only into a role that exists; with what is advised the policy is as it should be."""
    itself = role(RoleName=ROLE_NAME)
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    itself["Properties"]["AssumeRolePolicyDocument"]["Statement"].append(statement)
    (problem,) = check(tmp_path, complete(Role=itself)).problems
    assert (problem.kind, problem.certain, problem.needed_by) == ("ordering", True, ("Main/Movies (dataset group)",))
    assert problem.message == (
        "trust policy of Main/Role names Main/Role by the text of its ARN, but can't wait for it, and AWS refuses an "
        "absent principal: name its account instead, with the condition ArnEquals aws:PrincipalArn, and allow the same "
        "in its IAM policy"
    )
    statement["Principal"] = {"AWS": "arn:aws:iam::111122223333:root"}
    statement["Condition"] = {"ArnEquals": {"aws:PrincipalArn": ROLE_ARN}}
    allowing = managed({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": ROLE_ARN})
    report = check(tmp_path, complete(Role=itself, Itself=allowing))
    assert (*findings(report), report.excess) == (*CLEAN, ())


@pytest.mark.parametrize(("dependencies", "is_early"), [({}, True), ({"Keys": ["Roles"]}, False)])
def test_a_role_of_another_stack_that_a_policy_names_by_text(
    dependencies: dict[str, list[str]], is_early: bool, tmp_path: Path
) -> None:
    """The stack of the role comes first, if one is told to wait for the other."""
    exported = {"Key": {"Value": KEY, "Export": {"Name": "key"}}}
    key_arn = {"Fn::ImportValue": "key"}
    groups = {"Policy": policy(key_arn, ROLE_NAME), "Movies": dataset_group(key_arn, ROLE_ARN)}
    stacks = {
        "Keys": {"Resources": {"Key": key(ROLE_ARN)}, "Outputs": exported},
        "Roles": {"Resources": {"Role": role(RoleName=ROLE_NAME)}},
        "Groups": {"Resources": groups},
    }
    report = check_assembly(write(tmp_path, stacks, dependencies=dependencies))
    assert (report.missing, report.undecided) == ((), ())
    assert [each.kind for each in report.problems] == ["ordering"] * is_early


IF_PROD = {"Fn::If": ["IsProd", {"Ref": "Key"}, "x"]}


@pytest.mark.parametrize(
    ("resources", "circle", "is_certain"),
    [
        (
            {"Key": key({"Fn::GetAtt": ["Role", "Arn"]}), "Role": role(Tags=[{"Key": "k", "Value": {"Ref": "Key"}}])},
            "Main/Key → Main/Role → Main/Key",
            True,
        ),
        ({"Key": key(Description={"Ref": "Key"})}, "Main/Key → Main/Key", True),
        (
            {"Role": role(Tags=[{"Key": "k", "Value": {"Ref": "Key"}}], Path={"Fn::If": ["IsProd", "/prod/", "/"]})},
            "Main/Key → Main/Role → Main/Key",
            True,
        ),
        (
            {"One": {**tag(IF_PROD), "DependsOn": "Two"}, "Two": tag({"Ref": "One"})},
            "Main/One → Main/Two → Main/One",
            True,
        ),
        # Whether CloudFormation looks at what isn't made isn't documented.
        ({"Role": role(Tags=[{"Key": "k", "Value": IF_PROD}])}, "Main/Key → Main/Role → Main/Key", False),
        (
            {"One": {**tag({"Ref": "Two"}), "Condition": "IsProd"}, "Two": tag({"Ref": "One"})},
            "Main/One → Main/Two → Main/One",
            False,
        ),
    ],
)
def test_resources_that_wait_for_each_other(
    resources: dict[str, Any], circle: str, is_certain: bool, tmp_path: Path
) -> None:
    """The check says which, and what to do; it goes on with the rest."""
    report = check_assembly(write(tmp_path, {"Main": complete(**resources)}))
    (problem,) = report.problems
    assert (problem.kind, problem.is_warning) == ("ordering", not is_certain)
    assert problem.message == (
        f"{circle} wait for each other, and CloudFormation refuses such a circle: remove one of the references or "
        "DependsOn; what a PersonalizeEncryption makes waits for the policies of its keys and buckets without "
        "node.add_dependency(…)"
    )
    assert (bool(report.allowed), report.missing) == (True, ())
