"""L1s of the app, whose policies are extended in place, or pending where nothing can be added."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import cloudformation_include as cfn_include

from personalize_kms_constructs import ImportedKeyPolicy, PersonalizeEncryption, PersonalizeResource
from tests.judge.apps import failure, told
from tests.life.conftest import (
    ACTIONS,
    BUCKET_SIDS,
    GROUP,
    PERSONALIZE,
    account_statement,
    allowing,
    bucket_sids,
    importing,
    judge_warnings,
    waits_for,
    warnings,
)
from tests.policies import pending_policies, resources, sids_of

ROLE = {
    "Sid": "PersonalizeRole",
    "Effect": "Allow",
    "Principal": {"AWS": {"Fn::GetAtt": ["EncryptionRole2D2265A5", "Arn"]}},
    "Action": ACTIONS,
    "Resource": "*",
}
SERVICE = {
    "Sid": "PersonalizeService",
    "Effect": "Allow",
    "Principal": {"Service": PERSONALIZE},
    "Action": ACTIONS,
    "Resource": "*",
    "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
}
# KMS gives a key without a policy one that delegates to the account.
DEFAULT = {
    "Effect": "Allow",
    "Principal": {
        "AWS": {
            "Fn::Join": [
                "",
                ["arn:", {"Ref": "AWS::Partition"}, ":iam::", {"Ref": "AWS::AccountId"}, ":root"],
            ]
        }
    },
    "Action": "kms:*",
    "Resource": "*",
}
PLAIN = {
    **DEFAULT,
    "Principal": {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}},
}
# Of two constructs.
OF_TWO = [*BUCKET_SIDS, *(f"{sid}2" for sid in BUCKET_SIDS)]
CONDITIONAL = {"Fn::If": ["Yes", PLAIN, {"Ref": "AWS::NoValue"}]}


def either(one: Any, other: Any) -> Any:
    return cdk.Fn.condition_if("Yes", one, other)


@pytest.fixture(autouse=True)
def condition(stack: cdk.Stack) -> None:
    cdk.CfnCondition(stack, "Yes", expression=cdk.Fn.condition_equals(cdk.Aws.REGION, "eu-west-1"))


@pytest.mark.parametrize(
    ("policy", "before"),
    [
        (None, [DEFAULT]),
        ({"Version": "2012-10-17", "Statement": [account_statement()]}, [PLAIN]),
        ({"Version": "2012-10-17", "Statement": []}, []),
        ({}, []),
        ({"Statement": [either(account_statement(), cdk.Aws.NO_VALUE)]}, [CONDITIONAL]),
    ],
    ids=["none", "plain", "empty", "no statements", "a statement that a condition chooses"],
)
def test_a_key_policy_gets_the_statements(stack: cdk.Stack, policy: Any, before: list[Any]) -> None:
    """They follow the template's statements; a key without a policy keeps KMS's default."""
    key = kms.CfnKey(stack, "L1Key", key_policy=policy, bypass_policy_lockout_safety_check=True)
    encryption = allowing(stack, GROUP, encryption_key=key)
    (l1,) = resources(stack, "AWS::KMS::Key").values()
    assert l1["Properties"]["KeyPolicy"]["Statement"] == [*before, ROLE, SERVICE]
    assert stack.resolve(encryption.encryption_key.key_arn) == {"Fn::GetAtt": ["L1Key", "Arn"]}
    assert encryption.pending_statements == ()
    assert warnings(stack) == {}


@pytest.mark.parametrize("form", ["without a policy", "wrapped"])
def test_later_resources_and_other_constructs_reach_a_key(stack: cdk.Stack, form: str) -> None:
    """Its statements grow as an L2's do, and a second construct has its own sids."""
    statement = {**account_statement(), "Principal": {"AWS": "111111111111"}}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    l1 = kms.CfnKey(stack, "L1Key", key_policy=policy if form == "wrapped" else None)
    key = kms.Key.from_cfn_key(l1) if form == "wrapped" else l1
    encryption = allowing(stack, GROUP, encryption_key=key)
    encryption.allow(PersonalizeResource.dataset_export_job())
    PersonalizeEncryption(stack, "Other", encryption_key=key, resources=[GROUP])
    (resource,) = resources(stack, "AWS::KMS::Key").values()
    _, role, service, *others = resource["Properties"]["KeyPolicy"]["Statement"]
    of_export = [*ACTIONS, "kms:GenerateDataKeyWithoutPlaintext"]
    assert (role["Action"], service["Action"]) == (of_export, of_export)
    assert sids_of(others) == ["PersonalizeRole2", "PersonalizeService2"]


