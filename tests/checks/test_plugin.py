"""The plugin: findings at the construct, with the fix and the page, acknowledged by name."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from personalize_kms_check._reports.report_lines import lines_of
from personalize_kms_check.matrix import KMS_PAGE
from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from personalize_kms_constructs.checks import PersonalizeAccessChecks, check_assembly
from tests.checks.test_ignoring import acknowledge, by_hand
from tests.life.conftest import GROUP, allowing


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
    report: dict[str, Any] = {"violations": []}
    for plugin in reports:
        if plugin["pluginName"] == "Personalize":
            report = plugin
    assert (report.get("conclusion") == "failure") == ("ValidationFailed" in failed)
    return report


def rules(report: dict[str, Any]) -> dict[tuple[str, str], set[str]]:
    """The broken rules and their severities, with the constructs."""
    broken: dict[tuple[str, str], set[str]] = {}
    for violation in report["violations"]:
        paths = {place["constructPath"] for place in violation["violatingConstructs"]}
        broken.setdefault(
            (violation["ruleName"].removeprefix("Personalize::"), violation["severity"]), set()
        ).update(paths)
    return broken


def test_a_stack_by_hand_fails_at_the_constructs(tmp_path: Path) -> None:
    """Missing access is at the dataset group, excess at the policy that has it."""
    report = synth(tmp_path, lambda app: by_hand(cdk.Stack(app, "Main")))
    assert rules(report) == {
        ("MissingKeyAccess", "error"): {"Main/Movies"},
        ("MissingRoleAccess", "error"): {"Main/Movies"},
        ("ExcessRoleAccess", "warning"): {"Main/Role/DefaultPolicy/Resource"},
        # Its trust policy, as the CDK makes it, has no condition on the source.
        ("Trust", "warning"): {"Main/Role/Resource"},
        ("Ordering", "error"): {"Main/Movies"},
    }
    of_role = [
        violation["suggestedFix"].removesuffix(f" ({KMS_PAGE})")
        for violation in report["violations"]
        if "RoleAccess" in violation["ruleName"]
    ]
    # The list is there once.
    statement = (
        '{"Effect": "Allow", "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", '
        '"kms:ListGrants"], "Resource": {"Fn::GetAtt": ["Key961B73FD", "Arn"]}}'
    )
    assert of_role == [
        f"IAM policies of Main/Role, replacing the actions that are too much: {statement}",
        "IAM policies of Main/Role, as above",
        "IAM policies of Main/Role, as above",
    ]


def test_findings_are_acknowledged_by_the_name_of_the_rule(tmp_path: Path) -> None:
    """On the construct or above it; the rest still fails."""

    def acknowledging(*names: str) -> Callable[[cdk.App], None]:
        def build(app: cdk.App) -> None:
            stack = cdk.Stack(app, "Main")
            by_hand(stack)
            acknowledge(stack, *names)

        return build

    some = synth(tmp_path / "1", acknowledging("MissingKeyAccess", "ExcessRoleAccess", "Trust"))
    assert {rule for rule, _ in rules(some)} == {"MissingRoleAccess", "Ordering"}
    errors = acknowledging("MissingKeyAccess", "MissingRoleAccess", "Ordering")
    assert synth(tmp_path / "2", errors)["conclusion"] == "success"


def under_a_boundary(*stacks: cdk.Stack) -> None:
    """Two constructs, the second in the last stack, with one boundary outside of the app."""
    for id, stack in {"One": stacks[0], "Two": stacks[-1]}.items():
        given = iam.ManagedPolicy.from_managed_policy_name(stack, f"Given{id}", "boundary")
        construct = Construct(stack, id)
        iam.PermissionsBoundary.of(construct).apply(given)
        allowing(construct, GROUP)


@pytest.mark.parametrize(
    ("acknowledged", "place"),
    [([], "One"), (["One"], "Two"), (["Two"], "One"), (["One", "Two"], "")],
)
def test_a_finding_of_several_constructs_is_told_once(
    acknowledged: list[str], place: str, tmp_path: Path
) -> None:
    """The CDK prints each place apart: it is at the first where it isn't acknowledged."""

    def build(app: cdk.App) -> None:
        stack = cdk.Stack(app, "Main")
        under_a_boundary(stack)
        for id in acknowledged:
            acknowledge(stack.node.find_child(id), "Undecided")

    report = synth(tmp_path, build)
    told = {("Undecided", "warning"): {f"Main/{place}/Encryption"}} if place else {}
    assert rules(report) == told
    for violation in report["violations"]:
        assert "Main/One/Encryption/Role and Main/Two/Encryption/Role" in violation["description"]
    assert len(report.get("suppressedViolations", [])) == (0 if place else 2)


