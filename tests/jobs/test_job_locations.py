"""Refused paths below a location, and prefixes that no path can follow."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_stepfunctions as sfn

from personalize_kms_constructs import S3Location
from personalize_kms_constructs.jobs import (
    BatchInferenceJob,
    BatchSegmentJob,
    DatasetExportJob,
    DatasetImportJob,
)
from tests.jobs.machines import Data, job, refusal, states
from tests.life.conftest import warnings


@pytest.mark.parametrize(
    "path",
    [
        *["", "/2026/", "s3://bucket/x/", 5, "../x/", "a/../b/", "a/.", "a//b/"],
        *["$.day/", "day=$.day/", "States.Format('{}/', $.day)"],
    ],
)
def test_a_path_that_is_not_below_the_prefix(data: Data, path: Any) -> None:
    """An address, an absolute path, an empty path, a step to a parent or a JSONPath is refused."""
    assert refusal(data, DatasetImportJob, source_path=path) == (
        f"source_path is {path!r}, expected a path below the prefix of source: pass only names, "
        "without s3:// address, leading slash, '.', '..' and '$.', for example '2026-11-25/', or "
        "an expression, for example sfn.JsonPath.format('{}/', sfn.JsonPath.string_at('$.day'))"
    )


def test_a_path_below_something_that_is_no_folder(data: Data) -> None:
    """The path would begin in the middle of a name."""
    assert refusal(
        data, DatasetImportJob, source=data.at("in"), source_path="{% $states.input.file %}"
    ) == (
        "source of dataset import job, with source_path below it, has prefix 'in', which is not a "
        "folder: end it in /, as 'in/'"
    )


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("*.csv", "'*', '?' and '${' are wildcards and variables in policies"),
        ("{day}/*.csv", "'*', '?' and '${' are wildcards and variables in policies"),
        ("2026", "which is not a folder: end it in /, as 'out/2026/'"),
        (
            "x" * 250 + "/",
            "characters without what is known at deployment but Personalize takes 256 at most",
        ),
    ],
    ids=["wildcard", "wildcard beside a token", "no folder", "too long"],
)
def test_a_path_is_refused_as_a_location_is(
    stack: cdk.Stack, data: Data, path: str, reason: str
) -> None:
    """A path that is known before is part of the location, and judged with it."""
    path = path.replace("{day}", cdk.CfnParameter(stack, "Day").value_as_string)
    message = refusal(data, DatasetExportJob, destination_path=path)
    assert message.startswith("destination of dataset export job ")
    assert reason in message


@pytest.mark.parametrize(
    "path", ["..a/", "a..b/", ".hidden/", "2026-11-25/", "{day}", "{day}/{day}", "format"]
)
def test_paths_that_are_taken(stack: cdk.Stack, data: Data, path: str) -> None:
    """A name may have dots; tokens alone are not checked, as they may be complete."""
    day = cdk.CfnParameter(stack, "Day").value_as_string
    given = sfn.JsonPath.format("{}/../x", day) if path == "format" else path.replace("{day}", day)
    job(data, DatasetExportJob, destination_path=given)


@pytest.mark.parametrize(
    "prefix",
    [sfn.JsonPath.string_at("$.folder"), "in/{% $states.input.folder %}/"],
    ids=["JSONPath", "JSONata"],
)
def test_a_prefix_that_each_execution_evaluates(data: Data, prefix: str) -> None:
    """It would reach Personalize, and the policies, as text."""
    assert refusal(data, DatasetImportJob, source=S3Location(data.plain, prefix)) == (
        "source of dataset import job has a prefix that each execution evaluates, but policies are "
        "written before: use a fixed prefix in S3Location, and pass the rest as source_path"
    )


@pytest.mark.parametrize("prefix", ["{folder}", "{folder}/"])
def test_a_prefix_of_the_deployment_is_taken(stack: cdk.Stack, data: Data, prefix: str) -> None:
    """CloudFormation knows it when it writes policies; it may end in a slash."""
    prefix = prefix.replace("{folder}", cdk.CfnParameter(stack, "Folder").value_as_string)
    job(data, DatasetImportJob, source=data.at(prefix), source_path="a/")


@pytest.mark.parametrize(
    "paths",
    [
        {
            "source_path": "{% $states.input.day & '/in/' %}",
            "destination_path": "{% $states.input.day & '/out/' %}",
        },
        {"source_path": "X/"},
    ],
    ids=["expressions", "source below"],
)
def test_one_prefix_may_have_both(data: Data, paths: dict[str, str]) -> None:
    """The paths below it differ, as in AWS's solution for Personalize."""
    batch = data.at("batch/")
    machine_states = states(data, BatchInferenceJob, source=batch, destination=batch, **paths)
    arguments = machine_states["Prepare Job"]["Output"]["Arguments"]
    path = arguments["JobInput"]["S3DataSource"]["Path"]
    assert path != arguments["JobOutput"]["S3DataDestination"]["Path"]


@pytest.mark.parametrize(
    ("paths", "warned"),
    [
        ({}, True),
        ({"destination_path": "{% $states.input.day %}"}, True),
        ({"source_path": "in/"}, False),
        ({"source_path": "{% $states.input.day %}"}, False),
    ],
)
def test_an_output_below_its_input(
    stack: cdk.Stack, data: Data, paths: dict[str, str], warned: bool
) -> None:
    """A path may lead the source away from the output, whatever the prefixes."""
    source, destination = data.at("batch/"), data.at("batch/out/")
    job(data, BatchInferenceJob, source=source, destination=destination, **paths)
    assert list(warnings(stack)) == (["outputBelowInput"] if warned else [])


@pytest.mark.parametrize(
    ("prefixes", "paths", "folder"),
    [
        (("batch/", "batch/"), {"source_path": "x", "destination_path": "x/"}, "batch/x"),
        (("", "x/y/"), {"source_path": "x/y"}, "x/y"),
    ],
    ids=["both paths", "from the root"],
)
def test_paths_that_make_the_source_the_destination(
    data: Data, prefixes: tuple[str, str], paths: dict[str, str], folder: str
) -> None:
    """They are refused if they are known before."""
    source, destination = map(data.at, prefixes)
    assert refusal(
        data, BatchSegmentJob, source=source, destination=destination, **paths
    ).startswith(
        f"batch segment job has the same source and destination, prefix {folder!r} of one bucket, "
        "but Personalize wants another folder for the output: change one of the prefixes"
    )
