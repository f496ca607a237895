"""Paths below a location that lead elsewhere, or nowhere."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_stepfunctions as sfn

from personalize_kms_constructs import S3Location
from personalize_kms_constructs.jobs import DatasetExportJob, DatasetImportJob
from tests.jobs.machines import DATASET, Data


def refusal(stack: cdk.Stack, data: Data, **arguments: Any) -> str:
    options = {"encryption": data.encryption, "dataset_arn": DATASET, "source": data.at("in/"), **arguments}
    with pytest.raises(ValueError, match=r"^Stack/Import: ") as refused:
        DatasetImportJob(stack, "Import", **options)
    return str(refused.value).removeprefix("Stack/Import: ")


@pytest.mark.parametrize("path", ["../x/", "a/../b/", "./x", "a/.", "..", "a//b/", "a/b//"])
def test_steps_to_elsewhere(stack: cdk.Stack, data: Data, path: str) -> None:
    """S3 has no folders to go up in: such a step is part of a name, and what was meant isn't found."""
    assert refusal(stack, data, source_path=path) == (
        f"source_path is {path!r}, and S3 takes '.', '..' and nothing between two slashes for names of folders: write "
        "the path out"
    )


@pytest.mark.parametrize("path", ["*.csv", "2026-1?/", "a/${day}/"])
def test_wildcards(stack: cdk.Stack, data: Data, path: str) -> None:
    """Personalize reads a file or a folder, and expands nothing."""
    assert refusal(stack, data, source_path=path) == (
        f"source_path is {path!r}, but Personalize expands no '*', '?' and '${{': give a file or a folder, which is "
        "read with all that is below it"
    )


@pytest.mark.parametrize("path", ["..a/", "a..b", ".hidden", "2026-11-25/", "a.b/c.csv"])
def test_dots_in_names(stack: cdk.Stack, data: Data, path: str) -> None:
    """A name may have dots."""
    DatasetImportJob(
        stack, "Import", encryption=data.encryption, dataset_arn=DATASET, source=data.at("in/"), source_path=path
    )


def test_a_literal_beside_a_token_is_judged(stack: cdk.Stack, data: Data) -> None:
    """The token isn't."""
    day = cdk.CfnParameter(stack, "Day").value_as_string
    for number, (path, reason) in enumerate(
        [
            (f"../{day}/", "S3 takes '.', '..'"),
            (f"{day}/*.csv", "expands no '*'"),
            (f"/{day}/", "a path below the prefix of source is expected"),
        ]
    ):
        with pytest.raises(ValueError, match=reason.replace("*", r"\*")):
            DatasetImportJob(
                stack,
                f"Import{number}",
                encryption=data.encryption,
                dataset_arn=DATASET,
                source=data.at("in/"),
                source_path=path,
            )
    with pytest.raises(ValueError, match="which is not a folder: end it in '/'"):
        DatasetExportJob(
            stack,
            "Export",
            encryption=data.encryption,
            dataset_arn=DATASET,
            destination=data.at("out/"),
            destination_path=f"{day}/x",
        )


def test_tokens_alone_are_not_judged(stack: cdk.Stack, data: Data) -> None:
    """Their value may begin and end as it should."""
    day = cdk.CfnParameter(stack, "Day").value_as_string
    options: Any = {"encryption": data.encryption, "dataset_arn": DATASET, "destination": data.at("out/")}
    DatasetExportJob(stack, "One", destination_path=day, **options)
    DatasetExportJob(stack, "Two", destination_path=f"{day}/{day}", **options)
    DatasetExportJob(stack, "Three", destination_path=sfn.JsonPath.format("{}/../x", day), **options)


def test_a_path_that_is_too_long_in_a_bucket_of_the_app(stack: cdk.Stack, data: Data) -> None:
    """Its name is known at deployment only, and has three characters at least."""
    options: Any = {"encryption": data.encryption, "dataset_arn": DATASET, "source": data.at("in/")}
    # s3://, a name of three characters and /in/ have 12
    DatasetImportJob(stack, "Longest", source_path="x" * 244, **options)
    assert refusal(stack, data, source_path="x" * 245) == (
        "source_path makes a path of 257 characters at least but Personalize takes 256 at most: use a shorter one"
    )


def test_a_path_that_is_too_long_beside_a_token(stack: cdk.Stack, data: Data) -> None:
    """What CloudFormation puts there adds to it."""
    day = cdk.CfnParameter(stack, "Day").value_as_string
    bucket = cdk.aws_s3.Bucket.from_bucket_name(stack, "Known", "ratings")
    source = S3Location(bucket, "in/")  # s3://ratings/in/ has 16
    assert refusal(stack, data, source=source, source_path=f"{day}/" + "x" * 240) == (
        "source_path makes a path of 257 characters at least but Personalize takes 256 at most: use a shorter one"
    )


@pytest.mark.parametrize("wrong", ["{% $a %}/{% $b %}", "{%%}", "{% %}", "{%}", "{%\n%}"])
@pytest.mark.parametrize("parameter", ["source_path", "job_name", "dataset_arn", "import_mode"])
def test_what_only_looks_like_an_expression(stack: cdk.Stack, data: Data, parameter: str, wrong: str) -> None:
    """Step Functions would refuse the state machine."""
    what = parameter if parameter in ("source_path", "dataset_arn") else "a parameter"
    assert refusal(stack, data, **{parameter: wrong}) == (
        f"{what} is {wrong!r}, which is not one expression: write one between '{{%' and '%}}', for example "
        "{% 'day-' & $states.input.day %}"
    )
