"""Readings of an assembly: keys, roles, buckets and their policies, in all the ways that it can say them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_kms_constructs._access.report import AccessReport
from personalize_kms_constructs.checks import check_assembly
from tests.checks.assemblies import lines
from tests.checks.templates import ACTIONS, IN_IAM, complete, dataset_group, key, policy, role, write

KEY = {"Fn::GetAtt": ["Key", "Arn"]}
ROLE = {"Fn::GetAtt": ["Role", "Arn"]}
CLEAN = ((), (), ())


def check(directory: Path, template: Any, **more: Any) -> AccessReport:
    return check_assembly(write(directory, {"Main": template}, **more))


def findings(report: AccessReport) -> tuple[Any, Any, Any]:
    return report.missing, report.undecided, report.problems


def test_a_complete_template_is_clean(tmp_path: Path) -> None:
    """So that the findings below come from what is changed; the report knows what was asked."""
    report = check(tmp_path, complete())
    assert findings(report) == CLEAN
    assert report.asked == ("Main/Movies (dataset group)",)
    assert len(report.allowed) == 14


@pytest.mark.parametrize(
    "expression",
    [
        {"Fn::GetAtt": "Key.Arn"},
        {"Fn::Sub": "${Key.Arn}"},
        {"Fn::Sub": ["${arn}", {"arn": KEY}]},
        {"Fn::Join": [":", ["arn:aws:kms:eu-west-1", {"Ref": "AWS::AccountId"}, {"Fn::Sub": "key/${Key}"}]]},
        {"Fn::Select": [0, {"Fn::Split": ["|", {"Fn::Join": ["|", [KEY, "rest"]]}]}]},
        {"Fn::If": ["Always", KEY, "nothing"]},
        {"Fn::If": ["Never", "nothing", KEY]},
        {"Fn::If": ["Maybe", KEY, {"Fn::Sub": "${Key.Arn}"}]},
    ],
)
def test_references_to_a_key(expression: Any, tmp_path: Path) -> None:
    """All are the same key, in the dataset group and in the role's policy."""
    template = {
        **complete(Movies=dataset_group(expression), Policy=policy(expression)),
        "Parameters": {"Stage": {"Type": "String", "Default": "prod"}},
        "Conditions": {
            "Always": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]},
            "Never": {"Fn::Not": [{"Condition": "Always"}]},
            "Maybe": {"Fn::And": [{"Condition": "Always"}, {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}]},
        },
    }
    assert findings(check(tmp_path, template)) == CLEAN


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ({"Ref": "KeyArn"}, "Main.KeyArn"),
        ({"Fn::ImportValue": "security-key"}, "export security-key"),
        ({"Fn::GetAtt": ["Lookup", "Arn"]}, "Main.Lookup.Arn"),
        ("{{resolve:ssm:/security/key}}", "resolve:ssm:/security/key"),
        ({"Fn::If": ["Maybe", KEY, "arn:aws:kms:eu-west-1:111122223333:key/1"]}, "Fn::If Maybe"),
        ({"Fn::Transform": {"Name": "Macro"}}, "Fn::Transform"),
    ],
)
def test_what_a_template_does_not_tell_is_undecided(expression: Any, name: str, tmp_path: Path) -> None:
    """A parameter, its default included, an import from another app, a custom resource, SSM: never a guess."""
    template = {
        **complete(Movies=dataset_group(expression), Lookup={"Type": "Custom::Lookup"}),
        "Parameters": {"KeyArn": {"Type": "String", "Default": "arn:aws:kms:eu-west-1:111122223333:key/1"}},
        "Conditions": {"Maybe": {"Fn::Equals": [{"Ref": "KeyArn"}, ""]}},
    }
    report = check(tmp_path, template)
    assert (report.missing, report.problems) == ((), ())
    assert report.undecided
    assert all(name in each.because or name in each.resource for each in report.undecided)


