"""Paths that users give: assemblies, templates, folders, the standard input, Terraform."""

import json
import os
from pathlib import Path

import pytest

from personalize_kms_check import AssemblyError, check_assembly
from personalize_kms_check._shared.address import page_at
from tests.checks.command import run
from tests.checks.templates import (
    CLEAN,
    IN_IAM,
    KEY,
    ROLE,
    Json,
    complete,
    dataset_group,
    edit,
    findings,
    key,
    managed,
    policy,
    reasons,
    role,
    write,
)

ROLE_ARN = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/personalize"}
ROLES: Json = {"Resources": {"Role": role(RoleName="personalize")}}
KEYS: Json = {
    "Resources": {"Key": key("arn:aws:iam::${AWS::AccountId}:role/personalize")},
    "Outputs": {"Key": {"Value": KEY, "Export": {"Name": "key"}}},
}
KEYS["Resources"]["Key"]["Properties"]["KeyPolicy"]["Statement"][0]["Principal"] = {"AWS": ROLE_ARN}
del KEYS["Resources"]["Key"]["DependsOn"]
IMPORTED = {"Fn::ImportValue": "key"}
MAIN: Json = {
    "Resources": {
        "Policy": policy(IMPORTED, "personalize"),
        "Movies": dataset_group(IMPORTED, ROLE_ARN),
    }
}


def folder_of(directory: Path, **templates: Json) -> Path:
    """A folder of templates without a manifest; two underscores stand for a dot."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, template in templates.items():
        (directory / name.replace("__", ".")).write_text(json.dumps(template))
    return directory


def test_a_folder_of_templates_is_one_deployment(tmp_path: Path) -> None:
    """They have each other's exports, and roles by name; other files stay out."""
    folder = folder_of(tmp_path / "stacks", roles__json=ROLES, keys__template=KEYS, main__yaml=MAIN)
    (folder / "values.json").write_text('[{"ParameterKey": "Stage"}]')
    (folder / "policy.json").write_text(
        '{"Statement": [{"Resource": "${AWS::AccountId}", "Note": "Resources"}]}'
    )
    (folder / "chart.yaml").write_text("a: {{ .Values.a }}")
    (folder / "old.json").write_bytes(b'"\xff"')
    (folder / "loop.yaml").symlink_to("loop.yaml")
    report = check_assembly(folder)
    assert report.asked == ("main/Movies (dataset group)",)
    assert findings(report) == CLEAN
    assert len(report.allowed) == 14
    assert run(folder, "--strict").exit_code == 0


def test_several_templates_are_one_deployment(tmp_path: Path) -> None:
    """Wherever they are; each line tells the file."""
    parts = [
        folder_of(tmp_path / "a", template__json=ROLES) / "template.json",
        folder_of(tmp_path / "b", keys__json=KEYS) / "keys.json",
        folder_of(tmp_path / "c", template__json=MAIN),
    ]
    report = json.loads(run(*parts, "--format", "json").stdout)
    assert report["asked"] == [f"{parts[2].as_posix()}/template.json/Movies (dataset group)"]
    assert len(report["allowed"]) == 14
    lacking = json.loads(json.dumps(KEYS))
    lacking["Resources"]["Key"]["Properties"]["KeyPolicy"]["Statement"].pop()
    folder_of(tmp_path / "b", keys__json=lacking)
    result = run(*parts, "--quiet")
    assert result.exit_code == 1
    assert "b/keys.json:1  key policy of keys/Key lacks kms:CreateGrant" in result.stdout
    alone = check_assembly(parts[2])
    assert (alone.missing, len(alone.undecided)) == ((), 11)


def test_templates_are_deployed_in_the_order_that_they_need(tmp_path: Path) -> None:
    """Only the people who deploy them know it; within a template the order counts."""
    policies = {"Resources": {"Policy": MAIN["Resources"]["Policy"]}}
    groups = {"Resources": {"Movies": dataset_group(IMPORTED, ROLE_ARN, waits=[])}}
    owned = {"roles__json": ROLES, "keys__json": KEYS}
    folder_of(tmp_path / "1", **owned, policies__json=policies, main__json=groups)
    assert findings(check_assembly(tmp_path / "1")) == CLEAN
    together = {"Resources": {**policies["Resources"], **groups["Resources"]}}
    folder_of(tmp_path / "2", **owned, main__json=together)
    assert [problem.kind for problem in check_assembly(tmp_path / "2").problems] == ["ordering"]


NAMED_BUCKET = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "ratings"}}
BY_REGION = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::Sub": "${Stage}-a"}}}


