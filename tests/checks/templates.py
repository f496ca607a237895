"""Cloud assemblies written by hand, as the CDK writes them, for tests of what is read from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from personalize_kms_constructs._access.report import AccessReport
from personalize_kms_constructs.checks import check_assembly

ACCOUNT, REGION = "111122223333", "eu-west-1"
ACTIONS = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]
IN_IAM = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]
PARAMETERS = {"Stage": {"Type": "String"}}
CONDITIONS = {
    "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
    "IsDev": {"Fn::Not": [{"Condition": "IsProd"}]},
    "Never": {"Fn::Equals": ["a", "b"]},
}
NO_VALUE = {"Ref": "AWS::NoValue"}

Json = dict[str, Any]


def write(
    directory: Path,
    stacks: dict[str, Json],
    *,
    account: str = ACCOUNT,
    region: str = REGION,
    dependencies: dict[str, list[str]] | None = None,
    assets: dict[str, str] | None = None,
) -> Path:
    """An assembly of these templates; nested ones are ``assets``, files by their hashes."""
    directory.mkdir(parents=True, exist_ok=True)
    artifacts = {}
    for name, template in stacks.items():
        (directory / f"{name}.template.json").write_text(json.dumps(template))
        files = {id: {"source": {"path": file, "packaging": "file"}} for id, file in (assets or {}).items()}
        (directory / f"{name}.assets.json").write_text(json.dumps({"version": "1", "files": files}))
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{account}/{region}",
            "properties": {"templateFile": f"{name}.template.json"},
            "dependencies": (dependencies or {}).get(name, []),
            "displayName": name,
        }
    (directory / "manifest.json").write_text(json.dumps({"version": "38.0.0", "artifacts": artifacts}))
    return directory


def key(role: Any = None, **properties: Any) -> Json:
    """A key whose policy names a role and the service."""
    role = {"Fn::GetAtt": ["Role", "Arn"]} if role is None else role
    condition = {"StringEqualsIfExists": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": role}, "Action": ACTIONS, "Resource": "*"},
        {
            "Effect": "Allow",
            "Principal": {"Service": "personalize.amazonaws.com"},
            "Action": ACTIONS,
            "Resource": "*",
            "Condition": condition,
        },
    ]
    return {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Statement": statements}, **properties}}


def role(**properties: Any) -> Json:
    """A role that Personalize can assume."""
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "personalize.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
    }
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": [trust]}, **properties}}


def policy(key: Any = None, role: Any = None, actions: list[str] | None = None) -> Json:
    """Return the actions that the role may do with a key."""
    key = {"Fn::GetAtt": ["Key", "Arn"]} if key is None else key
    statement = {"Effect": "Allow", "Action": IN_IAM if actions is None else actions, "Resource": key}
    return {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {
            "PolicyDocument": {"Statement": [statement]},
            "Roles": [{"Ref": "Role"} if role is None else role],
        },
    }


def dataset_group(key: Any = None, role: Any = None, waits: Any = "Policy", **more: Any) -> Json:
    """A dataset group that waits for the policy."""
    properties = {
        "Name": {"Ref": "AWS::StackName"},
        "KmsKeyArn": {"Fn::GetAtt": ["Key", "Arn"]} if key is None else key,
        "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]} if role is None else role,
    }
    return {"Type": "AWS::Personalize::DatasetGroup", "Properties": properties, "DependsOn": waits, **more}


def complete(**more: Json) -> Json:
    """A template in which nothing is missing, and these resources."""
    return {
        "Resources": {
            "Key": key(),
            "Role": role(),
            "Policy": policy(),
            "Movies": dataset_group(),
            **more,
        }
    }


def check(directory: Path, *resources: Json, **more: Any) -> AccessReport:
    """A report on stacks of these resources beside a complete dataset group, with these conditions."""
    names = ["Main", "Other"][: len(resources)]
    stacks = {
        name: {**complete(**each), "Parameters": PARAMETERS, "Conditions": CONDITIONS}
        for name, each in zip(names, resources, strict=True)
    }
    return check_assembly(write(directory, stacks, **more))
