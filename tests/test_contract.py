"""The contract with deployed stacks: logical ids, sids, names and descriptions as first released.

CloudFormation takes a changed logical id for another resource. That would replace the key that data
is encrypted with, or the role that key policies name; and a changed sid, in the policy of an
imported key, leaves the old statement there beside the new one.
"""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import ImportedKeyPolicy, PersonalizeResource, S3Location
from tests.datasets import add_ratings
from tests.life.conftest import GROUP, allowing, importing
from tests.policies import resources, sids_of, template

KEY_ARN = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd"
CONSEQUENCE = (
    "this is in stacks that users have deployed: a change replaces their keys, roles or dataset "
    "groups, or leaves statements behind; go back to the released value, or make it a new major "
    "version with a migration"
)


@pytest.fixture
def everything(stack: cdk.Stack) -> cdk.Stack:
    """Every child that a construct can have, in the stack of its key and of its role."""
    bucket = s3.Bucket(stack, "Data", encryption_key=kms.Key(stack, "DataKey"))
    encryption = allowing(
        stack,
        PersonalizeResource.dataset_export_job(S3Location(bucket, "export/")),
        PersonalizeResource.batch_inference_job(
            S3Location(bucket, "in/"), S3Location(bucket, "out/")
        ),
        PersonalizeResource.metric_attribution(),
    )
    movies = encryption.add_dataset_group("Movies", name="movies")
    add_ratings(encryption, movies)
    encryption.add_metric_attribution("Metrics", dataset_group=movies, name="m", metrics=[])
    encryption.on_key_access_changed("KeyAccess")
    encryption.output_pending_statements()
    return stack


@pytest.fixture
def managed(stack: cdk.Stack) -> cdk.Stack:
    """The custom resource of an imported key."""
    key = kms.Key.from_key_arn(stack, "Key", KEY_ARN)
    allowing(stack, GROUP, encryption_key=key, imported_key_policy=ImportedKeyPolicy.MANAGED)
    return stack


def ours(stack: cdk.Stack) -> dict[str, str]:
    """The construct's own resources: their types by logical id."""
    all_resources = template(stack)["Resources"]
    return {
        key: value["Type"] for key, value in all_resources.items() if key.startswith("Encryption")
    }


def sids(stack: cdk.Stack, resource_type: str, *path: str) -> dict[str, list[Any]]:
    sids_by_id = {}
    for logical_id, resource in resources(stack, resource_type).items():
        document = resource["Properties"]
        for step in path:
            document = document[step]
        sids_by_id[logical_id] = sids_of(document["Statement"])
    return sids_by_id


def test_logical_ids(everything: cdk.Stack) -> None:
    """Each child has the id it was released with."""
    released = {
        "EncryptionKey3A692D6E": "AWS::KMS::Key",
        "EncryptionRole2D2265A5": "AWS::IAM::Role",
        "EncryptionPolicy3F28E3E0": "AWS::IAM::ManagedPolicy",
        "EncryptionMoviesB1966C99": "AWS::Personalize::DatasetGroup",
        "EncryptionRatingsB9604DAC": "AWS::Personalize::Dataset",
        "EncryptionKeyAccess795CF061": "AWS::Events::Rule",
        "EncryptionMetrics1F650766": "AWS::Personalize::MetricAttribution",
    }
    assert ours(everything) == released, CONSEQUENCE
    assert list(template(everything)["Outputs"]) == ["EncryptionPendingStatements49EADCE0"], (
        CONSEQUENCE
    )


def test_sids_and_their_order(everything: cdk.Stack) -> None:
    """Each statement has its released sid, in its place; the construct's path changes none."""
    assert sids(everything, "AWS::KMS::Key", "KeyPolicy") == {
        "DataKey17AFBB84": [None, "PersonalizeRole", "PersonalizeService"],
        "EncryptionKey3A692D6E": [None, "PersonalizeRole", "PersonalizeService"],
    }, CONSEQUENCE
    assert sids(everything, "AWS::S3::BucketPolicy", "PolicyDocument") == {
        "DataPolicyB80589C3": [
            "PersonalizeServiceListBucket",
            "PersonalizeServiceReadObjects",
            "PersonalizeServiceWriteObjects",
        ]
    }, CONSEQUENCE
    assert sids(everything, "AWS::IAM::ManagedPolicy", "PolicyDocument") == {
        "EncryptionPolicy3F28E3E0": [
            "ListBucket",
            "PublishMetrics",
            "ReadObjects",
            "UseKey",
            "WriteObjects",
        ]
    }, CONSEQUENCE


def test_logical_id_of_the_policy_of_an_l1_bucket(stack: cdk.Stack) -> None:
    """Another id makes a second policy before the first goes, and a bucket takes only one."""
    bucket = s3.CfnBucket(stack, "Data")
    allowing(stack, importing(bucket))
    assert list(resources(stack, "AWS::S3::BucketPolicy")) == ["DataS3BucketPolicy03099B8F"], (
        CONSEQUENCE
    )


@pytest.mark.parametrize("which", ["everything", "managed"])
def test_the_name_of_the_role(request: pytest.FixtureRequest, which: str) -> None:
    """Personalize's resources can't change their role, and owners have pasted its name."""
    role = resources(request.getfixturevalue(which), "AWS::IAM::Role")["EncryptionRole2D2265A5"]
    assert role["Properties"]["RoleName"] == {
        "Fn::Join": ["", ["Stack-Encryption-8875952E-", {"Ref": "AWS::Region"}]]
    }, CONSEQUENCE


