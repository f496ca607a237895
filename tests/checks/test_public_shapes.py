"""Stacks of the shapes that public projects have, with their faults; each says what the check said before callers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from personalize_kms_constructs._access.report import AccessReport
from personalize_kms_constructs.checks import check_assembly
from tests.checks.templates import Json, bucket, bucket_policy, check, role, write
from tests.checks.test_callers import TO_PERSONALIZE

SERVICE_ROLE = {"Fn::GetAtt": ["ImportRole", "Arn"]}
READ = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}
BOTH = "its dataset group can't be seen"


def policies(*statements: Json) -> list[Json]:
    return [{"PolicyName": "root", "PolicyDocument": {"Version": "2012-10-17", "Statement": list(statements)}}]


def caller(service: str, *statements: Json) -> Json:
    """A role of a function or a state machine with inline policies, as hand-written templates have them."""
    trust = {"Effect": "Allow", "Principal": {"Service": [f"{service}.amazonaws.com"]}, "Action": ["sts:AssumeRole"]}
    properties = {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]}, "Path": "/"}
    return {"Type": "AWS::IAM::Role", "Properties": {**properties, "Policies": policies(*statements)}}


def lines(report: AccessReport) -> set[tuple[str, str, str]]:
    """Return who lacks what, on which resource, without the resources' accounts."""
    return {(each.principal, each.action, each.resource.rpartition(":")[2]) for each in report.missing}


def retraining(*passing: Json) -> Json:
    """A nightly state machine whose function imports what another one wrote: its role is in the environment."""
    creating = {"Effect": "Allow", "Action": "personalize:CreateDatasetImportJob", "Resource": "*"}
    definition = {"StartAt": "Import", "States": {"Import": {"Type": "Task", "Resource": "${Import}", "End": True}}}
    substitutions = {"Import": {"Fn::GetAtt": ["ImportFunction", "Arn"]}}
    invoke = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}
    return {
        "Parameters": {"DatasetArn": {"Type": "String"}},
        "Resources": {
            "Bucket": bucket(),
            "ImportRole": role(Policies=policies(READ)),
            "ImportFunctionRole": caller("lambda", creating, *passing),
            "ImportFunction": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Role": {"Fn::GetAtt": ["ImportFunctionRole", "Arn"]},
                    "Environment": {"Variables": {"IMPORT_ROLE": SERVICE_ROLE, "DATASET": {"Ref": "DatasetArn"}}},
                },
            },
            "MachineRole": caller("states", invoke),
            "Machine": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "RoleArn": {"Fn::GetAtt": ["MachineRole", "Arn"]},
                    "DefinitionString": {"Fn::Sub": [json.dumps(definition), substitutions]},
                },
            },
        },
    }


def test_a_function_that_imports(tmp_path: Path) -> None:
    """Before: "nothing was checked", exit code 0. Now one line, and what is missing once it is declared."""
    template = retraining({"Effect": "Allow", "Action": "iam:PassRole", "Resource": SERVICE_ROLE})
    report = check(tmp_path / "before", template)
    assert report.asked == ()
    (line,) = report.undecided
    assert line.needed_by == ["Main/ImportFunctionRole"]
    assert line.because.startswith("it may create resources of Personalize and pass Main/ImportRole to it")
    text = report.to_text()
    assert "nothing was checked" not in text
    assert "Main/ImportFunctionRole" in text
    source = {"bucket": "arn:aws:s3:::ratings", "prefix": "events/"}
    created = {"serviceRole": SERVICE_ROLE, "resources": [{"resource": "dataset import job", "source": source}]}
    declared = check_assembly(write(tmp_path / "now", {"Main": template}), created=[created])
    assert lines(declared) == {("service", "s3:GetObject", "ratings/events/*"), ("service", "s3:ListBucket", "ratings")}
    assert declared.undecided == ()


def workflow(**arguments: Any) -> Json:
    """A state machine that calls Personalize itself, the dataset and the name being its input."""
    given = {"JobName.$": "$.jobName", "DatasetArn.$": "$.datasetArn", **arguments}
    create: Json = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:personalize:createDatasetImportJob"}
    wait = {"Type": "Wait", "Seconds": 60, "End": True}
    definition = {
        "StartAt": "Create",
        "States": {"Create": {**create, "Parameters": given, "Next": "Wait"}, "Wait": wait},
    }
    return {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "RoleArn": {"Fn::GetAtt": ["MachineRole", "Arn"]},
            "DefinitionString": json.dumps(definition),
            "DefinitionSubstitutions": {"ImportRole": SERVICE_ROLE},
        },
    }


def importing(*statements: Json, **arguments: Any) -> Json:
    return {
        "Resources": {
            "Bucket": bucket(),
            "Policy": bucket_policy("s3:GetObject", "s3:ListBucket"),
            "ImportRole": role(Policies=policies(READ)),
            "MachineRole": caller("states", *statements),
            "Machine": workflow(**arguments),
        }
    }


def test_a_state_machine_that_calls_personalize_itself(tmp_path: Path) -> None:
    """Before: nothing missing, though AWS refuses the call twice: the dataset isn't allowed, nor to pass the role."""
    here = "arn:aws:personalize:eu-west-1:111122223333:dataset-import-job/*"
    creating = {"Effect": "Allow", "Action": "personalize:CreateDatasetImportJob", "Resource": here}
    arguments = {"RoleArn": "${ImportRole}", "DataSource": {"DataLocation": "s3://ratings/in/"}}
    report = check(tmp_path / "one", importing(creating, **arguments))
    found = {(each.principal, each.action, each.resource.partition("${")[0]) for each in report.missing}
    assert found == {
        ("caller", "iam:PassRole", "arn:aws:iam::111122223333:role/"),
        ("caller", "personalize:CreateDatasetImportJob", "arn:aws:personalize:eu-west-1:111122223333:dataset/"),
    }
    assert [each.because for each in report.undecided if BOTH not in each.because] == []
    passing = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": SERVICE_ROLE, "Condition": TO_PERSONALIZE}
    everything = {**creating, "Resource": "arn:aws:personalize:eu-west-1:111122223333:*"}
    assert check(tmp_path / "two", importing(everything, passing, **arguments)).missing == ()


def test_a_state_machine_whose_input_says_everything(tmp_path: Path) -> None:
    """Before: the job's role and path are unknown, and nothing is said of the role that is meant. Now it is."""
    creating = {"Effect": "Allow", "Action": "personalize:*", "Resource": "*"}
    passing = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": SERVICE_ROLE}
    arguments = {"RoleArn.$": "$.roleArn", "DataSource": {"DataLocation.$": "$.path"}}
    report = check(tmp_path, importing(creating, passing, **arguments))
    assert report.missing == ()
    (line,) = [each for each in report.undecided if "nothing tells which" in each.because]
    assert line.needed_by == ["Main/MachineRole"]
    assert {each.action for each in report.undecided if each.principal == "caller"} == {"iam:PassRole"}
