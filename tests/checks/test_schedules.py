"""Requests to Personalize by EventBridge's rules and schedules, and by functions that are told what to call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks

from personalize_kms_constructs._access.report import AccessReport
from personalize_kms_constructs.checks import check_assembly
from tests.checks.test_requests import EXPORT, EXPORTING, check, machine, wanted

IN_SDK = {
    "jobName": "nightly",
    "datasetArn": "arn:aws:personalize:eu-west-1:111122223333:dataset/movies/INTERACTIONS",
    "roleArn": "arn:aws:iam::111122223333:role/personalize",
    "jobOutput": {"s3DataDestination": {"path": "s3://ratings/export/"}},
}
UNIVERSAL = "arn:aws:scheduler:::aws-sdk:personalize:createDatasetExportJob"
LAMBDA = "arn:aws:lambda:eu-west-1:111122223333:function:call"


def schedule(arn: Any, given: Any) -> dict[str, Any]:
    target = {"Arn": arn, "RoleArn": "arn:aws:iam::111122223333:role/scheduler", "Input": given}
    return {"Type": "AWS::Scheduler::Schedule", "Properties": {"Target": target}}


def rule(**target: Any) -> dict[str, Any]:
    return {"Type": "AWS::Events::Rule", "Properties": {"Targets": [{"Arn": LAMBDA, "Id": "Target0", **target}]}}


def open_parts(report: AccessReport) -> dict[str, str]:
    """What is undecided for want of knowing what is asked, by what asks."""
    return {each.needed_by[0]: each.because for each in report.undecided if not each.principal}


@pytest.mark.parametrize(
    "arn", [UNIVERSAL, {"Fn::Sub": "arn:${AWS::Partition}:scheduler:::aws-sdk:personalize:createDatasetExportJob"}]
)
def test_a_schedule_that_calls_personalize(arn: Any, tmp_path: Path) -> None:
    """Its universal target names the call, and its input has the arguments."""
    report = check(tmp_path, Nightly=schedule(arn, json.dumps(EXPORT)))
    assert report.asked == ("Main/Nightly (dataset export job)",)
    assert wanted(report) == EXPORTING


def test_a_schedule_whose_arguments_are_not_known(tmp_path: Path) -> None:
    """What it needs is undecided, and it is named."""
    for number, given in enumerate(({"Ref": "Given"}, None)):
        report = check(tmp_path / str(number), Nightly=schedule(UNIVERSAL, given))
        assert report.asked == ("Main/Nightly (dataset export job)",)
        assert not report.missing
        assert {by for each in report.undecided for by in each.needed_by} == {"Main/Nightly", *report.asked}


def test_a_schedule_whose_call_is_not_known(tmp_path: Path) -> None:
    """It may be one that needs permissions."""
    report = check(
        tmp_path, Nightly=schedule({"Fn::Sub": "arn:aws:scheduler:::aws-sdk:personalize:${Call}"}, json.dumps(EXPORT))
    )
    assert (report.asked, report.missing) == ((), ())
    assert open_parts(report) == {
        "Main/Nightly": "it calls Personalize, and what it asks for isn't known before deployment"
    }


def test_a_rule_whose_function_is_told_what_to_call(tmp_path: Path) -> None:
    """As the CDK's ``AwsApi`` target does it."""
    told = {"service": "Personalize", "action": "createDatasetExportJob", "parameters": IN_SDK}
    report = check(tmp_path, Nightly=rule(Input=json.dumps(told)))
    assert report.asked == ("Main/Nightly (dataset export job)",)
    assert wanted(report) == EXPORTING


@pytest.mark.parametrize(
    "target",
    [
        {"Input": json.dumps({"calls": [{"service": "personalize", "action": "createDatasetExportJob"}]})},
        {"InputTransformer": {"InputTemplate": '{"service": "personalize", "action": "CreateBatchSegmentJob"}'}},
        {"Input": '"personalize:CreateBatchInferenceJob"'},
    ],
)
def test_a_rule_that_is_not_understood(target: Any, tmp_path: Path) -> None:
    """It names a call of Personalize in another way: undecided, and no silence."""
    report = check(tmp_path, Nightly=rule(**target))
    assert open_parts(report) == {
        "Main/Nightly": "it calls Personalize, and what it asks for isn't known before deployment"
    }


