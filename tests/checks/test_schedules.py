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

from personalize_kms_constructs.checks import check_assembly
from tests.checks.test_requests import EXPORT, EXPORTING, IN_SDK, NOT_KNOWN, alone, wanted

UNIVERSAL = "arn:aws:scheduler:::aws-sdk:personalize:createDatasetExportJob"
LAMBDA = "arn:aws:lambda:eu-west-1:111122223333:function:call"
CALL: dict[str, Any] = {"service": "Personalize", "action": "createDatasetExportJob", "parameters": IN_SDK}


def schedule(arn: Any, given: Any) -> dict[str, Any]:
    target = {"Arn": arn, "RoleArn": "arn:aws:iam::111122223333:role/scheduler", "Input": given}
    return {"Type": "AWS::Scheduler::Schedule", "Properties": {"Target": target}}


def rule(**target: Any) -> dict[str, Any]:
    return {"Type": "AWS::Events::Rule", "Properties": {"Targets": [{"Arn": LAMBDA, "Id": "Target0", **target}]}}


@pytest.mark.parametrize(
    "resource",
    [
        schedule(UNIVERSAL, json.dumps(EXPORT)),
        schedule({"Fn::Sub": UNIVERSAL.replace("aws:", "${AWS::Partition}:", 1)}, json.dumps(EXPORT)),
        rule(Input=json.dumps(CALL)),
    ],
)
def test_a_call_of_personalize(resource: Any, tmp_path: Path) -> None:
    """A universal target names it, or a function is told it, as by ``AwsApi``; its input has the arguments."""
    report = alone(tmp_path, resource)
    assert report.asked == ("Main/Asks (dataset export job)",)
    assert wanted(report) == EXPORTING


@pytest.mark.parametrize("given", [{"Ref": "Given"}, None])
def test_a_schedule_whose_arguments_are_not_known(given: Any, tmp_path: Path) -> None:
    """What it needs is undecided, and it is named."""
    report = alone(tmp_path, schedule(UNIVERSAL, given))
    assert report.asked == ("Main/Asks (dataset export job)",)
    assert not report.missing
    assert {by for each in report.undecided for by in each.needed_by} == {"Main/Asks", *report.asked}


@pytest.mark.parametrize(
    "resource",
    [
        schedule({"Fn::Sub": "arn:aws:scheduler:::aws-sdk:personalize:${Call}"}, json.dumps(EXPORT)),
        rule(Input=json.dumps({"calls": [{"service": "personalize", "action": "createDatasetExportJob"}]})),
        rule(InputTransformer={"InputTemplate": '{"service": "personalize", "action": "CreateBatchSegmentJob"}'}),
        rule(Input='"personalize:CreateBatchInferenceJob"'),
    ],
)
def test_a_call_that_is_not_understood(resource: Any, tmp_path: Path) -> None:
    """It names a call of Personalize in another way, or one that isn't known: undecided, and no silence."""
    report = alone(tmp_path, resource)
    assert (report.asked, report.missing) == ((), ())
    assert [(each.needed_by, each.because) for each in report.undecided] == [(["Main/Asks"], NOT_KNOWN)]


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
    report = alone(tmp_path, resource)
    assert (report.asked, report.undecided, report.missing) == ((), (), ())


def test_the_constructs_of_the_cdk(tmp_path: Path) -> None:
    """``AwsApi``, and ``CallAwsServiceCrossRegion``, whose job is in the other Region."""
    app = cdk.App(outdir=str(tmp_path))
    stack = cdk.Stack(app, "Main", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    nightly = events.Rule(stack, "Nightly", schedule=events.Schedule.rate(cdk.Duration.days(1)))
    allow = iam.PolicyStatement(actions=["personalize:CreateDatasetExportJob"], resources=["*"])
    nightly.add_target(targets.AwsApi(**CALL, policy_statement=allow))
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
