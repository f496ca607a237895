"""Batch jobs name a solution version, which leads to the dataset group and its key."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn

from personalize_kms_check import check_assembly
from personalize_kms_check._model.report import AccessReport
from personalize_kms_constructs import PersonalizeEncryption, S3Location
from personalize_kms_constructs.jobs import BatchSegmentJob
from tests.checks.templates import check, complete, of_type, reasons, role
from tests.checks.test_state_machines import BATCH, machine, task
from tests.jobs.machines import machine as machine_of
from tests.judge.apps import export_job

ON_KEY = {
    ("key", "kms:CreateGrant"),
    ("key", "kms:Decrypt"),
    ("key", "kms:DescribeKey"),
    ("key", "kms:GenerateDataKey"),
    ("key", "kms:ListGrants"),
    ("role", "kms:Decrypt"),
    ("role", "kms:DescribeKey"),
    ("role", "kms:GenerateDataKey"),
    ("role", "kms:ListGrants"),
}


def on_keys(report: AccessReport, asked: str, key: str = "Main.RightKey") -> set[tuple[str, str]]:
    """Return the policies and actions that the role lacks on the key, for a request."""
    of_roles = [entry for entry in report.missing if entry.principal == "role"]
    on_key = [entry for entry in of_roles if f"{{{key}" in entry.resource]
    return {(entry.policy, entry.action) for entry in on_key if asked in entry.needed_by}


def test_a_job_with_the_wrong_encryption_lacks_the_key_of_its_solution(tmp_path: Path) -> None:
    """Each execution chooses the path, so that the metadata of the job is all there is to read."""
    app = cdk.App(outdir=str(tmp_path), context={"personalize-kms-constructs:judge": False})
    stack = cdk.Stack(app, "Main")
    data = s3.Bucket(stack, "Data")
    right, wrong = PersonalizeEncryption(stack, "Right"), PersonalizeEncryption(stack, "Wrong")
    movies = right.add_dataset_group("Movies", name="movies")
    recipe = "arn:aws:personalize:::recipe/aws-user-personalization"
    solution = personalize.CfnSolution(
        stack,
        "Solution",
        name="sims",
        dataset_group_arn=movies.attr_dataset_group_arn,
        recipe_arn=recipe,
    )
    job = BatchSegmentJob(
        stack,
        "Batch",
        encryption=wrong,
        solution_version_arn=f"{solution.attr_solution_arn}/4a5b",
        source=S3Location(data, "in/"),
        source_path="{% $states.input.path %}",
        destination=S3Location(data, "out/"),
    )
    sfn.StateMachine(stack, "Machine", definition_body=sfn.DefinitionBody.from_chainable(job))
    app.synth()
    assert on_keys(check_assembly(tmp_path), "Main/Batch (batch segment job)") == ON_KEY


def test_a_task_leads_to_the_key_of_its_solution(tmp_path: Path) -> None:
    """A state machine that calls Personalize itself, with another role than the dataset group's."""
    version = {"Fn::Join": ["/", [{"Fn::GetAtt": ["Sims", "SolutionArn"]}, "4a5b"]]}
    arguments = {**BATCH, "SolutionVersionArn": "VERSION", "RoleArn": "ROLE"}
    substitutions = {"Version": version, "Role": {"Fn::GetAtt": ["Other", "Arn"]}}
    asks = machine(
        {"Batch": task("createBatchInferenceJob", arguments)}, DefinitionSubstitutions=substitutions
    )
    definition = asks["Properties"]["DefinitionString"].replace("VERSION", "${Version}")
    asks["Properties"]["DefinitionString"] = definition.replace("ROLE", "${Role}")
    group = {"Fn::GetAtt": ["Movies", "DatasetGroupArn"]}
    sims = of_type("AWS::Personalize::Solution", Name="sims", DatasetGroupArn=group)
    report = check(tmp_path, complete(Asks=asks, Sims=sims, Other=role()))
    assert not any("dataset group can't be seen" in reason for reason in reasons(report))
    assert on_keys(report, "Main/Asks · Batch (batch inference job)", key="Main.Key") == ON_KEY


def test_a_dataset_that_is_named_by_its_arn_is_of_the_group_in_it(tmp_path: Path) -> None:
    """Its ARN names its dataset group: with the wrong encryption eleven permissions are missing."""
    app = cdk.App(outdir=str(tmp_path), context={"personalize-kms-constructs:judge": False})
    stack = cdk.Stack(app, "Main", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    right, wrong = PersonalizeEncryption(stack, "Right"), PersonalizeEncryption(stack, "Wrong")
    right.add_dataset_group("Movies", name="movies")
    dataset = "arn:aws:personalize:eu-west-1:111122223333:dataset/movies/INTERACTIONS"
    path = "{% $states.input.path & '/' %}"
    machine_of(stack, export_job(wrong, dataset_arn=dataset, destination_path=path))
    app.synth()
    report = check_assembly(tmp_path)
    export = {("key", "kms:GenerateDataKeyWithoutPlaintext")}
    assert on_keys(report, "Main/Wrong/Export (dataset export job)") == ON_KEY | export
    of_service = [entry.action for entry in report.missing if entry.principal == "service"]
    assert (of_service, len(report.missing)) == (["kms:GenerateDataKeyWithoutPlaintext"], 11)
