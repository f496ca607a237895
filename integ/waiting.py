"""Waits for jobs, and one end for all that may never end."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from integ.account import Aws, Patience

ENDED = ("ACTIVE", "CREATE FAILED")
"""The last statuses of a job."""


@contextmanager
def ends_after(seconds: float) -> Iterator[None]:
    """Interrupt what is done inside as Ctrl-C does, after so long."""

    def interrupt(*_: object) -> None:
        # No Exception: botocore would take it for a failure of the network, and try again.
        raise KeyboardInterrupt(f"it took longer than {seconds / 3600:.3g} hours")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def ended(aws: Aws, arn: str, patience: Patience) -> Any:
    """Wait until a job is no longer being created, and return its description."""
    words = arn.split(":")[5].partition("/")[0].split("-")
    member = words[0] + "".join(word.capitalize() for word in words[1:])
    describe = getattr(aws.client("personalize"), f"describe_{'_'.join(words)}")
    while True:
        description = describe(**{f"{member}Arn": arn})[member]
        if description["status"] in ENDED:
            return description
        time.sleep(patience.between_looks)
