"""Waits for what Personalize creates in its own time, and one end for all that may never end."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from integ.account import Aws, Patience


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
    """Wait until a job or dataset group is no longer being created, and return its description."""
    while True:
        description = _describe(aws, arn)
        status = description["status"]
        if status == "CREATE FAILED" or not status.startswith("CREATE "):
            return description
        time.sleep(patience.between_looks)


def delete_group(aws: Aws, arn: str, patience: Patience) -> None:
    """Delete a dataset group, and wait until it is gone."""
    if not ended(aws, arn, patience)["status"].startswith("DELETE "):
        aws.client("personalize").delete_dataset_group(datasetGroupArn=arn)
    while True:
        try:
            _describe(aws, arn)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return
        time.sleep(patience.between_looks)


def _describe(aws: Aws, arn: str) -> Any:
    words = arn.split(":")[5].partition("/")[0].split("-")
    member = words[0] + "".join(word.capitalize() for word in words[1:])
    describe = getattr(aws.client("personalize"), f"describe_{'_'.join(words)}")
    return describe(**{f"{member}Arn": arn})[member]
