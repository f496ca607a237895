"""A nested stack of an included template: JavaScript makes it, and jsii hands over another object each time."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import cloudformation_include as cfn_include

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location

NESTED = {
    "Resources": {
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Statement": []}}},
        "Data": {"Type": "AWS::S3::Bucket"},
        "DataPolicy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {"Bucket": {"Ref": "Data"}, "PolicyDocument": {"Statement": []}},
        },
    }
}


def nested_template(app: cdk.App) -> dict[str, Any]:
    (file,) = Path(app.synth().directory).glob("*.nested.template.json")
    return dict(json.loads(file.read_text("utf-8"))["Resources"])


def test_key_and_role_in_one_included_nested_stack(app: cdk.App, stack: cdk.Stack, tmp_path: Path) -> None:
    """The key policy names the role, as in any other stack, and the policy of the template gets the statements."""
    outer = {"Resources": {"Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "inner"}}}}
    for name, template in (("outer", outer), ("inner", NESTED)):
        (tmp_path / f"{name}.json").write_text(json.dumps(template))
    included = cfn_include.CfnInclude(
        stack,
        "Old",
        template_file=str(tmp_path / "outer.json"),
        load_nested_stacks={"Inner": cfn_include.CfnIncludeProps(template_file=str(tmp_path / "inner.json"))},
    )
    inner = included.get_nested_stack("Inner")
    key: Any = inner.included_template.get_resource("Key")
    bucket: Any = inner.included_template.get_resource("Data")
    for id in ("One", "Two"):
        encryption = PersonalizeEncryption(
            inner.stack,
            id,
            encryption_key=key,
            resources=[PersonalizeResource.dataset_import_job(S3Location(bucket, "import/"))],
        )
        encryption.add_dataset_group("Movies", name=f"movies-{id}")
    resources = nested_template(app)
    roles = [logical_id for logical_id, each in resources.items() if each["Type"] == "AWS::IAM::Role"]
    statements = {each["Sid"]: each for each in resources["Key"]["Properties"]["KeyPolicy"]["Statement"]}
    assert [statements[sid]["Principal"] for sid in ("PersonalizeRole", "PersonalizeRole2")] == [
        {"AWS": {"Fn::GetAtt": [role, "Arn"]}} for role in roles
    ]
    of_bucket = resources["DataPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert [statement["Sid"] for statement in of_bucket] == [
        "PersonalizeServiceListBucket",
        "PersonalizeServiceReadObjects",
        "PersonalizeServiceListBucket2",
        "PersonalizeServiceReadObjects2",
    ]
    assert [each["Type"] for each in resources.values()].count("AWS::S3::BucketPolicy") == 1