@pytest.mark.parametrize("form", ["key of a bucket", "L1"])
def test_a_replica_key_gets_the_statements(stack: cdk.Stack, form: str) -> None:
    """Each replica of a multi-Region key has a policy of its own."""
    replica = kms.CfnReplicaKey(
        stack,
        "Replica",
        key_policy={"Version": "2012-10-17", "Statement": [account_statement()]},
        primary_key_arn="arn:aws:kms:us-east-1:111111111111:key/mrk-1234abcd12ab34cd56ef1234567890ab",
    )
    if form == "L1":
        encryption = allowing(stack, GROUP, encryption_key=replica)
    else:
        key = kms.Key.from_key_arn(stack, "Imported", replica.attr_arn)
        bucket = s3.Bucket(stack, "Bucket", encryption_key=key)
        encryption = allowing(stack, importing(bucket))
    (l1,) = resources(stack, "AWS::KMS::ReplicaKey").values()
    assert l1["Properties"]["KeyPolicy"]["Statement"][1:] == [ROLE, SERVICE]
    assert encryption.pending_statements == ()


EXPRESSIONS: dict[str, Callable[[list[Any]], Any]] = {
    "the policy": lambda statements: either({"Statement": statements}, {"Statement": statements}),
    "its statements": lambda statements: {
        "Version": "2012-10-17",
        "Statement": either(statements, statements),
    },
}
# What the user has done about what is pending, and whether that is enough.
STEPS = {"nothing": False, "copied": True, "copied, and allowed more": False}


@pytest.mark.parametrize("write", EXPRESSIONS.values(), ids=EXPRESSIONS)
@pytest.mark.parametrize(("step", "is_enough"), STEPS.items(), ids=STEPS)
def test_a_key_policy_that_a_condition_chooses(
    app: cdk.App, stack: cdk.Stack, write: Callable[[list[Any]], Any], step: str, is_enough: bool
) -> None:
    """Nothing can be added, so the check reports missing statements; a copy may be outdated."""
    l1 = kms.CfnKey(stack, "L1Key", key_policy=write([account_statement()]))
    managed = ImportedKeyPolicy.MANAGED  # nobody's business where the app makes the key
    encryption = allowing(stack, GROUP, encryption_key=l1, imported_key_policy=managed)
    (pending,) = encryption.pending_statements
    assert pending.policy == "key"
    if "copied" in step:
        l1.key_policy = write(
            [account_statement(), *(statement.to_json() for statement in pending.statements)]
        )
    if "allowed" in step:
        encryption.allow(PersonalizeResource.dataset_export_job())
    assert judge_findings(app) == (
        set() if is_enough else {("MissingKeyAccess", "error", "Stack/Encryption")}
    )
    assert stack.node.try_find_child("PersonalizeKeyPolicies") is None


@pytest.mark.parametrize(("step", "is_enough"), STEPS.items(), ids=STEPS)
def test_a_bucket_policy_that_a_condition_chooses(
    app: cdk.App, stack: cdk.Stack, step: str, is_enough: bool
) -> None:
    """The same holds for the policy of a bucket."""
    write = EXPRESSIONS["its statements"]
    bucket = s3.CfnBucket(stack, "L1")
    document = write([only_tls(bucket)])
    policy = s3.CfnBucketPolicy(stack, "Policy", bucket=bucket.ref, policy_document=document)
    encryption = allowing(stack, importing(bucket))
    (pending,) = encryption.pending_statements
    assert pending.policy == "bucket"
    if "copied" in step:
        copied = [statement.to_json() for statement in pending.statements]
        policy.policy_document = write([only_tls(bucket), *copied])
    if "allowed" in step:
        encryption.allow(importing(bucket, "other/"))
    assert judge_findings(app) == (
        set() if is_enough else {("MissingBucketAccess", "error", "Stack/Encryption")}
    )


def judge_findings(app: cdk.App) -> set[tuple[str, str, str]]:
    """Synthesize, and return the check's findings: rule, severity and construct."""
    assert "ValidationFailed" in (failure(app.synth) or "ValidationFailed")
    return set(told(app))


def test_a_key_policy_that_nobody_can_read(app: cdk.App, stack: cdk.Stack) -> None:
    """It is filled in at deployment, by a macro here, so the judge can only warn."""
    policy = cdk.Fn.transform("AWS::Include", {"Location": "s3://policies/key.json"})
    l1 = kms.CfnKey(stack, "L1Key", key_policy=policy)
    encryption = allowing(stack, GROUP, encryption_key=l1)
    assert pending_policies(encryption) == ["key"]
    assert judge_warnings(app) == {("Undecided", "Stack/Encryption")}


def test_a_bucket_policy_that_is_made_under_a_condition(app: cdk.App, stack: cdk.Stack) -> None:
    """It takes the statements, and the judge warns that the bucket may be without it."""
    bucket = s3.CfnBucket(stack, "L1")
    policy = s3.CfnBucketPolicy(
        stack, "Policy", bucket=bucket.ref, policy_document={"Statement": []}
    )
    condition: Any = stack.node.find_child("Yes")
    policy.cfn_options.condition = condition
    allowing(stack, importing(bucket))
    assert judge_warnings(app) == {("Undecided", "Stack/Encryption")}
    assert bucket_sids(stack) == BUCKET_SIDS


def only_tls(bucket: s3.CfnBucket) -> dict[str, Any]:
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    return {
        "Sid": "Mine",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": bucket.attr_arn,
        "Condition": condition,
    }


