"""Refusals at construction, with advice in the message."""

import re
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn

from personalize_kms_constructs import jobs
from personalize_kms_constructs.jobs import BatchInferenceJob, DatasetExportJob, DatasetImportJob
from tests.jobs.machines import Data, definition, job, machine, refusal

OBJECT = "an object of type"


@pytest.mark.parametrize("noun", jobs.__all__)
def test_everything_wrong_is_told_at_once(data: Data, noun: str) -> None:
    """Each kind of job reports each problem once, and allows nothing."""
    kind = getattr(jobs, noun)
    parts = [part for part in ("source", "destination") if part in kind.__init__.__annotations__]
    wrong = {"job_name": "a b", "timeout": 5, "patience": "PT1H", "tags": []}
    message = refusal(
        data, kind, encryption=None, **wrong, **dict.fromkeys(parts, "s3://ratings/in/")
    )
    words = re.sub("(?<!^)([A-Z])", r" \1", noun).lower()
    assert message.split("\n- ") == [
        "",
        "encryption is None, expected a PersonalizeEncryption: pass the construct with the "
        "service role for the job",
        *(
            f"{part} of {words} is 's3://ratings/in/', expected a location: pass "
            "S3Location(bucket, prefix)"
            for part in parts
        ),
        "job_name 'a b' is not a name that Personalize takes: use 1 to 63 letters, digits, "
        "hyphens and underscores, and begin with a letter or digit",
        "timeout is 5, expected a Duration that is known at synth: pass, for example, "
        "Duration.hours(6)",
        "patience is 'PT1H', expected a Duration that is known at synth: pass, for example, "
        "Duration.hours(6)",
        "tags is an object of type list, expected a mapping of strings: pass {'key': 'value'}",
    ]
    assert data.encrypted.policy is None


def test_locations_arns_paths_and_modes_are_told_with_the_rest(data: Data) -> None:
    """A construct may have many jobs: the message is about the refused job."""
    message = refusal(
        data,
        BatchInferenceJob,
        encryption=data.encryption.encryption_key,
        solution_version_arn="movies",
        filter_arn="seen",
        source_path="/x",
        batch_inference_job_mode="theme",
    )
    beginnings = [re.split(" but |, expected ", problem)[0] for problem in message.split("\n- ")]
    assert beginnings == [
        "",
        "encryption is an object of type Key",
        "source_path is '/x'",
        "solution_version_arn is 'movies'",
        "filter_arn is 'seen'",
        "batch_inference_job_mode is 'theme'",
    ]


@pytest.mark.parametrize(
    "wrong",
    [{"job_name": "a b"}, {"job_name": "{% $a %}", "dataset_arn": sfn.JsonPath.string_at("$.arn")}],
)
def test_a_refused_job_leaves_its_id_free(data: Data, wrong: dict[str, Any]) -> None:
    """The id is free again, whether one argument is refused or several together."""
    refusal(data, DatasetImportJob, **wrong)
    machine(cdk.Stack.of(data.encryption), job(data, DatasetImportJob))
    assert "Start Job" in definition(cdk.Stack.of(data.encryption))["States"]


def test_an_expression_inside_of_a_name(data: Data) -> None:
    """Step Functions evaluates whole values only, whatever else is wrong with the name."""
    message = refusal(data, DatasetImportJob, job_name="night-{% $states.input.day %}")
    says = "job_name is 'night-{% $states.input.day %}', an expression inside of other text"
    assert says in message
    assert "is not a name" not in message


@pytest.mark.parametrize(
    "name",
    [
        "{% $states.input.day & ' ' & $uuid() %}",
        "{% '-night' & $uuid() %}",
        '{% "a*" & $uuid() %}',
        sfn.JsonPath.format("{}.{}", sfn.JsonPath.string_at("$.day"), sfn.JsonPath.uuid()),
    ],
)
def test_an_expression_that_makes_no_name(data: Data, name: str) -> None:
    """The texts in it are in every name that it makes."""
    assert " is not a name that Personalize takes: use 1 to 63 letters" in refusal(
        data, DatasetImportJob, job_name=name
    )


