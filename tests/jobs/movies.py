"""A stack that is deployed to the embedded AWS, and the executions of its state machine."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn

from embedded_aws import EmbeddedAws
from personalize_kms_constructs import PersonalizeEncryption, S3Location
from personalize_kms_constructs.jobs import (
    BatchInferenceJob,
    BatchSegmentJob,
    DataDeletionJob,
    DatasetExportJob,
    DatasetImportJob,
)
from tests.datasets import add_ratings
from tests.deploy.stacks import deploy
from tests.jobs.machines import machine
from tests.policies import template

SCHEMA = {
    "type": "record",
    "name": "Interactions",
    "namespace": "com.amazonaws.personalize.schema",
    "fields": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
    ],
    "version": "1.0",
}
RATINGS = "USER_ID,ITEM_ID,TIMESTAMP\nu1,i1,1\nu2,i2,2\n"
ENVIRONMENT = cdk.Environment(account="111111111111", region="eu-west-1")
SECONDS = 20.0


class Movies:
    """A dataset group with one dataset; its data is in a bucket with another key."""

    def __init__(self, stack: cdk.Stack) -> None:
        self.stack = stack
        self.bucket = s3.Bucket(
            stack,
            "Data",
            bucket_name="movies-data",
            encryption_key=kms.Key(stack, "DataKey"),
            bucket_key_enabled=True,
        )
        self.encryption = PersonalizeEncryption(stack, "Encryption")
        group = self.encryption.add_dataset_group("Movies", name="movies")
        schema = personalize.CfnSchema(stack, "Schema", name="ratings", schema=json.dumps(SCHEMA))
        dataset = add_ratings(self.encryption, group, schema_arn=schema.attr_schema_arn)
        solution = personalize.CfnSolution(
            stack, "Solution", name="recommend", dataset_group_arn=group.attr_dataset_group_arn
        )
        self.group_arn = group.attr_dataset_group_arn
        self.dataset_arn = dataset.attr_dataset_arn
        self.solution_arn = solution.attr_solution_arn

    def at(self, prefix: str) -> S3Location:
        """A place in the bucket."""
        return S3Location(self.bucket, prefix)

    def importing(self, **options: Any) -> DatasetImportJob:
        """The import of a folder."""
        given = {"dataset_arn": self.dataset_arn, "source": self.at("import/"), **options}
        return DatasetImportJob(self.stack, "Import", encryption=self.encryption, **given)

    def recommending(
        self, version: str = "{% $states.context.Execution.Input.version %}"
    ) -> BatchInferenceJob:
        """Recommendations for a file of users."""
        return BatchInferenceJob(
            self.stack,
            "Recommend",
            encryption=self.encryption,
            solution_version_arn=version,
            source=self.at("batch/in/users.json"),
            destination=self.at("batch/out/"),
            num_results=1,
            tags={"team": "movies"},
        )

    def segmenting(self, **options: Any) -> BatchSegmentJob:
        """The segments for a folder of items."""
        given = {"source": self.at("batch/in/"), "destination": self.at("segments/"), **options}
        version = "{% $states.context.Execution.Input.version %}"
        return BatchSegmentJob(
            self.stack,
            "Segments",
            encryption=self.encryption,
            solution_version_arn=version,
            **given,
        )

    def exporting(self, **options: Any) -> DatasetExportJob:
        """The export of the imported data."""
        given = {"dataset_arn": self.dataset_arn, "destination": self.at("export/"), **options}
        return DatasetExportJob(
            self.stack, "Export", encryption=self.encryption, ingestion_mode="BULK", **given
        )

    def deleting(self, **options: Any) -> DataDeletionJob:
        """The deletion of the users in a file."""
        given = {"dataset_group_arn": self.group_arn, "source": self.at("deletion/"), **options}
        return DataDeletionJob(self.stack, "Delete", encryption=self.encryption, **given)


@dataclass(frozen=True)
class Execution:
    """An execution that has ended."""

    status: str
    output: Any
    error: str
    cause: str


class Deployed:
    """The state machine on the embedded AWS."""

    def __init__(self, aws: EmbeddedAws, whole: dict[str, Any]) -> None:
        assert deploy(aws, {"Stack": whole}) == []
        self.aws = aws
        self.states, self.personalize, self.s3 = (
            aws.client("stepfunctions"),
            aws.client("personalize"),
            aws.client("s3"),
        )
        (machine,) = self.states.list_state_machines()["stateMachines"]
        self.arn: str = machine["stateMachineArn"]
        described = self.states.describe_state_machine(stateMachineArn=self.arn)
        self.role: str = described["roleArn"].rsplit("/", 1)[-1]
        solution = self.personalize.list_solutions()["solutions"][0]["solutionArn"]
        self.version = trained_version(self.personalize, solution)
        self.put("import/ratings.csv", RATINGS)
        self.put("batch/in/users.json", '{"userId": "u1"}\n')

    def put(self, key: str, text: str) -> None:
        """Upload a file."""
        self.s3.put_object(Bucket="movies-data", Key=key, Body=text.encode())

    def get(self, key: str) -> str:
        """The content of a file."""
        return str(self.s3.get_object(Bucket="movies-data", Key=key)["Body"].read().decode())

    def start(self, **more_input: Any) -> str:
        """Begin an execution, with the solution version in its input."""
        document = json.dumps({"version": self.version, **more_input})
        return str(
            self.states.start_execution(stateMachineArn=self.arn, input=document)["executionArn"]
        )

    def end(self, execution: str) -> Execution:
        """Wait for an execution."""
        wait_until(
            lambda: self.states.describe_execution(executionArn=execution)["status"] != "RUNNING"
        )
        described = self.states.describe_execution(executionArn=execution)
        output = json.loads(described.get("output") or "null")
        return Execution(
            described["status"], output, described.get("error", ""), described.get("cause", "")
        )

    def run(self, **more_input: Any) -> Execution:
        """Begin an execution and wait for it."""
        return self.end(self.start(**more_input))

    def errors(self, execution: str) -> list[str]:
        """The errors of an execution's tasks, retried errors included."""
        events = self.states.get_execution_history(executionArn=execution, maxResults=1000)[
            "events"
        ]
        return [
            event["taskFailedEventDetails"]["error"]
            for event in events
            if event["type"] == "TaskFailed"
        ]

    def names(self, kind: str) -> list[str]:
        """The names of the jobs of a kind, as ``dataset_import_jobs``."""
        listed = getattr(self.personalize, f"list_{kind}")()
        (jobs,) = (value for field, value in listed.items() if isinstance(value, list))
        return [job["jobName"] for job in jobs]


def trained_version(personalize: Any, solution_arn: str) -> str:
    """A new version of a solution; its training comes along by being looked at."""
    version: str = personalize.create_solution_version(solutionArn=solution_arn)[
        "solutionVersionArn"
    ]
    for _ in range(2):
        personalize.describe_solution_version(solutionVersionArn=version)
    return version


def deployed(
    aws: EmbeddedAws, movies: Movies, *fragments: sfn.IChainable, **options: Any
) -> Deployed:
    """The stack, with a state machine that runs these."""
    machine(movies.stack, *fragments, **options)
    return Deployed(aws, template(movies.stack))


def wait_until(condition: Callable[[], bool]) -> None:
    """Look again until it is so."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, f"not so after {SECONDS} seconds"
        time.sleep(0.05)
