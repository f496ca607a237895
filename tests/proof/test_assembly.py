"""The reader of templates has errors for whatever isn't modelled."""

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
}


def assembly(body: dict[str, Any]) -> Assembly:
    return Assembly([Template("Data", HERE, "Data.template.json", body)])


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ({"Ref": "Absent"}, "stack Data has no 'Absent'"),
        ({"Ref": "Nothing"}, "conditions are not modelled"),
        ({"Ref": "Queue"}, "Ref of Queue, a AWS::SQS::Queue, is not modelled"),
        ({"Fn::GetAZs": ""}, "Fn::GetAZs is not modelled"),
        ({"Fn::ImportValue": "absent"}, "0 exports are named 'absent'"),
        ({"Fn::GetStackOutput": {"StackName": "Absent", "OutputName": "Key"}}, "no stack"),
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
            {**ROLE, "Properties": {"RoleName": "a", "ManagedPolicyArns": ["arn"]}},
            "ManagedPolicyArns .* not modelled",
        ),
    ],
)
def test_policies_that_cannot_be_placed_are_errors(resource: dict[str, Any], reason: str) -> None:
    """A policy of nobody, or of somebody unknown, is not left out in silence."""
    with pytest.raises(UnresolvableError, match=reason):
        assembly({"Resources": {"Role": ROLE, "Other": resource}}).deployed()
