"""The number of events of a job: counted in executions, and the figures of the page on jobs."""

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import aws_stepfunctions as sfn

from embedded_aws import EmbeddedAws
from tests.jobs.movies import Deployed, Movies, deployed
from tests.jobs.simulated_map import MOST_EVENTS, fits, is_patient, looks_at

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
PAGE = (HOW_TO / "jobs.md").read_text(encoding="utf-8")
COSTS = (HOW_TO / "operate.md").read_text(encoding="utf-8")
JOB = 9 + 3 * 9  # the embedded AWS is asked three times
SECONDS = {"minutes": 60, "hour": 3600, "hours": 3600, "day": 86_400, "days": 86_400}


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


@pytest.mark.parametrize(
    ("wrap", "more"),
    [
        # The failure, and the call anew.
        (lambda movies: movies.importing(), 2 * 3),
        # Two of each of three items, and four around them.
        (
            lambda movies: sfn.Map(movies.stack, "Each", items_path="$.days").item_processor(
                movies.importing()
            ),
            2 * 3 + 3 * 2 + 4 + 2 * JOB,
        ),
        # A Parallel state.
        (lambda movies: movies.importing().to_single_state(), 2 * 3 + 4),
    ],
    ids=["attempts", "map", "one state"],
)
def test_attempts_maps_and_single_states_cost_more_events(
    aws: EmbeddedAws, movies: Movies, wrap: Callable[[Movies], Any], more: int
) -> None:
    """Failed attempts, a map and a Parallel state add events to those of execution and job."""
    machine = deployed(aws, movies, wrap(movies))
    aws.fail_next("CreateDatasetImportJob", "LimitExceededException", times=2)
    execution = machine.start(days=[1, 2, 3])
    assert machine.end(execution).status == "SUCCEEDED"
    assert len(events(machine, execution)) == 2 + JOB + more


ROWS = re.findall(r"^\| (\d+) (\w+) \| (\d+) items \| (\d+) items \|$", PAGE, re.MULTILINE)
DEFAULT_ATTEMPTS = 195  # test_definition has it as a literal


@pytest.mark.parametrize("row", ROWS, ids=" ".join)
def test_the_page_has_these_figures(row: tuple[str, ...]) -> None:
    """The page's number of items fits, and another item is too many."""
    number, unit, most, most_patient = row
    seconds = int(number) * SECONDS[unit]
    assert [fits(int(most), seconds), fits(int(most) + 1, seconds)] == [True, False]
    patient = [
        is_patient(items, seconds, DEFAULT_ATTEMPTS)
        for items in (int(most_patient), int(most_patient) + 1)
    ]
    assert patient == [True, False]


def test_a_job_may_be_alone_with_its_execution() -> None:
    """The history has room for the longest timeout, and not for ten days."""
    longest = 9 + 9 * looks_at(9 * 86_400)
    assert f"{longest:,} events" in PAGE
    assert longest + 2 < MOST_EVENTS < 9 + 9 * looks_at(10 * 86_400)
    assert 3 * (9 + 9 * looks_at(3 * 86_400)) < MOST_EVENTS < 4 * (9 + 9 * looks_at(3 * 86_400))


@pytest.mark.parametrize(("hours", "transitions"), [(1, 48), (24, 876)])
def test_the_page_has_these_transitions(hours: int, transitions: int) -> None:
    """Three states around the looks, and three for each."""
    assert 3 + 3 * looks_at(hours * 3600) == transitions
    assert re.search(rf"\b{transitions}\b", COSTS)


def test_the_page_has_figures() -> None:
    """The page's rows go from a quarter of an hour to a day."""
    lengths = [int(number) * SECONDS[unit] for number, unit, *_ in ROWS]
    assert (lengths[0], lengths[-1], len(lengths)) == (900, 86_400, 3)
    assert all(shorter < longer for shorter, longer in pairwise(lengths))
