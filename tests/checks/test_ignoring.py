"""Findings that are left out: acknowledged in the app, or ignored on the command line."""

import json
from collections.abc import Sequence
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from constructs import Construct, IConstruct

from personalize_kms_check import check_assembly
from personalize_kms_check._model.causes import Cause, Reason
from personalize_kms_check._model.finding import Finding
from personalize_kms_check._model.report import AccessReport
from personalize_kms_check._reports.ignoring import Ignore, without
from tests.checks.command import run
from tests.checks.templates import ACTIONS, IN_IAM, complete, dataset_group, key, policy, write


def by_hand(scope: Construct, trusting: str = "personalize.amazonaws.com") -> kms.Key:
    """A dataset group that never heard of our construct."""
    key = kms.Key(scope, "Key")
    role = iam.Role(scope, "Role", assumed_by=iam.ServicePrincipal(trusting))
    key.grant_encrypt_decrypt(role)
    name = f"movies-{scope.node.id}"
    personalize.CfnDatasetGroup(
        scope, "Movies", name=name, kms_key_arn=key.key_arn, role_arn=role.role_arn
    )
    return key


def acknowledge(scope: IConstruct, *names: str) -> None:
    known = [cdk.Acknowledgment(id=f"Personalize::{name}", reason="known") for name in names]
    cdk.Validations.of(scope).acknowledge(*known)


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stack, a nested stack and a stack of a stage, with findings acknowledged in each."""
    directory = tmp_path_factory.mktemp("assembly")
    app = cdk.App(analytics_reporting=False, outdir=str(directory / "cdk.out"))
    main = cdk.Stack(app, "Main")
    by_hand(main)
    acknowledge(main.node.find_child("Movies"), "MissingKeyAccess", "MissingRoleAccess")
    nested = cdk.NestedStack(main, "Nested")
    by_hand(nested)
    acknowledge(nested, "MissingKeyAccess", "Ordering")
    staged = cdk.Stack(cdk.Stage(app, "Prod"), "Main")
    acknowledge(by_hand(staged), "MissingKeyAccess")
    acknowledge(staged, "ExcessRoleAccess")
    app.synth()
    return directory / "cdk.out"


# Each with the policy that breaks it, or the dataset group; what is missing is acknowledged at the
# dataset group.
RULES = {
    "MissingKeyAccess": "Key/Resource",
    "MissingRoleAccess": "Role/DefaultPolicy/Resource",
    "ExcessRoleAccess": "Role/DefaultPolicy/Resource",
    "Ordering": "Movies",
    "Trust": "Role/Resource",
}


def left(directory: Path) -> set[tuple[str, str]]:
    """The rules of the findings, with the construct paths."""
    (ran,) = json.loads(run(str(directory), "--format", "sarif").stdout)["runs"]
    rules: set[tuple[str, str]] = set()
    for result in ran["results"]:
        rule = result["ruleId"].removeprefix("Personalize::")
        places = result["locations"][0]["logicalLocations"]
        rules |= {(rule, place["fullyQualifiedName"]) for place in places}
    return rules


def test_what_the_app_acknowledges_is_left_out(assembly: Path) -> None:
    """Findings at the construct and below it are left out, in nested stacks and stages, too."""
    stacks = ("Main", "Main/Nested", "Prod/Main")
    everything: set[tuple[str, str]] = set()
    for stack in stacks:
        everything |= {(rule, f"{stack}/{place}") for rule, place in RULES.items()}
    assert len(check_assembly(assembly).missing) == 3 * 10
    acknowledged = {
        ("MissingKeyAccess", "Main/Key/Resource"),
        ("MissingRoleAccess", "Main/Role/DefaultPolicy/Resource"),
        ("MissingKeyAccess", "Main/Nested/Key/Resource"),
        ("Ordering", "Main/Nested/Movies"),
        ("ExcessRoleAccess", "Prod/Main/Role/DefaultPolicy/Resource"),
    }
    shown = run(str(assembly), "--format", "json").stdout
    assert left(assembly) == everything - acknowledged
    # The keys, the role and the order have a line each; too much are two lines.
    assert json.loads(shown)["left_out"] == 6
    said = "6 findings left out, acknowledged in the app or ignored"
    assert run(str(assembly)).stdout.splitlines()[-1] == said
    assert run(str(assembly), "--format", "markdown").stdout.splitlines()[-1] == f"{said}."


def ignoring(names: Sequence[str]) -> list[str]:
    """The options that ignore these findings."""
    options: list[str] = []
    for name in names:
        options += ["--ignore", name]
    return options


@pytest.mark.parametrize(
    ("options", "code", "number", "unused"),
    [
        (["Personalize::MissingRoleAccess"], 1, 1, []),
        (["Personalize::MissingRoleAccess", "Personalize::MissingKeyAccess"], 0, 2, []),
        (["Personalize::MissingRoleAccess@Main", "Personalize::MissingKeyAccess@/Main/"], 0, 2, []),
        (
            [
                "Personalize::MissingRoleAccess@Main/Movies",
                "Personalize::MissingKeyAccess@Main/Mov",
            ],
            1,
            1,
            [1],
        ),
        (["Personalize::Trust", "Personalize::MissingKeyAccess@Other"], 1, 0, [0, 1]),
        # The policy that the line and SARIF show.
        (["Personalize::MissingRoleAccess@Main/Policy", "Personalize::MissingKeyAccess"], 0, 2, []),
    ],
)
def test_findings_are_ignored_by_rule_and_path(
    options: list[str], code: int, number: int, unused: list[int], tmp_path: Path
) -> None:
    """A finding matches at its path and above; an unused option is told, and the code stays."""
    of_role, of_service = key()["Properties"]["KeyPolicy"]["Statement"]
    statements = [of_role, {**of_service, "Action": ACTIONS[1:]}]
    lacking = complete(
        Policy=policy(actions=IN_IAM[1:]), Key=key(KeyPolicy={"Statement": statements})
    )
    directory = str(write(tmp_path, {"Main": lacking}))
    result = run(directory, *ignoring(options), "--format", "json")
    assert (result.exit_code, json.loads(result.stdout)["left_out"]) == (code, number)
    assert result.stderr == "".join(
        f"personalize-kms: --ignore {options[number]} matches no finding: remove it\n"
        for number in unused
    )


def test_a_finding_is_left_out_if_all_its_places_are(tmp_path: Path) -> None:
    """A finding of two dataset groups stays if one ignores it; a finding of one alone doesn't."""
    lacking = complete(Policy=policy(actions=IN_IAM[1:]), Books=dataset_group(waits=[]))
    directory = str(write(tmp_path, {"Main": lacking}))
    ignored = [f"Personalize::{rule}@Main/Books" for rule in ("MissingRoleAccess", "Ordering")]
    result = run(directory, *ignoring(ignored), "--format", "json")
    report = json.loads(result.stdout)
    causes = [finding["cause"] for finding in (*report["missing"], *report["problems"])]
    assert causes == ["not-in-iam"]
    assert (report["left_out"], result.stderr) == (1, "")


@pytest.mark.parametrize(("path", "number"), [("", 1), ("Main", 0)])
def test_a_finding_of_no_place_is_ignored_by_its_rule_alone(path: str, number: int) -> None:
    """It is at no construct, nor below any."""
    problem = Finding(kind="ordering", subject="policy", reason=Reason.of(Cause.NO_ROLE))
    report = AccessReport((problem,), left_out=3)
    ignore = Ignore("Personalize::Ordering", path)
    left, used = without(report, [ignore])
    assert (left.left_out, len(left.problems), used) == (
        3 + number,
        1 - number,
        {ignore} if number else set(),
    )


def test_only_rules_can_be_ignored() -> None:
    """A misspelled rule would ignore nothing, and the check would fail for a known finding."""
    result = run("--ignore", "Personalize::Missing")
    assert result.exit_code == 2
    assert "'Personalize::Missing' is not one of Personalize::Configuration, " in " ".join(
        result.stderr.split()
    )