def test_names_and_descriptions(everything: cdk.Stack) -> None:
    """A changed description or name replaces a managed policy."""
    (policy,) = resources(everything, "AWS::IAM::ManagedPolicy").values()
    assert "ManagedPolicyName" not in policy["Properties"], CONSEQUENCE
    (role,) = resources(everything, "AWS::IAM::Role").values()
    key = resources(everything, "AWS::KMS::Key")["EncryptionKey3A692D6E"]
    assert (
        policy["Properties"]["Description"]
        == "Lets the service role of Amazon Personalize use data and customer managed KMS keys"
    ), CONSEQUENCE
    description = role["Properties"]["Description"]
    assert description == "Lets Amazon Personalize use data and customer managed KMS keys"
    assert key["Properties"]["Description"] == "Encrypts what Amazon Personalize stores"


def test_sids_in_the_policy_of_an_imported_key(managed: cdk.Stack) -> None:
    """Sids come from path, stack name and known environment: other deployments write there too."""
    assert sids(managed, "Custom::PersonalizeKeyPolicy", "PolicyDocument") == {
        "EncryptionKeyPolicy1B31E8ADFF006219": [
            "PersonalizeRole0B0E511D",
            "PersonalizeService0B0E511D",
        ]
    }, CONSEQUENCE
    assert sids(managed, "AWS::IAM::ManagedPolicy", "PolicyDocument")[
        "EncryptionPolicy3F28E3E0"
    ] == ["CreateGrants", "UseKey"], CONSEQUENCE


def test_logical_ids_of_a_managed_key_policy(managed: cdk.Stack) -> None:
    """A custom resource of another id would delete the old resource's statements."""
    assert ours(managed) == {
        "EncryptionRole2D2265A5": "AWS::IAM::Role",
        "EncryptionPolicy3F28E3E0": "AWS::IAM::ManagedPolicy",
        "EncryptionKeyPolicy1B31E8ADFF006219": "Custom::PersonalizeKeyPolicy",
    }, CONSEQUENCE


def test_logical_ids_of_the_function_for_managed_key_policies(managed: cdk.Stack) -> None:
    """All managed keys of a stack share one; a key's policy goes when nothing needs it any more."""
    all_resources = template(managed)["Resources"]
    assert {
        id: resource["Type"]
        for id, resource in all_resources.items()
        if id.startswith("PersonalizeKeyPolicies")
    } == {
        "PersonalizeKeyPoliciesRoleF1AA279D": "AWS::IAM::Role",
        "PersonalizeKeyPoliciesFunction0C7DFEF1": "AWS::Lambda::Function",
        "PersonalizeKeyPoliciesCalls0882BC3D": "AWS::Lambda::EventInvokeConfig",
        "PersonalizeKeyPoliciesPolicy1B31E8AD9B0D6AD2": "AWS::IAM::ManagedPolicy",
    }, CONSEQUENCE


def nested(app: cdk.App) -> cdk.Stack:
    """CloudFormation chooses the name of a nested stack, so the outermost stack's name counts."""
    return cdk.NestedStack(cdk.Stack(app, "Stack"), "Nested")


def concrete(app: cdk.App) -> cdk.Stack:
    """Two accounts may deploy one app, and write to one central key."""
    return cdk.Stack(app, "Stack", env=cdk.Environment(account="111111111111", region="eu-west-1"))


def long_named(app: cdk.App) -> cdk.Stack:
    """The name leaves room for a prefix of twelve characters and for the longest Region."""
    return cdk.Stack(app, "MovieRecommendationsOfTheStreamingTeam")


@pytest.mark.parametrize(
    ("make", "name", "sids"),
    [
        (
            nested,
            {"Fn::Join": ["", ["Stack-Encryption-9A70DC03-", {"Ref": "AWS::Region"}]]},
            ["PersonalizeRole63DE8B2B", "PersonalizeService63DE8B2B"],
        ),
        (
            concrete,
            "Stack-Encryption-8875952E-eu-west-1",
            ["PersonalizeRoleBCCCFCFC", "PersonalizeServiceBCCCFCFC"],
        ),
        (
            long_named,
            {"Fn::Join": ["", ["MovieRecommendationsOfTheSt-1D0E7760-", {"Ref": "AWS::Region"}]]},
            ["PersonalizeRole31FA05BB", "PersonalizeService31FA05BB"],
        ),
    ],
)
def test_the_names_in_other_stacks(
    app: cdk.App, make: Callable[[cdk.App], cdk.Stack], name: Any, sids: list[str]
) -> None:
    """Nested stacks and known environments keep the released names."""
    stack = make(app)
    encryption = allowing(stack, GROUP, encryption_key=kms.Key.from_key_arn(stack, "Key", KEY_ARN))
    (role,) = resources(stack, "AWS::IAM::Role").values()
    assert role["Properties"]["RoleName"] == name, CONSEQUENCE
    (pending,) = encryption.pending_statements
    assert [statement.sid for statement in pending.statements] == sids, CONSEQUENCE
