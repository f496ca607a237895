"""Jobs in another stack than their encryption: working and refused combinations."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, S3Location
from personalize_kms_constructs.jobs import DataDeletionJob, DatasetImportJob
from tests.jobs.machines import DATASET, definition, machine, machine_policy
from tests.life.conftest import trusted_role
from tests.policies import resources

HERE = cdk.Environment(account="111111111111", region="eu-west-1")


def importing(stack: cdk.Stack, encryption: PersonalizeEncryption, source: S3Location) -> None:
    """A machine that imports from there."""
    options: Any = {"encryption": encryption, "dataset_arn": DATASET, "source": source}
    machine(stack, DatasetImportJob(stack, "Import", **options))


class TwoStacks:
    """The encryption in one stack, which may hold the options too, and the machine in another."""

    def __init__(self, app: cdk.App, **options: Any) -> None:
        self.app = app
        self.owner, self.jobs = cdk.Stack(app, "Owner", env=HERE), cdk.Stack(app, "Jobs", env=HERE)
        made = {
            name: value(self.owner) if callable(value) else value for name, value in options.items()
        }
        self.encryption = PersonalizeEncryption(self.owner, "Encryption", **made)

    def importing(self, stack: cdk.Stack) -> None:
        """A machine that imports from a bucket of this stack, with a key."""
        bucket = s3.Bucket(stack, "Data", encryption_key=kms.Key(stack, "DataKey"))
        source = S3Location(bucket, "in/")
        importing(self.jobs, self.encryption, source)

    def deleting(self, group: personalize.CfnDatasetGroup, stack: cdk.Stack) -> None:
        """A machine that deletes users of a dataset group, who are in a bucket of this stack."""
        job = DataDeletionJob(
            self.jobs,
            "Delete",
            encryption=self.encryption,
            dataset_group_arn=group.attr_dataset_group_arn,
            source=S3Location(s3.Bucket(stack, "Data"), "deletion/"),
        )
        machine(self.jobs, job)

    def passed_role(self) -> Any:
        """The role that the state machine may pass on, after a synth."""
        self.app.synth()
        (policy,) = resources(self.jobs, "AWS::IAM::Policy").values()
        statements = policy["Properties"]["PolicyDocument"]["Statement"]
        (statement,) = [
            statement for statement in statements if statement["Action"] == "iam:PassRole"
        ]
        return statement["Resource"]


def given_role(stack: cdk.Stack) -> iam.Role:
    return trusted_role(stack, "Role", role_name="given")


@pytest.mark.parametrize(
    ("what", "env"),
    [
        ("Region", cdk.Environment(account="111111111111", region="us-east-1")),
        ("account", cdk.Environment(account="222222222222", region="eu-west-1")),
    ],
)
def test_a_job_elsewhere_than_its_encryption(
    app: cdk.App, stack: cdk.Stack, what: str, env: cdk.Environment
) -> None:
    """Personalize would be called where neither key nor role is."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "ratings")
    arn = f"arn:aws:personalize:{env.region}:{env.account}:dataset/movies/INTERACTIONS"
    here, there = (env.region, "eu-west-1") if what == "Region" else (env.account, "111111111111")
    with pytest.raises(ValueError, match=r"^Other/Import: ") as refused:
        DatasetImportJob(
            cdk.Stack(app, "Other", env=env),
            "Import",
            encryption=encryption,
            dataset_arn=arn,
            source=S3Location(bucket, "in/"),
        )
    assert str(refused.value) == (
        f"Other/Import: the job is in {what} {here} but its encryption in {there}, and Personalize "
        f"works with keys and roles of its own {what}: make the state machine in a stack of {there}"
    )


def test_an_agnostic_stack_may_be_anywhere(app: cdk.App, stack: cdk.Stack) -> None:
    """Nothing is compared while it is a token; fixed names of bucket and role are known there."""
    encryption = PersonalizeEncryption(stack, "Encryption", service_role=given_role(stack))
    other = cdk.Stack(app, "Other")
    source = S3Location(s3.Bucket(stack, "Bucket", bucket_name="ratings"), "in/")
    importing(other, encryption, source)
    app.synth()
    assert definition(other)["States"]["Prepare Import"]["Output"]["Arguments"]["DataSource"] == {
        "DataLocation": "s3://ratings/in/"
    }


@pytest.mark.parametrize("name", [None, "personalize"], ids=["role by default", "named role"])
def test_bucket_and_machine_in_another_stack_than_the_encryption(
    app: cdk.App, name: str | None
) -> None:
    """The machine writes out the role's ARN; only the encryption's policies need its stack."""
    stacks = TwoStacks(app, role_name=name)
    stacks.importing(stacks.jobs)
    app.synth()
    assert stacks.owner.dependencies == [stacks.jobs]
    assert stacks.jobs.dependencies == []
    role = stacks.owner.resolve(stacks.encryption.service_role.node.default_child.role_name)  # type: ignore[union-attr]
    arn = f"arn:<AWS::Partition>:iam::111111111111:role/{role}"
    assert (
        definition(stacks.jobs)["States"]["Prepare Import"]["Output"]["Arguments"]["RoleArn"] == arn
    )
    assert machine_policy(stacks.jobs)[2]["Resource"] == arn


def test_a_bucket_and_a_group_of_the_owners_stack_make_no_cycle(app: cdk.App) -> None:
    """Bucket and dataset group lie beside the encryption; only the machine's stack needs these."""
    stacks = TwoStacks(app)
    stacks.deleting(stacks.encryption.add_dataset_group("Movies", name="movies"), stacks.owner)
    app.synth()
    assert stacks.jobs.dependencies == [stacks.owner]


def test_an_imported_role_is_the_same_everywhere(app: cdk.App) -> None:
    """Its ARN is text."""
    arn = "arn:aws:iam::111111111111:role/team/personalize"
    stacks = TwoStacks(app, service_role=lambda stack: iam.Role.from_role_arn(stack, "Role", arn))
    stacks.importing(stacks.jobs)
    assert stacks.passed_role() == arn


def test_a_role_name_that_its_own_stack_gives(app: cdk.App) -> None:
    """The machine refers to the role."""
    stacks = TwoStacks(app, role_name=lambda stack: cdk.CfnParameter(stack, "Name").value_as_string)
    stacks.importing(stacks.owner)
    assert stacks.passed_role() == {
        "Fn::ImportValue": "Owner:ExportsOutputFnGetAttEncryptionRole2D2265A5ArnD637ED49"
    }


def test_a_role_name_that_is_lost_later(app: cdk.App) -> None:
    """By an aspect, for example, after the job has been made: the machine refers to the role."""
    stacks = TwoStacks(app, service_role=given_role)
    stacks.importing(stacks.owner)
    stacks.encryption.service_role.node.default_child.role_name = None  # type: ignore[union-attr]
    assert stacks.passed_role() == {
        "Fn::ImportValue": "Owner:ExportsOutputFnGetAttRole1ABCC5F0ArnB4C0B73E"
    }


def test_a_role_name_that_is_changed_later(app: cdk.App) -> None:
    """The machine passes the deployed name."""
    stacks = TwoStacks(app)
    stacks.importing(stacks.jobs)
    l1: Any = stacks.encryption.service_role.node.default_child
    l1.role_name, l1.path = "corp-personalize", "/teams/"
    (arn,) = [part for part in stacks.passed_role()["Fn::Join"][1] if "role" in str(part)]
    assert arn == ":iam::111111111111:role/teams/corp-personalize"
