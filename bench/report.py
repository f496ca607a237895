"""The page of the docs, and what may not take longer."""

import os
import platform
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

WAYS = ("by_hand", "with_construct")
CONSTRUCTS = (1, 10, 50)
STACKS = (1, 10, 100)
# What of the judge is measured, and how many constructs each stack has then.
JUDGED = {"judge_of_one": 1, "judge_of_two": 2}

Rounds = Mapping[tuple[str, int], list[dict[str, float]]]
"""The measurements of each round, by way and constructs, or by judge and stacks."""


class Bar(NamedTuple):
    """A ratio to a stack by hand, and the largest that is good enough."""

    name: str
    key: str
    constructs: int
    at_most: float


BARS = (
    Bar("import", "import", 1, 1.05),
    Bar("construction of one, the first of a process", "construction", 1, 1.15),
    Bar("construction of one, in a warm process", "warm", 1, 1.15),
    Bar("construction of 10", "construction", 10, 1.05),
    Bar("construction of 50", "construction", 50, 1.05),
    Bar("construction and synth of one", "together", 1, 1.10),
    Bar("construction and synth of 10", "together", 10, 1.10),
    Bar("construction and synth of 50", "together", 50, 1.10),
)


def ratios(bar: Bar, measured: Rounds) -> list[float]:
    """Return the ratio of each round, whose two ways followed each other."""
    by_hand, ours = (seconds(bar, way, measured) for way in WAYS)
    return [mine / theirs for theirs, mine in zip(by_hand, ours, strict=True)]


def seconds(bar: Bar, way: str, measured: Rounds) -> list[float]:
    """Return the seconds of one way in each round."""
    return [times[bar.key] for times in measured[way, bar.constructs]]


def too_slow(measured: Rounds) -> list[str]:
    """Return the names of the bars that are exceeded."""
    return [
        bar.name for bar in BARS if round(statistics.median(ratios(bar, measured)), 2) > bar.at_most
    ]


def page(measured: Rounds) -> str:
    """Return the page of the docs."""
    lines = [
        "# Speed",
        "",
        "Read this page if you want to know what the construct adds to the time of your synth.",
        "`make bench` builds the same stack with the construct and by hand, and writes this page.",
        "Each construct is a dataset group with a key, a role, an export job and an import job;",
        "the bucket and its key exist before. The templates are equal. Each measurement has a",
        "process of its own, with the CDK's validation of templates. The stack with the construct",
        "also runs the judge, the construct's own check at synth.",
        "",
        f"The figures are medians of {len(measured[WAYS[0], 1])} rounds. Each round measures both",
        "ways, and has a ratio; the table has the median, the smallest and the largest ratio.",
        machine(),
        "",
        "| | by hand | with the construct | ratio | at most |",
        "|---|--:|--:|--:|--:|",
        *(row(bar, measured) for bar in BARS),
        "",
        "## The judge",
        "",
        "The judge's part of `app.synth()`, with the modules that it imports. The stacks have",
        "nothing but one or two constructs and their buckets. Every other resource of your stacks",
        "makes the share smaller.",
        "",
        "| stacks | constructs in each | resources | synth | judge | judge / synth |",
        "|--:|--:|--:|--:|--:|--:|",
    ]
    for name, number in JUDGED.items():
        lines += [judge_row(stacks, number, measured[name, stacks]) for stacks in STACKS]
    return "\n".join([*lines, ""])


def row(bar: Bar, measured: Rounds) -> str:
    """Return one line of the table."""
    by_hand, ours = (milliseconds(seconds(bar, way, measured)) for way in WAYS)
    return (
        f"| {bar.name} | {by_hand} | {ours} | {spread(ratios(bar, measured))} | {bar.at_most:.2f} |"
    )


def judge_row(stacks: int, constructs: int, rounds: Sequence[Mapping[str, float]]) -> str:
    """Return one line of the table about the judge."""
    synth = milliseconds([times["synth"] for times in rounds])
    judge = milliseconds([times["judge"] for times in rounds])
    share = spread([times["judge"] / times["synth"] for times in rounds])
    return f"| {stacks} | {constructs} | {rounds[0]['resources']:,} | {synth} | {judge} | {share} |"


def milliseconds(seconds: Sequence[float]) -> str:
    """Return the median."""
    return f"{statistics.median(seconds) * 1000:,.0f} ms"


def spread(values: Sequence[float]) -> str:
    """Return the median, with the smallest and the largest."""
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def machine() -> str:
    """Return a description of the machine and the versions that were measured."""
    node = subprocess.run(
        ["node", "--version"], check=True, capture_output=True, text=True
    ).stdout.strip()
    return (
        f"Measured on {date.today():%d %B %Y}: {os.cpu_count()} cores ({processor()}), "
        f"{platform.system()}, Python {platform.python_version()}, Node {node}, aws-cdk-lib "
        f"{version('aws-cdk-lib')}."
    )


def processor() -> str:
    """Return its name, where the system tells."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
