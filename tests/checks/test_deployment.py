"""Keys and roles of an assembly, and which policies are whose: each detail on which an answer depends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_kms_constructs._access.report import AccessReport
from personalize_kms_constructs.checks import check_assembly
from tests.checks.templates import ACTIONS, IN_IAM, complete, dataset_group, key, policy, role, write
from tests.checks.test_reading import CLEAN, check, findings

KEY = {"Fn::GetAtt": ["Key", "Arn"]}
READER = "arn:aws:iam::111122223333:role/reader"
PARAMETER = {
    "Parameters": {"Stage": {"Type": "String"}},
    "Conditions": {"Maybe": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}},
}


def managed(*statements: dict[str, Any], type: str = "AWS::IAM::ManagedPolicy", role: Any = None) -> dict[str, Any]:
    """A policy that names the role."""
    attached = [{"Ref": "Role"} if role is None else role]
    document = {"Statement": list(statements) or [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}]}
    return {"Type": type, "Properties": {"PolicyDocument": document, "Roles": attached, "PolicyName": "p"}}


def reasons(report: AccessReport) -> set[str]:
    """Why anything is undecided."""
    return {each.because for each in report.undecided}


def test_a_replica_of_a_key_of_several_regions(tmp_path: Path) -> None:
    """It has a key policy of its own."""
    replica = {**key(), "Type": "AWS::KMS::ReplicaKey"}
    assert findings(check(tmp_path / "whole", complete(Key=replica))) == CLEAN
    del replica["Properties"]["KeyPolicy"]["Statement"][1]
    missing = check(tmp_path / "less", complete(Key=replica)).missing
    assert [(each.principal, each.action) for each in missing] == [("service", action) for action in ACTIONS]


@pytest.mark.parametrize("off", [False, "false", "False"])
def test_a_key_that_is_made_disabled(off: Any, tmp_path: Path) -> None:
    """A boolean of a template may be a string."""
    (problem,) = check(tmp_path, complete(Key=key(Enabled=off))).problems
    assert problem.message == "key Main/Key is Disabled: enable it"
    assert problem.page == "https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html"
    assert problem.needed_by == ("Main/Movies (dataset group)",)


@pytest.mark.parametrize("on", [True, "true"])
def test_a_key_that_is_made_enabled(on: Any, tmp_path: Path) -> None:
    """Said at length."""
    assert findings(check(tmp_path, complete(Key=key(Enabled=on)))) == CLEAN


@pytest.mark.parametrize("name", ["KeySpec", "KeyUsage"])
def test_a_key_whose_kind_is_a_parameter(name: str, tmp_path: Path) -> None:
    """It may be one that Personalize can't work with."""
    template = {**complete(Key=key(**{name: {"Ref": "Stage"}})), **PARAMETER}
    report = check(tmp_path, template)
    assert reasons(report) == {"its KeySpec or KeyUsage isn't known, and Personalize needs a symmetric encryption key"}
    assert (report.missing, report.problems) == ((), ())


def test_why_the_policy_of_a_key_cannot_be_seen(tmp_path: Path) -> None:
    """It is imported, or the app merges statements into it and doesn't know the others."""
    arn = "arn:aws:kms:eu-west-1:111122223333:key/1"
    alone = complete(Movies=dataset_group(arn), Policy=policy(arn))
    because = f"the key policy of {arn} can't be seen: "
    assert {each for each in reasons(check(tmp_path / "alone", alone)) if each.startswith(because)} == {
        f"{because}it isn't part of the app"
    }
    document = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:ListGrants", "Resource": "*"}]}
    merged = {"Type": "Custom::PersonalizeKeyPolicy", "Properties": {"KeyArn": arn, "PolicyDocument": document}}
    report = check(tmp_path / "merged", {"Resources": {**alone["Resources"], "Merged": merged}})
    assert {each for each in reasons(report) if each.startswith(because)} == {
        f"{because}only what this app merges into it is known"
    }
    assert "kms:ListGrants" not in {each.action for each in report.undecided}


def test_a_policy_of_the_app_on_an_imported_role(tmp_path: Path) -> None:
    """The role's other policies can't be seen, and what this one denies is denied."""
    deny = {"Sid": "No", "Effect": "Deny", "Action": "kms:Decrypt", "Resource": "*"}
    template = complete(
        Key=key(READER),
        Movies=dataset_group(role=READER, waits="Deny"),
        Deny=managed(deny, role="reader"),
        Policy=policy(role="reader"),
    )
    del template["Resources"]["Role"]
    report = check(tmp_path, template)
    assert {(each.action, each.because) for each in report.missing} == {
        ("kms:Decrypt", "denied by statement No of policy Main/Deny")
    }


def test_what_is_added_where_key_and_role_are_of_one_stack(tmp_path: Path) -> None:
    """The key policy can name the role, although it leaves everything to the account."""
    root = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
    delegating = key(root)
    delegating["Properties"]["KeyPolicy"]["Statement"][0]["Action"] = "kms:*"
    missing = check(tmp_path, complete(Key=delegating)).missing
    assert {(each.action, each.policy, each.add_to) for each in missing} == {("kms:CreateGrant", "key", "key")}


def test_how_many_managed_policies_a_role_has(tmp_path: Path) -> None:
    """Ten are a default quota: one that is attached twice counts once, and an inline one not at all."""
    of_aws = [f"arn:aws:iam::aws:policy/Some{number}" for number in range(7)]
    attached = role(ManagedPolicyArns=[*of_aws, "arn:aws:iam::111122223333:policy/own"])
    own = policy()
    own["Properties"]["ManagedPolicyName"] = "own"
    ten = complete(
        Role=attached,
        Policy=own,
        Second=managed(),
        Third=managed(),
        Inline=managed(type="AWS::IAM::Policy"),
        Movies=dataset_group(waits=["Policy", "Second", "Third", "Inline"]),
    )
    assert check(tmp_path / "ten", ten).problems == ()
    ten["Resources"]["Fourth"] = managed()
    (problem,) = check(tmp_path / "eleven", ten).problems
    assert problem.is_warning
    assert problem.message == (
        "Main/Role has 11 managed policies, more than the 10 that AWS takes by default: merge some of them, or ask AWS "
        "for up to 20"
    )


