"""Keys, buckets and roles in every form that the CDK has for them: L2, L1, imported, references, look-ups."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm
from aws_cdk import cloudformation_include as cfn_include

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from personalize_kms_constructs.jobs import DatasetExportJob
from tests.life.conftest import (
    KEY_ARN,
    PERSONALIZE,
    judged,
    key_statement,
    l1_key,
    l1_role,
    trusted_role,
    waits_for,
    warnings,
)
from tests.policies import resources

ACTIONS = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]
GROUP = PersonalizeResource.dataset_group()


def importing(bucket: Any, prefix: str = "import/", **props: Any) -> PersonalizeResource:
    return PersonalizeResource.dataset_import_job(S3Location(bucket, prefix, **props))


def test_an_l1_key_gets_the_statements(stack: cdk.Stack) -> None:
    """They are appended to the policy that stands in the template, functions included."""
    key = l1_key(stack)
    encryption = PersonalizeEncryption(stack, "Encryption", encryption_key=key, resources=[GROUP])
    (l1,) = resources(stack, "AWS::KMS::Key").values()
    root, role, service = l1["Properties"]["KeyPolicy"]["Statement"]
    assert root["Principal"] == {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}
    assert role == {
        "Sid": "PersonalizeRole",
        "Effect": "Allow",
        "Principal": {"AWS": {"Fn::GetAtt": ["EncryptionRole2D2265A5", "Arn"]}},
        "Action": ACTIONS,
        "Resource": "*",
    }
    assert service == {
        "Sid": "PersonalizeService",
        "Effect": "Allow",
        "Principal": {"Service": PERSONALIZE},
        "Action": ACTIONS,
        "Resource": "*",
        "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
    }
    assert stack.resolve(encryption.encryption_key.key_arn) == {"Fn::GetAtt": ["L1Key", "Arn"]}


def test_two_constructs_share_an_l1_key(stack: cdk.Stack) -> None:
    """Both have their statements, under sids of their own."""
    key = l1_key(stack)
    for id in ("One", "Two"):
        PersonalizeEncryption(stack, id, encryption_key=key, resources=[GROUP])
    (l1,) = resources(stack, "AWS::KMS::Key").values()
    assert [statement.get("Sid") for statement in l1["Properties"]["KeyPolicy"]["Statement"]] == [
        None,
        "PersonalizeRole",
        "PersonalizeService",
        "PersonalizeRole2",
        "PersonalizeService2",
    ]


def test_what_is_allowed_later_reaches_an_l1_key(stack: cdk.Stack) -> None:
    """Its statements grow as those of an L2 do."""
    encryption = PersonalizeEncryption(stack, "Encryption", encryption_key=l1_key(stack), resources=[GROUP])
    encryption.allow(PersonalizeResource.dataset_export_job())
    assert key_statement(stack, "PersonalizeRole")["Action"] == [*ACTIONS, "kms:GenerateDataKeyWithoutPlaintext"]


@pytest.mark.parametrize("form", ["the L1 of an L2", "imported by a reference", "wrapped L1"])
def test_a_key_of_the_app_is_the_apps_own_in_every_form(stack: cdk.Stack, form: str) -> None:
    """Its policy gets the statements; nothing is pending."""
    key = kms.Key(stack, "Key")
    l1: Any = key.node.default_child
    forms: dict[str, Callable[[], Any]] = {
        "the L1 of an L2": lambda: l1,
        "imported by a reference": lambda: kms.Key.from_key_arn(stack, "Imported", key.key_arn),
        "wrapped L1": lambda: kms.Key.from_key_arn(stack, "Imported", l1.attr_arn),
    }
    given = forms[form]()
    encryption = PersonalizeEncryption(stack, "Encryption", encryption_key=given, resources=[GROUP])
    assert encryption.pending_statements == ()
    assert key_statement(stack, "PersonalizeRole")["Action"] == ACTIONS


def test_a_key_that_comes_first_as_imported_is_the_apps_own(stack: cdk.Stack) -> None:
    """The second form of one key finds the statements of the first."""
    key = kms.Key(stack, "Key")
    imported = kms.Key.from_key_arn(stack, "Imported", key.key_arn)
    bucket = s3.Bucket(stack, "Bucket", encryption_key=key)
    encryption = PersonalizeEncryption(stack, "Encryption", encryption_key=imported, resources=[importing(bucket)])
    assert encryption.pending_statements == ()
    (l1,) = resources(stack, "AWS::KMS::Key").values()
    sids = [statement.get("Sid") for statement in l1["Properties"]["KeyPolicy"]["Statement"]]
    assert sids == [None, "PersonalizeRole", "PersonalizeService"]


def test_references_to_what_is_outside_of_the_app(stack: cdk.Stack) -> None:
    """They are as imported: reported with all that their owners must add."""
    encryption = PersonalizeEncryption(
        stack,
        "Encryption",
        encryption_key=kms.CfnKey.from_key_arn(stack, "Key", KEY_ARN),
        resources=[importing(s3.CfnBucket.from_bucket_arn(stack, "Bucket", "arn:aws:s3:::ratings"))],
    )
    assert [pending.resource_arn for pending in encryption.pending_statements] == [KEY_ARN, "arn:aws:s3:::ratings"]
    assert encryption.encryption_key.key_arn == KEY_ARN


def test_the_path_in_a_bucket_reference(stack: cdk.Stack) -> None:
    """The address that Personalize takes has the bucket's name in it."""
    bucket = s3.CfnBucket.from_bucket_arn(stack, "Bucket", "arn:aws:s3:::ratings")
    assert S3Location(bucket, "import/").uri == "s3://ratings/import/"
    l1 = s3.CfnBucket(stack, "L1")
    assert stack.resolve(S3Location(l1, "import/").uri) == {"Fn::Join": ["", ["s3://", {"Ref": "L1"}, "/import/"]]}