def test_a_finding_of_several_stacks_is_at_the_app(tmp_path: Path) -> None:
    """Once, as the command tells it, whichever stack is selected."""
    report = synth(tmp_path, lambda app: under_a_boundary(cdk.Stack(app, "A"), cdk.Stack(app, "B")))
    assert rules(report) == {("Undecided", "warning"): {""}}
    lines = lines_of(check_assembly(tmp_path / "cdk.out"))
    assert len(report["violations"]) == len(lines) == 1


def test_a_construct_of_ours_passes(tmp_path: Path) -> None:
    """Findings of its permissions are at its path; an undecided imported key is a warning."""
    arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

    def build(app: cdk.App) -> None:
        stack = cdk.Stack(
            app, "Main", env=cdk.Environment(account="111122223333", region="eu-west-1")
        )
        key = kms.Key.from_key_arn(stack, "Imported", arn)
        allowing(stack, GROUP, encryption_key=key)
        PersonalizeEncryption(stack, "Own").add_dataset_group("Movies", name="movies")

    report = synth(tmp_path, build)
    assert report["conclusion"] == "success"
    assert rules(report) == {("Undecided", "warning"): {"Main/Encryption"}}


def test_a_role_that_is_to_be_looked_up_fails_nothing(tmp_path: Path) -> None:
    """The look-up tells the role's account, and never follows a synth that fails."""

    def build(app: cdk.App) -> None:
        stack = cdk.Stack(
            app, "Main", env=cdk.Environment(account="111111111111", region="eu-west-1")
        )
        role = iam.Role.from_lookup(stack, "Role", role_name="personalize")
        bucket = s3.Bucket(stack, "Bucket", encryption_key=kms.Key(stack, "Key"))
        importing = PersonalizeResource.dataset_import_job(S3Location(bucket, "import/"))
        encryption = allowing(stack, importing, service_role=role)
        encryption.add_dataset_group("Movies", name="movies")

    report = synth(tmp_path, build)
    assert rules(report) == {("Undecided", "warning"): {"Main/Encryption"}}


def test_the_names_of_the_rules_last() -> None:
    """People acknowledge by them."""
    plugin = PersonalizeAccessChecks()
    assert plugin.name == "Personalize"
    assert plugin.rule_ids == [
        "Personalize::Configuration",
        "Personalize::ExcessBucketAccess",
        "Personalize::ExcessKeyAccess",
        "Personalize::ExcessRoleAccess",
        "Personalize::MissingBucketAccess",
        "Personalize::MissingKeyAccess",
        "Personalize::MissingRoleAccess",
        "Personalize::Ordering",
        "Personalize::Retention",
        "Personalize::Trust",
        "Personalize::Undecided",
        "Personalize::Unencrypted",
    ]


def test_a_broken_app_says_so(tmp_path: Path) -> None:
    """A definition that is no JSON is a failure, with the place, and a finding of the app."""
    machine = {"DefinitionString": "{personalize"}

    def build(app: cdk.App) -> None:
        stack = cdk.Stack(app, "Main")
        cdk.CfnResource(
            stack, "Machine", type="AWS::StepFunctions::StateMachine", properties=machine
        )

    report = synth(tmp_path, build)
    assert rules(report) == {("Configuration", "error"): {""}}
    assert "definition of Main/Machine isn't JSON" in report["violations"][0]["description"]
