"""The values of CloudFormation's functions; nothing is guessed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.proof.assembly import Assembly
from tests.proof.model import Bucket, Deployed, Environment, Key, Role, UnresolvableError
from tests.proof.stacks import Template

HERE = Environment("111122223333", "cn-north-1")
ROLE = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "personalize", "AssumeRolePolicyDocument": {}}}
DATA: dict[str, Any] = {
    "Parameters": {
        "Stage": {"Type": "String", "Default": "prod"},
        "Names": {"Type": "CommaDelimitedList", "Default": "a,b"},
        "Version": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/version"},
        "Missing": {"Type": "String"},
    },
    "Mappings": {"Sizes": {"prod": {"size": "large"}}},
    "Conditions": {
        "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
        "IsTest": {"Fn::Not": [{"Condition": "IsProd"}]},
        "Either": {"Fn::Or": [{"Condition": "IsTest"}, {"Condition": "IsProd"}]},
        "Both": {"Fn::And": [{"Condition": "IsTest"}, {"Condition": "IsProd"}]},
    },
    "Resources": {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "ratings"}},
        "Nothing": {"Type": "AWS::S3::Bucket", "Condition": "IsTest"},
        "Role": ROLE,
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Statement": []}}},
        "Queue": {"Type": "AWS::SQS::Queue"},
    },
    "Outputs": {"Exported": {"Value": {"Ref": "Bucket"}, "Export": {"Name": "ratings-bucket"}}},
}
EXPORTED = {"StackName": "Data", "OutputName": "Exported"}


def template(name: str, body: dict[str, Any], environment: Environment = HERE) -> Template:
    return Template(name, environment, f"{name}.template.json", body)


@pytest.fixture
def assembly() -> Assembly:
    return Assembly([template("Data", DATA), template("Main", {"Resources": {}})])


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ({"Ref": "AWS::Partition"}, "aws-cn"),
        ({"Ref": "AWS::URLSuffix"}, "amazonaws.com.cn"),
        ({"Ref": "Stage"}, "prod"),
        ({"Ref": "Names"}, ["a", "b"]),
        ({"Ref": "Bucket"}, "ratings"),
        ({"Fn::GetAtt": ["Bucket", "Arn"]}, "arn:aws-cn:s3:::ratings"),
        ({"Fn::GetAtt": "Role.Arn"}, "arn:aws-cn:iam::111122223333:role/personalize"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Stage"}]]}, "a-prod"),
        ({"Fn::Sub": "${AWS::Region}/${Bucket.Arn}/${!Literal}"}, "cn-north-1/arn:aws-cn:s3:::ratings/${Literal}"),
        ({"Fn::Sub": ["${x}${Stage}", {"x": {"Ref": "Bucket"}}]}, "ratingsprod"),
        ({"Fn::Select": [1, {"Fn::Split": [":", "a:b:c"]}]}, "b"),
        ({"Fn::If": ["IsProd", "yes", "no"]}, "yes"),
        ({"Fn::If": ["IsTest", "yes", "no"]}, "no"),
        ({"Fn::If": ["Either", "yes", "no"]}, "yes"),
        ({"Fn::If": ["Both", "yes", "no"]}, "no"),
        (["a", {"Fn::If": ["IsTest", "b", {"Ref": "AWS::NoValue"}]}], ["a"]),
        ({"A": {"Ref": "AWS::NoValue"}, "B": 1}, {"B": 1}),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "size"]}, "large"),
        ({"Fn::ImportValue": "ratings-bucket"}, "ratings"),
        ({"Fn::GetStackOutput": EXPORTED}, "ratings"),
        ({"Fn::GetStackOutput": {**EXPORTED, "Region": "cn-north-1"}}, "ratings"),
        ({"Fn::GetStackOutput": {**EXPORTED, "RoleArn": "arn:aws:iam::111122223333:role/reader"}}, "ratings"),
    ],
)
def test_functions_are_resolved(assembly: Assembly, expression: Any, value: Any) -> None:
    """Each is what CloudFormation makes of it."""
    assert assembly.value("Data.template.json", expression) == value


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ({"Ref": "Absent"}, "stack Data has no 'Absent'"),
        ({"Ref": "Nothing"}, "stack Data has no 'Nothing'"),
        ({"Ref": "Queue"}, "Ref of Queue, a AWS::SQS::Queue, is not modelled"),
        ({"Ref": "Version"}, "parameter Version is read from SSM"),
        ({"Ref": "Missing"}, "parameter Missing has neither value nor default"),
        ({"Fn::GetAtt": ["Key", "Colour"]}, "Colour of Key, a AWS::KMS::Key, is not modelled"),
        ({"Fn::GetAZs": ""}, "Fn::GetAZs is not modelled"),
        ({"Fn::ImportValue": "absent"}, "0 exports are named 'absent'"),
        ({"Fn::GetStackOutput": {"StackName": "Data", "OutputName": "Absent"}}, "stack Data has no output 'Absent'"),
        ({"Fn::GetStackOutput": {**EXPORTED, "Region": "us-east-1"}}, "no stack"),
        ({"Fn::GetStackOutput": {**EXPORTED, "RoleArn": "arn:aws:iam::444455556666:role/reader"}}, "no stack"),
        ({"Fn::GetStackOutput": {**EXPORTED, "Colour": "red"}}, "with ['Colour'] is not modelled"),
        ({"Fn::Select": [3, ["a"]]}, "no item 3"),
        ({"Fn::Join": ["", [{"Ref": "Names"}]]}, "is no text"),
        ({"Fn::If": ["Absent", "a", "b"]}, "no condition 'Absent'"),
        ({"Fn::FindInMap": ["Sizes", "test", "size"]}, "mapping Sizes has no 'test'"),
    ],
)
def test_what_cannot_be_resolved_is_an_error_that_names_its_place(
    assembly: Assembly, expression: Any, reason: str
) -> None:
    """There is no default and no guess."""
    with pytest.raises(UnresolvableError) as caught:
        assembly.value("Data.template.json", [expression])
    assert str(caught.value).startswith("Data.template.json[0]")
    assert reason in str(caught.value)


def test_invented_ids_are_stable_and_differ_from_each_other() -> None:
    """The same stack has the same key whenever it is read, and another stack has another."""

    def keys(name: str) -> set[str]:
        return set(Assembly([template(name, DATA)]).deployed().keys)

    assert keys("One") == keys("One")
    assert keys("One") != keys("Two")


@pytest.mark.parametrize("roles", [["personalize"], [{"Ref": "Role"}]], ids=["literal", "ref"])
@pytest.mark.parametrize("type", ["AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"])
def test_policies_are_attached_to_their_roles(type: str, roles: list[Any]) -> None:
    """By a literal name as well as by reference."""
    document = {"Statement": [{"Sid": "One"}]}
    policy = {"Type": type, "Properties": {"PolicyDocument": document, "Roles": roles}}
    deployed = Assembly([template("Main", {"Resources": {"Role": ROLE, "Policy": policy}})]).deployed()
    assert deployed.roles["arn:aws-cn:iam::111122223333:role/personalize"].identity == [document]


def test_policies_that_roles_list_count_too() -> None:
    """Inline policies and those of ``ManagedPolicyArns`` are policies of the role, each once."""
    one, two = {"Statement": [{"Sid": "One"}]}, {"Statement": [{"Sid": "Two"}]}
    properties = {**ROLE["Properties"], "Policies": [{"PolicyDocument": one}]}  # type: ignore[dict-item]
    role = {**ROLE, "Properties": {**properties, "ManagedPolicyArns": [{"Ref": "Policy"}]}}
    policy = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": two}}
    deployed = Assembly([template("Main", {"Resources": {"Role": role, "Policy": policy}})]).deployed()
    assert [each.identity for each in deployed.roles.values()] == [[one, two]]


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        ({"Type": "AWS::IAM::Policy", "Properties": {"Roles": ["absent"]}}, "no role 'absent' in account"),
        ({"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": "absent"}}, "no bucket 'absent'"),
        ({**ROLE, "Properties": {"RoleName": "a", "PermissionsBoundary": "arn"}}, "boundaries are not modelled"),
        ({**ROLE, "Properties": {"RoleName": "a", "ManagedPolicyArns": ["arn:aws:iam::aws:policy/X"]}}, "is not known"),
        (ROLE, "exists already"),
    ],
)
def test_policies_that_cannot_be_placed_are_errors(resource: dict[str, Any], reason: str) -> None:
    """A policy of nobody, or of somebody unknown, is not left out in silence."""
    resources = {"Role": ROLE, "Other": resource}
    with pytest.raises(UnresolvableError, match=reason):
        Assembly([template("Main", {"Resources": resources})]).deployed()


def test_pending_statements_are_pasted_into_what_exists() -> None:
    """Keys and buckets keep their statements, roles get a policy more, and the unknown is an error."""
    key, bucket, role = "arn:aws:kms:eu-west-1:111122223333:key/one", "arn:aws:s3:::ratings", "arn:aws:iam::1:role/r"
    deployed = Deployed({key: Key(key, {"Statement": [{"Sid": "Old"}]})}, {role: Role(role, {})}, {})
    deployed.buckets[bucket] = Bucket(bucket, "111122223333")
    new = [{"Sid": "New"}]
    deployed.paste("key", key, new)
    deployed.paste("bucket", bucket, new)
    deployed.paste("role", role, new)
    assert deployed.keys[key].policy["Statement"] == [{"Sid": "Old"}, {"Sid": "New"}]
    assert deployed.buckets[bucket].policy == {"Version": "2012-10-17", "Statement": new}
    assert deployed.roles[role].identity == [{"Version": "2012-10-17", "Statement": new}]
    with pytest.raises(UnresolvableError, match="there is no such resource"):
        deployed.paste("key", key + "2", new)
