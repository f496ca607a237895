"""JSONPath in state machines: a path to nothing fails, in the words that users report."""

import json
import time
from typing import Any

import pytest

from embedded_aws import EmbeddedAws
from tests.embedded_aws.scenario import policy, trust


def run(
    aws: EmbeddedAws, parameters: dict[str, str], given: dict[str, Any], **state: Any
) -> dict[str, Any]:
    """The end of an execution of one state with these parameters."""
    states = aws.client("stepfunctions")
    role = aws.client("iam").create_role(
        RoleName="states",
        AssumeRolePolicyDocument=policy(trust({"Service": "states.amazonaws.com"})),
    )
    definition = {
        "StartAt": "Pick",
        "States": {"Pick": {"Type": "Pass", "Parameters": parameters, "End": True, **state}},
    }
    arn = states.create_state_machine(
        name="paths", definition=json.dumps(definition), roleArn=role["Role"]["Arn"]
    )["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=arn, input=json.dumps(given))["executionArn"]
    end = time.monotonic() + 10
    while (described := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        assert time.monotonic() < end
        time.sleep(0.02)
    return dict(described)


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        (
            "$.day",
            (
                "The JSONPath '$.day' specified for the field 'v.$' could not be found in the "
                "input '{\"other\":1}'"
            ),
        ),
        (
            "$$.Execution.Input.day",
            "The JSONPath '$$.Execution.Input.day' specified for the field 'v.$' could not be "
            "found in the input '{\"other\":1}'",
        ),
    ],
    ids=["path", "context"],
)
def test_what_finds_nothing_fails(aws: EmbeddedAws, value: str, cause: str) -> None:
    """The state doesn't go on with something else in its place."""
    end = run(aws, {"v.$": value}, {"other": 1})
    assert (end["status"], end["error"], end["cause"]) == ("FAILED", "States.Runtime", cause)


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        ("$.day", None),
        ("$.list[*]", [7, True]),
        ("$$.State.Name", "Pick"),
        ("States.Format('{}-{}', $.list[0], $.list)", "7-[7, true]"),
    ],
)
def test_a_path_takes_the_value(aws: EmbeddedAws, value: str, taken: Any) -> None:
    """A `null` is a value; in a string it is written as in JSON."""
    end = run(aws, {"v.$": value}, {"day": None, "list": [7, True]})
    assert (end["status"], json.loads(end["output"])) == ("SUCCEEDED", {"v": taken})


def test_nothing_catches_it(aws: EmbeddedAws) -> None:
    """No `Catch` on `States.ALL` does, and no `Retry`."""
    branch = {
        "StartAt": "In",
        "States": {"In": {"Type": "Pass", "Parameters": {"v.$": "$.day"}, "End": True}},
    }
    caught = [{"ErrorEquals": ["States.ALL"], "Next": "Pick"}]
    end = run(aws, {}, {}, Type="Parallel", Branches=[branch], Catch=caught)
    assert (end["status"], end["error"]) == ("FAILED", "States.Runtime")
