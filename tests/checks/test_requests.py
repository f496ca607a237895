"""Requests to Personalize by its resources and by custom resources."""

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_kms_check import check_assembly
from personalize_kms_check._model.report import AccessReport
from tests.checks.templates import (
    CLEAN,
    CONDITIONS,
    PARAMETERS,
    Json,
    check,
    complete,
    dataset,
    dataset_group,
    findings,
    if_prod,
    importing,
    messages,
    of_type,
    policy,
    reasons,
)

ROLE_ARN = "arn:aws:iam::111122223333:role/personalize"
DATASET_ARN = "arn:aws:personalize:eu-west-1:111122223333:dataset/movies/INTERACTIONS"
EXPORT = {
    "JobName": "nightly",
    "DatasetArn": DATASET_ARN,
    "RoleArn": ROLE_ARN,
    "JobOutput": {"S3DataDestination": {"Path": "s3://ratings/export/"}},
}
EXPORTING = {
    ("s3:PutObject", "arn:aws:s3:::ratings/export/*"),
    ("s3:ListBucket", "arn:aws:s3:::ratings"),
}
NOT_KNOWN = "it calls Personalize, and what it asks for isn't known before deployment"


def wanted(report: AccessReport) -> set[tuple[str, str]]:
    """Return the actions that are asked of the role in IAM, with the resource."""
    entries = (*report.missing, *report.undecided)
    return {
        (entry.action, entry.resource)
        for entry in entries
        if (entry.principal, entry.policy) == ("role", "role")
    }


def alone(directory: Path, resource: Any) -> AccessReport:
    """A report on a stack of one resource, ``Main/Asks``."""
    return check(directory, {"Resources": {"Asks": resource}})


@pytest.mark.parametrize(
    ("lacking", "fix"),
    [
        ("KmsKeyArn", "set its KmsKeyArn as well, or remove its role"),
        ("RoleArn", "set its RoleArn as well, or remove its key"),
    ],
)
def test_key_and_role_of_a_dataset_group_come_together(
    lacking: str, fix: str, tmp_path: Path
) -> None:
    """Either alone is a problem, and the report doesn't say that nothing asks for anything."""
    movies = dataset_group()
    del movies["Properties"][lacking]
    report = check(tmp_path, complete(Movies=movies))
    (problem,) = report.problems
    assert (problem.kind, problem.needed_by) == ("configuration", ["Main/Movies"])
    assert problem.reason.remedy == fix
    assert "checked: no request to Personalize, for the reasons below" in report.to_text()
    assert "no resource" not in report.to_text()


SOURCE = {"S3DataSource": {"Path": "s3://ratings/in/"}}
DESTINATION = {"S3DataDestination": {"Path": "s3://ratings/out/"}}
READING = {("s3:GetObject", "arn:aws:s3:::ratings/in/*"), ("s3:ListBucket", "arn:aws:s3:::ratings")}


@pytest.mark.parametrize(
    ("name", "row", "properties", "data"),
    [
        (
            "BatchInferenceJob",
            "batch inference job",
            {"JobInput": SOURCE, "JobOutput": DESTINATION},
            READING | {("s3:PutObject", "arn:aws:s3:::ratings/out/*")},
        ),
        (
            "DataDeletionJob",
            "data deletion job",
            {"DataSource": {"DataLocation": "s3://ratings/in/"}},
            READING,
        ),
    ],
)
def test_jobs_of_which_cloudformations_reference_has_pages(
    name: str, row: str, properties: Json, data: set[tuple[str, str]], tmp_path: Path
) -> None:
    """They are read by the names of the API; whether they deploy isn't known."""
    report = alone(
        tmp_path, of_type(f"AWS::Personalize::{name}", **properties, RoleArn=ROLE_ARN, JobName="a")
    )
    assert report.asked == (f"Main/Asks ({row})",)
    assert {need for need in wanted(report) if need[0].startswith("s3:")} == data