def test_an_l1_bucket_gets_a_policy(stack: cdk.Stack) -> None:
    """One policy, whoever adds to it, beside the bucket."""
    bucket = s3.CfnBucket(stack, "Bucket")
    for id in ("One", "Two"):
        PersonalizeEncryption(stack, id, resources=[importing(bucket)])
    (policy,) = resources(stack, "AWS::S3::BucketPolicy").values()
    assert policy["Properties"]["Bucket"] == {"Ref": "Bucket"}
    assert [statement["Sid"] for statement in policy["Properties"]["PolicyDocument"]["Statement"]] == [
        "PersonalizeServiceListBucket",
        "PersonalizeServiceReadObjects",
        "PersonalizeServiceListBucket2",
        "PersonalizeServiceReadObjects2",
    ]


def test_an_l1_bucket_policy_gets_the_statements(stack: cdk.Stack) -> None:
    """S3 keeps one policy of a bucket, so that in the app is merged into."""
    bucket = s3.CfnBucket(stack, "Bucket", bucket_name="ratings")
    tls = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": cdk.Fn.get_att("Bucket", "Arn"),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.CfnBucketPolicy(stack, "Policy", bucket=bucket.ref, policy_document={"Statement": tls})
    encryption = PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
    assert "Policy" in waits_for(stack, encryption.permissions)
    (policy,) = resources(stack, "AWS::S3::BucketPolicy").values()
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    assert [statement.get("Sid") for statement in statements] == [
        None,
        "PersonalizeServiceListBucket",
        "PersonalizeServiceReadObjects",
    ]


def test_an_l1_bucket_policy_that_names_its_bucket_is_another(app: cdk.App, stack: cdk.Stack) -> None:
    """S3 keeps one of the two policies."""
    bucket = s3.CfnBucket(stack, "Bucket", bucket_name="ratings")
    s3.CfnBucketPolicy(stack, "Policy", bucket="ratings", policy_document={"Statement": []})
    PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
    assert ("Configuration", "Stack/Policy") in judged(app)