@pytest.mark.parametrize(
    "name",
    [
        "{% $states.input.day & '-' & $uuid() %}",
        "{% $replace('a/b', '/', '-') & $uuid() %}",
        "{% $states.input.day = '/' ? 'a' : 'b' %}",
        "{% 'a\\u0062' & $uuid() %}",
        f"{{% 'night-{cdk.Aws.REGION}' & $uuid() %}}",
        sfn.JsonPath.format("{}-{}", sfn.JsonPath.string_at("$.day"), sfn.JsonPath.uuid()),
        sfn.JsonPath.string_at("$.name"),
    ],
)
def test_an_expression_that_may_make_a_name(data: Data, name: str) -> None:
    """Expressions are not checked, nor what stands in a function, a condition or an escape."""
    job(data, DatasetImportJob, job_name=name)


@pytest.mark.parametrize(
    ("kind", "parameter", "allowed"),
    [
        (DatasetImportJob, "import_mode", ["FULL", "INCREMENTAL"]),
        (DatasetExportJob, "ingestion_mode", ["BULK", "PUT", "ALL"]),
        (BatchInferenceJob, "batch_inference_job_mode", ["BATCH_INFERENCE", "THEME_GENERATION"]),
    ],
)
def test_modes(data: Data, kind: Any, parameter: str, allowed: list[str]) -> None:
    """Only the API's modes are accepted; expressions and tokens are not checked."""
    wrong = allowed[0].lower()
    assert refusal(data, kind, **{parameter: wrong}) == (
        f"{parameter} is {wrong!r} but Personalize takes {', '.join(map(repr, allowed))}: use one "
        "of them"
    )
    token = cdk.CfnParameter(cdk.Stack.of(data.encryption), "Mode").value_as_string
    for number, mode in enumerate(
        [*allowed, token, "{% $states.input.mode %}", sfn.JsonPath.string_at("$.mode")]
    ):
        job(data, kind, f"Job{number}", **{parameter: mode})


def test_two_languages_in_one_call(data: Data) -> None:
    """A JSONPath state would pass the JSONata expression on as text."""
    mixed = {
        "dataset_arn": sfn.JsonPath.string_at("$.dataset"),
        "job_name": "{% $states.input.name %}",
    }
    assert refusal(data, DatasetExportJob, **mixed) == (
        "parameters are JsonPath and JSONata expressions, but a state has a single language: use "
        "the same for all, for example {% $states.input.name %}"
    )


@pytest.mark.parametrize(
    ("wrong", "shown"),
    [
        ("in/{% $states.input.day %}/", "in/{% $states.input.day %}/"),
        (f"day-{sfn.JsonPath.string_at('$.day')}", "day-${day}"),
    ],
    ids=["JSONata", "JsonPath"],
)
@pytest.mark.parametrize("parameter", ["source_path", "dataset_arn", "tags"])
def test_an_expression_inside_of_text(data: Data, parameter: str, wrong: str, shown: str) -> None:
    """Step Functions would read it as text, and the CDK has its own error for ``sfn.JsonPath``."""
    what = "a parameter" if parameter == "tags" else parameter
    assert refusal(
        data, DatasetImportJob, **{parameter: {"day": wrong} if parameter == "tags" else wrong}
    ) == (
        f"{what} is {shown!r}, an expression inside of other text, but Step Functions evaluates "
        "whole values only: write one expression, for example {% 'day-' & $states.input.day %} or "
        "sfn.JsonPath.format('day-{}', sfn.JsonPath.string_at('$.day'))"
    )


def test_a_name_of_a_state_that_is_too_long(stack: cdk.Stack, data: Data) -> None:
    """A machine in a machine has the id twice, in names that nobody wrote."""
    state = job(data, DatasetExportJob, id="x" * 35).to_single_state()
    with pytest.raises(
        RuntimeError, match="characters but Step Functions takes 80: use a shorter id"
    ):
        sfn.StateMachine(stack, "Machine", definition_body=sfn.DefinitionBody.from_chainable(state))


def test_a_json_path_in_a_jsonata_machine(stack: cdk.Stack, data: Data) -> None:
    """AWS takes no state in JSONPath there."""
    of_execution = job(data, DatasetExportJob, dataset_arn=sfn.JsonPath.string_at("$.arn"))
    message = (
        "Stack/Job/Prepare Job: query_language is JSONATA: pass {% … %} expressions, not "
        "sfn.JsonPath"
    )
    with pytest.raises(RuntimeError, match=re.escape(message)):
        machine(stack, of_execution, query_language=sfn.QueryLanguage.JSONATA)


