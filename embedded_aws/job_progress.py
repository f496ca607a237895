"""The progress of jobs and solution versions: a step a look, so nothing depends on time.

The statuses are those of the API's model (botocore's `service-2.json`, the members `status`), which
spells them in three ways. The work is done on the last step; a failed job has a reason.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from embedded_aws.errors import RefusedError
from embedded_aws.personalize_store import Fields, describe, listing


class Statuses(NamedTuple):
    """The statuses of a kind of job, as its API spells them."""

    pending: str
    in_progress: str
    done: str
    failed: str


_DATASET_JOB = Statuses("CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE", "CREATE FAILED")
_BATCH_JOB = Statuses("PENDING", "IN PROGRESS", "ACTIVE", "CREATE FAILED")
_STATUSES = {
    "dataset-import-job": _DATASET_JOB,
    "dataset-export-job": _DATASET_JOB,
    "batch-inference-job": _BATCH_JOB,
    "batch-segment-job": _BATCH_JOB,
    "data-deletion-job": Statuses("PENDING", "IN_PROGRESS", "COMPLETED", "FAILED"),
    "solution": _DATASET_JOB,  # the versions; a solution makes no progress
}

# "More than 5 resources with PENDING or IN_PROGRESS status" (PDG error-messages); each kind has its
# own five.
MOST_AT_ONCE = 5

_work: dict[str, Callable[[], None]] = {}
_frozen: list[str] = []


def clear() -> None:
    """Forget the work that is left."""
    _work.clear()
    _frozen.clear()


def freeze(status: str | None) -> None:
    """Hold all jobs at this status; with none, let them go on."""
    _frozen[:] = [status] if status else []


def fail_training() -> None:
    """End the training of all solution versions that are at work."""
    for version in listing("solution"):
        if version.get("status") in _DATASET_JOB[:2]:
            version["status"] = _DATASET_JOB.failed


def require_room(arn: str) -> None:
    """Refuse a sixth job of a kind at once."""
    at_work = _statuses(arn)[:2]
    if sum(job["status"] in at_work for job in listing(_type_of(arn))) >= MOST_AT_ONCE:
        why = f"More than {MOST_AT_ONCE} resources with PENDING or IN_PROGRESS status."
        raise RefusedError("LimitExceededException", why)


def begin(arn: str, work: Callable[[], None]) -> None:
    """Let a new job do this work when its time has come."""
    describe(arn)["status"] = _statuses(arn).pending
    _work[arn] = work


def finish_now(arn: str) -> None:
    """Do the work of a job at once.

    Raises:
        RefusedError: why it can't be done.
    """
    _work.pop(arn)()
    describe(arn)["status"] = _statuses(arn).done


def look(arn: str) -> Fields:
    """A job as it is now; the next look finds it a step further."""
    job = describe(arn)
    now = dict(job)
    if _frozen:
        return {**now, "status": _frozen[0]}
    statuses = _statuses(arn)
    if job["status"] == statuses.pending:
        job["status"] = statuses.in_progress
    elif job["status"] == statuses.in_progress:
        try:
            finish_now(arn)
        except (RefusedError, ValueError) as error:  # also input that isn't JSON or UTF-8
            job.update(status=statuses.failed, failureReason=str(error))
    if job["status"] != now["status"]:
        job["lastUpdatedDateTime"] = time.time()
    return now


def _statuses(arn: str) -> Statuses:
    return _STATUSES[_type_of(arn)]


def _type_of(arn: str) -> str:
    return arn.split(":", 5)[5].partition("/")[0]