def test_an_included_bucket_and_its_policy(stack: cdk.Stack, tmp_path: Path) -> None:
    """Resources of CfnInclude belong to the app."""
    file = tmp_path / "old.json"
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": {"Fn::GetAtt": ["Data", "Arn"]},
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    file.write_text(
        json.dumps(
            {
                "Resources": {
                    "Data": {"Type": "AWS::S3::Bucket"},
                    "DataPolicy": {
                        "Type": "AWS::S3::BucketPolicy",
                        "Properties": {"Bucket": {"Ref": "Data"}, "PolicyDocument": {"Statement": [statement]}},
                    },
                }
            }
        )
    )
    included = cfn_include.CfnInclude(stack, "Old", template_file=str(file))
    PersonalizeEncryption(stack, "Encryption", resources=[importing(included.get_resource("Data"))])
    (policy,) = resources(stack, "AWS::S3::BucketPolicy").values()
    assert len(policy["Properties"]["PolicyDocument"]["Statement"]) == 3


def test_a_second_policy_of_a_bucket_is_told(app: cdk.App, stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """An L1 policy for a bucket whose L2 has one already would take turns with it."""
    PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
    s3.CfnBucketPolicy(stack, "Other", bucket=bucket.bucket_name, policy_document={"Statement": []})
    assert judged(app) == {("Configuration", "Stack/Other")}


def test_a_policy_that_an_expression_chooses_is_pending(stack: cdk.Stack) -> None:
    """Nothing can be appended to it, so what is missing is told."""
    cdk.CfnCondition(stack, "Yes")
    key = kms.CfnKey(stack, "L1Key", key_policy=cdk.Fn.condition_if("Yes", {"Statement": []}, {"Statement": []}))
    encryption = PersonalizeEncryption(stack, "Encryption", encryption_key=key, resources=[GROUP])
    assert [pending.policy for pending in encryption.pending_statements] == ["key"]
    assert "pendingKeyPolicy" in warnings(stack)


def test_an_l1_role_with_a_path_gets_its_policy(stack: cdk.Stack) -> None:
    """By its name, not by what an ARN with a path is split into."""
    role = l1_role(stack, path="/personalize/")
    encryption = PersonalizeEncryption(stack, "Encryption", service_role=role, resources=[GROUP])
    (policy,) = resources(stack, "AWS::IAM::ManagedPolicy").values()
    assert policy["Properties"]["Roles"] == [{"Ref": "L1Role"}]
    assert stack.resolve(encryption.service_role.role_arn) == {"Fn::GetAtt": ["L1Role", "Arn"]}
    assert key_statement(stack, "PersonalizeRole")["Principal"] == {"AWS": {"Fn::GetAtt": ["L1Role", "Arn"]}}


def test_a_role_with_a_path_that_was_imported_by_its_reference(stack: cdk.Stack) -> None:
    """The same for a role wrapped by ``from_role_arn``."""
    role = l1_role(stack, path="/personalize/")
    wrapped = iam.Role.from_role_arn(stack, "Wrapped", role.attr_arn)
    PersonalizeEncryption(stack, "Encryption", service_role=wrapped, resources=[GROUP])
    (policy,) = resources(stack, "AWS::IAM::ManagedPolicy").values()
    assert policy["Properties"]["Roles"] == [{"Ref": "L1Role"}]


def test_a_role_that_is_looked_up(app: cdk.App, concrete: cdk.Stack) -> None:
    """Its dummy, of an account of nobody, is refused by nobody, so that the CLI can look it up."""
    role = iam.Role.from_lookup(concrete, "Role", role_name="personalize")
    PersonalizeEncryption(concrete, "Encryption", service_role=role, resources=[GROUP])
    assert warnings(concrete) == {}
    assembly = Path(app.synth().directory)
    manifest = json.loads((assembly / "manifest.json").read_text("utf-8"))
    assert [missing["provider"] for missing in manifest["missing"]] == ["cc-api-provider"]
    assert not (assembly / "personalize-kms-pending").exists()


def test_values_that_are_looked_up(app: cdk.App, concrete: cdk.Stack) -> None:
    """Their dummies are no names, folders or ARNs, and fail neither constructor nor synth: the CLI looks them up."""

    def looked_up(name: str) -> str:
        return ssm.StringParameter.value_from_lookup(concrete, f"/personalize/{name}")

    location = S3Location(s3.Bucket(concrete, "Bucket"), looked_up("prefix"))
    encryption = PersonalizeEncryption(
        concrete,
        "Encryption",
        resources=[PersonalizeResource.dataset_export_job(location)],
    )
    encryption.add_dataset_group("Movies", name=looked_up("name"), domain=looked_up("domain"))
    encryption.add_dataset(
        "Items",
        dataset_group=looked_up("group"),
        schema_arn=looked_up("schema"),
        name=looked_up("dataset"),
        dataset_type=looked_up("type"),
    )
    output = S3Location(location.bucket, looked_up("output"))
    encryption.allow(PersonalizeResource.batch_inference_job(location, output))
    DatasetExportJob(
        concrete,
        "Export",
        encryption=encryption,
        dataset_arn=looked_up("arn"),
        destination=location,
        destination_path="today/",
    )
    manifest = json.loads((Path(app.synth().directory) / "manifest.json").read_text("utf-8"))
    assert len(manifest["missing"]) == 9


def test_a_precreated_role_has_pending_statements() -> None:
    """``customize_roles`` synthesizes no policies: who makes the role must give it what it needs."""
    app = cdk.App(analytics_reporting=False)
    iam.Role.customize_roles(app, use_precreated_roles={"Stack/Encryption/Role": "precreated"})
    stack = cdk.Stack(app, "Stack")
    key = kms.Key.from_key_arn(stack, "Key", KEY_ARN)
    encryption = PersonalizeEncryption(stack, "Encryption", encryption_key=key, resources=[GROUP])
    assert [pending.policy for pending in encryption.pending_statements] == ["key", "role"]
    (of_key, of_role) = encryption.pending_statements
    assert [statement.sid for statement in of_role.statements] == ["CreateGrants", "UseKey"]
    condition = stack.resolve(of_key.statements[0].to_statement_json())["Condition"]
    account = ["arn:", {"Ref": "AWS::Partition"}, ":iam::", {"Ref": "AWS::AccountId"}]
    assert condition == {"ArnEquals": {"aws:PrincipalArn": {"Fn::Join": ["", [*account, ":role/precreated"]]}}}
    assert not resources(stack, "AWS::IAM::Role")


def test_a_precreated_role_and_the_key_of_another_stack() -> None:
    """The role exists, so the key of the app names it, as AWS's page does."""
    app = cdk.App(analytics_reporting=False)
    iam.Role.customize_roles(app, use_precreated_roles={"Stack/Role": "precreated"})
    stack, security = cdk.Stack(app, "Stack"), cdk.Stack(app, "Security")
    PersonalizeEncryption(
        stack,
        "Encryption",
        encryption_key=kms.Key(security, "Key"),
        service_role=trusted_role(stack, "Role"),
        resources=[GROUP],
    )
    account = ["arn:", {"Ref": "AWS::Partition"}, ":iam::", {"Ref": "AWS::AccountId"}]
    assert key_statement(security, "PersonalizeRole")["Principal"] == {
        "AWS": {"Fn::Join": ["", [*account, ":role/precreated"]]}
    }


@pytest.mark.parametrize("form", ["L1", "L1 of another stack", "wrapped by its ARN", "L2 of another stack"])
def test_a_role_that_is_made_beside_precreated_ones(form: str) -> None:
    """``customize_roles`` leaves the construct's policies out of the template, whoever makes the role."""
    app = cdk.App(analytics_reporting=False)
    stack, roles = cdk.Stack(app, "Stack"), cdk.Stack(app, "Roles")
    iam.Role.customize_roles(stack)
    makers: dict[str, Callable[[], Any]] = {
        "L1": lambda: l1_role(stack, role_name="personalize"),
        "L1 of another stack": lambda: l1_role(roles, role_name="personalize"),
        "wrapped by its ARN": lambda: iam.Role.from_role_arn(
            stack, "Wrapped", l1_role(stack, role_name="personalize").attr_arn
        ),
        "L2 of another stack": lambda: trusted_role(roles, role_name="personalize"),
    }
    encryption = PersonalizeEncryption(stack, "Encryption", service_role=makers[form](), resources=[GROUP])
    (of_role,) = encryption.pending_statements
    sids = ["CreateGrants", "UseKey"] if "another stack" in form else ["UseKey"]
    assert (of_role.policy, [statement.sid for statement in of_role.statements]) == ("role", sids)
    app.synth()
