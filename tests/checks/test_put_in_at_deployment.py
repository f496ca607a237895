"""Parts that CloudFormation puts in at deployment: macros, ``AWS::Include``, loops."""

from pathlib import Path
from typing import Any

import pytest

from personalize_kms_check import check_assembly
from tests.checks.templates import (
    IN_IAM,
    Json,
    check,
    complete,
    dataset_group,
    key,
    managed,
    nested_stack,
    policy,
    reasons,
    role,
    write,
)

INCLUDE = {"Name": "AWS::Include", "Parameters": {"Location": "s3://theirs/part.yaml"}}
PUTS_IN = "puts in isn't in the template, so what becomes of its policies isn't known"
AN_ELEMENT = "element Fn::Transform isn't understood"
NOT_KNOWN = "it calls Personalize, and what it asks for isn't known before deployment"


def put_in(*path: str, value: Any = INCLUDE, name: str = "Fn::Transform", **more: Json) -> Json:
    """A template in which nothing is missing, with a macro in one place."""
    template = complete(**more)
    place = template
    for step in path:
        place = place[step]
    place[name] = value
    return template


@pytest.mark.parametrize(
    ("path", "because"),
    [
        (["Resources"], f"what AWS::Include {PUTS_IN}"),
        ([], f"what AWS::Include {PUTS_IN}"),
        (["Resources", "Role", "Properties"], "managed policy ${Main/Role ManagedPolicyArns"),
        (["Resources", "Role"], "managed policy ${Main/Role ManagedPolicyArns"),
        (["Resources", "Role", "Properties", "AssumeRolePolicyDocument"], AN_ELEMENT),
        (["Resources", "Policy", "Properties", "PolicyDocument"], AN_ELEMENT),
        (["Resources", "Movies", "Properties"], NOT_KNOWN),
        (["Resources", "Key", "Properties"], "its KeySpec or KeyUsage isn't known"),
        (["Resources", "Key", "Properties", "KeyPolicy"], AN_ELEMENT),
    ],
    ids=lambda value: ".".join(value) if isinstance(value, list) else "",
)
def test_an_include_may_say_anything(path: list[str], because: str, tmp_path: Path) -> None:
    """The rest of the template counts, and isn't all."""
    report = check(tmp_path, put_in(*path))
    assert (report.missing, report.problems) == ((), ())
    assert any(because in entry.because for entry in report.undecided)


def test_a_policy_that_is_included(tmp_path: Path) -> None:
    """An included key policy isn't KMS's default, and an included policy may be the role's."""
    included = {"Type": "AWS::KMS::Key", "Properties": {"Fn::Transform": INCLUDE}}
    report = check(tmp_path / "1", complete(Key=included))
    assert report.missing == ()
    assert "key policy of Main/Key isn't known before deployment" in reasons(report)
    denying = managed({"Effect": "Deny", "Action": "kms:Decrypt", "Resource": "*"})
    del denying["Properties"]["Roles"]
    denying["Properties"]["Fn::Transform"] = INCLUDE
    report = check(tmp_path / "2", complete(More=denying))
    assert report.missing == ()
    told = {(entry.principal, entry.policy) for entry in report.undecided}
    assert told == {("role", "key"), ("role", "role")}


@pytest.mark.parametrize(
    "kind", ["AWS::Personalize::DatasetGroup", "AWS::StepFunctions::StateMachine"]
)
def test_a_request_that_is_included(kind: str, tmp_path: Path) -> None:
    """Nothing else is asked; where the template doesn't speak of Personalize it is no news."""
    asks = {"Type": kind, "Properties": {"Fn::Transform": INCLUDE}}
    report = check(tmp_path / "1", {"Description": "Personalize", "Resources": {"Asks": asks}})
    assert [(entry.needed_by, entry.because) for entry in report.undecided] == [
        (["Main/Asks"], NOT_KNOWN)
    ]
    report = check(tmp_path / "2", {"Resources": {"Asks": asks}})
    assert len(report.undecided) == ("Personalize" in kind)


