"""Values that a template doesn't tell, and parts that CloudFormation puts in at deployment."""

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_kms_check._shared.answers import Answer
from personalize_kms_check._shared.values import HOLE, as_written, open_parts, same
from personalize_kms_check._templates.app import App
from personalize_kms_check._templates.manifest import read_assembly
from personalize_kms_check._templates.stacks import Stack
from tests.checks.templates import (
    IN_IAM,
    NO_VALUE,
    Json,
    check,
    complete,
    if_prod,
    managed,
    nested_stack,
    policy,
    reasons,
    role,
    write,
)

PROD = {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}
STAGE, NAMES, STACK_ID = {"Ref": "Stage"}, {"Ref": "Names"}, {"Ref": "AWS::StackId"}
LONG = {"Fn::Join": ["-", [STAGE, "x" * 60]]}
MAPPINGS = {"Names": {"eu-west-1": {"in": "a", "out": "b"}}}


def stacks_of(directory: Path, *names: str, **environment: Any) -> list[Stack]:
    """Stacks with a parameter and a condition, and a nested stack in each."""
    template: dict[str, Any] = {
        "Parameters": {"Stage": {"Type": "String"}, "Names": {"Type": "CommaDelimitedList"}},
        "Conditions": {"IsProd": PROD, "IsLive": PROD},
        "Mappings": MAPPINGS,
        "Resources": {"Key": {"Type": "AWS::KMS::Key"}},
    }
    files = {f"{name}.nested.json": {**template, "Resources": {}} for name in names}
    bodies = {}
    for name in names:
        inner = nested_stack(f"{name}.nested.json")
        bodies[name] = {**template, "Resources": {**template["Resources"], "Nested": inner}}
    return App(read_assembly(write(directory, bodies, files=files, **environment)).templates).stacks


def select(index: int, separator: str, text: Any) -> Any:
    return {"Fn::Select": [index, {"Fn::Split": [separator, text]}]}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (if_prod("prod-in", "dev-in"), if_prod("prod-out", "dev-out")),
        (if_prod("a", "b"), {"Fn::If": ["IsLive", "a", "b"]}),
        (if_prod("a", NO_VALUE), if_prod(NO_VALUE, "a")),
        (
            if_prod({"Fn::If": ["IsLive", "a", "b"]}, "c"),
            if_prod({"Fn::If": ["IsLive", "a", "d"]}, "c"),
        ),
        (select(2, "/", STACK_ID), select(2, "-", STACK_ID)),
        (select(0, "-", STAGE), select(1, "-", STAGE)),
        (select(0, "-", {"Ref": "AWS::Region"}), {"Ref": "AWS::Region"}),
        ({"Fn::Select": [0, NAMES]}, {"Fn::Select": [1, NAMES]}),
        ({"Fn::FindInMap": ["Names", STAGE, "in"]}, {"Fn::FindInMap": ["Names", STAGE, "out"]}),
        ({"Fn::FindInMap": ["Names", LONG, "in"]}, {"Fn::FindInMap": ["Names", LONG, "out"]}),
        ({"Fn::Join": ["-", NAMES]}, {"Fn::Join": ["+", NAMES]}),
        ({"Fn::Sub": "${AWS::StackName}-${Stage}-a"}, {"Fn::Sub": "${AWS::StackName}-${Stage}-b"}),
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_two_expressions_are_two_values(one: Any, other: Any, tmp_path: Path) -> None:
    """Each is equal to itself alone, in a nested stack too."""
    for stack in stacks_of(tmp_path, "Main", region="unknown-region"):
        assert stack.text(one) == stack.text(one)
        assert stack.text(one) != stack.text(other)


@pytest.mark.parametrize(
    "expression",
    [
        if_prod("prod", "dev"),
        {"Fn::Sub": "acme-${AWS::StackId}"},
        STACK_ID,
        {"Ref": "AWS::StackName"},
        select(2, "/", STACK_ID),
        select(0, "-", {"Ref": "Stage"}),
        {"Fn::FindInMap": ["Names", {"Ref": "Stage"}, "in"]},
        {"Fn::Transform": {"Name": "Macro"}},
        {"Fn::GetAtt": ["Nothing", "Arn"]},
        {"Fn::Select": ["first", ["a"]]},
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_one_expression_in_two_stacks_is_two_values(expression: Any, tmp_path: Path) -> None:
    """Each stack has its own parameters, conditions, mappings and id, and so has a nested one."""
    values = [
        stack.text(as_written(json.dumps(expression)))
        for stack in stacks_of(tmp_path, "Main", "Other")
    ]
    assert len(values) == 4
    assert len(set(values)) == 4


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ({"Fn::ImportValue": "data"}, "export data"),
        ("{{resolve:ssm:/data}}", "resolve:ssm:/data"),
        ({"Fn::GetStackOutput": {"StackName": "Data", "OutputName": "Arn"}}, "output Arn of Data"),
    ],
)
def test_what_an_account_keeps_for_a_region(expression: Any, name: str, tmp_path: Path) -> None:
    """It is one value for the stacks of one account and Region; its name in reports is short."""
    ireland = [stack.text(expression) for stack in stacks_of(tmp_path / "1", "Main", "Other")]
    virginia = stacks_of(tmp_path / "2", "Main", region="us-east-1")[0].text(expression)
    elsewhere = stacks_of(tmp_path / "3", "Main", account="444455556666")[0].text(expression)
    assert len(set(ireland)) == 1
    assert len({ireland[0], virginia, elsewhere}) == 3
    for value in (ireland[0], virginia, elsewhere):
        assert open_parts(value) == [name]


