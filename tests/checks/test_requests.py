"""Requests to Personalize by state machines and custom resources."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from aws_cdk import custom_resources

from personalize_kms_constructs import PersonalizeEncryption, S3Location
from personalize_kms_constructs._access.report import AccessReport
from personalize_kms_constructs.checks import AssemblyError, check_assembly
from personalize_kms_constructs.jobs import BatchInferenceJob, DatasetExportJob, DatasetImportJob
from tests.checks.templates import complete, write

KEY_ARN = "arn:aws:kms:eu-west-1:111122223333:key/1"
ROLE_ARN = "arn:aws:iam::111122223333:role/personalize"
EXPORT = {
    "JobName": "nightly",
    "DatasetArn": "arn:aws:personalize:eu-west-1:111122223333:dataset/movies/INTERACTIONS",
    "RoleArn": ROLE_ARN,
    "JobOutput": {"S3DataDestination": {"Path": "s3://ratings/export/"}},
}
BATCH = {
    "SolutionVersionArn": "arn:aws:personalize:eu-west-1:111122223333:solution/movies/1",
    "RoleArn": ROLE_ARN,
    "JobInput": {"S3DataSource": {"Path": "s3://ratings/in/users.json"}},
    "JobOutput": {"S3DataDestination": {"Path": "s3://ratings/out/", "KmsKeyArn": KEY_ARN}},
}


def task(call: str, arguments: Any, name: str = "Arguments", **more: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": f"arn:aws:states:::aws-sdk:personalize:{call}",
        name: arguments,
        "End": True,
        **more,
    }


def machine(states: dict[str, Any], **more: Any) -> dict[str, Any]:
    definition = json.dumps({"StartAt": next(iter(states)), "States": states})
    return {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"DefinitionString": definition, **more}}


def check(directory: Path, **resources: Any) -> AccessReport:
    return check_assembly(write(directory, {"Main": {"Resources": resources}}))


def wanted(report: AccessReport) -> set[tuple[str, str]]:
    """Return the actions that are asked of the role in IAM, on which resource."""
    entries = (*report.missing, *report.undecided)
    return {(each.action, each.resource) for each in entries if (each.principal, each.policy) == ("role", "role")}


LOOK = task("describeDatasetExportJob", {"DatasetExportJobArn": "{% $states.input.JobArn %}"})
INNER = {"StartAt": "Export", "States": {"Export": task("createDatasetExportJob", EXPORT)}}
EXPORTING = {("s3:PutObject", "arn:aws:s3:::ratings/export/*"), ("s3:ListBucket", "arn:aws:s3:::ratings")}
BATCHING = {
    ("s3:GetObject", "arn:aws:s3:::ratings/in/users.json"),
    ("s3:PutObject", "arn:aws:s3:::ratings/out/*"),
    ("s3:ListBucket", "arn:aws:s3:::ratings"),
    ("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/1"),
    ("kms:DescribeKey", "arn:aws:kms:eu-west-1:111122223333:key/1"),
    ("kms:GenerateDataKey", "arn:aws:kms:eu-west-1:111122223333:key/1"),
    ("kms:ListGrants", "arn:aws:kms:eu-west-1:111122223333:key/1"),
}


@pytest.mark.parametrize(
    ("states", "asked", "needs"),
    [
        ({"Export": task("createDatasetExportJob", EXPORT)}, "dataset export job", EXPORTING),
        ({"Export": task("createDatasetExportJob", EXPORT, "Parameters")}, "dataset export job", EXPORTING),
        ({"Batch": task("createBatchInferenceJob", BATCH)}, "batch inference job", BATCHING),
        ({"Batch": task("createBatchSegmentJob", BATCH)}, "batch segment job", BATCHING),
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
            {
                "Before": {"Type": "Pass", "Parameters": EXPORT, "Next": "Export"},
                "Export": task("createDatasetExportJob", "{% $merge([$states.input, {'JobName': 'x'}]) %}"),
            },
            "dataset export job",
            EXPORTING,
        ),
    ],
)
def test_jobs_of_state_machines(states: Any, asked: str, needs: set[tuple[str, str]], tmp_path: Path) -> None:
    """Wherever they stand in the definition, in either query language."""
    report = check(tmp_path, Machine=machine(states))
    assert [each.rpartition(" (")[2] for each in report.asked] == [f"{asked})"]
    assert wanted(report) == needs
    assert "its dataset group can't be seen" in " ".join(each.because for each in report.undecided)


@pytest.mark.parametrize(
    ("states", "kind", "is_told"),
    [
        ({"Export": task("createDatasetExportJob", EXPORT), "Look": LOOK}, "EXPRESS", True),
        ({"Export": task("createDatasetExportJob", EXPORT), "Look": LOOK}, "STANDARD", False),
        ({"Export": task("createDatasetExportJob", EXPORT)}, "EXPRESS", False),
        (
            {
                "Each": {
                    "Type": "Map",
                    "End": True,
                    "ItemProcessor": {
                        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
                        "StartAt": "Export",
                        "States": {"Export": task("createDatasetExportJob", EXPORT), "Look": LOOK},
                    },
                }
            },
            "STANDARD",
            True,
        ),
    ],
    ids=["Express", "Standard", "without a wait", "Map of Express"],
)
def test_an_express_execution_that_waits_for_a_job(states: Any, kind: str, is_told: bool, tmp_path: Path) -> None:
    """It ends after five minutes; one that only starts a job is all right."""
    report = check(tmp_path, Machine=machine(states, StateMachineType=kind))
    message = (
        "Main/Machine · Export: an execution of type EXPRESS waits for the job, and ends after five minutes, before "
        "most jobs do: use type STANDARD, for a distributed Map too"
    )
    assert [each.message for each in report.problems if "EXPRESS" in each.message] == [message] * is_told


@pytest.mark.parametrize("within", [False, True], ids=["machine", "Map"])
def test_a_job_of_ours_in_an_express_execution(app: cdk.App, within: bool) -> None:
    """In a machine of that type, or in a distributed Map with such executions."""
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    job = DatasetImportJob(
        stack,
        "Import",
        encryption=PersonalizeEncryption(stack, "Encryption"),
        dataset_arn="arn:aws:personalize:eu-west-1:111122223333:dataset/movies/INTERACTIONS",
        source=S3Location(s3.Bucket(stack, "Data"), "in/"),
    )
    express = sfn.StateMachineType.EXPRESS
    each = sfn.DistributedMap(stack, "Each", map_execution_type=express)
    body = sfn.DefinitionBody.from_chainable(each.item_processor(job) if within else job)
    sfn.StateMachine(
        stack, "Machine", definition_body=body, state_machine_type=sfn.StateMachineType.STANDARD if within else express
    )
    said = "Stack/Machine · Start Import: an execution of type EXPRESS waits for the job"
    with pytest.raises(RuntimeError, match=said):
        app.synth()


def test_other_tasks_ask_for_nothing(tmp_path: Path) -> None:
    """Descriptions, other services, and machines without Personalize."""
    states = {
        "Describe": task("describeDatasetExportJob", {"DatasetExportJobArn": "x"}),
        "Version": task("createSolutionVersion", {"SolutionArn": "x"}),
        "Lambda": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True},
    }
    assert check(tmp_path, Machine=machine(states), Other=machine({"Wait": {"Type": "Wait", "End": True}})).asked == ()


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({**EXPORT, "RoleArn": "{% $states.input.role %}"}, "rolearn of"),
        ({"RoleArn.$": "$.role", **{key: EXPORT[key] for key in ("DatasetArn", "JobOutput")}}, "rolearn of"),
        ("{% $states.input %}", "arguments of"),
    ],
)
def test_what_each_execution_chooses_is_undecided(arguments: Any, name: str, tmp_path: Path) -> None:
    """The role, or all of the arguments."""
    report = check(tmp_path, Machine=machine({"Export": task("createDatasetExportJob", arguments)}))
    assert report.missing == ()
    assert report.problems == ()
    assert any(name in each.because or name in each.principal_arn for each in report.undecided)


@pytest.mark.parametrize("form", ["object", "substitutions", "asset", "numbers"])
def test_definitions_in_every_form(form: str, tmp_path: Path) -> None:
    """An object, a string with substitutions, a file of the assembly, and a number that isn't known."""
    states = {"Export": task("createDatasetExportJob", EXPORT)}
    definition = {"StartAt": "Export", "States": states}
    tmp_path.mkdir(exist_ok=True)
    (tmp_path / "asset.0123456789abcdef.json").write_text(json.dumps(definition))
    substituted = json.dumps(definition).replace(ROLE_ARN, "${role}")
    numbers = json.dumps({**definition, "TimeoutSeconds": 1}).replace(": 1}", ": ")
    forms: dict[str, dict[str, Any]] = {
        "object": {"Definition": definition},
        "substitutions": {"DefinitionString": substituted, "DefinitionSubstitutions": {"role": ROLE_ARN}},
        "asset": {"DefinitionS3Location": {"Bucket": "assets", "Key": "0123456789abcdef.json"}},
        "numbers": {"DefinitionString": {"Fn::Join": ["", [numbers, {"Ref": "Timeout"}, "}"]]}},
    }
    report = check(tmp_path, Machine={"Type": "AWS::StepFunctions::StateMachine", "Properties": forms[form]})
    assert wanted(report) == EXPORTING
    assert {each.principal_arn for each in report.undecided if each.policy == "role"} == {ROLE_ARN}