def test_policies_of_a_role_in_every_form(tmp_path: Path) -> None:
    """Inline, attached by either side, by name or by reference, and as a resource of their own."""
    document = {"Statement": {"Effect": "Allow", "Action": IN_IAM, "Resource": KEY}}
    plain = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}
    named = {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"PolicyDocument": document, "ManagedPolicyName": "use", "Path": "/team/"},
    }

    def of_role(type: str, **properties: Any) -> dict[str, Any]:
        return {"Type": type, "Properties": {"PolicyDocument": document, **properties}}

    forms: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"Policies": [{"PolicyName": "use", "PolicyDocument": document}]}, {}),
        ({"ManagedPolicyArns": [{"Ref": "Other"}]}, {"Other": plain}),
        ({"ManagedPolicyArns": [{"Fn::GetAtt": ["Other", "PolicyArn"]}]}, {"Other": plain}),
        ({"ManagedPolicyArns": ["arn:aws:iam::111122223333:policy/team/use"]}, {"Other": named}),
        ({}, {"Other": of_role("AWS::IAM::Policy", Roles=[{"Ref": "Role"}])}),
        ({}, {"Other": of_role("AWS::IAM::Policy", Roles=["r"])}),
        ({}, {"Other": of_role("AWS::IAM::RolePolicy", RoleName={"Ref": "Role"})}),
    ]
    for number, (properties, others) in enumerate(forms):
        template = complete(
            Role=role(RoleName="r", **properties),
            Key=key("arn:aws:iam::111122223333:role/r"),
            Movies=dataset_group(waits=list(others)),
            **others,
        )
        del template["Resources"]["Policy"]
        assert findings(check(tmp_path / str(number), template)) == CLEAN, properties or others


def test_policies_of_another_role_are_not_its_own(tmp_path: Path) -> None:
    """Nor is a policy that hangs in the air."""
    for roles in (["another"], []):
        template = complete(Policy={**policy(), "Properties": {**policy()["Properties"], "Roles": roles}})
        report = check(tmp_path, template)
        assert {(each.policy, each.action) for each in report.missing} == {("role", action) for action in IN_IAM}


def test_managed_policies_of_aws_leave_the_role_undecided(tmp_path: Path) -> None:
    """Their content isn't in the app."""
    arn = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::aws:policy/AdministratorAccess"]]}
    template = complete(Role=role(ManagedPolicyArns=[arn]), Policy=policy(actions=["kms:Decrypt"]))
    report = check(tmp_path, template)
    assert report.missing == ()
    assert {each.action for each in report.undecided} == set(IN_IAM) - {"kms:Decrypt"}
    assert all("AdministratorAccess isn't part of the app" in each.because for each in report.undecided)


def test_a_permissions_boundary_of_the_app_and_one_of_others(tmp_path: Path) -> None:
    """The one is judged, the other leaves the role undecided."""
    boundary = {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "kms:D*", "Resource": "*"}]}},
    }
    report = check(tmp_path, complete(Role=role(PermissionsBoundary={"Ref": "Boundary"}), Boundary=boundary))
    missing = {(each.policy, each.action) for each in report.missing}
    assert missing == {
        ("key", "kms:CreateGrant"),
        ("key", "kms:GenerateDataKey"),
        ("key", "kms:ListGrants"),
        ("role", "kms:GenerateDataKey"),
        ("role", "kms:ListGrants"),
    }
    other = check(tmp_path, complete(Role=role(PermissionsBoundary="arn:aws:iam::111122223333:policy/Company")))
    assert other.missing == ()
    assert {each.principal for each in other.undecided} == {"role"}
    assert all("policy/Company isn't part of the app" in each.because for each in other.undecided)


def bucket(**encryption: Any) -> dict[str, Any]:
    rule = {"ServerSideEncryptionByDefault": encryption}
    properties = {"BucketEncryption": {"ServerSideEncryptionConfiguration": [rule]}} if encryption else {}
    return {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "ratings", **properties}}


def importing(path: Any = "s3://ratings/import/", **more: Any) -> dict[str, Any]:
    """A dataset of the dataset group, with an import job."""
    return {
        "Type": "AWS::Personalize::Dataset",
        "Properties": {
            "DatasetGroupArn": {"Fn::GetAtt": ["Movies", "DatasetGroupArn"]},
            "DatasetImportJob": {"RoleArn": ROLE, "DataSource": {"DataLocation": path}},
            **more,
        },
    }