IN_BUCKET = "s3://${resolve:ssm:/Main.Stage?/bucket #"


@pytest.mark.parametrize(
    ("expression", "begins"),
    [
        ({"Fn::Sub": "s3://{{resolve:ssm:/${Stage}/bucket}}/import/"}, IN_BUCKET),
        (
            {"Fn::Sub": ["s3://{{resolve:ssm:/${name}}}/import/", {"name": STAGE}]},
            "s3://${resolve:ssm:/Main",
        ),
        ({"Fn::Join": ["/", ["s3://{{resolve:ssm:", STAGE, "bucket}}/import/"]]}, IN_BUCKET),
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_a_dynamic_reference_that_a_function_makes(
    expression: Any, begins: str, tmp_path: Path
) -> None:
    """Its value isn't known, and the string around it is."""
    (stack, nested) = stacks_of(tmp_path, "Main")
    value = stack.text(as_written(json.dumps(expression)))
    assert value.startswith(begins)
    assert value.endswith("?}/import/")
    assert len(HOLE.findall(value)) == 1
    assert nested.text(as_written(json.dumps(expression))) != value


def test_the_names_that_people_read(tmp_path: Path) -> None:
    """The digest by which values are told apart isn't among them."""
    (stack, _) = stacks_of(tmp_path, "Main")
    nested_if = {"Fn::If": ["IsProd", {"Fn::If": ["IsLive", "a", "b"]}, "c"]}
    assert open_parts(stack.text(nested_if)) == ["Fn::If IsProd by Main.Stage"]
    assert open_parts(stack.text(select(2, "/", STACK_ID))) == [
        "item 2 of parts of Main.AWS::StackId"
    ]
    assert open_parts(stack.text({"Ref": "Stage"})) == ["Main.Stage"]


def test_the_name_of_a_nested_stack_has_an_end_that_is_not_known(tmp_path: Path) -> None:
    """CloudFormation makes it of the outer stack's name, the logical id and something random."""
    main, nested = stacks_of(tmp_path, "Main")
    assert main.text({"Ref": "AWS::StackName"}) == "Main"
    name = nested.text({"Ref": "AWS::StackName"})
    assert same(name, "Main-Nested-1ABCDEFGHIJKL") is Answer.MAYBE
    assert same(name, "Main-Other-1ABCDEFGHIJKL") is Answer.NO


def test_parameters_of_nested_stacks(tmp_path: Path) -> None:
    """The parts of a list may be unknown; the name of a parameter of SSM is not its value."""
    nested = {
        "Parameters": {
            "Names": {"Type": "CommaDelimitedList"},
            "Known": {"Type": "List<String>"},
            "Path": {"Type": "AWS::SSM::Parameter::Value<String>"},
        },
        "Resources": {},
    }
    given = {"Names": {"Ref": "Names"}, "Known": "a,b", "Path": "/data/bucket"}
    stack = nested_stack("nested.json", given)
    main = {"Parameters": {"Names": {"Type": "CommaDelimitedList"}}, "Resources": {"Nested": stack}}
    (_, inner) = App(
        read_assembly(write(tmp_path, {"Main": main}, files={"nested.json": nested})).templates
    ).stacks
    assert inner.value({"Ref": "Known"}) == ["a", "b"]
    assert inner.value({"Ref": "Path"}) == "${Main/Nested.Path of Systems Manager?}"
    assert inner.value({"Ref": "Names"}) == "${Main.Names?}"
    first, second = (inner.text({"Fn::Select": [index, {"Ref": "Names"}]}) for index in (0, 1))
    assert len({first, second, "${Main.Names?}"}) == 3


INCLUDE = {"Name": "AWS::Include", "Parameters": {"Location": "s3://theirs/part.yaml"}}
PUTS_IN = "puts in isn't in the template, so what becomes of its policies isn't known"


@pytest.mark.parametrize(
    ("path", "because"),
    [
        ([], f"what AWS::Include {PUTS_IN}"),
        (["Resources"], f"what AWS::Include {PUTS_IN}"),
        (["Resources", "Role"], "managed policy ${Main/Role ManagedPolicyArns"),
        (
            ["Resources", "Policy", "Properties", "PolicyDocument"],
            "element Fn::Transform isn't understood",
        ),
        (
            ["Resources", "Movies", "Properties"],
            "it calls Personalize, and what it asks for isn't known before deployment",
        ),
        (
            ["Resources", "Key", "Properties"],
            "its KeySpec or KeyUsage isn't known, and Personalize needs a symmetric encryption key",
        ),
    ],
    ids=lambda value: ".".join(value) if isinstance(value, list) else "",
)
def test_an_include_may_say_anything(path: list[str], because: str, tmp_path: Path) -> None:
    """The rest of the template counts, and isn't all."""
    template = place = complete()
    for step in path:
        place = place[step]
    place["Fn::Transform"] = INCLUDE
    report = check(tmp_path, template)
    assert (report.missing, report.problems) == ((), ())
    assert any(because in entry.because for entry in report.undecided)


@pytest.mark.parametrize(
    ("transform", "told"),
    [
        (["AWS::Serverless-2016-10-31", "Ours", INCLUDE], "Ours, AWS::Include"),
        (["AWS::LanguageExtensions", "AWS::SecretsManager-2024-09-16"], None),
    ],
)
def test_macros_of_the_whole_template(transform: Any, told: str | None, tmp_path: Path) -> None:
    """AWS's macros that leave policies alone are no news, nor is any where nothing is asked."""
    undecided = check(tmp_path / "1", {**complete(), "Transform": transform}).undecided
    told_of = [(entry.because, entry.where) for entry in undecided]
    where = [{"template": "Main.template.json", "construct_path": "Main"}]
    assert told_of == ([] if told is None else [(f"what {told} {PUTS_IN}", where)])
    assert check(tmp_path / "2", {"Transform": transform, "Resources": {}}).undecided == ()


@pytest.mark.parametrize("in_nested_stack", [False, True])
def test_what_a_macro_may_put_in_is_not_missing(in_nested_stack: bool, tmp_path: Path) -> None:
    """Into trust policies and those of IAM."""
    template = complete(
        Policy=policy(actions=[]),
        Role=role(AssumeRolePolicyDocument={}),
        Inner=nested_stack("inner.json"),
    )
    bare = check(tmp_path / "1", template, files={"inner.json": {}})
    assert bare.missing
    assert bare.problems
    inner: Json = {}
    (inner if in_nested_stack else template)["Transform"] = "Ours"
    report = check(tmp_path / "2", template, files={"inner.json": inner})
    assert (report.missing, report.problems) == ((), ())
    assert any("what Ours puts in isn't in the template" in reason for reason in reasons(report))


def test_a_loop_with_all_the_dataset_groups(tmp_path: Path) -> None:
    """Nothing else asks for anything: the report says that it wasn't looked at."""
    template = complete()
    movies = {"${Name}Group": template["Resources"].pop("Movies")}
    template["Resources"]["Fn::ForEach::Groups"] = ["Name", ["movies", "books"], movies]
    assert reasons(check(tmp_path, template)) == {f"what Fn::ForEach::Groups {PUTS_IN}"}


def test_policies_of_a_loop(tmp_path: Path) -> None:
    """They may allow an action that nothing else allows; other answers stay."""
    template = complete(Policy=policy(actions=IN_IAM[1:]))
    reading = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}
    made = managed(reading, ManagedPolicyName={"Fn::Sub": "use-${Name}"})
    template["Resources"]["Fn::ForEach::Policies"] = ["Name", ["Key"], {"Use${Name}": made}]
    template["Resources"]["Movies"]["DependsOn"] = ["Policy", "UseKey"]
    report = check(tmp_path, template)
    assert (report.missing, report.problems) == ((), ())
    assert {entry.action for entry in report.undecided if entry.action} == {"kms:Decrypt"}
    assert {entry.action for entry in report.allowed} > {"kms:DescribeKey", "kms:CreateGrant"}


def test_a_condition_of_a_loop(tmp_path: Path) -> None:
    """It isn't in the template, and may hold."""
    loop = ["Name", ["a"], {"Is${Name}": {"Fn::Equals": ["a", "b"]}}]
    template = complete(Policy={**policy(), "Condition": "Isa"})
    template["Conditions"]["Fn::ForEach::Are"] = loop
    report = check(tmp_path, template)
    assert (report.missing, report.problems) == ((), ())
    assert {entry.action for entry in report.undecided} == set(IN_IAM)


def test_a_module(tmp_path: Path) -> None:
    """Its resources aren't in the template."""
    (entry,) = check(tmp_path, complete(More={"Type": "Acme::Data::Lake::MODULE"})).undecided
    assert (entry.needed_by, entry.because) == (
        ["Main/More"],
        "its template isn't in the assembly, so what it does to policies isn't known",
    )
