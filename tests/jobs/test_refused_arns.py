"""ARNs of something else than the parameter asks for, or of somewhere else."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_stepfunctions as sfn

from personalize_kms_constructs.jobs import BatchInferenceJob, BatchSegmentJob, DataDeletionJob, DatasetImportJob
from tests.jobs.machines import DATASET, FILTER, GROUP, SOLUTION, VERSION, Data

HERE = "arn:aws:personalize:eu-west-1:111111111111"


def refusal(stack: cdk.Stack, data: Data, dataset_arn: str) -> str:
    with pytest.raises(ValueError, match=r"^Stack/Import: ") as refused:
        DatasetImportJob(stack, "Import", encryption=data.encryption, dataset_arn=dataset_arn, source=data.at("in/"))
    return str(refused.value)


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:personalize",
        "urn:aws:personalize:eu-west-1:111111111111:dataset/a/b",
        "arn:aws:forecast:eu-west-1:111111111111:dataset/a/b",
        "arn:aws:personalize:*:*:dataset/movies/INTERACTIONS",
        GROUP,
        VERSION,
        f"{HERE}:dataset/movies",
        f"{HERE}:dataset/*/INTERACTIONS",
        f"{HERE}:dataset//INTERACTIONS",
        f"{HERE}:dataset/movies/INTERACTIONS ",
    ],
)
def test_an_arn_of_something_else(app: cdk.App, arn: str) -> None:
    """Told in an agnostic stack too, which knows no account to compare with."""
    agnostic = cdk.Stack(app, "Stack")
    assert refusal(agnostic, Data.of(agnostic), arn) == (
        f"Stack/Import: dataset_arn is {arn!r} but an ARN of the form "
        "arn:aws:personalize:REGION:ACCOUNT:dataset/DATASET_GROUP/TYPE is expected: pass one, for example the "
        "attr_…_arn of an L1, or an expression, for example sfn.JsonPath.string_at('$.arn')"
    )


@pytest.mark.parametrize(
    ("arn", "reason"),
    [
        (DATASET.replace("eu-west-1", "us-east-1"), "of Region us-east-1 instead of eu-west-1"),
        (DATASET.replace("111111111111", "222222222222"), "of account 222222222222 instead of 111111111111"),
    ],
    ids=["Region", "account"],
)
def test_an_arn_of_somewhere_else(stack: cdk.Stack, data: Data, arn: str, reason: str) -> None:
    """Personalize works in one account and Region."""
    assert refusal(stack, data, arn).startswith(f"Stack/Import: dataset_arn is {arn!r}, {reason}, but ")


@pytest.mark.parametrize("kind", [BatchInferenceJob, BatchSegmentJob])
@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"solution_version_arn": SOLUTION}, "ACCOUNT:solution/NAME/VERSION is expected"),
        ({"filter_arn": f"{FILTER}/1"}, "ACCOUNT:filter/NAME is expected"),
    ],
)
def test_a_solution_is_no_version(stack: cdk.Stack, data: Data, kind: Any, wrong: dict[str, str], reason: str) -> None:
    """Nor is a filter's version a filter."""
    options: Any = {"encryption": data.encryption, "solution_version_arn": VERSION, **wrong}
    with pytest.raises(ValueError, match=reason):
        kind(stack, "Job", source=data.at("in/"), destination=data.at("out/"), **options)


def test_a_dataset_is_no_dataset_group(stack: cdk.Stack, data: Data) -> None:
    """Users are deleted from a whole group."""
    with pytest.raises(ValueError, match="ACCOUNT:dataset-group/NAME is expected"):
        DataDeletionJob(
            stack, "Job", encryption=data.encryption, dataset_group_arn=DATASET, source=data.at("deletion/")
        )


@pytest.mark.parametrize(
    "arn",
    [
        "whole",
        "{aws}:personalize:{region}:{account}:dataset/movies/INTERACTIONS",
        "arn:aws:personalize:eu-west-1:111111111111:dataset/{name}",
        "arn:aws:personalize:eu-west-1:111111111111:{name}",
        "{start}",
        "arn:aws:personalize:{name}",
        "{name}:aws:personalize:eu-west-1:111111111111:dataset",
    ],
)
def test_what_is_a_token_is_not_judged(stack: cdk.Stack, data: Data, arn: str) -> None:
    """Nor is what a token may have in it."""
    name = cdk.CfnParameter(stack, "Name").value_as_string
    given = (
        name
        if arn == "whole"
        else arn.format(
            aws=f"arn:{cdk.Aws.PARTITION}",
            region=cdk.Aws.REGION,
            account=cdk.Aws.ACCOUNT_ID,
            name=name,
            start=f"{name}:dataset/movies/INTERACTIONS",
        )
    )
    DatasetImportJob(stack, "Import", encryption=data.encryption, dataset_arn=given, source=data.at("in/"))


def test_a_name_may_have_any_letter(stack: cdk.Stack, data: Data) -> None:
    """And digits, hyphens and underscores."""
    arn = f"{HERE}:dataset/X-men_2/INTERACTIONS"
    DatasetImportJob(stack, "Import", encryption=data.encryption, dataset_arn=arn, source=data.at("in/"))


def test_an_agnostic_stack_judges_no_environment(app: cdk.App) -> None:
    """It knows neither its account nor its Region."""
    agnostic = cdk.Stack(app, "Agnostic")
    data = Data.of(agnostic)
    DatasetImportJob(agnostic, "Import", encryption=data.encryption, dataset_arn=DATASET, source=data.at("in/"))


@pytest.mark.parametrize(
    "wrong", ["in/{% $states.input.day %}/", f"day-{sfn.JsonPath.string_at('$.day')}"], ids=["JSONata", "JsonPath"]
)
@pytest.mark.parametrize("parameter", ["source_path", "dataset_arn", "tags"])
def test_an_expression_inside_of_text(stack: cdk.Stack, data: Data, parameter: str, wrong: str) -> None:
    """Step Functions would take it for text, and the CDK refuses the one of ``sfn.JsonPath`` in words of its own."""
    arguments: dict[str, Any] = {
        "encryption": data.encryption,
        "dataset_arn": DATASET,
        "source": data.at("in/"),
        parameter: {"day": wrong} if parameter == "tags" else wrong,
    }
    with pytest.raises(ValueError, match=r"^Stack/Import: ") as refused:
        DatasetImportJob(stack, "Import", **arguments)
    what = "a parameter" if parameter == "tags" else parameter
    assert str(refused.value) == (
        f"Stack/Import: {what} is {wrong!r}, an expression inside of other text, but Step Functions evaluates whole "
        "values only: write one expression, for example {% 'day-' & $states.input.day %} or "
        "sfn.JsonPath.format('day-{}', sfn.JsonPath.string_at('$.day'))"
    )
