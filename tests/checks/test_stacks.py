"""Stacks that refer to each other: exports, nested stacks, other Regions, construct paths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_check import check_assembly
from personalize_kms_check._templates.manifest import read_assembly
from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource
from tests.checks.templates import (
    AGNOSTIC,
    CLEAN,
    IN_IAM,
    KEY,
    ROLE,
    check,
    complete,
    dataset_group,
    findings,
    key,
    of_type,
    policy,
    role,
    write,
)
from tests.life.conftest import GROUP, allowing, importing, l1_role

SOURCE = {"bucket": "arn:aws:s3:::ratings", "prefix": "in/"}
JOBS = [{"resource": "dataset import job", "source": SOURCE}]


@pytest.mark.parametrize(
    "imported",
    [
        {"Fn::ImportValue": "Security-key"},
        {"Fn::GetStackOutput": {"StackName": "Security", "OutputName": "Exported"}},
    ],
)
def test_another_stack_by_its_exports(imported: Any, tmp_path: Path) -> None:
    """Exported or not, whose name may be an expression."""
    exported = {"Value": KEY, "Export": {"Name": {"Fn::Sub": "${AWS::StackName}-key"}}}
    role_arn = "arn:aws:iam::111122223333:role/personalize"
    of_role = key(role_arn)
    security = {"Resources": {"Key": of_role}, "Outputs": {"Exported": exported}}
    used, group = policy(imported, "personalize"), dataset_group(imported, role_arn)
    roles = {"Resources": {"Role": role(RoleName="personalize")}}
    main = {"Resources": {"Policy": used, "Movies": group}}
    stacks = {"Roles": roles, "Security": security, "Main": main}
    told = findings(check_assembly(write(tmp_path, stacks, dependencies={"Security": ["Roles"]})))
    assert told == CLEAN


@pytest.mark.parametrize("by_path", [True, False])
def test_nested_stacks(by_path: bool, tmp_path: Path) -> None:
    """Parameters go in, outputs come out, and a resource waits for all of a nested stack."""
    inner = {
        "Parameters": {"RoleArn": {"Type": "String"}, "RoleName": {"Type": "String"}},
        "Resources": {"Key": key({"Ref": "RoleArn"}), "Policy": policy(role={"Ref": "RoleName"})},
        "Outputs": {"KeyArn": {"Value": KEY}},
    }
    nested: dict[str, Any] = of_type(
        "AWS::CloudFormation::Stack",
        TemplateURL={"Fn::Sub": "https://s3.${AWS::URLSuffix}/assets/0123456789abcdef.json"},
        Parameters={"RoleArn": ROLE, "RoleName": {"Ref": "Role"}},
    )
    file = "Inner.nested.template.json"
    if by_path:
        nested["Metadata"] = {"aws:asset:path": file}
    movies = dataset_group({"Fn::GetAtt": ["Nested", "Outputs.KeyArn"]}, waits=[])
    template = {"Resources": {"Role": role(), "Nested": nested, "Movies": movies}}
    assets = {} if by_path else {"0123456789abcdef": file}
    report = check(tmp_path, template, assets=assets, files={file: inner})
    assert findings(report) == CLEAN
    assert len(report.allowed) == 14
    nested["Metadata"] = {}
    elsewhere = check(tmp_path / "elsewhere", template)
    unseen = "its template isn't in the assembly"
    assert any(entry.because.startswith(unseen) for entry in elsewhere.undecided)


def test_resources_of_nested_stacks_have_their_own_paths(app: cdk.App) -> None:
    """Logical ids begin anew in each nested stack, one within the other included."""
    stack = cdk.Stack(app, "Main")
    outer = [cdk.NestedStack(stack, name) for name in ("One", "Two")]
    for scope in (stack, *outer, cdk.NestedStack(outer[1], "Deep")):
        iam.CfnRole(scope, "Role", assume_role_policy_document={"Statement": []})
    (template,) = read_assembly(Path(app.synth().directory)).templates
    paths = sorted(part.declaration_of("Role").path for part in template.with_nested())
    assert paths == ["Main/One/Role", "Main/Role", "Main/Two/Deep/Role", "Main/Two/Role"]


def test_a_nested_stack_of_nothing(app: cdk.App) -> None:
    """Its template is empty, and nothing in it can do anything to policies."""
    stack = cdk.Stack(app, "Main")
    cdk.NestedStack(stack, "Nothing")
    PersonalizeEncryption(stack, "Encryption").add_dataset_group("Movies", name="movies")
    assert check_assembly(app.synth()).undecided == ()


def test_nested_stacks_that_are_equal(app: cdk.App) -> None:
    """Their templates are one asset; each construct is checked in its own nested stack, if made."""
    stack = cdk.Stack(app, "Main")
    never = cdk.CfnCondition(stack, "Never", expression=cdk.Fn.condition_equals("a", "b"))
    for name, condition in (("One", None), ("Two", None), ("Three", never)):
        nested = cdk.NestedStack(stack, name)
        allowing(nested, GROUP)
        assert nested.nested_stack_resource is not None
        nested.nested_stack_resource.cfn_options.condition = condition
    report = check_assembly(app.synth())
    assert findings(report) == CLEAN
    asked = ("Main/One/Encryption (dataset group)", "Main/Two/Encryption (dataset group)")
    assert report.asked == asked


def test_one_bucket_name_in_two_partitions(app: cdk.App) -> None:
    """They are two buckets, each with its own key and policy."""
    for region in ("eu-west-1", "cn-north-1"):
        env = cdk.Environment(account="111122223333", region=region)
        stack = cdk.Stack(app, region, env=env)
        key = kms.Key(stack, "Key")
        allowing(stack, importing(s3.Bucket(stack, "Data", bucket_name="data", encryption_key=key)))
    report = check_assembly(app.synth())
    assert findings(report) == CLEAN
    assert len(report.allowed) == 48


def region(app: cdk.App, name: str) -> cdk.Stack:
    env = cdk.Environment(account="111111111111", region=name)
    return cdk.Stack(app, name, env=env, cross_region_references=True)


@pytest.mark.parametrize(
    ("role_name", "nested"),
    [(None, False), (f"personalize-{cdk.Aws.REGION}", True)],
    ids=["nameless", "nested"],
)
def test_a_role_of_another_region(app: cdk.App, nested: bool, role_name: str | None) -> None:
    """The CDK refers to it by parameters of Systems Manager, so that it isn't known."""
    role = l1_role(region(app, "us-east-1"), path="/team/", role_name=role_name)
    ireland = region(app, "eu-west-1")
    scope = cdk.NestedStack(ireland, "Nested") if nested else ireland
    encryption = PersonalizeEncryption(scope, "Encryption", service_role=role)
    encryption.add_dataset_group("Movies", name="movies")
    encryption.allow(PersonalizeResource.dataset_export_job())
    report = check_assembly(app.synth())
    assert (report.missing, report.problems) == ((), ())
    assert {entry.policy for entry in report.undecided} == {"key", "role", "trust"}


