"""Next steps as each form of a report says them: what to do, where, and what has to be made for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_kms_constructs._access.findings import findings_of
from personalize_kms_constructs._access.report import AccessReport
from tests.checks.templates import (
    IN_IAM,
    KEY,
    ROLE,
    Json,
    bucket,
    bucket_policy,
    check,
    complete,
    dataset_group,
    importing,
    key,
    managed,
    role,
)
from tests.checks.test_undeclared import CREATING, PASSING, app

LACKING: Json = {"Effect": "Allow", "Action": IN_IAM[1:], "Resource": KEY}
TOPIC: Json = {"Type": "AWS::SNS::Topic"}
LOGGING: Json = {"Effect": "Allow", "Action": "logs:CreateLogGroup", "Resource": "*"}
WIDE: Json = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
ALL_OF_S3: Json = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
OF_FOLDER = bucket_policy("s3:GetObject", "s3:ListBucket")
OF_FOLDER["Properties"]["PolicyDocument"]["Statement"][0]["Resource"][1] = "arn:aws:s3:::ratings/in/*"
ATTACHED = {**managed(LACKING), "Properties": {"PolicyDocument": {"Statement": [{**LACKING, "Resource": "*"}]}}}
OF_TWO = managed(LACKING, type="AWS::IAM::Policy", Roles=[{"Ref": "Role"}, {"Ref": "Etl"}])


IN_ROLE = [{"PolicyName": "All", "PolicyDocument": {"Statement": [{**LACKING, "Resource": "*"}]}}]
ADD = "add to an IAM policy of role Main/Role"
OF_BUCKET = "add to the bucket policy of Main/Bucket"
PROD = {"Condition": "IsProd"}
LOOK = "look at it where it is deployed, with personalize-kms doctor, or add to the app what isn't part of it"
SETTLE = "pass the parameters of that condition, by --parameters NAME=VALUE, in Python by parameters="
WAITS = "and have Main/Movies wait for it by DependsOn"
DATA_WAITS = "and have Main/Data wait for it by DependsOn"
MAKE = f"an AWS::IAM::Policy that has to be made, {WAITS}"
MOVE = f"remove it, and put what is needed into a new AWS::IAM::Policy of role ${{Main/Role}}, {WAITS}"


@pytest.mark.parametrize(
    ("template", "steps", "make"),
    [
        (complete(Policy=managed(LACKING)), {ADD}, ""),
        # A key policy that names the role would wait for a policy in the role.
        (
            complete(Policy=TOPIC, Role=role(Policies=IN_ROLE)),
            {f"{ADD}, {MAKE}", MOVE},
            "AWS::IAM::Policy",
        ),
        # So would one that the role refers to.
        (
            complete(Policy=ATTACHED, Role=role(ManagedPolicyArns=[{"Ref": "Policy"}])),
            {f"{ADD}, {MAKE}", MOVE},
            "AWS::IAM::Policy",
        ),
        # Another role would be allowed it as well.
        (complete(Policy=OF_TWO, Etl=role()), {f"{ADD}, {MAKE}"}, "AWS::IAM::Policy"),
        (
            importing(One=TOPIC),
            {f"{OF_BUCKET}, an AWS::S3::BucketPolicy that has to be made, {DATA_WAITS}"},
            "AWS::S3::BucketPolicy",
        ),
        # The key or the bucket would wait for it, and it for them.
        (
            complete(Policy=managed(LOGGING), Key={**key(), "DependsOn": "Policy"}),
            {f"{ADD}, {MAKE}"},
            "AWS::IAM::Policy",
        ),
        (
            complete(
                Policy=managed(LOGGING),
                Topic={**TOPIC, "DependsOn": "Policy"},
                Key=key(Description={"Ref": "Topic"}),
            ),
            {f"{ADD}, {MAKE}"},
            "AWS::IAM::Policy",
        ),
        (
            importing(Read=TOPIC, One=OF_FOLDER, Bucket={**bucket(), "DependsOn": "Policy"}),
            {f"{ADD}, {MAKE}".replace("Movies", "Data")},
            "AWS::IAM::Policy",
        ),
        (
            complete(Policy=managed(WIDE), Key={**key(), "DependsOn": "Policy"}),
            {MOVE},
            "AWS::IAM::Policy",
        ),
        # Only what needs what is moved waits for it.
        (
            importing(
                Read=TOPIC,
                One=OF_FOLDER,
                Role=role(Policies=[{**IN_ROLE[0], "PolicyDocument": {"Statement": [ALL_OF_S3]}}]),
            ),
            {MOVE.replace("Movies", "Data")},
            "AWS::IAM::Policy",
        ),
        # Another role has the policy, too, but nothing tells what it needs.
        (
            complete(Policy=managed(WIDE, Roles=[{"Ref": "Role"}, {"Ref": "Etl"}]), Etl=role()),
            {
                "the policy also serves ${Main/Etl}: add a policy of their own for them, then replace it with what is "
                "needed"
            },
            "",
        ),
        # Nobody changes a policy of AWS.
        (
            complete(Role=role(PermissionsBoundary="arn:aws:iam::aws:policy/AmazonS3FullAccess")),
            {
                "add to the permissions boundary of role Main/Role, an AWS::IAM::ManagedPolicy that has to be made "
                f"instead of AWS's, with all that this one allows, {WAITS}"
            },
            "AWS::IAM::ManagedPolicy",
        ),
        # A policy that a condition may leave out takes no statement, but that of a bucket, of which there is one.
        (complete(Policy=managed(LACKING) | PROD), {f"{ADD}, {MAKE}", SETTLE}, "AWS::IAM::Policy"),
        (
            importing(One=bucket_policy("s3:ListBucket", **PROD)),
            {f"{OF_BUCKET}, maybe Main/One (it depends on Main.IsProd): a bucket takes no second one", SETTLE},
            "",
        ),
        (
            importing(One=bucket_policy("s3:ListBucket", bucket={"Ref": "Stage"})),
            {f"{OF_BUCKET}, maybe Main/One (it depends on Main.Stage): a bucket takes no second one", LOOK},
            "",
        ),
    ],
)
def test_what_has_to_be_made_is_said(template: Json, steps: set[str], make: str, tmp_path: Path) -> None:
    """In every form; only where the template has no policy that takes the statement."""
    report = check(tmp_path, template)
    assert {each.fix.partition(": {")[0] for each in findings_of(report)} == steps
    assert all(each.to_change for each in findings_of(report))
    text, markdown = " ".join(report.to_text().split()), report.to_markdown()
    assert all(f"→ {each}" in text for each in steps)
    assert all(f"\n{each[0].upper()}{each[1:]}:\n" in markdown or f": {each} |" in markdown for each in steps)
    found = json.loads(report.to_json())
    assert {each.get("make", "") for kind in ("missing", "excess") for each in found[kind]} == {make}
    waiting = "Data" if "Data" in template["Resources"] else "Movies"
    for each in (*found["missing"], *found["excess"]):
        place = {"template": "Main.template.json", "logical_id": waiting}
        assert each.get("waiting") == ([place] if make else None)
    for each in found["excess"]:
        assert each.get("make_for") == ("arn:aws:iam::111122223333:role/${Main.Role}" if make else None)


ALLOWING: Json = {**LACKING, "Action": IN_IAM}
DENYING: Json = {"Effect": "Deny", "Action": "kms:CreateGrant", "Resource": "*"}
BOUNDED = {"Boundary": managed({"Effect": "Allow", "Action": "*", "Resource": "*"}, DENYING, role={"Ref": "Etl"})}
DENYING_KEY = key()
DENYING_KEY["Properties"]["KeyPolicy"]["Statement"].append({**DENYING, "Principal": {"AWS": ROLE}})
DENYING_BUCKET = bucket_policy("s3:GetObject", "s3:ListBucket")
DENYING_BUCKET["Properties"]["PolicyDocument"]["Statement"].append(
    {"Effect": "Deny", "Principal": {"AWS": ROLE}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::ratings/*"}
)


@pytest.mark.parametrize(
    ("template", "where"),
    [
        (complete(Policy=managed(ALLOWING, DENYING)), ["Policy"]),
        (complete(More=managed(DENYING)), ["More"]),
        (complete(Role=role(PermissionsBoundary={"Ref": "Boundary"}), Etl=role(), **BOUNDED), ["Boundary"]),
        (complete(Key=DENYING_KEY), ["Key"]),
        (complete(Key=DENYING_KEY, More=managed(DENYING)), ["Key", "More"]),
        (importing(One=DENYING_BUCKET), ["One"]),
    ],
)
def test_a_denial_is_where_it_is_written(template: Json, where: list[str], tmp_path: Path) -> None:
    """No other policy helps."""
    report = check(tmp_path, template)
    assert [[each["logical_id"] for each in entry.where] for entry in report.missing] == [where]
    (finding,) = [each for each in findings_of(report) if each.level == "error"]
    assert [each.logical_id for each in finding.to_change] == where


def steps(report: AccessReport) -> list[str]:
    """What the rows of Markdown say after the reason."""
    rows = [line.split(" | ") for line in report.to_markdown().splitlines() if line.startswith("| ")]
    return [each[4] for each in rows if each[0] != "| on"]


def test_what_is_undecided_has_its_next_step_in_markdown_too(tmp_path: Path) -> None:
    """Of a role that may create resources, that is to say which, and nothing else."""
    imported = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    template: Any = complete(Policy=managed({**LACKING, "Action": IN_IAM, "Resource": imported}))
    template["Resources"]["Movies"]["Properties"]["KmsKeyArn"] = imported
    unseen = check(tmp_path / "1", template)
    assert {each.rpartition(": ")[2] for each in steps(unseen)} >= {LOOK}
    declare = (
        "allow them in the PersonalizeEncryption whose role it is; for another role, use declare_created in the app, "
        "or --created"
    )
    undeclared = check(tmp_path / "2", app(CREATING, PASSING))
    assert [each.rpartition(": ")[2] for each in steps(undeclared)] == [declare]
    assert [line.strip() for line in undeclared.to_text(width=200).splitlines() if "→" in line] == [f"→ {declare}"]
    assert [each.fix for each in findings_of(undeclared)] == [declare]


TRY = "use another condition, or try in an account whether it holds"
UNDOCUMENTED: Json = {"StringNotEquals": {"aws:UserAgent": "ours"}}
DENIED_BY_BUCKET = bucket_policy("s3:GetObject", "s3:ListBucket")
DENIED_BY_BUCKET["Properties"]["PolicyDocument"]["Statement"].append(
    {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": UNDOCUMENTED}
)
STRICT = {"StringEquals": {"aws:SourceAccount": "111122223333"}, "ArnLike": {"aws:SourceArn": "arn:aws:personalize:*"}}
STRICT_BUCKET = bucket_policy("s3:GetObject", "s3:ListBucket")
STRICT_BUCKET["Properties"]["PolicyDocument"]["Statement"][0]["Condition"] = STRICT
BY_BOTH = bucket_policy("s3:GetObject", "s3:ListBucket", **PROD)
BY_BOTH["Properties"]["PolicyDocument"]["Statement"][0]["Condition"] = STRICT
TELL = "name the organization of the app's accounts by --organization o-…, in Python by organization="


def outside(key: str) -> Json:
    """The policy of a bucket that denies what isn't of the organization, but for services."""
    condition = {"StringNotEquals": {key: "o-1a2b3c4d5e"}, "Bool": {"aws:PrincipalIsAWSService": "false"}}
    found = bucket_policy("s3:GetObject", "s3:ListBucket")
    denied = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": condition}
    found["Properties"]["PolicyDocument"]["Statement"].append(denied)
    return found


