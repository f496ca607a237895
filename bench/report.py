"""The figures of the docs' page, and what may not take longer."""

import os
import platform
import re
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

Case = tuple[str, int, int]
"""A way, the number of stacks, and the number of constructs in each."""
Rounds = dict[Case, dict[str, list[float]]]
"""What was measured in each round, by its name."""

WAYS = ("by_hand", "with_construct")
BESIDE = [(way, 1, constructs) for constructs in (1, 10, 50) for way in WAYS]
JUDGED = [(WAYS[1], stacks, constructs) for constructs in (1, 2) for stacks in (1, 10, 100)]
CASES: list[Case] = list(dict.fromkeys([*BESIDE, *JUDGED]))

# The name, what is measured, the number of constructs, and the largest ratio that is good enough.
BARS = (
    ("import", "import", 1, 1.05),
    ("construction of one, the first of a process", "construction", 1, 1.15),
    ("construction of one, in a warm process", "warm", 1, 1.15),
    ("construction of 10", "construction", 10, 1.05),
    ("construction of 50", "construction", 50, 1.05),
    ("construction and synth of one", "together", 1, 1.10),
    ("construction and synth of 10", "together", 10, 1.10),
    ("construction and synth of 50", "together", 50, 1.10),
)


def page(measured: Rounds) -> str:
    """Return the page of the docs with these figures; its words are its own."""
    beside = "".join(row for _, row, _ in bars(measured))
    judged = ""
    for case in JUDGED:
        synth, judge, resources = (measured[case][what] for what in ("synth", "judge", "resources"))
        figures = f"{milliseconds(synth)} | {milliseconds(judge)} | {spread(ratios(judge, synth))}"
        judged += f"| {case[1]} | {case[2]} | {resources[0]:,} | {figures} |\n"
    text = Path("docs/speed.md").read_text(encoding="utf-8")
    text = re.sub("medians of .* rounds", f"medians of {len(synth)} rounds", text)
    text = re.sub("Measured on .*", machine(), text)
    tables = iter((beside, judged))
    return re.sub(r"(?<=-:\|\n)(\|.*\n)+", lambda rows: next(tables), text)


def too_slow(measured: Rounds) -> list[str]:
    """Return the names of the bars that are exceeded."""
    return [name for name, _, is_exceeded in bars(measured) if is_exceeded]


def bars(measured: Rounds) -> Iterator[tuple[str, str, bool]]:
    """Yield each bar's name, its row of the table, and whether it is exceeded."""
    for name, what, constructs, at_most in BARS:
        by_hand, ours = (measured[way, 1, constructs][what] for way in WAYS)
        times, ratio = f"{milliseconds(by_hand)} | {milliseconds(ours)}", ratios(ours, by_hand)
        row = f"| {name} | {times} | {spread(ratio)} | {at_most:.2f} |\n"
        yield name, row, round(statistics.median(ratio), 2) > at_most


def ratios(parts: Sequence[float], wholes: Sequence[float]) -> list[float]:
    """Return the ratio of each round."""
    return [part / whole for part, whole in zip(parts, wholes, strict=True)]


def spread(figures: Sequence[float]) -> str:
    """Return the median, with the smallest and the largest."""
    return f"{statistics.median(figures):.2f} ({min(figures):.2f}-{max(figures):.2f})"


def milliseconds(seconds: Sequence[float]) -> str:
    """Return the median."""
    return f"{statistics.median(seconds) * 1000:,.0f} ms"


def machine() -> str:
    """Return a description of the machine and the versions that were measured."""
    node = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True).stdout
    return (
        f"Measured on {date.today():%d %B %Y}: {os.cpu_count()} cores ({platform.machine()}), "
        f"{platform.system()}, Python {platform.python_version()}, Node {node.strip()}, "
        f"aws-cdk-lib {version('aws-cdk-lib')}."
    )
