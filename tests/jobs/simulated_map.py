"""A simulated inline Map of equal jobs: the events of its execution, and which items start in time.

All items begin at once and five jobs may be at work; the others are refused, wait and try again, as
the state machine says. What an attempt, a look and an item cost in events is counted on the
embedded AWS (test_history).
"""

import heapq
import random
from itertools import accumulate, chain, repeat

PLACES = 5  # https://docs.aws.amazon.com/personalize/latest/dg/error-messages.html
SIMULATIONS = 5
MOST_EVENTS = 25_000


def looks_at(seconds: int) -> int:
    """The number of looks at a job that takes so long."""
    times = accumulate(chain([30, 60, 120, 240], repeat(300)))
    return next(number for number, time in enumerate(times, 1) if time >= seconds)


def fits(items: int, seconds: int) -> bool:
    """Tell if the history holds all events, however long each item waits."""
    return all(
        _run(items, seconds, seed, attempts=None) <= MOST_EVENTS for seed in range(SIMULATIONS)
    )


def is_patient(items: int, seconds: int, attempts: int) -> bool:
    """Tell if each item gets a place within its attempts."""
    return all(_run(items, seconds, seed, attempts=attempts) > 0 for seed in range(SIMULATIONS))


def _run(items: int, seconds: int, seed: int, *, attempts: int | None) -> int:
    """Return the number of events; 0 if an item gives up.

    Those that are too many needn't be counted to the end.
    """
    fraction = random.Random(seed).random
    waiting = [(0.0, item, 0) for item in range(items)]
    at_work: list[float] = []
    events = 6 + 2 * items
    while waiting and (attempts is not None or events <= MOST_EVENTS):
        now, item, tried = heapq.heappop(waiting)
        while at_work and at_work[0] <= now:
            heapq.heappop(at_work)
        if len(at_work) < PLACES:
            heapq.heappush(at_work, now + seconds)
            events += 9 + 9 * looks_at(seconds)
            continue
        events += 3
        if tried == attempts:
            return 0
        longest = min(60 * 2**tried, 900) if tried < 10 else 900
        heapq.heappush(waiting, (now + longest * fraction(), item, tried + 1))
    return events
