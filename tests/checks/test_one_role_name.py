"""Roles of one name, which IAM refuses in one account: the check mixes up their policies."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from constructs import Construct

from personalize_kms_check import check_assembly
from personalize_kms_check._model.report import AccessReport
from personalize_kms_constructs import PersonalizeEncryption
from tests.checks.templates import (
    CLEAN,
    IN_IAM,
    NO_VALUE,
    check,
    complete,
    dataset_group,
    findings,
    if_prod,
    messages,
    nested_stack,
    policy,
    reasons,
    role,
)
from tests.life.conftest import GROUP

ACCOUNT = "111122223333"
IN_DEV = {"Fn::If": ["IsDev", "movies", NO_VALUE]}
SAME = "has the same name, so it isn't known whose policies are whose"
MIXED_UP = f"{SAME}: name each differently, or set the env of each stack"
BY_CONDITION = f"{SAME}: which of them is made depends on conditions: pass their parameters"


def named(scope: Construct) -> None:
    """A construct whose role has the name that all others have."""
    PersonalizeEncryption(scope, "E", role_name="movies", resources=[GROUP])


def synthesized(directory: Path, build: Callable[[cdk.App], object]) -> AccessReport:
    app = cdk.App(
        outdir=str(directory / "out"),
        analytics_reporting=False,
        context={"personalize-kms-constructs:judge": False},
    )
    build(app)
    app.synth()
    return check_assembly(directory / "out")


@pytest.mark.parametrize("account", [ACCOUNT, "unknown-account"])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"RoleName": "movies"}, {"RoleName": "movies"}),
        ({"RoleName": "movies"}, {"RoleName": "MOVIES"}),
        ({"RoleName": "movies", "Path": "/a/"}, {"RoleName": "movies", "Path": "/b/"}),
        ({"RoleName": {"Ref": "Stage"}}, {"RoleName": {"Fn::Sub": "${Stage}"}}),
        ({"RoleName": if_prod("a", "b")}, {"RoleName": if_prod("a", "b")}),
        ({"RoleName": if_prod("a", "a")}, {"RoleName": "a"}),
    ],
    ids=lambda properties: json.dumps(properties),
)
def test_names_that_are_one(one: Any, other: Any, account: str, tmp_path: Path) -> None:
    """Case and path don't part them, and an expression is one value in a stack."""
    report = check(tmp_path, complete(Role=role(**one), Same=role(**other)), account=account)
    assert (report.missing, report.problems) == ((), ())
    assert reasons(report) == {f"Main/Same {MIXED_UP}"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("movies", "books"),
        ("movies", {"Ref": "Stage"}),
        (if_prod("prod-movies", "dev-movies"), if_prod("prod-books", "dev-books")),
        (if_prod("movies"), if_prod("movies")),
        (if_prod(IN_DEV, "a"), if_prod(IN_DEV, "a")),
        ({"Fn::Sub": "${Stage}-A"}, {"Fn::Sub": "${Stage}-b"}),
        (None, None),
    ],
    ids=lambda name: json.dumps(name),
)
def test_names_that_need_not_be_one(one: Any, other: Any, tmp_path: Path) -> None:
    """Nothing is said of them, and each role has its own policies."""
    roles = [role(**({"RoleName": name} if name else {})) for name in (one, other)]
    assert findings(check(tmp_path, complete(Role=roles[0], Same=roles[1]))) == CLEAN
    report = check(
        tmp_path, complete(Role=roles[0], Same=roles[1], Policy=policy(role={"Ref": "Same"}))
    )
    assert [(entry.action, entry.principal) for entry in report.missing] == [
        (action, "role") for action in IN_IAM
    ]
    assert messages(report) == []


def test_holes_are_told_apart_by_the_case_of_their_names(tmp_path: Path) -> None:
    """Logical ids that differ in case are two, and so are the values of two parameters."""
    template = complete(Role=role(RoleName={"Ref": "stage"}), Same=role(RoleName={"Ref": "Stage"}))
    template["Parameters"] = {"stage": {"Type": "String"}, "Stage": {"Type": "String"}}
    assert findings(check(tmp_path, template)) == CLEAN


@pytest.mark.parametrize("account", [ACCOUNT, None])
def test_two_stages(account: str | None, tmp_path: Path) -> None:
    """Each has its own role: of one account, only one of them can be deployed."""

    def build(app: cdk.App) -> None:
        for name, region in (("Dev", "eu-west-1"), ("Prod", "us-east-1")):
            stage = cdk.Stage(app, name, env=cdk.Environment(account=account, region=region))
            named(cdk.Stack(stage, "Main"))

    assert findings(synthesized(tmp_path, build)) == CLEAN


@pytest.mark.parametrize(
    ("conditions", "is_question"),
    [((None, "IsProd"), True), ((None, "Never"), False), (("IsProd", "IsProd"), True)],
)
def test_conditions_of_nested_stacks(
    conditions: tuple[Any, Any], is_question: bool, tmp_path: Path
) -> None:
    """The roles are made only with the nested stacks, so that the deployment may succeed."""

    def build(app: cdk.App) -> None:
        stack = cdk.Stack(app, "Main", env=cdk.Environment(account=ACCOUNT, region="eu-west-1"))
        parameter = cdk.CfnParameter(stack, "Stage")
        expressions = {
            "IsProd": cdk.Fn.condition_equals(parameter, "prod"),
            "Never": cdk.Fn.condition_equals("a", "b"),
        }
        made = {
            name: cdk.CfnCondition(stack, name, expression=expression)
            for name, expression in expressions.items()
        }
        for name, condition in zip(("One", "Two"), conditions, strict=True):
            nested = cdk.NestedStack(stack, name)
            resource = nested.nested_stack_resource
            assert resource is not None
            if condition:
                resource.cfn_options.condition = made[condition]
            named(nested)

    report = synthesized(tmp_path, build)
    assert (report.missing, messages(report)) == ((), [])
    assert (f"Main/Two/E/Role {BY_CONDITION}" in reasons(report)) == is_question
    assert report.asked == (
        ("Main/One/E (dataset group)", "Main/Two/E (dataset group)")
        if is_question
        else ("Main/One/E (dataset group)",)
    )
    if not is_question:
        assert report.undecided == ()


