"""Two stacks that would need each other, which the CDK says in words that name neither a job nor what to do."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from personalize_kms_constructs.jobs import BatchSegmentJob, DataDeletionJob, DatasetImportJob
from tests.jobs.machines import DATASET, GROUP, VERSION, machine
from tests.policies import resources

ENVIRONMENT = cdk.Environment(account="111111111111", region="eu-west-1")


@pytest.fixture
def owner(app: cdk.App) -> cdk.Stack:
    """The stack of the encryption."""
    return cdk.Stack(app, "Owner", env=ENVIRONMENT)


@pytest.fixture
def jobs(app: cdk.App) -> cdk.Stack:
    """The stack of the state machine."""
    return cdk.Stack(app, "Jobs", env=ENVIRONMENT)


def personalize_role(stack: cdk.Stack, **options: Any) -> iam.Role:
    return iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("personalize.amazonaws.com"), **options)


def deleting(jobs: cdk.Stack, encryption: PersonalizeEncryption, bucket: Any, group_arn: str) -> DataDeletionJob:
    return DataDeletionJob(
        jobs,
        "Delete",
        encryption=encryption,
        dataset_group_arn=group_arn,
        source=S3Location(bucket, "deletion/"),
    )


@pytest.mark.parametrize("what", ["encryption key", "service role", "service role with a name"])
def test_key_or_role_beside_the_machine(owner: cdk.Stack, jobs: cdk.Stack, what: str) -> None:
    """The encryption's policies refer to them as well as to buckets."""
    if what == "encryption key":
        options: Any = {"encryption_key": kms.Key(jobs, "Key")}
    else:
        options = {"service_role": personalize_role(jobs, role_name="given" if "name" in what else None)}
    encryption = PersonalizeEncryption(owner, "Encryption", **options)
    group = encryption.add_dataset_group("Movies", name="movies")
    bucket = s3.Bucket.from_bucket_name(owner, "Data", "ratings")
    with pytest.raises(ValueError, match=r"^Jobs/Delete: ") as refused:
        deleting(jobs, encryption, bucket, group.attr_dataset_group_arn)
    assert str(refused.value) == (
        f"Jobs/Delete: dataset_group_arn refers to stack Owner, whose policies refer to the "
        f"{what.removesuffix(' with a name')} in Jobs, a cycle of stacks: make the state machine in Owner, or write "
        "out what it refers to, for example with stack.format_arn"
    )


def test_a_bucket_of_an_earlier_resource(owner: cdk.Stack, jobs: cdk.Stack) -> None:
    """Its policies refer to it already."""
    encryption = PersonalizeEncryption(owner, "Encryption")
    encryption.allow(PersonalizeResource.dataset_import_job(S3Location(s3.Bucket(jobs, "Ratings"), "in/")))
    group = encryption.add_dataset_group("Movies", name="movies")
    with pytest.raises(ValueError, match="whose policies refer to the source of dataset import job in Jobs, a cycle"):
        deleting(jobs, encryption, s3.Bucket(owner, "Data"), group.attr_dataset_group_arn)


def test_all_that_is_beside_the_machine_is_named_once(owner: cdk.Stack, jobs: cdk.Stack) -> None:
    """What is allowed already is not told of twice."""
    encryption = PersonalizeEncryption(owner, "Encryption", encryption_key=kms.Key(jobs, "Key"))
    group = encryption.add_dataset_group("Movies", name="movies")
    source = S3Location(s3.Bucket(jobs, "Users"), "deletion/")
    encryption.allow(PersonalizeResource.data_deletion_job(source))
    with pytest.raises(ValueError, match="whose policies refer to the source and encryption key in Jobs, a cycle"):
        DataDeletionJob(
            jobs,
            "Delete",
            encryption=encryption,
            dataset_group_arn=group.attr_dataset_group_arn,
            source=source,
        )


