"""Names and prefixes that are known only at synth or deployment: no constructor refuses them."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from tests.datasets import add_ratings
from tests.life.conftest import GROUP, allowing, late
from tests.policies import resources

SCHEMA_ARN = "arn:aws:personalize:eu-west-1:111111111111:schema/s"


def test_values_known_at_synth_are_taken(app: cdk.App, concrete: cdk.Stack) -> None:
    """The longest names and paths, pending look-ups, and values of the deployment are accepted."""
    encryption = PersonalizeEncryption(concrete, "Encryption", resources=[GROUP])
    bucket = s3.Bucket(concrete, "Bucket", bucket_name="ratings")
    folder = cdk.CfnParameter(concrete, "Folder").value_as_string
    encryption.allow(
        PersonalizeResource.dataset_export_job(S3Location(bucket, f"{'f' * 230}{folder}/"))
    )
    group = encryption.add_dataset_group("Movies", name=late("movies"))
    source = S3Location(bucket, late("p" * 242 + "/"))
    names = {"name": late("r" * 63), "import_job_name": late("0")}
    add_ratings(encryption, group, import_from=source, **names)
    encryption.add_dataset_group(
        "Others", name=ssm.StringParameter.value_from_lookup(concrete, "/movies")
    )
    app.synth()


def test_dynamic_references_are_taken_as_text(app: cdk.App, concrete: cdk.Stack) -> None:
    """In ARNs and names, CloudFormation replaces them at deployment."""
    parameter = "{{resolve:ssm:/personalize/it}}"
    key = kms.Key.from_key_arn(
        concrete, "Key", f"arn:aws:kms:eu-west-1:111111111111:key/{parameter}"
    )
    encryption = allowing(concrete, GROUP, encryption_key=key, role_name=parameter)
    encryption.add_dataset_group("Movies", name=f"movies-{parameter}")
    add_ratings(encryption, parameter, schema_arn=parameter)
    role = iam.Role.from_role_name(concrete, "Given", "{{resolve:ssm:it}}")
    PersonalizeEncryption(concrete, "Other", service_role=role, resources=[GROUP])
    app.synth()

    (made,) = resources(concrete, "AWS::IAM::Role").values()
    assert made["Properties"]["RoleName"] == parameter
    (dataset,) = resources(concrete, "AWS::Personalize::Dataset").values()
    assert dataset["Properties"]["DatasetGroupArn"] == parameter
    assert dataset["Properties"]["SchemaArn"] == parameter
    policies = resources(concrete, "AWS::IAM::ManagedPolicy").values()
    roles = [policy["Properties"]["Roles"] for policy in policies]
    assert roles == [[{"Ref": "EncryptionRole2D2265A5"}], ["{{resolve:ssm:it}}"]]


def test_a_dynamic_reference_that_the_cdk_misreads(concrete: cdk.Stack) -> None:
    """The policy would go to a role with the name ``role}}``."""
    role = iam.Role.from_role_name(concrete, "Given", "{{resolve:ssm:/personalize/role}}")
    with pytest.raises(ValueError, match=r"use ssm\.StringParameter\.value_for_string_parameter"):
        PersonalizeEncryption(concrete, "Encryption", service_role=role)
    arn = "arn:aws:iam::111111111111:role/{{resolve:ssm:/personalize/role}}"
    immutable = iam.Role.from_role_arn(concrete, "Theirs", arn, mutable=False)
    PersonalizeEncryption(concrete, "OfTheirs", service_role=immutable)
