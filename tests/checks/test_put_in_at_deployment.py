"""Parts of a template that CloudFormation puts in when it is deployed: by macros, by ``AWS::Include``, by loops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.checks.templates import CLEAN, IN_IAM, Json, check, complete, dataset_group, findings, key, managed, role

INCLUDE = {"Name": "AWS::Include", "Parameters": {"Location": "s3://theirs/part.yaml"}}
NOT_KNOWN = "it calls Personalize, and what it asks for isn't known before deployment"
BOUND = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}


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
        (["Resources"], "it puts in what isn't in the template, so what it makes isn't known"),
        ([], "AWS::Include may change all of it, so what becomes of its policies isn't known"),
        (["Resources", "Role", "Properties"], "managed policy ${Main/Role ManagedPolicyArns"),
        (["Resources", "Role"], "managed policy ${Main/Role ManagedPolicyArns"),
        (["Resources", "Role", "Properties", "AssumeRolePolicyDocument"], "element Fn::Transform isn't understood"),
        (["Resources", "Policy", "Properties", "PolicyDocument"], "element Fn::Transform isn't understood"),
        (["Resources", "Movies", "Properties"], NOT_KNOWN),
        (["Resources", "Key", "Properties"], "its KeySpec or KeyUsage isn't known"),
        (["Resources", "Key", "Properties", "KeyPolicy"], "element Fn::Transform isn't understood"),
    ],
    ids=lambda each: ".".join(each) if isinstance(each, list) else "",
)
def test_an_include_may_say_anything(path: list[str], because: str, tmp_path: Path) -> None:
    """What the template itself says stands, and isn't all."""
    report = check(tmp_path, put_in(*path))
    assert (report.missing, report.problems) == ((), ())
    assert any(because in each.because for each in report.undecided)


def test_a_policy_that_is_included(tmp_path: Path) -> None:
    """One of a key isn't what KMS gives a key without, and one of somebody may be the role's."""
    included = {"Type": "AWS::KMS::Key", "Properties": {"Fn::Transform": INCLUDE}}
    report = check(tmp_path / "1", complete(Key=included))
    assert report.missing == ()
    assert "key policy of Main/Key isn't known before deployment" in {each.because for each in report.undecided}
    deny = {"PolicyDocument": {"Statement": [{"Effect": "Deny", "Action": "kms:Decrypt", "Resource": "*"}]}}
    policy = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"Fn::Transform": INCLUDE, **deny}}
    report = check(tmp_path / "2", complete(More=policy))
    assert report.missing == ()
    assert {each.action for each in report.undecided} == {"kms:Decrypt"}


@pytest.mark.parametrize("kind", ["AWS::Personalize::DatasetGroup", "AWS::StepFunctions::StateMachine"])
def test_a_request_that_is_included(kind: str, tmp_path: Path) -> None:
    """Nothing else is asked; where the template doesn't speak of Personalize it is no news."""
    asks = {"Type": kind, "Properties": {"Fn::Transform": INCLUDE}}
    report = check(tmp_path / "1", {"Description": "Personalize", "Resources": {"Asks": asks}})
    assert [(each.needed_by, each.because) for each in report.undecided] == [(["Main/Asks"], NOT_KNOWN)]
    report = check(tmp_path / "2", {"Resources": {"Asks": asks}})
    assert len(report.undecided) == ("Personalize" in kind)


def test_a_module(tmp_path: Path) -> None:
    """What is in it isn't in the template."""
    undecided = check(tmp_path, complete(More={"Type": "Acme::Data::Lake::MODULE"})).undecided
    assert [(each.needed_by, each.because) for each in undecided] == [
        (["Main/More"], "its template isn't in the assembly, so what it does to policies isn't known")
    ]


@pytest.mark.parametrize(
    ("transform", "told"),
    [
        ("Ours", "Ours"),
        (["AWS::Serverless-2016-10-31", "Ours", INCLUDE], "Ours, AWS::Include"),
        (["AWS::LanguageExtensions", "AWS::SecretsManager-2024-09-16", "AWS::CodeDeployBlueGreen"], None),
        ("AWS::Serverless-2016-10-31", None),
    ],
)
def test_macros_of_the_whole_template(transform: Any, told: str | None, tmp_path: Path) -> None:
    """Those of AWS that leave policies alone are no news."""
    undecided = check(tmp_path, put_in(name="Transform", value=transform)).undecided
    found = [(each.because, each.where) for each in undecided]
    because = f"{told} may change all of it, so what becomes of its policies isn't known"
    where = [{"template": "Main.template.json", "construct_path": "Main"}]
    assert found == ([] if told is None else [(because, where)])


def test_macros_of_a_template_that_asks_nothing(tmp_path: Path) -> None:
    """Nor is a macro news where nothing is asked of Personalize, unless its part of the template speaks of it."""
    bucket: Json = {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}}
    assert check(tmp_path / "1", {"Transform": "Ours", **bucket}).undecided == ()
    bucket["Resources"]["Fn::Transform"] = INCLUDE
    assert check(tmp_path / "2", bucket).undecided == ()
    bucket["Resources"]["Fn::Transform"] = {"Name": "Personalize"}
    assert len(check(tmp_path / "3", bucket).undecided) == 1


@pytest.mark.parametrize("values", [{"Ref": "Stage"}, {"Fn::FindInMap": ["Names", "a", "b"]}, ["movies", 1]])
def test_a_loop_with_all_the_dataset_groups(values: Any, tmp_path: Path) -> None:
    """Its values aren't read, and nothing else asks for anything: the report says that it wasn't looked at."""
    template = complete()
    del template["Resources"]["Movies"]
    template["Resources"]["Fn::ForEach::Groups"] = ["Name", values, {"${Name}Group": dataset_group()}]
    assert [each.because for each in check(tmp_path, template).undecided] == [
        "the values of its list aren't in the template, so what it makes isn't known"
    ]


def test_properties_of_a_loop(tmp_path: Path) -> None:
    """They are properties like the others, where the loop's values are known."""
    whole = key()
    whole["Properties"]["Fn::ForEach::P"] = ["P", ["KeyPolicy"], {"${P}": whole["Properties"].pop("KeyPolicy")}]
    assert findings(check(tmp_path / "1", complete(Key=whole))) == CLEAN
    bounded = role(**{"Fn::ForEach::P": ["P", ["PermissionsBoundary"], {"${P}": {"Ref": "Bound"}}]})
    report = check(tmp_path / "2", complete(Role=bounded, Bound=managed(BOUND, Roles=[])))
    assert {each.because for each in report.missing} == {"the role's permissions boundary doesn't allow it"}


@pytest.mark.parametrize(
    "properties",
    [
        {"Fn::ForEach::P": ["P", {"Ref": "Stage"}, {"${P}": "x"}]},
        {"PermissionsBoundary": {"Fn::FindInMap": ["Bounds"]}},
        {"PermissionsBoundary": {"Fn::FindInMap": ["Bounds", "a"]}},
    ],
)
def test_a_boundary_that_is_not_known(properties: Any, tmp_path: Path) -> None:
    """A loop over a list that isn't known may make one, and a function that can't be read is one."""
    report = check(tmp_path, complete(Role=role(**properties)))
    assert (report.missing, report.problems) == ((), ())
    assert {each.action for each in report.undecided if each.policy == "role"} == set(IN_IAM)
