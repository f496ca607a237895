"""Keys of an assembly: references to them, their policies, and keys that can't work."""

from pathlib import Path
from typing import Any

import pytest

from personalize_kms_check import check_assembly
from tests.checks.templates import (
    ACTIONS,
    AGNOSTIC,
    CLEAN,
    KEY,
    alias,
    check,
    complete,
    dataset_group,
    findings,
    key,
    messages,
    of_type,
    policy,
    role,
    write,
)

KEY_ARN = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def test_a_complete_template_is_clean(tmp_path: Path) -> None:
    """All findings below come from a change; the report lists the requests."""
    report = check(tmp_path, complete())
    assert findings(report) == CLEAN
    assert report.asked == ("Main/Movies (dataset group)",)
    assert len(report.allowed) == 14


@pytest.mark.parametrize(
    "expression",
    [
        {"Fn::GetAtt": "Key.Arn"},
        {"Fn::Sub": ["${arn}", {"arn": KEY}]},
        {
            "Fn::Join": [
                ":",
                ["arn:aws:kms:eu-west-1", {"Ref": "AWS::AccountId"}, {"Fn::Sub": "key/${Key}"}],
            ]
        },
        {"Fn::Select": [0, {"Fn::Split": ["|", {"Fn::Join": ["|", [KEY, "rest"]]}]}]},
        {"Fn::If": ["NotAlways", "nothing", KEY]},
        {"Fn::If": ["AlwaysAndProd", KEY, {"Fn::Sub": "${Key.Arn}"}]},
    ],
)
def test_references_to_a_key(expression: Any, tmp_path: Path) -> None:
    """All are the same key, in the dataset group and in the role's policy."""
    template = complete(Movies=dataset_group(expression), Policy=policy(expression))
    template["Conditions"] = {
        **template["Conditions"],
        "NotAlways": {"Fn::Not": [{"Condition": "Always"}]},
        "AlwaysAndProd": {
            "Fn::And": [{"Condition": "Always"}, {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}]
        },
    }
    assert findings(check(tmp_path, template)) == CLEAN


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ({"Ref": "KeyArn"}, "Main.KeyArn"),
        ({"Fn::ImportValue": "security-key"}, "export security-key"),
        ("{{resolve:ssm:/security/key}}", "resolve:ssm:/security/key"),
        ("dummy-value-for-/security/key", "resolve:dummy-value-for-/security/key"),
    ],
)
def test_what_a_template_does_not_tell_is_undecided(
    expression: Any, name: str, tmp_path: Path
) -> None:
    """No guess is made of a parameter, its default included, an import, or SSM."""
    template = complete(Movies=dataset_group(expression))
    default = {"Type": "String", "Default": "arn:aws:kms:eu-west-1:111122223333:key/1"}
    template["Parameters"] = {**template["Parameters"], "KeyArn": default}
    report = check(tmp_path, template)
    assert (report.missing, report.problems) == ((), ())
    assert report.undecided
    assert all(name in entry.because or name in entry.resource for entry in report.undecided)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"Ref": "Stage"}, "it isn't known before deployment"),
        (
            {"Fn::Sub": "arn:aws:kms:eu-west-1:111122223333:key/${Stage}"},
            "it isn't part of the app",
        ),
    ],
)
def test_why_nothing_is_known_of_a_key(given: Any, why: str, tmp_path: Path) -> None:
    """A parameter may be any key, also one of the app."""
    report = check(tmp_path, complete(Movies=dataset_group(given)), **AGNOSTIC)
    of_service = [entry for entry in report.undecided if entry.principal == "service"]
    assert {entry.because.rpartition(": ")[2] for entry in of_service} == {why}


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"Fn::GetAtt": ["Key", "KeyId"]}, "${Main.Key}"),
        (
            {"Fn::Sub": "arn:aws:kms:eu-west-1:${AWS::AccountId}:${Alias}"},
            "arn:aws:kms:eu-west-1:111122223333:alias/movies",
        ),
    ],
)
def test_a_key_that_is_not_named_by_its_arn(given: Any, shown: str, tmp_path: Path) -> None:
    """Its policies are judged all the same, so that nothing else is found."""
    report = check(tmp_path, complete(Movies=dataset_group(given), Alias=alias("alias/movies")))
    assert (report.missing, report.undecided) == ((), ())
    assert messages(report) == [
        f"Main/Movies: the dataset group's key is {shown}, and Personalize takes only the ARN of a "
        "key: pass the key's ARN"
    ]


def test_an_alias_of_a_dataset_group_that_is_not_part_of_the_app(tmp_path: Path) -> None:
    """One problem, and no statement to add for a key that isn't known."""
    report = check(tmp_path, complete(Movies=dataset_group("alias/theirs")))
    (message,) = messages(report)
    told = "the dataset group's key is alias/theirs, and Personalize takes only the ARN of a key"
    assert told in message
    assert report.missing == ()
    assert {entry.resource for entry in report.undecided} == {"${key of alias/theirs?}"}


