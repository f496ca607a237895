"""The states that look at a path before a job is created: an execution whose path lacks a part stops."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_stepfunctions as sfn
from personalize_kms_constructs.jobs._run_time import jsonata_operands

from personalize_kms_constructs import S3Location
from personalize_kms_constructs.jobs import BatchInferenceJob, DatasetImportJob
from tests.jobs.machines import DATASET, VERSION, Data, definition, machine

GUARD = (
    "$pathPart := function($value, $text) { $type($value) in ['string', 'number', 'boolean'] and $value != '' ? $value "
    ": $error('source_path is empty in this execution: ' & $text & ' has no value') }; "
)
STEPS = r"/^$|(^|\/)(null|\.{0,2})\/|(^|\/)(null|\.{1,2})$/"
REASON = "' in this execution, and a folder or file in it has no name, or is null, . or .."


def importing(stack: cdk.Stack, data: Data, path: Any) -> dict[str, Any]:
    """The states of an import from such a path."""
    options: Any = {"encryption": data.encryption, "dataset_arn": DATASET, "source": data.unencrypted("in/")}
    machine(stack, DatasetImportJob(stack, "Job", source_path=path, **options))
    return dict(definition(stack)["States"])


def test_the_call_looks_at_each_path(stack: cdk.Stack, data: Data) -> None:
    """Before the arguments leave the state."""
    machine(
        stack,
        BatchInferenceJob(
            stack,
            "Job",
            encryption=data.encryption,
            solution_version_arn=VERSION,
            source=data.unencrypted("in/"),
            source_path="{% $states.input.file %}",
            destination=data.unencrypted(""),
            destination_path="{% $states.input.folder %}",
        ),
    )
    source = "$states.input.Arguments.JobInput.S3DataSource.Path"
    destination = "$states.input.Arguments.JobOutput.S3DataDestination.Path"
    assert definition(stack)["States"]["Start Job"]["Arguments"] == (
        f'{{% $contains($substringAfter({source}, "s3://<Plain295EB121>/in/"), {STEPS}) ? '
        f"$error('source_path makes ' & {source} & {REASON}') : "
        f'$contains($substringAfter({destination}, "s3://<Plain295EB121>/"), {STEPS}) ? '
        f"$error('destination_path makes ' & {destination} & {REASON}') : "
        "$states.input.Arguments %}"
    )


@pytest.mark.parametrize(
    ("source", "guarded"),
    [
        ("$states.input.file", '$pathPart(($states.input.file), "$states.input.file")'),
        ("$states.input.day & '/'", "$pathPart($states.input.day, \"$states.input.day\") & '/'"),
        ('$a&"&/"&1&`x & y`', '$pathPart($a, "$a") & "&/" & 1 & $pathPart(`x & y`, "`x & y`")'),
        ("'x'.$a & 'y'", "$pathPart('x'.$a, \"'x'.$a\") & 'y'"),
        ("$f($a & $b) & 'x'", "$pathPart($f($a & $b), \"$f($a & $b)\") & 'x'"),
        (
            "$states.input.in & $states.input.`or`",
            '$pathPart($states.input.in, "$states.input.in") & $pathPart($states.input.`or`, "$states.input.`or`")',
        ),
        ("$a = 1 ? $b & '/' : 'x/'", "$pathPart(($a = 1 ? $b & '/' : 'x/'), \"$a = 1 ? $b & '/' : 'x/'\")"),
        ("$a & '/' in $b", "$pathPart(($a & '/' in $b), \"$a & '/' in $b\")"),
        ("$a & '/' ~> $lowercase", "$pathPart(($a & '/' ~> $lowercase), \"$a & '/' ~> $lowercase\")"),
        (
            "$replace($a, / & /, '') & '/'",
            "$pathPart(($replace($a, / & /, '') & '/'), \"$replace($a, / & /, '') & '/'\")",
        ),
        ("'say \\\"x & y\\\"' & $a", '\'say \\"x & y\\"\' & $pathPart($a, "$a")'),
    ],
)
def test_each_part_that_is_joined_needs_a_value(stack: cdk.Stack, data: Data, source: str, guarded: str) -> None:
    """Strings of the expression itself have one; what does something else last is one part."""
    assert importing(stack, data, f"{{% {source} %}}")["Prepare Job"]["Output"]["Arguments"]["DataSource"] == {
        "DataLocation": f'{{% ({GUARD}"s3://<Plain295EB121>/in/" & {guarded}) %}}'
    }


@pytest.mark.parametrize("operator", [*"?:=<>!~^|@#;,+-*/%", "and", "or", "in"])
def test_what_does_something_else_last_is_not_taken_apart(operator: str) -> None:
    """It would mean something else in pieces."""
    source = f"$a {operator} $b & '/'"
    assert jsonata_operands(source) == [source]


@pytest.mark.parametrize("source", ["($a & $b", "$a & $b)", "$a & ", "& $a", "[$a & $b]", "{'x': $a & $b}"])
def test_what_is_in_brackets_or_broken_is_not_taken_apart(source: str) -> None:
    """Step Functions says what is wrong with an expression."""
    assert jsonata_operands(source) == [source]


def test_the_json_paths_of_a_text_are_carried_on(stack: cdk.Stack, data: Data) -> None:
    """To a state that can look at them, which one of JSONPath can't; not those that a function has."""
    day, hour = sfn.JsonPath.string_at("$.day"), sfn.JsonPath.string_at("$$.Execution.Input.hour")
    first = sfn.JsonPath.array_get_item(sfn.JsonPath.list_at("$.list"), sfn.JsonPath.number_at("$.index"))
    states = importing(stack, data, sfn.JsonPath.format("it's, $.x/{}-{}/{}/{}/", day, hour, first, day))
    assert states["Prepare Job"]["Parameters"]["Given"] == {
        "source1.$": "$.day",
        "source2.$": "$$.Execution.Input.hour",
        "source3.$": "$.day",
    }
    assert states["Start Job"]["Arguments"].startswith(
        "{% $states.input.Given.source1 in ['', null] ? "
        '$error("source_path is empty in this execution: $.day has no value") : '
        "$states.input.Given.source2 in ['', null] ? "
        '$error("source_path is empty in this execution: $$.Execution.Input.hour has no value") : '
        "$states.input.Given.source3 in ['', null] ? "
        '$error("source_path is empty in this execution: $.day has no value") : '
        "$contains("
    )


