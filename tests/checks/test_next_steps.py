"""Next steps in each form of a report: the change, its place, and what to make or to paste."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_kms_check import check_assembly
from personalize_kms_check._advice.pasting import pasted
from personalize_kms_check._model.declarations import Declaration
from personalize_kms_check._reports.report_lines import lines_of
from personalize_kms_check._shared.values import as_text, unmark
from tests.checks.templates import (
    IN_IAM,
    KEY,
    ROLE,
    Json,
    bucket_policy,
    check,
    complete,
    dataset,
    dataset_group,
    if_prod,
    importing,
    key,
    managed,
    of_type,
    policy,
    role,
)
from tests.checks.test_undeclared import CREATING, PASSING, app

LACKING: Json = {"Effect": "Allow", "Action": IN_IAM[1:], "Resource": KEY}
TOPIC: Json = {"Type": "AWS::SNS::Topic"}
LOGGING: Json = {"Effect": "Allow", "Action": "logs:CreateLogGroup", "Resource": "*"}
WIDE: Json = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
IN_ROLE = [{"PolicyName": "All", "PolicyDocument": {"Statement": [{**LACKING, "Resource": "*"}]}}]


@pytest.mark.parametrize(
    ("template", "policy", "where", "make"),
    [
        (complete(Policy=managed(LACKING)), "role", "Policy", ""),
        # A key policy that names the role would wait for a policy in the role.
        (complete(Policy=TOPIC, Role=role(Policies=IN_ROLE)), "role", "Role", "AWS::IAM::Policy"),
        (importing(One=TOPIC), "bucket", "Bucket", "AWS::S3::BucketPolicy"),
        # The key or the bucket would wait for it, and it for them.
        (
            complete(
                Policy=managed(LOGGING),
                Topic={**TOPIC, "DependsOn": "Policy"},
                Key=key(Description={"Ref": "Topic"}),
            ),
            "role",
            "Role",
            "AWS::IAM::Policy",
        ),
        # Nobody changes a policy of AWS.
        (
            complete(Role=role(PermissionsBoundary="arn:aws:iam::aws:policy/AmazonS3FullAccess")),
            "boundary",
            "Role",
            "AWS::IAM::ManagedPolicy",
        ),
    ],
)
def test_what_has_to_be_made_is_said(
    template: Json, policy: str, where: str, make: str, tmp_path: Path
) -> None:
    """In every form; only where the template has no policy that takes the statement."""
    report = check(tmp_path, template)
    policies = json.loads(report.to_json())["policies"]
    (changed,) = [listed for listed in policies if listed["should_have"]]
    assert changed["policy"] == policy
    assert changed["where"] == [{"template": "Main.template.json", "logical_id": where}]
    assert changed.get("make", "") == make
    waiting = "Data" if "Data" in template["Resources"] else "Movies"
    place = {"template": "Main.template.json", "logical_id": waiting}
    assert changed.get("waiting") == ([place] if make else None)
    instead = " instead of AWS's, with all that this one allows" if policy == "boundary" else ""
    words = f"(a new {make}{instead}; have Main/{waiting} wait for it by DependsOn"
    assert (words in report.to_text()) == (words in report.to_markdown()) == bool(make)


def also(resource: Json, statement: Json) -> Json:
    """A key or a policy of a bucket with one more statement."""
    given = resource["Properties"]
    given.get("KeyPolicy", given.get("PolicyDocument"))["Statement"].append(statement)
    return resource


ALLOWING: Json = {**LACKING, "Action": IN_IAM}
DENYING: Json = {"Effect": "Deny", "Action": "kms:CreateGrant", "Resource": "*"}
BOUNDARY = managed({**WIDE, "Action": "*"}, DENYING, role={"Ref": "Etl"})
DENYING_KEY = also(key(), {**DENYING, "Principal": {"AWS": ROLE}})
DENYING_BUCKET = also(
    bucket_policy("s3:GetObject", "s3:ListBucket"),
    {**DENYING, "Principal": {"AWS": ROLE}, "Action": "s3:GetObject"},
)


@pytest.mark.parametrize(
    ("template", "where"),
    [
        (complete(Policy=managed(ALLOWING, DENYING)), ["Policy"]),
        (complete(More=managed(DENYING)), ["More"]),
        (
            complete(
                Role=role(PermissionsBoundary={"Ref": "Boundary"}), Etl=role(), Boundary=BOUNDARY
            ),
            ["Boundary"],
        ),
        (complete(Key=DENYING_KEY, More=managed(DENYING)), ["Key", "More"]),
        (importing(One=DENYING_BUCKET), ["One"]),
    ],
)
def test_a_denial_is_where_it_is_written(template: Json, where: list[str], tmp_path: Path) -> None:
    """No other policy helps."""
    report = check(tmp_path, template)
    (entry,) = report.missing
    assert [place["logical_id"] for place in entry.where] == where
    (finding,) = [other for other in lines_of(report) if other.level == "error"]
    assert [place.logical_id for place in finding.to_change] == where


def test_what_is_undecided_has_its_next_step_in_each_form(tmp_path: Path) -> None:
    """A role that may create resources is to have them declared, and nothing else."""
    declare = (
        "in a CDK app call declare_created; elsewhere begin a file with --write-created FILE, and "
        "pass it with --created FILE"
    )
    report = check(tmp_path, app(CREATING, PASSING))
    assert [finding.fix for finding in lines_of(report)] == [declare]
    assert f" [1]\n\n[1] {declare}\n" in report.to_text()
    assert f"\n\n[1] {declare}\n" in report.to_markdown()


TRY = (
    "use another condition (in a statement of its own, if this one serves others), or try whether "
    "it holds"
)
STRICT = {
    "StringEquals": {"aws:SourceAccount": "111122223333"},
    "ArnLike": {"aws:SourceArn": "arn:aws:personalize:*"},
}
STRICT_BUCKET = bucket_policy("s3:GetObject", "s3:ListBucket")
STRICT_BUCKET["Properties"]["PolicyDocument"]["Statement"][0]["Condition"] = STRICT
TELL = (
    "name the organization of the accounts, as personalize-kms-constructs:organization in "
    "cdk.json, or by --organization o-…"
)


def denied(condition: Json) -> Json:
    """The policy of a bucket that denies everything under a condition."""
    denial = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    allowing = bucket_policy("s3:GetObject", "s3:ListBucket")
    return also(allowing, {**denial, "Condition": condition})


def outside(key: str) -> Json:
    """The policy of a bucket that denies all outside of the organization, but for services."""
    but_services = {"Bool": {"aws:PrincipalIsAWSService": "false"}}
    return denied({"StringNotEquals": {key: "o-1a2b3c4d5e"}, **but_services})


@pytest.mark.parametrize(
    ("bucket_policy", "expected"),
    [
        (denied({"StringNotEquals": {"aws:UserAgent": "ours"}}), {TRY}),
        (STRICT_BUCKET, {TRY}),
        (outside("aws:PrincipalOrgID"), {TELL}),
        (outside("aws:PrincipalOrgPaths"), {TRY}),
    ],
    ids=[
        "denied where AWS documents no key",
        "allowed where it doesn't say which keys it sends",
        "what the organization of the caller decides",
        "what its id doesn't decide",
    ],
)
def test_the_step_is_what_decides_it(
    bucket_policy: Json, expected: set[str], tmp_path: Path
) -> None:
    """An undocumented condition stays undecided once deployed: the doctor knows no more."""
    report = check(tmp_path, importing(One=bucket_policy))
    assert {finding.fix for finding in lines_of(report) if finding.level == "warning"} == expected


def test_markdown_says_where(tmp_path: Path) -> None:
    """A line has the policy to change, or the request, with its file; allowed needs have none."""
    lacking = managed({**LACKING, "Action": IN_IAM[2:]})
    markdown = check(tmp_path, complete(Policy=lacking, Movies=_early())).to_markdown()
    movies = "Main/Movies (dataset group)"
    said = "IAM policies of Main/Role lack kms:Decrypt, kms:DescribeKey on Main/Key (2 permissions)"
    place = "`Policy` in `Main.template.json`"
    assert f"| ✘ | {said} | {place} | {movies} | [AWS](https://" in markdown
    (ordering,) = [line for line in markdown.splitlines() if "may be created before" in line]
    assert ordering.split(" | ")[2:4] == ["`Movies` in `Main.template.json`", movies]


def test_what_is_too_much_is_where_it_is_written(tmp_path: Path) -> None:
    """The statement is taken out there, though the list of the role goes into another policy."""
    report = check(tmp_path, complete(Wide=managed(WIDE)))
    (change,) = report.policies
    assert [place.logical_id for place in change.declared] == ["Policy"]
    places = [finding.to_change for finding in lines_of(report)]
    assert [place.logical_id for (place,) in places] == ["Wide"]


def _early() -> Json:
    """A dataset group that waits for nothing."""
    group: Json = complete()["Resources"]["Movies"]
    return {**group, "DependsOn": []}


def test_a_role_that_a_condition_has_to_name_is_given_a_name(tmp_path: Path) -> None:
    """It waits for the key, so the key's policy can't refer to it, and AWS makes the name."""
    template = complete(
        Role=role(Policies=[{**IN_ROLE[0], "PolicyDocument": {"Statement": [LACKING]}}])
    )
    statements = template["Resources"]["Key"]["Properties"]["KeyPolicy"]["Statement"]
    del statements[0]
    unnamed = "arn:aws:iam::111122223333:role/${Main.Role}"
    report = check(tmp_path / "1", template)
    unnamed_roles = {policy.policy: policy.unnamed_roles for policy in report.policies}
    assert unnamed_roles == {"key": (unnamed,), "role": ()}
    said = "first set RoleName on Main/Role, which replaces a deployed role; check again):\n"
    assert said in report.to_text()
    assert len(report.policies[0].should_have) == 1
    template["Resources"]["Role"]["Properties"]["RoleName"] = "personalize"
    named = check(tmp_path / "2", template)
    assert [policy.unnamed_roles for policy in named.policies] == [(), ()]
    assert named.policies[0].should_have[0]["Condition"] == {
        "ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/personalize"}
    }


COMPANYS = {"PermissionsBoundary": {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:policy/Company"}}
ATTACHING = {"ManagedPolicyArns": ["arn:aws:iam::111122223333:policy/team/Baseline"]}
OF_BOUNDARY = (
    "the permissions boundary can't be seen: managed policy "
    "arn:aws:iam::111122223333:policy/Company isn't part of the app (pass it with --policy "
    "Company=FILE)"
)
OF_POLICY = (
    "managed policy arn:aws:iam::111122223333:policy/team/Baseline isn't part of the app (pass it "
    "with --policy Baseline=FILE)"
)


BY_STAGE = dataset("One", "Read", path={"Ref": "Stage"})


def for_two_roles(**properties: Any) -> Json:
    """A template with two roles that have these properties, on one key."""
    second = {"Fn::GetAtt": ["Second", "Arn"]}
    template = complete(
        Role=role(**properties),
        Second=role(**properties),
        More=policy(role={"Ref": "Second"}),
        Books=dataset_group(role=second, waits="More"),
    )
    statements = template["Resources"]["Key"]["Properties"]["KeyPolicy"]["Statement"]
    statements.append({**statements[0], "Principal": {"AWS": second}})
    return template


@pytest.mark.parametrize(
    ("template", "lines"),
    [
        # However many permissions and roles it concerns, and whether it may allow or deny.
        (
            for_two_roles(**COMPANYS),
            [
                f"not known what Main/Role and Main/Second may do, since {OF_BOUNDARY} (18 "
                "permissions)"
            ],
        ),
        # What is open for two reasons is in the line of each: one option isn't enough.
        (
            complete(Role=role(**COMPANYS, **ATTACHING)),
            [
                f"not known what Main/Role may do, since {OF_BOUNDARY} (9 permissions)",
                f"not known what Main/Role may do, since {OF_POLICY} (9 permissions)",
            ],
        ),
        (
            complete(Policy=policy(key={"Fn::Sub": "arn:aws:kms:*:*:key/${Stage}"})),
            [
                f"not known whether Main/Role may {', '.join(IN_IAM)} on Main/Key, since "
                "statement 1 of policy Main/Policy: Resource arn:aws:kms:*:*:key/${Main.Stage?}: "
                "Main.Stage isn't known before deployment (4 permissions) [1]",
            ],
        ),
        # Resources that ask for what isn't known are named together.
        (
            importing(Data=BY_STAGE, More=BY_STAGE),
            ["Main/Data, Main/More: its source ${Main.Stage?} isn't known before deployment [1]"],
        ),
    ],
    ids=["a boundary", "both", "a statement", "a source"],
)
def test_one_reason_is_one_line_with_the_option_that_settles_it(
    template: Json, lines: list[str], tmp_path: Path
) -> None:
    """In the data each permission is an entry of its own."""
    report = check(tmp_path, {"Parameters": {"Stage": {"Type": "String"}}, **template})
    told = [line for line in report.to_text().splitlines() if line.startswith("?")]
    assert [line.removeprefix("? ") for line in told] == lines
    assert (report.missing, report.problems) == ((), ())
    assert len({*report.undecided}) == len(report.undecided)


WRITE = "write the value itself, or check the account with personalize-kms doctor"


@pytest.mark.parametrize(
    ("key_arn", "hint"),
    [
        ({"Ref": "Stage"}, "pass --parameters Stage=…"),
        ({"Fn::Select": [0, {"Fn::Split": [",", {"Ref": "Stage"}]}]}, "pass --parameters Stage=…"),
        (if_prod("arn:aws:kms:eu-west-1:111122223333:key/1", KEY), "pass --parameters Stage=…"),
        ({"Ref": "Custom"}, WRITE),
        (
            {"Fn::GetAtt": ["Nested", "Outputs.Key"]},
            "put the template of that nested stack beside this file",
        ),
        ({"Fn::ImportValue": "key"}, "pass the template of the stack that has it as well"),
        ("{{resolve:ssm:/key}}", WRITE),
        (
            "arn:aws:kms:eu-west-1:111122223333:key/1",
            "pass what it says with --policy arn:aws:kms:eu-west-1:111122223333:key/1=FILE, for a "
            "synth in cdk.json",
        ),
    ],
)
def test_a_hint_names_what_settles_it(key_arn: Any, hint: str, tmp_path: Path) -> None:
    """No parameter is to be passed for what isn't one."""
    parameters = {"Stage": {"Type": "String"}}
    nested = of_type("AWS::CloudFormation::Stack", TemplateURL="./gone.json")
    own = complete(Movies=dataset_group(key=key_arn), Custom=of_type("Custom::Key"), Nested=nested)
    text = check(tmp_path, {**own, "Parameters": parameters}).to_text()
    (of_key,) = [line for line in text.splitlines() if "the key policy of" in line]
    assert f"{of_key[-3:]} {hint}\n" in text
    assert "from_bucket_attributes" not in text


