"""The reader of templates: CloudFormation's functions, and errors for whatever isn't modelled."""

from typing import Any

import pytest

from tests.proof.assembly import Assembly
from tests.proof.model import Environment, UnresolvableError
from tests.proof.stacks import Template

HERE = Environment("111122223333", "cn-north-1")
ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {"RoleName": "personalize", "AssumeRolePolicyDocument": {}},
}
BUCKET = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "ratings"}}
DATA: dict[str, Any] = {
    "Resources": {
        "Bucket": BUCKET,
        "Nothing": {**BUCKET, "Condition": "IsTest"},
        "Role": ROLE,
        "Queue": {"Type": "AWS::SQS::Queue"},
    },
    "Outputs": {"Exported": {"Value": {"Ref": "Bucket"}, "Export": {"Name": "ratings-bucket"}}},
}
EXPORTED = {"StackName": "Data", "OutputName": "Exported"}


def assembly(body: dict[str, Any], name: str = "Data") -> Assembly:
    return Assembly([Template(name, HERE, f"{name}.template.json", body)])


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ({"Ref": "AWS::Partition"}, "aws-cn"),
        ({"Ref": "Bucket"}, "ratings"),
        ({"Fn::GetAtt": ["Bucket", "Arn"]}, "arn:aws-cn:s3:::ratings"),
        ({"Fn::Join": ["-", ["a", {"Ref": "AWS::Region"}]]}, "a-cn-north-1"),
        ({"Fn::Sub": "arn:${AWS::Partition}:iam"}, "arn:aws-cn:iam"),
        ({"Fn::ImportValue": "ratings-bucket"}, "ratings"),
        ({"Fn::GetStackOutput": EXPORTED}, "ratings"),
        ({"Fn::GetStackOutput": {**EXPORTED, "Region": "cn-north-1"}}, "ratings"),
        (
            {
                "Fn::GetStackOutput": {
                    **EXPORTED,
                    "RoleArn": "arn:aws:iam::111122223333:role/reader",
                }
            },
            "ratings",
        ),
    ],
)
def test_functions_are_resolved(expression: Any, value: Any) -> None:
    """Each has the value that CloudFormation gives it."""
    assert assembly(DATA).value("Data.template.json", expression) == value


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ({"Ref": "Absent"}, "stack Data has no 'Absent'"),
        ({"Ref": "Nothing"}, "conditions are not modelled"),
        ({"Ref": "Queue"}, "Ref of Queue, a AWS::SQS::Queue, is not modelled"),
        (
            {"Fn::GetAtt": ["Bucket", "Colour"]},
            "Colour of Bucket, a AWS::S3::Bucket, is not modelled",
        ),
        ({"Fn::GetAZs": ""}, "Fn::GetAZs is not modelled"),
        ({"Fn::ImportValue": "absent"}, "0 exports are named 'absent'"),
        (
            {"Fn::GetStackOutput": {"StackName": "Data", "OutputName": "Absent"}},
            "stack Data has no output 'Absent'",
        ),
        ({"Fn::GetStackOutput": {**EXPORTED, "Region": "us-east-1"}}, "no stack"),
        (
            {
                "Fn::GetStackOutput": {
                    **EXPORTED,
                    "RoleArn": "arn:aws:iam::444455556666:role/reader",
                }
            },
            "no stack",
        ),
        ({"Fn::GetStackOutput": {**EXPORTED, "Colour": "red"}}, "with ['Colour'] is not modelled"),
        ({"Fn::Join": ["", [["a"]]]}, "is no text"),
    ],
)
def test_what_cannot_be_resolved_is_an_error_that_names_its_place(
    expression: Any, reason: str
) -> None:
    """There is no default and no guess."""
    with pytest.raises(UnresolvableError) as caught:
        assembly(DATA).value("Data.template.json", [expression])
    assert str(caught.value).startswith("Data.template.json[0]")
    assert reason in str(caught.value)


def test_invented_ids_are_stable_and_differ_from_each_other() -> None:
    """The same stack has the same key whenever it is read, and another stack has another."""

    def keys(name: str) -> set[str]:
        body = {"Resources": {"Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {}}}}}
        return set(assembly(body, name).deployed().keys)

    assert keys("One") == keys("One")
    assert keys("One") != keys("Two")


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        (
            {"Type": "AWS::IAM::Policy", "Properties": {"Roles": ["absent"]}},
            "no role 'absent' in account",
        ),
        (
            {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": "absent"}},
            "no bucket 'absent'",
        ),
        (
            {**ROLE, "Properties": {"RoleName": "a", "PermissionsBoundary": "arn"}},
            "PermissionsBoundary .* not modelled",
        ),
        (
            {**ROLE, "Properties": {"RoleName": "a", "ManagedPolicyArns": ["arn"]}},
            "ManagedPolicyArns .* not modelled",
        ),
        (ROLE, "exists already"),
    ],
)
def test_policies_that_cannot_be_placed_are_errors(resource: dict[str, Any], reason: str) -> None:
    """A policy of nobody, or of somebody unknown, is not left out in silence."""
    with pytest.raises(UnresolvableError, match=reason):
        assembly({"Resources": {"Role": ROLE, "Other": resource}}).deployed()
