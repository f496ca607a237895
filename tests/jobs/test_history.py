"""The number of events of a job: counted in executions, and the figures of the pages."""

import re
from itertools import accumulate, chain, repeat
from pathlib import Path

import pytest
from aws_cdk import aws_stepfunctions as sfn

from embedded_aws import EmbeddedAws
from tests.jobs.movies import Deployed, Movies, deployed

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
JOB = 9 + 3 * 9  # the embedded AWS is asked three times


def events(machine: Deployed, execution: str) -> list[str]:
    history = machine.states.get_execution_history(executionArn=execution, maxResults=1000)[
        "events"
    ]
    return [event["type"] for event in history]


def test_a_job_costs_nine_events_and_nine_for_each_look(aws: EmbeddedAws, movies: Movies) -> None:
    """The embedded AWS is asked three times: pending, in progress, done."""
    machine = deployed(aws, movies, movies.importing())
    execution = machine.start()
    assert machine.end(execution).status == "SUCCEEDED"
    look = [
        *("WaitStateEntered", "WaitStateExited"),
        *("TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited"),
        *("ChoiceStateEntered", "ChoiceStateExited"),
    ]
    assert events(machine, execution) == [
        "ExecutionStarted",
        *("PassStateEntered", "PassStateExited"),
        *("TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited"),
        *(look * 3),
        *("PassStateEntered", "PassStateExited"),
        "ExecutionSucceeded",
    ]


def test_attempts_and_maps_cost_more_events(aws: EmbeddedAws, movies: Movies) -> None:
    """Three for a failed attempt, two for each item of a map, and four around them."""
    each = sfn.Map(movies.stack, "Each", items_path="$.days").item_processor(movies.importing())
    machine = deployed(aws, movies, each)
    aws.fail_next("CreateDatasetImportJob", "LimitExceededException", times=2)
    execution = machine.start(days=[1, 2, 3])
    assert machine.end(execution).status == "SUCCEEDED"
    assert len(events(machine, execution)) == 2 + 2 * 3 + 3 * (2 + JOB) + 4


def looks_at(seconds: int) -> int:
    """The number of looks at a job that takes so long."""
    times = accumulate(chain([30, 60, 120, 240], repeat(300)))
    return next(number for number, time in enumerate(times, 1) if time >= seconds)


def test_a_job_may_be_alone_with_its_execution() -> None:
    """The history has room for the longest timeout, and not for ten days."""
    longest = 9 + 9 * looks_at(9 * 86_400)
    assert f"{longest:,} events" in (HOW_TO / "jobs.md").read_text(encoding="utf-8")
    assert longest + 2 < 25_000 < 9 + 9 * looks_at(10 * 86_400)


@pytest.mark.parametrize(("hours", "transitions"), [(1, 48), (24, 876)])
def test_the_page_has_these_transitions(hours: int, transitions: int) -> None:
    """Three states around the looks, and three for each."""
    assert 3 + 3 * looks_at(hours * 3600) == transitions
    costs = (HOW_TO / "operate.md").read_text(encoding="utf-8")
    assert re.search(rf"\b{transitions}\b", costs)