@pytest.mark.parametrize(
    "resource",
    [
        rule(),
        rule(Input=json.dumps({"service": "Personalize", "action": "listDatasetGroups"})),
        rule(Input=json.dumps({"service": "SageMaker", "action": "createDataset", "parameters": {}})),
        rule(Arn={"Ref": "PersonalizeMachine"}, Input="{}"),
        schedule("arn:aws:scheduler:::aws-sdk:personalize:describeDatasetExportJob", "{}"),
        schedule("arn:aws:scheduler:::aws-sdk:sqs:sendMessage", json.dumps({"MessageBody": "personalize"})),
        schedule(LAMBDA, json.dumps({"hello": "world"})),
        {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {"source": ["aws.personalize"]}}},
        {"Type": "AWS::Events::Rule", "Properties": {"Targets": {"Ref": "AWS::NoValue"}}},
    ],
)
def test_others_ask_for_nothing(resource: Any, tmp_path: Path) -> None:
    """Descriptions, other services, other functions."""
    report = check(tmp_path, Nightly=resource)
    assert (report.asked, report.undecided, report.missing) == ((), (), ())


def test_the_constructs_of_the_cdk(tmp_path: Path) -> None:
    """``AwsApi``, and ``CallAwsServiceCrossRegion``, whose job is in the other Region."""
    app = cdk.App(outdir=str(tmp_path))
    stack = cdk.Stack(app, "Main", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    nightly = events.Rule(stack, "Nightly", schedule=events.Schedule.rate(cdk.Duration.days(1)))
    nightly.add_target(
        targets.AwsApi(
            service="Personalize",
            action="createDatasetExportJob",
            parameters=IN_SDK,
            policy_statement=iam.PolicyStatement(actions=["personalize:CreateDatasetExportJob"], resources=["*"]),
        )
    )
    elsewhere = tasks.CallAwsServiceCrossRegion(
        stack,
        "Elsewhere",
        service="personalize",
        action="createDatasetExportJob",
        region="eu-central-1",
        parameters=IN_SDK,
        iam_action="personalize:CreateDatasetExportJob",
        iam_resources=["*"],
    )
    sfn.StateMachine(stack, "Machine", definition_body=sfn.DefinitionBody.from_chainable(elsewhere))
    report = check_assembly(app.synth())
    assert report.asked == (
        "Main/Machine · Elsewhere (dataset export job)",
        "Main/Nightly (dataset export job)",
    )
    assert wanted(report) == EXPORTING


@pytest.mark.parametrize("name", ["Parameters", "Arguments"])
@pytest.mark.parametrize("resource", [LAMBDA, "arn:aws:states:::lambda:invoke.waitForTaskToken"])
def test_a_state_whose_function_is_told_what_to_call(resource: str, name: str, tmp_path: Path) -> None:
    """Directly, or in the payload of an invocation, as the CDK does it to wait for a token."""
    told: dict[str, Any] = {"service": "personalize", "action": "createDatasetExportJob", "parameters": IN_SDK}
    if resource != LAMBDA:
        told = {"FunctionName": LAMBDA, "Payload": told}
    states = {"Export": {"Type": "Task", "Resource": resource, name: told, "End": True}}
    report = check(tmp_path, Machine=machine(states))
    assert report.asked == ("Main/Machine · Export (dataset export job)",)
    assert wanted(report) == EXPORTING


@pytest.mark.parametrize(
    "resource",
    ["arn:aws:states:::aws-sdk:personalize:${Call}", {"Fn::Sub": "arn:aws:states:::aws-sdk:personalize:${Stage}"}],
)
def test_a_state_whose_call_is_not_known(resource: Any, tmp_path: Path) -> None:
    """A parameter, or a substitution that isn't there, says which one it is."""
    states = {"Create": {"Type": "Task", "Resource": resource, "End": True}}
    definition = {"StartAt": "Create", "States": states}
    made = {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"Definition": definition}}
    report = check(tmp_path, Machine=made)
    assert report.asked == ()
    assert open_parts(report) == {
        "Main/Machine · Create": "it calls Personalize, and what it asks for isn't known before deployment"
    }
