"""Templates by hand and in YAML, and assemblies of the CDK for JavaScript."""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from personalize_kms_check import AssemblyError, check_assembly
from personalize_kms_check._templates.yaml_templates import as_json
from tests.checks.command import run
from tests.checks.templates import (
    AGNOSTIC,
    CLEAN,
    IN_IAM,
    Json,
    check,
    complete,
    findings,
    key,
    messages,
    of_type,
    policy,
    role,
)

TEMPLATE = """\
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Stage: {Type: String}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsNot: !Not [!Condition IsProd]
Mappings:
  Accounts:
    111122223333: {Name: production}
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Version: 2012-10-17
        Statement:
          - Effect: Allow
            Principal: {AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root"}
            Action: kms:PutKeyPolicy
            Resource: "*"
          - Effect: Allow
            Principal: {AWS: !GetAtt Role.Arn}
            Action: &actions
              - kms:CreateGrant
              - kms:Decrypt
              - kms:DescribeKey
              - kms:GenerateDataKey
              - kms:ListGrants
            Resource: "*"
          - Effect: Allow
            Principal: {Service: personalize.amazonaws.com}
            Action: *actions
            Resource: "*"
            Condition:
              StringEqualsIfExists: {"aws:SourceAccount": !Ref AWS::AccountId}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement:
          - Effect: Allow
            Principal: {Service: personalize.amazonaws.com}
            Action: sts:AssumeRole
            Condition: {StringEquals: {"aws:SourceAccount": !Ref AWS::AccountId}}
  Policy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      Roles: [!Ref Role]
      PolicyDocument:
        Statement:
          Effect: Allow
          Action: [kms:Decrypt, kms:DescribeKey, kms:GenerateDataKey, kms:ListGrants]
          Resource: !Join
            - ""
            - - !Sub "arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/"
              - !Ref Key
  Movies:
    Type: AWS::Personalize::DatasetGroup
    DependsOn: Policy
    Properties:
      Name: !If [IsProd, movies, !Sub ["${Name}-test", {Name: movies}]]
      KmsKeyArn:
        Fn::GetAtt: Key.Arn
      RoleArn: !GetAtt [Role, Arn]
"""


def test_a_template_in_yaml(tmp_path: Path) -> None:
    """With the short forms of functions, and a date as the version of a policy."""
    file = tmp_path / "template.yaml"
    file.write_text(TEMPLATE)
    report = check_assembly(file)
    assert report.asked == ("template/Movies (dataset group)",)
    assert (*findings(report), report.excess) == (*CLEAN, ())
    file.write_text(file.read_text().replace("[kms:Decrypt, ", "["))
    result = run(file)
    assert result.exit_code == 1
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("✘")]
    assert line.endswith(
        "template.yaml:46  IAM policies of template/Role lack kms:Decrypt on template/Key"
    )


@pytest.mark.parametrize("form", ["text", "json", "markdown", "sarif"])
def test_what_is_spelled_like_a_function_is_text(form: str, tmp_path: Path) -> None:
    """Without ``!Sub`` the role has no access to the key, and every report shows the string."""
    file = tmp_path / "template.yaml"
    file.write_text(TEMPLATE.replace('!Sub "arn:', '"arn:'))
    result = run(file, "--format", form)
    assert result.exit_code == 1
    assert "kms:Decrypt" in result.stdout
    assert "has ${AWS::Partition}, ${AWS::Region}, ${AWS::AccountId} as plain text" in " ".join(
        result.stdout.split()
    )


KEY_TEXT = "arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/${Main.Key}"
ROLE_TEXT = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${Main.Role}"
OF_ACCOUNT = {"StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"}}


def with_condition(resource: Json, document: str, number: int) -> Json:
    """A resource with that condition in a statement of its policy."""
    resource["Properties"][document]["Statement"][number]["Condition"] = OF_ACCOUNT
    return resource


@pytest.mark.parametrize(
    ("resources", "missing", "problems"),
    [
        ({"Policy": policy({"Fn::Sub": KEY_TEXT.replace("${", "${!")})}, {("role", "role")}, set()),
        ({"Key": key(ROLE_TEXT)}, {("role", "key")}, set()),
        ({"Key": with_condition(key(), "KeyPolicy", 1)}, {("service", "key")}, set()),
        ({"Role": with_condition(role(), "AssumeRolePolicyDocument", 0)}, set(), {"trust"}),
    ],
)
def test_a_forgotten_fn_sub(
    resources: dict[str, Json], missing: set[tuple[str, str]], problems: set[str], tmp_path: Path
) -> None:
    """The text is neither the account, nor the Region, nor the key or role of the template."""
    report = check(tmp_path, complete(**resources), **AGNOSTIC)
    assert report.undecided == ()
    assert {(entry.principal, entry.policy) for entry in report.missing} == missing
    assert {problem.kind for problem in report.problems if not problem.is_warning} == problems


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("!Ref Key", {"Ref": "Key"}),
        ("!Condition IsProd", {"Condition": "IsProd"}),
        ("!GetAtt Key.Arn", {"Fn::GetAtt": ["Key", "Arn"]}),
        ("!GetAtt Nested.Outputs.Arn", {"Fn::GetAtt": ["Nested", "Outputs.Arn"]}),
        ("!GetAtt [Key, Arn]", {"Fn::GetAtt": ["Key", "Arn"]}),
        ("Fn::GetAtt: Key.Arn", {"Fn::GetAtt": ["Key", "Arn"]}),
        ("!Sub ['${A}', {A: !Ref Key}]", {"Fn::Sub": ["${A}", {"A": {"Ref": "Key"}}]}),
        ("!If [A, !Ref B, {C: [!Ref D]}]", {"Fn::If": ["A", {"Ref": "B"}, {"C": [{"Ref": "D"}]}]}),
        ("!ImportValue {Fn::Sub: x}", {"Fn::ImportValue": {"Fn::Sub": "x"}}),
        ("!Sub '111122223333'", {"Fn::Sub": "111122223333"}),
        ("!Sub 1234", {"Fn::Sub": "1234"}),
        ("{111122223333: {Name: 5}}", {"111122223333": {"Name": 5}}),
        ("2012-10-17", "2012-10-17"),
        ("[&one {A: 1}, *one]", [{"A": 1}, {"A": 1}]),
        # The last of a name counts, also of what is merged.
        ("{Name: a, Name: b}", {"Name": "b"}),
        ("[&one {A: 1}, {<<: *one, A: 2}]", [{"A": 1}, {"A": 2}]),
    ],
)
def test_short_forms_are_what_they_stand_for(text: str, expected: object) -> None:
    """As CloudFormation's own JSON of the template has them."""
    assert json.loads(as_json(text)) == expected


