"""Paths and times that are refused at construction."""

import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn

from personalize_kms_constructs.jobs import DatasetExportJob, DatasetImportJob
from tests.jobs.machines import DATASET, Data


def refusal(stack: cdk.Stack, data: Data, **arguments: Any) -> str:
    options = {"encryption": data.encryption, "dataset_arn": DATASET, "source": data.at("in/"), **arguments}
    with pytest.raises(ValueError, match=r"^Stack/Import: ") as refused:
        DatasetImportJob(stack, "Import", **options)
    return str(refused.value).removeprefix("Stack/Import: ")


@pytest.mark.parametrize("path", ["", "/2026/", "s3://bucket/x/", 5, "../x/", "a/../b/", "./x", "a/.", "..", "a//b/"])
def test_a_path_that_is_not_below_the_prefix(stack: cdk.Stack, data: Data, path: Any) -> None:
    """An address, a path from the root of the bucket, nothing, or a step to elsewhere, which S3 takes for a name."""
    assert refusal(stack, data, source_path=path) == (
        f"source_path is {path!r} but a path below the prefix of source is expected: pass one of names alone, without "
        "s3:// address, leading slash, '.' and '..', for example '2026-11-25/', or an expression"
    )


def test_a_path_below_something_that_is_no_folder(stack: cdk.Stack, data: Data) -> None:
    """The path would begin in the middle of a name."""
    assert refusal(stack, data, source=data.at("in"), source_path="{% $states.input.file %}") == (
        "source of dataset import job, with source_path below it, has prefix 'in', which is not a folder: end it in /, "
        "as 'in/'"
    )


def test_a_prefix_that_may_end_in_a_slash(stack: cdk.Stack, data: Data) -> None:
    """A token's value isn't known yet."""
    prefix = cdk.CfnParameter(stack, "Prefix").value_as_string
    DatasetImportJob(
        stack, "Import", encryption=data.encryption, dataset_arn=DATASET, source=data.at(prefix), source_path="a/"
    )


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("*.csv", "'*', '?' and '${' are wildcards and variables in policies"),
        ("2026", "which is not a folder: end it in /, as 'out/2026/'"),
        ("x" * 250 + "/", "characters without what is known at deployment but Personalize takes 256 at most"),
    ],
    ids=["wildcard", "no folder", "too long"],
)
def test_what_a_location_may_not_be_a_path_makes_of_it(stack: cdk.Stack, data: Data, path: str, reason: str) -> None:
    """A path that is known before is part of the location, and judged with it."""
    options: Any = {"encryption": data.encryption, "dataset_arn": DATASET, "destination": data.at("out/")}
    with pytest.raises(ValueError, match=f"^Stack/Export: destination of dataset export job .*{re.escape(reason)}"):
        DatasetExportJob(stack, "Export", destination_path=path, **options)


@pytest.mark.parametrize("path", ["..a/", "a..b", ".hidden", "2026-11-25/", "a.b/c.csv"])
def test_dots_in_names(stack: cdk.Stack, data: Data, path: str) -> None:
    """A name may have dots."""
    DatasetImportJob(
        stack, "Import", encryption=data.encryption, dataset_arn=DATASET, source=data.at("in/"), source_path=path
    )


def test_a_literal_beside_a_token_is_judged(stack: cdk.Stack, data: Data) -> None:
    """The token isn't."""
    day = cdk.CfnParameter(stack, "Day").value_as_string
    assert "are wildcards and variables in policies" in refusal(stack, data, source_path=f"{day}/*.csv")


def test_tokens_alone_are_not_judged(stack: cdk.Stack, data: Data) -> None:
    """Their value may begin and end as it should."""
    day = cdk.CfnParameter(stack, "Day").value_as_string
    options: Any = {"encryption": data.encryption, "dataset_arn": DATASET, "destination": data.at("out/")}
    DatasetExportJob(stack, "One", destination_path=day, **options)
    DatasetExportJob(stack, "Two", destination_path=f"{day}/{day}", **options)
    DatasetExportJob(stack, "Three", destination_path=sfn.JsonPath.format("{}/../x", day), **options)


@pytest.mark.parametrize("wrong", ["{% $a %}/{% $b %}", "{%%}", "{% %}", "{%}", "{%\n%}"])
@pytest.mark.parametrize("parameter", ["source_path", "job_name", "dataset_arn", "import_mode"])
def test_what_only_looks_like_an_expression(stack: cdk.Stack, data: Data, parameter: str, wrong: str) -> None:
    """Step Functions would refuse the state machine."""
    what = parameter if parameter in ("source_path", "dataset_arn") else "a parameter"
    assert refusal(stack, data, **{parameter: wrong}) == (
        f"{what} is {wrong!r}, which is not one expression: write one between '{{%' and '%}}', for example "
        "{% 'day-' & $states.input.day %}"
    )


@pytest.mark.parametrize("parameter", ["timeout", "patience"])
@pytest.mark.parametrize("value", [3600, "PT1H", "token"])
def test_what_is_no_time(stack: cdk.Stack, data: Data, parameter: str, value: Any) -> None:
    """A number, a string, or a time that only CloudFormation knows."""
    if value == "token":
        value = Duration.seconds(cdk.CfnParameter(stack, "Seconds", type="Number").value_as_number)
    got = "an object of type Duration" if isinstance(value, Duration) else repr(value)
    assert refusal(stack, data, **{parameter: value}) == (
        f"{parameter} is {got} but a Duration that is known at synth is expected: pass, for example, Duration.hours(6)"
    )


@pytest.mark.parametrize(
    ("timeout", "words"),
    [
        (Duration.days(10), "10 days"),
        (Duration.seconds(777_601), "9 days 1 second"),
        (Duration.millis(900), "900 millis"),
    ],
    ids=["days", "a second more", "less than a second"],
)
def test_a_time_that_no_execution_lasts(stack: cdk.Stack, data: Data, timeout: Duration, words: str) -> None:
    """Its history would be full, or it would be over before the first look."""
    assert refusal(stack, data, timeout=timeout) == (
        f"timeout is {words} but a job may take from a second to 9 days, which fill the 25,000 events of an execution: "
        "use a time between"
    )


@pytest.mark.parametrize(
    ("times", "words", "longest"),
    [
        ({"patience": Duration.hours(37)}, "1 day 13 hours", "129600"),
        ({"timeout": Duration.hours(6), "patience": Duration.minutes(181)}, "3 hours 1 minute", "10800"),
    ],
    ids=["default timeout", "given timeout"],
)
def test_patience_that_may_outlast_the_timeout(
    stack: cdk.Stack, data: Data, times: dict[str, Duration], words: str, longest: str
) -> None:
    """The job would be started when its time is over already."""
    assert refusal(stack, data, **times) == (
        f"patience is {words} but a job may wait twice as long, and must not be started after its timeout: use "
        f"{longest} seconds at most, or a longer timeout"
    )