def deny(bucket: Any) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="Mine",
        effect=iam.Effect.DENY,
        actions=["s3:DeleteBucket"],
        principals=[iam.AnyPrincipal()],
        resources=[bucket.bucket_arn],
    )


def policy_l1(stack: cdk.Stack, bucket: s3.CfnBucket) -> None:
    # A single statement needn't be a list.
    s3.CfnBucketPolicy(
        stack, "Policy", bucket=bucket.ref, policy_document={"Statement": only_tls(bucket)}
    )


def policy_l2(stack: cdk.Stack, bucket: s3.CfnBucket) -> None:
    wrapper = s3.Bucket.from_cfn_bucket(bucket)
    s3.BucketPolicy(stack, "Own", bucket=wrapper).document.add_statements(deny(wrapper))


def policy_of_wrapper(stack: cdk.Stack, bucket: s3.CfnBucket) -> None:
    wrapper = s3.Bucket.from_cfn_bucket(bucket)
    wrapper.add_to_resource_policy(deny(wrapper))


@pytest.mark.parametrize("make", [None, policy_l1, policy_l2, policy_of_wrapper])
def test_the_policy_of_a_bucket_gets_the_statements(
    app: cdk.App, stack: cdk.Stack, make: Callable[[cdk.Stack, s3.CfnBucket], Any] | None
) -> None:
    """S3 keeps one policy a bucket: the app's, or the policy that the first construct makes."""
    bucket = s3.CfnBucket(stack, "L1", bucket_name="ratings")
    if make is not None:
        make(stack, bucket)
    # It names the same bucket, but is deployed apart, and can't refer to anything of this stage.
    inside = cdk.Stack(cdk.Stage(app, "Inside"), "Stack")
    s3.CfnBucketPolicy(inside, "Policy", bucket="ratings", policy_document={"Statement": []})
    encryption = allowing(stack, importing(bucket))
    PersonalizeEncryption(stack, "Other", resources=[importing(bucket)])
    waited_for = waits_for(stack, encryption.permissions)
    assert bucket_sids(stack) == [*(["Mine"] if make else []), *OF_TWO]
    (logical_id,) = resources(stack, "AWS::S3::BucketPolicy")
    assert logical_id in waited_for


def test_a_policy_that_is_given_to_its_l2_bucket(
    app: cdk.App, stack: cdk.Stack, bucket: s3.Bucket
) -> None:
    """The bucket has no other policy then."""
    bucket.policy = s3.BucketPolicy(stack, "Own", bucket=bucket)
    bucket.policy.document.add_statements(deny(bucket))
    allowing(stack, importing(bucket))
    assert bucket_sids(stack) == ["Mine", *BUCKET_SIDS]
    app.synth()


NESTED = {
    "Resources": {
        "Key": {
            "Type": "AWS::KMS::Key",
            "Properties": {"KeyPolicy": {"Statement": []}, "BypassPolicyLockoutSafetyCheck": True},
        },
        "Data": {"Type": "AWS::S3::Bucket"},
        "DataPolicy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {"Bucket": {"Ref": "Data"}, "PolicyDocument": {"Statement": []}},
        },
    }
}


def test_a_nested_stack_of_an_included_template(
    app: cdk.App, stack: cdk.Stack, tmp_path: Path
) -> None:
    """JavaScript makes it, and jsii wraps it in a new object each time: it is still one stack."""
    outer = {
        "Resources": {
            "Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "inner"}}
        }
    }
    for name, template in (("outer", outer), ("inner", NESTED)):
        (tmp_path / f"{name}.json").write_text(json.dumps(template))
    included = cfn_include.CfnInclude(
        stack,
        "Old",
        template_file=str(tmp_path / "outer.json"),
        load_nested_stacks={
            "Inner": cfn_include.CfnIncludeProps(template_file=str(tmp_path / "inner.json"))
        },
    )
    inner = included.get_nested_stack("Inner")
    key: Any = inner.included_template.get_resource("Key")
    bucket: Any = inner.included_template.get_resource("Data")
    for id in ("One", "Two"):
        encryption = PersonalizeEncryption(
            inner.stack, id, encryption_key=key, resources=[importing(bucket)]
        )
        encryption.add_dataset_group("Movies", name=f"movies-{id}")
    (file,) = Path(app.synth().directory).glob("*.nested.template.json")
    included = json.loads(file.read_text("utf-8"))["Resources"]
    roles = [
        logical_id
        for logical_id, resource in included.items()
        if resource["Type"] == "AWS::IAM::Role"
    ]
    statements = {
        statement["Sid"]: statement
        for statement in included["Key"]["Properties"]["KeyPolicy"]["Statement"]
    }
    assert [statements[sid]["Principal"] for sid in ("PersonalizeRole", "PersonalizeRole2")] == [
        {"AWS": {"Fn::GetAtt": [role, "Arn"]}} for role in roles
    ]
    of_bucket = included["DataPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert sids_of(of_bucket) == OF_TWO
    assert [resource["Type"] for resource in included.values()].count("AWS::S3::BucketPolicy") == 1
