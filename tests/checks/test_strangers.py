"""Policies that let in strangers by Personalize, in templates that don't ask it for that."""

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_kms_check._model.finding import Finding
from tests.checks.command import run
from tests.checks.templates import (
    ACCOUNT,
    ROLE,
    Json,
    bucket,
    check,
    complete,
    dataset,
    reading,
    role,
)

SERVICE = {"Service": "personalize.amazonaws.com"}
OURS = {"StringEqualsIfExists": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
ROOT = {"AWS": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}}
OBJECTS = {"Fn::Sub": "${Data.Arn}/*"}
BUCKET_ARN = {"Fn::GetAtt": ["Data", "Arn"]}


def allow(action: Any, resource: Any = "*", principal: Any = SERVICE, **more: Any) -> Json:
    return {
        "Effect": "Allow",
        "Principal": principal,
        "Action": action,
        "Resource": resource,
        **more,
    }


def trusting(*statements: Json) -> Json:
    return role(AssumeRolePolicyDocument={"Statement": list(statements)})


def trust(principal: Any = SERVICE, **more: Any) -> Json:
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}


def protected(*statements: Json) -> Json:
    return {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Statement": list(statements)}}}


def shared(*statements: Json) -> Json:
    properties = {"Bucket": {"Ref": "Data"}, "PolicyDocument": {"Statement": list(statements)}}
    return {"Type": "AWS::S3::BucketPolicy", "Properties": properties}


def told(entries: tuple[Finding, ...]) -> list[tuple[str, str, str]]:
    return [(entry.policy, entry.action, entry.cause.id) for entry in entries]


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        # Roles.
        (trusting(trust()), [("trust", "sts:AssumeRole", "for-any-account")]),
        (trusting(trust({"AWS": "*"})), [("trust", "sts:AssumeRole", "for-everybody")]),
        (trusting(trust(Condition=OURS)), []),
        # Which accounts are right, only a request says.
        (trusting(trust(Condition={"StringEquals": {"aws:SourceAccount": "444455556666"}})), []),
        (trusting(trust(Condition=OURS), trust({"AWS": "444455556666"})), []),
        # Keys.
        (protected(allow("kms:Decrypt")), [("key", "kms:Decrypt", "for-any-account")]),
        (
            protected(allow("kms:Decrypt", Condition=OURS), allow("kms:*", principal="*")),
            [("key", "kms:*", "for-everybody")],
        ),
        (protected(allow("kms:Decrypt", Condition=OURS), allow("kms:*", principal=ROOT)), []),
        # Those for everybody are told beside one for Personalize alone.
        (protected(allow("kms:*", principal="*")), []),
        # Buckets.
        (shared(allow("s3:GetObject", OBJECTS)), [("bucket", "s3:GetObject", "for-any-account")]),
        (
            shared(
                allow("s3:GetObject", OBJECTS, Condition=OURS),
                allow("s3:GetObject", {"Fn::Sub": "${Data.Arn}/public/*"}, "*"),
            ),
            [("bucket", "s3:GetObject", "for-everybody")],
        ),
        (
            shared(
                allow("s3:GetObject", OBJECTS), {**allow("s3:*", OBJECTS, "*"), "Effect": "Deny"}
            ),
            [],
        ),
        (shared(allow("s3:GetObject", OBJECTS, "*")), []),
    ],
)
def test_whom_policies_let_in(resource: Json, expected: Any, tmp_path: Path) -> None:
    """They are too much, and nothing else is told without a request."""
    resources = {"Data": {"Type": "AWS::S3::Bucket"}, "Owner": resource}
    template = {"Description": "For Amazon Personalize", "Resources": resources}
    report = check(tmp_path, template)
    assert told(report.excess) == expected
    assert (report.missing, report.undecided, report.problems, report.policies) == ((), (), (), ())


def test_a_template_without_personalize(tmp_path: Path) -> None:
    """Another service's roles are nobody's business here."""
    assert check(tmp_path, {"Resources": {"Role": trusting(trust({"AWS": "*"}))}}).excess == ()


def test_where_something_else_is_asked(tmp_path: Path) -> None:
    """A role, a key and a bucket beside those of a request."""
    report = check(
        tmp_path,
        complete(
            Other=trusting(trust()),
            OtherKey=protected(allow("kms:Decrypt")),
            Data={"Type": "AWS::S3::Bucket"},
            Shared=shared(allow("s3:GetObject", OBJECTS)),
        ),
    )
    assert (report.missing, report.undecided, report.problems, report.policies) == ((), (), (), ())
    assert sorted(told(report.excess)) == [
        ("bucket", "s3:GetObject", "for-any-account"),
        ("key", "kms:Decrypt", "for-any-account"),
        ("trust", "sts:AssumeRole", "for-any-account"),
    ]
    assert [entry.needed_by for entry in report.excess] == [[], [], []]


