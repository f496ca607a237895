"""Cloud assemblies written by hand, as the CDK writes them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from personalize_kms_check import check_assembly
from personalize_kms_check._model.finding import Finding
from personalize_kms_check._model.report import AccessReport
from personalize_kms_check._reports.short_names import Names
from tests.actions import FIVE, FOUR

ACCOUNT, REGION = "111122223333", "eu-west-1"
ACTIONS, IN_IAM = FIVE, FOUR
PARAMETERS = {"Stage": {"Type": "String"}}
CONDITIONS = {
    "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
    "IsDev": {"Fn::Not": [{"Condition": "IsProd"}]},
    "Always": {"Fn::Equals": [{"Ref": "AWS::Region"}, REGION]},
    "Never": {"Fn::Equals": ["a", "b"]},
}
NO_VALUE = {"Ref": "AWS::NoValue"}
KEY, ROLE = {"Fn::GetAtt": ["Key", "Arn"]}, {"Fn::GetAtt": ["Role", "Arn"]}
AGNOSTIC: dict[str, Any] = {"account": "unknown-account", "region": "unknown-region"}
"""The environment of a stack that doesn't say its own."""
CLEAN: Any = ((), (), ())

Line = tuple[str, str, str, str]
"""Principal, policy, action and resource, in the names of constructs."""
Json = dict[str, Any]


@dataclass(frozen=True)
class Beside:
    """The contents of an assembly besides its templates."""

    account: str = ACCOUNT
    region: str = REGION
    accounts: dict[str, str] = field(default_factory=dict)
    """Other accounts, by stack."""
    dependencies: dict[str, list[str]] = field(default_factory=dict)
    """The stacks that a stack waits for."""
    assets: dict[str, str] = field(default_factory=dict)
    """Names of files, nested templates for example, by hash."""
    files: dict[str, Json] = field(default_factory=dict)
    """Contents of files, by name."""
    stages: dict[str, Path] = field(default_factory=dict)
    """Folders of the assemblies in it, by name."""


def write(directory: Path, stacks: dict[str, Json], **given: Any) -> Path:
    """Write an assembly of these templates."""
    beside = Beside(**given)
    directory.mkdir(parents=True, exist_ok=True)
    artifacts: Json = {
        name: {
            "type": "cdk:cloud-assembly",
            "properties": {"directoryName": stage.name, "displayName": name},
        }
        for name, stage in beside.stages.items()
    }
    for file, content in beside.files.items():
        (directory / file).write_text(json.dumps(content))
    sources = {
        id: {"source": {"path": file, "packaging": "file"}} for id, file in beside.assets.items()
    }
    for name, template in stacks.items():
        (directory / f"{name}.template.json").write_text(json.dumps(template))
        (directory / f"{name}.assets.json").write_text(
            json.dumps({"version": "1", "files": sources})
        )
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{beside.accounts.get(name, beside.account)}/{beside.region}",
            "properties": {"templateFile": f"{name}.template.json"},
            "dependencies": beside.dependencies.get(name, []),
            "displayName": name,
        }
    (directory / "manifest.json").write_text(
        json.dumps({"version": "38.0.0", "artifacts": artifacts})
    )
    return directory


def edit(path: Path, **changes: Json) -> None:
    """Change artifacts of a manifest, or add some."""
    manifest = json.loads(path.read_text())
    for name, change in changes.items():
        manifest["artifacts"].setdefault(name, {}).update(change)
    path.write_text(json.dumps(manifest))


def if_prod(then: Any, otherwise: Any = NO_VALUE) -> Json:
    """A choice between two values, by a condition on the stage."""
    return {"Fn::If": ["IsProd", then, otherwise]}


def of_type(type: str, /, **properties: Any) -> Json:
    """A resource of a type, with these properties."""
    return {"Type": type, "Properties": properties}


def nested_stack(file: str, given: Json | None = None, **more: Any) -> Json:
    """A nested stack with the template of this file, and with these values of its parameters."""
    return {
        "Type": "AWS::CloudFormation::Stack",
        "Metadata": {"aws:asset:path": file},
        "Properties": {"TemplateURL": "x", "Parameters": given or {}},
        **more,
    }


def trusted_by(service: Any) -> Json:
    """The properties of a role that a service can assume, whoever it works for."""
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"AssumeRolePolicyDocument": {"Statement": [trust]}}


def key(role: Any = None, **properties: Any) -> Json:
    """A key whose policy names a role and the service; it waits for a role named by a string."""
    waits = {"DependsOn": "Role"} if isinstance(role, str) else {}
    role = ROLE if role is None else role
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
    given = {"KeyPolicy": {"Statement": statements}, **properties}
    return {"Type": "AWS::KMS::Key", "Properties": given, **waits}