@pytest.mark.parametrize(
    ("bucket_policy", "expected"),
    [
        (DENIED_BY_BUCKET, {TRY}),
        (STRICT_BUCKET, {TRY}),
        (BY_BOTH, {LOOK}),
        (outside("aws:PrincipalOrgID"), {TELL}),
        (outside("AWS:ResourceOrgId"), {TELL}),
        (outside("aws:PrincipalOrgPaths"), {TRY}),
    ],
    ids=[
        "denied where AWS documents no key",
        "allowed where it doesn't say which keys it sends",
        "unknown besides",
        "what the organization of the caller decides",
        "what that of the bucket decides",
        "what its id doesn't decide",
    ],
)
def test_the_step_is_what_decides_it(bucket_policy: Json, expected: set[str], tmp_path: Path) -> None:
    """A condition that nothing documents stays undecided where it is deployed: the doctor knows no more."""
    report = check(tmp_path, importing(One=bucket_policy))
    assert {each.fix for each in findings_of(report) if each.level == "warning"} == expected


def test_markdown_says_where(tmp_path: Path) -> None:
    """The policy to change, or what asks, in which file; of what is allowed there is nothing to find."""
    markdown = check(tmp_path, complete(Policy=managed(LACKING), Movies=_early())).to_markdown()
    assert "| IAM, `Policy` in `Main.template.json` |" in markdown
    assert "| IAM | statement number 1 of policy Main/Policy |" in markdown
    (ordering,) = [line for line in markdown.splitlines() if line.startswith("| ordering")]
    assert ordering.split(" | ")[2] == "`Movies` in `Main.template.json`"


