"""ARNs of something else than the parameter asks for, or of somewhere else."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_stepfunctions as sfn

from personalize_kms_constructs.jobs import BatchInferenceJob, BatchSegmentJob, DataDeletionJob, DatasetImportJob
from tests.jobs.machines import DATASET, FILTER, GROUP, SOLUTION, VERSION, Data

HERE = "arn:aws:personalize:eu-west-1:111111111111"
HOW = "in the account and Region of the state machine"


def refusal(stack: cdk.Stack, data: Data, dataset_arn: str) -> str:
    with pytest.raises(ValueError, match=r"^Stack/Import: ") as refused:
        DatasetImportJob(stack, "Import", encryption=data.encryption, dataset_arn=dataset_arn, source=data.at("in/"))
    return str(refused.value)


@pytest.mark.parametrize(
    ("arn", "reason"),
    [
        (DATASET.replace("eu-west-1", "us-east-1"), "of Region 'us-east-1' instead of 'eu-west-1'"),
        (DATASET.replace("111111111111", "222222222222"), "of account '222222222222' instead of '111111111111'"),
        ("arn:aws:forecast:eu-west-1:111111111111:dataset/a/b", "of service 'forecast' instead of 'personalize'"),
        (GROUP, "which is not of the form dataset/DATASET_GROUP/TYPE"),
        (VERSION, "which is not of the form dataset/DATASET_GROUP/TYPE"),
        (f"{HERE}:dataset/movies", "which is not of the form dataset/DATASET_GROUP/TYPE"),
        (f"{HERE}:dataset/*/INTERACTIONS", "with a wildcard"),
        (f"{HERE}:dataset/movies/INTERACTION?", "with a wildcard"),
        (
            "arn:aws:s3:us-east-1:222222222222:bucket*",
            "of service 's3' instead of 'personalize' and of Region 'us-east-1' instead of 'eu-west-1' and of account "
            "'222222222222' instead of '111111111111' and with a wildcard and which is not of the form "
            "dataset/DATASET_GROUP/TYPE",
        ),
    ],
    ids=["Region", "account", "service", "group", "version", "too short", "wildcard", "other wildcard", "everything"],
)
def test_an_arn_of_something_else(stack: cdk.Stack, data: Data, arn: str, reason: str) -> None:
    """Told in one message, with all that is wrong."""
    assert (
        refusal(stack, data, arn) == f"Stack/Import: dataset_arn is {arn!r}, {reason}: pass the ARN of a dataset {HOW}"
    )


@pytest.mark.parametrize(
    ("arn", "reason"),
    [
        (f"{HERE}:dataset//INTERACTIONS", "which is not of the form dataset/DATASET_GROUP/TYPE"),
        (f"{HERE}:dataset/movies/", "which is not of the form dataset/DATASET_GROUP/TYPE"),
        (f"{HERE}:dataset/a:b/INTERACTIONS", "which is not of the form dataset/DATASET_GROUP/TYPE"),
        (f"{HERE}:dataset/movies/INTERACTIONS ", "which is not of the form dataset/DATASET_GROUP/TYPE"),
        ("arn:aws:personalize:*:*:dataset/movies/INTERACTIONS", "with a wildcard"),
        ("arn:aws:personalize:eu-west-?:111111111111:dataset/movies/INTERACTIONS", "with a wildcard"),
        ("arn:aws:personalize::111111111111:dataset/movies/INTERACTIONS", "without a Region"),
        ("arn:aws:personalize:eu-west-1::dataset/movies/INTERACTIONS", "without an account"),
        ("arn::personalize:eu-west-1:111111111111:dataset/movies/INTERACTIONS", "without a partition"),
    ],
)
def test_an_arn_that_nothing_has(app: cdk.App, arn: str, reason: str) -> None:
    """Told in an agnostic stack too, which knows no account to compare with."""
    agnostic = cdk.Stack(app, "Stack")
    assert refusal(agnostic, Data.of(agnostic), arn) == (
        f"Stack/Import: dataset_arn is {arn!r}, {reason}: pass the ARN of a dataset {HOW}"
    )


@pytest.mark.parametrize(
    ("region", "arn"),
    [("eu-west-1", "arn:aws-cn:personalize:eu-west-1"), ("cn-north-1", "arn:aws:personalize:cn-north-1")],
)
def test_an_arn_of_another_partition(app: cdk.App, region: str, arn: str) -> None:
    """A Region is in one partition."""
    here = cdk.Stack(app, "Stack", env=cdk.Environment(account="111111111111", region=region))
    wrong, right = ("aws-cn", "aws") if region == "eu-west-1" else ("aws", "aws-cn")
    arn = f"{arn}:111111111111:dataset/movies/INTERACTIONS"
    assert refusal(here, Data.of(here), arn) == (
        f"Stack/Import: dataset_arn is {arn!r}, of partition {wrong!r} instead of {right!r}: pass the ARN of a dataset "
        f"{HOW}"
    )


@pytest.mark.parametrize("arn", ["arn:aws:personalize", "urn:aws:personalize:eu-west-1:111111111111:dataset/a/b"])
def test_what_is_no_arn_at_all(stack: cdk.Stack, data: Data, arn: str) -> None:
    """It has too few parts, or begins otherwise."""
    assert f"dataset_arn is {arn!r} but an ARN is expected" in refusal(stack, data, arn)


@pytest.mark.parametrize("kind", [BatchInferenceJob, BatchSegmentJob])
def test_a_solution_is_no_version(stack: cdk.Stack, data: Data, kind: Any) -> None:
    """Nor is a filter's version a filter."""
    with pytest.raises(ValueError, match="not of the form solution/NAME/VERSION: pass the ARN of a solution version"):
        kind(
            stack,
            "Job",
            encryption=data.encryption,
            solution_version_arn=SOLUTION,
            source=data.at("in/"),
            destination=data.at("out/"),
        )
    with pytest.raises(ValueError, match="not of the form filter/NAME: pass the ARN of a filter in the account"):
        kind(
            stack,
            "Other",
            encryption=data.encryption,
            solution_version_arn=VERSION,
            source=data.at("in/"),
            destination=data.at("out/"),
            filter_arn=f"{FILTER}/1",
        )


def test_a_dataset_is_no_dataset_group(stack: cdk.Stack, data: Data) -> None:
    """Users are deleted from a whole group."""
    with pytest.raises(ValueError, match="not of the form dataset-group/NAME: pass the ARN of a dataset group in"):
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


def test_parts_beside_tokens_are_judged(stack: cdk.Stack, data: Data) -> None:
    """A solution in an environment of tokens is no dataset either."""
    arn = f"arn:{cdk.Aws.PARTITION}:personalize:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:solution/movies"
    assert "which is not of the form dataset/DATASET_GROUP/TYPE" in refusal(stack, data, arn)


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