def test_a_key_whose_kind_is_a_parameter(tmp_path: Path) -> None:
    """Personalize may be unable to work with it: that is told once for all dataset groups."""
    of_any_kind = key(KeyUsage={"Ref": "Stage"})
    report = check(tmp_path, complete(Books=dataset_group(), Key=of_any_kind))
    assert len(report.asked) == 2
    assert [(entry.needed_by, entry.because) for entry in report.undecided] == [
        (
            ["Main/Key"],
            "its KeySpec or KeyUsage isn't known, and Personalize needs a symmetric encryption key",
        )
    ]
    assert report.missing == ()


@pytest.mark.parametrize(
    ("properties", "because"),
    [
        (
            {"Enabled": {"Fn::If": ["IsProd", True, False]}},
            "whether it is enabled isn't known before deployment",
        ),
        (
            {"Origin": "EXTERNAL"},
            "it can't be used until its key material is imported, which a template doesn't show",
        ),
    ],
)
def test_a_key_that_may_not_be_usable(properties: Any, because: str, tmp_path: Path) -> None:
    """The rest of the request is decided."""
    report = check(tmp_path, complete(Key=key(**properties)))
    assert [(entry.needed_by, entry.because) for entry in report.undecided] == [
        (["Main/Key"], because)
    ]
    assert (report.missing, report.problems, report.excess) == ((), (), ())


@pytest.mark.parametrize(
    ("properties", "says"),
    [
        ({"KeyUsage": "SIGN_VERIFY"}, "is SYMMETRIC_DEFAULT for SIGN_VERIFY"),
        ({"KeySpec": "RSA_2048", "Enabled": "true"}, "is RSA_2048 for ENCRYPT_DECRYPT"),
        ({"Enabled": "False", "Origin": "AWS_KMS"}, "is Disabled: enable it"),
    ],
)
def test_keys_that_cannot_work(properties: Any, says: str, tmp_path: Path) -> None:
    """By properties of the template; a boolean may be a string."""
    (problem,) = check(tmp_path, complete(Key=key(**properties))).problems
    assert problem.message.startswith(f"key Main/Key {says}")


def test_a_replica_of_a_key_of_several_regions(tmp_path: Path) -> None:
    """It has a key policy of its own."""
    replica = {**key(), "Type": "AWS::KMS::ReplicaKey"}
    assert findings(check(tmp_path / "whole", complete(Key=replica))) == CLEAN
    del replica["Properties"]["KeyPolicy"]["Statement"][1]
    missing = check(tmp_path / "less", complete(Key=replica)).missing
    assert [(entry.principal, entry.action) for entry in missing] == [
        ("service", action) for action in ACTIONS
    ]


def test_a_policy_that_is_merged_into_an_imported_key(tmp_path: Path) -> None:
    """The statements that this app merges count; the rest of the policy isn't known."""
    document = key()["Properties"]["KeyPolicy"]
    merged = of_type("Custom::PersonalizeKeyPolicy", KeyArn=KEY_ARN, PolicyDocument=document)
    template = complete(
        Policy=policy(KEY_ARN),
        Merged=merged,
        Movies=dataset_group(KEY_ARN, waits=["Policy", "Merged"]),
    )
    del template["Resources"]["Key"]
    assert findings(check(tmp_path, template)) == CLEAN
    document["Statement"].pop()
    report = check(tmp_path, template)
    told = {(entry.principal, entry.action, entry.because) for entry in report.undecided}
    why = f"the key policy of {KEY_ARN} can't be seen: only what this app merges into it is known"
    assert told == {("service", action, why) for action in ACTIONS}
    template["Resources"]["Movies"] = dataset_group(KEY_ARN)
    assert {problem.kind for problem in check(tmp_path, template).problems} == {"ordering"}


@pytest.mark.parametrize("given", [{"Ref": "AWS::AccountId"}, 111122223333])
def test_an_account_named_by_its_id(given: Any, tmp_path: Path) -> None:
    """In YAML it is a number."""
    delegating = key(given)
    delegating["Properties"]["KeyPolicy"]["Statement"][0]["Action"] = "kms:*"
    template = complete(Key=delegating, Policy=policy(actions=ACTIONS))
    assert findings(check(tmp_path, template)) == CLEAN


def test_a_stack_that_knows_no_account(tmp_path: Path) -> None:
    """Its account, Region and partition are one in all references, and equal to no string."""
    assert findings(check(tmp_path, complete(), **AGNOSTIC)) == CLEAN
    literal = key("arn:aws:iam::111122223333:role/personalize")
    report = check(tmp_path, complete(Key=literal, Role=role(RoleName="personalize")), **AGNOSTIC)
    assert report.missing == ()
    assert {entry.principal for entry in report.undecided} == {"role"}


def test_an_alias_is_that_of_its_stack(tmp_path: Path) -> None:
    """Stacks that don't say their accounts may have resources of one name."""
    stack = complete(Movies=dataset_group("alias/data"), Alias=alias("alias/data"))
    report = check_assembly(write(tmp_path, {"Dev": stack, "Prod": stack}, **AGNOSTIC))
    assert (report.missing, report.undecided) == ((), ())
    assert len(report.asked) == len(report.problems) == 2