def test_what_a_request_is_about_is_told_once(tmp_path: Path) -> None:
    """With the request, and with the statements that the policy should have."""
    report = check(tmp_path, complete(Role=trusting(trust())))
    assert told(report.excess) == [("trust", "sts:AssumeRole", "for-any-account")]
    assert [entry.needed_by for entry in report.excess] == [["Main/Movies (dataset group)"]]
    assert [policy.policy for policy in report.policies] == ["trust"]


def test_the_line_says_what_to_add(tmp_path: Path) -> None:
    """It names the role and the bucket of the template, and no statement is to go."""
    template = {
        "Resources": {
            "Data": {"Type": "AWS::S3::Bucket"},
            "Policy": shared(
                allow(["s3:GetObject", "s3:ListBucket"], [OBJECTS, {"Fn::GetAtt": ["Data", "Arn"]}])
            ),
            "Role": trusting(trust()),
        }
    }
    (tmp_path / "movies.json").write_text(json.dumps(template))
    result = run(tmp_path / "movies.json")
    assert result.exit_code == 0
    nothing, lines, remedy, counts = result.stdout.split("\n\n")
    assert [line.split("movies.json:1  ")[1] for line in lines.splitlines()] == [
        "statement 1 of trust policy of movies/Role lets Personalize in for any account [1]",
        "statement 1 of policy movies/Policy lets Personalize in for any account (2 permissions) "
        "[1]",
    ]
    assert remedy == (
        "[1] in a statement for Personalize alone, name each account that needs it as "
        "aws:SourceAccount: by StringEquals in a trust policy, StringEqualsIfExists elsewhere"
    )
    assert nothing.startswith("checked: only who may use the policies for Personalize")
    assert counts == "0 missing, 0 problems, 3 too much, 0 undecided, 0 as documented\n"


@pytest.mark.parametrize("resource", ["*", [OBJECTS, BUCKET_ARN]])
def test_whatever_the_resources_of_a_statement(resource: Any, tmp_path: Path) -> None:
    """Of a pattern for more, the objects of the bucket count."""
    denied = {**allow("s3:*", {"Fn::Sub": "${Data.Arn}/secret/*"}, "*"), "Effect": "Deny"}
    policy = shared(allow("s3:ListBucket", resource), denied)
    report = check(tmp_path, {"Resources": {"Data": bucket(), "Policy": policy}})
    said = [] if isinstance(resource, str) else [("bucket", "s3:ListBucket", "for-any-account")]
    assert told(report.excess) == said
    policy = shared(allow("s3:ListBucket", resource))
    report = check(tmp_path, {"Resources": {"Data": bucket(), "Policy": policy}})
    assert told(report.excess) == [("bucket", "s3:ListBucket", "for-any-account")]


def test_a_bucket_of_another_template(tmp_path: Path) -> None:
    """Its policy is enough."""
    shared_bucket = shared(allow("s3:PutObject", f"arn:aws:s3:::ratings-{ACCOUNT}/*"))
    shared_bucket["Properties"]["Bucket"] = f"ratings-{ACCOUNT}"
    report = check(tmp_path, {"Resources": {"Policy": shared_bucket}})
    assert told(report.excess) == [("bucket", "s3:PutObject", "for-any-account")]
    assert report.excess[0].policy_of == f"arn:aws:s3:::ratings-{ACCOUNT}"


def test_another_folder_of_a_bucket_that_is_used(tmp_path: Path) -> None:
    """Its statement for everybody is told; no list says that it has to go."""
    policy = shared(
        allow("s3:GetObject", "arn:aws:s3:::ratings/in/*", Condition=OURS),
        allow("s3:ListBucket", "arn:aws:s3:::ratings", Condition=OURS),
        allow("s3:GetObject", "arn:aws:s3:::ratings/public/*", "*"),
        # What Personalize may do on a folder that nothing asks for isn't judged, nor what the role
        # may do there.
        allow("s3:PutObject", "arn:aws:s3:::ratings/out/*", Condition=OURS),
        allow("s3:PutObject", "arn:aws:s3:::ratings/out/*", {"AWS": ROLE}),
    )
    load = dataset("Read", "Shared")
    template = complete(Data=bucket(), Shared=policy, Read=reading(), Load=load)
    report = check(tmp_path, template)
    assert told(report.excess) == [("bucket", "s3:GetObject", "for-everybody")]
    assert report.excess[0].resource == "arn:aws:s3:::ratings/public/*"
    assert (report.missing, report.undecided, report.problems, report.policies) == ((), (), (), ())
