"""The cost of ``check_assembly`` beside the synth: ``python -m bench.checks`` appends it to the page of the docs."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

TEMPLATE = (1, 64)
ASSEMBLIES = ((10, 2), (25, 2), (50, 2), (100, 2))


class Measurement(NamedTuple):
    """One app, synthesized and checked; times in seconds."""

    resources: int
    synth: float
    check: float


def measure(stacks: int, constructs: int) -> Measurement:
    """Synthesize an app of so many stacks of so many constructs, and check it."""
    import aws_cdk as cdk
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3

    from bench.with_construct import add_encryption
    from personalize_kms_constructs.checks import check_assembly

    with tempfile.TemporaryDirectory() as directory:
        app = cdk.App(analytics_reporting=False, outdir=directory)
        for number in range(stacks):
            stack = cdk.Stack(app, f"Stack{number}")
            for id in range(constructs):
                bucket = s3.Bucket(stack, f"Data{id}", encryption_key=kms.Key(stack, f"DataKey{id}"))
                add_encryption(stack, f"Encryption{id}", bucket, ["import/"])
        start = time.perf_counter()
        assembly = app.synth()
        synthesized = time.perf_counter()
        report = check_assembly(assembly)
        checked = time.perf_counter()
        if report.missing or report.problems or report.undecided or not report.allowed:
            raise SystemExit(report.to_text())
        templates = [json.loads(path.read_text()) for path in Path(directory).glob("*.template.json")]
        resources = sum(len(template["Resources"]) for template in templates)
    return Measurement(resources, synthesized - start, checked - synthesized)


def section(rounds: int) -> str:
    """The section of the page."""
    lines = [
        "## The check",
        "",
        "`check_assembly` compared with `app.synth()` of the same app, each app in a process of its own, so the check",
        "pays for everything that happens only the first time. The first row is a synth with the default settings,",
        "with the CDK's own validation of templates; the others leave that out. The last column shows how the cost",
        "grows: with the app, and a little more, since Python's garbage collector looks through more objects. With the",
        "collector off, a resource of 200 stacks costs no more than one of 10.",
        f"Medians of {rounds} rounds, with the smallest and the largest.",
        "",
        "| stacks | resources | synth | check | check / synth | check of one resource |",
        "|--:|--:|--:|--:|--:|--:|",
    ]
    for (stacks, constructs), validation in (
        (TEMPLATE, True),
        (TEMPLATE, False),
        *((each, False) for each in ASSEMBLIES),
    ):
        rows = [_in_own_process(stacks, constructs, validation=validation) for _ in range(rounds)]
        ratios = [each.check / each.synth for each in rows]
        check = statistics.median(each.check for each in rows)
        lines.append(
            f"| {stacks} | {rows[0].resources:,} | {_ms([each.synth for each in rows])} | "
            f"{_ms([each.check for each in rows])} | {statistics.median(ratios):.2f} "
            f"({min(ratios):.2f}-{max(ratios):.2f}) | {check / rows[0].resources * 1e6:,.0f} µs |"
        )
        print(lines[-1], file=sys.stderr, flush=True)
    return "\n".join([*lines, ""])


def _ms(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds) * 1000:,.0f} ms ({min(seconds) * 1000:,.0f}-{max(seconds) * 1000:,.0f})"


def _in_own_process(stacks: int, constructs: int, *, validation: bool) -> Measurement:
    command = [sys.executable, "-m", "bench.checks", "--one", str(stacks), str(constructs)]
    environment = {**os.environ, "CDK_VALIDATION": str(validation).lower()}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    result = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
    return Measurement(*json.loads(result.stdout))


def main() -> None:
    """Measure, and append to the page."""
    parser = argparse.ArgumentParser(prog="python -m bench.checks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="how often each case is measured (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=Path("docs/speed.md"), help="the page")
    parser.add_argument("--one", type=int, nargs=2, metavar=("STACKS", "CONSTRUCTS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(*arguments.one)))
        return
    page = arguments.output.read_text("utf-8").partition("## The check")[0].rstrip()
    arguments.output.write_text(f"{page}\n\n{section(arguments.rounds)}", "utf-8")


if __name__ == "__main__":
    main()