@pytest.mark.parametrize(
    ("made", "kind", "name"),
    [
        (NAMED_BUCKET, "bucket", "ratings"),
        (role(RoleName="Movies"), "role", "Movies"),
        (BY_REGION, "bucket", "prod-a"),
    ],
    ids=["a bucket", "a role", "by a value that is given"],
)
def test_two_deployments_in_one_run(made: Json, kind: str, name: str, tmp_path: Path) -> None:
    """They aren't deployed together, so the findings on one would hide those on the other."""
    template = {**complete(One=made), "Parameters": {"Stage": {"Type": "String"}}}
    folder = folder_of(tmp_path, dev__json=template, prod__yaml=template)
    one, other = folder / "dev.json", folder / "prod.yaml"
    for paths in ([folder], [one, other]):
        result = run(*paths, "--parameters", "Stage=prod")
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == (
            f"personalize-kms: {one} and {other} both make the {kind} {name}, so they aren't "
            "deployed together: check each in a run of its own\n"
        )
    assert run(one, "--parameters", "Stage=prod").exit_code == 0


def test_two_templates_of_others_in_one_run(tmp_path: Path) -> None:
    """They are nobody's concern here."""
    others = {"Resources": {"Logs": NAMED_BUCKET}}
    folder = folder_of(tmp_path, main__json=complete(), one__json=others, two__json=others)
    assert run(folder).exit_code == 0


@pytest.mark.parametrize(
    "made",
    [
        {**NAMED_BUCKET, "Condition": "IsProd"},
        BY_REGION,
        role(RoleName={"Fn::Sub": "movies-${AWS::Region}"}),
    ],
    ids=["under a condition", "by a parameter", "by Region"],
)
def test_templates_that_may_be_deployed_together(made: Json, tmp_path: Path) -> None:
    """Their names may differ."""
    template = complete(One=made)
    assert run(folder_of(tmp_path, dev__json=template, prod__json=template)).exit_code == 0


def test_a_path_counts_once(tmp_path: Path) -> None:
    """Though it is given twice, or its folder too."""
    folder = folder_of(tmp_path, main__json=complete())
    once = run(folder).stdout
    assert run(folder, folder / "main.json", f"{folder}/../{folder.name}").stdout == once
    assert once.endswith("\n0 missing, 0 problems, 0 too much, 0 undecided, 14 as documented\n")


def test_several_assemblies_are_judged_each_for_itself(tmp_path: Path) -> None:
    """They are in one report; an app acknowledges its own findings alone."""
    lacking = complete(Policy=policy(actions=IN_IAM[1:]))
    dev, prod = (write(tmp_path / name / "cdk.out", {"Main": lacking}) for name in ("dev", "prod"))
    report = json.loads(run(dev, prod, "--format", "json").stdout)
    assert (len(report["missing"]), len(report["allowed"])) == (2, 26)
    known = {"Personalize::MissingRoleAccess": "known"}
    acknowledged = {"type": "aws:cdk:acknowledged-rules", "data": known}
    edit(dev / "manifest.json", Main={"metadata": {"/Main": [acknowledged]}})
    result = run(dev, prod)
    assert result.exit_code == 1
    place = f"{os.path.relpath(prod)}/Main.template.json:1"
    assert f"{place}  IAM policies of Main/Role lack kms:Decrypt" in result.stdout
    assert result.stdout.endswith(
        "1 missing, 0 problems, 0 too much, 0 undecided, 26 as documented\n"
        "1 finding left out, acknowledged in the app or ignored\n"
    )
    exported = folder_of(tmp_path / "keys", keys__json=KEYS)
    apart = write(tmp_path / "apart", {"Main": MAIN})
    assert run(exported, apart, "--fail-on", "undecided").exit_code == 1


def test_the_standard_input(tmp_path: Path) -> None:
    """In JSON or YAML, alone or with others; no line of it is told."""
    lacking = json.dumps(complete(Policy=policy(actions=IN_IAM[1:])), indent=2)
    result = run("-", "--quiet", text=lacking)
    assert (result.exit_code, result.stderr) == (1, "")
    assert result.stdout.startswith("✘ -  IAM policies of stdin/Role lack kms:Decrypt on stdin/Key")
    assert run("-", "--format", "sarif", text=lacking).exit_code == 1
    parts = folder_of(tmp_path, roles__json=ROLES, keys__json=KEYS)
    assert run("-", parts, "--strict", text=json.dumps(MAIN)).exit_code == 0
    assert run("-", text="Resources: [").stderr.startswith(
        "personalize-kms: -: can't be read as YAML: line 1: "
    )
    assert run("-", text=b"\xff").stderr.startswith("personalize-kms: -: can't be read as UTF-8: ")