def test_policies_in_a_role_of_the_same_name(tmp_path: Path) -> None:
    """They may be the policies of the role that is made: nothing is said to be missing."""
    inline = {"PolicyName": "use", "PolicyDocument": policy()["Properties"]["PolicyDocument"]}
    same = role(RoleName="movies", Policies=[inline])
    template = complete(Role=role(RoleName="movies"), Same=same, Policy=policy(role="another"))
    report = check(tmp_path, template)
    assert (report.missing, report.problems) == ((), ())
    assert sorted(entry.action for entry in report.undecided if entry.action) == IN_IAM
    assert all(f"Main/Same {MIXED_UP}" in reason for reason in reasons(report))


@pytest.mark.parametrize("account", [ACCOUNT, None])
def test_the_trust_of_two_roles_of_one_name(account: str | None, tmp_path: Path) -> None:
    """It isn't known which of them is made, each of which trusts Personalize of its own Region."""

    def build(app: cdk.App) -> None:
        for name, region in (("One", "eu-west-1"), ("Two", "us-east-1")):
            stack = cdk.Stack(app, name, env=cdk.Environment(account=account, region=region))
            named(stack)

    report = synthesized(tmp_path, build)
    assert (report.missing, report.problems) == ((), ())
    assert f"Two/E/Role {MIXED_UP}" in reasons(report)
    assert [entry.needed_by for entry in report.undecided if entry.policy == "trust"] == [
        ["Two/E (dataset group)"]
    ]


def test_a_trust_policy_that_is_wrong_is_a_problem_still(tmp_path: Path) -> None:
    """With no role of the same name, its trust policy is known."""
    wrong = role(RoleName="movies", AssumeRolePolicyDocument={"Statement": []})
    assert [problem.kind for problem in check(tmp_path / "1", complete(Role=wrong)).problems] == [
        "trust"
    ]
    with_path = complete(Role=wrong, Same=role(RoleName="movies", Path="/a/"))
    assert [problem.kind for problem in check(tmp_path / "2", with_path).problems] == ["trust"]


def test_a_region_that_is_not_known_may_part_two_stacks(tmp_path: Path) -> None:
    """The stacks of one account needn't be of one Region."""
    named = complete(Role=role(RoleName={"Fn::Sub": "movies-${AWS::Region}"}))
    report = check(tmp_path / "1", named, named, region="unknown-region")
    assert messages(report) == []
    assert reasons(report) == {f"Other/Role {MIXED_UP}"}
    report = check(tmp_path / "2", named, named)
    assert messages(report) == []
    assert reasons(report) == {f"Other/Role {MIXED_UP}"}


def test_a_policy_in_a_nested_stack_that_may_not_be_made(tmp_path: Path) -> None:
    """Its permissions are open, for requests beside it, too."""
    given = {
        "Key": {"Fn::GetAtt": ["Key", "Arn"]},
        "Role": {"Ref": "Role"},
        "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
    }
    inner = {
        "Parameters": {name: {"Type": "String"} for name in given},
        "Resources": {
            "Policy": policy({"Ref": "Key"}, {"Ref": "Role"}),
            "Movies": dataset_group({"Ref": "Key"}, {"Ref": "RoleArn"}),
        },
    }
    nested = nested_stack("nested.json", given, Condition="IsProd")
    template = complete(Nested=nested)
    del template["Resources"]["Policy"], template["Resources"]["Movies"]
    template["Resources"]["Books"] = dataset_group(waits="Nested")
    report = check(tmp_path, template, files={"nested.json": inner})
    assert (report.missing, report.problems) == ((), ())
    assert {(entry.action, entry.because, len(entry.asked)) for entry in report.undecided} == {
        (
            action,
            "statement 1 of policy Main/Nested/Policy: it depends on the condition Main.IsProd",
            2,
        )
        for action in IN_IAM
    }
    assert findings(check_assembly(tmp_path, parameters={"Stage": "prod"})) == CLEAN
    nested["Condition"] = "Never"
    report = check(tmp_path, template)
    assert (report.asked, len(report.missing)) == (("Main/Books (dataset group)",), 4)


def test_two_nested_stacks_that_are_equal(tmp_path: Path) -> None:
    """Their templates are one asset; each construct is checked in its own nested stack."""

    def build(app: cdk.App) -> None:
        stack = cdk.Stack(app, "Main")
        for name in ("One", "Two"):
            nested = cdk.NestedStack(stack, name)
            named(nested)

    report = synthesized(tmp_path, build)
    assert (report.missing, messages(report)) == ((), [])
    assert reasons(report) == {f"Main/Two/E/Role {MIXED_UP}"}
    assert report.asked == ("Main/One/E (dataset group)", "Main/Two/E (dataset group)")
    assert len(report.allowed) == 28
