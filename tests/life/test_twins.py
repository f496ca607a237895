"""Things that look alike and aren't: constructs of one logical id in two stacks, and names that lead to an L1."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import cloudformation_include as cfn_include

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from tests.life.conftest import KEY_ARN, change, judged, key_statement, l1_key, l1_role, synth_error, trusted_role
from tests.policies import resources

GROUP = PersonalizeResource.dataset_group()


def test_parameters_of_one_name_in_two_stacks_are_two_keys(app: cdk.App, stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """The resolved value of a reference doesn't say of which stack it is."""
    one, two = (
        kms.Key.from_key_arn(stack, f"Key{id}", cdk.CfnParameter(cdk.Stack(app, id), "KeyArn").value_as_string)
        for id in ("One", "Two")
    )
    job = PersonalizeResource.dataset_import_job(S3Location(bucket, "import/", encryption_key=two))
    encryption = PersonalizeEncryption(stack, "Encryption", encryption_key=one, resources=[GROUP, job])
    assert [pending.resource_arn for pending in encryption.pending_statements] == [one.key_arn, two.key_arn]


def test_stages_for_any_account_have_sids_of_their_own(app: cdk.App) -> None:
    """They may have stacks of one name, and one central key whose policy has the statements of both."""
    sids: list[str] = []
    for name in ("Test", "Production"):
        stack = cdk.Stack(cdk.Stage(app, name), "Stack", stack_name="movies")
        key = kms.Key.from_key_arn(stack, "Key", KEY_ARN)
        encryption = PersonalizeEncryption(stack, "Encryption", encryption_key=key, resources=[GROUP])
        sids += [str(statement.sid) for statement in encryption.pending_statements[0].statements]
    assert len(set(sids)) == len(sids) == 4


def test_buckets_of_one_logical_id_in_two_stacks_are_two_places(app: cdk.App, stack: cdk.Stack) -> None:
    """A job may read one and write the other below the same prefix."""
    source, destination = (
        s3.Bucket.from_bucket_arn(
            stack, f"Bucket{id}", cdk.CfnResource(cdk.Stack(app, id), "B", type="Custom::B").get_att("Arn").to_string()
        )
        for id in ("One", "Two")
    )
    job = PersonalizeResource.batch_segment_job(S3Location(source, "x/"), S3Location(destination, "x/"))
    encryption = PersonalizeEncryption(stack, "Encryption", resources=[job])
    assert [pending.policy for pending in encryption.pending_statements] == ["bucket", "bucket"]


@pytest.mark.parametrize("name", [{"Fn::Sub": "${Data}"}, {"Fn::Join": ["", [{"Ref": "Data"}]]}], ids=["Sub", "Join"])
def test_a_bucket_policy_that_names_its_bucket_by_an_expression(
    app: cdk.App, stack: cdk.Stack, tmp_path: Path, name: dict[str, Any]
) -> None:
    """The construct doesn't read it, and the judge sees two policies of one bucket."""
    file = tmp_path / "old.json"
    policy = {"Bucket": name, "PolicyDocument": {"Statement": []}}
    old = {"Data": {"Type": "AWS::S3::Bucket"}, "P": {"Type": "AWS::S3::BucketPolicy", "Properties": policy}}
    file.write_text(json.dumps({"Resources": old}))
    bucket: Any = cfn_include.CfnInclude(stack, "Old", template_file=str(file)).get_resource("Data")
    job = PersonalizeResource.dataset_import_job(S3Location(bucket, "import/"))
    PersonalizeEncryption(stack, "Encryption", resources=[job])
    assert ("Configuration", "Stack/Old/P") in judged(app)


SUB, JOIN = {"Fn::Sub": "data-${Stage}"}, {"Fn::Join": ["-", ["data", {"Ref": "Stage"}]]}


@pytest.mark.parametrize(
    ("name", "in_policy"),
    [(SUB, SUB), (JOIN, JOIN), ({"Ref": "Stage"}, {"Ref": "Stage"}), ("data", "data"), (SUB, JOIN), (JOIN, SUB)],
    ids=["Sub", "Join", "Ref", "literal", "Sub and Join", "Join and Sub"],
)
def test_a_bucket_policy_that_names_its_bucket_as_the_bucket_names_itself(
    app: cdk.App, stack: cdk.Stack, tmp_path: Path, name: Any, in_policy: Any
) -> None:
    """Templates write the name twice, instead of a reference, and S3 keeps one policy of the bucket."""
    file = tmp_path / "old.json"
    template = {
        "Parameters": {"Stage": {"Type": "String"}},
        "Resources": {
            "Data": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}},
            "P": {
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {"Bucket": in_policy, "PolicyDocument": {"Statement": []}},
            },
        },
    }
    file.write_text(json.dumps(template))
    bucket: Any = cfn_include.CfnInclude(stack, "Old", template_file=str(file)).get_resource("Data")
    job = PersonalizeResource.dataset_import_job(S3Location(bucket, "import/"))
    PersonalizeEncryption(stack, "Encryption", resources=[job])
    assert ("Configuration", "Stack/Old/P") in judged(app)


