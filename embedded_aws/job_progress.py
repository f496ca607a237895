"""How jobs come along: each look at one brings it a step further, so that nothing depends on time.

The statuses are those of the API (`DescribeDatasetImportJob`): CREATE PENDING, CREATE IN_PROGRESS, then ACTIVE or
CREATE FAILED with a reason. The work is done on the last step.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from embedded_aws.errors import PersonalizeError
from embedded_aws.personalize_store import Fields, describe, listing

PENDING, IN_PROGRESS = "CREATE PENDING", "CREATE IN_PROGRESS"

# "More than 5 resources with PENDING or IN_PROGRESS status" (PDG error-messages); each kind has its own five.
MOST_AT_ONCE = 5

_work: dict[str, Callable[[], None]] = {}


def clear() -> None:
    """Forget the work that is left."""
    _work.clear()


def require_room(arn_type: str) -> None:
    """Refuse a sixth job at once."""
    if sum(job.get("status") in (PENDING, IN_PROGRESS) for job in listing(arn_type)) >= MOST_AT_ONCE:
        raise PersonalizeError(
            "LimitExceededException", f"More than {MOST_AT_ONCE} resources with PENDING or IN_PROGRESS status."
        )


def begin(arn: str, work: Callable[[], None]) -> None:
    """Let a new job do this work when its time has come."""
    describe(arn)["status"] = PENDING
    _work[arn] = work


def finish_now(arn: str) -> None:
    """Do the work of a job at once.

    Raises:
        PersonalizeError: why it can't be done.
    """
    _work.pop(arn)()
    describe(arn)["status"] = "ACTIVE"


def look(arn: str) -> Fields:
    """A job as it is now; the next look finds it a step further."""
    job = describe(arn)
    now = dict(job)
    if job["status"] == PENDING:
        job["status"] = IN_PROGRESS
    elif job["status"] == IN_PROGRESS:
        try:
            finish_now(arn)
        except PersonalizeError as error:
            job.update(status="CREATE FAILED", failureReason=str(error))
    if job["status"] != now["status"]:
        job["lastUpdatedDateTime"] = time.time()
    return now