def test_a_template_in_json(tmp_path: Path) -> None:
    """Wherever it is, and whatever its name; a finding in SARIF is in it."""
    file = tmp_path / "stack.template"
    group = of_type(
        "AWS::Personalize::DatasetGroup", Name="movies", RoleArn="arn:aws:iam::1:role/r"
    )
    file.write_text(json.dumps({"Resources": {"Movies": group}}, indent=2))
    (problem,) = check_assembly(str(file)).problems
    assert problem.message.startswith("stack/Movies has a role but no key")
    log = json.loads(run(file, "--format", "sarif").stdout)
    (result,) = log["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == (file.as_uri(), 3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Resources: [", ": can't be read as YAML: line 1: while parsing a flow node: "),
        (
            "Resources:\n  A: &a [1]\n  B: {<<: *a, B: 1}\n",
            ": can't be read as YAML: line 2: while constructing a mapping: ",
        ),
        ("Resources: {A: &a [*a]}", ": can't be read as YAML: Circular reference detected"),
        ("- a", ": not a YAML object, as templates and the files of an assembly are"),
        ("{Resources}", ": can't be read as JSON: Expecting property name"),
    ],
)
def test_what_is_no_template(text: str, said: str, tmp_path: Path) -> None:
    """One line with the fault, and exit code 2."""
    file = tmp_path / "template.yaml"
    file.write_text(text)
    with pytest.raises(AssemblyError) as raised:
        check_assembly(file)
    assert str(raised.value).startswith(f"{file}{said}")
    assert run(file).exit_code == 2


def test_without_the_extra_yaml_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``check_assembly`` needs no extra for assemblies of the CDK."""
    monkeypatch.setitem(sys.modules, "yaml", None)
    monkeypatch.delitem(
        sys.modules, "personalize_kms_check._templates.yaml_templates", raising=False
    )
    file = tmp_path / "template.yaml"
    file.write_text(TEMPLATE)
    with pytest.raises(
        AssemblyError, match=r"template\.yaml: YAML needs the extra cli of this library"
    ):
        check_assembly(file)


PACKAGES = {
    "aws-cdk-lib": "aws-cdk-lib",
    "constructs": "constructs",
    "aws-cdk.asset-awscli-v1": "@aws-cdk/asset-awscli-v1",
    "aws-cdk.asset-node-proxy-agent-v6": "@aws-cdk/asset-node-proxy-agent-v6",
    "aws-cdk.cloud-assembly-schema": "@aws-cdk/cloud-assembly-schema",
}
"""Distributions on PyPI, and the packages of npm in them."""
APP = """
const cdk = require("aws-cdk-lib");
const { aws_iam: iam, aws_kms: kms, aws_personalize: personalize } = cdk;
const app = new cdk.App({ outdir: "cdk.out" });
const stack = new cdk.Stack(new cdk.Stage(app, "Prod"), "Main");
const key = new kms.Key(stack, "Key");
const role = new iam.Role(stack, "Role", { \
assumedBy: new iam.ServicePrincipal("personalize.amazonaws.com") });
key.grantEncryptDecrypt(role);
new personalize.CfnDatasetGroup(stack, "Movies", { \
name: "movies", kmsKeyArn: key.keyArn, roleArn: role.roleArn });
cdk.Validations.of(stack).acknowledge({ id: "Personalize::Ordering", reason: "known" });
app.synth();
"""


def test_an_app_in_another_language(tmp_path: Path) -> None:
    """A compiled app in TypeScript: the package of npm, as jsii has unpacked it, without jsii."""
    default = Path.home() / ".cache" / "aws" / "jsii" / "package-cache"
    packages = Path(os.environ.get("JSII_RUNTIME_PACKAGE_CACHE_ROOT", default))
    modules = tmp_path / "node_modules"
    (modules / "@aws-cdk").mkdir(parents=True)
    for distribution, name in PACKAGES.items():
        unpacked = next(packages.glob(f"{name}/{version(distribution)}/*"))
        (modules / name).symlink_to(unpacked)
    (tmp_path / "app.js").write_text(APP)
    command = ["node", "--preserve-symlinks", "app.js"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    report = check_assembly(tmp_path / "cdk.out")
    assert report.asked == ("Prod/Main/Movies (dataset group)",)
    assert [problem.kind for problem in report.problems] == ["ordering"]
    assert {("service", "kms:Decrypt"), ("role", "kms:CreateGrant")} <= {
        (entry.principal, entry.action) for entry in report.missing
    }
    output = run(tmp_path / "cdk.out", "--format", "json").stdout
    assert (json.loads(output)["problems"], json.loads(output)["left_out"]) == ([], 1)