def test_a_bucket_imported_by_the_name_of_an_l1(stack: cdk.Stack) -> None:
    """It is the app's own: its policy and its key get the statements."""
    encryption = s3.CfnBucket.BucketEncryptionProperty(
        server_side_encryption_configuration=[
            s3.CfnBucket.ServerSideEncryptionRuleProperty(
                server_side_encryption_by_default=s3.CfnBucket.ServerSideEncryptionByDefaultProperty(
                    sse_algorithm="aws:kms", kms_master_key_id=l1_key(stack).attr_arn
                )
            )
        ]
    )
    l1 = s3.CfnBucket(stack, "Data", bucket_encryption=encryption)
    bucket = s3.Bucket.from_bucket_name(stack, "Imported", l1.ref)
    job = PersonalizeResource.dataset_import_job(S3Location(bucket, "import/"))
    construct = PersonalizeEncryption(stack, "Encryption", resources=[job])
    assert construct.pending_statements == ()
    policies = resources(stack, "AWS::KMS::Key")["L1Key"]["Properties"]["KeyPolicy"]["Statement"]
    assert [statement.get("Sid") for statement in policies] == [None, "PersonalizeRole", "PersonalizeService"]


def test_a_role_imported_by_the_name_of_an_l1(app: cdk.App, stack: cdk.Stack) -> None:
    """The key policy has its ARN, path included, and its trust is looked at."""
    l1 = l1_role(stack, path="/personalize/")
    role = iam.Role.from_role_name(stack, "Imported", l1.ref)
    PersonalizeEncryption(stack, "Encryption", service_role=role, resources=[GROUP])
    assert key_statement(stack, "PersonalizeRole")["Principal"] == {"AWS": {"Fn::GetAtt": ["L1Role", "Arn"]}}


def test_a_role_imported_by_the_name_of_an_l1_that_trusts_nobody(app: cdk.App, stack: cdk.Stack) -> None:
    """The name hides nothing."""
    l1 = iam.CfnRole(stack, "Role", assume_role_policy_document={"Statement": []})
    role = iam.Role.from_role_name(stack, "Imported", l1.ref)
    PersonalizeEncryption(stack, "Encryption", service_role=role, resources=[GROUP])
    assert judged(app) == {("Trust", "Stack/Role")}


def test_the_nameless_role_of_a_parent_and_the_key_of_a_nested_stack(app: cdk.App) -> None:
    """A nested stack may need its parent: there is no cycle."""
    parent = cdk.Stack(app, "Parent")
    nested = cdk.NestedStack(parent, "Nested")
    PersonalizeEncryption(nested, "Encryption", service_role=trusted_role(parent), resources=[GROUP])
    PersonalizeEncryption(
        parent,
        "Encryption",
        encryption_key=kms.Key(nested, "Key"),
        service_role=trusted_role(parent, "Other"),
        resources=[GROUP],
    )
    app.synth()


def test_a_path_that_is_a_parameter_and_the_key_of_another_stack(
    app: cdk.App, stack: cdk.Stack, security: cdk.Stack
) -> None:
    """Both stacks would need each other."""
    encryption = PersonalizeEncryption(stack, "Encryption", encryption_key=kms.Key(security, "Key"), resources=[GROUP])
    l1: Any = encryption.service_role.node.default_child
    l1.path = cdk.CfnParameter(stack, "Path").value_as_string
    assert "cyclic reference" in synth_error(app)


def test_a_prefix_that_makes_the_name_too_long(app: cdk.App, stack: cdk.Stack) -> None:
    """A name is judged again when aspects have changed it."""
    PersonalizeEncryption(stack, "Encryption", role_name="r" * 60, resources=[GROUP])

    def put_prefix(role: iam.CfnRole) -> None:
        role.role_name = f"corp-{role.role_name}"

    change(app, iam.CfnRole, put_prefix)
    assert judged(app) == {("Configuration", "Stack/Encryption/Role/Resource")}


