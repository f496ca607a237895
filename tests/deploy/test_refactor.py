"""A renamed or moved construct: if the role's name is pinned, ``cdk refactor`` keeps everything."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from demo.cdk_cli import cdk as run_cdk
from embedded_aws import EmbeddedAws
from personalize_kms_constructs import PersonalizeEncryption, S3Location
from personalize_kms_constructs.jobs import DatasetImportJob
from tests.deploy.stacks import deploy

MACHINE = {"AWS::IAM::Policy", "AWS::StepFunctions::StateMachine"}
TYPES = {
    "AWS::KMS::Key",
    "AWS::IAM::Role",
    "AWS::IAM::ManagedPolicy",
    "AWS::Personalize::DatasetGroup",
}


def synthesized(
    folder: Path,
    *path: str,
    stack: str = "Stack",
    role_name: str | None = None,
    job: str = "Import",
    job_name: str | None = None,
) -> str:
    """The assembly of an app with a construct at this path, and a machine that runs a job."""
    app = cdk.App(analytics_reporting=False, outdir=str(folder))
    env = cdk.Environment(account=EmbeddedAws().account, region=EmbeddedAws().region)
    top = cdk.Stack(app, stack, env=env)
    parent: Construct = top
    *parents, id = path
    for parent_id in parents:
        parent = Construct(parent, parent_id)
    encryption = PersonalizeEncryption(parent, id, role_name=role_name)
    encryption.add_dataset_group("Movies", name="movies")
    fragment = DatasetImportJob(
        top,
        job,
        encryption=encryption,
        dataset_arn=top.format_arn(
            service="personalize", resource="dataset", resource_name="movies/INTERACTIONS"
        ),
        source=S3Location(s3.Bucket.from_bucket_name(top, "Data", "data"), "import/"),
        job_name=job_name,
    )
    sfn.StateMachine(top, "Nightly", definition_body=sfn.DefinitionBody.from_chainable(fragment))
    if stack != "Stack":
        cdk.CfnWaitConditionHandle(top, "Placeholder")
    app.synth()
    return str(folder)


# A stack of the new name, which ``cdk refactor`` doesn't create.
EMPTY = {"Resources": {"Placeholder": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}}


@dataclass
class Before:
    """The app deployed, before anything of it is renamed."""

    environment: dict[str, str]
    role: str
    """The name that its role got."""

    def refactor(self, after: str, *options: str) -> list[list[str]]:
        """Return the moves that ``cdk refactor`` announces, without moving anything."""
        return [*table_rows(self.printed(after, *options))]

    def printed(self, after: str, *options: str) -> str:
        """Return all that it says."""
        refactor = ("refactor", "--unstable=refactor", "--dry-run", "--app", after, *options)
        return run_cdk(*refactor, environment=self.environment, quiet=True)


@pytest.fixture(scope="module")
def before(running_aws: EmbeddedAws, tmp_path_factory: pytest.TempPathFactory) -> Before:
    """The deployment that all tests share: none of them changes it."""
    running_aws.reset()
    home = tmp_path_factory.mktemp("home")
    stack = synthesized(home / "before", "Encryption")
    template = json.loads(Path(stack, "Stack.template.json").read_text())
    assert deploy(running_aws, {"Stack": template, "Renamed": EMPTY}) == []
    names = [role["RoleName"] for role in running_aws.client("iam").list_roles()["Roles"]]
    (role,) = [name for name in names if name.startswith("Stack-Encryption-")]
    return Before(running_aws.environment(home), role)


def test_a_construct_that_is_renamed_and_moved(before: Before, tmp_path: Path) -> None:
    """Key, role, policy and dataset group are found again under their new logical ids."""
    rows = before.refactor(synthesized(tmp_path, "Movies", "Renamed", role_name=before.role))
    moved = {cells[1]: cells[3].partition(".")[2] for cells in rows}
    assert set(moved) == TYPES
    assert all(logical_id.startswith("MoviesRenamed") for logical_id in moved.values())


PRESENT_NAME = "{% 'StackImportBFE02939-' & $uuid() %}"


@pytest.mark.long
@pytest.mark.parametrize("job_name", [PRESENT_NAME, None], ids=["pinned", "not pinned"])
def test_a_stack_that_is_renamed(before: Before, tmp_path: Path, job_name: str | None) -> None:
    """Names of jobs begin with the stack's name; unless they are pinned, the CLI moves nothing."""
    after = synthesized(
        tmp_path, "Encryption", stack="Renamed", role_name=before.role, job_name=job_name
    )
    rows = before.refactor(after, "--additional-stack-name=Stack")
    moved = {cells[1]: cells[3].partition(".")[0] for cells in rows}
    assert moved == dict.fromkeys(TYPES | MACHINE if job_name else (), "Renamed")


@pytest.mark.long
def test_a_job_that_is_renamed_is_in_another_machine(before: Before, tmp_path: Path) -> None:
    """States are named after the job's id."""
    after = synthesized(
        tmp_path, "Encryption", role_name=before.role, job_name=PRESENT_NAME, job="Load"
    )
    printed = before.printed(after)
    assert set(re.findall(r"\[[-+~]\] .+", printed)) == {"[~] Stack.NightlyC44EE0A7"}


def table_rows(printed: str) -> Iterator[list[str]]:
    """The cells of each row of the table that the CLI prints, the headings left out."""
    for line in printed.splitlines():
        cells = [cell.strip() for cell in line.split("│")]
        if len(cells) == 5 and cells[1].startswith("AWS::"):
            yield cells
