"""Paths and times that are refused at construction."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import Duration

from personalize_kms_constructs import S3Location
from personalize_kms_constructs.jobs import DatasetExportJob, DatasetImportJob
from tests.jobs.machines import DATASET, Data


def refusal(stack: cdk.Stack, data: Data, **arguments: Any) -> str:
    options = {"encryption": data.encryption, "dataset_arn": DATASET, "source": data.at("in/"), **arguments}
    with pytest.raises(ValueError, match=r"^Stack/Import: ") as refused:
        DatasetImportJob(stack, "Import", **options)
    return str(refused.value).removeprefix("Stack/Import: ")


@pytest.mark.parametrize("path", ["", "/2026/", "s3://bucket/x/", 5])
def test_a_path_that_is_not_below_the_prefix(stack: cdk.Stack, data: Data, path: Any) -> None:
    """An address, a path from the root of the bucket, or nothing."""
    assert refusal(stack, data, source_path=path) == (
        f"source_path is {path!r} but a path below the prefix of source is expected: pass one without a leading slash "
        "or s3:// address, for example '2026-11-25/', or an expression"
    )


def test_a_path_below_something_that_is_no_folder(stack: cdk.Stack, data: Data) -> None:
    """The path would begin in the middle of a name."""
    assert refusal(stack, data, source=data.at("in"), source_path="{% $states.input.file %}") == (
        "source of dataset import job has prefix 'in' and source_path stands below it, but that is not a folder: end "
        "the prefix in '/', for example 'in/'"
    )


def test_a_prefix_that_may_end_in_a_slash(stack: cdk.Stack, data: Data) -> None:
    """A token's value isn't known yet."""
    prefix = cdk.CfnParameter(stack, "Prefix").value_as_string
    DatasetImportJob(
        stack, "Import", encryption=data.encryption, dataset_arn=DATASET, source=data.at(prefix), source_path="a/"
    )


def test_a_destination_path_that_is_no_folder(stack: cdk.Stack, data: Data) -> None:
    """Personalize writes into folders."""
    with pytest.raises(
        ValueError,
        match=r"^Stack/Export: destination_path is '2026', which is not a folder: end it in '/', for example '2026/'$",
    ):
        DatasetExportJob(
            stack,
            "Export",
            encryption=data.encryption,
            dataset_arn=DATASET,
            destination=data.at("out/"),
            destination_path="2026",
        )


def test_a_path_of_too_many_characters(stack: cdk.Stack, data: Data) -> None:
    """Personalize takes 256, and each of them."""
    bucket = cdk.aws_s3.Bucket.from_bucket_name(stack, "Known", "ratings")
    options: dict[str, Any] = {
        "encryption": data.encryption,
        "dataset_arn": DATASET,
        "source": S3Location(bucket, "in/"),  # s3://ratings/in/ has 16
    }
    DatasetImportJob(stack, "Longest", source_path="x" * 239 + "/", **options)
    assert refusal(stack, data, source=options["source"], source_path="x" * 240 + "/") == (
        "source_path makes a path of 257 characters but Personalize takes 256 at most: use a shorter one"
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