@pytest.mark.parametrize("path", ["main.tf", "main.tf.json"])
def test_terraform_is_sent_to_its_page(path: str, tmp_path: Path) -> None:
    """Not read, nor taken for a template in JSON."""
    (tmp_path / "main.tf").write_text('resource "aws_kms_key" "key" {}')
    (tmp_path / "main.tf.json").write_text('{"resource": {}}')
    result = run(tmp_path / path)
    assert (result.exit_code, result.stderr) == (
        2,
        f"personalize-kms: {tmp_path / path}: the check doesn't read Terraform: the statements "
        f"are in {page_at('how-to/check.md')}\n",
    )


def test_a_template_of_an_assembly_alone(tmp_path: Path) -> None:
    """It is refused: the folder has more, except of a product, or with another manifest."""
    write(tmp_path, {"Main": complete()})
    template = tmp_path / "Main.template.json"
    result = run(template)
    said = f"personalize-kms: {template} is a part of a cloud assembly: pass {tmp_path}\n"
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", said)
    with pytest.raises(AssemblyError, match="is a part of a cloud assembly"):
        check_assembly(template)
    product = template.rename(tmp_path / "Main.product.template.json")
    assert run(product).exit_code == 0
    folder = folder_of(tmp_path / "web", manifest__json={"name": "App"}, main__json=complete())
    assert run(folder / "main.json").exit_code == 0


INNER: Json = {
    "Parameters": {"RoleArn": {"Type": "String"}, "RoleName": {"Type": "String"}},
    "Resources": {"Key": key({"Ref": "RoleArn"}), "Policy": policy(role={"Ref": "RoleName"})},
    "Outputs": {"KeyArn": {"Value": KEY}},
}
PASSED = {"RoleArn": ROLE, "RoleName": {"Ref": "Role"}}
NESTED = {"stack": "AWS::CloudFormation::Stack", "application": "AWS::Serverless::Application"}
URLS = {"stack": "TemplateURL", "application": "Location"}


def outer(kind: str, url: object) -> Json:
    nested = {"Type": NESTED[kind], "Properties": {URLS[kind]: url, "Parameters": PASSED}}
    movies = dataset_group({"Fn::GetAtt": ["Nested", "Outputs.KeyArn"]}, waits=[])
    return {"Resources": {"Role": role(), "Nested": nested, "Movies": movies}}


@pytest.mark.parametrize(
    ("kind", "url"), [("stack", "./inner.json"), ("application", "parts/inner.json")]
)
def test_a_nested_template_beside_the_template(kind: str, url: str, tmp_path: Path) -> None:
    """As ``aws cloudformation package`` and SAM take it: parameters go in, outputs come out."""
    folder_of(tmp_path / "parts", inner__json=INNER)
    folder = folder_of(tmp_path, inner__json=INNER, main__json=outer(kind, url))
    alone = check_assembly(folder / "main.json")
    assert findings(alone) == CLEAN
    assert len(alone.allowed) == 14


def test_what_is_nested_in_another_template_of_a_folder_is_no_stack_of_its_own(
    tmp_path: Path,
) -> None:
    """There its parameters have no values."""
    folder = folder_of(tmp_path, inner__json=INNER, main__json=outer("stack", "./inner.json"))
    assert findings(check_assembly(folder)) == CLEAN
    assert run(folder / "inner.json", folder / "main.json", "--strict").exit_code == 0


@pytest.mark.parametrize(
    ("kind", "url", "its"),
    [
        ("stack", "./gone.json", "its template ./gone.json isn't there"),
        ("stack", {"Fn::Sub": "https://${Assets}/a.json"}, "its template isn't there"),
        (
            "application",
            {"ApplicationId": "arn:aws:serverlessrepo:::a", "SemanticVersion": "1.0.0"},
            "its template isn't there",
        ),
    ],
)
def test_a_nested_template_that_is_not_there(
    kind: str, url: object, its: str, tmp_path: Path
) -> None:
    """It is named where the file is said."""
    resources = {**complete()["Resources"], **outer(kind, url)["Resources"]}
    folder_of(tmp_path, main__json={"Resources": resources})
    told = {because for because in reasons(check_assembly(tmp_path)) if "template" in because}
    name = {"stack": "TemplateURL", "application": "Location"}[kind]
    how = f"put it beside this file, with its path as {name}"
    assert told == {f"{its}, so what it does to policies isn't known ({how})"}


def test_a_policy_in_a_nested_template_of_another_folder(tmp_path: Path) -> None:
    """It belongs to the deployment, and exports to it."""
    inner = {
        "Resources": {"Key": KEYS["Resources"]["Key"], "More": managed(role="personalize")},
        "Outputs": KEYS["Outputs"],
    }
    folder_of(tmp_path / "parts", inner__json=inner)
    nested = {"Type": NESTED["stack"], "Properties": {"TemplateURL": "parts/inner.json"}}
    folder_of(
        tmp_path, roles__json=ROLES, main__json=MAIN, keys__json={"Resources": {"Nested": nested}}
    )
    assert findings(check_assembly(tmp_path)) == CLEAN
