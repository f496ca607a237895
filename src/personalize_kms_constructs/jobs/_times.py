"""The time limit of a job, and the time for waiting for other jobs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeGuard

from aws_cdk import Duration

from .._refusals.arguments import brief

_DAY = 24 * 60 * 60
# Two days at most to wait for other jobs, and a day for the job: "up to a day" for data deletion
# (https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDataDeletionJob.html). Without a wait
# there is room for the 36 hours that CloudFormation gives an import job (the schema of
# AWS::Personalize::Dataset).
_DEFAULT_TIMEOUT = 3 * _DAY
_DEFAULT_PATIENCE = _DAY
# Each look at a job, every five minutes, makes nine events. The history of an execution, with all
# its jobs, holds 25,000
# (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html).
_LONGEST_TIMEOUT = 9 * _DAY

# Step Functions doubles the delay between attempts up to the longest delay, and waits for a random
# part of it: half of it on average
# (https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html).
FIRST_DELAY = 60
LONGEST_DELAY = 900


def timeout_seconds(timeout: Duration | None) -> int:
    return _DEFAULT_TIMEOUT if timeout is None else round(_seconds(timeout))


def attempts(patience: Duration | None, timeout: Duration | None) -> int:
    """Return the number of retries to fill the time for waiting, on average."""
    longest = timeout_seconds(timeout) / 2
    wanted = min(_DEFAULT_PATIENCE, longest) if patience is None else _seconds(patience)
    number, delay, waited = 0, FIRST_DELAY, 0.0
    while waited < wanted:
        number, waited, delay = number + 1, waited + delay / 2, min(2 * delay, LONGEST_DELAY)
    return number


def time_problems(timeout: object, patience: object) -> Iterator[str]:
    for parameter, value in (("timeout", timeout), ("patience", patience)):
        if value is not None and not _is_known(value):
            yield (
                f"{parameter} is {brief(value)}, expected a Duration that is known at synth: "
                "pass, for example, Duration.hours(6)"
            )
    if _is_known(timeout) and not 1 <= _seconds(timeout) <= _LONGEST_TIMEOUT:
        yield (
            f"timeout is {timeout.to_human_string()} but a job may take from a second to 9 days, "
            "which fill the 25,000 events of an execution: use a time between"
        )
    elif _is_known(patience) and (timeout is None or _is_known(timeout)):
        longest = timeout_seconds(timeout) / 2
        if _seconds(patience) > longest:
            yield (
                f"patience is {patience.to_human_string()} but a job may wait twice as long, and "
                f"must not be started after its timeout: use {longest:g} seconds at most, or a "
                "longer timeout"
            )


def _is_known(value: object) -> TypeGuard[Duration]:
    return isinstance(value, Duration) and not value.is_unresolved()


def _seconds(duration: Duration) -> float:
    return float(duration.to_seconds(integral=False))
