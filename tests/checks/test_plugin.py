"""The plugin: findings at the construct, with the fix and the page, acknowledged by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from personalize_kms_constructs.checks import PersonalizeAccessChecks


def synth(directory: Path, build: Callable[[cdk.App], object]) -> dict[str, Any]:
    """The plugin's part of the validation report, whether the synth succeeds or not."""
    app = cdk.App(analytics_reporting=False, outdir=str(directory / "cdk.out"))
    cdk.Validations.of(app).add_plugins(PersonalizeAccessChecks())
    build(app)
    failed = ""
    try:
        app.synth()
    except RuntimeError as error:
        failed = str(error)
    path = directory / "cdk.out" / "validation-report.json"
    reports = json.loads(path.read_text())["pluginReports"] if path.exists() else []
    # A plugin that finds nothing isn't in the report.
    found: dict[str, Any] = next(
        (dict(each) for each in reports if each["pluginName"] == "Personalize"), {"violations": []}
    )
    assert (found.get("conclusion") == "failure") == ("ValidationFailed" in failed)
    return found


def by_hand(app: cdk.App) -> personalize.CfnDatasetGroup:
    """A stack that never heard of our construct."""
    stack = cdk.Stack(app, "Main")
    key = kms.Key(stack, "Key")
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("personalize.amazonaws.com"))
    key.grant_encrypt_decrypt(role)
    return personalize.CfnDatasetGroup(stack, "Movies", name="movies", kms_key_arn=key.key_arn, role_arn=role.role_arn)


def rules(found: dict[str, Any]) -> dict[str, set[str]]:
    """The rules that were broken, with the constructs."""
    broken: dict[str, set[str]] = {}
    for each in found["violations"]:
        broken.setdefault(each["ruleName"], set()).update(
            place["constructPath"] for place in each["violatingConstructs"]
        )
    return broken


def test_a_stack_by_hand_fails_at_the_constructs(tmp_path: Path) -> None:
    """Missing access at what needs it, excess at the policy that has it."""
    found = synth(tmp_path, by_hand)
    assert rules(found) == {
        "Personalize::MissingKeyAccess": {"Main/Movies"},
        "Personalize::MissingRoleAccess": {"Main/Movies"},
        "Personalize::ExcessRoleAccess": {"Main/Role/DefaultPolicy/Resource"},
        "Personalize::Ordering": {"Main/Movies"},
    }
    assert {each["ruleName"]: each["severity"] for each in found["violations"]} == {
        "Personalize::MissingKeyAccess": "error",
        "Personalize::MissingRoleAccess": "error",
        "Personalize::ExcessRoleAccess": "warning",
        "Personalize::Ordering": "error",
    }
    fixes = [
        each["suggestedFix"] for each in found["violations"] if each["ruleName"] == "Personalize::MissingRoleAccess"
    ]
    assert fixes == [
        "add to an IAM policy of role Main/Role, with references in the place of ${…}: "
        '{"Effect": "Allow", "Action": ["kms:DescribeKey", "kms:ListGrants"], "Resource": "${Main/Key}"} '
        "(https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html)"
    ]


def test_the_construct_passes(tmp_path: Path) -> None:
    """And has no more than it needs, the account check apart."""

    def build(app: cdk.App) -> None:
        stack = cdk.Stack(app, "Main")
        bucket = s3.Bucket(stack, "Data", encryption_key=kms.Key(stack, "DataKey"))
        export = PersonalizeResource.dataset_export_job(S3Location(bucket, "export/"))
        PersonalizeEncryption(stack, "Encryption", resources=[export]).add_dataset_group("Movies", name="movies")

    found = synth(tmp_path, build)
    assert found.get("conclusion") != "failure"
    assert set(rules(found)) <= {"Personalize::ExcessKeyAccess", "Personalize::ExcessBucketAccess"}


def test_findings_are_acknowledged_by_the_name_of_the_rule(tmp_path: Path) -> None:
    """On the construct or above it; the rest still fails."""

    def acknowledging(*names: str) -> Callable[[cdk.App], None]:
        def build(app: cdk.App) -> None:
            movies = by_hand(app)
            known = [cdk.Acknowledgment(id=f"Personalize::{name}", reason="known") for name in names]
            cdk.Validations.of(cdk.Stack.of(movies)).acknowledge(*known)

        return build

    some = synth(tmp_path / "1", acknowledging("MissingKeyAccess", "ExcessRoleAccess"))
    assert set(rules(some)) == {"Personalize::MissingRoleAccess", "Personalize::Ordering"}
    every = synth(tmp_path / "2", acknowledging("MissingKeyAccess", "MissingRoleAccess", "Ordering"))
    assert every["conclusion"] == "success"


