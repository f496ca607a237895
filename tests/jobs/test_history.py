"""The number of events of a job: counted in executions, and the figures of the page on jobs."""

import re
from itertools import accumulate, chain, pairwise, repeat
from pathlib import Path

import pytest
from aws_cdk import aws_stepfunctions as sfn

from embedded_aws import EmbeddedAws
from tests.jobs.movies import Deployed, Movies, deployed

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "jobs.md").read_text(encoding="utf-8")
MOST_EVENTS = 25_000
SECONDS = {"minutes": 60, "hour": 3600, "hours": 3600, "day": 86_400, "days": 86_400}


def events(machine: Deployed, execution: str) -> list[str]:
    history = machine.states.get_execution_history(executionArn=execution, maxResults=1000)["events"]
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


def test_another_attempt_costs_three_events(aws: EmbeddedAws, movies: Movies) -> None:
    """The failure, and the call anew; parameters of JSONPath cost no more than those of JSONata."""
    machine = deployed(aws, movies, movies.importing(import_mode=sfn.JsonPath.string_at("$.mode")))
    aws.fail_next("CreateDatasetImportJob", "LimitExceededException", times=2)
    execution = machine.start(mode="FULL")
    assert machine.end(execution).status == "SUCCEEDED"
    assert len(events(machine, execution)) == 2 + 9 + 3 * 9 + 2 * 3


def test_the_looks_are_at_these_times(aws: EmbeddedAws, movies: Movies) -> None:
    """After 30 seconds, twice as long each time, and every five minutes at last."""
    machine = deployed(aws, movies, movies.importing())
    aws.freeze_jobs("CREATE PENDING")
    execution = machine.start()
    while events(machine, execution).count("WaitStateEntered") < 7:
        pass
    aws.freeze_jobs("ACTIVE")
    machine.end(execution)
    history = machine.states.get_execution_history(executionArn=execution, maxResults=1000)["events"]
    entered = [event["stateEnteredEventDetails"]["input"] for event in history if event["type"] == "WaitStateEntered"]
    waits = [int(re.findall(r'"WaitSeconds": (\d+)', text)[0]) for text in entered]
    assert waits[:7] == [30, 60, 120, 240, 300, 300, 300]


def looks_at(seconds: int) -> int:
    """The number of looks at a job that takes so long."""
    times = accumulate(chain([30, 60, 120, 240], repeat(300)))
    return next(number for number, time in enumerate(times, 1) if time >= seconds)


ROWS = re.findall(r"^\| (\d+) (\w+) \| (\d+) \| ([\d,]+) \| (\d+) items \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("number", "unit", "looks", "events_of_job", "items"), ROWS)
def test_the_page_has_these_figures(number: str, unit: str, looks: str, events_of_job: str, items: str) -> None:
    """States by events; a Map has two events for each item, and six around them."""
    assert int(looks) == looks_at(int(number) * SECONDS[unit])
    assert int(events_of_job.replace(",", "")) == 9 + 9 * int(looks)
    assert int(items) == (MOST_EVENTS - 6) // (9 + 9 * int(looks) + 2)


@pytest.mark.parametrize(("hours", "transitions"), [(1, 48), (24, 876)])
def test_the_page_has_these_transitions(hours: int, transitions: int) -> None:
    """Three states around the looks, and three for each."""
    assert 3 + 3 * looks_at(hours * 3600) == transitions
    assert f"{transitions} for" in " ".join(PAGE.split())


def test_the_page_has_figures() -> None:
    """From a quarter of an hour to the longest that a job may take by default."""
    lengths = [int(number) * SECONDS[unit] for number, unit, *_ in ROWS]
    assert (lengths[0], lengths[-1], len(lengths)) == (900, 259_200, 7)
    assert all(shorter < longer for shorter, longer in pairwise(lengths))