@pytest.mark.parametrize("where", ["app", "stage", "nested stack"])
@pytest.mark.parametrize("file", ["machine.json", "machine.asl.json", "machine.yaml"])
def test_definitions_in_files_of_the_app(where: str, file: str, tmp_path: Path) -> None:
    """In a stage the file is in the directory of the app; one that is no JSON is a question."""
    definition = {"StartAt": "Export", "States": {"Export": task("createDatasetExportJob", EXPORT)}}
    text = json.dumps(definition) if file.endswith("json") else f"# YAML\n{json.dumps(definition)}"
    (tmp_path / file).write_text(text)
    app = cdk.App(outdir=str(tmp_path / "cdk.out"), analytics_reporting=False)
    stack = cdk.Stack(cdk.Stage(app, "Prod") if where == "stage" else app, "Main")
    scope = cdk.NestedStack(stack, "Nested") if where == "nested stack" else stack
    sfn.StateMachine(scope, "Machine", definition_body=sfn.DefinitionBody.from_file(str(tmp_path / file)))
    report = check_assembly(app.synth())
    if file.endswith("json"):
        assert [each.rpartition("/")[2] for each in report.asked] == ["Machine · Export (dataset export job)"]
    else:
        assert report.asked == ()
        assert [each.because for each in report.undecided] == [
            "its definition is no JSON, so that what it asks of Personalize isn't known: give the definition as JSON, "
            "or the jobs to a PersonalizeEncryption"
        ]