def test_a_module(tmp_path: Path) -> None:
    """Its resources aren't in the template."""
    undecided = check(tmp_path, complete(More={"Type": "Acme::Data::Lake::MODULE"})).undecided
    assert [(entry.needed_by, entry.because) for entry in undecided] == [
        (
            ["Main/More"],
            "its template isn't in the assembly, so what it does to policies isn't known",
        )
    ]


@pytest.mark.parametrize(
    ("transform", "told"),
    [
        ("Ours", "Ours"),
        (["AWS::Serverless-2016-10-31", "Ours", INCLUDE], "Ours, AWS::Include"),
        (
            [
                "AWS::LanguageExtensions",
                "AWS::SecretsManager-2024-09-16",
                "AWS::CodeDeployBlueGreen",
            ],
            None,
        ),
        ("AWS::Serverless-2016-10-31", None),
    ],
)
def test_macros_of_the_whole_template(transform: Any, told: str | None, tmp_path: Path) -> None:
    """AWS's macros that leave policies alone are no news."""
    undecided = check(tmp_path, put_in(name="Transform", value=transform)).undecided
    told_of = [(entry.because, entry.where) for entry in undecided]
    where = [{"template": "Main.template.json", "construct_path": "Main"}]
    assert told_of == ([] if told is None else [(f"what {told} {PUTS_IN}", where)])


def test_macros_of_a_template_that_asks_nothing(tmp_path: Path) -> None:
    """A macro is no news without requests, unless its part of the template names Personalize."""
    bucket: Json = {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}}
    assert check(tmp_path / "1", {"Transform": "Ours", **bucket}).undecided == ()
    bucket["Resources"]["Fn::Transform"] = INCLUDE
    assert check(tmp_path / "2", bucket).undecided == ()
    bucket["Resources"]["Fn::Transform"] = {"Name": "Personalize"}
    assert len(check(tmp_path / "3", bucket).undecided) == 1


def groups(values: Any) -> Json:
    """A loop that makes dataset groups."""
    return {"Fn::ForEach::Groups": ["Name", values, {"${Name}Group": dataset_group()}]}


@pytest.mark.parametrize("values", [{"Ref": "Stage"}, ["movies", "books"]])
def test_a_loop_with_all_the_dataset_groups(values: Any, tmp_path: Path) -> None:
    """Nothing else asks for anything: the report says that it wasn't looked at."""
    template = complete(**groups(values))
    del template["Resources"]["Movies"]
    assert reasons(check(tmp_path, template)) == {f"what Fn::ForEach::Groups {PUTS_IN}"}


@pytest.mark.parametrize(
    "properties",
    [
        {"Fn::ForEach::P": ["P", {"Ref": "Stage"}, {"${P}": "x"}]},
        {"PermissionsBoundary": {"Fn::FindInMap": ["Bounds"]}},
        {"PermissionsBoundary": {"Fn::FindInMap": ["Bounds", "a"]}},
    ],
)
def test_a_boundary_that_is_not_known(properties: Any, tmp_path: Path) -> None:
    """A loop over an unknown list may set a boundary, and a broken function sets it."""
    report = check(tmp_path, complete(Role=role(**properties)))
    assert (report.missing, report.problems) == ((), ())
    assert {entry.action for entry in report.undecided if entry.policy == "role"} == set(IN_IAM)


READING = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}


@pytest.mark.parametrize("values", [["Key", "Other"], {"Ref": "Stage"}])
def test_policies_of_a_loop(values: Any, tmp_path: Path) -> None:
    """They may allow an action that nothing else allows; other answers stay."""
    template = complete(
        Policy=policy(actions=[action for action in IN_IAM if action != "kms:Decrypt"])
    )
    made = managed(READING, ManagedPolicyName={"Fn::Sub": "use-${Name}"})
    template["Resources"]["Fn::ForEach::Policies"] = ["Name", values, {"Use${Name}": made}]
    template["Resources"]["Movies"]["DependsOn"] = ["Policy", "UseKey"]
    report = check(tmp_path, template)
    assert (report.missing, report.problems) == ((), ())
    assert {entry.action for entry in report.undecided if entry.action} == {"kms:Decrypt"}
    assert {entry.action for entry in report.allowed} > {"kms:DescribeKey", "kms:CreateGrant"}


