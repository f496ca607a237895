"""Managed policies and permissions boundaries outside of the app, whose documents users give."""

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_kms_check import check_assembly
from personalize_kms_check._reports.short_names import Names
from personalize_kms_check._reports.words import title
from tests.checks.command import run
from tests.checks.templates import (
    CLEAN,
    IN_IAM,
    Json,
    complete,
    dataset_group,
    findings,
    importing,
    policy,
    reading,
    role,
    write,
)

SUB = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/team/company-boundary"}
ARN = "arn:aws:iam::111122223333:policy/team/company-boundary"
EVERYTHING: Json = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
READING: Json = {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
BOUND = complete(Role=role(PermissionsBoundary=SUB))
ATTACHED = complete(Role=role(ManagedPolicyArns=[ARN]), Policy=policy(actions=IN_IAM[1:]))
DECRYPTING: Json = {"Statement": [{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}]}


def check(directory: Path, template: Json, **policies: Any) -> Any:
    directory = write(directory, {"Main": template})
    given = {name.replace("_", "-"): document for name, document in policies.items()}
    return check_assembly(directory, policies=given)


def test_a_boundary_by_name(tmp_path: Path) -> None:
    """The role's permissions are undecided without it."""
    assert len(check(tmp_path, BOUND).undecided) == 9
    assert findings(check(tmp_path, BOUND, company_boundary=EVERYTHING)) == CLEAN
    report = check(tmp_path, BOUND, company_boundary=READING)
    assert {entry.cause.id for entry in report.missing} == {"boundary"}
    assert (
        "permissions boundary of Main/Role, to add (have its owner add them):" in report.to_text()
    )


@pytest.mark.parametrize("document", [DECRYPTING, {"Statement": DECRYPTING["Statement"][0]}])
def test_a_managed_policy(document: Json, tmp_path: Path) -> None:
    """Its statements allow, and may be too much."""
    assert {entry.action for entry in check(tmp_path, ATTACHED).undecided} >= {"kms:Decrypt"}
    assert findings(check(tmp_path, ATTACHED, company_boundary=document)) == CLEAN
    report = check(tmp_path, ATTACHED, company_boundary=EVERYTHING)
    assert {entry.reason.statements[0].policy.name for entry in report.excess} == {
        "managed policy company-boundary of Main/Role"
    }
    assert "(detach the policy that isn't the app's, since others have it):" in report.to_text()
    denying = {"Statement": [{**DECRYPTING["Statement"][0], "Effect": "Deny"}]}
    missing = check(tmp_path, ATTACHED, company_boundary=denying).missing
    assert {entry.cause.id for entry in missing} == {"denied"}


@pytest.mark.parametrize("name", ["boundary", "*"])
def test_the_name_of_another_policy(name: str, tmp_path: Path) -> None:
    """It changes nothing: the finding stays, and names the policy."""
    report = check(tmp_path, ATTACHED, **{name: DECRYPTING})
    assert "--policy company-boundary=FILE" in report.to_text()


def test_what_the_app_makes_and_what_aws_makes_stays(tmp_path: Path) -> None:
    """A document stands for a policy outside of the app; it may have variables of IAM."""
    made = {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"ManagedPolicyName": "own", "PolicyDocument": DECRYPTING},
    }
    template = complete(
        Role=role(ManagedPolicyArns=[{"Ref": "Own"}]), Own=made, Policy=policy(actions=IN_IAM[1:])
    )
    denying = {"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    assert findings(check(tmp_path, template, own=denying)) == CLEAN
    of_aws = complete(
        Role=role(ManagedPolicyArns=["arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess"])
    )
    assert findings(check(tmp_path, of_aws, AWSXrayWriteOnlyAccess=denying)) == CLEAN
    condition = {"StringEquals": {"aws:PrincipalArn": "${aws:PrincipalArn}"}}
    variable = {
        "Version": "2012-10-17",
        "Statement": [{**EVERYTHING["Statement"][0], "Condition": condition}],
    }
    assert findings(check(tmp_path, BOUND, company_boundary=variable)) == CLEAN


def test_under_a_condition(tmp_path: Path) -> None:
    """A policy that may be attached decides nothing for certain."""
    chosen = {"Fn::If": ["IsProd", ARN, {"Ref": "AWS::NoValue"}]}
    template = complete(Role=role(ManagedPolicyArns=[chosen]), Policy=policy(actions=IN_IAM[1:]))
    report = check(tmp_path, template, company_boundary=DECRYPTING)
    assert [entry.action for entry in report.undecided] == ["kms:Decrypt"]


KEY_ARN = "arn:aws:kms:eu-west-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"
LAKE = "arn:aws:s3:::ratings"
PERSONALIZE = {"Service": "personalize.amazonaws.com"}


@pytest.mark.parametrize("in_envelope", [False, True])
def test_the_policies_of_a_key_and_a_bucket(in_envelope: bool, tmp_path: Path) -> None:
    """As documents, or as get-key-policy and get-bucket-policy return them."""
    template = importing(
        Movies=dataset_group(key=KEY_ARN), Policy=policy(key=KEY_ARN), Read=reading()
    )
    for id in ("Bucket", "Key", "One"):
        del template["Resources"][id]
    template["Resources"]["Data"]["DependsOn"] = ["Policy", "Read"]
    assert {entry.policy for entry in check(tmp_path, template).undecided} == {"key", "bucket"}
    actions = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
    for_service = {"Effect": "Allow", "Principal": PERSONALIZE, "Action": actions, "Resource": "*"}
    account = {"AWS": "arn:aws:iam::111122223333:root"}
    of_key = {"Statement": [for_service, {**for_service, "Principal": account, "Action": "kms:*"}]}
    in_bucket = {"Statement": {**for_service, "Action": "s3:ListBucket", "Resource": LAKE}}
    policies: dict[str, Any] = {KEY_ARN: of_key, LAKE.replace("aws", "aws-cn"): in_bucket}
    if in_envelope:
        policies = {arn: {"Policy": json.dumps(given)} for arn, given in policies.items()}
    report = check_assembly(write(tmp_path, {"Main": template}), policies=policies)
    lacked = {(entry.principal, entry.policy, entry.action) for entry in report.missing}
    assert lacked == {
        ("role", "key", "kms:CreateGrant"),
        ("service", "key", "kms:ListGrants"),
        ("service", "bucket", "s3:GetObject"),
    }


def test_a_statement_for_an_account_has_no_functions_of_a_template(tmp_path: Path) -> None:
    """What the template doesn't say is to be put in."""
    template = complete(Movies=dataset_group(key=KEY_ARN), Policy=policy(key=KEY_ARN))
    template["Resources"]["Role"]["Properties"]["RoleName"] = "Stage"
    del template["Resources"]["Key"]
    (tmp_path / "main.json").write_text(json.dumps(template))
    of_key = check_assembly(tmp_path / "main.json", policies={KEY_ARN: READING}).policies[0]
    conditions = [statement["Condition"] for statement in of_key.should_have]
    assert conditions == [
        {
            "ArnEquals": {
                "aws:PrincipalArn": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/Stage"
            }
        },
        {"StringEqualsIfExists": {"aws:SourceAccount": "${AWS::AccountId}"}},
    ]
    assert title(of_key, Names({})) == (
        f"key policy of {KEY_ARN}, to add (replace ${{AWS::Partition}}, ${{AWS::AccountId}} with "
        "the value in the deployed stack)"
    )


NOT_A_POLICY = (
    "policy a: not the document of a policy, with statements; of what get-policy-version returns, "
    "save PolicyVersion.Document"
)


@pytest.mark.parametrize(
    ("policies", "said"),
    [
        ([], "policies is [], expected a mapping of names or ARNs to documents"),
        ({"a": []}, NOT_A_POLICY),
        ({"a": {"PolicyVersion": {}}}, NOT_A_POLICY),
        (
            {KEY_ARN: {}, LAKE: {"Policy": "?"}},
            f"\n- policy {KEY_ARN}: not the document of a policy, with statements; save what "
            f"get-key-policy returns\n- policy {LAKE}: not the document of a policy, with "
            "statements; save what get-bucket-policy returns",
        ),
        (
            {ARN: DECRYPTING},
            f"policy {ARN}: pass the name of a managed policy without path and account, or the ARN "
            "of a key or a bucket",
        ),
        (
            {f"{LAKE}/in/*": DECRYPTING},
            f"policy {LAKE}/in/*: pass the name of a managed policy without path and account, or "
            "the ARN of a key or a bucket",
        ),
        (
            {
                "a": {
                    "Statement": [
                        {"Fn::If": ["IsProd", EVERYTHING["Statement"][0], {"Ref": "AWS::NoValue"}]}
                    ]
                }
            },
            "policy a: it has functions of a template; pass what AWS returns",
        ),
    ],
)
def test_what_is_no_policy(policies: Any, said: str, tmp_path: Path) -> None:
    """The message says the fault."""
    with pytest.raises(ValueError, match="polic") as raised:
        check_assembly(write(tmp_path, {"Main": BOUND}), policies=policies)
    assert str(raised.value) == said


def test_on_the_command_line(tmp_path: Path) -> None:
    """NAME=FILE, as often as there are policies; messages name the file."""
    directory = write(
        tmp_path / "cdk.out",
        {"Main": complete(Role=role(PermissionsBoundary=SUB, ManagedPolicyArns=[ARN[:-4]]))},
    )
    file, more, broken = (
        tmp_path / "boundary.json",
        tmp_path / "more.json",
        tmp_path / "broken.json",
    )
    file.write_text(json.dumps(EVERYTHING))
    more.write_text(
        json.dumps({"Statement": {**DECRYPTING["Statement"][0], "Action": "sqs:SendMessage"}})
    )
    assert run(directory, "--strict").exit_code == 1
    both = ["--policy", f"company-boundary={file}", "--policy", f"company-boun={more}"]
    assert run(directory, "--strict", *both).exit_code == 0
    malformed = run(directory, "--policy", "company-boundary")
    assert (malformed.exit_code, "is not of the form NAME|ARN=FILE" in malformed.stderr) == (
        2,
        True,
    )
    twice = run(directory, "--policy", f"a={file}", "--policy", f"a={more}")
    assert (twice.exit_code, "a has two values: pass one" in twice.stderr) == (2, True)
    broken.write_text("{")
    result = run(directory, "--policy", f"company-boundary={broken}")
    said = f"personalize-kms: policy company-boundary: {broken}: can't be read as JSON: "
    assert (result.exit_code, result.stderr.startswith(said)) == (2, True)
