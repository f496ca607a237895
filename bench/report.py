"""The results as a table and as a plot."""

import os
import platform
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
from matplotlib.figure import Figure


class Case(NamedTuple):
    """The size of the stack."""

    constructs: int
    locations: int
    """Locations that each construct imports from."""

    def __str__(self) -> str:
        constructs = "1 construct" if self.constructs == 1 else f"{self.constructs} constructs"
        return f"{constructs}, {self.locations} location{'s' * (self.locations != 1)}"


Results = Mapping[Case, Mapping[str, Sequence[Mapping[str, float]]]]
"""The measurements of each round, for each case and way."""


class Quantity(NamedTuple):
    """A row of the table."""

    name: str
    key: str
    per_unit: float
    unit: str


QUANTITIES = (
    Quantity("construction", "construction", 1000, "ms"),
    Quantity("synth", "synth", 1000, "ms"),
    Quantity("peak memory", "memory", 1, "MiB"),
    Quantity("template", "bytes", 1, "bytes"),
    Quantity("calls into jsii", "calls", 1, "calls"),
)
IMPORT = Quantity("import", "import", 1000, "ms")
COLOURS = {"by_hand": "#6b7280", "with_construct": "#0072b2"}
LABELS = {"by_hand": "by hand", "with_construct": "with the construct"}


def write(results: Results, directory: Path) -> None:
    """Write ``speed.svg`` and ``speed.md``."""
    directory.mkdir(parents=True, exist_ok=True)
    plot(results, directory / "speed.svg")
    (directory / "speed.md").write_text(page(results), encoding="utf-8")
    for name in ("speed.md", "speed.svg"):
        print(directory / name)


def page(results: Results) -> str:
    """The page of the docs."""
    rounds = len(next(iter(next(iter(results.values())).values())))
    everything = {way: [one for case in results.values() for one in case[way]] for way in COLOURS}
    lines = [
        "# Speed",
        "",
        "`make bench` builds the same stack with the construct and by hand with plain CDK, and writes this page. Each",
        "measurement runs in a process of its own, and both ways take turns. Each construct is a dataset group with a",
        "key, a role, an export job, and an import job for each location of an encrypted bucket; the bucket and its",
        "key exist before the clock starts. The templates of both ways are compared first: they are equal, byte for",
        "byte.",
        "",
        "![construction time by number of constructs and of locations](speed.svg)",
        "",
        f"Medians of {rounds} rounds; the ratio is the median of the rounds' own ratios, with the smallest and the",
        f"largest. {machine()}",
        "",
        "The first construct of a process pays for code that Node compiles when it is first called, which is most of",
        "the time in the tables for one construct. The construct validates keys and buckets, which nobody does by",
        "hand, and makes up for it with fewer calls into jsii, the bridge between Python and the CDK's JavaScript.",
        "",
        "At synth it reads all that it was given once more, as it is deployed: every policy, name, path and",
        "encryption. Nobody does that by hand, so the synth takes longer, by about 12 ms for each construct here.",
        "",
    ]
    head = ["| | by hand | with the construct | ratio |", "|---|--:|--:|--:|"]
    for case in results:
        lines += [f"## {str(case).capitalize()}", "", *head]
        lines += [row(quantity, results[case]) for quantity in QUANTITIES]
        lines += [""]
    lines += ["## Growth", "", "The cost of one more in construction time, once a process is warm.", "", *head]
    lines += [
        growth("one more construct", results, Case(10, 1), Case(50, 1)),
        growth("one more location", results, Case(1, 10), Case(1, 100)),
        "",
    ]
    lines += ["## Import", ""]
    lines += ["The library and the modules of aws-cdk-lib that it uses, compared with these modules alone.", "", *head]
    lines += [row(IMPORT, everything), ""]
    return "\n".join(lines)


def row(quantity: Quantity, measured: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    """One line of a table."""
    by_hand, with_construct = (
        [one[quantity.key] * quantity.per_unit for one in measured[way]] for way in ("by_hand", "with_construct")
    )
    ratios = [ours / theirs for theirs, ours in zip(by_hand, with_construct, strict=True)]
    spread = f" ({min(ratios):.2f}-{max(ratios):.2f})" if min(ratios) != max(ratios) else ""
    cells = [f"{statistics.median(values):,.0f} {quantity.unit}" for values in (by_hand, with_construct)]
    return f"| {quantity.name} | {cells[0]} | {cells[1]} | {statistics.median(ratios):.2f}{spread} |"


def growth(name: str, results: Results, smaller: Case, larger: Case) -> str:
    """One line on what grows from one case to the other."""
    steps = (larger.constructs - smaller.constructs) + (larger.locations - smaller.locations)
    by_hand, with_construct = (
        (median_construction(results[larger][way]) - median_construction(results[smaller][way])) / steps
        for way in COLOURS
    )
    return f"| {name} | {by_hand:.2f} ms | {with_construct:.2f} ms | {with_construct / by_hand:.2f} |"


def median_construction(rounds: Sequence[Mapping[str, float]]) -> float:
    """In milliseconds."""
    return statistics.median(one["construction"] for one in rounds) * 1000


def machine() -> str:
    """Return a description of the machine and the versions that were measured."""
    node = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True).stdout.strip()
    return (
        f"Measured on {date.today():%d %B %Y}: {os.cpu_count()} cores ({processor()}), {platform.system()}, "
        f"Python {platform.python_version()}, Node {node}, aws-cdk-lib {version('aws-cdk-lib')}."
    )


def processor() -> str:
    """Its name, where the system tells."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def plot(results: Results, path: Path) -> None:
    """Draw how construction grows with the number of constructs, and with that of locations."""
    mpl.rcParams["svg.hashsalt"] = "speed"  # the same ids each time
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for axes, by in zip(figure.subplots(1, 2), ("constructs", "locations"), strict=True):
        other = "locations" if by == "constructs" else "constructs"
        cases = sorted(case for case in results if getattr(case, other) == 1)
        sizes = [getattr(case, by) for case in cases]
        for way, colour in COLOURS.items():
            times = [median_construction(results[case][way]) for case in cases]
            axes.plot(sizes, times, marker="o", color=colour, label=LABELS[way])
        axes.set(xlabel=by, ylabel="construction, ms", xlim=0, ylim=(0, axes.get_ylim()[1] * 1.3))
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, loc="upper left")
    figure.savefig(path, metadata={"Date": None})