def alias(name: str, target: Any = None) -> Json:
    """An alias, by default of the key."""
    return of_type("AWS::KMS::Alias", AliasName=name, TargetKeyId=target or {"Ref": "Key"})


def role(**properties: Any) -> Json:
    """A role that Personalize can assume."""
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "personalize.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
    }
    given = {"AssumeRolePolicyDocument": {"Statement": [trust]}, **properties}
    return of_type("AWS::IAM::Role", **given)


def managed(
    *statements: Json, type: str = "AWS::IAM::ManagedPolicy", role: Any = None, **properties: Any
) -> Json:
    """A policy of the role."""
    attached = [{"Ref": "Role"} if role is None else role]
    document = {"Statement": list(statements)}
    return of_type(type, **{"PolicyDocument": document, "Roles": attached, **properties})


def policy(key: Any = None, role: Any = None, actions: list[str] | None = None) -> Json:
    """Return the actions that the role may do with a key."""
    allowed = IN_IAM if actions is None else actions
    return managed(
        {"Effect": "Allow", "Action": allowed, "Resource": KEY if key is None else key}, role=role
    )


def dataset_group(key: Any = None, role: Any = None, waits: Any = "Policy", **more: Any) -> Json:
    """A dataset group that waits for the policy."""
    group = of_type(
        "AWS::Personalize::DatasetGroup",
        Name={"Ref": "AWS::StackName"},
        KmsKeyArn=KEY if key is None else key,
        RoleArn=ROLE if role is None else role,
    )
    return {**group, "DependsOn": waits, **more}


def complete(**more: Json) -> Json:
    """A template in which nothing is missing, and these resources."""
    return {
        "Parameters": PARAMETERS,
        "Conditions": CONDITIONS,
        "Resources": {
            "Key": key(),
            "Role": role(),
            "Policy": policy(),
            "Movies": dataset_group(),
            **more,
        },
    }


def bucket(**encryption: Any) -> Json:
    """The bucket ``ratings``, with this default encryption."""
    rules = {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": encryption}]}
    more = {"BucketEncryption": rules} if encryption else {}
    return {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "ratings", **more}}


def bucket_policy(*actions: str, bucket: Any = "ratings", **more: Any) -> Json:
    """A bucket policy for Personalize."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "personalize.amazonaws.com"},
        "Action": list(actions),
        "Resource": ["arn:aws:s3:::ratings", "arn:aws:s3:::ratings/*"],
        "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}},
    }
    properties = {"Bucket": bucket, "PolicyDocument": {"Statement": [statement]}}
    return {"Type": "AWS::S3::BucketPolicy", "Properties": properties, **more}


def reading() -> Json:
    """A policy by which the role reads the bucket."""
    objects = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::ratings/in/*"}
    return managed(
        objects, {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::ratings"}
    )


def dataset(
    *waits: str, path: Any = "s3://ratings/in/", job_name: Any = "load", **properties: Any
) -> Json:
    """A dataset of the dataset group, with an import job that reads the bucket."""
    job = {"JobName": job_name, "RoleArn": ROLE, "DataSource": {"DataLocation": path}}
    group = {"DatasetGroupArn": {"Fn::GetAtt": ["Movies", "DatasetGroupArn"]}}
    return {
        "Type": "AWS::Personalize::Dataset",
        "DependsOn": ["Policy", *waits],
        "Properties": {**group, "DatasetImportJob": job, **properties},
    }


def readable() -> dict[str, Json]:
    """The bucket, and what the role and Personalize need to read it."""
    in_policy = bucket_policy("s3:GetObject", "s3:ListBucket")
    return {"Bucket": bucket(), "One": in_policy, "Read": reading()}


def importing(**more: Any) -> Json:
    """A template with an import job in which nothing is missing, and these resources."""
    return complete(**{**readable(), "Data": dataset("One", "Read"), **more})


def check(directory: Path, *templates: Json, **more: Any) -> AccessReport:
    """A report on one stack, or on two."""
    names = ["Main", "Other"][: len(templates)]
    return check_assembly(write(directory, dict(zip(names, templates, strict=True)), **more))


def findings(report: AccessReport) -> Any:
    """All that is wrong or open; compare it with ``CLEAN``."""
    return report.missing, report.undecided, report.problems


def messages(report: AccessReport) -> list[str]:
    """The messages of the problems."""
    return [problem.message for problem in report.problems]


def reasons(report: AccessReport) -> set[str]:
    """The reasons for which anything is undecided."""
    return {entry.because for entry in report.undecided}


def lines(report: AccessReport, entries: Sequence[Finding]) -> set[Line]:
    """Return entries as lines, with the names of constructs for resources of the app."""
    names = Names(report.names)
    described = [
        (entry.principal, entry.policy, entry.action, names.short(entry.resource))
        for entry in entries
    ]
    assert len(described) == len(set(described))
    return set(described)