def _early() -> Json:
    """A dataset group that waits for nothing."""
    found: Json = complete()["Resources"]["Movies"]
    return {**found, "DependsOn": []}


def test_a_role_that_a_condition_has_to_name_is_given_a_name(tmp_path: Path) -> None:
    """It waits for the key, so the key's policy can't refer to it, and AWS makes the name."""
    template = complete(Role=role(Policies=[{**IN_ROLE[0], "PolicyDocument": {"Statement": [LACKING]}}]))
    del template["Resources"]["Key"]["Properties"]["KeyPolicy"]["Statement"][0]
    step = "add to the key policy of Main/Key"
    first = f"set a RoleName on role Main/Role, then {step}, with values for ${{…}}: {{"
    assert any(each.fix.startswith(first) for each in findings_of(check(tmp_path / "1", template)))
    # So is one for which everybody is replaced.
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}
    template["Resources"]["Key"]["Properties"]["KeyPolicy"]["Statement"].append(everybody)
    first = "set a RoleName on role Main/Role, then replace it with what is needed, with values for ${…}: {"
    assert any(each.fix.startswith(first) for each in findings_of(check(tmp_path / "4", template)))
    template["Resources"]["Key"]["Properties"]["KeyPolicy"]["Statement"].pop()
    # One that isn't part of the app has its name.
    movies = {"Movies": dataset_group(key={"Fn::ImportValue": "Key"}, role={"Ref": "RoleArn"}, waits=[])}
    given = {"Parameters": {"RoleArn": {"Type": "String"}}, "Resources": movies}
    exported = {"Outputs": {"Key": {"Value": KEY, "Export": {"Name": "Key"}}}, "Resources": {"Key": key("Key")}}
    exported["Resources"]["Key"]["Properties"]["KeyPolicy"]["Statement"].pop(0)
    fixes = [each.fix for each in findings_of(check(tmp_path / "3", exported, given))]
    assert any("with values for" in each for each in fixes)
    assert not any("RoleName" in each for each in fixes)
    template["Resources"]["Role"]["Properties"]["RoleName"] = "personalize"
    assert any(each.fix.startswith(f"{step}: {{") for each in findings_of(check(tmp_path / "2", template)))