def test_braces_of_a_prefix_are_escaped(stack: cdk.Stack, data: Data) -> None:
    """They are reserved in the strings of intrinsic functions; those of a token are the CDK's."""
    source = S3Location(data.plain, "a{b}'c/")
    options: Any = {"encryption": data.encryption, "dataset_arn": DATASET, "source": source}
    machine(stack, DatasetImportJob(stack, "Job", source_path=sfn.JsonPath.string_at("$.day"), **options))
    assert definition(stack)["States"]["Prepare Job"]["Parameters"]["Arguments"]["DataSource"] == {
        "DataLocation.$": "States.Format('{}{}', 's3://<Plain295EB121>/a\\{b\\}\\'c/', $.day)"
    }


@pytest.mark.parametrize(
    ("paths", "given"),
    [
        (["$.day", "$.hour"], {"source1.$": "$.day", "source2.$": "$.hour"}),
        (["$['a, b']"], {"source1.$": "$['a, b']"}),
        (["$"], {"source1.$": "$"}),
    ],
    ids=["two", "quotes", "all"],
)
def test_all_forms_of_paths_are_found(stack: cdk.Stack, data: Data, paths: list[str], given: dict[str, str]) -> None:
    """The CDK writes them all into one text."""
    path = sfn.JsonPath.format("{}/" * len(paths), *map(sfn.JsonPath.string_at, paths))
    assert importing(stack, data, path)["Prepare Job"]["Parameters"]["Given"] == given


def test_a_text_within_a_text_is_taken_apart(stack: cdk.Stack, data: Data) -> None:
    """It would be ``day-null`` without a day."""
    day = sfn.JsonPath.format("day-{}", sfn.JsonPath.string_at("$.day"))
    path = sfn.JsonPath.format("{}/{}/", day, sfn.JsonPath.string_at("$.hour"))
    states = importing(stack, data, path)
    assert states["Prepare Job"]["Parameters"]["Given"] == {"source1.$": "$.day", "source2.$": "$.hour"}


@pytest.mark.parametrize("path", [None, "monday/", "token"])
def test_a_path_of_the_deployment_is_not_looked_at(stack: cdk.Stack, data: Data, path: Any) -> None:
    """It is the same in every execution."""
    if path == "token":
        path = cdk.CfnParameter(stack, "Folder").value_as_string
    assert importing(stack, data, path)["Start Job"]["Arguments"] == "{% $states.input.Arguments %}"
