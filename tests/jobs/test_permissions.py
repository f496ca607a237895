"""Permissions that are missing when a job is started: of the state machine, of the service role, of the service."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from embedded_aws import EmbeddedAws
from personalize_kms_constructs.jobs import BatchInferenceJob, DatasetExportJob, DatasetImportJob
from tests.deploy.stacks import of_type
from tests.jobs.least import with_one_thing_less
from tests.jobs.machines import machine
from tests.jobs.movies import Deployed, Movies, deployed
from tests.policies import template


@pytest.fixture
def jobs(movies: Movies) -> list[Any]:
    """An import with tags, an export and batch inference."""
    return [
        DatasetImportJob(
            movies.stack,
            "Import",
            encryption=movies.encryption,
            dataset_arn=movies.dataset_arn,
            source=movies.at("import/"),
            tags={"team": "movies"},
        ),
        DatasetExportJob(
            movies.stack,
            "Export",
            encryption=movies.encryption,
            dataset_arn=movies.dataset_arn,
            destination=movies.at("export/"),
        ),
        BatchInferenceJob(
            movies.stack,
            "Recommend",
            encryption=movies.encryption,
            solution_version_arn="{% $states.context.Execution.Input.version %}",
            source=movies.at("batch/in/"),
            destination=movies.at("batch/out/"),
        ),
    ]


def test_the_role_of_the_machine_has_nothing_too_much(aws: EmbeddedAws, movies: Movies, jobs: list[Any]) -> None:
    """With all of it the jobs run; without any one action or resource they don't."""
    night = deployed(aws, movies, *jobs)
    assert night.run().status == "SUCCEEDED"
    iam = aws.client("iam")
    (name,) = iam.list_role_policies(RoleName=night.role)["PolicyNames"]
    whole = iam.get_role_policy(RoleName=night.role, PolicyName=name)["PolicyDocument"]
    tried = 0
    for what, less in with_one_thing_less(whole):
        iam.put_role_policy(RoleName=night.role, PolicyName=name, PolicyDocument=json.dumps(less))
        end = night.run()
        assert (end.status, end.error) == ("FAILED", "Personalize.PersonalizeException"), what
        assert "is not authorized to perform" in end.cause, what
        tried += 1
    assert tried == 18


def test_a_role_that_is_passed_to_another_service_only_is_refused(
    aws: EmbeddedAws, movies: Movies, jobs: list[Any]
) -> None:
    """The condition is evaluated with the service that gets the role."""
    machine(movies.stack, *jobs)
    whole = template(movies.stack)
    (policy,) = of_type(whole, "AWS::IAM::Policy")
    (passing,) = [s for s in policy["Properties"]["PolicyDocument"]["Statement"] if s["Action"] == "iam:PassRole"]
    passing["Condition"]["StringEquals"]["iam:PassedToService"] = "lambda.amazonaws.com"
    end = Deployed(aws, whole).run()
    assert (end.status, "perform: iam:PassRole on resource: arn:aws:iam::111111111111:role/" in end.cause) == (
        "FAILED",
        True,
    )


def key_statements(whole: Any, logical_id: str, sid: str) -> Any:
    statements = whole["Resources"][logical_id]["Properties"]["KeyPolicy"]["Statement"]
    (statement,) = [s for s in statements if s.get("Sid", "").startswith(sid)]
    return statement["Action"]


def no_export_in_the_key_policy(whole: Any) -> None:
    """The dataset group's key has it for exports."""
    key_statements(whole, "EncryptionKey3A692D6E", "PersonalizeService").remove("kms:GenerateDataKeyWithoutPlaintext")


def no_grants_on_the_key_of_the_bucket(whole: Any) -> None:
    """The bucket's key is in the job's hands too."""
    key_statements(whole, "DataKey17AFBB84", "PersonalizeRole").remove("kms:CreateGrant")


def no_bucket_policy(whole: Any) -> None:
    """The service reads nothing then."""
    for name in [name for name, found in whole["Resources"].items() if found["Type"] == "AWS::S3::BucketPolicy"]:
        del whole["Resources"][name]
    for found in whole["Resources"].values():
        if "DependsOn" in found:
            found["DependsOn"] = [name for name in found["DependsOn"] if name in whole["Resources"]]


def no_writing_in_iam(whole: Any) -> None:
    """The service role writes the export."""
    (policy,) = of_type(whole, "AWS::IAM::ManagedPolicy")
    document = policy["Properties"]["PolicyDocument"]
    document["Statement"] = [s for s in document["Statement"] if s["Sid"] != "WriteObjects"]


@pytest.mark.parametrize(
    ("break_it", "missing"),
    [
        (
            no_export_in_the_key_policy,
            "dataset export job .* personalize.amazonaws.com needs kms:GenerateDataKeyWithoutPlaintext on .*key policy",
        ),
        (no_grants_on_the_key_of_the_bucket, "dataset import job .* needs kms:CreateGrant on arn:aws:kms:"),
        (no_bucket_policy, "dataset import job .* personalize.amazonaws.com needs s3:GetObject on .*bucket policy"),
        (no_writing_in_iam, "dataset export job .* needs s3:PutObject on .*IAM policies of the role"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "message",
)
def test_a_policy_that_lacks_something_fails_the_execution(
    aws: EmbeddedAws, movies: Movies, jobs: list[Any], break_it: Callable[[Any], None], missing: str
) -> None:
    """The job is refused, with the name of what is missing."""
    machine(movies.stack, *jobs)
    whole = template(movies.stack)
    break_it(whole)
    end = Deployed(aws, whole).run()
    assert (end.status, end.error) == ("FAILED", "Personalize.InvalidInputException")
    assert re.search(missing, end.cause), end.cause