def test_two_expressions_in_one_value(data: Data) -> None:
    """Step Functions would read both and the text between them as a single expression."""
    wrong = "{% $states.input.name %}-{% $states.input.day %}"
    assert refusal(data, DatasetImportJob, dataset_arn=wrong) == (
        f"dataset_arn is {wrong!r}, which is not one expression: write one between '{{%' and "
        "'%}', for example {% 'day-' & $states.input.day %}"
    )


@pytest.mark.parametrize("parameter", ["timeout", "patience"])
def test_a_time_that_only_cloudformation_knows(
    stack: cdk.Stack, data: Data, parameter: str
) -> None:
    """The number of attempts is made of it at synth."""
    unknown = Duration.seconds(cdk.CfnParameter(stack, "Seconds", type="Number").value_as_number)
    assert refusal(data, DatasetImportJob, **{parameter: unknown}) == (
        f"{parameter} is an object of type Duration, expected a Duration that is known at synth: "
        "pass, for example, Duration.hours(6)"
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
def test_a_time_that_no_execution_lasts(data: Data, timeout: Duration, words: str) -> None:
    """Its history would be full, or it would be over before the first look."""
    assert refusal(data, DatasetImportJob, timeout=timeout) == (
        f"timeout is {words} but a job may take from a second to 9 days, which fill the 25,000 "
        "events of an execution: use a time between"
    )


@pytest.mark.parametrize(
    ("times", "words", "longest"),
    [
        ({"patience": Duration.hours(37)}, "1 day 13 hours", "129600"),
        (
            {"timeout": Duration.hours(6), "patience": Duration.minutes(181)},
            "3 hours 1 minute",
            "10800",
        ),
    ],
    ids=["default timeout", "given timeout"],
)
def test_patience_that_may_outlast_the_timeout(
    data: Data, times: dict[str, Duration], words: str, longest: str
) -> None:
    """The job would be started when its time is over already."""
    assert refusal(data, DatasetImportJob, **times) == (
        f"patience is {words} but a job may wait twice as long, and must not be started after its "
        f"timeout: use {longest} seconds at most, or a longer timeout"
    )


A_VALUE = "expected a string, a number, true or false: pass one, or an expression"
A_NUMBER = "expected a whole number: pass one, or an expression"
A_WEIGHT = "expected a number from 0 to 1: pass one, or an expression"
A_PATH = "expected a path below the prefix of"
WRONG_VALUES: list[tuple[dict[str, Any], str]] = [
    ({"source_path": PurePosixPath("day")}, f"source_path is {OBJECT} PurePosixPath, {A_PATH} "),
    ({"num_results": Decimal("1.5")}, f"NumResults is {OBJECT} Decimal, {A_NUMBER}"),
    ({"num_results": "many"}, f"NumResults is 'many', {A_NUMBER}"),
    ({"num_results": -1}, f"NumResults is -1, {A_NUMBER}"),
    ({"num_results": 2.5}, f"NumResults is 2.5, {A_NUMBER}"),
    ({"num_results": True}, f"NumResults is True, {A_NUMBER}"),
    ({"ranking_influence": {"FRESHNESS": 2.5}}, f"FRESHNESS is 2.5, {A_WEIGHT}"),
    (
        {"item_exploration_config": {"explorationWeight": Decimal(1)}},
        f"explorationWeight is {OBJECT} Decimal, {A_VALUE}",
    ),
    (
        {"theme_generation_item_name": PurePosixPath("TITLE")},
        f"ItemName is {OBJECT} PurePosixPath, {A_VALUE}",
    ),
]


@pytest.mark.parametrize(
    ("wrong", "told"), WRONG_VALUES, ids=[f"{number}" for number in range(len(WRONG_VALUES))]
)
def test_values_that_are_none_of_json(data: Data, wrong: dict[str, Any], told: str) -> None:
    """What jsii can't pass on, or Personalize's API would refuse, is told by its name."""
    assert refusal(data, BatchInferenceJob, **wrong).startswith(told)


def test_numbers_that_personalize_takes(stack: cdk.Stack, data: Data) -> None:
    """Whole numbers, weights, expressions and tokens."""
    token = cdk.CfnParameter(stack, "Number", type="Number").value_as_number
    path = sfn.JsonPath.number_at("$.number")
    for number, value in enumerate((0, 25, 25.0, "{% $states.input.n %}", token, path)):
        job(data, BatchInferenceJob, f"Job{number}", num_results=value)
        weights = {"POPULARITY": 0.5, "FRESHNESS": 1} if number < 3 else {"POPULARITY": value}
        job(data, BatchInferenceJob, f"Weighted{number}", ranking_influence=weights)
