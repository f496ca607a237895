"""Apps with a construct, and faults in them that only the finished templates show."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3
from constructs import Construct

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from personalize_kms_constructs.jobs import DatasetExportJob

LACKS = (
    "lacks kms:CreateGrant, kms:DescribeKey, kms:GenerateDataKey, kms:ListGrants "
    "for Personalize (4 permissions)"
)

ENV = cdk.Environment(account="111122223333", region="eu-west-1")
SCHEMA_ARN = "arn:aws:personalize:eu-west-1:111122223333:schema/s"


def new_app(directory: Path, **options: Any) -> cdk.App:
    return cdk.App(analytics_reporting=False, outdir=str(directory / "cdk.out"), **options)


def of_app(beside: Construct, id: str, **props: Any) -> cdk.Stack:
    """Another stack of the same app."""
    app = beside.node.root
    assert isinstance(app, cdk.App)
    return cdk.Stack(app, id, **{"env": ENV, **props})


def encryption(scope: Construct, id: str = "Encryption", **props: Any) -> PersonalizeEncryption:
    """A construct that allows dataset groups, with its own key and role by default."""
    group = PersonalizeResource.dataset_group()
    return PersonalizeEncryption(scope, id, **{"resources": [group], **props})


def break_key_policy(of: PersonalizeEncryption, number: int = 2) -> None:
    """Take actions from a statement, Personalize's, by an override, which no construct sees."""
    key = of.encryption_key.node.default_child
    assert isinstance(key, kms.CfnKey)
    key.add_property_override(f"KeyPolicy.Statement.{number}.Action", ["kms:Decrypt"])


def by_hand(scope: Construct) -> personalize.CfnDatasetGroup:
    """A dataset group that never heard of our construct, and lacks nearly everything."""
    key = kms.Key(scope, "OtherKey")
    role = iam.Role(
        scope, "OtherRole", assumed_by=iam.ServicePrincipal("personalize.amazonaws.com")
    )
    return personalize.CfnDatasetGroup(
        scope, "Books", name="books", kms_key_arn=key.key_arn, role_arn=role.role_arn
    )


def export_job(of: PersonalizeEncryption, **props: Any) -> DatasetExportJob:
    """A job by default for a dataset that each execution chooses, into a bucket of its own."""
    if "destination" not in props:
        props["destination"] = S3Location(s3.Bucket(of, "Out"), "export/")
    given = {"dataset_arn": "{% $states.input.dataset %}", **props}
    return DatasetExportJob(of, "Export", encryption=of, **given)


def failure(synth: Callable[[], object]) -> str:
    """The message of a synth that fails; nothing if it succeeds."""
    try:
        synth()
    except RuntimeError as error:
        return str(error)
    return ""


def told(app: cdk.App) -> list[tuple[str, str, str]]:
    """Return rule, severity and construct of every violation that our plugins reported."""
    path = Path(app.outdir) / "validation-report.json"
    reports = json.loads(path.read_text())["pluginReports"] if path.exists() else []
    violations: list[tuple[str, str, str]] = []
    for report in reports:
        if report["pluginName"] != "Personalize":
            continue
        for violation in report["violations"]:
            rule = violation["ruleName"].removeprefix("Personalize::")
            for construct in violation["violatingConstructs"]:
                path_of_construct = construct.get("constructPath", "")
                violations.append((rule, violation["severity"], path_of_construct))
    return sorted(violations)
