"""Requests to Personalize by state machines: jobs that they start, in definitions of every form."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn

from personalize_kms_check import check_assembly
from personalize_kms_constructs import PersonalizeEncryption, S3Location
from personalize_kms_constructs.jobs import (
    BatchInferenceJob,
    DataDeletionJob,
    DatasetExportJob,
    DatasetImportJob,
)
from tests.checks.templates import Json, bucket, check, complete, key, of_type
from tests.checks.test_requests import (
    DATASET_ARN,
    EXPORT,
    EXPORTING,
    NOT_KNOWN,
    ROLE_ARN,
    alone,
    wanted,
)

KEY_ARN = "arn:aws:kms:eu-west-1:111122223333:key/1"
TASK = "arn:aws:states:::aws-sdk:personalize:"


def batch(source: str) -> Json:
    """The arguments of a batch job that reads this."""
    return {
        "SolutionVersionArn": "arn:aws:personalize:eu-west-1:111122223333:solution/movies/1",
        "RoleArn": ROLE_ARN,
        "JobInput": {"S3DataSource": {"Path": source}},
        "JobOutput": {"S3DataDestination": {"Path": "s3://ratings/out/", "KmsKeyArn": KEY_ARN}},
    }


BATCH = batch("s3://ratings/in/users.json")


def task(call: str, arguments: Any, name: str = "Arguments", **more: Any) -> Json:
    return {"Type": "Task", "Resource": f"{TASK}{call}", name: arguments, "End": True, **more}


def machine(states: Json, **more: Any) -> Json:
    definition = json.dumps({"StartAt": next(iter(states)), "States": states})
    return of_type("AWS::StepFunctions::StateMachine", DefinitionString=definition, **more)


INNER = {"StartAt": "Export", "States": {"Export": task("createDatasetExportJob", EXPORT)}}
BATCHING = {
    ("s3:GetObject", "arn:aws:s3:::ratings/in/users.json"),
    ("s3:PutObject", "arn:aws:s3:::ratings/out/*"),
    ("s3:ListBucket", "arn:aws:s3:::ratings"),
    ("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/1"),
    ("kms:DescribeKey", "arn:aws:kms:eu-west-1:111122223333:key/1"),
    ("kms:GenerateDataKey", "arn:aws:kms:eu-west-1:111122223333:key/1"),
    ("kms:ListGrants", "arn:aws:kms:eu-west-1:111122223333:key/1"),
}


def after(said: Json, given: str, **more: Json) -> Json:
    """A task that takes its arguments from the state before it."""
    before = {"Type": "Pass", **said, "Next": "Export"}
    return {"Before": before, "Export": task("createDatasetExportJob", given), **more}


@pytest.mark.parametrize(
    ("states", "asked", "needs"),
    [
        (INNER["States"], "dataset export job", EXPORTING),
        ({"Batch": task("createBatchInferenceJob", BATCH)}, "batch inference job", BATCHING),
        (
            {"All": {"Type": "Parallel", "End": True, "Branches": [INNER]}},
            "dataset export job",
            EXPORTING,
        ),
        (
            {"Each": {"Type": "Map", "End": True, "ItemProcessor": INNER}},
            "dataset export job",
            EXPORTING,
        ),
        (
            after({"Parameters": EXPORT}, "{% $merge([$states.input, {'JobName': 'x'}]) %}"),
            "dataset export job",
            EXPORTING,
        ),
    ],
)
def test_jobs_of_state_machines(
    states: Any, asked: str, needs: set[tuple[str, str]], tmp_path: Path
) -> None:
    """Wherever they stand in the definition, in either query language."""
    report = alone(tmp_path, machine(states))
    assert [request.rpartition(" (")[2] for request in report.asked] == [f"{asked})"]
    assert wanted(report) == needs
    assert "its dataset group can't be seen" in " ".join(
        entry.because for entry in report.undecided
    )


def test_other_tasks_ask_for_nothing(tmp_path: Path) -> None:
    """Descriptions, other services, and machines without Personalize."""
    states = {
        "Describe": task("describeDatasetExportJob", {"DatasetExportJobArn": "x"}),
        "Version": task("createSolutionVersion", {"SolutionArn": "x"}),
        "Lambda": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True},
    }
    assert alone(tmp_path, machine(states)).asked == ()
    assert alone(tmp_path, machine({"Wait": {"Type": "Wait", "End": True}})).asked == ()


def test_a_state_whose_call_is_not_known(tmp_path: Path) -> None:
    """A parameter decides the call."""
    resource = {"Fn::Sub": "arn:aws:states:::aws-sdk:personalize:${Stage}"}
    states = {"Create": {"Type": "Task", "Resource": resource, "End": True}}
    definition = {"StartAt": "Create", "States": states}
    asks = of_type("AWS::StepFunctions::StateMachine", Definition=definition)
    report = alone(tmp_path, asks)
    assert report.asked == ()
    (entry,) = report.undecided
    assert (entry.needed_by, entry.because) == (["Main/Asks · Create"], NOT_KNOWN)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({**EXPORT, "RoleArn": "{% $states.input.role %}"}, "RoleArn of"),
        (
            {"RoleArn.$": "$.role", **{key: EXPORT[key] for key in ("DatasetArn", "JobOutput")}},
            "RoleArn of",
        ),
        ("{% $states.input %}", "arguments of"),
    ],
)
def test_what_each_execution_chooses_is_undecided(
    arguments: Any, name: str, tmp_path: Path
) -> None:
    """The role, or all of the arguments."""
    report = alone(tmp_path, machine({"Export": task("createDatasetExportJob", arguments)}))
    assert (report.missing, report.problems) == ((), ())
    assert any(name in entry.because or name in entry.principal_arn for entry in report.undecided)


def test_what_each_execution_chooses_has_a_name_in_lines(tmp_path: Path) -> None:
    """The argument's, as the API spells it, without the digest by which values are told apart."""
    export = {**EXPORT, "DatasetArn": "{% $states.input.dataset %}"}
    text = alone(tmp_path, machine({"Export": task("createDatasetExportJob", export)})).to_text()
    assert "and which: ${DatasetArn of Main/Asks · Export?}\n" in text


