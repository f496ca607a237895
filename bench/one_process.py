"""Measures once and prints JSON: ``python -m bench.one_process WAY CONSTRUCTS``.

With ``judge_of_one STACKS`` or ``judge_of_two STACKS`` it measures the judge in the synth of an app
of so many stacks.
"""

import json
import statistics
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.report import JUDGED

WARM = 10


def measure(way: str, constructs: int, directory: str) -> dict[str, float]:
    """Return the seconds of import, construction, both with the synth, and another construct."""
    start = time.perf_counter()
    # The modules of aws-cdk-lib that an app imports anyway come with the way: by hand, that is all
    # there is.
    build = import_module(f"bench.{way}")
    imported = time.perf_counter()
    import aws_cdk as cdk

    def app() -> cdk.App:
        return cdk.App(analytics_reporting=False, outdir=directory)

    first = app()
    construction = construct(build, cdk.Stack(first, "Stack"), constructs)
    before = time.perf_counter()
    first.synth()
    together = construction + time.perf_counter() - before
    warm = [construct(build, cdk.Stack(app(), "Stack"), 1) for _ in range(WARM)]
    return {
        "import": imported - start,
        "construction": construction,
        "together": together,
        "warm": statistics.median(warm),
    }


def construct(build: Any, stack: Any, constructs: int) -> float:
    """Return the seconds that the constructs take; the data they use is there before."""
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3

    buckets = [
        s3.Bucket(stack, f"Data{number}", encryption_key=kms.Key(stack, f"DataKey{number}"))
        for number in range(constructs)
    ]
    start = time.perf_counter()
    for number, bucket in enumerate(buckets):
        build.add_encryption(stack, f"Encryption{number}", bucket, ["import/"])
    return time.perf_counter() - start


def measure_judge(stacks: int, constructs: int, directory: str) -> dict[str, float]:
    """Return the seconds that the synth of an app takes, and those of the judge in it."""
    import aws_cdk as cdk

    from bench import with_construct
    from personalize_kms_constructs._judge.registration import Judge

    validate = Judge.validate
    judged = []

    def timed(
        self: Judge, context: cdk.IPolicyValidationContext
    ) -> cdk.PolicyValidationPluginReport:
        start = time.perf_counter()
        report = validate(self, context)
        judged.append(time.perf_counter() - start)
        return report

    Judge.validate = timed  # type: ignore[method-assign]
    app = cdk.App(analytics_reporting=False, outdir=directory)
    for number in range(stacks):
        construct(with_construct, cdk.Stack(app, f"Stack{number}"), constructs)
    start = time.perf_counter()
    app.synth()
    synth = time.perf_counter() - start
    templates = [json.loads(path.read_text()) for path in Path(directory).glob("*.template.json")]
    (judge,) = judged
    return {
        "synth": synth,
        "judge": judge,
        "resources": sum(len(template["Resources"]) for template in templates),
    }


if __name__ == "__main__":
    what, size = sys.argv[1], int(sys.argv[2])
    with tempfile.TemporaryDirectory() as scratch:
        if what in JUDGED:
            seconds = measure_judge(size, JUDGED[what], scratch)
        else:
            seconds = measure(what, size, scratch)
        print(json.dumps(seconds))
