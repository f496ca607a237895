"""Roles by their names and paths: which policies are whose, and which roles can't both be made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from personalize_kms_constructs._assembly.manifest import read_assembly
from tests.checks.templates import NO_VALUE, check, policy, role, write


@pytest.mark.parametrize(
    "path",
    [
        "/team/",
        {"Fn::If": ["IsProd", "/prod/", "/dev/"]},
        {"Fn::If": ["IsProd", "/prod/", NO_VALUE]},
        {"Ref": "Stage"},
        {"Fn::Sub": "/${Stage}/"},
        {"Fn::ImportValue": "path"},
    ],
)
@pytest.mark.parametrize("name", [{}, {"RoleName": "movies"}, {"RoleName": {"Fn::Sub": "movies-${Stage}"}}])
def test_the_policies_of_a_role_whatever_its_path(path: Any, name: Any, tmp_path: Path) -> None:
    """They are attached to the role by its name, which ``Ref`` returns, and not by its ARN."""
    report = check(tmp_path, {"Role": role(Path=path, **name)})
    assert (report.missing, report.undecided, report.problems) == ((), (), ())
    lacking = check(tmp_path / "2", {"Role": role(Path=path, **name), "Policy": policy(role="another")})
    assert [each.action for each in lacking.missing] == [
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:GenerateDataKey",
        "kms:ListGrants",
    ]


def test_resources_of_nested_stacks_have_their_own_paths(tmp_path: Path) -> None:
    """Logical ids begin anew in each nested stack, one within the other included."""
    app = cdk.App(outdir=str(tmp_path / "out"), analytics_reporting=False)
    stack = cdk.Stack(app, "Main")
    outer = [cdk.NestedStack(stack, name) for name in ("One", "Two")]
    for each in (stack, *outer, cdk.NestedStack(outer[1], "Deep")):
        iam.CfnRole(each, "Role", assume_role_policy_document={"Statement": []})
    app.synth()
    (template,) = read_assembly(tmp_path / "out", []).templates
    assert sorted(each.path_of("Role") for each in template.with_nested()) == [
        "Main/One/Role",
        "Main/Role",
        "Main/Two/Deep/Role",
        "Main/Two/Role",
    ]


def test_a_path_that_two_nested_stacks_may_have(tmp_path: Path) -> None:
    """Without a path of the nested stack, none is guessed where more than one resource has the logical id."""
    inner = {"Type": "AWS::CloudFormation::Stack", "Metadata": {"aws:asset:path": "nested.json"}}
    (tmp_path / "nested.json").write_text(json.dumps({"Resources": {"Role": role(), "Alone": role()}}))
    directory = write(tmp_path, {"Main": {"Resources": {"Nested": inner}}})
    manifest = json.loads((directory / "manifest.json").read_text())
    manifest["artifacts"]["Main"]["metadata"] = {
        path: [{"type": "aws:cdk:logicalId", "data": name}]
        for path, name in {"/Main/A/Role": "Role", "/Main/B/Role": "Role", "/Main/C/Alone": "Alone"}.items()
    }
    (directory / "manifest.json").write_text(json.dumps(manifest))
    (template,) = read_assembly(directory, []).templates
    nested = template.nested["Nested"]
    assert nested.path_of("Role") == "Main/Nested/Role"
    assert nested.path_of("Alone") == "Main/C/Alone"