@pytest.mark.parametrize(
    ("encryption", "keys"),
    [
        ({}, {"${Main/Key}"}),
        ({"SSEAlgorithm": "AES256"}, {"${Main/Key}"}),
        (
            {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Fn::GetAtt": ["DataKey", "Arn"]}},
            {"${Main/Key}", "${Main/DataKey}"},
        ),
        ({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Ref": "DataKey"}}, {"${Main/Key}", "${Main/DataKey}"}),
        ({"SSEAlgorithm": "aws:kms:dsse", "KMSMasterKeyID": "alias/data"}, {"${Main/Key}", "${Main/DataKey}"}),
        ({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Ref": "Key"}}, {"${Main/Key}"}),
    ],
)
def test_the_key_of_a_bucket(encryption: Any, keys: set[str], tmp_path: Path) -> None:
    """By its ARN, its id or its alias; a bucket that isn't encrypted with KMS has none."""
    template = complete(
        Ratings=importing(),
        Bucket=bucket(**encryption),
        DataKey={"Type": "AWS::KMS::Key"},
        Alias={"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "alias/data", "TargetKeyId": {"Ref": "DataKey"}}},
    )
    report = check(tmp_path, template)
    entries = (*report.missing, *report.allowed)
    assert {on for _, column, _, on in lines(report, entries) if column == "key"} == keys
    assert {each.action for each in report.missing if each.policy == "bucket"} == {"s3:GetObject", "s3:ListBucket"}
    assert report.undecided == ()


@pytest.mark.parametrize(
    ("encryption", "says"),
    [
        ({"SSEAlgorithm": "aws:kms"}, "aws/s3"),
        ({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/aws/s3"}, "aws/s3"),
    ],
)
def test_keys_of_buckets_that_cannot_work(encryption: Any, says: str, tmp_path: Path) -> None:
    """AWS's own key, named or not."""
    report = check(tmp_path, complete(Ratings=importing(), Bucket=bucket(**encryption)))
    assert [says in each.message for each in report.problems] == [True]


def test_paths_in_s3(tmp_path: Path) -> None:
    """The bucket by its name or by reference; a path that is none is a problem, one that isn't known is open."""
    for path in ("s3://ratings/import/", {"Fn::Join": ["", ["s3://", {"Ref": "Bucket"}, "/import/"]]}):
        report = check(tmp_path, complete(Ratings=importing(path), Bucket=bucket()))
        assert {each.resource for each in report.missing if each.policy == "bucket"} == {
            "arn:aws:s3:::ratings",
            "arn:aws:s3:::ratings/import/*",
        }
    file = check(tmp_path, complete(Ratings=importing("s3://ratings/import/ratings.csv"), Bucket=bucket()))
    assert "arn:aws:s3:::ratings/import/ratings.csv" in {each.resource for each in file.missing}
    wrong = check(tmp_path, complete(Ratings=importing("/data/ratings.csv"), Bucket=bucket()))
    assert [each.kind for each in wrong.problems] == ["configuration"]
    assert "an s3:// URI is expected" in wrong.problems[0].message
    parameters = {"Parameters": {"Path": {"Type": "String"}}}
    open_path = check(tmp_path, {**complete(Ratings=importing({"Ref": "Path"})), **parameters})
    assert open_path.problems == ()
    assert ["its source ${Main.Path?} isn't known" in each.because for each in open_path.undecided] == [True]


def test_key_and_role_of_a_dataset_group_come_together(tmp_path: Path) -> None:
    """Neither is fine, one alone is a problem."""
    neither = {"Type": "AWS::Personalize::DatasetGroup", "Properties": {"Name": "movies"}}
    assert check(tmp_path, {"Resources": {"Movies": neither}}).asked == ()
    for lacking in ("KmsKeyArn", "RoleArn"):
        movies = dataset_group()
        del movies["Properties"][lacking]
        (problem,) = check(tmp_path, complete(Movies=movies)).problems
        assert (problem.kind, problem.where) == ("configuration", "Main/Movies")
        assert "come together, or not at all" in problem.message


def test_the_key_of_the_dataset_group_of_an_import(tmp_path: Path) -> None:
    """One in the app is known; of one that exists already nobody knows the key."""
    report = check(tmp_path, complete(Ratings=importing(), Bucket=bucket()))
    asks = {by for each in (*report.missing, *report.allowed) if each.policy == "key" for by in each.needed_by}
    assert asks == {"Main/Movies (dataset group)", "Main/Ratings (dataset import job)"}
    elsewhere = importing(DatasetGroupArn="arn:aws:personalize:eu-west-1:111122223333:dataset-group/books")
    report = check(tmp_path, complete(Ratings=elsewhere, Bucket=bucket()))
    (entry,) = report.undecided
    assert "its dataset group can't be seen" in entry.because
    assert "dataset-group/books" in entry.because


def test_resources_that_a_condition_leaves_out(tmp_path: Path) -> None:
    """A condition that is decided counts; one that isn't leaves what depends on it undecided."""
    conditions = {
        "Parameters": {"Stage": {"Type": "String"}},
        "Conditions": {
            "Never": {"Fn::Equals": ["a", "b"]},
            "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
        },
    }
    never = {**complete(Policy={**policy(), "Condition": "Never"}, Movies=dataset_group(waits=[])), **conditions}
    assert {each.policy for each in check(tmp_path, never).missing} == {"role"}
    maybe = {**complete(Policy={**policy(), "Condition": "IsProd"}), **conditions}
    report = check(tmp_path, maybe)
    assert report.missing == ()
    assert {each.policy for each in report.undecided} == {"role"}
    assert all("it depends on the condition Main.IsProd" in each.because for each in report.undecided)
    both = {
        **complete(Policy={**policy(), "Condition": "IsProd"}, Movies=dataset_group(Condition="IsProd")),
        **conditions,
    }
    assert findings(check(tmp_path, both)) == CLEAN
    group = {**complete(Movies=dataset_group(Condition="Never")), **conditions}
    assert check(tmp_path, group).asked == ()


def test_another_stack_by_its_exports(tmp_path: Path) -> None:
    """And the order of stacks: by the manifest, or by the import."""
    arn = "arn:aws:iam::111122223333:role/personalize"
    exported = {"Value": KEY, "Export": {"Name": {"Fn::Sub": "${AWS::StackName}-key"}}}
    security = {"Resources": {"Key": key(arn)}, "Outputs": {"Exported": exported}}
    for imported in (
        {"Fn::ImportValue": "Security-key"},
        {"Fn::GetStackOutput": {"StackName": "Security", "OutputName": "Exported"}},
    ):
        main = complete(Role=role(RoleName="personalize"), Policy=policy(imported), Movies=dataset_group(imported))
        del main["Resources"]["Key"]
        assert findings(check_assembly(write(tmp_path, {"Security": security, "Main": main}))) == CLEAN


def test_a_key_of_a_stack_that_nothing_waits_for(tmp_path: Path) -> None:
    """Known by its literal ARN alone, a bucket's policy may be deployed later."""
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "personalize.amazonaws.com"},
        "Action": ["s3:GetObject", "s3:ListBucket"],
    }
    bucket_policy = {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {
            "Bucket": "ratings",
            "PolicyDocument": {
                "Statement": [{**allow, "Resource": ["arn:aws:s3:::ratings", "arn:aws:s3:::ratings/import/*"]}]
            },
        },
    }
    data = {"Resources": {"Bucket": bucket(), "BucketPolicy": bucket_policy}}
    read = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}
    role_policy = {**policy(), "Properties": {"Roles": [{"Ref": "Role"}], "PolicyDocument": {"Statement": [read]}}}
    main = complete(Ratings=importing(), More=role_policy)
    main["Resources"]["Ratings"]["DependsOn"] = "More"
    report = check_assembly(write(tmp_path, {"Data": data, "Main": main}))
    assert (report.missing, report.undecided) == ((), ())
    ((kind, message),) = [(each.kind, each.message) for each in report.problems]
    assert kind == "ordering"
    assert message.startswith("Main/Ratings (dataset import job) may be created before policy Data/BucketPolicy")
    waiting = write(tmp_path, {"Data": data, "Main": main}, dependencies={"Main": ["Data"]})
    assert findings(check_assembly(waiting)) == CLEAN


@pytest.mark.parametrize("by_path", [True, False])
def test_nested_stacks(by_path: bool, tmp_path: Path) -> None:
    """Parameters go in, outputs come out, and waiting for a nested stack is waiting for all in it."""
    inner = {
        "Parameters": {"RoleArn": {"Type": "String"}, "RoleName": {"Type": "String"}},
        "Resources": {"Key": key({"Ref": "RoleArn"}), "Policy": policy(role={"Ref": "RoleName"})},
        "Outputs": {"KeyArn": {"Value": KEY}},
    }
    (tmp_path / "Inner.nested.template.json").write_text(json.dumps(inner))
    nested: dict[str, Any] = {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {
            "TemplateURL": {"Fn::Sub": "https://s3.${AWS::URLSuffix}/assets/0123456789abcdef.json"},
            "Parameters": {"RoleArn": ROLE, "RoleName": {"Ref": "Role"}},
        },
    }
    if by_path:
        nested["Metadata"] = {"aws:asset:path": "Inner.nested.template.json"}
    movies = dataset_group({"Fn::GetAtt": ["Nested", "Outputs.KeyArn"]}, waits=[])
    template = {"Resources": {"Role": role(), "Nested": nested, "Movies": movies}}
    assets = {} if by_path else {"0123456789abcdef": "Inner.nested.template.json"}
    report = check(tmp_path, template, assets=assets)
    assert findings(report) == CLEAN
    assert len(report.allowed) == 14
    elsewhere = check(
        tmp_path / "elsewhere", {"Resources": {**template["Resources"], "Nested": {**nested, "Metadata": {}}}}
    )
    assert any(each.because.startswith("its template isn't in the assembly") for each in elsewhere.undecided)


def test_stages_are_checked_each_for_itself(tmp_path: Path) -> None:
    """Two stages that have the same names in them are two deployments."""
    write(tmp_path, {})
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    for stage, actions in (("Beta", IN_IAM), ("Prod", ["kms:Decrypt"])):
        template = complete(Role=role(RoleName="personalize"), Policy=policy(actions=actions))
        write(
            tmp_path / f"assembly-{stage}",
            {f"{stage}Main": template},
            account="unknown-account",
            region="unknown-region",
        )
        properties = {"directoryName": f"assembly-{stage}", "displayName": stage}
        manifest["artifacts"][f"assembly-{stage}"] = {"type": "cdk:cloud-assembly", "properties": properties}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    report = check_assembly(tmp_path)
    assert report.asked == ("BetaMain/Movies (dataset group)", "ProdMain/Movies (dataset group)")
    assert {each.action for each in report.missing} == set(IN_IAM) - {"kms:Decrypt"}
    assert {tuple(each.needed_by) for each in report.missing} == {("ProdMain/Movies (dataset group)",)}


def test_a_policy_that_is_merged_into_an_imported_key(tmp_path: Path) -> None:
    """The statements that this app merges count; the rest of the policy isn't known."""
    arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    document = key()["Properties"]["KeyPolicy"]
    merged = {"Type": "Custom::PersonalizeKeyPolicy", "Properties": {"KeyArn": arn, "PolicyDocument": document}}
    template = complete(Policy=policy(arn), Merged=merged, Movies=dataset_group(arn, waits=["Policy", "Merged"]))
    del template["Resources"]["Key"]
    assert findings(check(tmp_path, template)) == CLEAN
    document["Statement"].pop()
    report = check(tmp_path, template)
    assert {(each.principal, each.action) for each in report.undecided} == {("service", action) for action in ACTIONS}
    early = complete(Policy=policy(arn), Merged=merged, Movies=dataset_group(arn))
    del early["Resources"]["Key"]
    assert {each.kind for each in check(tmp_path, early).problems} == {"ordering"}


def test_a_key_without_a_policy_has_the_default_one(tmp_path: Path) -> None:
    """It leaves the key to the account's IAM policies, and names nobody."""
    template = complete(Key={"Type": "AWS::KMS::Key"}, Policy=policy(actions=ACTIONS))
    assert {each.principal for each in check(tmp_path, template).missing} == {"service"}


@pytest.mark.parametrize(
    ("properties", "says"),
    [
        ({"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}, "is RSA_2048 for ENCRYPT_DECRYPT"),
        ({"Enabled": False}, "is Disabled"),
    ],
)
def test_keys_that_cannot_work(properties: Any, says: str, tmp_path: Path) -> None:
    """Properties that a template says."""
    (problem,) = check(tmp_path, complete(Key=key(**properties))).problems
    assert says in problem.message


def test_a_stack_that_knows_no_account(tmp_path: Path) -> None:
    """Its account, Region and partition are the same in all that it refers to, and unlike any that is written down."""
    agnostic = {"account": "unknown-account", "region": "unknown-region"}
    assert findings(check(tmp_path, complete(), **agnostic)) == CLEAN
    literal = key("arn:aws:iam::111122223333:role/personalize")
    report = check(tmp_path, complete(Key=literal, Role=role(RoleName="personalize")), **agnostic)
    assert report.missing == ()
    assert {each.principal for each in report.undecided} == {"role"}


def test_a_policy_of_a_role_that_is_not_known(tmp_path: Path) -> None:
    """It may be this role's."""
    template = complete(Policy={**policy(), "Properties": {**policy()["Properties"], "Roles": [{"Ref": "Name"}]}})
    template["Parameters"] = {"Name": {"Type": "String"}}
    report = check(tmp_path, template)
    assert report.missing == ()
    assert {each.action for each in report.undecided} == set(IN_IAM)
    assert {each.because for each in report.undecided} == {
        "not all policies of role arn:aws:iam::111122223333:role/${Main.Role} can be seen: policy Main/Policy is of a "
        "role whose name isn't known, Main.Name"
    }


def test_a_policy_of_a_role_by_its_name_that_a_parameter_gives(tmp_path: Path) -> None:
    """Then it's known whose policy it is, and not whose else's."""
    named = {**policy(), "Properties": {**policy()["Properties"], "Roles": [{"Ref": "Name"}]}}
    template = complete(Policy=named, Named=role(RoleName={"Ref": "Name"}))
    template["Parameters"] = {"Name": {"Type": "String"}}
    report = check(tmp_path, template)
    assert {(each.policy, each.action) for each in report.missing} == {("role", action) for action in IN_IAM}
