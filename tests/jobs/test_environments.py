"""Jobs in another stack than their encryption: what works, and what is refused."""

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
from tests.policies import resources

ACCOUNT, REGION = "111111111111", "eu-west-1"


def environment(account: str = ACCOUNT, region: str = REGION) -> cdk.Environment:
    return cdk.Environment(account=account, region=region)


@pytest.mark.parametrize(
    ("env", "reason"),
    [
        (
            environment(region="us-east-1"),
            "the job is in Region us-east-1 but its encryption in eu-west-1, and Personalize works with keys and roles "
            "of its own Region: make the state machine in a stack of eu-west-1",
        ),
        (
            environment(account="222222222222"),
            "the job is in account 222222222222 but its encryption in 111111111111, and Personalize works with keys "
            "and roles of its own account: make the state machine in a stack of 111111111111",
        ),
    ],
    ids=["Region", "account"],
)
def test_a_job_elsewhere_than_its_encryption(app: cdk.App, stack: cdk.Stack, env: cdk.Environment, reason: str) -> None:
    """Personalize would be called where neither key nor role is."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    other = cdk.Stack(app, "Other", env=env)
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "ratings")
    arn = f"arn:aws:personalize:{env.region}:{env.account}:dataset/movies/INTERACTIONS"
    with pytest.raises(ValueError, match=r"^Other/Import: ") as refused:
        DatasetImportJob(other, "Import", encryption=encryption, dataset_arn=arn, source=S3Location(bucket, "in/"))
    assert str(refused.value) == f"Other/Import: {reason}"


def test_a_fixed_name_is_known_in_every_environment(app: cdk.App, stack: cdk.Stack) -> None:
    """Of bucket and role."""
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("personalize.amazonaws.com"), role_name="given")
    encryption = PersonalizeEncryption(stack, "Encryption", service_role=role)
    other = cdk.Stack(app, "Other")
    source = S3Location(s3.Bucket(stack, "Bucket", bucket_name="ratings"), "in/")
    machine(other, DatasetImportJob(other, "Import", encryption=encryption, dataset_arn=DATASET, source=source))
    app.synth()
    assert definition(other)["States"]["Prepare Import"]["Output"]["Arguments"]["DataSource"] == {
        "DataLocation": "s3://ratings/in/"
    }


def test_an_agnostic_stack_may_be_anywhere(app: cdk.App, stack: cdk.Stack) -> None:
    """Nothing is compared while it is a token."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "ratings")
    DatasetImportJob(
        cdk.Stack(app, "Other"), "Import", encryption=encryption, dataset_arn=DATASET, source=S3Location(bucket, "in/")
    )


class TwoStacks:
    """The encryption with its dataset group in one stack, bucket and state machine in another."""

    def __init__(self, app: cdk.App, **options: Any) -> None:
        self.owner = cdk.Stack(app, "Owner", env=environment())
        self.jobs = cdk.Stack(app, "Jobs", env=environment())
        self.encryption = PersonalizeEncryption(self.owner, "Encryption", **options)
        self.group = self.encryption.add_dataset_group("Movies", name="movies")
        self.bucket = s3.Bucket(self.jobs, "Data", encryption_key=kms.Key(self.jobs, "DataKey"))

    def importing(self, arn: str) -> DatasetImportJob:
        """The import from the bucket beside the machine."""
        source = S3Location(self.bucket, "in/")
        return DatasetImportJob(self.jobs, "Import", encryption=self.encryption, dataset_arn=arn, source=source)


@pytest.mark.parametrize("name", [None, "personalize"], ids=["role by default", "named role"])
def test_bucket_and_machine_in_another_stack_than_the_encryption(app: cdk.App, name: str | None) -> None:
    """The machine writes the role's ARN out, and only the policies of the encryption need the other stack."""
    stacks = TwoStacks(app, role_name=name)
    machine(stacks.jobs, stacks.importing(DATASET))
    app.synth()
    assert stacks.owner.dependencies == [stacks.jobs]
    assert stacks.jobs.dependencies == []
    role = stacks.owner.resolve(stacks.encryption.service_role.node.default_child.role_name)  # type: ignore[union-attr]
    arn = f"arn:<AWS::Partition>:iam::111111111111:role/{role}"
    assert definition(stacks.jobs)["States"]["Prepare Import"]["Output"]["Arguments"]["RoleArn"] == arn
    assert machine_policy(stacks.jobs)[2] == {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": arn,
        "Condition": {"StringEquals": {"iam:PassedToService": "personalize.amazonaws.com"}},
    }


def test_an_imported_role_is_the_same_everywhere(app: cdk.App) -> None:
    """Its ARN is text."""
    arn = "arn:aws:iam::111111111111:role/team/personalize"
    owner, jobs = cdk.Stack(app, "Owner", env=environment()), cdk.Stack(app, "Jobs", env=environment())
    role = iam.Role.from_role_arn(owner, "Role", arn)
    encryption = PersonalizeEncryption(owner, "Encryption", service_role=role)
    bucket = s3.Bucket(jobs, "Data")
    job = DatasetImportJob(jobs, "Import", encryption=encryption, dataset_arn=DATASET, source=S3Location(bucket, "in/"))
    machine(jobs, job)
    app.synth()
    assert definition(jobs)["States"]["Prepare Import"]["Output"]["Arguments"]["RoleArn"] == arn


