"""Measures both ways in turn, each in a process of its own, and writes the table and the plot into the docs."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.report import Case, write

VARIANTS = ("by_hand", "with_construct")
CASES = tuple(Case(constructs, locations) for constructs, locations in ((1, 1), (10, 1), (50, 1), (1, 10), (1, 100)))


def main() -> int:
    """Measure, check that both ways make the same templates, and report."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=25, help="how often each case is measured (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=Path("docs"), help="where speed.md and speed.svg go")
    rounds: int = (arguments := parser.parse_args()).rounds
    results: dict[Case, dict[str, list[dict[str, float]]]] = {
        case: {variant: [] for variant in VARIANTS} for case in CASES
    }
    for case in CASES:
        compare_templates(case)
        calls = {variant: run(variant, case, "--count") for variant in VARIANTS}
        for number in range(rounds):
            print(f"\r▶ {case}: round {number + 1} of {rounds} ", end="", file=sys.stderr, flush=True)
            # First one way round, then the other, so that neither is always the one that follows.
            for variant in VARIANTS if number % 2 == 0 else reversed(VARIANTS):
                results[case][variant].append({**run(variant, case), **calls[variant]})
        print(file=sys.stderr)
    write(results, arguments.output)
    return 0


def run(variant: str, case: Case, *options: str, directory: str | None = None) -> dict[str, float]:
    """One measurement in a process of its own."""
    # CDK's validation takes the same time for both ways, a multiple of what is measured here; and what pip installs is
    # compiled already, as are the modules of this checkout once they have been imported.
    environment = {**os.environ, "CDK_VALIDATION": "false"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "bench.one_process", variant, str(case.constructs), str(case.locations)]
        result = subprocess.run(
            [*command, directory or scratch, *options],
            check=True,
            stdout=subprocess.PIPE,
            env=environment,
        )
    measured: dict[str, float] = json.loads(result.stdout)
    return measured


def compare_templates(case: Case) -> None:
    """Nothing is compared but what is equal: every byte of the templates."""
    templates = []
    for variant in VARIANTS:
        with tempfile.TemporaryDirectory() as directory:
            run(variant, case, directory=directory)
            templates.append((Path(directory) / "Stack.template.json").read_text())
    differing = [(one, other) for one, other in zip(*map(str.splitlines, templates), strict=False) if one != other]
    if differing or len(set(templates)) != 1:
        raise SystemExit(f"{case}: the stack written by hand is another one, first at {differing[:1]}")


if __name__ == "__main__":
    raise SystemExit(main())