@pytest.mark.parametrize("name", ["Main.template.json", "main.json"])
def test_templates_of_others_are_not_told_of_the_construct(name: str, tmp_path: Path) -> None:
    """An order of theirs is mended by DependsOn, and names the policy as data."""
    template = complete(Movies=dataset_group(waits=[]))
    (tmp_path / name).write_text(json.dumps(template))
    report = check_assembly(tmp_path / name)
    (problem,) = report.problems
    assert problem.message.endswith(": add a DependsOn on that policy")
    (told,) = json.loads(report.to_json())["problems"]
    assert told["waits_for"] == [{"template": name, "logical_id": "Policy"}]


def test_the_key_of_a_bucket_elsewhere_is_to_be_named(tmp_path: Path) -> None:
    text = check(tmp_path, complete(Data=dataset())).to_text()
    assert "in a CDK app name its key, as in S3Location(…, encryption_key=…)" in text


def test_the_environment_of_a_stack_that_says_none_can_be_passed(tmp_path: Path) -> None:
    """In ARNs and conditions."""
    template = complete(Key=key(Enabled={"Fn::If": ["Here", True, False]}))
    template["Conditions"] = {"Here": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]}}
    given = {"AWS::AccountId": "111122223333", "AWS::Region": "eu-west-1", "AWS::Partition": "aws"}
    (tmp_path / "main.json").write_text(json.dumps(template))
    report = check_assembly(tmp_path / "main.json", parameters=given)
    assert {entry.policy_of for entry in report.allowed} == {
        "arn:aws:kms:eu-west-1:111122223333:key/${main.Key}",
        "arn:aws:iam::111122223333:role/${main.Role}",
    }