def test_a_job_without_a_role(tmp_path: Path) -> None:
    """Nothing else can be said of it."""
    job = {"DataSource": {"DataLocation": "s3://ratings/in/"}}
    assert messages(check(tmp_path, complete(Data=dataset(DatasetImportJob=job)))) == [
        "Main/Data has no role, without which Personalize can't create it: set its RoleArn"
    ]


def test_the_key_of_the_dataset_group_of_an_import(tmp_path: Path) -> None:
    """A group in the app is known; the key of a group that exists already isn't."""
    report = check(tmp_path, importing())
    asks: set[str] = set()
    for allowed in report.allowed:
        if allowed.policy == "key":
            asks |= set(allowed.needed_by)
    assert asks == {"Main/Movies (dataset group)", "Main/Data (dataset import job)"}
    books = "arn:aws:personalize:eu-west-1:111122223333:dataset-group/books"
    (entry,) = check(
        tmp_path, importing(Data=dataset("One", "Read", DatasetGroupArn=books))
    ).undecided
    assert "its dataset group can't be seen" in entry.because
    assert "dataset-group/books" in entry.because


CALL = "arn:aws:states:::aws-sdk:personalize:createDatasetExportJob"
TASK = {"Type": "Task", "Resource": CALL, "Arguments": EXPORT, "End": True}
DEFINITION = {"StartAt": "Export", "States": {"Export": TASK}}
UNSEEN = "its definition can't be seen, so what it asks of Personalize isn't known"


def asking(properties: Json) -> Json:
    """A template of one state machine with these properties, ``Main/Asks``."""
    asks = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
    return {"Parameters": PARAMETERS, "Conditions": CONDITIONS, "Resources": {"Asks": asks}}


@pytest.mark.parametrize(
    ("properties", "because"),
    [
        ({"DefinitionString": if_prod(json.dumps(DEFINITION), "{}")}, UNSEEN),
        ({"Definition": if_prod(DEFINITION)}, UNSEEN),
        ({"Definition": {"Ref": "Personalize"}}, UNSEEN),
        ({"Definition": {"States": {"Export": if_prod(TASK, {"Type": "Pass"})}}}, NOT_KNOWN),
        (
            {"Definition": {"States": {"Export": {**TASK, "Resource": if_prod(CALL, "x")}}}},
            NOT_KNOWN,
        ),
    ],
)
def test_a_call_that_a_condition_chooses(properties: Json, because: str, tmp_path: Path) -> None:
    """It isn't read, and the report has one line that says so."""
    (undecided,) = check(tmp_path, asking(properties)).undecided
    assert (undecided.needed_by, undecided.because) == (["Main/Asks"], because)


def test_a_call_that_a_condition_chooses_beside_another(tmp_path: Path) -> None:
    """The readable call is judged; nothing is open where another service is called."""
    states = {"Export": TASK, "Again": {**TASK, "Resource": if_prod(CALL, "x")}}
    report = check(tmp_path, asking({"Definition": {"States": states}}))
    assert report.asked == ("Main/Asks · Export (dataset export job)",)
    assert NOT_KNOWN in reasons(report)
    in_dev = check_assembly(tmp_path, parameters={"Stage": "dev"})
    assert (in_dev.asked, NOT_KNOWN in reasons(in_dev)) == (report.asked, False)


@pytest.mark.parametrize(
    "properties",
    [
        {"DefinitionString": {"Ref": "Stage"}},
        {"DefinitionS3Location": {"Bucket": "theirs", "Key": "x.json"}},
    ],
)
def test_a_choice_that_has_nothing_to_do_with_personalize(properties: Json, tmp_path: Path) -> None:
    """It is no news, where the rest of the template doesn't speak of Personalize either."""
    assert findings(check(tmp_path, asking(properties))) == CLEAN


def test_resources_that_a_condition_leaves_out(tmp_path: Path) -> None:
    """A condition of the template's own text is decided."""
    never = complete(Policy={**policy(), "Condition": "Never"}, Movies=dataset_group(waits=[]))
    assert {entry.policy for entry in check(tmp_path, never).missing} == {"role"}
    assert check(tmp_path, complete(Movies=dataset_group(Condition="Never"))).asked == ()