@pytest.mark.parametrize(
    "states",
    [
        after(
            {"Output": EXPORT},
            "{% $states.input %}",
            Other={"Type": "Pass", "Output": {}, "Next": "Export"},
        ),
        # The task takes a part of what it says.
        {
            "Before": {"Type": "Pass", "Parameters": EXPORT, "Next": "Export"},
            "Export": {
                "Type": "Task",
                "Resource": f"{TASK}createDatasetExportJob",
                "InputPath": "$.job",
                "End": True,
            },
        },
    ],
    ids=["two states", "a part"],
)
def test_what_the_state_before_does_not_say_is_undecided(states: Json, tmp_path: Path) -> None:
    """Only a Pass state's own output is known to be the input of the next."""
    report = alone(tmp_path, machine(states))
    assert report.asked == ("Main/Asks · Export (dataset export job)",)
    assert (report.missing, report.problems) == ((), ())
    assert wanted(report) != EXPORTING
    of_roles = [entry for entry in report.undecided if entry.principal == "role"]
    assert all("${" in entry.principal_arn for entry in of_roles)


@pytest.mark.parametrize("more", [{"QueryLanguage": "JSONata"}, {"InputPath": "$.a"}])
def test_a_task_without_arguments_has_its_input(more: dict[str, str], tmp_path: Path) -> None:
    """Each execution chooses the role and the key."""
    state = {"Type": "Task", "Resource": f"{TASK}createDatasetGroup", **more}
    report = check(tmp_path, complete(Machine=machine({"Start": state})))
    assert (report.missing, report.problems) == ((), ())
    assert "Main/Machine · Start" in report.asked[0]
    assert len(report.asked) == 2
    assert report.undecided


IMPORT = {
    "DatasetArn": "arn:aws:personalize:eu-west-1:444455556666:dataset/movies/INTERACTIONS",
    "RoleArn": "arn:aws:iam::444455556666:role/personalize",
    "DataSource": {"DataLocation": "s3://data/"},
}


@pytest.mark.parametrize(
    ("credentials", "problems"),
    [
        ({"RoleArn": "arn:aws:iam::444455556666:role/caller"}, []),
        ({"RoleArn": "arn:aws:iam::111122223333:role/caller"}, ["configuration"]),
        ({"RoleArn.$": "$.caller"}, []),
    ],
)
def test_a_task_in_another_account(credentials: Any, problems: list[str], tmp_path: Path) -> None:
    """``Credentials`` makes the call in the account of the role that it names."""
    states = {
        "Import": task("createDatasetImportJob", IMPORT, "Parameters", Credentials=credentials)
    }
    assert [problem.kind for problem in alone(tmp_path, machine(states)).problems] == problems


