"""Placeholders of the check that a template has as text: they are no values, and allow nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.checks.templates import (
    AGNOSTIC,
    IN_IAM,
    Json,
    bucket_policy,
    check,
    complete,
    dataset,
    dataset_group,
    importing,
    key,
    messages,
    policy,
    role,
)

KEY_TEXT = "arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/${Main.Key}"
ROLE_TEXT = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${Main.Role}"


def trust(account: str) -> Json:
    personalize_role = role()
    (statement,) = personalize_role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    statement["Condition"] = {"StringEquals": {"aws:SourceAccount": account}}
    return personalize_role


def key_with_condition(account: Any) -> Json:
    made = key()
    made["Properties"]["KeyPolicy"]["Statement"][1]["Condition"] = {
        "StringEquals": {"aws:SourceAccount": account}
    }
    return made


def wrong(directory: Path, **resources: Json) -> tuple[set[tuple[str, str]], set[str]]:
    """The principals that lack access, by policy, and the kinds of problems, less warnings."""
    report = check(directory, complete(**resources), **AGNOSTIC)
    assert report.undecided == ()
    problems: set[str] = {problem.kind for problem in report.problems if not problem.is_warning}
    return {(entry.principal, entry.policy) for entry in report.missing}, problems


@pytest.mark.parametrize(
    ("resources", "missing", "problems"),
    [
        ({"Policy": policy(KEY_TEXT)}, {("role", "role")}, set()),
        (
            {"Policy": policy("arn:aws:kms:eu-west-1:${AWS::AccountId}:key/*")},
            {("role", "role")},
            set(),
        ),
        ({"Policy": policy({"Fn::Sub": KEY_TEXT.replace("${", "${!")})}, {("role", "role")}, set()),
        ({"Key": key(ROLE_TEXT)}, {("role", "key")}, set()),
        ({"Key": key_with_condition("${AWS::AccountId}")}, {("service", "key")}, set()),
        ({"Role": trust("${AWS::AccountId}")}, set(), {"trust"}),
    ],
)
def test_a_forgotten_fn_sub(
    resources: dict[str, Json], missing: Any, problems: set[str], tmp_path: Path
) -> None:
    """It is neither the account, nor the Region, nor the key or role of the template."""
    assert wrong(tmp_path, **resources) == (missing, problems)


def test_a_resource_of_the_report_that_is_pasted_as_it_is(tmp_path: Path) -> None:
    """Missing permissions are still missing, and the report says why."""
    report = check(tmp_path / "1", complete(Policy=policy(actions=["kms:Decrypt"])), **AGNOSTIC)
    (resource,) = {entry["resource"] for entry in json.loads(report.to_json())["missing"]}
    report = check(tmp_path / "2", complete(Policy=policy(resource)), **AGNOSTIC)
    assert {entry.action for entry in report.missing} == set(IN_IAM)
    assert messages(report) == [
        "statement 1 of policy Main/Policy has ${AWS::Partition}, ${AWS::Region}, "
        "${AWS::AccountId}, ${Main.Key} as plain text, which isn't replaced there: write the "
        "value, in a template by Fn::Sub"
    ]
    for text in (report.to_json(), report.to_text(), report.to_markdown()):
        assert "\ufdd0" not in text
        assert "\\ufdd0" not in text


def test_variables_that_are_meant(tmp_path: Path) -> None:
    """``Fn::Sub`` puts values in, and leaves those of IAM to IAM."""
    arn = {
        "Fn::Sub": "arn:${AWS::Partition}:kms:${AWS::Region}:${!aws:PrincipalAccount}:key/${Key}"
    }
    of_role = policy(arn)
    of_role["Properties"]["PolicyDocument"]["Version"] = "2012-10-17"
    report = check(tmp_path, complete(Policy=of_role), **AGNOSTIC)
    assert (report.missing, report.problems) == ((), ())
    # "You can't use a variable to replace parts of the ARN before the fifth colon."
    assert {entry.action for entry in report.undecided} == set(IN_IAM)
    assert all("aws:PrincipalAccount" in entry.because for entry in report.undecided)


def test_arguments_that_are_text(tmp_path: Path) -> None:
    """Personalize takes none of them."""
    report = check(tmp_path, complete(Movies=dataset_group(KEY_TEXT, ROLE_TEXT)), **AGNOSTIC)
    assert [message.split(", and")[0] for message in messages(report)] == [
        f"Main/Movies: its role is {ROLE_TEXT}",
        f"Main/Movies: the dataset group's key is {KEY_TEXT}",
    ]
    report = check(
        tmp_path, importing(Data=dataset("One", "Read", path="${Bucket}/in/")), **AGNOSTIC
    )
    assert [message.partition(", expected")[0] for message in messages(report)] == [
        "Main/Data: its source is '${Bucket}/in/'"
    ]


def test_a_bucket_whose_name_is_text(tmp_path: Path) -> None:
    """The name is the same text in each place, and the reports show it as it is."""
    of_bucket = bucket_policy("s3:GetObject", "s3:ListBucket", bucket="${Name}")
    (statement,) = of_bucket["Properties"]["PolicyDocument"]["Statement"]
    statement["Resource"] = ["arn:aws:s3:::${Name}", "arn:aws:s3:::${Name}/*"]
    report = check(
        tmp_path, importing(One=of_bucket, Data=dataset("One", "Read", path="s3://${Name}/in/"))
    )
    told = {(entry.policy, entry.resource.replace("\ufdd0", "")) for entry in report.missing}
    assert told == {("role", "arn:aws:s3:::${Name}"), ("role", "arn:aws:s3:::${Name}/in/*")}
    assert '"Resource": "arn:aws:s3:::${Name}/in/*"' in report.to_text()