def test_a_template_of_loops_alone(tmp_path: Path) -> None:
    """Of resources, conditions and outputs."""
    template = {
        "Transform": "AWS::LanguageExtensions",
        "Conditions": {
            "Fn::ForEach::Are": ["Name", ["a"], {"Is${Name}": {"Fn::Equals": ["a", "b"]}}]
        },
        "Resources": groups(["a"]),
        "Outputs": {
            "Fn::ForEach::Names": [
                "Name",
                ["a"],
                {"${Name}": {"Value": "a", "Export": {"Name": "a"}}},
            ]
        },
    }
    assert reasons(check(tmp_path, template)) == {f"what Fn::ForEach::Groups {PUTS_IN}"}


def test_conditions_and_outputs_of_loops(tmp_path: Path) -> None:
    """A condition that isn't there may hold, and an output may be anything."""
    loop = ["Name", ["a"], {"Is${Name}": {"Fn::Equals": ["a", "b"]}}]
    template = complete(Policy={**policy(), "Condition": "Isa"})
    template["Conditions"]["Fn::ForEach::Are"] = loop
    report = check(tmp_path, template)
    assert (report.missing, report.problems) == ((), ())
    assert {entry.action for entry in report.undecided} == set(IN_IAM)


@pytest.mark.parametrize("name", ["Fn::ForEach::P", "Fn::Transform"])
def test_properties_that_are_put_in(name: str, tmp_path: Path) -> None:
    """A policy among them isn't missing."""
    whole = key()
    whole["Properties"][name] = ["P", ["KeyPolicy"], {"${P}": whole["Properties"].pop("KeyPolicy")}]
    report = check(tmp_path, complete(Key=whole))
    assert (report.missing, report.problems) == ((), ())
    assert "key policy of Main/Key isn't known before deployment" in reasons(report)


@pytest.mark.parametrize(
    "template",
    [complete(Policy=policy(actions=[])), complete(Role=role(AssumeRolePolicyDocument={}))],
)
@pytest.mark.parametrize("where", ["the same stack", "a nested one"])
def test_what_a_macro_may_put_in_is_not_missing(template: Json, where: str, tmp_path: Path) -> None:
    """Into key policies, trust policies, and those of IAM and buckets."""
    inner = {"Inner": nested_stack("inner.json")}
    given = {**template, "Resources": {**template["Resources"], **inner}}
    bare = check(tmp_path / "1", given, files={"inner.json": {}})
    assert bare.missing or bare.problems
    changed = given if where == "a nested one" else {**given, "Transform": "Ours"}
    nested = {"Transform": "Ours"} if where == "a nested one" else {}
    report = check(tmp_path / "2", changed, files={"inner.json": nested})
    assert (report.missing, report.problems) == ((), ())
    assert any("what Ours puts in isn't in the template" in reason for reason in reasons(report))


def test_a_boundary_that_is_not_part_of_the_app_beside_a_macro(tmp_path: Path) -> None:
    """It limits the role, whatever else can't be seen."""
    template = complete(Role=role(PermissionsBoundary="arn:aws:iam::111122223333:policy/company"))
    alone = check(tmp_path / "1", template)
    report = check(tmp_path / "2", {**template, "Transform": "Ours"})
    for entries in (report.undecided, alone.undecided):
        of_role = [entry.action for entry in entries if entry.policy == "role"]
        assert sorted(of_role) == IN_IAM


def test_a_role_of_a_loop_that_is_declared(tmp_path: Path) -> None:
    """It is there once the stack is deployed, and its permissions can't be seen."""
    loop = ["Name", ["Import", "Export"], {"${Name}Role": role()}]
    directory = write(tmp_path, {"Main": {"Resources": {"Fn::ForEach::Roles": loop}}})
    resource = {"resource": "dataset import job", "source": {"bucket": "arn:aws:s3:::ratings"}}
    created = {"serviceRole": {"Fn::GetAtt": ["ImportRole", "Arn"]}, "resources": [resource]}
    report = check_assembly(directory, created=[created])
    assert report.asked == ("Main (dataset import job)",)
    assert (report.missing, report.problems) == ((), ())
    policies = {entry.policy for entry in report.undecided if entry.action}
    assert policies == {"bucket", "role", "trust"}