def test_a_definition_that_is_not_known_as_a_whole(tmp_path: Path) -> None:
    """An unknown number may end the string."""
    numbers = json.dumps({**INNER, "TimeoutSeconds": 1}).replace(": 1}", ": ")
    definition = {"Fn::Join": ["", [numbers, {"Ref": "Timeout"}, "}"]]}
    asks = of_type("AWS::StepFunctions::StateMachine", DefinitionString=definition)
    assert wanted(alone(tmp_path, asks)) == EXPORTING


@pytest.mark.parametrize(
    ("where", "file"),
    [
        ("stage", "machine.json"),
        ("nested stack", "machine.json"),
        ("app", "machine.yaml"),
    ],
)
def test_definitions_in_files_of_the_app(where: str, file: str, tmp_path: Path) -> None:
    """A stage's file is in the directory of the app; a file that isn't JSON is a question."""
    text = json.dumps(INNER) if file.endswith("json") else f"# YAML\n{json.dumps(INNER)}"
    (tmp_path / file).write_text(text)
    app = cdk.App(outdir=str(tmp_path / "cdk.out"), analytics_reporting=False)
    stack = cdk.Stack(cdk.Stage(app, "Prod") if where == "stage" else app, "Main")
    scope = cdk.NestedStack(stack, "Nested") if where == "nested stack" else stack
    sfn.StateMachine(
        scope, "Machine", definition_body=sfn.DefinitionBody.from_file(str(tmp_path / file))
    )
    report = check_assembly(app.synth())
    if file.endswith("json"):
        (request,) = report.asked
        assert request.endswith("/Machine · Export (dataset export job)")
    else:
        assert report.asked == ()
        (entry,) = report.undecided
        assert entry.because == (
            "its definition isn't JSON, so what it asks of Personalize isn't known: write it as "
            "JSON, or use the jobs of this library"
        )


def test_a_definition_that_is_no_json(tmp_path: Path) -> None:
    """One line with the fault and its place."""
    broken = of_type("AWS::StepFunctions::StateMachine", DefinitionString='{"personalize": ')
    (undecided,) = alone(tmp_path, broken).undecided
    assert undecided.because.startswith(
        f"{tmp_path}/Main.template.json: definition of Main/Asks isn't JSON: "
    )
    assert "\n" not in undecided.because


def test_our_jobs_are_seen_in_the_state_machine_with_their_key(app: cdk.App) -> None:
    """Nothing is open, though executions choose dataset groups and paths."""
    stack = cdk.Stack(app, "Main")
    data = s3.Bucket(stack, "Data")
    encryption = PersonalizeEncryption(stack, "Encryption")
    jobs = [
        DatasetImportJob(
            stack,
            "Import",
            encryption=encryption,
            dataset_arn=DATASET_ARN,
            source=S3Location(data, "in/"),
        ),
        BatchInferenceJob(
            stack,
            "Batch",
            encryption=encryption,
            solution_version_arn=sfn.JsonPath.string_at("$.version"),
            source=S3Location(data, "batch/in/"),
            destination=S3Location(data, "batch/out/"),
        ),
        DatasetExportJob(
            stack,
            "Export",
            encryption=encryption,
            dataset_arn="{% $states.input.dataset %}",
            destination=S3Location(data, "out/"),
            destination_path="{% $states.input.folder %}",
        ),
    ]
    chain = sfn.Chain.start(jobs[0]).next(jobs[1]).next(jobs[2])
    sfn.StateMachine(stack, "Machine", definition_body=sfn.DefinitionBody.from_chainable(chain))
    report = check_assembly(app.synth())
    assert (report.missing, report.undecided, report.problems) == ((), (), ())
    assert report.asked == (
        "Main/Batch (batch inference job)",
        "Main/Encryption (batch inference job)",
        "Main/Encryption (dataset export job)",
        "Main/Encryption (dataset import job)",
        "Main/Export (dataset export job)",
        "Main/Import (dataset import job)",
    )