def test_a_bucket_beside_the_encryption_makes_no_cycle(app: cdk.App) -> None:
    """Then the machine's stack alone needs the other, and may refer to its dataset group."""
    owner, jobs = cdk.Stack(app, "Owner", env=environment()), cdk.Stack(app, "Jobs", env=environment())
    encryption = PersonalizeEncryption(owner, "Encryption")
    group = encryption.add_dataset_group("Movies", name="movies")
    job = DataDeletionJob(
        jobs,
        "Delete",
        encryption=encryption,
        dataset_group_arn=group.attr_dataset_group_arn,
        source=S3Location(s3.Bucket(owner, "Data"), "deletion/"),
    )
    machine(jobs, job)
    app.synth()
    assert jobs.dependencies == [owner]


def test_an_arn_of_a_third_stack_makes_no_cycle(app: cdk.App) -> None:
    """Nothing there needs the bucket."""
    third = cdk.Stack(app, "Third", env=environment())
    group = personalize.CfnDatasetGroup(third, "Movies", name="other")
    stacks = TwoStacks(app)
    job = DataDeletionJob(
        stacks.jobs,
        "Delete",
        encryption=stacks.encryption,
        dataset_group_arn=group.attr_dataset_group_arn,
        source=S3Location(stacks.bucket, "deletion/"),
    )
    machine(stacks.jobs, job)
    app.synth()
    assert stacks.jobs.dependencies == [third]


def test_the_cdk_names_what_makes_a_cycle(app: cdk.App) -> None:
    """The bucket beside the machine, which the encryption's policies need, and the dataset group of its stack."""
    stacks = TwoStacks(app)
    job = DataDeletionJob(
        stacks.jobs,
        "Delete",
        encryption=stacks.encryption,
        dataset_group_arn=stacks.group.attr_dataset_group_arn,
        source=S3Location(stacks.bucket, "deletion/"),
    )
    machine(stacks.jobs, job)
    with pytest.raises(RuntimeError, match="DependencyCycle") as refused:
        app.synth()
    for named in ("Jobs/Data", "Owner/Encryption/Movies"):
        assert named in str(refused.value)


def test_a_role_name_that_its_own_stack_gives(app: cdk.App) -> None:
    """The machine refers to the role."""
    owner, jobs = cdk.Stack(app, "Owner", env=environment()), cdk.Stack(app, "Jobs", env=environment())
    name = cdk.CfnParameter(owner, "Name").value_as_string
    encryption = PersonalizeEncryption(owner, "Encryption", role_name=name)
    source = S3Location(s3.Bucket(owner, "Data"), "in/")
    machine(jobs, DatasetImportJob(jobs, "Import", encryption=encryption, dataset_arn=DATASET, source=source))
    app.synth()
    assert passed_role(jobs) == {"Fn::ImportValue": "Owner:ExportsOutputFnGetAttEncryptionRole2D2265A5ArnD637ED49"}


def test_a_role_name_that_is_lost_later(app: cdk.App) -> None:
    """By an aspect, for example, after the job has been made: the machine refers to the role."""
    owner, jobs = cdk.Stack(app, "Owner", env=environment()), cdk.Stack(app, "Jobs", env=environment())
    role = iam.Role(owner, "Role", assumed_by=iam.ServicePrincipal("personalize.amazonaws.com"), role_name="given")
    encryption = PersonalizeEncryption(owner, "Encryption", service_role=role)
    source = S3Location(s3.Bucket(owner, "Data"), "in/")
    machine(jobs, DatasetImportJob(jobs, "Import", encryption=encryption, dataset_arn=DATASET, source=source))
    role.node.default_child.role_name = None  # type: ignore[union-attr]
    app.synth()
    assert passed_role(jobs) == {"Fn::ImportValue": "Owner:ExportsOutputFnGetAttRole1ABCC5F0ArnB4C0B73E"}


def test_a_role_name_that_is_changed_later(app: cdk.App) -> None:
    """The machine has the one that is deployed."""
    stacks = TwoStacks(app)
    machine(stacks.jobs, stacks.importing(DATASET))
    l1: Any = stacks.encryption.service_role.node.default_child
    l1.role_name, l1.path = "corp-personalize", "/teams/"
    app.synth()
    (arn,) = [part for part in passed_role(stacks.jobs)["Fn::Join"][1] if "role" in str(part)]
    assert arn == ":iam::111111111111:role/teams/corp-personalize"


def passed_role(stack: cdk.Stack) -> Any:
    """The role that the state machine may pass on."""
    (policy,) = resources(stack, "AWS::IAM::Policy").values()
    (statement,) = [s for s in policy["Properties"]["PolicyDocument"]["Statement"] if s["Action"] == "iam:PassRole"]
    return statement["Resource"]