def test_a_definition_that_is_no_json_is_refused(tmp_path: Path) -> None:
    """One line that says what and where."""
    broken = {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"DefinitionString": '{"personalize": '}}
    with pytest.raises(AssemblyError) as caught:
        check(tmp_path, Machine=broken)
    assert str(caught.value).startswith(f"{tmp_path}/Main.template.json: definition of Main/Machine is no JSON: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("call", "asked"),
    [
        ({"service": "Personalize", "action": "createDatasetExportJob"}, True),
        ({"service": "personalize", "action": "CreateDatasetExportJob"}, True),
        ({"service": "@aws-sdk/client-personalize", "action": "CreateDatasetExportJobCommand"}, True),
        ({"service": "Personalize", "action": "describeDatasetGroup"}, False),
        ({"service": "S3", "action": "putObject"}, False),
    ],
)
@pytest.mark.parametrize("event", ["Create", "Update"])
def test_calls_of_custom_resources(call: dict[str, str], asked: bool, event: str, tmp_path: Path) -> None:
    """``AwsCustomResource``, however it spells service and action, with arguments in lower camel case."""
    arguments = {
        "roleArn": ROLE_ARN,
        "datasetArn": EXPORT["DatasetArn"],
        "jobOutput": {"s3DataDestination": {"path": "s3://ratings/export/"}},
    }
    properties = {event: json.dumps({**call, "parameters": arguments})}
    report = check(tmp_path, Call={"Type": "Custom::AWS", "Properties": properties})
    assert report.asked == (("Main/Call (dataset export job)",) if asked else ())
    assert wanted(report) == (EXPORTING if asked else set())


