"""Jobs in another stack than their encryption: what works, and what is refused in our words."""

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


@pytest.mark.parametrize("inside", ["job", "encryption"])
def test_a_job_in_another_stage(app: cdk.App, stack: cdk.Stack, inside: str) -> None:
    """The CDK would speak of a dependency that crosses a boundary."""
    staged = cdk.Stack(cdk.Stage(app, "Prod", env=environment()), "Staged")
    here, there = (staged, stack) if inside == "job" else (stack, staged)
    encryption = PersonalizeEncryption(there, "Encryption")
    bucket = s3.Bucket.from_bucket_name(there, "Bucket", "ratings")
    with pytest.raises(ValueError, match="stages are deployed apart") as refused:
        DatasetImportJob(here, "Import", encryption=encryption, dataset_arn=DATASET, source=S3Location(bucket, "in/"))
    first, second = ("stage Prod", "the app") if inside == "job" else ("the app", "stage Prod")
    assert str(refused.value) == (
        f"{here.node.path}/Import: the job is in {first} but its encryption in {second}, and stages are deployed apart "
        "from each other: make both in one stage"
    )


ANY, KNOWN = "any account and Region", "111111111111 in eu-west-1"


@pytest.mark.parametrize("where", ["owner", "jobs"])
@pytest.mark.parametrize("agnostic", ["owner", "jobs"])
def test_a_bucket_of_another_environment(app: cdk.App, where: str, agnostic: str) -> None:
    """The CDK knows no name of it there, and says so in words that name no job."""
    stacks = {
        name: cdk.Stack(app, name.title(), env=None if name == agnostic else environment())
        for name in ("owner", "jobs")
    }
    encryption = PersonalizeEncryption(stacks["owner"], "Encryption")
    source = S3Location(s3.Bucket(stacks[where], "Data"), "in/")
    with pytest.raises(ValueError, match=r"^Jobs/Import: ") as refused:
        DatasetImportJob(stacks["jobs"], "Import", encryption=encryption, dataset_arn=DATASET, source=source)
    if where == "jobs":
        # The encryption couldn't allow it in the first place.
        assert "bucket of the source of dataset import job is in Jobs, whose environment is" in str(refused.value)
        assert "give both stacks their env, or neither" in str(refused.value)
        return
    there, here = (ANY, KNOWN) if agnostic == where else (KNOWN, ANY)
    assert str(refused.value) == (
        f"Jobs/Import: source refers to stack Owner, which is for {there}, but stack Jobs is for {here}: "
        "give both the same env, or what it refers to a fixed name"
    )


@pytest.mark.parametrize(
    ("what", "refers"),
    [("dataset", "a parameter"), ("role", "service role"), ("key", "source")],
)
def test_something_else_of_another_environment(app: cdk.App, stack: cdk.Stack, what: str, refers: str) -> None:
    """Its ARN has an id that the CDK doesn't know."""
    options: Any = {}
    if what == "role":
        options["service_role"] = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("personalize.amazonaws.com"))
    encryption = PersonalizeEncryption(stack, "Encryption", **options)
    key = kms.Key(stack, "DataKey") if what == "key" else None
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "ratings")
    dataset = personalize.CfnDataset(
        stack, "Dataset", dataset_group_arn="g", name="ratings", schema_arn="s", dataset_type="Interactions"
    )
    with pytest.raises(ValueError, match=r"^Other/Import: ") as refused:
        DatasetImportJob(
            cdk.Stack(app, "Other"),
            "Import",
            encryption=encryption,
            dataset_arn=dataset.attr_dataset_arn if what == "dataset" else DATASET,
            source=S3Location(bucket, "in/", encryption_key=key),
        )
    assert str(refused.value) == (
        f"Other/Import: {refers} refers to stack Stack, which is for {KNOWN}, but stack Other is for {ANY}: give both "
        "the same env, or what it refers to a fixed name"
    )


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


@pytest.mark.parametrize("where", ["bucket", "key"])
def test_a_dataset_of_the_encryptions_stack_is_refused(app: cdk.App, where: str) -> None:
    """Each stack would need the other, which the CDK says in words that name neither bucket nor dataset."""
    stacks = TwoStacks(app)
    if where == "key":
        bucket = s3.Bucket.from_bucket_name(stacks.jobs, "Known", "ratings")
        source = S3Location(bucket, "deletion/", encryption_key=kms.Key(stacks.jobs, "OtherKey"))
    else:
        source = S3Location(stacks.bucket, "deletion/")
    with pytest.raises(ValueError, match=r"^Jobs/Delete: ") as refused:
        DataDeletionJob(
            stacks.jobs,
            "Delete",
            encryption=stacks.encryption,
            dataset_group_arn=stacks.group.attr_dataset_group_arn,
            source=source,
        )
    assert str(refused.value) == (
        "Jobs/Delete: dataset_group_arn refers to stack Owner, whose policies refer to the source in Jobs, a cycle of "
        "stacks: make the state machine in Owner, or write out what it refers to, for example with stack.format_arn"
    )


def test_a_nameless_role_of_the_encryptions_stack_is_refused(app: cdk.App) -> None:
    """Its ARN can't be written out."""
    owner, jobs = cdk.Stack(app, "Owner", env=environment()), cdk.Stack(app, "Jobs", env=environment())
    role = iam.Role(owner, "Role", assumed_by=iam.ServicePrincipal("personalize.amazonaws.com"))
    encryption = PersonalizeEncryption(owner, "Encryption", service_role=role)
    source = S3Location(s3.Bucket(jobs, "Data"), "in/")
    with pytest.raises(ValueError, match=r"^Jobs/Import: ") as refused:
        DatasetImportJob(jobs, "Import", encryption=encryption, dataset_arn=DATASET, source=source)
    assert str(refused.value) == (
        "Jobs/Import: the service role has no fixed name, or one that its own stack gives it, so that the job refers "
        "to stack Owner, whose policies refer to the source in Jobs, a cycle of stacks: give the role a literal "
        "role_name, or make the state machine in Owner"
    )


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
