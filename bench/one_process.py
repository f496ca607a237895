"""Measures once and prints JSON: ``python -m bench.one_process WAY STACKS CONSTRUCTS``."""

import json
import statistics
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any


def measure(way: str, stacks: int, constructs: int, directory: str) -> dict[str, float]:
    """Return the seconds of each part of an app of so many stacks with so many constructs each."""
    start = time.perf_counter()
    # By hand, these are the modules of aws-cdk-lib alone that an app imports anyway.
    build = import_module(f"bench.{way}")
    imported = time.perf_counter() - start
    import aws_cdk as cdk

    app = cdk.App(analytics_reporting=False, outdir=directory)
    construction = 0.0
    for number in range(stacks):
        construction += construct(build, cdk.Stack(app, f"Stack{number}"), constructs)
    judged = time_judge() if way == "with_construct" else []
    before = time.perf_counter()
    app.synth()
    synth = time.perf_counter() - before
    templates = [json.loads(path.read_text()) for path in Path(directory).glob("*.template.json")]
    warm = [construct(build, cdk.Stack(cdk.App(outdir=directory), "Warm"), 1) for _ in range(10)]
    return {
        "import": imported,
        "construction": construction,
        "together": construction + synth,
        "warm": statistics.median(warm),
        "synth": synth,
        "judge": sum(judged),
        "resources": sum(len(template["Resources"]) for template in templates),
    }


def construct(build: Any, stack: Any, constructs: int) -> float:
    """Return the seconds that the constructs take; the data they use is there before."""
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3

    buckets = []
    for number in range(constructs):
        data_key = kms.Key(stack, f"DataKey{number}")
        buckets.append(s3.Bucket(stack, f"Data{number}", encryption_key=data_key))
    start = time.perf_counter()
    for number, bucket in enumerate(buckets):
        build.add_encryption(stack, f"Encryption{number}", bucket, ["import/"])
    return time.perf_counter() - start


def time_judge() -> list[float]:
    """Return a list that gets the seconds of the judge."""
    from personalize_kms_constructs._judge.registration import Judge

    validate = Judge.validate
    judged = []

    def timed(self: Judge, context: Any) -> Any:
        start = time.perf_counter()
        report = validate(self, context)
        judged.append(time.perf_counter() - start)
        return report

    Judge.validate = timed  # type: ignore[method-assign]
    return judged


if __name__ == "__main__":
    way, stacks, constructs = sys.argv[1:]
    with tempfile.TemporaryDirectory() as scratch:
        print(json.dumps(measure(way, int(stacks), int(constructs), scratch)))