def test_custom_resources_wait_for_policies(tmp_path: Path) -> None:
    """Their calls are made while the stack is deployed."""
    call = {"service": "Personalize", "action": "createDatasetGroup"}
    arguments = {"name": "books", "roleArn": "ROLE", "kmsKeyArn": "KEY"}
    before, between, after = json.dumps({**call, "parameters": arguments}).replace("KEY", "ROLE").split("ROLE")
    text = [before, {"Fn::GetAtt": ["Role", "Arn"]}, between, {"Fn::GetAtt": ["Key", "Arn"]}, after]
    books = {"Type": "Custom::AWS", "Properties": {"Create": {"Fn::Join": ["", text]}}}
    report = check_assembly(write(tmp_path, {"Main": complete(Books=books)}))
    assert (report.missing, report.undecided) == ((), ())
    assert [(each.kind, each.where) for each in report.problems] == [("ordering", "Main/Books (dataset group)")]
    waiting = complete(Books={**books, "DependsOn": "Policy"})
    assert check_assembly(write(tmp_path, {"Main": waiting})).problems == ()


def test_the_cdks_own_constructs(tmp_path: Path) -> None:
    """``CallAwsService`` and ``AwsCustomResource``, as aws-cdk-lib writes them."""
    app = cdk.App(analytics_reporting=False, outdir=str(tmp_path / "cdk.out"))
    stack = cdk.Stack(app, "Main")
    bucket = s3.Bucket(stack, "Data")
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("personalize.amazonaws.com"))
    arguments = {
        "DatasetArn": "arn:aws:personalize:eu-west-1:111122223333:dataset/movies/INTERACTIONS",
        "JobOutput": {"S3DataDestination": {"Path": f"s3://{bucket.bucket_name}/export/"}},
        "RoleArn": role.role_arn,
    }
    export = tasks.CallAwsService(
        stack,
        "Export",
        service="personalize",
        action="createDatasetExportJob",
        parameters=arguments,
        iam_resources=["*"],
    )
    sfn.StateMachine(stack, "Machine", definition_body=sfn.DefinitionBody.from_chainable(export))
    custom_resources.AwsCustomResource(
        stack,
        "Call",
        on_create=custom_resources.AwsSdkCall(
            service="Personalize",
            action="createDatasetExportJob",
            parameters={
                "datasetArn": arguments["DatasetArn"],
                "jobOutput": {"s3DataDestination": {"path": f"s3://{bucket.bucket_name}/export/"}},
                "roleArn": role.role_arn,
            },
            physical_resource_id=custom_resources.PhysicalResourceId.of("export"),
        ),
        policy=custom_resources.AwsCustomResourcePolicy.from_sdk_calls(resources=["*"]),
    )
    report = check_assembly(app.synth())
    assert report.asked == (
        "Main/Call/Resource/Default (dataset export job)",
        "Main/Machine · Export (dataset export job)",
    )
    entry = next(each for each in report.missing if each.action == "s3:PutObject" and each.principal == "role")
    assert entry.needed_by == list(report.asked)
    assert entry.add == {
        "Effect": "Allow",
        "Action": ["s3:PutObject"],
        "Resource": "arn:${AWS::Partition}:s3:::${Main.Data666C94C7}/export/*",
    }


def test_our_jobs_are_seen_in_the_state_machine_with_their_key(tmp_path: Path) -> None:
    """Nothing is open, though no template says of which dataset group a batch job is."""
    app = cdk.App(analytics_reporting=False, outdir=str(tmp_path / "cdk.out"))
    stack = cdk.Stack(app, "Main")
    bucket = s3.Bucket(stack, "Data")
    encryption = PersonalizeEncryption(stack, "Encryption")
    dataset = "arn:aws:personalize:eu-west-1:111122223333:dataset/movies/INTERACTIONS"
    jobs = [
        DatasetImportJob(stack, "Import", encryption=encryption, dataset_arn=dataset, source=S3Location(bucket, "in/")),
        BatchInferenceJob(
            stack,
            "Batch",
            encryption=encryption,
            solution_version_arn=sfn.JsonPath.string_at("$.version"),
            source=S3Location(bucket, "batch/in/"),
            destination=S3Location(bucket, "batch/out/"),
        ),
        DatasetExportJob(
            stack,
            "Export",
            encryption=encryption,
            dataset_arn="{% $states.input.dataset %}",
            destination=S3Location(bucket, "out/"),
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