def inline(*statements: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A role with an inline policy."""
    return {**role(Policies=[{"PolicyName": "own", "PolicyDocument": {"Statement": list(statements)}}]), **more}


def test_an_inline_policy_by_its_name(tmp_path: Path) -> None:
    """A denial is found by it."""
    deny = {"Effect": "Deny", "Action": "kms:Decrypt", "Resource": "*"}
    missing = check(tmp_path, complete(Role=inline(deny))).missing
    assert {each.because for each in missing} == {"denied by statement number 1 of inline policy own of Main/Role"}


def test_an_inline_policy_of_a_role_that_may_not_be_there(tmp_path: Path) -> None:
    """It depends on the role's condition, and the dataset group doesn't."""
    allowed = {"Effect": "Allow", "Action": IN_IAM, "Resource": KEY}
    made = inline(allowed, Condition="Maybe")
    made["Properties"]["RoleName"] = "reader"
    template = {**complete(Role=made, Key=key(READER)), **PARAMETER}
    del template["Resources"]["Policy"], template["Resources"]["Movies"]["DependsOn"]
    undecided = {each.action for each in check(tmp_path, template).undecided if each.policy == "role"}
    assert undecided == set(IN_IAM)


def test_an_inline_policy_is_there_with_its_role(tmp_path: Path) -> None:
    """A dataset group that names the role by a string waits for neither."""
    allowed = {"Effect": "Allow", "Action": IN_IAM, "Resource": KEY}
    made = inline(allowed)
    made["Properties"]["RoleName"] = "reader"
    template = complete(Role=made, Key=key(READER), Movies=dataset_group(role=READER, waits="Key"))
    del template["Resources"]["Policy"]
    (problem,) = check(tmp_path / "early", template).problems
    assert (problem.kind, problem.where) == ("ordering", "Main/Movies (dataset group)")
    assert "Main/Role" in problem.message
    template["Resources"]["Movies"]["DependsOn"] = ["Key", "Role"]
    assert check(tmp_path / "after", template).problems == ()


def test_a_key_of_several_dataset_groups_is_told_of_once(tmp_path: Path) -> None:
    """Also if it is known by two names."""
    template = {
        **complete(Key=key(KeySpec={"Ref": "Stage"}), Books=dataset_group({"Fn::Sub": "${Key.Arn}"})),
        **PARAMETER,
    }
    report = check(tmp_path, template)
    assert len(report.asked) == 2
    assert [each.needed_by for each in report.undecided] == [["Main/Key"]]


def test_a_role_that_is_a_parameter(tmp_path: Path) -> None:
    """Its ARN is what the parameter says, and no name."""
    report = check(tmp_path, {**complete(Movies=dataset_group(role={"Ref": "Stage"})), **PARAMETER})
    assert {each.principal_arn for each in report.undecided if each.principal == "role"} == {"${Main.Stage?}"}


def test_policies_of_a_role_of_that_name_in_another_account(tmp_path: Path) -> None:
    """They are another role's."""
    named = role(RoleName="reader")
    main = complete(Role=named, Key=key(READER), Movies=dataset_group(waits="Key"))
    del main["Resources"]["Policy"]
    other = {"Resources": {"Policy": policy("*", role="reader")}}

    def missing(account: str) -> set[str]:
        directory = write(tmp_path / account, {"Main": main, "Other": other})
        manifest = json.loads((directory / "manifest.json").read_text("utf-8"))
        manifest["artifacts"]["Other"]["environment"] = f"aws://{account}/eu-west-1"
        (directory / "manifest.json").write_text(json.dumps(manifest), "utf-8")
        return {each.action for each in check_assembly(directory).missing}

    assert missing("111122223333") == set()
    assert missing("unknown-account") == set()
    assert missing("444455556666") == set(IN_IAM)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"Ref": "Stage"}, "it isn't known before deployment"),
        ({"Fn::Sub": "arn:aws:kms:eu-west-1:${AWS::AccountId}:key/1"}, "it isn't part of the app"),
        ({"Fn::Sub": "arn:aws:kms:eu-west-1:${AWS::AccountId}:key/${Stage}"}, "it isn't part of the app"),
    ],
)
def test_why_nothing_is_known_of_a_key(given: Any, why: str, tmp_path: Path) -> None:
    """A parameter may be any key, also one of the app."""
    template = {**complete(Movies=dataset_group(given)), **PARAMETER}
    report = check(tmp_path, template, account="unknown-account", region="unknown-region")
    assert {each.because.rpartition(": ")[2] for each in report.undecided if each.principal == "service"} == {why}


def test_an_inline_policy_that_is_not_known(tmp_path: Path) -> None:
    """A condition that can't be decided chooses between it and none: it may allow, and it may deny."""
    own = {"PolicyName": "own", "PolicyDocument": {"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}}
    maybe = role(Policies=[{"Fn::If": ["Maybe", own, {"Ref": "AWS::NoValue"}]}])
    report = check(tmp_path, {**complete(Role=maybe), **PARAMETER})
    assert report.missing == ()
    assert {each.action for each in report.undecided if each.policy == "role"} == set(IN_IAM)
    assert reasons(report) == {"may be denied: inline policy of Main/Role isn't known before deployment"}
