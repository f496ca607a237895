"""One end for all that may never end: jobs, a deployment, an exhausted quota, a lost answer."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


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
