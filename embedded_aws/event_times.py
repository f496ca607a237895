"""No two stack events at the same time.

ministack makes most resources within a millisecond, the unit of its timestamps. The CDK CLI gets the newest event first
and sorts by time, so events of one millisecond come out backwards: complete, then in progress.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

from ministack.services.cloudformation import stacks

_lock = threading.Lock()
_last = 0


def register() -> None:
    """Put this clock in the place of ministack's."""
    stacks.now_iso = _a_later_time


def _a_later_time() -> str:
    """Return the time, or a millisecond after the last one that was returned."""
    global _last
    with _lock:
        _last = max(time.time_ns() // 1_000_000, _last + 1)
        return datetime.fromtimestamp(_last / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{_last % 1000:03}Z"
