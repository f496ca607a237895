"""Measures both ways in turn, each in its own process, then the judge, and writes the page."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from bench.report import CONSTRUCTS, JUDGED, STACKS, WAYS, Rounds, page, too_slow


def main() -> int:
    """Measure and report; fail if something takes longer than it may."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--rounds",
        type=int,
        default=15,
        help="how often each case is measured (default: %(default)s)",
    )
    parser.add_argument("--output", type=Path, default=Path("docs/speed.md"), help="the page")
    arguments = parser.parse_args()
    cases: list[tuple[str, int]] = []
    for number in CONSTRUCTS:
        cases += [(way, number) for way in WAYS]
    for what in JUDGED:
        cases += [(what, number) for number in STACKS]
    measured: Rounds = {case: [] for case in cases}
    for number in range(arguments.rounds):
        # First one way round, then the other, so that neither way is always the one that follows.
        for case in cases if number % 2 == 0 else reversed(cases):
            print(
                f"\r▶ round {number + 1} of {arguments.rounds}: {case[0]}, {case[1]} ",
                end="",
                file=sys.stderr,
            )
            measured[case].append(run(*case))
    print(file=sys.stderr)
    arguments.output.write_text(page(measured), encoding="utf-8")
    print(arguments.output)
    slow = too_slow(measured)
    print(*(f"✗ takes longer than it may: {name}" for name in slow), sep="\n", file=sys.stderr)
    return 1 if slow else 0


def run(what: str, size: int) -> dict[str, float]:
    """Measure once, in a process of its own."""
    # What is installed is compiled already, as are the modules of this checkout once they have been
    # imported.
    environment = {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    }
    command = [sys.executable, "-m", "bench.one_process", what, str(size)]
    result = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
    measured: dict[str, float] = json.loads(result.stdout)
    return measured


if __name__ == "__main__":
    raise SystemExit(main())
