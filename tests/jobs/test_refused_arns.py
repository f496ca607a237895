"""ARNs of something else than the parameter asks for, or of somewhere else."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_personalize as personalize

from personalize_kms_constructs.jobs import (
    BatchInferenceJob,
    BatchSegmentJob,
    DataDeletionJob,
    DatasetExportJob,
    DatasetImportJob,
)
from tests.jobs.machines import DATASET, FILTER, GROUP, SOLUTION, VERSION, Data, job, refusal

HERE = "arn:aws:personalize:eu-west-1:111111111111"


@pytest.mark.parametrize(
    "arn",
    [
        None,
        "movies",
        "$.dataset",
        "arn:aws:personalize",
        "urn:aws:personalize:eu-west-1:111111111111:dataset/a/b",
        "arn:aws:forecast:eu-west-1:111111111111:dataset/a/b",
        "arn:aws:personalize:*:111111111111:dataset/movies/INTERACTIONS",
        "arn:aws:personalize:eu-west-1:*:dataset/movies/INTERACTIONS",
        GROUP,
        f"{HERE}:dataset/*/INTERACTIONS",
        f"{HERE}:dataset//INTERACTIONS",
        f"{HERE}:dataset/movies/INTERACTIONS ",
    ],
)
def test_an_arn_of_something_else(app: cdk.App, arn: Any) -> None:
    """It is refused in an agnostic stack too, which knows no account to compare with."""
    assert refusal(Data.of(cdk.Stack(app, "Stack")), DatasetImportJob, dataset_arn=arn) == (
        f"dataset_arn is {arn!r}, expected an ARN of the form "
        "arn:aws:personalize:REGION:ACCOUNT:dataset/DATASET_GROUP/TYPE: pass one, for example the "
        "attr_…_arn of an L1, or an expression, for example sfn.JsonPath.string_at('$.arn')"
    )


@pytest.mark.parametrize(
    ("kind", "wrong", "form"),
    [
        (BatchInferenceJob, {"solution_version_arn": SOLUTION}, "solution/NAME/VERSION"),
        (BatchSegmentJob, {"filter_arn": f"{FILTER}/1"}, "filter/NAME"),
        (DatasetExportJob, {"dataset_arn": VERSION}, "dataset/DATASET_GROUP/TYPE"),
        (DataDeletionJob, {"dataset_group_arn": DATASET}, "dataset-group/NAME"),
    ],
)
def test_each_parameter_has_a_form(data: Data, kind: Any, wrong: dict[str, str], form: str) -> None:
    """A solution is no version, and a filter has none."""
    assert f"REGION:ACCOUNT:{form}: pass one" in refusal(data, kind, **wrong)


@pytest.mark.parametrize(
    ("kind", "parameter", "attribute", "form"),
    [
        (DatasetImportJob, "dataset_arn", "Movies.DatasetGroupArn", "dataset/DATASET_GROUP/TYPE"),
        (DataDeletionJob, "dataset_group_arn", "Ratings.DatasetArn", "dataset-group/NAME"),
        (
            BatchInferenceJob,
            "solution_version_arn",
            "Solution.SolutionArn",
            "solution/NAME/VERSION",
        ),
        (BatchSegmentJob, "filter_arn", "Solution.SolutionArn", "filter/NAME"),
        (DatasetImportJob, "dataset_arn", "Ratings.DatasetArn", None),
        (DataDeletionJob, "dataset_group_arn", "Movies.DatasetGroupArn", None),
        (DatasetImportJob, "dataset_arn", "Ratings.Ref", None),
    ],
)
def test_the_attribute_of_an_l1(
    data: Data, kind: Any, parameter: str, attribute: str, form: str | None
) -> None:
    """It is checked as the ARN that it becomes; ``Ref`` is the name or the ARN."""
    stack = cdk.Stack.of(data.encryption)
    schema = personalize.CfnSchema(stack, "Schema", name="movies", schema="{}")
    movies = personalize.CfnDatasetGroup(stack, "Movies", name="movies")
    l1s: list[cdk.CfnResource] = [
        schema,
        movies,
        personalize.CfnDataset(
            stack,
            "Ratings",
            name="ratings",
            dataset_type="Interactions",
            dataset_group_arn=movies.attr_dataset_group_arn,
            schema_arn=schema.attr_schema_arn,
        ),
        personalize.CfnSolution(
            stack, "Solution", name="s", dataset_group_arn=movies.attr_dataset_group_arn
        ),
    ]
    l1, _, name = attribute.partition(".")
    given = {resource.node.id: resource for resource in l1s}[l1]
    wrong = {parameter: given.ref if name == "Ref" else given.get_att(name).to_string()}
    if form is None:
        job(data, kind, **wrong)
        return
    told = refusal(data, kind, **wrong)
    assert f"{parameter} is '${{Stack/{attribute}}}', expected an ARN of the form arn:aws:" in told
    assert f"{form}: pass one" in told


def test_an_l1_for_its_arn(stack: cdk.Stack, data: Data) -> None:
    """It has no text of its own."""
    schema = personalize.CfnSchema(stack, "Schema", name="movies", schema="{}")
    assert refusal(data, DatasetImportJob, dataset_arn=schema).startswith(
        "dataset_arn is an object of type CfnSchema, expected an ARN of"
    )


@pytest.mark.parametrize(
    ("arn", "reason"),
    [
        (DATASET.replace("eu-west-1", "us-east-1"), "of Region us-east-1 instead of eu-west-1"),
        (
            DATASET.replace("111111111111", "222222222222"),
            "of account 222222222222 instead of 111111111111",
        ),
    ],
    ids=["Region", "account"],
)
def test_an_arn_of_somewhere_else(data: Data, arn: str, reason: str) -> None:
    """Personalize works within an account and Region."""
    assert refusal(data, DatasetImportJob, dataset_arn=arn).startswith(
        f"dataset_arn is {arn!r}, {reason}, but "
    )


@pytest.mark.parametrize(
    "arn",
    [
        "{name}",
        f"arn:{cdk.Aws.PARTITION}:personalize:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:dataset/movies/INTERACTIONS",
        f"{HERE}:dataset/{{name}}",
        f"{HERE}:{{name}}",
        "{name}:dataset/movies/INTERACTIONS",
        f"{HERE}:dataset/X-men_2/INTERACTIONS",
    ],
)
def test_tokens_are_not_judged(stack: cdk.Stack, data: Data, arn: str) -> None:
    """A token and its parts are not checked; a name may have any letter."""
    name = cdk.CfnParameter(stack, "Name").value_as_string
    job(data, DatasetImportJob, dataset_arn=arn.replace("{name}", name))