def test_findings_of_the_construct_are_at_its_path(tmp_path: Path) -> None:
    """A resource that was only allowed has no place in the template; what is undecided is a warning."""
    arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

    def build(app: cdk.App) -> None:
        stack = cdk.Stack(app, "Main", env=cdk.Environment(account="111122223333", region="eu-west-1"))
        key = kms.Key.from_key_arn(stack, "Imported", arn)
        PersonalizeEncryption(stack, "Encryption", encryption_key=key, resources=[PersonalizeResource.dataset_group()])

    found = synth(tmp_path, build)
    assert found["conclusion"] == "success"
    assert rules(found) == {"Personalize::Undecided": {"Main/Encryption"}}
    assert {each["severity"] for each in found["violations"]} == {"warning"}


def test_stages_and_nested_stacks(tmp_path: Path) -> None:
    """All that the app synthesizes, each at its path."""

    def build(app: cdk.App) -> None:
        for name in ("Beta", "Prod"):
            by_hand_in = cdk.NestedStack(cdk.Stack(cdk.Stage(app, name), "Main"), "Nested")
            key = kms.Key(by_hand_in, "Key")
            role = iam.Role(by_hand_in, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
            personalize.CfnDatasetGroup(
                by_hand_in, "Movies", name="movies", kms_key_arn=key.key_arn, role_arn=role.role_arn
            )

    found = rules(synth(tmp_path, build))
    assert found["Personalize::MissingKeyAccess"] == {"Beta/Main/Nested/Movies", "Prod/Main/Nested/Movies"}
    assert found["Personalize::Trust"] == {"Beta/Main/Nested/Role/Resource", "Prod/Main/Nested/Role/Resource"}


def test_a_role_that_is_to_be_looked_up_fails_nothing(tmp_path: Path) -> None:
    """A synth that fails is never followed by the look-up, which is what tells the role's account."""

    def build(app: cdk.App) -> None:
        stack = cdk.Stack(app, "Main", env=cdk.Environment(account="111111111111", region="eu-west-1"))
        role = iam.Role.from_lookup(stack, "Role", role_name="personalize")
        bucket = s3.Bucket(stack, "Bucket", encryption_key=kms.Key(stack, "Key"))
        importing = PersonalizeResource.dataset_import_job(S3Location(bucket, "import/"))
        encryption = PersonalizeEncryption(stack, "Encryption", service_role=role, resources=[importing])
        encryption.add_dataset_group("Movies", name="movies")

    found = synth(tmp_path, build)
    assert rules(found) == {"Personalize::Undecided": {"Main/Encryption", "Main/Encryption/Movies"}}
    assert {each["severity"] for each in found["violations"]} == {"warning"}


def test_the_names_of_the_rules_last() -> None:
    """People acknowledge by them."""
    plugin = PersonalizeAccessChecks()
    assert plugin.name == "Personalize"
    assert plugin.rule_ids == [
        "Personalize::Configuration",
        "Personalize::ExcessBucketAccess",
        "Personalize::ExcessKeyAccess",
        "Personalize::ExcessRoleAccess",
        "Personalize::Limit",
        "Personalize::MissingBucketAccess",
        "Personalize::MissingKeyAccess",
        "Personalize::MissingRoleAccess",
        "Personalize::Ordering",
        "Personalize::Trust",
        "Personalize::Undecided",
    ]


def test_a_broken_app_says_so(tmp_path: Path) -> None:
    """A definition that is no JSON is a failure of the plugin, with the place."""

    def build(app: cdk.App) -> None:
        stack = cdk.Stack(app, "Main")
        cdk.CfnResource(
            stack, "Machine", type="AWS::StepFunctions::StateMachine", properties={"DefinitionString": "{personalize"}
        )

    app = cdk.App(analytics_reporting=False, outdir=str(tmp_path / "cdk.out"))
    cdk.Validations.of(app).add_plugins(PersonalizeAccessChecks())
    build(app)
    with pytest.raises(RuntimeError):
        app.synth()
    assert "definition of Main/Machine is no JSON" in (tmp_path / "cdk.out" / "validation-report.json").read_text()
