"""The figures of the docs' page, and what may not be called more often."""

import os
import platform
import re
import statistics
import subprocess
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

Case = tuple[str, int, int]
"""A way, the number of stacks, and the number of constructs in each."""
Rounds = dict[Case, dict[str, list[float]]]
"""What was measured in each round, by its name."""

WAYS = ("by_hand", "with_construct")
BESIDE = [(way, 1, constructs) for constructs in (1, 50) for way in WAYS]
JUDGED = [(WAYS[1], stacks, 2) for stacks in (1, 10, 100)]
CASES: list[Case] = list(dict.fromkeys([*BESIDE, *JUDGED]))

# The name, what is measured, and the number of constructs.
TIMES = (
    ("import", "import", 1),
    ("construction of one, the first of a process", "construction", 1),
    ("construction of 50", "construction", 50),
    ("construction and synth of 50", "together", 50),
)
# The name, what is counted for 50 constructs, and the most that is good enough.
CALLS = (
    ("construction of 50", "calls at construction", 2_900),
    ("synth of 50", "calls at synth", 350),
)


def page(measured: Rounds) -> str:
    """Return the page of the docs with these figures; its words are its own."""
    calls = beside = judged = ""
    for name, what, at_most in CALLS:
        by_hand, ours = counted(measured, what)
        calls += f"| {name} | {by_hand:,} | {ours:,} | {at_most:,} |\n"
    for name, what, constructs in TIMES:
        ways = [measured[way, 1, constructs][what] for way in WAYS]
        beside += f"| {name} | {compared(*ways)} |\n"
    for case in JUDGED:
        synth = measured[case]["synth"]
        judged += f"| {case[1]} | {compared(synth, measured[case]['judge'])} |\n"
    text = Path("docs/speed.md").read_text(encoding="utf-8")
    text = re.sub("medians of .* rounds", f"medians of {len(synth)} rounds", text)
    text = re.sub("Measured on .*", machine(), text)
    tables = iter((calls, beside, judged))
    return re.sub(r"(?<=-:\|\n)(\|.*\n)+", lambda rows: next(tables), text)


def too_many(measured: Rounds) -> list[str]:
    """Return the names of the counts above their bars; times swing too much to decide."""
    return [name for name, what, at_most in CALLS if counted(measured, what)[1] > at_most]


def counted(measured: Rounds, what: str) -> list[int]:
    """Return the calls into jsii by hand and with the construct, the same in each round."""
    return [int(max(measured[way, 1, 50][what])) for way in WAYS]


def compared(wholes: Sequence[float], parts: Sequence[float]) -> str:
    """Return the medians, and that of the ratios with the smallest and the largest."""
    ratios = [part / whole for part, whole in zip(parts, wholes, strict=True)]
    medians = (f"{statistics.median(seconds) * 1000:,.0f} ms" for seconds in (wholes, parts))
    spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
    return " | ".join((*medians, spread))


def machine() -> str:
    """Return a description of the machine and the versions that were measured."""
    node = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True).stdout
    return (
        f"Measured on {date.today():%d %B %Y}: {os.cpu_count()} cores ({platform.machine()}), "
        f"{platform.system()}, Python {platform.python_version()}, Node {node.strip()}, "
        f"aws-cdk-lib {version('aws-cdk-lib')}."
    )
