"""Refusals at construction, with a message that says what to do."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_stepfunctions as sfn

from personalize_kms_constructs import S3Location
from personalize_kms_constructs.jobs import BatchInferenceJob, DatasetExportJob, DatasetImportJob
from tests.jobs.machines import DATASET, Data, definition, machine


def test_everything_wrong_is_told_at_once(stack: cdk.Stack, data: Data) -> None:
    """A name, a path, an ARN, a time, tags and a mode that Personalize doesn't take."""
    with pytest.raises(ValueError, match="job_name 'a b' is not a name that Personalize takes") as refused:
        DatasetImportJob(
            stack,
            "Import",
            encryption=data.encryption,
            dataset_arn="movies",
            source=data.at("in/"),
            source_path="/x",
            job_name="a b",
            timeout=5,  # type: ignore[arg-type]
            tags=[],  # type: ignore[arg-type]
            import_mode="full",
        )
    assert str(refused.value).startswith("Stack/Import: ")
    for problem in (
        "source_path is '/x' but a path below the prefix of source is expected",
        "dataset_arn is 'movies' but an ARN of the form",
        "timeout is 5 but a Duration that is known at synth is expected",
        "tags is an object of type list but a mapping of strings is expected",
        "import_mode is 'full' but Personalize takes 'FULL', 'INCREMENTAL': use one of them",
    ):
        assert problem in str(refused.value)


@pytest.mark.parametrize("mode", ["{% $states.input.mode %}", "token"])
def test_a_mode_that_is_known_later_is_not_judged(stack: cdk.Stack, data: Data, mode: str) -> None:
    """Expressions and tokens pass."""
    if mode == "token":
        mode = cdk.CfnParameter(stack, "Mode").value_as_string
    job = DatasetExportJob(
        stack, "Job", encryption=data.encryption, dataset_arn=DATASET, destination=data.at("o/"), ingestion_mode=mode
    )
    machine(stack, job)
    assert definition(stack)["States"]["Prepare Job"]["Output"]["Arguments"]["IngestionMode"] in (mode, "<Mode>")


def test_a_destination_that_is_no_folder_is_refused(stack: cdk.Stack, data: Data) -> None:
    """By the job, of which the construct may have many, and with all the other reasons."""
    with pytest.raises(ValueError, match=r"^Stack/Export: ") as refused:
        DatasetExportJob(
            stack,
            "Export",
            encryption=data.encryption,
            dataset_arn=DATASET,
            destination=data.at("out"),
            ingestion_mode="all",
        )
    for problem in ("end it in /, as 'out/'", "ingestion_mode is 'all' but Personalize takes"):
        assert str(refused.value).count(problem) == 1


def test_two_languages_in_one_call_are_refused(stack: cdk.Stack, data: Data) -> None:
    """A JSONPath state would pass the JSONata expression on as text."""
    mixed: Any = {"dataset_arn": sfn.JsonPath.string_at("$.dataset"), "job_name": "{% $states.input.name %}"}
    with pytest.raises(ValueError, match=r"^Stack/Export: ") as refused:
        DatasetExportJob(stack, "Export", encryption=data.encryption, destination=data.at("out/"), **mixed)
    assert str(refused.value) == (
        "Stack/Export: parameters are JsonPath and JSONata expressions, but a state has one language: write all of "
        "them in one, for example {% $states.input.name %}"
    )


@pytest.mark.parametrize("mode", ["bulk", "PUT", "BULK", "ALL"])
def test_a_mode_of_export(stack: cdk.Stack, data: Data, mode: str) -> None:
    """It has three."""
    options: Any = {"encryption": data.encryption, "dataset_arn": DATASET, "destination": data.at("out/")}
    if mode == "bulk":
        with pytest.raises(
            ValueError,
            match=r"^Stack/Export: ingestion_mode is 'bulk' but Personalize takes 'BULK', 'PUT', 'ALL': use one of "
            r"them$",
        ):
            DatasetExportJob(stack, "Export", ingestion_mode=mode, **options)
    else:
        DatasetExportJob(stack, "Export", ingestion_mode=mode, **options)