FUNCTIONS = {
    "arn:${AWS::Partition}:s3:::${Main.Data}": {"Fn::GetAtt": ["Data", "Arn"]},
    "${Main.Data}": {"Ref": "Data"},
    "${Main.Data}/in": {"Fn::Join": ["/", [{"Ref": "Data"}, "in"]]},
    "${Main.Nested.Outputs.Key?}": {"Fn::GetAtt": "Nested.Outputs.Key"},
    "${resolve:ssm:/key #1?}": "{{resolve:ssm:/key}}",
    "arn:aws:s3:::movies": {"Fn::GetAtt": ["Movies", "Arn"]},
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Action": "kms:Decrypt", "Version": 1}, {"Action": "kms:Decrypt", "Version": 1}),
        # A function as it is, and with something after it.
        ("arn:${AWS::Partition}:s3:::${Main.Data}", {"Fn::GetAtt": ["Data", "Arn"]}),
        ("arn:${AWS::Partition}:s3:::${Main.Data}/a/*", {"Fn::Sub": "${Data.Arn}/a/*"}),
        ("${Main.Nested.Outputs.Key?}/a", {"Fn::Sub": "${Nested.Outputs.Key}/a"}),
        (
            "${Main.Data}/in/*",
            {"Fn::Sub": ["${Part1}/*", {"Part1": {"Fn::Join": ["/", [{"Ref": "Data"}, "in"]]}}]},
        ),
        ("${Main.Data}/${resolve:ssm:/key #1?}/*", {"Fn::Sub": "${Data}/{{resolve:ssm:/key}}/*"}),
        # A name that is text, and another that begins alike.
        ("arn:aws:s3:::movies/in/*", {"Fn::Sub": "${Movies.Arn}/in/*"}),
        ("arn:aws:s3:::movies-2/in/*", "arn:aws:s3:::movies-2/in/*"),
        # Pseudo parameters, in lists too.
        (["${AWS::AccountId}"], [{"Ref": "AWS::AccountId"}]),
        ("arn:${AWS::Partition}:s3:::a", {"Fn::Sub": "arn:${AWS::Partition}:s3:::a"}),
        # What the template doesn't have, and what is text, stays, and is no variable.
        ("arn:aws:s3:::${Other.Data}/*", "arn:aws:s3:::${Other.Data}/*"),
        ("${AWS::Partition}/${Other.Data}", {"Fn::Sub": "${AWS::Partition}/${!Other.Data}"}),
        ("${Main.Data}/${aws:username}/*", {"Fn::Sub": "${Data}/${!aws:username}/*"}),
        (as_text("a/${AWS::Region}"), "a/${AWS::Region}"),
        ("${Main.Data}/" + as_text("${AWS::Region}"), {"Fn::Sub": "${Data}/${!AWS::Region}"}),
    ],
)
def test_functions_take_the_place_of_holes(value: Any, expected: Any) -> None:
    """Each function by its value, the longest first; what is text stays text."""
    assert json.loads(unmark(json.dumps(pasted(value, FUNCTIONS)))) == expected


@pytest.mark.parametrize(
    ("declaration", "where"),
    [
        (
            Declaration("/a/b/Main.template.json", "Main/Encryption", ""),
            {"template": "Main.template.json", "construct_path": "Main/Encryption"},
        ),
        (
            Declaration("/x/cdk.out/assembly-Prod/assembly-Prod-A/M.template.json", "M/Key", "Key"),
            {"template": "assembly-Prod/assembly-Prod-A/M.template.json", "logical_id": "Key"},
        ),
    ],
)
def test_where_something_is(declaration: Declaration, where: dict[str, str]) -> None:
    """Below the app's assembly, wherever that is."""
    assert declaration.where == where
