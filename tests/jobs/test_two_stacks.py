"""The encryption in one stack, bucket and state machine in another: deployed and executed."""

import json

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3

from embedded_aws import EmbeddedAws
from personalize_kms_constructs import PersonalizeEncryption, S3Location
from personalize_kms_constructs.jobs import DatasetExportJob, DatasetImportJob
from tests.bench.test_by_hand import counted
from tests.datasets import add_ratings
from tests.deploy.stacks import deploy
from tests.jobs.machines import machine
from tests.jobs.movies import ENVIRONMENT, RATINGS, SCHEMA, wait_until
from tests.policies import template

GROUP_DATASET = "arn:aws:personalize:eu-west-1:111111111111:dataset/movies/INTERACTIONS"


def calls_of_synth(jobs: int) -> int:
    """Count the jsii calls of a synth, with the encryption in a stack apart from the machine's."""
    app = cdk.App(analytics_reporting=False, context={"@aws-cdk/aws-iam:minimizePolicies": True})
    owner, other = cdk.Stack(app, "Owner", env=ENVIRONMENT), cdk.Stack(app, "Jobs", env=ENVIRONMENT)
    encryption, bucket = PersonalizeEncryption(owner, "Encryption"), s3.Bucket(other, "Data")
    imports = [
        DatasetImportJob(
            other,
            f"Import{number}",
            encryption=encryption,
            dataset_arn=GROUP_DATASET,
            source=S3Location(bucket, f"import{number}/"),
        )
        for number in range(jobs)
    ]
    machine(other, *imports)
    with counted() as made:
        app.synth()
        return made()


def test_each_job_costs_the_same() -> None:
    """The cost of a job doesn't grow with their number: all name the role by one token."""
    one, two, three = (calls_of_synth(number) for number in (1, 2, 3))
    assert three - two <= two - one < 70


def test_jobs_run_in_another_stack_than_their_encryption(aws: EmbeddedAws, app: cdk.App) -> None:
    """Policies of both stacks name the role, which the machine passes by its name."""
    owner, jobs = cdk.Stack(app, "Owner", env=ENVIRONMENT), cdk.Stack(app, "Jobs", env=ENVIRONMENT)
    encryption = PersonalizeEncryption(owner, "Encryption")
    group = encryption.add_dataset_group("Movies", name="movies")
    schema = personalize.CfnSchema(owner, "Schema", name="ratings", schema=json.dumps(SCHEMA))
    add_ratings(encryption, group, schema_arn=schema.attr_schema_arn)
    bucket = s3.Bucket(
        jobs, "Data", bucket_name="movies-data", encryption_key=kms.Key(jobs, "DataKey")
    )
    dataset = jobs.format_arn(
        service="personalize", resource="dataset", resource_name="movies/INTERACTIONS"
    )
    machine(
        jobs,
        DatasetImportJob(
            jobs,
            "Import",
            encryption=encryption,
            dataset_arn=dataset,
            source=S3Location(bucket, "import/"),
        ),
        DatasetExportJob(
            jobs,
            "Export",
            encryption=encryption,
            dataset_arn=dataset,
            destination=S3Location(bucket, "export/"),
            ingestion_mode="ALL",
        ),
    )
    assert deploy(aws, {"Jobs": template(jobs), "Owner": template(owner)}) == []
    states, files = aws.client("stepfunctions"), aws.client("s3")
    files.put_object(Bucket="movies-data", Key="import/ratings.csv", Body=RATINGS.encode())
    (state_machine,) = states.list_state_machines()["stateMachines"]
    execution = states.start_execution(stateMachineArn=state_machine["stateMachineArn"])[
        "executionArn"
    ]
    wait_until(lambda: states.describe_execution(executionArn=execution)["status"] != "RUNNING")
    end = states.describe_execution(executionArn=execution)
    assert end["status"] == "SUCCEEDED", end
    assert files.list_objects_v2(Bucket="movies-data", Prefix="export/")["KeyCount"] == 1
