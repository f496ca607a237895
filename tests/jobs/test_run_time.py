"""The paths of the API's arguments, and the states that look at them before a job is created.

An execution whose path lacks a part stops.
"""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_stepfunctions as sfn

from personalize_kms_constructs.jobs import BatchInferenceJob, DatasetImportJob
from personalize_kms_constructs.jobs._run_time import jsonata_operands
from tests.jobs.machines import Data, states

GUARD = (
    "$pathPart := function($value, $text) { $type($value) in ['string', 'number', 'boolean'] and "
    "$value != '' ? $value : $error('source_path is empty in this execution: ' & $text & ' has no "
    "value') }; "
)
STEPS = r"/^$|(^|\/)(null|\.{0,2})\/|(^|\/)(null|\.{1,2})$/"
REASON = "' in this execution, and a folder or file in it has no name, or is null, . or .."


def importing(data: Data, path: Any, prefix: str = "in/") -> tuple[Any, dict[str, Any]]:
    """The location that the API gets, and the states of an import from such a path."""
    machine_states = states(
        data, DatasetImportJob, source=data.unencrypted(prefix), source_path=path
    )
    prepared = machine_states["Prepare Job"]
    arguments = (prepared.get("Output") or prepared["Parameters"])["Arguments"]
    (location,) = arguments["DataSource"].values()
    return location, machine_states


def test_a_path_of_the_deployment_is_not_looked_at(stack: cdk.Stack, data: Data) -> None:
    """It is the same in every execution."""
    folder = cdk.CfnParameter(stack, "Folder").value_as_string
    location, machine_states = importing(data, f"{folder}/users.json")
    assert location == "s3://<Plain295EB121>/in/<Folder>/users.json"
    assert machine_states["Start Job"]["Arguments"] == "{% $states.input.Arguments %}"


def test_the_call_looks_at_each_path(data: Data) -> None:
    """The paths are checked before the arguments leave the state."""
    machine_states = states(
        data,
        BatchInferenceJob,
        source=data.unencrypted("in/"),
        source_path="{% $states.input.file %}",
        destination=data.unencrypted(""),
        destination_path="{% $states.input.folder %}",
    )
    source = "$states.input.Arguments.JobInput.S3DataSource.Path"
    destination = "$states.input.Arguments.JobOutput.S3DataDestination.Path"
    assert machine_states["Start Job"]["Arguments"] == (
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
        ('$a&"&/"&1&`x & y`', '$pathPart($a, "$a") & "&/" & 1 & $pathPart(`x & y`, "`x & y`")'),
        ("'x'.$a & 'y'", "$pathPart('x'.$a, \"'x'.$a\") & 'y'"),
    ],
)
def test_each_part_that_is_joined_needs_a_value(data: Data, source: str, guarded: str) -> None:
    """Strings of the expression have a value; an operand with another operator is one part."""
    location, _ = importing(data, f"{{% {source} %}}")
    assert location == f'{{% ({GUARD}"s3://<Plain295EB121>/in/" & {guarded}) %}}'


@pytest.mark.parametrize(
    ("source", "operands"),
    [
        ("$f($a & $b) & 'x'", ["$f($a & $b)", "'x'"]),
        ("$states.in & $states.`or`", ["$states.in", "$states.`or`"]),
        ("'say \\\"x & y\\\"' & $a", ["'say \\\"x & y\\\"'", "$a"]),
    ],
)
def test_the_operands_of_an_expression(source: str, operands: list[str]) -> None:
    """What stands in a function, in a name and in a string joins nothing."""
    assert jsonata_operands(source) == operands


@pytest.mark.parametrize(
    "source",
    [
        *(f"$a {operator} $b & '/'" for operator in [*"?:=<>!~^|@#;,+-*/%", "and", "or", "in"]),
        *("($a & $b", "$a & $b)", "$a & ", "& $a", "[$a & $b]", "{'x': $a & $b}"),
        "$a = 1 ? $b & '/' : 'x/'",
        "$replace($a, / & /, '') & '/'",
    ],
)
def test_an_expression_that_joins_nothing_last_is_not_taken_apart(source: str) -> None:
    """A part of it would mean something else; Step Functions itself reports a broken expression."""
    assert jsonata_operands(source) == [source]


def test_the_json_paths_of_a_text_are_looked_at(data: Data) -> None:
    """A JSONata state checks them, also those of a nested text, but none of a function."""
    day, hour = (
        sfn.JsonPath.string_at("$['a, b']"),
        sfn.JsonPath.string_at("$$.Execution.Input.hour"),
    )
    first = sfn.JsonPath.array_get_item(
        sfn.JsonPath.list_at("$.list"), sfn.JsonPath.number_at("$.index")
    )
    within = sfn.JsonPath.format("day-{}", sfn.JsonPath.string_at("$"))
    _, machine_states = importing(
        data, sfn.JsonPath.format("it's, $.x/{}-{}/{}/{}/", day, hour, first, within)
    )
    assert machine_states["Prepare Job"]["Parameters"]["Given"] == {
        "source1.$": "$['a, b']",
        "source2.$": "$$.Execution.Input.hour",
        "source3.$": "$",
    }
    assert machine_states["Start Job"]["Arguments"].startswith(
        "{% $states.input.Given.source1 in ['', null] ? "
        "$error(\"source_path is empty in this execution: $['a, b'] has no value\") : "
        "$states.input.Given.source2 in ['', null] ? "
        '$error("source_path is empty in this execution: $$.Execution.Input.hour has no value") : '
        "$states.input.Given.source3 in ['', null] ? "
        '$error("source_path is empty in this execution: $ has no value") : '
        "$contains("
    )


@pytest.mark.parametrize(
    ("path", "location"),
    [
        (
            "{%$states.input.day%}",
            f'{{% ({GUARD}"s3://<Plain295EB121>/it\'s \\"é\\"/{{b}}/" & '
            '$pathPart(($states.input.day), "$states.input.day")) %}',
        ),
        (
            sfn.JsonPath.string_at("$.day"),
            "States.Format('{}{}', 's3://<Plain295EB121>/it\\'s \"é\"/\\{b\\}/', $.day)",
        ),
    ],
    ids=["JSONata", "JSONPath"],
)
def test_a_prefix_stays_what_it_is(data: Data, path: str, location: str) -> None:
    """It is escaped in either language; braces are reserved in intrinsic functions."""
    assert importing(data, path, """it's "é"/{b}/""")[0] == location
