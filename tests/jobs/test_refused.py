"""What is refused at construction, with a message that says what to do."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_stepfunctions as sfn

from personalize_kms_constructs.jobs import BatchInferenceJob, DatasetExportJob, DatasetImportJob
from tests.jobs.machines import DATASET, VERSION, Data, definition, machine


def test_everything_wrong_is_told_at_once(stack: cdk.Stack, data: Data) -> None:
    """A name and a mode that Personalize doesn't take."""
    with pytest.raises(ValueError, match="job_name 'a b' is not a name that Personalize takes") as refused:
        DatasetImportJob(
            stack,
            "Import",
            encryption=data.encryption,
            dataset_arn=DATASET,
            source=data.at("in/"),
            job_name="a b",
            import_mode="full",
        )
    assert str(refused.value).startswith("Stack/Import: ")
    assert str(refused.value).endswith(
        "; import_mode is 'full' but Personalize takes 'FULL' or 'INCREMENTAL': use one of them"
    )


@pytest.mark.parametrize("mode", ["{% $states.input.mode %}", "token"])
def test_a_mode_that_is_known_later_is_not_judged(stack: cdk.Stack, data: Data, mode: str) -> None:
    """Expressions and tokens pass."""
    if mode == "token":
        mode = cdk.CfnParameter(stack, "Mode").value_as_string
    job = DatasetExportJob(
        stack, "Job", encryption=data.encryption, dataset_arn=DATASET, destination=data.at("o/"), ingestion_mode=mode
    )
    machine(stack, job)
    assert definition(stack)["States"]["Start Job"]["Arguments"]["IngestionMode"] in (mode, "<Mode>")


def test_a_destination_that_is_no_folder_is_refused(stack: cdk.Stack, data: Data) -> None:
    """By the construct whose permissions it would get."""
    with pytest.raises(ValueError, match="end it in '/', as 'out/'"):
        DatasetExportJob(stack, "Export", encryption=data.encryption, dataset_arn=DATASET, destination=data.at("out"))


def test_the_source_is_no_destination(stack: cdk.Stack, data: Data) -> None:
    """Batch output must be elsewhere."""
    with pytest.raises(ValueError, match="batch inference job has the same source and destination"):
        BatchInferenceJob(
            stack,
            "Batch",
            encryption=data.encryption,
            solution_version_arn=VERSION,
            source=data.at("x/"),
            destination=data.at("x/"),
        )


def test_two_languages_in_one_call_are_refused(stack: cdk.Stack, data: Data) -> None:
    """A JSONPath state would pass the JSONata expression on as text."""
    mixed: Any = {"dataset_arn": sfn.JsonPath.string_at("$.dataset"), "job_name": "{% $states.input.name %}"}
    with pytest.raises(ValueError, match="parameters are JsonPath and JSONata expressions, but one call takes one"):
        DatasetExportJob(stack, "Export", encryption=data.encryption, destination=data.at("out/"), **mixed)


def test_a_job_allows_what_it_does(stack: cdk.Stack, data: Data) -> None:
    """A given construct that allows nothing yet has the statements of the job afterwards."""
    before = stack.resolve(data.encryption.encryption_key.node.default_child.key_policy)  # type: ignore[union-attr]
    DatasetExportJob(stack, "Export", encryption=data.encryption, dataset_arn=DATASET, destination=data.at("out/"))
    after = stack.resolve(data.encryption.encryption_key.node.default_child.key_policy)  # type: ignore[union-attr]
    assert len(before["Statement"]) == 1
    assert [statement["Sid"][:-8] for statement in after["Statement"][1:]] == [
        "PersonalizeRole",
        "PersonalizeService",
    ]