def test_stages_are_checked_each_for_itself(tmp_path: Path) -> None:
    """Two stages that have the same names in them are two deployments."""
    stages = {}
    for stage, actions in (("Beta", None), ("Prod", ["kms:Decrypt"])):
        template = complete(Role=role(RoleName="personalize"), Policy=policy(actions=actions))
        directory = tmp_path / f"assembly-{stage}"
        stages[stage] = write(directory, {f"{stage}Main": template}, **AGNOSTIC)
    report = check_assembly(write(tmp_path, {}, stages=stages))
    assert report.asked == ("BetaMain/Movies (dataset group)", "ProdMain/Movies (dataset group)")
    assert {entry.action for entry in report.missing} == set(IN_IAM) - {"kms:Decrypt"}
    needed_by = [entry.needed_by for entry in report.missing]
    assert needed_by == [["ProdMain/Movies (dataset group)"]] * 3


def test_exports_of_stages_are_those_of_the_same_stage(tmp_path: Path) -> None:
    """Stages may be deployed side by side, each with an export of that name."""
    imported = {"Fn::ImportValue": "key"}
    stages = {}
    for name in ("Beta", "Prod"):
        outputs = {"Key": {"Value": KEY, "Export": {"Name": "key"}}}
        reader, movies = role(RoleName="reader"), dataset_group(imported)
        main = {"Resources": {"Role": reader, "Policy": policy(imported), "Movies": movies}}
        of_reader = key("arn:aws:iam::111122223333:role/reader")
        security = {"Resources": {"Key": of_reader}, "Outputs": outputs}
        stacks = {f"{name}Security": security, f"{name}Main": main}
        stages[name] = write(tmp_path / f"assembly-{name}", stacks)
    report = check_assembly(write(tmp_path, {}, stages=stages))
    keys = {
        (entry.needed_by[0], entry.policy_of.rpartition("/")[2])
        for entry in report.allowed
        if entry.policy == "key"
    }
    assert keys == {
        ("BetaMain/Movies (dataset group)", "${BetaSecurity.Key}"),
        ("ProdMain/Movies (dataset group)", "${ProdSecurity.Key}"),
    }