@pytest.mark.parametrize("by", ["allow", "another job"])
def test_a_bucket_that_is_allowed_later(owner: cdk.Stack, jobs: cdk.Stack, by: str) -> None:
    """The job refers to the encryption's stack already, which the bucket would make need the job's."""
    encryption = PersonalizeEncryption(owner, "Encryption")
    group = encryption.add_dataset_group("Movies", name="movies")
    deleting(jobs, encryption, s3.Bucket.from_bucket_name(owner, "Data", "users"), group.attr_dataset_group_arn)
    source = S3Location(s3.Bucket(jobs, "Ratings"), "in/")
    before = list(encryption._wiring.allowed)
    call: Any = {
        "allow": lambda: encryption.allow(PersonalizeResource.dataset_import_job(source)),
        "another job": lambda: DatasetImportJob(
            jobs, "Import", encryption=encryption, dataset_arn=DATASET, source=source
        ),
    }[by]
    with pytest.raises(ValueError, match=r"^Jobs/Delete: ") as refused:
        call()
    assert str(refused.value) == (
        "Jobs/Delete: dataset_group_arn refers to stack Owner, whose policies refer to the source of dataset import "
        "job in Jobs, a cycle of stacks: make the state machine in Owner, or write out what it refers to, for example "
        "with stack.format_arn"
    )
    assert list(encryption._wiring.allowed) == before


@pytest.mark.parametrize("where", ["owner", "jobs"])
def test_a_bucket_that_makes_no_cycle_may_be_allowed_later(
    app: cdk.App, owner: cdk.Stack, jobs: cdk.Stack, where: str
) -> None:
    """In the encryption's stack, or beside a job that refers to nothing there."""
    encryption = PersonalizeEncryption(owner, "Encryption")
    machine(jobs, deleting(jobs, encryption, s3.Bucket.from_bucket_name(owner, "Data", "users"), GROUP))
    bucket = s3.Bucket({"owner": owner, "jobs": jobs}[where], "Ratings")
    encryption.allow(PersonalizeResource.dataset_import_job(S3Location(bucket, "in/")))
    app.synth()


def test_source_and_destination_in_two_stacks(owner: cdk.Stack, jobs: cdk.Stack) -> None:
    """The bucket of one is in the encryption's stack, that of the other beside the machine."""
    encryption = PersonalizeEncryption(owner, "Encryption")
    with pytest.raises(ValueError, match=r"^Jobs/Segments: ") as refused:
        BatchSegmentJob(
            jobs,
            "Segments",
            encryption=encryption,
            solution_version_arn=VERSION,
            source=S3Location(s3.Bucket(jobs, "In"), "in/"),
            destination=S3Location(s3.Bucket(owner, "Out"), "out/"),
        )
    assert str(refused.value) == (
        "Jobs/Segments: destination refers to stack Owner, whose policies refer to the source in Jobs, a cycle of "
        "stacks: make the state machine in Owner, or write out what it refers to, for example with stack.format_arn"
    )


@pytest.mark.parametrize("parameter", ["job_name", "source_path", "import_mode", "tags"])
def test_any_other_parameter(owner: cdk.Stack, jobs: cdk.Stack, parameter: str) -> None:
    """A value of the encryption's stack is one more reference."""
    value = cdk.CfnParameter(owner, "Value").value_as_string
    arguments: Any = {parameter: {"team": value} if parameter == "tags" else value}
    what = "source" if parameter == "source_path" else "a parameter"
    with pytest.raises(
        ValueError,
        match=f"^Jobs/Import: {what} refers to stack Owner, whose policies refer to the source in Jobs, a cycle",
    ):
        DatasetImportJob(
            jobs,
            "Import",
            encryption=PersonalizeEncryption(owner, "Encryption"),
            dataset_arn=DATASET,
            source=S3Location(s3.Bucket(jobs, "Data"), "in/"),
            **arguments,
        )


def test_a_bucket_below_the_machines_stack(owner: cdk.Stack, jobs: cdk.Stack) -> None:
    """Nested stacks are deployed with the one that they are in."""
    encryption = PersonalizeEncryption(owner, "Encryption")
    group = encryption.add_dataset_group("Movies", name="movies")
    bucket = s3.Bucket(cdk.NestedStack(jobs, "Nested"), "Data")
    with pytest.raises(ValueError, match="refers to stack Owner, whose policies refer to the source in Jobs, a cycle"):
        deleting(jobs, encryption, bucket, group.attr_dataset_group_arn)


def test_an_encryption_below_the_stack_that_is_referred_to(owner: cdk.Stack, jobs: cdk.Stack) -> None:
    """It needs the bucket, and with it its parent does."""
    encryption = PersonalizeEncryption(cdk.NestedStack(owner, "Nested"), "Encryption")
    group = personalize.CfnDatasetGroup(owner, "Movies", name="movies")
    with pytest.raises(ValueError, match=r"refers to stack Owner/Nested, whose policies refer to the source in Jobs"):
        deleting(jobs, encryption, s3.Bucket(jobs, "Data"), group.attr_dataset_group_arn)