@pytest.mark.parametrize("name", ["r" * 59, "role/of"])
def test_a_prefix_before_a_token(app: cdk.App, stack: cdk.Stack, name: str) -> None:
    """What is literal in a name is judged too, and stacks that know no Region have a token in each."""
    PersonalizeEncryption(stack, "Encryption", resources=[GROUP])

    def put_prefix(role: iam.CfnRole) -> None:
        role.role_name = f"corp-{name}-{cdk.Aws.REGION}"

    change(app, iam.CfnRole, put_prefix)
    assert judged(app) == {("Configuration", "Stack/Encryption/Role/Resource")}


def test_the_longest_name_with_a_token(app: cdk.App, stack: cdk.Stack) -> None:
    """The shortest Region makes it a name."""
    PersonalizeEncryption(stack, "Encryption", resources=[GROUP], role_name=f"{'r' * 55}{cdk.Aws.REGION}")
    app.synth()


def test_a_managed_policy_that_is_replaced(app: cdk.App, stack: cdk.Stack) -> None:
    """All of the role's IAM would be lost."""
    encryption = PersonalizeEncryption(stack, "Encryption", resources=[GROUP])
    policy: Any = encryption.node.find_child("Policy").node.default_child
    policy.policy_document = {"Version": "2012-10-17", "Statement": []}
    assert judged(app) == {("MissingRoleAccess", "Stack/Encryption")}


def test_a_managed_policy_that_others_filled(app: cdk.App, stack: cdk.Stack) -> None:
    """The finished policy counts, whoever wrote it."""
    encryption = PersonalizeEncryption(stack, "Encryption", resources=[GROUP])
    policy: Any = encryption.node.find_child("Policy")
    for number in range(60):
        arn = f"arn:aws:s3:::{number}-{'x' * 60}"
        policy.add_statements(iam.PolicyStatement(sid=f"S{number}", actions=["s3:ListBucket"], resources=[arn]))
    assert judged(app) == {("Limit", "Stack/Encryption/Policy/Resource")}


@pytest.mark.parametrize("pattern", ["arn:*:111111111111:*", "arn:aws:personalize:*111111111111:*"])
def test_a_pattern_whose_asterisk_spans_colons(app: cdk.App, concrete: cdk.Stack, pattern: str) -> None:
    """``StringLike`` knows no parts of ARNs."""
    conditions = {"StringLike": {"aws:SourceArn": pattern}}
    principal = iam.ServicePrincipal("personalize.amazonaws.com", conditions=conditions)
    role = iam.Role(concrete, "Role", assumed_by=principal)
    PersonalizeEncryption(concrete, "Encryption", service_role=role, resources=[GROUP])
    app.synth()


def test_a_grant_that_comes_after_the_synth(app: cdk.App) -> None:
    """Statements that it adds would reach no template; of a construct that comes too late the CDK tells."""
    stage = cdk.Stage(app, "Production")
    stack = cdk.Stack(stage, "Stack")
    encryption = PersonalizeEncryption(stack, "Encryption", resources=[GROUP])
    role = trusted_role(stack)
    stage.synth()
    with pytest.raises(ValueError, match="the stage was synthesized already"):
        encryption.grant_create(role, GROUP)


def test_an_output_has_an_id_of_its_own(stack: cdk.Stack) -> None:
    """Ids are refused in our words, those of outputs too."""
    encryption = PersonalizeEncryption(stack, "Encryption", resources=[GROUP])
    encryption.output_pending_statements()
    for id in ("PendingStatements", "Policy2"):
        with pytest.raises((ValueError, RuntimeError), match=r"is that of another child|already a Construct"):
            encryption.output_pending_statements(id)


def test_a_key_that_another_construct_uses_first(app: cdk.App, stack: cdk.Stack) -> None:
    """Sids are taken in the order in which statements come, also in the policy of a key that was made here."""
    first = PersonalizeEncryption(stack, "First")
    PersonalizeEncryption(stack, "Second", encryption_key=first.encryption_key, resources=[GROUP])
    first.allow(GROUP)
    (key,) = resources(stack, "AWS::KMS::Key").values()
    assert [statement.get("Sid") for statement in key["Properties"]["KeyPolicy"]["Statement"]] == [
        None,
        "PersonalizeRole",
        "PersonalizeService",
        "PersonalizeRole2",
        "PersonalizeService2",
    ]