def test_a_job_on_a_dataset_group_of_another_key(app: cdk.App) -> None:
    """It needs the key that the dataset group has, and not that of its own construct."""
    app.node.set_context("personalize-kms-constructs:judge", False)
    stack = cdk.Stack(app, "Main")
    one, other = PersonalizeEncryption(stack, "One"), PersonalizeEncryption(stack, "Other")
    job = DataDeletionJob(
        stack,
        "Delete",
        encryption=one,
        dataset_group_arn=other.add_dataset_group("Books", name="books").attr_dataset_group_arn,
        source=S3Location(s3.Bucket(stack, "Data"), "users/"),
    )
    sfn.StateMachine(stack, "Machine", definition_body=sfn.DefinitionBody.from_chainable(job))
    report = check_assembly(app.synth())
    assert {report.names.get(entry.resource) for entry in report.missing} == {"Main/Other/Key"}


@pytest.mark.parametrize("form", ["string", "object", "file", "asset", "a file that isn't here"])
@pytest.mark.parametrize(
    ("type", "role"),
    [("AWS::StepFunctions::StateMachine", "RoleArn"), ("AWS::Serverless::StateMachine", "Role")],
)
def test_the_definition_of_a_state_machine_in_every_form(
    type: str, role: str, form: str, tmp_path: Path
) -> None:
    """CloudFormation's and SAM's, with substitutions, and the role of the executions."""
    export = {**EXPORT, "RoleArn": "${Role}"}
    definition = {"StartAt": "Export", "States": {"Export": task("createDatasetExportJob", export)}}
    machine = "arn:aws:iam::111122223333:role/machine"
    properties: Json = {role: machine, "DefinitionSubstitutions": {"Role": EXPORT["RoleArn"]}}
    if form == "string":
        properties["DefinitionString"] = json.dumps(definition)
    elif form == "object":
        properties["Definition"] = definition
    elif form == "asset":
        (tmp_path / "asset.abc.json").write_text(json.dumps(definition))
        name = "DefinitionUri" if role == "Role" else "DefinitionS3Location"
        properties[name] = {"Bucket": "assets", "Key": "abc.json"}
    else:
        properties["DefinitionUri"] = "statemachine/export.asl.json"
        if form == "file":
            (tmp_path / "statemachine").mkdir()
            (tmp_path / "statemachine/export.asl.json").write_text(json.dumps(definition))
    report = alone(tmp_path, {"Type": type, "Properties": properties})
    if form == "a file that isn't here":
        because = "its definition can't be seen, so what it asks of Personalize isn't known"
        assert (report.asked, [entry.because for entry in report.undecided]) == ((), [because])
        return
    assert report.asked == ("Main/Asks · Export (dataset export job)",)
    assert wanted(report) == EXPORTING
    principals = {
        (entry.principal, entry.principal_arn)
        for entry in report.undecided
        if entry.principal != "service"
    }
    assert principals == {("", ""), ("role", EXPORT["RoleArn"]), ("caller", machine)}


@pytest.mark.parametrize(
    ("source", "of_bucket"),
    [
        ({"Path": "s3://ratings/in/", "KmsKeyArn": KEY_ARN}, True),
        ({"Path": "s3://inputs/in/", "KmsKeyArn": KEY_ARN}, False),
    ],
)
def test_the_key_of_a_bucket_counts_where_it_is_read(
    source: Json, of_bucket: bool, tmp_path: Path
) -> None:
    """S3 decrypts an object with the key it was written with, and writes with the job's key."""
    job = {**BATCH, "JobInput": {"S3DataSource": source}}
    second = {"Fn::GetAtt": ["Second", "Arn"]}
    encrypted = bucket(SSEAlgorithm="aws:kms", KMSMasterKeyID=second)
    machines = {"Asks": machine({"Batch": task("createBatchInferenceJob", job)})}
    report = check(tmp_path, complete(Second=key(), Bucket=encrypted, **machines))
    entries = [*report.allowed, *report.missing, *report.undecided]
    assert any(entry.resource.endswith("key/${Main.Second}") for entry in entries) is of_bucket
    assert any(entry.resource == KEY_ARN for entry in entries)


def test_a_dataset_that_is_no_arn(tmp_path: Path) -> None:
    """Its dataset group isn't known."""
    export = {**EXPORT, "DatasetArn": DATASET_ARN.partition("/")[0]}
    report = alone(tmp_path, machine({"Export": task("createDatasetExportJob", export)}))
    assert any("its dataset group can't be seen" in entry.because for entry in report.undecided)