def test_nested_stacks_of_one_stack(app: cdk.App, owner: cdk.Stack) -> None:
    """What isn't beside the machine makes no cycle."""
    encryption = PersonalizeEncryption(cdk.NestedStack(owner, "Nested"), "Encryption")
    group = encryption.add_dataset_group("Movies", name="movies")
    other = cdk.NestedStack(owner, "Other")
    machine(other, deleting(other, encryption, s3.Bucket(owner, "Data"), group.attr_dataset_group_arn))
    app.synth()


NO_NAME = (
    "the service role has no fixed name, or one that its own stack gives it, so that the job refers to stack Owner, "
    "whose policies refer to the source in Jobs, a cycle of stacks: give the role a literal role_name, or make the "
    "state machine in Owner"
)


@pytest.mark.parametrize("where", ["owner", "jobs"])
def test_a_name_that_is_a_parameter_of_its_stack(app: cdk.App, owner: cdk.Stack, jobs: cdk.Stack, where: str) -> None:
    """The machine refers to the role; and where that makes a cycle, it can't."""
    name = cdk.CfnParameter(owner, "Name").value_as_string
    encryption = PersonalizeEncryption(owner, "Encryption", role_name=name)
    source = S3Location(s3.Bucket({"owner": owner, "jobs": jobs}[where], "Data"), "in/")
    options: Any = {"encryption": encryption, "dataset_arn": DATASET, "source": source}
    if where == "jobs":
        with pytest.raises(ValueError, match=r"^Jobs/Import: ") as refused:
            DatasetImportJob(jobs, "Import", **options)
        assert str(refused.value) == f"Jobs/Import: {NO_NAME}"
    else:
        machine(jobs, DatasetImportJob(jobs, "Import", **options))
        app.synth()
        assert passed_role(jobs) == {"Fn::ImportValue": "Owner:ExportsOutputFnGetAttEncryptionRole2D2265A5ArnD637ED49"}


@pytest.mark.parametrize("where", ["owner", "jobs"])
def test_a_name_that_is_lost_later(app: cdk.App, owner: cdk.Stack, jobs: cdk.Stack, where: str) -> None:
    """By an aspect, for example, after the job has been made."""
    role = personalize_role(owner, role_name="given")
    encryption = PersonalizeEncryption(owner, "Encryption", service_role=role)
    source = S3Location(s3.Bucket({"owner": owner, "jobs": jobs}[where], "Data"), "in/")
    job = DatasetImportJob(jobs, "Import", encryption=encryption, dataset_arn=DATASET, source=source)
    machine(jobs, job)
    role.node.default_child.role_name = None  # type: ignore[union-attr]
    if where == "jobs":
        with pytest.raises(RuntimeError, match=r"\[Jobs/Import\] the service role has no fixed name, or one that its"):
            app.synth()
    else:
        app.synth()
        assert passed_role(jobs) == {"Fn::ImportValue": "Owner:ExportsOutputFnGetAttRole1ABCC5F0ArnB4C0B73E"}


def test_a_name_that_is_changed_later(app: cdk.App, owner: cdk.Stack, jobs: cdk.Stack) -> None:
    """The machine has the one that is deployed."""
    encryption = PersonalizeEncryption(owner, "Encryption")
    source = S3Location(s3.Bucket(jobs, "Data"), "in/")
    machine(jobs, DatasetImportJob(jobs, "Import", encryption=encryption, dataset_arn=DATASET, source=source))
    l1: Any = encryption.service_role.node.default_child
    l1.role_name, l1.path = "corp-personalize", "/teams/"
    app.synth()
    (arn,) = [part for part in passed_role(jobs)["Fn::Join"][1] if "role" in str(part)]
    assert arn == ":iam::111111111111:role/teams/corp-personalize"


def passed_role(stack: cdk.Stack) -> Any:
    """The role that the state machine may pass on."""
    (policy,) = resources(stack, "AWS::IAM::Policy").values()
    (statement,) = [s for s in policy["Properties"]["PolicyDocument"]["Statement"] if s["Action"] == "iam:PassRole"]
    return statement["Resource"]