def test_json_paths_in_a_jsonata_machine_are_refused(stack: cdk.Stack, data: Data) -> None:
    """Step Functions takes a state of JSONPath in a machine of JSONPath only."""
    path = sfn.JsonPath.string_at("$.dataset")
    job = DatasetExportJob(stack, "Export", encryption=data.encryption, destination=data.at("out/"), dataset_arn=path)
    with pytest.raises(
        RuntimeError,
        match=r"Stack/Export/Prepare Export: parameters are JsonPath expressions but the state machine's query "
        r"language is JSONata: write all of them as JSONata, for example \{% \$states.input.arn %\}",
    ):
        machine(stack, job, query_language=sfn.QueryLanguage.JSONATA)


def test_a_job_allows_what_it_does(stack: cdk.Stack, data: Data) -> None:
    """A given construct that allows nothing yet has the statements of the job afterwards."""
    before = stack.resolve(data.encryption.encryption_key.node.default_child.key_policy)  # type: ignore[union-attr]
    DatasetExportJob(stack, "Export", encryption=data.encryption, dataset_arn=DATASET, destination=data.at("out/"))
    after = stack.resolve(data.encryption.encryption_key.node.default_child.key_policy)  # type: ignore[union-attr]
    assert len(before["Statement"]) == 1
    assert [statement["Sid"] for statement in after["Statement"][1:]] == [
        "PersonalizeRole",
        "PersonalizeService",
    ]


def importing(stack: cdk.Stack, data: Data, id: str = "Import", **other: Any) -> DatasetImportJob:
    arguments = {"encryption": data.encryption, "dataset_arn": DATASET, "source": data.at("in/"), **other}
    return DatasetImportJob(stack, id, **arguments)


def refusal(stack: cdk.Stack, data: Data, **wrong: Any) -> str:
    with pytest.raises(ValueError, match=r"^Stack/Import: ") as refused:
        importing(stack, data, **wrong)
    return str(refused.value)


def test_something_else_than_the_construct(stack: cdk.Stack, data: Data) -> None:
    """Its key."""
    assert refusal(stack, data, encryption=data.encryption.encryption_key) == (
        "Stack/Import: encryption is an object of type Key but a PersonalizeEncryption is expected: pass the construct "
        "whose service role does the work"
    )


@pytest.mark.parametrize(
    "prefix", [sfn.JsonPath.string_at("$.folder"), "in/{% $states.input.folder %}/"], ids=["JSONPath", "JSONata"]
)
def test_a_prefix_that_each_execution_evaluates(stack: cdk.Stack, data: Data, prefix: str) -> None:
    """It would reach Personalize, and the policies, as text."""
    assert refusal(stack, data, source=S3Location(data.plain, prefix)) == (
        "Stack/Import: source of dataset import job has a prefix that each execution evaluates, but policies are "
        "written before: give S3Location a fixed prefix, and the rest as source_path"
    )


def test_a_prefix_of_the_deployment_is_taken(stack: cdk.Stack, data: Data) -> None:
    """CloudFormation knows it when it writes policies."""
    folder = cdk.CfnParameter(stack, "Folder").value_as_string
    importing(stack, data, source=S3Location(data.plain, f"{folder}/"))


@pytest.mark.parametrize("wrong", ["movies", "$.dataset", None])
def test_something_else_than_an_arn(stack: cdk.Stack, data: Data, wrong: str | None) -> None:
    """A name, or a path that ``sfn.JsonPath`` didn't make, which would reach Personalize as text."""
    assert refusal(stack, data, dataset_arn=wrong) == (
        f"Stack/Import: dataset_arn is {wrong!r} but an ARN of the form "
        "arn:aws:personalize:REGION:ACCOUNT:dataset/DATASET_GROUP/TYPE is expected: pass one, for example the "
        "attr_…_arn of an L1, or an expression, for example sfn.JsonPath.string_at('$.arn')"
    )


def test_an_l1_for_its_arn(stack: cdk.Stack, data: Data) -> None:
    """The solution version and the filter, in one message."""
    schema: Any = personalize.CfnSchema(stack, "Schema", name="movies", schema="{}")
    with pytest.raises(ValueError, match="solution_version_arn is an object of type CfnSchema but an ARN") as refused:
        BatchInferenceJob(
            stack,
            "Batch",
            encryption=data.encryption,
            solution_version_arn=schema,
            source=data.at("in/"),
            destination=data.at("out/"),
            filter_arn=schema,
        )
    assert "filter_arn is an object of type CfnSchema but an ARN of the form" in str(refused.value)
