"""Measures both ways in turn, each in its own process, and writes the figures into the page."""

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from bench.report import CASES, Rounds, page, too_many


def main() -> int:
    """Measure and report; write no page with more calls into jsii than there may be."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="default: %(default)s")
    parser.add_argument("--output", type=Path, default=Path("docs/speed.md"), help="the page")
    arguments = parser.parse_args()
    measured: Rounds = {case: defaultdict(list) for case in CASES}
    for number in range(arguments.rounds):
        # First one way round, then the other, so that neither way is always the one that follows.
        for case in CASES if number % 2 == 0 else reversed(CASES):
            print(f"▶ round {number + 1} of {arguments.rounds}: {case}", file=sys.stderr)
            command = [sys.executable, "-m", "bench.one_process", *map(str, case)]
            result = subprocess.run(command, check=True, stdout=subprocess.PIPE)
            for what, figure in json.loads(result.stdout).items():
                measured[case][what].append(figure)
    exceeded = too_many(measured)
    for name in exceeded:
        print(f"✗ more calls into jsii than there may be: {name}", file=sys.stderr)
    if not exceeded:
        arguments.output.write_text(page(measured), encoding="utf-8")
        print(arguments.output)
    return 1 if exceeded else 0


if __name__ == "__main__":
    raise SystemExit(main())
